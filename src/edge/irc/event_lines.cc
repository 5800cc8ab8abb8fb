#include "edge/irc/event_lines.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include "edge/irc/lines.h"
#include "edge/irc/message.h"
#include "edge/irc/modes.h"

namespace muster::edge::irc {
namespace {

using chat::Kind;
using chat::Manner;

constexpr std::string_view action_begin =
    "\x01"
    "ACTION ";
constexpr std::string_view action_end = "\x01";
constexpr std::size_t end_bytes = 2;  // CR LF.

/// Writes lines of one event: all have its time, the first one its id and tags.
class LineWriter {
 public:
  LineWriter(std::string& out, const chat::Line& line, const Telling& telling)
      : out_(out), line_(line), telling_(telling), prefix_(prefix_of(line, telling.server_name)) {}

  bool has(Capability capability) const { return telling_.capabilities.has(capability); }
  void put(std::string_view command, std::initializer_list<std::string_view> middle,
           std::optional<std::string_view> trailing = {}) {
    put_tags();
    out_ += format_line(prefix_, command, middle, trailing);
    out_ += "\r\n";
  }
  bool fits(std::string_view command) const {
    return 1 + prefix_.size() + 1 + command.size() + end_bytes <= line_bytes_max;
  }
  /// In as many lines as it takes, each with `begin` and `end` around its part.
  void put_text(std::string_view command, std::initializer_list<std::string_view> middle,
                std::string_view begin = {}, std::string_view end = {}) {
    const std::size_t around =
        format_line(prefix_, command, middle, "").size() + begin.size() + end.size() + end_bytes;
    const std::size_t room = around < line_bytes_max ? line_bytes_max - around : 1;
    std::string_view rest = line_.text;
    do {
      const std::string_view part = front_of(rest, room);
      rest.remove_prefix(part.size());
      put(command, middle, std::string(begin) + std::string(part) + std::string(end));
    } while (!rest.empty());
  }

 private:
  void put_tags() {
    std::string tags(telling_.more_tags);
    const auto add = [&tags](std::string_view tag) {
      if (!tags.empty()) tags += ';';
      tags += tag;
    };
    if (has(Capability::server_time)) add("time=" + time_text(telling_.time));
    if (has(Capability::message_tags) && is_first_) {
      add("msgid=" + message_id(telling_.position));
      if (!line_.tags.empty()) add(line_.tags);
    }
    if (has(Capability::message_tags) && line_.bot) add("bot");
    is_first_ = false;
    if (!tags.empty()) out_ += "@" + tags + " ";
  }

  std::string& out_;
  const chat::Line& line_;
  const Telling& telling_;
  const std::string prefix_;
  bool is_first_{true};
};

void say(LineWriter& writer, const chat::Line& line, Manner manner, std::string_view target) {
  switch (manner) {
    case Manner::message:
      return writer.put_text("PRIVMSG", {target});
    case Manner::action:
      return writer.put_text("PRIVMSG", {target}, action_begin, action_end);
    case Manner::notice:
      return writer.put_text("NOTICE", {target});
    case Manner::tags:
      if (writer.has(Capability::message_tags) && !line.tags.empty())
        writer.put("TAGMSG", {target});
  }
}

void join(LineWriter& writer, const chat::Line& line, std::string_view room) {
  if (writer.has(Capability::extended_join)) {
    writer.put("JOIN", {room, "*"}, line.real_name);
  } else {
    writer.put("JOIN", {room});
  }
  if (!line.away.empty() && writer.has(Capability::away_notify)) writer.put("AWAY", {}, line.away);
}

void with_reason(LineWriter& writer, std::string_view command,
                 std::initializer_list<std::string_view> middle, std::string_view reason) {
  if (reason.empty()) {
    writer.put(command, middle);
  } else {
    writer.put(command, middle, reason);
  }
}

// Its words are parameters of their own. What does not fit into one line is told in several, each
// with the sign and the arguments of its letters.
void mode(LineWriter& writer, const chat::Line& line, std::string_view room) {
  const std::string target(room.empty() ? std::string_view(line.from) : room);
  const std::size_t letters_end = std::min(line.text.find(' '), line.text.size());
  std::string_view arguments = std::string_view(line.text).substr(letters_end);
  std::string letters;
  std::string words;
  char sign = '+';
  for (const char letter : line.text.substr(0, letters_end)) {
    if (letter == '+' || letter == '-') {
      sign = letter;
      letters += letter;
      continue;
    }
    std::string_view word;
    if (takes_argument(letter, sign == '+')) {
      word = arguments.substr(0, arguments.find(' ', 1));
      arguments.remove_prefix(word.size());
    }
    const std::string longer =
        "MODE " + target + " " + letters + letter + words + std::string(word);
    if (!words.empty() && !writer.fits(longer)) {
      if (letters.back() == '+' || letters.back() == '-') letters.pop_back();
      writer.put("MODE " + target + " " + letters + words, {});
      letters = sign;
      words.clear();
    }
    letters += letter;
    words += word;
  }
  writer.put("MODE " + target + " " + letters + words, {});
}

void tell_person(LineWriter& writer, const chat::Line& line) {
  switch (line.kind) {
    case Kind::nick:
      return writer.put("NICK", {}, line.text);
    case Kind::quit:
      return writer.put("QUIT", {}, line.text);
    case Kind::away:
      if (!writer.has(Capability::away_notify)) return;
      return with_reason(writer, "AWAY", {}, line.text);
    case Kind::real_name:
      if (writer.has(Capability::setname)) writer.put("SETNAME", {}, line.text);
      return;
    case Kind::host: {
      if (!writer.has(Capability::chghost)) return;
      const std::size_t at = std::min(line.text.find('@'), line.text.size());
      const std::string_view host = std::string_view(line.text).substr(at);
      return writer.put(
          "CHGHOST", {line.text.substr(0, at), host.substr(std::min<std::size_t>(1, host.size()))});
    }
    default:
      return;
  }
}

}  // namespace

void append_lines(std::string& out, const chat::Line& line, const Telling& telling) {
  LineWriter writer(out, line, telling);
  const std::string room = line.room.empty() ? std::string{} : "#" + line.room;
  switch (line.kind) {
    case Kind::message:
      return say(writer, line, Manner::message, room);
    case Kind::action:
      return say(writer, line, Manner::action, room);
    case Kind::notice:
      return say(writer, line, Manner::notice, room);
    case Kind::tags:
      return say(writer, line, Manner::tags, room);
    case Kind::direct:
      return say(writer, line, line.manner, line.to);
    case Kind::join:
      return join(writer, line, room);
    case Kind::leave:
      return with_reason(writer, "PART", {room}, line.text);
    case Kind::topic:
      return writer.put("TOPIC", {room}, line.text);
    case Kind::kick:
      return writer.put("KICK", {room, line.to}, line.text.empty() ? line.from : line.text);
    case Kind::mode:
      return mode(writer, line, room);
    case Kind::invite:
      if (telling.to_room && !writer.has(Capability::invite_notify)) return;
      return writer.put("INVITE", {line.to, room});
    case Kind::nick:
    case Kind::quit:
    case Kind::away:
    case Kind::real_name:
    case Kind::host:
      return tell_person(writer, line);
    case Kind::kill:
      return writer.put("KILL", {line.to}, line.text);
    case Kind::wallops:
      return writer.put_text("WALLOPS", {});
    case Kind::online:
    case Kind::offline:
      return;  // What MONITOR tells names the client that it is told to.
  }
}

bool is_of_person(chat::Kind kind) {
  return kind == Kind::nick || kind == Kind::quit || kind == Kind::away ||
         kind == Kind::real_name || kind == Kind::host;
}

std::string prefix_of(const chat::Line& line, std::string_view server_name) {
  if (line.from.empty()) return std::string(server_name);
  return line.from + "!" + (line.user.empty() ? "muster@muster" : line.user);
}

std::string message_id(Position position) {
  return std::to_string(position.index.value) + "." + std::to_string(position.ordinal);
}

std::string time_text(LogTime time) {
  using std::chrono::milliseconds;
  const std::chrono::sys_time<milliseconds> at{milliseconds{time.milliseconds}};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<milliseconds> clock{at - day};
  constexpr std::size_t room = 64;
  std::array<char, room> text{};
  const int written = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(std::max(written, 0))};
}

}  // namespace muster::edge::irc
