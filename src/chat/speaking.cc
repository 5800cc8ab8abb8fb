// What is said, and what is kept of it.
#include <algorithm>
#include <set>
#include <utility>

#include "chat/chat.h"
#include "chat/letters.h"
#include "chat/words.h"

namespace muster::chat {
namespace {

Kind kind_of(Manner manner) {
  switch (manner) {
    case Manner::action:
      return Kind::action;
    case Manner::notice:
      return Kind::notice;
    case Manner::tags:
      return Kind::tags;
    case Manner::message:
      break;
  }
  return Kind::message;
}

/// Of the moment only: that somebody is typing.
bool is_passing(Manner manner, std::string_view tags) {
  return manner == Manner::tags && tags.find(';') == std::string_view::npos &&
         (tags.starts_with("+typing") || tags.starts_with("+draft/typing"));
}

bool is_ctcp(const Say& request) {
  return request.text.starts_with('\x01') && !request.text.starts_with(
                                                 "\x01"
                                                 "ACTION");
}

}  // namespace

// ---- Rooms --------------------------------------------------------------------------------------

bool Chat::may_speak(const Room& room, const Say& request, Turn& turn) const {
  const Person& person = person_of(turn);
  const std::string* const ranks = room.ranks_of(person.name);
  const int rank = ranks == nullptr ? 0 : rank_of(*ranks);
  std::string why;
  if (has(room.modes, 'n') && ranks == nullptr) {
    why = "only who is in room " + room.name + " may speak there (+n): join it first";
  } else if (has(room.modes, 'm') && rank < rank_of('v')) {
    why = "only who was given voice may speak in room " + room.name + " (+m)";
  } else if (rank < rank_of('v') && room.bans(person.prefix())) {
    why = person.name + " is banned from room " + room.name + " (+b)";
  } else if (has(room.modes, 'C') && is_ctcp(request)) {
    why = "room " + room.name + " takes no CTCP (+C)";
  }
  if (why.empty()) return true;
  turn.refuse(Reason::may_not_speak, std::move(why), room.name);
  return false;
}

void Chat::handle(const Say& request, Turn& turn) {
  if (auto valid = validate_room(request.room); !valid) {
    return turn.refuse(Reason::bad_room, valid.error().message);
  }
  for (const Result<void>& valid :
       {validate_said(request.manner, request.text, request.tags), validate_key(request.key)}) {
    if (!valid) return turn.refuse(Reason::malformed, valid.error().message);
  }
  const std::string key = folded(request.room);
  const Room* const room = find_room(key);
  if (room == nullptr) return refuse_no_room(request.room, turn);
  const KeptLine* const before = rooms_.at(key).history.find(person_of(turn).name, request.key);
  if (before != nullptr) return turn.repeat(*before);
  if (!may_speak(*room, request, turn)) return;
  const bool passing = is_passing(request.manner, request.tags);
  if (!passing) change_person(turn.session).spoke = turn.time;
  const Person& person = person_of(turn);
  Line line{.kind = kind_of(request.manner),
            .room = room->name,
            .from = person.name,
            .text = request.text,
            .user = person.address(),
            .tags = request.tags,
            .bot = has(person.modes, 'B')};
  if (passing) return turn.output.publish(room_topic(key), encode(line));
  tell_room(key, std::move(line), turn, request.key);
}

// ---- People -------------------------------------------------------------------------------------

void Chat::handle(const Direct& request, Turn& turn) {
  for (const Result<void>& valid :
       {validate_said(request.manner, request.text, request.tags), validate_key(request.key)}) {
    if (!valid) return turn.refuse(Reason::malformed, valid.error().message);
  }
  if (person_here(request.to, turn) == nullptr) return;
  const SessionId target = names_.find(folded(request.to))->second;
  const KeptLine* const before =
      find_person(target)->directs.find(person_of(turn).name, request.key);
  if (before != nullptr) return turn.repeat(*before);
  turn.receipt.away = find_person(target)->away;
  Line line{.kind = Kind::direct,
            .from = person_of(turn).name,
            .to = find_person(target)->name,
            .text = request.text,
            .manner = request.manner,
            .user = person_of(turn).address(),
            .tags = request.tags,
            .bot = has(person_of(turn).modes, 'B')};
  const std::set<SessionId> sessions{turn.session, target};
  for (const SessionId session : sessions) {
    turn.output.publish(inbox_topic(find_person(session)->inbox), encode(line));
  }
  if (is_passing(request.manner, request.tags)) return;
  change_person(turn.session).spoke = turn.time;
  line.position = turn.position;
  line.time = turn.time;
  for (const SessionId session : sessions) keep(session, KeptLine(line, request.key));
}

// ---- What is kept -------------------------------------------------------------------------------

void Chat::keep(RoomEntry& entry, const std::string& key, const KeptLine& line) {
  expires_at(line.time() + options_.history_age_max);
  histories_bytes_ -= entry.history.bytes();
  entry.history.add(line, room_limits());
  histories_bytes_ += entry.history.bytes();
  shorten_histories();
  if (entry.history.said() == 0) perhaps_empty_.push_back(key);
}

void Chat::keep(SessionId session, const KeptLine& line) {
  expires_at(line.time() + options_.history_age_max);
  change_person(session).directs.add(line, direct_limits());
}

void Chat::shorten_histories() {
  while (histories_bytes_ > options_.histories_bytes_max) {
    auto longest = rooms_.begin();
    for (auto room = rooms_.begin(); room != rooms_.end(); ++room) {
      if (room->second.history.bytes() > longest->second.history.bytes()) longest = room;
    }
    KeptLines& history = longest->second.history;
    histories_bytes_ -= history.bytes();
    history.drop_oldest();
    histories_bytes_ += history.bytes();
    if (history.said() == 0) perhaps_empty_.push_back(longest->first);
  }
}

void Chat::expires_at(LogTime time) {
  deadline_ = deadline_ ? std::min(*deadline_, time) : time;
}

void Chat::expires_after(const KeptLines& history) {
  if (!history.empty()) expires_at(history.oldest().time() + options_.history_age_max);
}

void Chat::expire(LogTime now, service::Output&) {
  const LogTime until = now + -options_.history_age_max;
  deadline_.reset();
  for (auto& [key, entry] : rooms_) {
    histories_bytes_ -= entry.history.bytes();
    entry.history.drop_until(until);
    histories_bytes_ += entry.history.bytes();
    if (entry.history.said() == 0) perhaps_empty_.push_back(key);
    expires_after(entry.history);
  }
  forget_empty_rooms();
  const auto is_due = [&](const KeptLines& lines) {
    return !lines.empty() && lines.oldest().time() <= until;
  };
  std::vector<SessionId> sessions;
  for_each_person([&](SessionId session, const Person& person) {
    if (is_due(person.directs)) sessions.push_back(session);
  });
  for (const SessionId session : sessions) change_person(session).directs.drop_until(until);
  for_each_person([&](SessionId, const Person& person) { expires_after(person.directs); });
}

}  // namespace muster::chat
