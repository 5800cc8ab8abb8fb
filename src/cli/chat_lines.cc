#include "cli/chat_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "chat/chat.h"
#include "cli/json_line.h"
#include "wire/json.h"
#include "wire/plain_text.h"
#include "wire/utf8.h"

namespace muster::cli {
namespace {

constexpr std::int64_t ms_of_a_second = 1'000;

std::string clock_of(LogTime time) {
  const std::time_t seconds = time.milliseconds / ms_of_a_second;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%H:%M", &parts)};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// How many bytes of digits are at the front, at most so many.
std::size_t digits_of(std::string_view text, std::size_t most, std::string_view digits) {
  return std::min({text.find_first_not_of(digits), text.size(), most});
}

/// The length of what follows a code for colour: `4`, `04,12`, or in hexadecimal.
std::size_t colour_length(std::string_view text, std::size_t most, std::string_view digits) {
  const std::size_t first = digits_of(text, most, digits);
  if (first == 0 || first >= text.size() || text[first] != ',') return first;
  const std::size_t second = digits_of(text.substr(first + 1), most, digits);
  return second == 0 ? first : first + 1 + second;
}

/// The length of what IRC clients put into texts to format them, or 0.
std::size_t format_length(std::string_view text) {
  constexpr std::string_view decimal = "0123456789";
  constexpr std::string_view hexadecimal = "0123456789abcdefABCDEF";
  constexpr std::size_t hexadecimal_digits = 6;
  if (text.front() == '\x03') return 1 + colour_length(text.substr(1), 2, decimal);
  if (text.front() == '\x04') {
    return 1 + colour_length(text.substr(1), hexadecimal_digits, hexadecimal);
  }
  return 0;
}

std::string with_reason(const std::string& words, const std::string& reason) {
  return reason.empty() ? words : words + ": " + harmless(reason);
}

std::string name_of(const ServerNames& names, std::uint32_t number) {
  const auto found = names.find(number);
  return found == names.end() ? "#" + std::to_string(number) : found->second;
}

/// What stands behind `prefix`, or nothing.
std::string behind(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::string(text.substr(prefix.size())) : std::string();
}

std::string quiet_text(const wire::Election& election, const ServerNames& names) {
  const std::string leader = name_of(names, election.leader());
  const bool stays = election.has_previous() && election.previous() == election.leader();
  const std::string lost = behind(election.cause(), "lost:");
  if (!lost.empty() && !stays) {
    return fmt::format("{} left us; {} leads now ({} ms)", lost, leader, election.took_ms());
  }
  if (stays) return {};  // Who came or went is told by itself.
  return election.took_ms() > 0 ? fmt::format("{} leads now ({} ms)", leader, election.took_ms())
                                : fmt::format("{} leads now", leader);
}

std::string quiet_text(const wire::MemberChange& change) {
  const std::string& name = change.member().name();
  switch (change.kind()) {
    case wire::MemberChange::JOINED:
      return name + " joined us";
    case wire::MemberChange::LEFT:
      return name + " left for good";
    case wire::MemberChange::REMOVED:
      return name + " was taken out";
    default:
      return {};
  }
}

std::string quiet_text(const wire::StateChange& change, const ServerNames& names) {
  const std::string name = name_of(names, change.number());
  switch (change.state()) {
    case wire::ServerState::FAILED:
      return name + " does not answer any more";
    case wire::ServerState::STOPPED:
      return name + " was stopped";
    case wire::ServerState::ALIVE:
      return name + " is back";
    default:
      return {};
  }
}

}  // namespace

std::string harmless(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t format = format_length(text);
    const std::size_t length = std::max<std::size_t>(wire::utf8_character(text), 1);
    const std::string_view character = text.substr(0, length);
    if (character == "\t") shown += ' ';
    if (format == 0 && wire::validate_plain_text("", character, length)) shown += character;
    text.remove_prefix(std::max(format, length));
  }
  return shown;
}

std::string chat_json(const chat::Line& line) {
  return JsonLine{}
      .add("index", line.position.index.value)
      .add("ordinal", line.position.ordinal)
      .add("room", line.room)
      .add("from", line.from)
      .add("to", line.to)
      .add("text", line.text)
      .add_json("time", wire::json_time(line.time))
      .add("kind", chat::name_of(line.kind))
      .text();
}

std::string chat_text(const chat::Line& line, const ChatView& view, const Colours& colours) {
  std::string head = colours.quiet(clock_of(line.time)) + " ";
  if (!line.room.empty() && line.room != view.room) head += colours.quiet("[" + line.room + "] ");
  return head + chat_words(line, view, colours);
}

std::string chat_words(const chat::Line& line, const ChatView& view, const Colours& colours) {
  const std::string from = colours.person(line.from);
  const std::string text = harmless(line.text);
  const auto person = [&](const std::string& name) {
    return name == view.self ? std::string("you") : colours.person(name);
  };
  switch (line.kind) {
    case chat::Kind::message:
      return from + ": " + text;
    case chat::Kind::action:
      return "* " + from + " " + text;
    case chat::Kind::notice:
      return "-" + from + "- " + text;
    case chat::Kind::join:
      return from + colours.quiet(" joined");
    case chat::Kind::leave:
      return from + colours.quiet(with_reason(" left", text));
    case chat::Kind::quit:
      return from +
             colours.quiet(with_reason(" left", text == chat::session_ended_reason ? "" : text));
    case chat::Kind::kick:
      return from + colours.quiet(" put out ") + person(line.to) +
             colours.quiet(with_reason("", text));
    case chat::Kind::nick:
      return from + colours.quiet(" is now ") + colours.person(line.text);
    case chat::Kind::topic:
      return from + colours.quiet(text.empty() ? " took the topic away" : " set the topic: ") +
             text;
    case chat::Kind::mode:
      return from + colours.quiet(" set mode " + text);
    case chat::Kind::invite:
      return from + colours.quiet(" invites ") + person(line.to) +
             colours.quiet(" to " + line.room);
    case chat::Kind::away:
      return from + colours.quiet(text.empty() ? " is back" : " is away: " + text);
    case chat::Kind::real_name:
      return from + colours.quiet(" is in full ") + text;
    case chat::Kind::host:
      return from + colours.quiet(" is ") + text;
    case chat::Kind::kill:
      return from + colours.quiet(" put ") + person(line.to) +
             colours.quiet(with_reason(" out of the group", text));
    case chat::Kind::wallops:
      return from + colours.quiet(" to all: ") + text;
    case chat::Kind::online:
      return from + colours.quiet(" is here");
    case chat::Kind::offline:
      return from + colours.quiet(" has gone");
    case chat::Kind::direct:
      return person(line.from) + " -> " + person(line.to) + ": " + text;
    case chat::Kind::tags:
      return from + colours.quiet(" sent ") + harmless(line.tags);
  }
  return {};
}

std::string room_text(const chat::RoomState& state, const Colours& colours) {
  std::vector<std::string> people;
  for (const std::string& name : state.people) people.push_back(colours.person(name));
  std::string text =
      colours.strong(state.room) + ": " + (people.empty() ? "nobody is here" : joined(people));
  if (!state.topic.empty()) text += "; topic: " + harmless(state.topic);
  return text;
}

std::string rooms_text(const chat::Rooms& rooms) {
  if (rooms.rooms.empty()) return "there are no rooms yet: /join makes one";
  std::string text;
  for (const chat::RoomSummary& room : rooms.rooms) {
    if (!text.empty()) text += "\n";
    text +=
        fmt::format("{}  {} {}{}{}", room.room, room.people, room.people == 1 ? "person" : "people",
                    room.topic.empty() ? "" : "; ", harmless(room.topic));
  }
  return text;
}

std::string room_json(const chat::RoomState& state) {
  std::vector<std::string> people;
  for (const std::string& name : state.people) people.push_back(wire::json_string(name));
  return JsonLine{}
      .add("kind", "ROOM")
      .add("room", state.room)
      .add("topic", state.topic)
      .add_json("people", fmt::format("[{}]", fmt::join(people, ",")))
      .text();
}

std::string rooms_json(const chat::Rooms& rooms) {
  std::vector<std::string> lines;
  for (const chat::RoomSummary& room : rooms.rooms) {
    lines.push_back(JsonLine{}
                        .add("room", room.room)
                        .add("topic", room.topic)
                        .add("people", room.people)
                        .add("lines", room.lines)
                        .text());
  }
  return JsonLine{}
      .add("kind", "ROOMS")
      .add_json("rooms", fmt::format("[{}]", fmt::join(lines, ",")))
      .text();
}

void learn_names(const wire::GroupEvent& event, ServerNames& names) {
  const auto learn = [&](const wire::Member& member) {
    if (!member.name().empty()) names[member.number()] = member.name();
  };
  if (event.has_founded()) {
    for (const wire::Member& member : event.founded().members()) learn(member);
  } else if (event.has_member()) {
    learn(event.member().member());
  }
}

std::string quiet_text(const wire::GroupEvent& event, const ServerNames& names) {
  switch (event.what_case()) {
    case wire::GroupEvent::kElection:
      return quiet_text(event.election(), names);
    case wire::GroupEvent::kMember:
      return quiet_text(event.member());
    case wire::GroupEvent::kState:
      return quiet_text(event.state(), names);
    case wire::GroupEvent::kDissolved:
    case wire::GroupEvent::kMet:
      return event.text();
    default:
      return {};
  }
}

std::string view_text(const wire::Status& status, const wire::Members& members,
                      std::string_view home, const Colours& colours) {
  std::string text = fmt::format(
      "group   {}, view {}, term {}, leader {}\nwrites  {}\nclients {}", status.group(),
      status.view(), status.term(), status.leader().empty() ? "none" : status.leader(),
      status.writable()
          ? fmt::format("possible; {} of {} servers may fail", status.tolerates(), status.servers())
          : "not possible: " + status.reason(),
      status.sessions());
  for (const wire::MemberStatus& member : members.members()) {
    const bool alive = member.state() == wire::ServerState::ALIVE;
    const std::string line = fmt::format("#{} {} {} {} {}{}", member.number(), member.name(),
                                         member.address(), wire::Role::Value_Name(member.role()),
                                         wire::ServerState::Value_Name(member.state()),
                                         member.name() == home ? "  <- your home" : "");
    text += "\n" + (alive ? line : colours.quiet(line));
  }
  return text;
}

std::string view_json(const wire::Status& status, const wire::Members& members,
                      std::string_view home) {
  std::vector<std::string> lines;
  for (const wire::MemberStatus& member : members.members()) lines.push_back(wire::to_json(member));
  return JsonLine{}
      .add("kind", "STATUS")
      .add("home", home)
      .add_json("status", wire::to_json(status))
      .add_json("members", fmt::format("[{}]", fmt::join(lines, ",")))
      .text();
}

}  // namespace muster::cli
