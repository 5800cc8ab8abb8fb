#include "chat/messages.h"

#include <array>
#include <utility>

#include "chat/chat.pb.h"
#include "wire/control.h"
#include "wire/timestamp.h"

namespace muster::chat {
namespace {

using wire::put_time;
using wire::to_time;

Error unknown(std::string_view what) {
  return {ErrorCode::invalid_argument,
          "this version of the chat service knows no such " + std::string(what)};
}

void put_line(const Line& line, schema::Line& out) {
  out.set_index(line.position.index.value);
  out.set_ordinal(line.position.ordinal);
  out.set_room(line.room);
  out.set_from(line.from);
  out.set_text(line.text);
  if (line.time != LogTime{}) put_time(line.time, *out.mutable_time());
  out.set_kind(static_cast<schema::Kind::Value>(line.kind));
  out.set_to(line.to);
}

Result<Line> to_line(schema::Line&& line) {
  if (line.kind() < schema::Kind::MESSAGE || line.kind() > schema::Kind::DIRECT) {
    return unknown("kind of line");
  }
  return Line{.position = {.index = {line.index()}, .ordinal = line.ordinal()},
              .time = to_time(line.time()),
              .kind = static_cast<Kind>(line.kind()),
              .room = std::move(*line.mutable_room()),
              .from = std::move(*line.mutable_from()),
              .to = std::move(*line.mutable_to()),
              .text = std::move(*line.mutable_text())};
}

void put(const SignIn& request, schema::Command& out) {
  out.mutable_sign_in()->set_name(request.name);
  out.mutable_sign_in()->set_inbox(request.inbox);
}
void put(const Join& request, schema::Command& out) {
  out.mutable_join()->set_room(request.room);
}
void put(const Leave& request, schema::Command& out) {
  out.mutable_leave()->set_room(request.room);
}
void put(const Say& request, schema::Command& out) {
  schema::Say& say = *out.mutable_say();
  say.set_room(request.room);
  say.set_text(request.text);
  say.set_action(request.action);
  say.set_key(request.key);
}
void put(const Direct& request, schema::Command& out) {
  schema::Direct& direct = *out.mutable_direct();
  direct.set_to(request.to);
  direct.set_text(request.text);
  direct.set_key(request.key);
}
void put(const Nick& request, schema::Command& out) {
  out.mutable_nick()->set_name(request.name);
}
void put(const SetTopic& request, schema::Command& out) {
  out.mutable_set_topic()->set_room(request.room);
  out.mutable_set_topic()->set_text(request.text);
}

void put(const AskRoom& query, schema::Query& out) {
  schema::AskRoom& room = *out.mutable_room();
  room.set_room(query.room);
  room.set_lines(query.lines);
  if (!query.from) return;
  room.set_from_place(true);
  room.set_from_index(query.from->index.value);
  room.set_from_ordinal(query.from->ordinal);
}
void put(const AskRooms&, schema::Query& out) {
  out.mutable_rooms();
}
void put(const AskPerson& query, schema::Query& out) {
  out.mutable_person()->set_name(query.name);
}

}  // namespace

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 8> names{"UNKNOWN", "MESSAGE", "ACTION", "JOIN",
                                                  "LEAVE",   "NICK",    "TOPIC",  "DIRECT"};
  return names.at(static_cast<std::size_t>(kind));
}

Bytes encode(const Line& line) {
  schema::Line out;
  put_line(line, out);
  return wire::encode(out);
}

Result<Line> decode_line(BytesView bytes) {
  auto line = wire::decode<schema::Line>(bytes);
  if (!line) return line.error();
  return to_line(std::move(*line));
}

Bytes encode(const Request& request) {
  schema::Command command;
  std::visit([&](const auto& one) { put(one, command); }, request);
  return wire::encode(command);
}

Result<Request> decode_request(BytesView bytes) {
  const auto command = wire::decode<schema::Command>(bytes);
  if (!command) return command.error();
  switch (command->what_case()) {
    case schema::Command::kSignIn:
      return Request{SignIn{command->sign_in().name(), command->sign_in().inbox()}};
    case schema::Command::kJoin:
      return Request{Join{command->join().room()}};
    case schema::Command::kLeave:
      return Request{Leave{command->leave().room()}};
    case schema::Command::kSay:
      return Request{Say{.room = command->say().room(),
                         .text = command->say().text(),
                         .action = command->say().action(),
                         .key = command->say().key()}};
    case schema::Command::kDirect:
      return Request{Direct{.to = command->direct().to(),
                            .text = command->direct().text(),
                            .key = command->direct().key()}};
    case schema::Command::kNick:
      return Request{Nick{command->nick().name()}};
    case schema::Command::kSetTopic:
      return Request{SetTopic{command->set_topic().room(), command->set_topic().text()}};
    case schema::Command::WHAT_NOT_SET:
      break;
  }
  return unknown("command");
}

Bytes encode(const Receipt& receipt) {
  schema::Receipt out;
  out.set_index(receipt.position.index.value);
  out.set_ordinal(receipt.position.ordinal);
  out.set_repeated(receipt.repeated);
  out.set_name(receipt.name);
  put_time(receipt.time, *out.mutable_time());
  return wire::encode(out);
}

Result<Receipt> decode_receipt(BytesView bytes) {
  const auto receipt = wire::decode<schema::Receipt>(bytes);
  if (!receipt) return receipt.error();
  return Receipt{.position = {.index = {receipt->index()}, .ordinal = receipt->ordinal()},
                 .time = to_time(receipt->time()),
                 .repeated = receipt->repeated(),
                 .name = receipt->name()};
}

Bytes encode(const Query& query) {
  schema::Query out;
  std::visit([&](const auto& one) { put(one, out); }, query);
  return wire::encode(out);
}

Result<Query> decode_query(BytesView bytes) {
  const auto query = wire::decode<schema::Query>(bytes);
  if (!query) return query.error();
  switch (query->what_case()) {
    case schema::Query::kRoom: {
      AskRoom room{.room = query->room().room(), .lines = query->room().lines()};
      if (query->room().from_place()) {
        room.from = Position{.index = {query->room().from_index()},
                             .ordinal = query->room().from_ordinal()};
      }
      return Query{std::move(room)};
    }
    case schema::Query::kRooms:
      return Query{AskRooms{}};
    case schema::Query::kPerson:
      return Query{AskPerson{query->person().name()}};
    case schema::Query::WHAT_NOT_SET:
      break;
  }
  return unknown("query");
}

Bytes encode(const RoomState& state) {
  schema::RoomState out;
  out.set_room(state.room);
  out.set_topic(state.topic);
  for (const std::string& person : state.people) out.add_people(person);
  for (const Line& line : state.lines) put_line(line, *out.add_lines());
  out.set_complete(state.complete);
  return wire::encode(out);
}

Result<RoomState> decode_room_state(BytesView bytes) {
  auto state = wire::decode<schema::RoomState>(bytes);
  if (!state) return state.error();
  RoomState out{.room = state->room(),
                .topic = state->topic(),
                .people = {state->people().begin(), state->people().end()},
                .complete = state->complete()};
  for (schema::Line& line : *state->mutable_lines()) {
    auto read = to_line(std::move(line));
    if (!read) return read.error();
    out.lines.push_back(std::move(*read));
  }
  return out;
}

Bytes encode(const Rooms& rooms) {
  schema::Rooms out;
  for (const RoomSummary& room : rooms.rooms) {
    schema::RoomSummary& summary = *out.add_rooms();
    summary.set_room(room.room);
    summary.set_topic(room.topic);
    summary.set_people(room.people);
    summary.set_lines(room.lines);
  }
  return wire::encode(out);
}

Result<Rooms> decode_rooms(BytesView bytes) {
  const auto rooms = wire::decode<schema::Rooms>(bytes);
  if (!rooms) return rooms.error();
  Rooms out;
  for (const schema::RoomSummary& room : rooms->rooms()) {
    out.rooms.push_back({.room = room.room(),
                         .topic = room.topic(),
                         .people = room.people(),
                         .lines = room.lines()});
  }
  return out;
}

Bytes encode(const PersonState& person) {
  schema::Person out;
  out.set_name(person.name);
  out.set_signed_in(person.signed_in);
  for (const std::string& room : person.rooms) out.add_rooms(room);
  put_time(person.since, *out.mutable_since());
  out.set_free_name(person.free_name);
  return wire::encode(out);
}

Result<PersonState> decode_person(BytesView bytes) {
  const auto person = wire::decode<schema::Person>(bytes);
  if (!person) return person.error();
  return PersonState{.name = person->name(),
                     .signed_in = person->signed_in(),
                     .rooms = {person->rooms().begin(), person->rooms().end()},
                     .since = to_time(person->since()),
                     .free_name = person->free_name()};
}

}  // namespace muster::chat
