// Who is there: signing in and out, names, and what people say of themselves.
#include <algorithm>
#include <utility>

#include "chat/chat.h"
#include "chat/letters.h"
#include "chat/words.h"
#include "muster/check.h"

namespace muster::chat {
namespace {

constexpr std::string_view nobody_in_particular = "muster";  // A user and host not given.

std::string or_nobody(const std::string& word) {
  return word.empty() ? std::string(nobody_in_particular) : word;
}

}  // namespace

// ---- Where they are kept ------------------------------------------------------------------------

std::uint8_t Chat::block_of(SessionId session) {
  return static_cast<std::uint8_t>(session.uuid.bytes.back() % blocks);
}

const Person* Chat::find_person(SessionId session) const {
  const auto block = people_.find(block_of(session));
  if (block == people_.end()) return nullptr;
  const auto found = block->second.read().people.find(session);
  return found == block->second.read().people.end() ? nullptr : &found->second;
}

const Person* Chat::find_person(std::string_view name) const {
  const auto found = names_.find(folded(name));
  return found == names_.end() ? nullptr : find_person(found->second);
}

Person& Chat::change_person(SessionId session) {
  return people_.at(block_of(session)).write().people.at(session);
}

void Chat::add_person(SessionId session, Person person) {
  names_.emplace(folded(person.name), session);
  inboxes_.emplace(person.inbox, session);
  PeopleBlock& block = people_[block_of(session)].write();
  block.block = block_of(session);
  block.people.emplace(session, std::move(person));
}

Person Chat::take_person(SessionId session) {
  const auto block = people_.find(block_of(session));
  auto taken = block->second.write().people.extract(session);
  check(!taken.empty());
  if (block->second.read().people.empty()) people_.erase(block);
  names_.erase(folded(taken.mapped().name));
  inboxes_.erase(taken.mapped().inbox);
  return std::move(taken.mapped());
}

std::string Chat::free_name(std::string_view name) const {
  if (!is_taken(name)) return std::string(name);
  // One of so many is free, since no more are taken.
  std::size_t number = 2;
  while (is_taken(numbered(name, number))) ++number;
  return numbered(name, number);
}

bool Chat::is_taken(std::string_view name) const {
  return names_.contains(folded(name));
}

const Person* Chat::person_here(const std::string& name, Turn& turn) const {
  const Person* const person = find_person(name);
  if (person != nullptr) return person;
  if (auto valid = validate_person(name); !valid) {
    turn.refuse(Reason::no_such_person, valid.error().message, subject_of(name));
  } else {
    turn.refuse(Reason::no_such_person, name + " is not here; /who lists who is in a room", name);
  }
  return nullptr;
}

void Chat::refuse_taken(const std::string& name, Turn& turn) const {
  turn.refuse(Reason::name_in_use,
              "the name " + name + " is taken; " + free_name(name) + " is free", name);
}

void Chat::remember_gone(const Person& person, LogTime until) {
  auto& people = gone_.write().people;
  people.push_back({.name = person.name,
                    .user = person.user,
                    .host = person.host,
                    .real_name = person.real_name,
                    .until = until});
  while (people.size() > options_.gone_people_max) people.pop_front();
}

// ---- What others are told -----------------------------------------------------------------------

void Chat::tell_around(const Person& person, Line line, const Moment& now) {
  line.from = person.name;
  line.user = person.address();
  line.bot = has(person.modes, 'B');
  for (const std::string& room : person.rooms) tell_room(room, line, now);
  now.output.publish(inbox_topic(person.inbox), encode(line));
}

void Chat::tell_presence(const Person& person, Kind kind, const Moment& now,
                         std::string_view text) {
  const Line line{
      .kind = kind, .from = person.name, .text = std::string(text), .user = person.address()};
  now.output.publish(presence_topic(person.name), encode(line));
}

// ---- Coming and going ---------------------------------------------------------------------------

bool Chat::are_valid(const SignIn& request, Turn& turn) {
  if (auto valid = validate_person(request.name); !valid) {
    turn.refuse(Reason::bad_name, valid.error().message);
    return false;
  }
  for (const Result<void>& valid :
       {validate_inbox(request.inbox), validate_user(or_nobody(request.user)),
        validate_host(or_nobody(request.host)), validate_real_name(request.real_name)}) {
    if (valid) continue;
    turn.refuse(Reason::malformed, valid.error().message);
    return false;
  }
  if (const auto valid = validate_server(request.server); !valid) {
    turn.refuse(Reason::malformed, valid.error().message);
    return false;
  }
  return true;
}

void Chat::handle(const SignIn& request, Turn& turn) {
  if (!are_valid(request, turn)) return;
  if (const Person* const known = find_person(turn.session)) {
    if (folded(known->name) == folded(request.name) && known->inbox == request.inbox) return;
    return turn.refuse(Reason::signed_in_already,
                       "this session is signed in as " + known->name + ": use /nick");
  }
  const auto before = inboxes_.find(request.inbox);
  if (before != inboxes_.end()) {
    return take_over(SessionId{before->second}, request.server, turn);
  }
  if (is_taken(request.name)) return refuse_taken(request.name, turn);
  if (names_.size() >= options_.people_max) {
    return turn.refuse(Reason::too_many_people,
                       std::to_string(names_.size()) +
                           " people are signed in, the limit of a group; try again later");
  }
  add_person(turn.session, {.name = request.name,
                            .inbox = request.inbox,
                            .user = or_nobody(request.user),
                            .host = or_nobody(request.host),
                            .real_name = request.real_name,
                            .server = request.server,
                            .away = {},
                            .modes = {},
                            .oper = {},
                            .since = turn.time,
                            .spoke = turn.time,
                            .delivered = turn.position});
  tell_presence(person_of(turn), Kind::online, turn);
}

// Others see nothing of it: for them the person never went.
void Chat::take_over(SessionId before, const std::string& server, Turn& turn) {
  Person person = take_person(before);
  person.server = server;
  add_person(turn.session, std::move(person));
  turn.receipt.resumed = true;
}

void Chat::handle(const SignOut& request, Turn& turn) {
  if (auto valid = validate_reason(request.reason); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  quit(turn.session, request.reason, turn);
}

void Chat::session_ended(SessionId session, Position at, LogTime now, service::Output& output) {
  if (find_person(session) == nullptr) return;
  quit(session, std::string(session_ended_reason), {.position = at, .time = now, .output = output});
  forget_empty_rooms();
}

void Chat::quit(SessionId session, const std::string& reason, const Moment& now) {
  const Person person = take_person(session);
  tell_around(person, {.kind = Kind::quit, .text = reason}, now);
  tell_presence(person, Kind::offline, now);
  for (const std::string& room : person.rooms) remove_from_room(room, person.name);
  for (auto& [key, entry] : rooms_) {
    if (entry.room.read().invites(folded(person.name))) {
      std::erase(entry.room.write().invited, folded(person.name));
    }
  }
  remember_gone(person, now.time);
}

// ---- Names --------------------------------------------------------------------------------------

void Chat::handle(const Nick& request, Turn& turn) {
  if (auto valid = validate_person(request.name); !valid) {
    return turn.refuse(Reason::bad_name, valid.error().message);
  }
  const std::string old = folded(person_of(turn).name);
  if (old != folded(request.name) && is_taken(request.name)) {
    return refuse_taken(request.name, turn);
  }
  if (!request.inbox.empty()) {
    if (auto valid = validate_inbox(request.inbox); !valid) {
      return turn.refuse(Reason::malformed, valid.error().message);
    }
    const auto owner = inboxes_.find(request.inbox);
    if (owner != inboxes_.end() && owner->second != turn.session) {
      return turn.refuse(Reason::malformed, "this inbox is somebody else's; make up another");
    }
  }
  if (person_of(turn).name != request.name) change_name(request.name, turn);
  if (!request.inbox.empty()) change_inbox(request.inbox, turn);
}

void Chat::change_name(const std::string& name, Turn& turn) {
  Person person = take_person(turn.session);
  tell_around(person, {.kind = Kind::nick, .text = name}, turn);
  const std::string old = std::exchange(person.name, name);
  person.former.push_back(old);
  if (person.former.size() > former_names_max) person.former.pop_front();
  for (const std::string& key : person.rooms) {
    auto& people = rooms_.at(key).room.write().people;
    auto member = people.extract(old);
    member.key() = name;
    people.insert(std::move(member));
  }
  if (folded(old) != folded(name)) {
    Person before = person;
    before.name = old;
    tell_presence(before, Kind::offline, turn, name);
    tell_presence(person, Kind::online, turn);
    remember_gone(before, turn.time);
    for (auto& [key, entry] : rooms_) {
      if (!entry.room.read().invites(folded(old))) continue;
      std::ranges::replace(entry.room.write().invited, folded(old), folded(name));
    }
  }
  add_person(turn.session, std::move(person));
}

void Chat::change_inbox(const std::string& inbox, Turn& turn) {
  if (person_of(turn).inbox == inbox) return;
  Person person = take_person(turn.session);
  person.inbox = inbox;
  add_person(turn.session, std::move(person));
}

// ---- What people say of themselves --------------------------------------------------------------

void Chat::handle(const SetAway& request, Turn& turn) {
  if (auto valid = validate_reason(request.text); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  if (person_of(turn).away == request.text) return;
  change_person(turn.session).away = request.text;
  tell_around(person_of(turn), {.kind = Kind::away, .text = request.text}, turn);
  tell_presence(person_of(turn), Kind::away, turn, request.text);
}

void Chat::handle(const SetRealName& request, Turn& turn) {
  if (auto valid = validate_real_name(request.text); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  if (person_of(turn).real_name == request.text) return;
  change_person(turn.session).real_name = request.text;
  tell_around(person_of(turn), {.kind = Kind::real_name, .text = request.text}, turn);
  tell_presence(person_of(turn), Kind::real_name, turn, request.text);
}

void Chat::handle(const SetOwnModes& request, Turn& turn) {
  if (request.changes.size() > options_.mode_changes_max) {
    return turn.refuse(Reason::malformed, "at most " + std::to_string(options_.mode_changes_max) +
                                              " modes change at once; send the rest later");
  }
  std::string modes = person_of(turn).modes;
  ModeText text;
  for (const ModeChange& each : request.changes) {
    if (each.mode == 'o' && each.set) {
      turn.refuse(Reason::needs_oper, "mode o is given to who has the password of one: OPER", "o");
    } else if (!has(person_flags, each.mode)) {
      turn.refuse(Reason::unknown_mode, std::string("a person has no mode ") + each.mode,
                  {each.mode});
    } else if (change(modes, person_flags, each.mode, each.set)) {
      text.add(each.set, each.mode, "");
    }
  }
  if (!text.letters.empty()) change_modes(turn.session, modes, text, turn);
}

void Chat::change_modes(SessionId session, const std::string& modes, const ModeText& text,
                        const Moment& now) {
  Person& person = change_person(session);
  person.modes = modes;
  if (!has(modes, 'o')) person.oper.clear();
  const Line line{
      .kind = Kind::mode, .from = person.name, .text = text.text(), .user = person.address()};
  now.output.publish(inbox_topic(person.inbox), encode(line));
}

void Chat::handle(const Delivered& request, Turn& turn) {
  if (request.position > turn.position) {
    return turn.refuse(Reason::malformed, "nothing was told yet of that place");
  }
  if (request.position <= person_of(turn).delivered) return;
  change_person(turn.session).delivered = request.position;
}

}  // namespace muster::chat
