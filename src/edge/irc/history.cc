#include "edge/irc/history.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"

namespace muster::edge::irc {
namespace {

/// Takes digits from the front, and then `end`.
template <class Number>
bool take_number(std::string_view& text, Number& number, std::string_view end) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  if (!text.starts_with(end)) return false;
  text.remove_prefix(end.size());
  return true;
}

// ".5" is half a second.
std::int64_t take_fraction(std::string_view& text) {
  constexpr int digits = 3;
  std::int64_t milliseconds = 0;
  int taken = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (taken < digits) milliseconds = milliseconds * 10 + (text[0] - '0');
    ++taken;
    text.remove_prefix(1);
  }
  for (; taken < digits; ++taken) milliseconds *= 10;
  return milliseconds;
}

/// With which of both the direct message was.
std::string_view partner(const chat::Line& line, std::string_view self) {
  return chat::folded(line.from) == chat::folded(self) ? line.to : line.from;
}

}  // namespace

std::optional<LogTime> parse_time(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hours = 0;
  unsigned minutes = 0;
  unsigned seconds = 0;
  const bool whole = take_number(text, year, "-") && take_number(text, month, "-") &&
                     take_number(text, day, "T") && take_number(text, hours, ":") &&
                     take_number(text, minutes, ":") && take_number(text, seconds, "");
  if (!whole) return std::nullopt;
  std::int64_t milliseconds = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    milliseconds = take_fraction(text);
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (text != "Z" || !date.ok() || hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;
  const std::chrono::sys_time<std::chrono::milliseconds> at =
      std::chrono::sys_days{date} + std::chrono::hours{hours} + std::chrono::minutes{minutes} +
      std::chrono::seconds{seconds} + std::chrono::milliseconds{milliseconds};
  return LogTime{at.time_since_epoch().count()};
}

std::optional<Selector> parse_selector(std::string_view text) {
  constexpr std::string_view time = "timestamp=";
  constexpr std::string_view id = "msgid=";
  if (text.starts_with(time)) {
    const auto at = parse_time(text.substr(time.size()));
    if (!at) return std::nullopt;
    return Selector(*at);
  }
  if (!text.starts_with(id)) return std::nullopt;
  text.remove_prefix(id.size());
  Position position;
  if (!take_number(text, position.index.value, ".") || !take_number(text, position.ordinal, "") ||
      !text.empty()) {
    return std::nullopt;
  }
  return Selector(position);
}

void set_after(chat::AskHistory& query, const Selector& selector) {
  if (const auto* const position = std::get_if<Position>(&selector)) query.after = *position;
  if (const auto* const time = std::get_if<LogTime>(&selector)) query.after_time = *time;
}

void set_before(chat::AskHistory& query, const Selector& selector) {
  if (const auto* const position = std::get_if<Position>(&selector)) query.before = *position;
  if (const auto* const time = std::get_if<LogTime>(&selector)) query.before_time = *time;
}

// ---- The command --------------------------------------------------------------------------------

std::optional<std::uint32_t> Connection::Impl::history_limit(std::string_view text,
                                                             std::string_view sub) {
  std::uint32_t limit = 0;
  if (take_number(text, limit, "") && text.empty() && limit > 0) {
    return std::min(limit, history_lines_max);
  }
  fail("CHATHISTORY", "INVALID_PARAMS", {sub}, "Invalid limit");
  return std::nullopt;
}

void Connection::Impl::chathistory(const Message& message) {
  if (!has(Capability::chathistory)) {
    return numeric(err_unknowncommand, {"CHATHISTORY"}, "Unknown command");
  }
  const std::string sub = upper(message.param(0));
  if (sub == "TARGETS") return history_targets(message);
  const bool between = sub == "BETWEEN";
  if (sub != "LATEST" && sub != "BEFORE" && sub != "AFTER" && sub != "AROUND" && !between) {
    return fail("CHATHISTORY", "INVALID_PARAMS", {sub.empty() ? "*" : sub}, "Unknown command");
  }
  if (message.params.size() < (between ? 5U : 4U)) {
    return fail("CHATHISTORY", "INVALID_PARAMS", {sub}, "Insufficient parameters");
  }
  const std::string target(message.param(1));
  const bool of_room = target.starts_with('#');
  if (of_room && !is_in(target.substr(1))) {
    return fail("CHATHISTORY", "INVALID_TARGET", {sub, target}, "Messages could not be retrieved");
  }
  const auto limit = history_limit(message.params.back(), sub);
  if (!limit) return;
  const auto first = parse_selector(message.param(2));
  const auto second = between ? parse_selector(message.param(3)) : first;
  const bool any = sub == "LATEST" && message.param(2) == "*";
  if (!any && (!first || !second)) {
    return fail("CHATHISTORY", "INVALID_PARAMS", {sub, message.param(first ? 3 : 2)},
                "Invalid message reference");
  }
  chat::AskHistory query{.room_or_person = of_room ? target.substr(1) : target,
                         .inbox = of_room ? std::string{} : inbox_,
                         .lines = *limit,
                         .newest = sub != "AFTER",
                         .all = has(Capability::event_playback)};
  if (sub == "AROUND")
    return history_around(std::move(query), target, std::string(message.param(2)));
  if (between) return history_between(std::move(query), target, *first, *second);
  if (first && sub == "BEFORE") {
    set_before(query, *first);
  } else if (first) {
    set_after(query, *first);
  }
  ask<chat::History>(query, chat::decode_history,
                     [this, target](const chat::History& history, LogIndex) {
                       tell_history(target, history.lines);
                     });
}

// It begins at the first reference, whichever of them is earlier: a message and a time can't be
// told apart without the history, in which nothing is between them the wrong way round.
void Connection::Impl::history_between(chat::AskHistory query, const std::string& target,
                                       const Selector& first, const Selector& second) {
  chat::AskHistory backwards = query;
  query.newest = false;
  set_after(query, first);
  set_before(query, second);
  backwards.newest = true;
  set_after(backwards, second);
  set_before(backwards, first);
  ask<chat::History>(query, chat::decode_history,
                     [this, target, backwards](const chat::History& history, LogIndex) {
                       if (!history.lines.empty()) return tell_history(target, history.lines);
                       ask<chat::History>(backwards, chat::decode_history,
                                          [this, target](const chat::History& other, LogIndex) {
                                            tell_history(target, other.lines);
                                          });
                     });
}

// Half of them before the message, and then it and those after it.
void Connection::Impl::history_around(chat::AskHistory query, const std::string& target,
                                      const std::string& text) {
  const Selector selector = *parse_selector(text);
  const std::uint32_t limit = query.lines;
  const auto lines = std::make_shared<std::vector<chat::Line>>();
  set_before(query, selector);
  query.lines = limit / 2;
  const auto take = [lines](const chat::History& history, LogIndex) {
    lines->insert(lines->end(), history.lines.begin(), history.lines.end());
  };
  if (query.lines > 0) ask<chat::History>(query, chat::decode_history, take);
  chat::AskHistory rest = query;
  rest.before.reset();
  rest.before_time.reset();
  rest.newest = false;
  rest.lines = limit - query.lines;
  // The bounds themselves are not asked for.
  if (const auto* const position = std::get_if<Position>(&selector)) {
    rest.after = position->ordinal > 0
                     ? Position{position->index, position->ordinal - 1}
                     : Position{position->index - (position->index.value > 0 ? 1 : 0), ~0U};
  } else {
    rest.after_time = LogTime{std::get<LogTime>(selector).milliseconds - 1};
  }
  ask<chat::History>(rest, chat::decode_history, take);
  then([this, lines, target] { tell_history(target, *lines); });
}

// As it is written, and not as the client has typed it.
std::string Connection::Impl::name_of_target(const std::string& target,
                                             const std::vector<chat::Line>& lines) const {
  if (!target.starts_with('#')) {
    return lines.empty() ? target : std::string(partner(lines.back(), nick_));
  }
  const auto topic = rooms_.find(chat::folded(target.substr(1)));
  return topic == rooms_.end() ? target : "#" + follows_.at(topic->second).name;
}

void Connection::Impl::tell_history(const std::string& target,
                                    const std::vector<chat::Line>& lines) {
  const bool in_batch = has(Capability::batch);
  const std::string batch = std::to_string(in_batch ? ++batches_ : 0);
  if (in_batch) {
    task_->is_batch = true;
    say(format_line(options_.server_name, "BATCH",
                    {"+" + batch, "chathistory", name_of_target(target, lines)}));
  }
  for (const chat::Line& line : lines) {
    std::string text;
    append_lines(text, line,
                 {.position = line.position,
                  .time = line.time,
                  .capabilities = capabilities_,
                  .server_name = options_.server_name,
                  .more_tags = in_batch ? "batch=" + batch : std::string{}});
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = rest.find("\r\n");
      say(std::string(rest.substr(0, end)));
      rest.remove_prefix(end + 2);
    }
  }
  if (in_batch) say(format_line(options_.server_name, "BATCH", {"-" + batch}));
}

// With whom there is something in that time, and when the last of it was.
void Connection::Impl::history_targets(const Message& message) {
  if (message.params.size() < 4) {
    return fail("CHATHISTORY", "INVALID_PARAMS", {"TARGETS"}, "Insufficient parameters");
  }
  const auto limit = history_limit(message.params.back(), "TARGETS");
  if (!limit) return;
  const auto first = parse_selector(message.param(1));
  const auto second = parse_selector(message.param(2));
  if (!first || !second || first->index() != 1 || second->index() != 1) {
    const bool first_is_wrong = !first || first->index() != 1;
    return fail("CHATHISTORY", "INVALID_PARAMS", {"TARGETS", message.param(first_is_wrong ? 1 : 2)},
                "Invalid time");
  }
  using Latest = std::map<std::string, LogTime>;
  const auto latest = std::make_shared<Latest>();
  chat::AskHistory query{.room_or_person = {}, .newest = true};
  set_after(query, std::min(*first, *second));
  set_before(query, std::max(*first, *second));
  query.lines = 1;
  for (const auto& [room, topic] : rooms_) {
    query.room_or_person = room;
    ask<chat::History>(query, chat::decode_history,
                       [latest](const chat::History& history, LogIndex) {
                         for (const chat::Line& line : history.lines) {
                           (*latest)["#" + line.room] = line.time;
                         }
                       });
  }
  query.room_or_person.clear();
  query.inbox = inbox_;
  query.lines = history_lines_max;
  ask<chat::History>(query, chat::decode_history,
                     [this, latest](const chat::History& history, LogIndex) {
                       for (const chat::Line& line : history.lines) {
                         (*latest)[std::string(partner(line, nick_))] = line.time;
                       }
                     });
  then([this, latest, limit = *limit, newest = *second < *first] {
    std::vector<std::pair<LogTime, std::string>> targets;
    targets.reserve(latest->size());
    for (const auto& [target, time] : *latest) targets.emplace_back(time, target);
    std::ranges::sort(targets);
    // It begins at the first time, whichever of them is earlier.
    const std::size_t told = std::min<std::size_t>(targets.size(), limit);
    if (newest) {
      targets.erase(targets.begin(), targets.end() - static_cast<std::ptrdiff_t>(told));
    } else {
      targets.resize(told);
    }
    const std::string batch = std::to_string(++batches_);
    const std::string tag = has(Capability::batch) ? "@batch=" + batch + " " : "";
    task_->is_batch = !tag.empty();
    const std::string& server = options_.server_name;
    if (!tag.empty()) say(format_line(server, "BATCH", {"+" + batch, "draft/chathistory-targets"}));
    for (const auto& [time, target] : targets) {
      say(tag + format_line(server, "CHATHISTORY TARGETS", {target, time_text(time)}));
    }
    if (!tag.empty()) say(format_line(server, "BATCH", {"-" + batch}));
  });
}

}  // namespace muster::edge::irc
