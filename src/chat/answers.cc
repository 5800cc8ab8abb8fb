// Queries and their answers.
#include <utility>

#include "chat/chat.pb.h"
#include "chat/messages.h"
#include "chat/schema.h"
#include "wire/control.h"
#include "wire/timestamp.h"

namespace muster::chat {
namespace {

using wire::put_time;
using wire::to_time;

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
void put(const AskChannel& query, schema::Query& out) {
  out.mutable_channel()->set_room(query.room);
  out.mutable_channel()->set_people(query.people);
  out.mutable_channel()->set_lists(query.lists);
}
void put(const AskHistory& query, schema::Query& out) {
  schema::AskHistory& history = *out.mutable_history();
  history.set_room_or_person(query.room_or_person);
  history.set_inbox(query.inbox);
  if (query.after) chat::put(*query.after, *history.mutable_after());
  if (query.before) chat::put(*query.before, *history.mutable_before());
  if (query.after_time) put_time(*query.after_time, *history.mutable_after_time());
  if (query.before_time) put_time(*query.before_time, *history.mutable_before_time());
  history.set_lines(query.lines);
  history.set_newest(query.newest);
  history.set_all(query.all);
}
void put(const AskPeople& query, schema::Query& out) {
  out.mutable_people()->set_mask(query.mask);
  out.mutable_people()->set_people_max(query.people_max);
}
void put(const AskGone& query, schema::Query& out) {
  out.mutable_gone()->set_name(query.name);
  out.mutable_gone()->set_people_max(query.people_max);
}

void put(const AskOper& query, schema::Query& out) {
  out.mutable_oper()->set_name(query.name);
}

AskRoom read(const schema::AskRoom& query) {
  AskRoom room{.room = query.room(), .lines = query.lines()};
  if (query.from_place()) {
    room.from = Position{.index = {query.from_index()}, .ordinal = query.from_ordinal()};
  }
  return room;
}

AskHistory read(const schema::AskHistory& query) {
  AskHistory history{.room_or_person = query.room_or_person(),
                     .inbox = query.inbox(),
                     .lines = query.lines(),
                     .newest = query.newest(),
                     .all = query.all()};
  if (query.has_after()) history.after = to_position(query.after());
  if (query.has_before()) history.before = to_position(query.before());
  if (query.has_after_time()) history.after_time = to_time(query.after_time());
  if (query.has_before_time()) history.before_time = to_time(query.before_time());
  return history;
}

void put(const PersonState& person, schema::Person& out) {
  out.set_name(person.name);
  out.set_signed_in(person.signed_in);
  for (const Membership& membership : person.rooms) {
    schema::Membership& room = *out.add_rooms();
    room.set_room(membership.room);
    room.set_ranks(membership.ranks);
  }
  put_time(person.since, *out.mutable_since());
  out.set_free_name(person.free_name);
  out.set_user(person.user);
  out.set_host(person.host);
  out.set_real_name(person.real_name);
  out.set_away(person.away);
  out.set_modes(person.modes);
  put_time(person.spoke, *out.mutable_spoke());
  chat::put(person.delivered, *out.mutable_delivered());
  out.set_server(person.server);
  for (const std::string& name : person.former) out.add_former(name);
}

PersonState read(const schema::Person& person) {
  PersonState out{.name = person.name(),
                  .signed_in = person.signed_in(),
                  .since = to_time(person.since()),
                  .free_name = person.free_name(),
                  .user = person.user(),
                  .host = person.host(),
                  .real_name = person.real_name(),
                  .away = person.away(),
                  .modes = person.modes(),
                  .spoke = to_time(person.spoke()),
                  .delivered = to_position(person.delivered()),
                  .server = person.server(),
                  .former = {person.former().begin(), person.former().end()}};
  out.rooms.reserve(static_cast<std::size_t>(person.rooms_size()));
  for (const schema::Membership& room : person.rooms()) {
    out.rooms.push_back({.room = room.room(), .ranks = room.ranks()});
  }
  return out;
}

void put(const Member& member, schema::Member& out) {
  out.set_name(member.name);
  out.set_ranks(member.ranks);
  out.set_user(member.user);
  out.set_host(member.host);
  out.set_real_name(member.real_name);
  out.set_modes(member.modes);
  out.set_away(member.away);
  out.set_server(member.server);
  put_time(member.spoke, *out.mutable_spoke());
}

Member read(const schema::Member& member) {
  return {.name = member.name(),
          .ranks = member.ranks(),
          .user = member.user(),
          .host = member.host(),
          .real_name = member.real_name(),
          .modes = member.modes(),
          .away = member.away(),
          .server = member.server(),
          .spoke = to_time(member.spoke())};
}

template <class Messages>
Result<std::vector<Line>> read_lines(Messages& messages) {
  std::vector<Line> lines;
  lines.reserve(static_cast<std::size_t>(messages.size()));
  for (schema::Line& line : messages) {
    auto read = to_line(std::move(line));
    if (!read) return read.error();
    lines.push_back(std::move(*read));
  }
  return lines;
}

}  // namespace

Bytes encode(const Query& query) {
  schema::Query out;
  std::visit([&](const auto& one) { put(one, out); }, query);
  return wire::encode(out);
}

Result<Query> decode_query(BytesView bytes) {
  const auto query = wire::decode<schema::Query>(bytes);
  if (!query) return query.error();
  switch (query->what_case()) {
    case schema::Query::kRoom:
      return Query{read(query->room())};
    case schema::Query::kRooms:
      return Query{AskRooms{}};
    case schema::Query::kPerson:
      return Query{AskPerson{query->person().name()}};
    case schema::Query::kChannel:
      return Query{AskChannel{.room = query->channel().room(),
                              .people = query->channel().people(),
                              .lists = query->channel().lists()}};
    case schema::Query::kHistory:
      return Query{read(query->history())};
    case schema::Query::kPeople:
      return Query{AskPeople{query->people().mask(), query->people().people_max()}};
    case schema::Query::kGone:
      return Query{AskGone{query->gone().name(), query->gone().people_max()}};
    case schema::Query::kOper:
      return Query{AskOper{query->oper().name()}};
    case schema::Query::WHAT_NOT_SET:
      break;
  }
  return unknown_to_this_version("query");
}

Bytes encode(const RoomState& state) {
  schema::RoomState out;
  out.set_room(state.room);
  out.set_topic(state.topic);
  for (const std::string& person : state.people) out.add_people(person);
  for (const Line& line : state.lines) chat::put(line, *out.add_lines());
  out.set_complete(state.complete);
  return wire::encode(out);
}

Result<RoomState> decode_room_state(BytesView bytes) {
  auto state = wire::decode<schema::RoomState>(bytes);
  if (!state) return state.error();
  auto lines = read_lines(*state->mutable_lines());
  if (!lines) return lines.error();
  return RoomState{.room = state->room(),
                   .topic = state->topic(),
                   .people = {state->people().begin(), state->people().end()},
                   .lines = std::move(*lines),
                   .complete = state->complete()};
}

Bytes encode(const Rooms& rooms) {
  schema::Rooms out;
  for (const RoomSummary& room : rooms.rooms) {
    schema::RoomSummary& summary = *out.add_rooms();
    summary.set_room(room.room);
    summary.set_topic(room.topic);
    summary.set_people(room.people);
    summary.set_lines(room.lines);
    summary.set_modes(room.modes);
  }
  return wire::encode(out);
}

Result<Rooms> decode_rooms(BytesView bytes) {
  const auto rooms = wire::decode<schema::Rooms>(bytes);
  if (!rooms) return rooms.error();
  Rooms out;
  out.rooms.reserve(static_cast<std::size_t>(rooms->rooms_size()));
  for (const schema::RoomSummary& room : rooms->rooms()) {
    out.rooms.push_back({.room = room.room(),
                         .topic = room.topic(),
                         .people = room.people(),
                         .lines = room.lines(),
                         .modes = room.modes()});
  }
  return out;
}

Bytes encode(const PersonState& person) {
  schema::Person out;
  put(person, out);
  return wire::encode(out);
}

Result<PersonState> decode_person(BytesView bytes) {
  const auto person = wire::decode<schema::Person>(bytes);
  if (!person) return person.error();
  return read(*person);
}

Bytes encode(const People& people) {
  schema::People out;
  for (const PersonState& person : people.people) put(person, *out.add_people());
  out.set_complete(people.complete);
  out.set_in_all(people.in_all);
  out.set_invisible(people.invisible);
  out.set_opers(people.opers);
  return wire::encode(out);
}

Result<People> decode_people(BytesView bytes) {
  const auto people = wire::decode<schema::People>(bytes);
  if (!people) return people.error();
  People out{.complete = people->complete(),
             .in_all = people->in_all(),
             .invisible = people->invisible(),
             .opers = people->opers()};
  out.people.reserve(static_cast<std::size_t>(people->people_size()));
  for (const schema::Person& person : people->people()) out.people.push_back(read(person));
  return out;
}

Bytes encode(const OperState& oper) {
  schema::OperState out;
  out.set_exists(oper.exists);
  out.set_salt(oper.salt);
  out.set_iterations(oper.iterations);
  out.set_in_all(oper.in_all);
  return wire::encode(out);
}

Result<OperState> decode_oper(BytesView bytes) {
  const auto oper = wire::decode<schema::OperState>(bytes);
  if (!oper) return oper.error();
  return OperState{.exists = oper->exists(),
                   .salt = oper->salt(),
                   .iterations = oper->iterations(),
                   .in_all = oper->in_all()};
}

Bytes encode(const Channel& channel) {
  schema::Channel out;
  out.set_room(channel.room);
  out.set_exists(channel.exists);
  put_time(channel.created, *out.mutable_created());
  out.set_topic(channel.topic);
  out.set_topic_by(channel.topic_by);
  put_time(channel.topic_time, *out.mutable_topic_time());
  out.set_modes(channel.modes);
  out.set_key(channel.key);
  out.set_people_max(channel.people_max);
  for (const Member& member : channel.people) put(member, *out.add_people());
  out.set_people_count(channel.people_count);
  for (const Mask& mask : channel.masks) {
    schema::Mask& put = *out.add_masks();
    put.set_mode(static_cast<std::uint8_t>(mask.mode));
    put.set_mask(mask.mask);
    put.set_by(mask.by);
    put_time(mask.time, *put.mutable_time());
  }
  return wire::encode(out);
}

Result<Channel> decode_channel(BytesView bytes) {
  const auto channel = wire::decode<schema::Channel>(bytes);
  if (!channel) return channel.error();
  Channel out{.room = channel->room(),
              .exists = channel->exists(),
              .created = to_time(channel->created()),
              .topic = channel->topic(),
              .topic_by = channel->topic_by(),
              .topic_time = to_time(channel->topic_time()),
              .modes = channel->modes(),
              .key = channel->key(),
              .people_max = channel->people_max(),
              .people_count = channel->people_count()};
  out.people.reserve(static_cast<std::size_t>(channel->people_size()));
  for (const schema::Member& member : channel->people()) out.people.push_back(read(member));
  out.masks.reserve(static_cast<std::size_t>(channel->masks_size()));
  for (const schema::Mask& mask : channel->masks()) {
    const auto letter = to_letter(mask.mode());
    if (!letter) return letter.error();
    out.masks.push_back(
        {.mode = *letter, .mask = mask.mask(), .by = mask.by(), .time = to_time(mask.time())});
  }
  return out;
}

Bytes encode(const History& history) {
  schema::History out;
  for (const Line& line : history.lines) chat::put(line, *out.add_lines());
  out.set_complete(history.complete);
  return wire::encode(out);
}

Result<History> decode_history(BytesView bytes) {
  auto history = wire::decode<schema::History>(bytes);
  if (!history) return history.error();
  auto lines = read_lines(*history->mutable_lines());
  if (!lines) return lines.error();
  return History{.lines = std::move(*lines), .complete = history->complete()};
}

}  // namespace muster::chat
