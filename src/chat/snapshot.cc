// The chat's part of a snapshot: blocks of people by ascending number, then rooms by name. All maps
// ascend, texts have their length before them, so that a state has one form.
//
//   people: u8 1, u8 block, u32 count, then by session: id, name, inbox, i64 since, lines (directs)
//   room:   u8 2, name, topic, u32 count, names of the people, lines (history)
//   lines:  u32 count, then each: u64 index, u32 ordinal, i64 time, u8 kind, from, to, text, key
#include <utility>

#include "chat/chat.h"
#include "chat/words.h"
#include "muster/codec.h"

namespace muster::chat {
namespace {

constexpr std::uint8_t people_tag = 1;
constexpr std::uint8_t room_tag = 2;

Error damaged(const std::string& what) {
  return {ErrorCode::internal,
          "a snapshot's part of the chat can't be read (" + what + "); take the snapshot anew"};
}

bool is_history(Kind kind) {
  return kind == Kind::message || kind == Kind::action || kind == Kind::topic;
}

/// What a line may say, by where it is kept.
bool is_valid(const Line& line, std::string_view key, bool direct) {
  if (!validate_person(line.from) || !validate_key(key)) return false;
  if (direct)
    return line.kind == Kind::direct && validate_person(line.to) && validate_text(line.text);
  if (!is_history(line.kind) || !line.to.empty()) return false;
  return line.kind == Kind::topic ? validate_topic_text(line.text).has_value()
                                  : validate_text(line.text).has_value();
}

}  // namespace

void Chat::write_history(const History& history, Bytes& out) {
  Writer writer(out);
  writer.integer(static_cast<std::uint32_t>(history.lines.size()));
  for (const auto& [line, key] : history.lines) {
    writer.integer(line.position.index.value);
    writer.integer(line.position.ordinal);
    writer.integer(line.time.milliseconds);
    writer.integer(static_cast<std::uint8_t>(line.kind));
    writer.sized(line.from);
    writer.sized(line.to);
    writer.sized(line.text);
    writer.sized(key);
  }
}

bool Chat::read_history(Reader& reader, History& history, const HistoryLimits& limits) {
  const auto count = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    Kept kept;
    kept.line.position.index.value = reader.integer<std::uint64_t>();
    kept.line.position.ordinal = reader.integer<std::uint32_t>();
    kept.line.time.milliseconds = reader.integer<std::int64_t>();
    kept.line.kind = static_cast<Kind>(reader.integer<std::uint8_t>());
    kept.line.from = reader.text();
    kept.line.to = reader.text();
    kept.line.text = reader.text();
    kept.key = reader.text();
    if (!reader.ok() || !is_valid(kept.line, kept.key, limits.direct)) return false;
    if (!history.lines.empty()) {
      const Line& before = history.lines.back().line;
      if (kept.line.position <= before.position || kept.line.time < before.time) return false;
    }
    history.add(std::move(kept), limits.lines_max, limits.bytes_max);
  }
  return reader.ok() && history.lines.size() == count;
}

void Chat::People::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(people_tag);
  writer.integer(block);
  writer.integer(static_cast<std::uint32_t>(people.size()));
  for (const auto& [session, person] : people) {
    writer.uuid(session.uuid);
    writer.sized(person.name);
    writer.sized(person.inbox);
    writer.integer(person.since.milliseconds);
    write_history(person.directs, out);
  }
}

void Chat::Room::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(room_tag);
  writer.sized(name);
  writer.sized(topic);
  writer.integer(static_cast<std::uint32_t>(people.size()));
  for (const std::string& person : people) writer.sized(person);
  write_history(history, out);
}

service::FrozenParts Chat::freeze() const {
  service::FrozenParts parts;
  parts.reserve(people_.size() + rooms_.size());
  for (const auto& [block, people] : people_) parts.push_back(people.share());
  for (const auto& [name, room] : rooms_) parts.push_back(room.share());
  return parts;
}

Result<void> Chat::restore(BytesView part) {
  Reader reader(part);
  const auto tag = reader.integer<std::uint8_t>();
  if (tag == people_tag) return restore_people(reader);
  if (tag == room_tag) return restore_room(reader);
  return damaged("it is of no known kind");
}

Result<void> Chat::restore_people(Reader& reader) {
  const auto block = reader.integer<std::uint8_t>();
  const auto count = reader.integer<std::uint32_t>();
  if (!reader.ok() || block >= blocks || count == 0 || !rooms_.empty()) return damaged("people");
  if (!people_.empty() && people_.rbegin()->first >= block) return damaged("order of people");
  std::optional<SessionId> before;
  for (std::uint32_t i = 0; i < count; ++i) {
    const SessionId session{reader.uuid()};
    Person person{
        .name = reader.text(), .inbox = reader.text(), .since = {reader.integer<std::int64_t>()}};
    const bool read = read_history(reader, person.directs,
                                   {.lines_max = options_.directs_max,
                                    .bytes_max = options_.direct_bytes_max,
                                    .direct = true});
    if (!read || block_of(session) != block || (before && session <= *before)) {
      return damaged("a person");
    }
    if (!validate_person(person.name) || !validate_inbox(person.inbox)) return damaged("a name");
    if (is_taken(person.name) || inboxes_.contains(person.inbox)) return damaged("a name twice");
    if (names_.size() >= options_.people_max) return damaged("too many people");
    before = session;
    expires_after(person.directs);
    add_person(session, std::move(person));
  }
  if (!reader.finished()) return damaged("bytes follow the people");
  return {};
}

Result<void> Chat::restore_room(Reader& reader) {
  Room room;
  room.name = reader.text();
  room.topic = reader.text();
  const auto count = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    std::string name = reader.text();
    const auto session = names_.find(folded(name));
    if (session == names_.end() || find_person(session->second)->name != name) {
      return damaged("who is in a room");
    }
    if (!room.people.empty() && name <= *room.people.rbegin()) return damaged("order in a room");
    room.people.insert(std::move(name));
  }
  const bool read = read_history(
      reader, room.history,
      {.lines_max = options_.history_lines_max, .bytes_max = options_.history_bytes_max});
  if (!read || !reader.finished()) return damaged("a room");
  if (!validate_room(room.name) || !validate_topic_text(room.topic))
    return damaged("a room's name");
  if (room.people.empty() && room.history.lines.empty()) return damaged("an empty room");
  if (room.people.size() > options_.people_per_room_max) return damaged("a room too full");
  if (!rooms_.empty() && rooms_.rbegin()->first >= room.name) return damaged("order of rooms");
  if (rooms_.size() >= options_.rooms_max) return damaged("too many rooms");
  for (const std::string& name : room.people) {
    Person& person = change_person(names_.at(folded(name)));
    if (person.rooms.size() >= options_.rooms_per_person_max) return damaged("rooms of a person");
    person.rooms.insert(room.name);
  }
  expires_after(room.history);
  rooms_[room.name].write() = std::move(room);
  return {};
}

void Chat::clear() {
  people_.clear();
  rooms_.clear();
  names_.clear();
  inboxes_.clear();
  deadline_.reset();
}

}  // namespace muster::chat
