// Rooms: who is let in, goes, is put out or invited; and topics.
#include <algorithm>
#include <utility>

#include "chat/chat.h"
#include "chat/letters.h"
#include "chat/words.h"

namespace muster::chat {
const Room* Chat::find_room(const std::string& key) const {
  const auto found = rooms_.find(key);
  return found == rooms_.end() ? nullptr : &found->second.room.read();
}

std::optional<std::string> Chat::own_room(const std::string& name, Turn& turn) const {
  if (auto valid = validate_room(name); !valid) {
    turn.refuse(Reason::bad_room, valid.error().message);
    return std::nullopt;
  }
  std::string key = folded(name);
  if (find_room(key) == nullptr) {
    refuse_no_room(name, turn);
    return std::nullopt;
  }
  if (!person_of(turn).rooms.contains(key)) {
    turn.refuse(Reason::not_in_room,
                person_of(turn).name + " is not in room " + name + ": join it first", name);
    return std::nullopt;
  }
  return key;
}

void Chat::refuse_no_room(const std::string& name, Turn& turn) {
  turn.refuse(Reason::no_such_room, "there is no room " + name + ": join it to make it", name);
}

bool Chat::make_room(const std::string& name, Turn& turn) {
  std::string key = folded(name);
  if (rooms_.contains(key)) return true;
  if (rooms_.size() >= options_.rooms_max) {
    turn.refuse(Reason::too_many_rooms,
                "there are " + std::to_string(rooms_.size()) +
                    " rooms, the limit of a group; join one of them: /rooms lists them",
                name);
    return false;
  }
  RoomEntry& entry = rooms_[key];
  entry.room.write().name = name;
  entry.room.write().created = turn.time;
  entry.history = KeptLines(std::move(key));
  return true;
}

void Chat::tell_room(const std::string& key, Line line, const Moment& now,
                     std::string_view said_key) {
  RoomEntry& entry = rooms_.at(key);
  line.room = entry.room.read().name;
  const Person* const person = find_person(line.from);
  line.bot = line.bot || (person != nullptr && has(person->modes, 'B'));
  now.output.publish(room_topic(key), encode(line));
  if (!is_history(line.kind)) return;
  line.position = now.position;
  line.time = now.time;
  keep(entry, key, KeptLine(line, said_key));
}

void Chat::remove_from_room(const std::string& key, const std::string& person) {
  Room& room = rooms_.at(key).room.write();
  room.people.erase(person);
  if (!room.people.empty()) return;
  // Whoever comes next begins anew, and what was not for everybody is not for who that is.
  if (has(room.modes, 'i') || has(room.modes, 's') || !room.key.empty()) forget_content(key);
  room.modes.clear();
  room.key.clear();
  room.people_max = 0;
  room.masks.clear();
  room.invited.clear();
  perhaps_empty_.push_back(key);
}

void Chat::forget_content(const std::string& key) {
  RoomEntry& entry = rooms_.at(key);
  Room& room = entry.room.write();
  room.topic.clear();
  room.topic_by.clear();
  room.topic_time = {};
  histories_bytes_ -= entry.history.bytes();
  entry.history = KeptLines(key);
}

void Chat::forget_empty_rooms() {
  for (const std::string& key : std::exchange(perhaps_empty_, {})) {
    const auto found = rooms_.find(key);
    if (found == rooms_.end()) continue;
    if (!found->second.room.read().people.empty() || found->second.history.said() > 0) continue;
    histories_bytes_ -= found->second.history.bytes();
    rooms_.erase(found);
  }
}

// ---- Coming -------------------------------------------------------------------------------------

bool Chat::may_join(const Room& room, const Join& request, Turn& turn) const {
  if (room.people.size() >= options_.people_per_room_max) {
    turn.refuse(Reason::room_full,
                "room " + room.name + " has " + std::to_string(room.people.size()) +
                    " people, the limit of a room; join another",
                room.name);
    return false;
  }
  const Person& person = person_of(turn);
  const std::string prefix = person.prefix();
  if (room.invites(folded(person.name))) return true;
  if (has(room.modes, 'i') && !room.has_mask('I', prefix)) {
    turn.refuse(Reason::invited_only, "room " + room.name + " is for who is invited", room.name);
  } else if (room.bans(prefix)) {
    turn.refuse(Reason::banned, person.name + " is banned from room " + room.name, room.name);
  } else if (!room.key.empty() && room.key != request.key) {
    turn.refuse(Reason::wrong_key, "room " + room.name + " has a key, and this is not it",
                room.name);
  } else if (room.people_max > 0 && room.people.size() >= room.people_max) {
    turn.refuse(Reason::room_full,
                "room " + room.name + " is for " + std::to_string(room.people_max) + " people",
                room.name);
  } else {
    return true;
  }
  return false;
}

void Chat::handle(const Join& request, Turn& turn) {
  if (auto valid = validate_room(request.room); !valid) {
    return turn.refuse(Reason::bad_room, valid.error().message);
  }
  const std::string key = folded(request.room);
  const Person& person = person_of(turn);
  if (person.rooms.contains(key)) return;
  if (person.rooms.size() >= options_.rooms_per_person_max) {
    return turn.refuse(Reason::too_many_own_rooms,
                       person.name + " is in " + std::to_string(person.rooms.size()) +
                           " rooms, the limit of a person; leave one first",
                       request.room);
  }
  const Room* const known = find_room(key);
  if (known != nullptr && !may_join(*known, request, turn)) return;
  if (!make_room(request.room, turn)) return;
  Room& room = rooms_.at(key).room.write();
  if (room.people.empty()) room.created = turn.time;
  room.people.emplace(person.name, room.people.empty() ? "o" : "");
  std::erase(room.invited, folded(person.name));
  change_person(turn.session).rooms.insert(key);
  const Person& joined = person_of(turn);
  tell_room(key,
            {.kind = Kind::join,
             .from = joined.name,
             .user = joined.address(),
             .real_name = joined.real_name,
             .away = joined.away},
            turn);
}

// ---- Going --------------------------------------------------------------------------------------

void Chat::handle(const Leave& request, Turn& turn) {
  if (auto valid = validate_reason(request.reason); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  const auto key = own_room(request.room, turn);
  if (!key) return;
  change_person(turn.session).rooms.erase(*key);
  const Person& person = person_of(turn);
  tell_room(
      *key,
      {.kind = Kind::leave, .from = person.name, .text = request.reason, .user = person.address()},
      turn);
  remove_from_room(*key, person.name);
}

void Chat::handle(const Kick& request, Turn& turn) {
  if (auto valid = validate_reason(request.reason); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  const auto key = own_room(request.room, turn);
  if (!key) return;
  const Room& room = *find_room(*key);
  const Person* const target = person_here(request.name, turn);
  if (target == nullptr) return;
  const std::string* const ranks = room.ranks_of(target->name);
  if (ranks == nullptr) {
    return turn.refuse(Reason::person_not_in_room, target->name + " is not in room " + room.name,
                       target->name);
  }
  const Person& person = person_of(turn);
  const int own = rank_of(*room.ranks_of(person.name));
  const bool enough =
      own >= rank_of('o') ? own >= rank_of(*ranks) : own == rank_of('h') && rank_of(*ranks) < own;
  if (!enough) {
    return turn.refuse(Reason::needs_operator,
                       "to put " + target->name + " out of room " + room.name +
                           " one must be an operator there, and of no lower rank",
                       room.name);
  }
  const std::string name = target->name;
  tell_room(*key,
            {.kind = Kind::kick,
             .from = person.name,
             .to = name,
             .text = request.reason,
             .user = person.address()},
            turn);
  change_person(names_.find(folded(name))->second).rooms.erase(*key);
  remove_from_room(*key, name);
}

// ---- Invitations and topics ---------------------------------------------------------------------

void Chat::handle(const Invite& request, Turn& turn) {
  const auto key = own_room(request.room, turn);
  if (!key) return;
  const Person* const target = person_here(request.name, turn);
  if (target == nullptr) return;
  const Room& room = *find_room(*key);
  const Person& person = person_of(turn);
  if (room.ranks_of(target->name) != nullptr) {
    return turn.refuse(Reason::person_in_room_already,
                       target->name + " is in room " + room.name + " already", target->name);
  }
  const bool is_operator = rank_of(*room.ranks_of(person.name)) >= rank_of('o');
  if (has(room.modes, 'i') && !is_operator) {
    return turn.refuse(Reason::needs_operator, "only an operator invites to room " + room.name,
                       room.name);
  }
  const Line line{.kind = Kind::invite,
                  .room = room.name,
                  .from = person.name,
                  .to = target->name,
                  .user = person.address()};
  turn.output.publish(inbox_topic(target->inbox), encode(line));
  tell_room(*key, line, turn);
  // Only an operator's opens a door that is closed.
  if (!is_operator || room.invites(folded(target->name))) return;
  auto& invited = rooms_.at(*key).room.write().invited;
  invited.push_back(folded(target->name));
  if (invited.size() > options_.invitations_per_room_max) invited.erase(invited.begin());
}

void Chat::handle(const SetTopic& request, Turn& turn) {
  if (auto valid = validate_topic_text(request.text); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  const auto key = own_room(request.room, turn);
  if (!key) return;
  const Person& person = person_of(turn);
  const Room& before = *find_room(*key);
  if (has(before.modes, 't') && rank_of(*before.ranks_of(person.name)) < rank_of('h')) {
    return turn.refuse(Reason::needs_operator,
                       "only operators and half-operators change the topic of room " + before.name,
                       before.name);
  }
  if (before.topic == request.text) return;
  Room& room = rooms_.at(*key).room.write();
  room.topic = request.text;
  room.topic_by = person.name;
  room.topic_time = turn.time;
  tell_room(
      *key,
      {.kind = Kind::topic, .from = person.name, .text = request.text, .user = person.address()},
      turn);
}

}  // namespace muster::chat
