// What changes the modes, ranks and masks of rooms, and who may.
#include <algorithm>
#include <charconv>
#include <utility>

#include "chat/chat.h"
#include "chat/letters.h"
#include "chat/masks.h"
#include "chat/words.h"

namespace muster::chat {
namespace {

bool same(std::string_view one, std::string_view other) {
  return folded(one) == folded(other);
}

std::string subject_of(const ModeChange& change) {
  return std::string(1, change.mode) + " " + chat::subject_of(change.argument);
}

/// Of which rank one must be to give and take this one.
int rank_needed_for(char rank, const Room& room) {
  if (rank == 'v') return rank_of('h');
  int needed = rank_of('o');
  if (rank == 'h' || rank == 'o') return needed;
  // Nobody is `q` by itself, so whoever is highest may make somebody it.
  for (const auto& [name, ranks] : room.people) needed = std::max(needed, rank_of(ranks));
  return needed;
}

}  // namespace

void Chat::ModeText::add(bool set, char letter, std::string_view argument) {
  if (setting != set) letters += set ? '+' : '-';
  setting = set;
  letters += letter;
  if (!argument.empty()) arguments += " " + std::string(argument);
}

void Chat::handle(const SetModes& request, Turn& turn) {
  if (request.changes.size() > options_.mode_changes_max) {
    return turn.refuse(Reason::malformed, "at most " + std::to_string(options_.mode_changes_max) +
                                              " modes change at once; send the rest later");
  }
  const auto key = own_room(request.room, turn);
  if (!key) return;
  ModeText text;
  for (const ModeChange& each : request.changes) change_mode(*key, each, turn, text);
  if (text.letters.empty()) return;
  const Person& person = person_of(turn);
  tell_room(
      *key,
      {.kind = Kind::mode, .from = person.name, .text = text.text(), .user = person.address()},
      turn);
}

void Chat::change_mode(const std::string& key, const ModeChange& change, Turn& turn,
                       ModeText& text) {
  if (rank_of(change.mode) > 0) return change_rank(key, change, turn, text);
  const bool is_mask = has(mask_letters, change.mode);
  if (!is_mask && !has(room_flags, change.mode) && change.mode != 'k' && change.mode != 'l') {
    return turn.refuse(Reason::unknown_mode, std::string("a room has no mode ") + change.mode,
                       {change.mode});
  }
  const int own = rank_of(*find_room(key)->ranks_of(person_of(turn).name));
  if (own < (is_mask ? rank_of('h') : rank_of('o'))) {
    return turn.refuse(Reason::needs_operator,
                       std::string("to change mode ") + change.mode + " of room " +
                           find_room(key)->name + " one must be " +
                           (is_mask ? "a half-operator" : "an operator") + " there",
                       {change.mode});
  }
  if (is_mask) return change_mask(key, change, turn, text);
  if (change.mode == 'k') return change_key(key, change, turn, text);
  if (change.mode == 'l') return change_limit(key, change, turn, text);
  change_flag(key, change, text);
}

void Chat::change_rank(const std::string& key, const ModeChange& change, Turn& turn,
                       ModeText& text) {
  const Room& room = *find_room(key);
  const Person* const target = person_here(change.argument, turn);
  if (target == nullptr) return;
  const std::string* const ranks = room.ranks_of(target->name);
  if (ranks == nullptr) {
    return turn.refuse(Reason::person_not_in_room, target->name + " is not in room " + room.name,
                       target->name);
  }
  const Person& person = person_of(turn);
  const int own = rank_of(*room.ranks_of(person.name));
  const bool from_higher = !change.set && rank_of(*ranks) > own;
  const bool own_goes = !change.set && target == &person;
  if (!own_goes && (own < rank_needed_for(change.mode, room) || from_higher)) {
    return turn.refuse(Reason::needs_operator,
                       std::string("one of a higher rank in room ") + room.name +
                           " gives and takes " + change.mode + " of " + target->name,
                       {change.mode});
  }
  if (has(*ranks, change.mode) == change.set) return;
  const std::string name = target->name;
  chat::change(rooms_.at(key).room.write().people.at(name), rank_letters, change.mode, change.set);
  text.add(change.set, change.mode, name);
}

void Chat::change_flag(const std::string& key, const ModeChange& change, ModeText& text) {
  if (has(find_room(key)->modes, change.mode) == change.set) return;
  chat::change(rooms_.at(key).room.write().modes, room_flags, change.mode, change.set);
  text.add(change.set, change.mode, "");
}

void Chat::change_key(const std::string& key, const ModeChange& change, Turn& turn,
                      ModeText& text) {
  const std::string wanted = change.set ? change.argument : "";
  if (change.set) {
    if (auto valid = validate_room_key(wanted); !valid) {
      return turn.refuse(Reason::bad_mode_argument, valid.error().message, subject_of(change));
    }
  }
  if (find_room(key)->key == wanted) return;
  rooms_.at(key).room.write().key = wanted;
  text.add(change.set, change.mode, change.set ? wanted : "*");
}

void Chat::change_limit(const std::string& key, const ModeChange& change, Turn& turn,
                        ModeText& text) {
  std::uint32_t limit = 0;
  if (change.set) {
    const char* const end = change.argument.data() + change.argument.size();
    const auto read = std::from_chars(change.argument.data(), end, limit);
    if (read.ec != std::errc{} || read.ptr != end || limit == 0) {
      return turn.refuse(Reason::bad_mode_argument, "a room is for a number of people, at least 1",
                         subject_of(change));
    }
  }
  if (find_room(key)->people_max == limit) return;
  rooms_.at(key).room.write().people_max = limit;
  text.add(change.set, change.mode, change.set ? std::to_string(limit) : "");
}

void Chat::change_mask(const std::string& key, const ModeChange& change, Turn& turn,
                       ModeText& text) {
  const auto mask = full_mask(change.argument);
  if (!mask) {
    return turn.refuse(Reason::bad_mode_argument, "a mask looks like NICK!USER@HOST",
                       subject_of(change));
  }
  const auto& masks = find_room(key)->masks;
  const auto found = std::ranges::find_if(
      masks, [&](const Mask& each) { return each.mode == change.mode && same(each.mask, *mask); });
  if ((found != masks.end()) == change.set) return;
  if (change.set && masks.size() >= options_.masks_per_room_max) {
    return turn.refuse(Reason::list_full,
                       "room " + find_room(key)->name + " has " + std::to_string(masks.size()) +
                           " masks, the limit of a room; take some away first",
                       {change.mode});
  }
  const auto place = found - masks.begin();
  const std::string as_written = change.set ? *mask : found->mask;
  auto& changed = rooms_.at(key).room.write().masks;
  if (change.set) {
    changed.push_back(
        {.mode = change.mode, .mask = *mask, .by = person_of(turn).name, .time = turn.time});
  } else {
    changed.erase(changed.begin() + place);
  }
  text.add(change.set, change.mode, as_written);
}

}  // namespace muster::chat
