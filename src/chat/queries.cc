// What is told of the chat's state: answers to queries, and what stands for missed events.
#include <algorithm>
#include <iterator>

#include "chat/chat.h"
#include "chat/words.h"

namespace muster::chat {
namespace {

/// An answer stays below what a message may have, and takes all of a room's history.
constexpr std::size_t lines_bytes_max = std::size_t{400} * 1024;
constexpr std::size_t line_overhead_bytes = 64;

std::size_t bytes_of(const Line& line, const std::string& room) {
  return line_overhead_bytes + line.from.size() + line.to.size() + line.text.size() + room.size();
}

}  // namespace

// From the first place asked for forwards, or from the end backwards, as far as an answer takes.
void Chat::tell_lines(const History& history, const AskRoom& wanted, RoomState& state) {
  std::size_t bytes = 0;
  const auto take = [&](const Kept& kept) {
    bytes += bytes_of(kept.line, state.room);
    if (bytes > lines_bytes_max) {
      state.complete = false;
      return false;
    }
    state.lines.push_back(kept.line);
    state.lines.back().room = state.room;
    return true;
  };
  const auto& lines = history.lines;
  if (wanted.from) {
    auto next = std::ranges::lower_bound(lines, *wanted.from, {},
                                         [](const Kept& kept) { return kept.line.position; });
    while (next != lines.end() && state.lines.size() < wanted.lines && take(*next)) ++next;
    return;
  }
  auto next = lines.rbegin();
  while (next != lines.rend() && state.lines.size() < wanted.lines && take(*next)) ++next;
  std::ranges::reverse(state.lines);
}

Result<Bytes> Chat::topic_state(std::string_view topic) const {
  constexpr std::string_view prefix = "chat/";
  if (!topic.starts_with(prefix)) return Machine::topic_state(topic);
  const std::string name(topic.substr(prefix.size()));
  if (!name.starts_with('@')) {
    return validate_room(name) ? answer(AskRoom{.room = name, .lines = all_lines})
                               : Machine::topic_state(topic);
  }
  const auto owner = inboxes_.find(name.substr(1));
  if (owner == inboxes_.end()) return Machine::topic_state(topic);
  RoomState state;
  tell_lines(find_person(owner->second)->directs, {.room = {}, .lines = all_lines}, state);
  return encode(state);
}

Result<Bytes> Chat::query(BytesView request) const {
  const auto query = decode_query(request);
  if (!query) return query.error();
  return std::visit([this](const auto& one) { return answer(one); }, *query);
}

Result<Bytes> Chat::answer(const AskRoom& query) const {
  if (auto valid = validate_room(query.room); !valid) return valid.error();
  RoomState state{.room = query.room};
  const auto found = rooms_.find(query.room);
  if (found == rooms_.end()) return encode(state);
  const Room& room = found->second.read();
  state.topic = room.topic;
  state.people.assign(room.people.begin(), room.people.end());
  tell_lines(room.history, query, state);
  return encode(state);
}

Result<Bytes> Chat::answer(const AskRooms&) const {
  Rooms rooms;
  for (const auto& [name, shared] : rooms_) {
    const Room& room = shared.read();
    rooms.rooms.push_back({.room = name,
                           .topic = room.topic,
                           .people = static_cast<std::uint32_t>(room.people.size()),
                           .lines = static_cast<std::uint32_t>(room.history.lines.size())});
  }
  return encode(rooms);
}

Result<Bytes> Chat::answer(const AskPerson& query) const {
  if (auto valid = validate_person(query.name); !valid) return valid.error();
  PersonState state{.name = query.name, .free_name = free_name(query.name)};
  const auto found = names_.find(folded(query.name));
  if (found != names_.end()) {
    const Person& person = *find_person(found->second);
    state.name = person.name;
    state.signed_in = true;
    state.rooms.assign(person.rooms.begin(), person.rooms.end());
    state.since = person.since;
  }
  return encode(state);
}

}  // namespace muster::chat
