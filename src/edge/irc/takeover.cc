// A client that comes back while its session stands: it is where it was, and hears what it missed.
#include <algorithm>
#include <utility>

#include "chat/chat.h"
#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"

namespace muster::edge::irc {
namespace {

/// What a line is told in, about: prefix, tags, command.
constexpr std::size_t line_overhead_bytes = 200;

std::size_t bytes_of(const chat::Line& line) {
  return line_overhead_bytes + line.text.size() + line.tags.size();
}

}  // namespace

void Connection::Impl::take_over(Position at) {
  ask_person(nick_, [this, at](const chat::PersonState& person) { recall(person, at); });
}

// First all that was missed is read, up to the place from which it hears again.
void Connection::Impl::recall(const chat::PersonState& person, Position at) {
  user_ = person.user;  // As others know it: it keeps the place that it came from first.
  host_ = person.host;
  welcome();
  delivered_ = person.delivered;
  // Who has CHATHISTORY asks for it itself.
  if (!has(Capability::chathistory)) ask_missed(person, at);
  for (const chat::Membership& in : person.rooms) {
    then([this, room = in.room, real_name = person.real_name] {
      const bool extended = has(Capability::extended_join);
      rooms_[chat::folded(room)] = chat::room_topic(room);
      say(extended ? format_line(own_prefix(), "JOIN", {"#" + room, "*"}, real_name)
                   : format_line(own_prefix(), "JOIN", {"#" + room}));
    });
    ask_channel({.room = in.room}, [this](const chat::Channel& channel) {
      tell_topic(channel, false);
      tell_names(channel, "#" + channel.room);
    });
  }
  then([this, at, person] {
    tell_missed(person);
    for (const chat::Membership& in : person.rooms) {
      follow_room(in.room, {.command = at, .sub = 0});
    }
    follow_inbox(at);
    if (person.modes.find('w') != std::string::npos) follow_wallops({.command = at, .sub = 0});
  });
}

void Connection::Impl::ask_missed(const chat::PersonState& person, Position at) {
  chat::AskHistory missed{.room_or_person = {},
                          .after = person.delivered,
                          .before = at,
                          .lines = history_lines_max,
                          .newest = true};
  const auto keep = [this](const std::string& where) {
    return [this, where](const chat::History& history, LogIndex) {
      missed_.insert(missed_.end(), history.lines.begin(), history.lines.end());
      shorten_missed();
      if (history.complete && history.lines.size() < history_lines_max) return;
      notice("You missed more in " + where + " than is told now; CHATHISTORY has the rest.");
    };
  };
  for (const chat::Membership& in : person.rooms) {
    missed.room_or_person = in.room;
    ask<chat::History>(missed, chat::decode_history, keep("#" + in.room));
  }
  missed.room_or_person.clear();
  missed.inbox = inbox_;
  ask<chat::History>(missed, chat::decode_history, keep("direct messages"));
}

// What a client is told at once must leave room in its queue; of more the last lines are told.
void Connection::Impl::shorten_missed() {
  std::size_t bytes = 0;
  for (const chat::Line& line : missed_) bytes += bytes_of(line);
  const std::size_t bytes_max = options_.send_queue_max / 2;
  if (bytes <= bytes_max) return;
  std::ranges::stable_sort(missed_, {}, &chat::Line::position);
  auto first = missed_.begin();
  for (; bytes > bytes_max; ++first) bytes -= bytes_of(*first);
  missed_.erase(missed_.begin(), first);
  if (std::exchange(missed_too_much_, true)) return;
  notice("You missed more than is told now; CHATHISTORY has the rest.");
}

// Under whichever of its names it was said, or said to it.
void Connection::Impl::tell_missed(const chat::PersonState& person) {
  const auto is_own_name = [&](std::string_view name) {
    return is_self(name) || std::ranges::any_of(person.former, [&](const std::string& former) {
             return chat::folded(former) == chat::folded(name);
           });
  };
  const std::string address = user_ + "@" + host_;
  std::vector<chat::Line> lines = std::exchange(missed_, {});
  std::ranges::stable_sort(lines, {}, &chat::Line::position);
  std::string text;
  for (chat::Line& line : lines) {
    // Somebody else may have had one of its names since.
    const bool own = is_own_name(line.from) && line.user == address;
    const bool to_self = line.kind == chat::Kind::direct && is_own_name(line.to);
    if (own && !to_self && !has(Capability::echo_message)) continue;
    if (to_self) line.to = nick_;
    if (own) line.from = nick_;
    append_lines(text, line,
                 {.position = line.position,
                  .time = line.time,
                  .capabilities = capabilities_,
                  .server_name = options_.server_name});
  }
  put(text);
}

}  // namespace muster::edge::irc
