// The model's rooms: who is let in, speaks, is put out, and changes modes.
#include <algorithm>

#include "chat/words.h"
#include "sim/chat_model.h"

namespace muster::sim {

namespace {

constexpr std::string_view ranks_by_height = "qaohv";
constexpr std::string_view all_flags = "imnstC";
constexpr std::string_view everybody = "*!*@*";

/// 5 for `q` to 1 for `v`; 0 for what is no rank.
std::size_t height(char rank) {
  const std::size_t place = ranks_by_height.find(rank);
  return place == std::string_view::npos ? 0 : ranks_by_height.size() - place;
}

std::size_t height(const std::set<char>& ranks) {
  std::size_t highest = 0;
  for (const char rank : ranks) highest = std::max(highest, height(rank));
  return highest;
}

std::string in_order(const std::set<char>& letters, std::string_view alphabet) {
  std::string text;
  for (const char letter : alphabet) {
    if (letters.contains(letter)) text += letter;
  }
  return text;
}

bool is_mask_of(const std::string& mask, const std::string& name) {
  return mask == everybody || chat::folded(mask) == chat::folded(name) + "!*@*";
}

bool masks_have(const std::vector<std::pair<char, std::string>>& masks, char mode,
                const std::string& name) {
  return std::ranges::any_of(
      masks, [&](const auto& mask) { return mask.first == mode && is_mask_of(mask.second, name); });
}

template <class Lines>
bool has_key(const Lines& lines, const std::string& from, const std::string& key) {
  if (key.empty()) return false;
  return std::ranges::any_of(
      lines, [&](const auto& line) { return line.from == from && line.key == key; });
}

chat::Kind kind_of(chat::Manner manner) {
  if (manner == chat::Manner::action) return chat::Kind::action;
  if (manner == chat::Manner::notice) return chat::Kind::notice;
  return manner == chat::Manner::tags ? chat::Kind::tags : chat::Kind::message;
}

}  // namespace

// ---- Rooms --------------------------------------------------------------------------------------

ChatModel::Room* ChatModel::own_room(const std::string& name, Turn& turn) {
  const auto room = rooms_.find(chat::folded(name));
  if (room == rooms_.end()) return turn.refuse(chat::Reason::no_such_room), nullptr;
  if (room->second.people.contains(self(turn).name)) return &room->second;
  return turn.refuse(chat::Reason::not_in_room), nullptr;
}

std::optional<chat::Reason> ChatModel::why_not_in(const Room& room, const Person& person,
                                                  const std::string& key) const {
  if (room.people.size() >= limits_.people_per_room_max) return chat::Reason::room_full;
  if (std::ranges::count(room.invited, chat::folded(person.name)) > 0) return std::nullopt;
  if (room.flags.contains('i') && !masks_have(room.masks, 'I', person.name)) {
    return chat::Reason::invited_only;
  }
  if (masks_have(room.masks, 'b', person.name) && !masks_have(room.masks, 'e', person.name)) {
    return chat::Reason::banned;
  }
  if (!room.key.empty() && room.key != key) return chat::Reason::wrong_key;
  if (room.limit > 0 && room.people.size() >= room.limit) return chat::Reason::room_full;
  return std::nullopt;
}

void ChatModel::play(const chat::Join& request, Turn& turn) {
  const std::string key = chat::folded(request.room);
  Person& person = self(turn);
  if (person.rooms.contains(key)) return;
  if (person.rooms.size() >= limits_.rooms_per_person_max) {
    return turn.refuse(chat::Reason::too_many_own_rooms);
  }
  if (const auto known = rooms_.find(key); known != rooms_.end()) {
    if (const auto why = why_not_in(known->second, person, request.key)) return turn.refuse(*why);
  } else if (rooms_.size() >= limits_.rooms_max) {
    return turn.refuse(chat::Reason::too_many_rooms);
  } else {
    rooms_[key].name = request.room;
  }
  Room& room = rooms_[key];
  const bool first = room.people.empty();
  room.people[person.name] = first ? std::set<char>{'o'} : std::set<char>{};
  std::erase(room.invited, chat::folded(person.name));
  person.rooms.insert(key);
  tell_room(room,
            {.kind = chat::Kind::join,
             .from = person.name,
             .real_name = person.real_name,
             .away = person.away},
            turn);
}

void ChatModel::remove(Room& room, const std::string& name) {
  room.people.erase(name);
  if (!room.people.empty()) return;
  // Whoever comes next begins anew; what was said, and about what, stays if it was for everybody.
  if (room.flags.contains('i') || room.flags.contains('s') || !room.key.empty()) {
    room.topic.clear();
    room.history.clear();
  }
  room.flags.clear();
  room.key.clear();
  room.limit = 0;
  room.masks.clear();
  room.invited.clear();
}

void ChatModel::play(const chat::Leave& request, Turn& turn) {
  Room* const room = own_room(request.room, turn);
  if (room == nullptr) return;
  Person& person = self(turn);
  tell_room(*room, {.kind = chat::Kind::leave, .from = person.name, .text = request.reason}, turn);
  person.rooms.erase(chat::folded(request.room));
  remove(*room, person.name);
}

void ChatModel::play(const chat::Kick& request, Turn& turn) {
  Room* const room = own_room(request.room, turn);
  if (room == nullptr) return;
  Person* const target = by_name(request.name);
  if (target == nullptr) return turn.refuse(chat::Reason::no_such_person);
  const auto member = room->people.find(target->name);
  if (member == room->people.end()) return turn.refuse(chat::Reason::person_not_in_room);
  const std::size_t own = height(room->people.at(self(turn).name));
  const std::size_t other = height(member->second);
  const bool may = own >= height('o') ? own >= other : own == height('h') && other < own;
  if (!may) return turn.refuse(chat::Reason::needs_operator);
  tell_room(*room,
            {.kind = chat::Kind::kick,
             .from = self(turn).name,
             .to = target->name,
             .text = request.reason},
            turn);
  target->rooms.erase(chat::folded(request.room));
  remove(*room, target->name);
}

void ChatModel::play(const chat::Invite& request, Turn& turn) {
  Room* const room = own_room(request.room, turn);
  if (room == nullptr) return;
  Person* const target = by_name(request.name);
  if (target == nullptr) return turn.refuse(chat::Reason::no_such_person);
  if (room->people.contains(target->name)) return turn.refuse(chat::Reason::person_in_room_already);
  const bool operates = height(room->people.at(self(turn).name)) >= height('o');
  if (room->flags.contains('i') && !operates) return turn.refuse(chat::Reason::needs_operator);
  const chat::Line line{
      .kind = chat::Kind::invite, .room = room->name, .from = self(turn).name, .to = target->name};
  turn.tell(chat::inbox_topic(target->inbox), line);
  tell_room(*room, line, turn);
  if (!operates || std::ranges::count(room->invited, chat::folded(target->name)) > 0) return;
  room->invited.push_back(chat::folded(target->name));
  if (room->invited.size() > limits_.invitations_per_room_max) {
    room->invited.erase(room->invited.begin());
  }
}

void ChatModel::play(const chat::SetTopic& request, Turn& turn) {
  Room* const room = own_room(request.room, turn);
  if (room == nullptr) return;
  const Person& person = self(turn);
  if (room->flags.contains('t') && height(room->people.at(person.name)) < height('h')) {
    return turn.refuse(chat::Reason::needs_operator);
  }
  if (room->topic == request.text) return;
  room->topic = request.text;
  tell_room(*room, {.kind = chat::Kind::topic, .from = person.name, .text = request.text}, turn);
}

// ---- Modes --------------------------------------------------------------------------------------

void ChatModel::play(const chat::SetModes& request, Turn& turn) {
  Room* const room = own_room(request.room, turn);
  if (room == nullptr) return;
  ModeWords words;
  for (const chat::ModeChange& each : request.changes) {
    std::string argument;
    if (change(*room, each, turn, argument)) words.add(each.set, each.mode, argument);
  }
  if (words.letters.empty()) return;
  tell_room(
      *room,
      {.kind = chat::Kind::mode, .from = self(turn).name, .text = words.letters + words.arguments},
      turn);
}

bool ChatModel::change(Room& room, const chat::ModeChange& change, Turn& turn,
                       std::string& argument) {
  if (height(change.mode) > 0) return change_rank(room, change, turn, argument);
  const bool is_mask = std::string_view("beI").find(change.mode) != std::string_view::npos;
  const bool is_flag = all_flags.find(change.mode) != std::string_view::npos;
  if (!is_mask && !is_flag && change.mode != 'k' && change.mode != 'l') {
    return turn.refuse(chat::Reason::unknown_mode), false;
  }
  const std::size_t own = height(room.people.at(self(turn).name));
  if (own < height(is_mask ? 'h' : 'o')) return turn.refuse(chat::Reason::needs_operator), false;
  if (is_mask) {
    const bool is_known = std::ranges::any_of(room.masks, [&](const auto& mask) {
      return mask.first == change.mode &&
             chat::folded(mask.second) == chat::folded(change.argument);
    });
    if (change.set && !is_known && room.masks.size() >= limits_.masks_per_room_max) {
      return turn.refuse(chat::Reason::list_full), false;
    }
    argument = change.argument;
    return change_mask(room, change, argument);
  }
  if (is_flag) {
    return change.set ? room.flags.insert(change.mode).second : room.flags.erase(change.mode) > 0;
  }
  if (change.mode == 'k') {
    const std::string wanted = change.set ? change.argument : "";
    argument = change.set ? wanted : "*";
    return std::exchange(room.key, wanted) != wanted;
  }
  const auto wanted = change.set ? static_cast<std::uint32_t>(std::stoul(change.argument)) : 0U;
  if (change.set) argument = change.argument;
  return std::exchange(room.limit, wanted) != wanted;
}

bool ChatModel::change_rank(Room& room, const chat::ModeChange& change, Turn& turn,
                            std::string& argument) {
  const Person* const target = by_name(change.argument);
  if (target == nullptr) return turn.refuse(chat::Reason::no_such_person), false;
  const auto member = room.people.find(target->name);
  if (member == room.people.end()) return turn.refuse(chat::Reason::person_not_in_room), false;
  const std::size_t own = height(room.people.at(self(turn).name));
  std::size_t needed = height(change.mode == 'v' ? 'h' : 'o');
  if (change.mode == 'q' || change.mode == 'a') {
    for (const auto& [name, ranks] : room.people) needed = std::max(needed, height(ranks));
  }
  const bool gives_up = !change.set && target == &self(turn);
  const bool from_higher = !change.set && height(member->second) > own;
  if (!gives_up && (own < needed || from_higher)) {
    return turn.refuse(chat::Reason::needs_operator), false;
  }
  argument = target->name;
  return change.set ? member->second.insert(change.mode).second
                    : member->second.erase(change.mode) > 0;
}

bool ChatModel::change_mask(Room& room, const chat::ModeChange& change,
                            std::string& argument) const {
  const auto known = std::ranges::find_if(room.masks, [&](const auto& mask) {
    return mask.first == change.mode && chat::folded(mask.second) == chat::folded(change.argument);
  });
  if ((known != room.masks.end()) == change.set) return false;
  if (change.set) {
    room.masks.emplace_back(change.mode, change.argument);
  } else {
    argument = known->second;  // As it was written.
    room.masks.erase(known);
  }
  return true;
}

// ---- Speaking -----------------------------------------------------------------------------------

std::optional<chat::Reason> ChatModel::why_silent(const Room& room, const Person& person,
                                                  const chat::Say& request) const {
  const auto member = room.people.find(person.name);
  const bool inside = member != room.people.end();
  const std::size_t rank = inside ? height(member->second) : 0;
  const bool is_ctcp = request.text.starts_with('\x01') && !request.text.starts_with(
                                                               "\x01"
                                                               "ACTION");
  const bool banned =
      masks_have(room.masks, 'b', person.name) && !masks_have(room.masks, 'e', person.name);
  const bool may = (inside || !room.flags.contains('n')) &&
                   (rank >= height('v') || (!room.flags.contains('m') && !banned)) &&
                   !(is_ctcp && room.flags.contains('C'));
  return may ? std::nullopt : std::optional(chat::Reason::may_not_speak);
}

void ChatModel::play(const chat::Say& request, Turn& turn) {
  const std::string key = chat::folded(request.room);
  const Person& person = self(turn);
  const auto known = rooms_.find(key);
  if (known == rooms_.end()) return turn.refuse(chat::Reason::no_such_room);
  if (has_key(known->second.history, person.name, request.key)) {
    turn.outcome.repeated = true;
    return;
  }
  if (const auto why = why_silent(known->second, person, request)) return turn.refuse(*why);
  tell_room(known->second,
            {.kind = kind_of(request.manner),
             .from = person.name,
             .text = request.text,
             .tags = request.tags},
            turn, request.key);
}

void ChatModel::play(const chat::Direct& request, Turn& turn) {
  Person* const target = by_name(request.to);
  if (target == nullptr) return turn.refuse(chat::Reason::no_such_person);
  Person& person = self(turn);
  if (has_key(target->directs, person.name, request.key)) {
    turn.outcome.repeated = true;
    return;
  }
  const chat::Line line{.kind = chat::Kind::direct,
                        .from = person.name,
                        .to = target->name,
                        .text = request.text,
                        .tags = request.tags,
                        .bot = is_bot(person.name)};
  for (Person* const each : std::set<Person*>{&person, target}) {
    turn.tell(chat::inbox_topic(each->inbox), line);
    each->directs.push_back({turn.time, person.name, request.text, request.key, true});
    if (each->directs.size() > limits_.directs_max) each->directs.pop_front();
  }
}

// ---- What is there ------------------------------------------------------------------------------

std::vector<std::string> ChatModel::rooms() const {
  std::vector<std::string> names;
  names.reserve(rooms_.size());
  for (const auto& [key, room] : rooms_) names.push_back(key);
  return names;
}

std::string ChatModel::room(const std::string& name) const {
  const auto found = rooms_.find(chat::folded(name));
  if (found == rooms_.end()) return {};
  const Room& room = found->second;
  std::string words = room.name + " +" + in_order(room.flags, all_flags) + " " + room.key + " " +
                      std::to_string(room.limit) + " [" + room.topic + "]";
  for (const auto& [person, ranks] : room.people) {
    words += " " + person + "/" + in_order(ranks, ranks_by_height);
  }
  for (const auto& [mode, mask] : room.masks) words += std::string(" ") + mode + mask;
  return words;
}

std::string ChatModel::history(const std::string& name) const {
  std::string words;
  for (const Kept& line : rooms_.at(chat::folded(name)).history) {
    words += line.from + ": " + line.text + "; ";
  }
  return words;
}

std::string ChatModel::shown(const std::string& name) const {
  const auto found = rooms_.find(chat::folded(name));
  if (found == rooms_.end()) return "[]";
  std::string words = "[" + found->second.topic + "]";
  for (const auto& [person, ranks] : found->second.people) words += " " + person;
  return words;
}

}  // namespace muster::sim
