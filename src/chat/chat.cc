#include "chat/chat.h"

#include <algorithm>
#include <utility>

#include "chat/words.h"
#include "muster/check.h"

namespace muster::chat {
namespace {

constexpr std::size_t kept_overhead_bytes = 64;  // Of a line that is kept, beside its texts.

void refuse(const Error& error, service::Output& output) {
  output.refuse(error.code, error.message);
}

void acknowledge(const service::Command& command, const std::string& name,
                 service::Output& output) {
  output.reply(encode(Receipt{.position = command.position, .time = command.time, .name = name}));
}

/// It was said before: this is where.
void acknowledge_repeat(const Line& line, const std::string& name, service::Output& output) {
  output.reply(encode(
      Receipt{.position = line.position, .time = line.time, .repeated = true, .name = name}));
}

void tell(const std::string& topic, const Line& line, service::Output& output) {
  output.publish(topic, encode(line));
}

constexpr std::string_view not_signed_in = "this session has no name yet: sign in first";

}  // namespace

std::string room_topic(std::string_view room) {
  return "chat/" + std::string(room);
}

std::string inbox_topic(std::string_view inbox) {
  return "chat/@" + std::string(inbox);
}

// ---- What is kept -------------------------------------------------------------------------------

void Chat::History::add(Kept kept, std::size_t lines_max, std::size_t bytes_max) {
  bytes += size_of(kept);
  lines.push_back(std::move(kept));
  while (lines.size() > lines_max || bytes > bytes_max) drop_front();
}

std::size_t Chat::History::size_of(const Kept& kept) {
  return kept_overhead_bytes + kept.line.from.size() + kept.line.to.size() + kept.line.text.size() +
         kept.key.size();
}

void Chat::History::drop_front() {
  bytes -= size_of(lines.front());
  lines.pop_front();
}

void Chat::History::drop_until(LogTime time) {
  while (!lines.empty() && lines.front().line.time <= time) drop_front();
}

const Chat::Kept* Chat::History::find(std::string_view from, std::string_view key) const {
  if (key.empty()) return nullptr;
  const auto found = std::find_if(lines.rbegin(), lines.rend(), [&](const Kept& kept) {
    return kept.key == key && kept.line.from == from;
  });
  return found == lines.rend() ? nullptr : &*found;
}

void Chat::keep(Room& room, Kept kept) {
  expires_at(kept.line.time + options_.history_age_max);
  kept.line.room.clear();  // The room knows its name.
  room.history.add(std::move(kept), options_.history_lines_max, options_.history_bytes_max);
}

void Chat::keep(Person& person, Kept kept) {
  expires_at(kept.line.time + options_.history_age_max);
  person.directs.add(std::move(kept), options_.directs_max, options_.direct_bytes_max);
}

void Chat::expires_at(LogTime time) {
  deadline_ = deadline_ ? std::min(*deadline_, time) : time;
}

void Chat::expires_after(const History& history) {
  if (!history.lines.empty()) {
    expires_at(history.lines.front().line.time + options_.history_age_max);
  }
}

void Chat::expire(LogTime now, service::Output&) {
  const LogTime until = now + -options_.history_age_max;
  const auto is_due = [&](const History& history) {
    return !history.lines.empty() && history.lines.front().line.time <= until;
  };
  std::vector<std::string> rooms;
  for (const auto& [name, room] : rooms_) {
    if (is_due(room.read().history)) rooms.push_back(name);
  }
  for (const std::string& name : rooms) {
    rooms_.at(name).write().history.drop_until(until);
    forget_if_empty(name);
  }
  std::vector<SessionId> sessions;
  for_each_person([&](SessionId session, const Person& person) {
    if (is_due(person.directs)) sessions.push_back(session);
  });
  for (const SessionId session : sessions) change_person(session).directs.drop_until(until);

  deadline_.reset();
  for (const auto& [name, room] : rooms_) expires_after(room.read().history);
  for_each_person([&](SessionId, const Person& person) { expires_after(person.directs); });
}

// ---- People -------------------------------------------------------------------------------------

std::uint8_t Chat::block_of(SessionId session) {
  return static_cast<std::uint8_t>(session.uuid.bytes.back() % blocks);
}

const Chat::Person* Chat::find_person(SessionId session) const {
  const auto block = people_.find(block_of(session));
  if (block == people_.end()) return nullptr;
  const auto found = block->second.read().people.find(session);
  return found == block->second.read().people.end() ? nullptr : &found->second;
}

Chat::Person& Chat::change_person(SessionId session) {
  return people_.at(block_of(session)).write().people.at(session);
}

void Chat::add_person(SessionId session, Person person) {
  names_.emplace(folded(person.name), session);
  inboxes_.emplace(person.inbox, session);
  People& block = people_[block_of(session)].write();
  block.block = block_of(session);
  block.people.emplace(session, std::move(person));
}

Chat::Person Chat::take_person(SessionId session) {
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

Error Chat::taken(std::string_view name) const {
  return {ErrorCode::already_exists,
          "the name " + std::string(name) + " is taken; " + free_name(name) + " is free"};
}

void Chat::session_ended(SessionId session, LogTime, service::Output& output) {
  if (find_person(session) == nullptr) return;
  const Person person = take_person(session);
  for (const std::string& room : person.rooms) leave_room(room, person.name, output);
}

// ---- Rooms --------------------------------------------------------------------------------------

Result<Chat::Room*> Chat::change_or_make_room(const std::string& name) {
  const auto found = rooms_.find(name);
  if (found != rooms_.end()) return &found->second.write();
  if (rooms_.size() >= options_.rooms_max) {
    return Error{ErrorCode::resource_exhausted,
                 "there are " + std::to_string(rooms_.size()) +
                     " rooms, the limit of a group; join one of them: /rooms lists them"};
  }
  Room& room = rooms_[name].write();
  room.name = name;
  return &room;
}

void Chat::leave_room(const std::string& name, const std::string& person, service::Output& output) {
  rooms_.at(name).write().people.erase(person);
  tell(room_topic(name), {.kind = Kind::leave, .room = name, .from = person}, output);
  forget_if_empty(name);
}

void Chat::forget_if_empty(const std::string& name) {
  const Room& room = rooms_.at(name).read();
  if (room.people.empty() && room.history.lines.empty()) rooms_.erase(name);
}

// ---- Commands -----------------------------------------------------------------------------------

void Chat::apply(const service::Command& command, service::Output& output) {
  const auto request = decode_request(command.payload);
  if (!request) return refuse(request.error(), output);
  if (const auto* const sign_in = std::get_if<SignIn>(&*request)) {
    return handle(*sign_in, command, output);
  }
  if (find_person(command.session) == nullptr) {
    return output.refuse(ErrorCode::failed_precondition, not_signed_in);
  }
  std::visit([&](const auto& one) { handle(one, command, output); }, *request);
}

void Chat::handle(const SignIn& request, const service::Command& command, service::Output& output) {
  if (auto valid = validate_person(request.name); !valid) return refuse(valid.error(), output);
  if (auto valid = validate_inbox(request.inbox); !valid) return refuse(valid.error(), output);
  if (const Person* const known = find_person(command.session)) {
    if (folded(known->name) == folded(request.name) && known->inbox == request.inbox) {
      return acknowledge(command, known->name, output);
    }
    return output.refuse(ErrorCode::failed_precondition,
                         "this session is signed in as " + known->name + ": use /nick");
  }
  const auto before = inboxes_.find(request.inbox);
  if (before != inboxes_.end()) {
    Person person = take_person(SessionId{before->second});
    const std::string name = person.name;
    add_person(command.session, std::move(person));
    return acknowledge(command, name, output);
  }
  if (is_taken(request.name)) return refuse(taken(request.name), output);
  if (names_.size() >= options_.people_max) {
    return output.refuse(ErrorCode::resource_exhausted,
                         std::to_string(names_.size()) +
                             " people are signed in, the limit of a group; try again later");
  }
  add_person(command.session,
             {.name = request.name, .inbox = request.inbox, .since = command.time});
  acknowledge(command, request.name, output);
}

void Chat::handle(const Join& request, const service::Command& command, service::Output& output) {
  if (auto valid = validate_room(request.room); !valid) return refuse(valid.error(), output);
  const Person& person = *find_person(command.session);
  if (person.rooms.contains(request.room)) {
    return acknowledge(command, person.name, output);
  }
  if (person.rooms.size() >= options_.rooms_per_person_max) {
    return output.refuse(ErrorCode::resource_exhausted,
                         person.name + " is in " + std::to_string(person.rooms.size()) +
                             " rooms, the limit of a person; leave one first");
  }
  const auto known = rooms_.find(request.room);
  if (known != rooms_.end() && known->second.read().people.size() >= options_.people_per_room_max) {
    return output.refuse(ErrorCode::resource_exhausted,
                         "room " + request.room + " has " +
                             std::to_string(known->second.read().people.size()) +
                             " people, the limit of a room; join another");
  }
  const auto room = change_or_make_room(request.room);
  if (!room) return refuse(room.error(), output);
  (*room)->people.insert(person.name);
  change_person(command.session).rooms.insert(request.room);
  const std::string& name = find_person(command.session)->name;
  tell(room_topic(request.room), {.kind = Kind::join, .room = request.room, .from = name}, output);
  acknowledge(command, name, output);
}

void Chat::handle(const Leave& request, const service::Command& command, service::Output& output) {
  if (auto valid = validate_room(request.room); !valid) return refuse(valid.error(), output);
  const std::string name = find_person(command.session)->name;
  if (!find_person(command.session)->rooms.contains(request.room)) {
    return output.refuse(ErrorCode::failed_precondition, name + " is not in room " + request.room);
  }
  change_person(command.session).rooms.erase(request.room);
  leave_room(request.room, name, output);
  acknowledge(command, name, output);
}

void Chat::handle(const Say& request, const service::Command& command, service::Output& output) {
  if (auto valid = validate_room(request.room); !valid) return refuse(valid.error(), output);
  if (auto valid = validate_text(request.text); !valid) return refuse(valid.error(), output);
  if (auto valid = validate_key(request.key); !valid) return refuse(valid.error(), output);
  const std::string& name = find_person(command.session)->name;
  const auto known = rooms_.find(request.room);
  if (known != rooms_.end()) {
    const Kept* const before = known->second.read().history.find(name, request.key);
    if (before != nullptr) return acknowledge_repeat(before->line, name, output);
  }
  const auto room = change_or_make_room(request.room);
  if (!room) return refuse(room.error(), output);
  Line line{.kind = request.action ? Kind::action : Kind::message,
            .room = request.room,
            .from = name,
            .text = request.text};
  tell(room_topic(request.room), line, output);
  line.position = command.position;
  line.time = command.time;
  keep(**room, {.line = std::move(line), .key = request.key});
  acknowledge(command, name, output);
}

void Chat::handle(const Direct& request, const service::Command& command, service::Output& output) {
  if (auto valid = validate_person(request.to); !valid) return refuse(valid.error(), output);
  if (auto valid = validate_text(request.text); !valid) return refuse(valid.error(), output);
  if (auto valid = validate_key(request.key); !valid) return refuse(valid.error(), output);
  const std::string name = find_person(command.session)->name;
  const auto to = names_.find(folded(request.to));
  if (to == names_.end()) {
    return output.refuse(ErrorCode::not_found,
                         request.to + " is not here; /who lists who is in a room");
  }
  const Kept* const before = find_person(to->second)->directs.find(name, request.key);
  if (before != nullptr) return acknowledge_repeat(before->line, name, output);
  Line line{.kind = Kind::direct,
            .from = name,
            .to = find_person(to->second)->name,
            .text = request.text};
  for (const SessionId session : std::set{command.session, to->second}) {
    tell(inbox_topic(find_person(session)->inbox), line, output);
  }
  line.position = command.position;
  line.time = command.time;
  for (const SessionId session : std::set{command.session, to->second}) {
    keep(change_person(session), {.line = line, .key = request.key});
  }
  acknowledge(command, name, output);
}

void Chat::handle(const Nick& request, const service::Command& command, service::Output& output) {
  if (auto valid = validate_person(request.name); !valid) return refuse(valid.error(), output);
  const std::string old = find_person(command.session)->name;
  if (old == request.name) return acknowledge(command, old, output);
  const bool same_but_for_case = folded(old) == folded(request.name);
  if (!same_but_for_case && is_taken(request.name)) return refuse(taken(request.name), output);
  Person person = take_person(command.session);
  person.name = request.name;
  for (const std::string& name : person.rooms) {
    Room& room = rooms_.at(name).write();
    room.people.erase(old);
    room.people.insert(request.name);
    tell(room_topic(name), {.kind = Kind::nick, .room = name, .from = old, .text = request.name},
         output);
  }
  add_person(command.session, std::move(person));
  acknowledge(command, request.name, output);
}

void Chat::handle(const SetTopic& request, const service::Command& command,
                  service::Output& output) {
  if (auto valid = validate_room(request.room); !valid) return refuse(valid.error(), output);
  if (auto valid = validate_topic_text(request.text); !valid) return refuse(valid.error(), output);
  const Person& person = *find_person(command.session);
  if (!person.rooms.contains(request.room)) {
    return output.refuse(ErrorCode::failed_precondition,
                         person.name + " is not in room " + request.room + ": join it first");
  }
  Room& room = rooms_.at(request.room).write();
  if (room.topic == request.text) return acknowledge(command, person.name, output);
  room.topic = request.text;
  Line line{.kind = Kind::topic, .room = request.room, .from = person.name, .text = request.text};
  tell(room_topic(request.room), line, output);
  line.position = command.position;
  line.time = command.time;
  keep(room, {.line = std::move(line)});
  acknowledge(command, person.name, output);
}

}  // namespace muster::chat
