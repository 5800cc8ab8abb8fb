// The chat's part of a snapshot: who may be an IRC operator, unless nobody may; blocks of people by
// ascending number; who has gone, unless nobody has; then rooms by folded name, each followed by
// the blocks of its history. All maps ascend, texts have their length before them, so that a state
// has one form.
//
//   opers:  u8 7, u32 count, then each by name: name, salt, u32 iterations, 32 bytes stored key
//   people: u8 3, u8 block, u32 count, then by session: id, name, inbox, user, host, real name,
//           server, away, modes, oper, i64 since, i64 spoke, u64 u32 delivered, u32 count, former
//           names, lines (direct messages)
//   gone:   u8 4, u32 count, then each, oldest first: name, user, host, real name, i64 until
//   room:   u8 5, name, i64 created, topic, topic by, i64 topic time, modes, key, u32 people max,
//           u32 count, masks: u8 letter, mask, by, i64 time; u32 count, folded names of the
//           invited; u32 count, people by name: name, ranks
//   block:  u8 6, folded name of the room, lines
//   lines:  u32 count, then each: u64 index, u32 ordinal, i64 time, u8 kind, u8 manner, u8 bot,
//           from, to, key, user, text (of who joins the full name), tags
//
// The tags 1 and 2 were those of a chat without modes.
#include <algorithm>
#include <utility>

#include "chat/chat.h"
#include "chat/letters.h"
#include "chat/masks.h"
#include "chat/words.h"
#include "muster/codec.h"

namespace muster::chat {
namespace {

constexpr std::uint8_t people_tag = 3;
constexpr std::uint8_t gone_tag = 4;
constexpr std::uint8_t room_tag = 5;
constexpr std::uint8_t opers_tag = 7;

Error damaged(const std::string& what) {
  return {ErrorCode::internal,
          "a snapshot's part of the chat can't be read (" + what + "); take the snapshot anew"};
}

void write(const Person& person, Writer& writer) {
  writer.sized(person.name);
  writer.sized(person.inbox);
  writer.sized(person.user);
  writer.sized(person.host);
  writer.sized(person.real_name);
  writer.sized(person.server);
  writer.sized(person.away);
  writer.sized(person.modes);
  writer.sized(person.oper);
  writer.integer(person.since.milliseconds);
  writer.integer(person.spoke.milliseconds);
  writer.integer(person.delivered.index.value);
  writer.integer(person.delivered.ordinal);
  writer.integer(static_cast<std::uint32_t>(person.former.size()));
  for (const std::string& name : person.former) writer.sized(name);
  person.directs.encode_lines(writer);
}

Person read_person(Reader& reader) {
  Person person{.name = reader.text(),
                .inbox = reader.text(),
                .user = reader.text(),
                .host = reader.text(),
                .real_name = reader.text(),
                .server = reader.text(),
                .away = reader.text(),
                .modes = reader.text(),
                .oper = reader.text(),
                .since = {},
                .spoke = {},
                .delivered = {}};
  person.since.milliseconds = reader.integer<std::int64_t>();
  person.spoke.milliseconds = reader.integer<std::int64_t>();
  person.delivered.index.value = reader.integer<std::uint64_t>();
  person.delivered.ordinal = reader.integer<std::uint32_t>();
  return person;
}

bool is_valid(const Person& person) {
  return validate_person(person.name) && validate_inbox(person.inbox) &&
         validate_user(person.user) && validate_host(person.host) &&
         validate_real_name(person.real_name) && validate_server(person.server) &&
         validate_reason(person.away) && is_set_of(person.modes, person_flags) &&
         has(person.modes, 'o') != person.oper.empty();
}

/// Part of a room: no more of them than there may be, and each one that can be read.
template <class Read>
bool read_each(Reader& reader, std::size_t count_max, Read read) {
  const auto count = reader.integer<std::uint32_t>();
  if (!reader.ok() || count > count_max) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!read() || !reader.ok()) return false;
  }
  return true;
}

bool read_former(Reader& reader, Person& person) {
  return read_each(reader, former_names_max, [&] {
    person.former.push_back(reader.text());
    return validate_person(person.former.back()).has_value();
  });
}

}  // namespace

// ---- Writing ------------------------------------------------------------------------------------

void PeopleBlock::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(people_tag);
  writer.integer(block);
  writer.integer(static_cast<std::uint32_t>(people.size()));
  for (const auto& [session, person] : people) {
    writer.uuid(session.uuid);
    write(person, writer);
  }
}

void GonePeople::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(gone_tag);
  writer.integer(static_cast<std::uint32_t>(people.size()));
  for (const GonePerson& person : people) {
    writer.sized(person.name);
    writer.sized(person.user);
    writer.sized(person.host);
    writer.sized(person.real_name);
    writer.integer(person.until.milliseconds);
  }
}

void Room::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(room_tag);
  writer.sized(name);
  writer.integer(created.milliseconds);
  writer.sized(topic);
  writer.sized(topic_by);
  writer.integer(topic_time.milliseconds);
  writer.sized(modes);
  writer.sized(key);
  writer.integer(people_max);
  writer.integer(static_cast<std::uint32_t>(masks.size()));
  for (const Mask& mask : masks) {
    writer.integer(static_cast<std::uint8_t>(mask.mode));
    writer.sized(mask.mask);
    writer.sized(mask.by);
    writer.integer(mask.time.milliseconds);
  }
  writer.integer(static_cast<std::uint32_t>(invited.size()));
  for (const std::string& each : invited) writer.sized(each);
  writer.integer(static_cast<std::uint32_t>(people.size()));
  for (const auto& [person, ranks] : people) {
    writer.sized(person);
    writer.sized(ranks);
  }
}

void Opers::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(opers_tag);
  writer.integer(static_cast<std::uint32_t>(credentials.size()));
  for (const auto& [name, credential] : credentials) {
    writer.sized(name);
    writer.sized(credential.salt);
    writer.integer(credential.iterations);
    writer.raw(credential.stored_key);
  }
}

service::FrozenParts Chat::freeze() const {
  service::FrozenParts parts;
  parts.reserve(people_.size() + 2 + rooms_.size());
  if (!opers_.read().credentials.empty()) parts.push_back(opers_.share());
  for (const auto& [block, people] : people_) parts.push_back(people.share());
  if (!gone_.read().people.empty()) parts.push_back(gone_.share());
  for (const auto& [key, entry] : rooms_) {
    parts.push_back(entry.room.share());
    entry.history.freeze(parts);
  }
  return parts;
}

// ---- Reading ------------------------------------------------------------------------------------

Result<void> Chat::restore(BytesView part) {
  Reader reader(part);
  switch (reader.integer<std::uint8_t>()) {
    case people_tag:
      return restore_people(reader);
    case gone_tag:
      return restore_gone(reader);
    case opers_tag:
      return restore_opers(reader);
    case room_tag:
      return restore_room(reader);
    case KeptLines::block_tag:
      return restore_lines(reader);
    default:
      return damaged("it is of no known kind");
  }
}

Result<void> Chat::restore_opers(Reader& reader) {
  auto& credentials = opers_.write().credentials;
  const bool is_first = credentials.empty() && people_.empty() && gone_.read().people.empty();
  if (!is_first || !rooms_.empty()) return damaged("order of operators");
  const bool read = read_each(reader, options_.opers_max, [&] {
    std::string name = reader.text();
    OperCredential credential{.salt = reader.text(), .iterations = reader.integer<std::uint32_t>()};
    const BytesView stored = reader.raw(credential.stored_key.size());
    std::ranges::copy(stored, credential.stored_key.begin());
    const bool valid = validate_person(name) && chat::validate(credential) &&
                       (credentials.empty() || name > credentials.rbegin()->first);
    credentials.emplace(std::move(name), std::move(credential));
    return valid;
  });
  if (!read || credentials.empty() || !reader.finished()) return damaged("operators");
  return {};
}

Result<void> Chat::restore_people(Reader& reader) {
  const auto block = reader.integer<std::uint8_t>();
  const auto count = reader.integer<std::uint32_t>();
  const bool is_first = gone_.read().people.empty() && rooms_.empty();
  if (!reader.ok() || block >= blocks || count == 0 || !is_first) return damaged("people");
  if (!people_.empty() && people_.rbegin()->first >= block) return damaged("order of people");
  std::optional<SessionId> before;
  for (std::uint32_t i = 0; i < count; ++i) {
    const SessionId session{reader.uuid()};
    Person person = read_person(reader);
    const bool read =
        read_former(reader, person) && person.directs.restore_lines(reader, direct_limits());
    if (!read || block_of(session) != block || (before && session <= *before)) {
      return damaged("a person");
    }
    if (!chat::is_valid(person)) return damaged("a name");
    if (!person.oper.empty() && !opers_.read().credentials.contains(person.oper)) {
      return damaged("an operator");
    }
    if (is_taken(person.name) || inboxes_.contains(person.inbox)) return damaged("a name twice");
    if (names_.size() >= options_.people_max) return damaged("too many people");
    before = session;
    expires_after(person.directs);
    add_person(session, std::move(person));
  }
  if (!reader.finished()) return damaged("bytes follow the people");
  return {};
}

Result<void> Chat::restore_gone(Reader& reader) {
  if (!rooms_.empty() || !gone_.read().people.empty()) return damaged("order of who has gone");
  auto& people = gone_.write().people;
  const bool read = read_each(reader, options_.gone_people_max, [&] {
    GonePerson person{.name = reader.text(),
                      .user = reader.text(),
                      .host = reader.text(),
                      .real_name = reader.text(),
                      .until = {reader.integer<std::int64_t>()}};
    const bool valid = validate_person(person.name) && validate_user(person.user) &&
                       validate_host(person.host) && validate_real_name(person.real_name) &&
                       (people.empty() || people.back().until <= person.until);
    people.push_back(std::move(person));
    return valid;
  });
  if (!read || people.empty() || !reader.finished()) return damaged("who has gone");
  return {};
}

bool Chat::restore_masks(Reader& reader, Room& room) const {
  return read_each(reader, options_.masks_per_room_max, [&] {
    Mask mask{.mode = static_cast<char>(reader.integer<std::uint8_t>()),
              .mask = reader.text(),
              .by = reader.text(),
              .time = {reader.integer<std::int64_t>()}};
    const bool is_new = std::ranges::none_of(room.masks, [&](const Mask& each) {
      return each.mode == mask.mode && folded(each.mask) == folded(mask.mask);
    });
    const bool valid = is_new && has(mask_letters, mask.mode) && validate_person(mask.by) &&
                       full_mask(mask.mask) == mask.mask;
    room.masks.push_back(std::move(mask));
    return valid;
  });
}

bool Chat::restore_invited(Reader& reader, Room& room) const {
  return read_each(reader, options_.invitations_per_room_max, [&] {
    std::string name = reader.text();
    const bool valid = names_.contains(name) && !room.invites(name);
    room.invited.push_back(std::move(name));
    return valid;
  });
}

bool Chat::restore_members(Reader& reader, Room& room) const {
  return read_each(reader, options_.people_per_room_max, [&] {
    std::string name = reader.text();
    std::string ranks = reader.text();
    const Person* const person = find_person(name);
    const bool valid = person != nullptr && person->name == name &&
                       is_set_of(ranks, rank_letters) && !room.invites(folded(name)) &&
                       person->rooms.size() < options_.rooms_per_person_max &&
                       (room.people.empty() || name > room.people.rbegin()->first);
    if (valid) room.people.emplace(std::move(name), std::move(ranks));
    return valid;
  });
}

bool Chat::is_valid(const Room& room) const {
  if (!validate_room(room.name) || !validate_topic_text(room.topic)) return false;
  if (!room.topic_by.empty() && !validate_person(room.topic_by)) return false;
  if (!room.key.empty() && !validate_room_key(room.key)) return false;
  if (!is_set_of(room.modes, room_flags)) return false;
  return !room.people.empty() || (room.modes.empty() && room.key.empty() && room.people_max == 0 &&
                                  room.masks.empty() && room.invited.empty());
}

Result<void> Chat::restore_room(Reader& reader) {
  Room room;
  room.name = reader.text();
  room.created.milliseconds = reader.integer<std::int64_t>();
  room.topic = reader.text();
  room.topic_by = reader.text();
  room.topic_time.milliseconds = reader.integer<std::int64_t>();
  room.modes = reader.text();
  room.key = reader.text();
  room.people_max = reader.integer<std::uint32_t>();
  const bool read =
      restore_masks(reader, room) && restore_invited(reader, room) && restore_members(reader, room);
  if (!read || !reader.finished()) return damaged("a room");
  if (!is_valid(room)) return damaged("a room's name or modes");
  std::string key = folded(room.name);
  if (!rooms_.empty()) {
    const auto& [last, entry] = *rooms_.rbegin();
    if (last >= key) return damaged("order of rooms");
    if (entry.room.read().people.empty() && entry.history.said() == 0) return damaged("empty room");
  }
  if (rooms_.size() >= options_.rooms_max) return damaged("too many rooms");
  for (const auto& [name, ranks] : room.people) {
    change_person(names_.find(folded(name))->second).rooms.insert(key);
  }
  RoomEntry& entry = rooms_[key];
  entry.room.write() = std::move(room);
  entry.history = KeptLines(std::move(key));
  return {};
}

Result<void> Chat::restore_lines(Reader& reader) {
  const std::string key = reader.text();
  if (rooms_.empty() || rooms_.rbegin()->first != key) return damaged("order of lines");
  KeptLines& history = rooms_.rbegin()->second.history;
  histories_bytes_ -= history.bytes();
  const bool read = history.restore_block(reader, room_limits());
  histories_bytes_ += history.bytes();
  if (!read) return damaged("lines of a room");
  if (histories_bytes_ > options_.histories_bytes_max) return damaged("too many lines");
  expires_after(history);
  return {};
}

void Chat::clear() {
  people_.clear();
  gone_ = {};
  opers_ = {};
  rooms_.clear();
  names_.clear();
  inboxes_.clear();
  histories_bytes_ = 0;
  deadline_.reset();
}

}  // namespace muster::chat
