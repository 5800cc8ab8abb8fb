// What is told of the chat's state: answers to queries, and what stands for missed events.
#include <algorithm>
#include <limits>
#include <utility>

#include "chat/chat.h"
#include "chat/letters.h"
#include "chat/masks.h"
#include "chat/words.h"

namespace muster::chat {
namespace {

/// An answer stays below what a message may have.
constexpr std::size_t answer_bytes_max = std::size_t{400} * 1024;
constexpr std::size_t overhead_bytes = 64;  // Of a line or person, beside its texts.
constexpr std::uint32_t all_lines = std::numeric_limits<std::uint32_t>::max();

std::size_t bytes_of(const Line& line) {
  return overhead_bytes + line.room.size() + line.from.size() + line.to.size() + line.text.size() +
         line.user.size() + line.tags.size();
}

std::size_t bytes_of(const PersonState& person) {
  std::size_t bytes = overhead_bytes + person.name.size() + person.user.size() +
                      person.host.size() + person.real_name.size() + person.server.size() +
                      person.away.size();
  constexpr std::size_t membership_bytes = 16;
  for (const Membership& each : person.rooms) bytes += membership_bytes + each.room.size();
  return bytes;
}

/// Takes lines for an answer, as many as are wanted and it has room for.
class Collector {
 public:
  Collector(std::string room, std::size_t lines_max)
      : room_(std::move(room)), lines_max_(lines_max) {}

  /// False when no more is taken.
  bool take(const KeptLine& kept) {
    if (lines_.size() >= lines_max_) return false;
    Line line = kept.line(room_);
    bytes_ += bytes_of(line);
    complete_ = bytes_ <= answer_bytes_max;
    if (complete_) lines_.push_back(std::move(line));
    return complete_;
  }
  bool complete() const { return complete_; }
  std::vector<Line> in_order() { return std::move(lines_); }
  std::vector<Line> reversed() {
    std::ranges::reverse(lines_);
    return std::move(lines_);
  }

 private:
  const std::string room_;
  const std::size_t lines_max_;
  std::vector<Line> lines_;
  std::size_t bytes_{0};
  bool complete_{true};
};

// From the first place asked for forwards, or from the end backwards, as far as an answer takes.
void tell_lines(const KeptLines& history, const AskRoom& wanted, RoomState& state) {
  Collector collector(state.room, wanted.lines);
  const auto is_wanted = [](const KeptLine& line) {
    return is_said(line.kind()) || line.kind() == Kind::direct;
  };
  if (wanted.from) {
    history.forwards([&](const KeptLine& line) {
      return line.position() < *wanted.from || !is_wanted(line) || collector.take(line);
    });
    state.lines = collector.in_order();
  } else {
    history.backwards(
        [&](const KeptLine& line) { return !is_wanted(line) || collector.take(line); });
    state.lines = collector.reversed();
  }
  state.complete = collector.complete();
}

bool is_too_early(const KeptLine& line, const AskHistory& query) {
  return (query.after && line.position() <= *query.after) ||
         (query.after_time && line.time() <= *query.after_time);
}

bool is_too_late(const KeptLine& line, const AskHistory& query) {
  return (query.before && line.position() >= *query.before) ||
         (query.before_time && line.time() >= *query.before_time);
}

template <class IsWanted>
History select(const KeptLines& lines, const AskHistory& query, const std::string& room,
               IsWanted is_wanted) {
  Collector collector(room, query.lines);
  History history;
  if (query.newest) {
    lines.backwards([&](const KeptLine& line) {
      if (is_too_early(line, query)) return false;
      return is_too_late(line, query) || !is_wanted(line) || collector.take(line);
    });
    history.lines = collector.reversed();
  } else {
    lines.forwards([&](const KeptLine& line) {
      if (is_too_late(line, query)) return false;
      return is_too_early(line, query) || !is_wanted(line) || collector.take(line);
    });
    history.lines = collector.in_order();
  }
  history.complete = collector.complete();
  return history;
}

}  // namespace

PersonState Chat::state_of(const Person& person) const {
  PersonState state{.name = person.name,
                    .signed_in = true,
                    .since = person.since,
                    .user = person.user,
                    .host = person.host,
                    .real_name = person.real_name,
                    .away = person.away,
                    .modes = person.modes,
                    .spoke = person.spoke,
                    .delivered = person.delivered,
                    .server = person.server,
                    .former = {person.former.begin(), person.former.end()}};
  state.rooms.reserve(person.rooms.size());
  for (const std::string& key : person.rooms) {
    const Room& room = *find_room(key);
    state.rooms.push_back({.room = room.name, .ranks = *room.ranks_of(person.name)});
  }
  return state;
}

Member Chat::member_of(const std::string& name, const std::string& ranks) const {
  const Person& person = *find_person(name);
  return {.name = name,
          .ranks = ranks,
          .user = person.user,
          .host = person.host,
          .real_name = person.real_name,
          .modes = person.modes,
          .away = !person.away.empty(),
          .server = person.server,
          .spoke = person.spoke};
}

Result<Bytes> Chat::topic_state(std::string_view topic) const {
  constexpr std::string_view prefix = "chat/";
  if (!topic.starts_with(prefix)) return Machine::topic_state(topic);
  const std::string name(topic.substr(prefix.size()));
  if (name.starts_with('!')) {
    return validate_person(name.substr(1)) ? answer(AskPerson{name.substr(1)})
                                           : Machine::topic_state(topic);
  }
  if (topic == wallops_topic()) return encode(RoomState{});
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

// ---- Rooms --------------------------------------------------------------------------------------

Result<Bytes> Chat::answer(const AskRoom& query) const {
  if (auto valid = validate_room(query.room); !valid) return valid.error();
  RoomState state{.room = query.room};
  const auto found = rooms_.find(folded(query.room));
  if (found == rooms_.end()) return encode(state);
  const Room& room = found->second.room.read();
  state.room = room.name;
  state.topic = room.topic;
  state.people.reserve(room.people.size());
  for (const auto& [name, ranks] : room.people) state.people.push_back(name);
  tell_lines(found->second.history, query, state);
  return encode(state);
}

Result<Bytes> Chat::answer(const AskRooms&) const {
  Rooms rooms;
  rooms.rooms.reserve(rooms_.size());
  for (const auto& [key, entry] : rooms_) {
    const Room& room = entry.room.read();
    rooms.rooms.push_back({.room = room.name,
                           .topic = room.topic,
                           .people = static_cast<std::uint32_t>(room.people.size()),
                           .lines = static_cast<std::uint32_t>(entry.history.said()),
                           .modes = room.modes});
  }
  return encode(rooms);
}

Result<Bytes> Chat::answer(const AskChannel& query) const {
  if (auto valid = validate_room(query.room); !valid) return valid.error();
  const Room* const room = find_room(folded(query.room));
  if (room == nullptr) return encode(Channel{.room = query.room});
  Channel channel{.room = room->name,
                  .exists = true,
                  .created = room->created,
                  .topic = room->topic,
                  .topic_by = room->topic_by,
                  .topic_time = room->topic_time,
                  .modes = room->modes,
                  .key = room->key,
                  .people_max = room->people_max,
                  .people_count = static_cast<std::uint32_t>(room->people.size())};
  if (query.people) {
    channel.people.reserve(room->people.size());
    for (const auto& [name, ranks] : room->people) channel.people.push_back(member_of(name, ranks));
  }
  if (query.lists) channel.masks = room->masks;
  return encode(channel);
}

Result<Bytes> Chat::answer(const AskHistory& query) const {
  if (query.inbox.empty()) {
    const auto room = rooms_.find(folded(query.room_or_person));
    if (room == rooms_.end()) return encode(History{});
    return encode(
        select(room->second.history, query, room->second.room.read().name,
               [&](const KeptLine& line) { return query.all || is_message(line.kind()); }));
  }
  const auto owner = inboxes_.find(query.inbox);
  if (owner == inboxes_.end()) return encode(History{});
  const std::string with = folded(query.room_or_person);
  return encode(select(find_person(owner->second)->directs, query, "", [&](const KeptLine& line) {
    if (!query.all && line.manner() == Manner::tags) return false;
    return with.empty() || folded(line.from()) == with || folded(line.to()) == with;
  }));
}

// ---- People -------------------------------------------------------------------------------------

Result<Bytes> Chat::answer(const AskPerson& query) const {
  if (auto valid = validate_person(query.name); !valid) return valid.error();
  const Person* const person = find_person(query.name);
  PersonState state = person != nullptr ? state_of(*person) : PersonState{.name = query.name};
  state.free_name = free_name(query.name);
  return encode(state);
}

Result<Bytes> Chat::answer(const AskPeople& query) const {
  People people{.in_all = static_cast<std::uint32_t>(names_.size())};
  for_each_person([&](SessionId, const Person& person) {
    if (has(person.modes, 'i')) ++people.invisible;
    if (has(person.modes, 'o')) ++people.opers;
  });
  const Person* const named = find_person(query.mask);
  std::size_t bytes = 0;
  for (const auto& [name, session] : names_) {
    const Person& person = *find_person(session);
    const bool is_like = query.mask.empty() || matches(query.mask, person.name) ||
                         matches(query.mask, person.user) || matches(query.mask, person.host) ||
                         matches(query.mask, person.real_name);
    if (named != nullptr ? named != &person : !is_like) continue;
    PersonState state = state_of(person);
    bytes += bytes_of(state);
    people.complete = people.people.size() < query.people_max && bytes <= answer_bytes_max;
    if (!people.complete) break;
    people.people.push_back(std::move(state));
  }
  return encode(people);
}

Result<Bytes> Chat::answer(const AskGone& query) const {
  People people{.in_all = static_cast<std::uint32_t>(names_.size())};
  const std::string wanted = folded(query.name);
  const auto& gone = gone_.read().people;
  for (auto each = gone.rbegin(); each != gone.rend(); ++each) {
    if (folded(each->name) != wanted) continue;
    people.complete = people.people.size() < query.people_max;
    if (!people.complete) break;
    people.people.push_back({.name = each->name,
                             .since = each->until,
                             .user = each->user,
                             .host = each->host,
                             .real_name = each->real_name});
  }
  return encode(people);
}

}  // namespace muster::chat
