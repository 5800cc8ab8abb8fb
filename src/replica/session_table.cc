#include "replica/session_table.h"

namespace muster::replica {
namespace {

enum class PartKind : std::uint8_t { sessions = 1, ended = 2 };

// Clients ask for so many, at most `wire::session_timeout_max`.
std::uint32_t in_milliseconds(Duration timeout) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::milliseconds>(timeout).count());
}

}  // namespace

service::CopyOnWrite<SessionTable::Block>& SessionTable::block_of(SessionId id) {
  return blocks_[place_of(id)];
}
const service::CopyOnWrite<SessionTable::Block>& SessionTable::block_of(SessionId id) const {
  return blocks_[place_of(id)];
}

const Session* SessionTable::find(SessionId id) const {
  const auto& sessions = block_of(id).read().sessions;
  const auto found = sessions.find(id);
  return found == sessions.end() ? nullptr : &found->second;
}

Session* SessionTable::change(SessionId id) {
  if (find(id) == nullptr) return nullptr;
  return &block_of(id).write().sessions.find(id)->second;
}

void SessionTable::count(const Session& session) {
  names_.add(session.kind, session.name);
  ++loads_[session.home][session.zone];
}

void SessionTable::discount(const Session& session) {
  names_.remove(session.kind, session.name);
  const auto server = loads_.find(session.home);
  const auto zone = server->second.find(session.zone);
  if (--zone->second == 0) server->second.erase(zone);
  if (server->second.empty()) loads_.erase(server);
}

Result<std::string> SessionTable::name_for(const Open& open) const {
  if (open.name_rule == NameRule::numbered) return names_.first_free(open.kind, open.name);
  if (open.name_rule != NameRule::unique || !names_.taken(open.kind, open.name)) return open.name;
  return Error{ErrorCode::already_exists, "the name " + open.name + " is taken; " +
                                              names_.proposal(open.kind, open.name) + " is free"};
}

Result<Session*> SessionTable::open(SessionId id, const Open& open, LogTime now) {
  check(find(id) == nullptr);
  if (ended_.read().ids.contains(id)) {
    return Error{ErrorCode::failed_precondition,
                 "session " + id.uuid.to_string() + " has ended; open one with a new id"};
  }
  if (size_ >= options_.sessions_max) {
    return Error{ErrorCode::resource_exhausted,
                 "the group has " + std::to_string(size_) +
                     " sessions, its limit; end some, or wait until unused ones time out"};
  }
  Result<std::string> name = name_for(open);
  if (!name) return name.error();
  Session& session = block_of(id).write().sessions[id];
  session.name = std::move(*name);
  session.kind = open.kind;
  session.zone = open.zone;
  session.host = open.host;
  session.tags = open.tags;
  session.opened = now;
  session.epoch = open.epoch;
  session.timeout = open.timeout;
  session.home = open.home;
  count(session);
  ++size_;
  return &session;
}

Session* SessionTable::attach(SessionId id, const Resume& resume) {
  Session* const session = change(id);
  if (session == nullptr) return nullptr;
  discount(*session);
  session->epoch = resume.epoch;
  session->timeout = resume.timeout;
  session->home = resume.home;
  count(*session);
  return session;
}

bool SessionTable::erase(SessionId id) {
  const Session* const session = find(id);
  if (session == nullptr) return false;
  discount(*session);
  block_of(id).write().sessions.erase(id);
  --size_;
  remember_ended(id);
  return true;
}

void SessionTable::remember_ended(SessionId id) {
  Ended& ended = ended_.write();
  if (!ended.ids.insert(id).second) return;
  ended.order.push_back(id);
  if (ended.order.size() <= options_.ended_max) return;
  ended.ids.erase(ended.order.front());
  ended.order.pop_front();
}

void SessionTable::keep(Session& session, KeptReplies replies) const {
  session.kept_count += replies.count;
  session.kept_bytes += replies.body.size();
  session.kept.push_back(std::move(replies));
  while (session.kept.size() > 1) {
    const KeptReplies& oldest = session.kept.front();
    const bool enough_without = session.kept_count - oldest.count >= options_.kept_replies_max;
    if (!enough_without && session.kept_bytes <= options_.kept_bytes_max) break;
    session.kept_count -= oldest.count;
    session.kept_bytes -= oldest.body.size();
    session.kept.pop_front();
  }
}

service::FrozenParts SessionTable::freeze() const {
  service::FrozenParts parts;
  for (const auto& block : blocks_) {
    if (!block.read().sessions.empty()) parts.push_back(block.share());
  }
  if (!ended_.read().order.empty()) parts.push_back(ended_.share());
  return parts;
}

void SessionTable::Block::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(static_cast<std::uint8_t>(PartKind::sessions));
  for (const auto& [id, session] : sessions) {
    writer.uuid(id.uuid);
    writer.sized(session.name);
    writer.sized(session.kind);
    writer.sized(session.zone);
    writer.sized(session.host);
    write_tags(writer, session.tags);
    writer.integer(session.opened.milliseconds);
    writer.integer(session.epoch.value);
    writer.integer(in_milliseconds(session.timeout));
    writer.integer(session.home.value);
    writer.integer(session.last.value);
    writer.integer(static_cast<std::uint32_t>(session.kept.size()));
    for (const KeptReplies& replies : session.kept) {
      writer.integer(replies.first.value);
      writer.integer(replies.count);
      writer.sized(replies.body.view());
    }
  }
}

void SessionTable::Ended::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(static_cast<std::uint8_t>(PartKind::ended));
  for (const SessionId id : order) writer.uuid(id.uuid);
}

Result<void> SessionTable::restore(BytesView part) {
  Reader reader(part);
  const auto kind = static_cast<PartKind>(reader.integer<std::uint8_t>());
  if (kind == PartKind::sessions) return restore_sessions(reader);
  while (kind == PartKind::ended && reader.ok() && !reader.finished()) {
    const SessionId id{reader.uuid()};
    if (reader.ok()) remember_ended(id);
  }
  if (reader.finished()) return {};
  return Error{ErrorCode::internal, "a snapshot's part of ended sessions is damaged"};
}

Result<void> SessionTable::restore_sessions(Reader& reader) {
  while (reader.ok() && !reader.finished()) {
    const SessionId id{reader.uuid()};
    Session session;
    session.name = reader.text();
    session.kind = reader.text();
    session.zone = reader.text();
    session.host = reader.text();
    session.tags = read_tags(reader);
    session.opened.milliseconds = reader.integer<std::int64_t>();
    session.epoch.value = reader.integer<std::uint32_t>();
    session.timeout = std::chrono::milliseconds{reader.integer<std::uint32_t>()};
    session.home.value = reader.integer<std::uint32_t>();
    session.last.value = reader.integer<std::uint64_t>();
    const auto kept = reader.integer<std::uint32_t>();
    for (std::uint32_t i = 0; i < kept && reader.ok(); ++i) {
      KeptReplies replies;
      replies.first.value = reader.integer<std::uint64_t>();
      replies.count = reader.integer<std::uint32_t>();
      replies.body = SharedBytes::copy_of(reader.sized());
      session.kept_count += replies.count;
      session.kept_bytes += replies.body.size();
      session.kept.push_back(std::move(replies));
    }
    if (!reader.ok()) break;
    count(session);
    block_of(id).write().sessions[id] = std::move(session);
    ++size_;
  }
  if (!reader.ok()) return Error{ErrorCode::internal, "a snapshot's part of sessions is cut short"};
  return {};
}

}  // namespace muster::replica
