// Which clients are where, and which of them are not heard.
#include <algorithm>
#include <chrono>
#include <span>

#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr std::size_t sessions_per_page = 1'000;
// With what members may take beside them they stay within one control message.
constexpr std::size_t page_bytes_max = std::size_t{256} * 1024;

std::int64_t floor_ms(Duration duration) {
  return std::chrono::floor<std::chrono::milliseconds>(duration).count();
}

}  // namespace

void set_time(google::protobuf::Timestamp& time, std::int64_t milliseconds) {
  time.set_seconds(milliseconds / 1'000);
  time.set_nanos(static_cast<std::int32_t>(milliseconds % 1'000) * 1'000'000);
}

// Its home knows at once, the others by telemetry; whose home is gone has nobody who hears it.
bool Node::Impl::is_suspected(SessionId id, const replica::Session& session) const {
  if (edge_.suspected(id, session.epoch)) return true;
  if (session.home == identity_.number) return !edge_.heard(id).has_value();
  return peers_.find(session.home, *identity_.group) == nullptr;
}

wire::SessionStatus Node::Impl::session_status(SessionId id, const replica::Session& session,
                                               Now now) const {
  wire::SessionStatus one;
  one.set_id(id.uuid.to_string());
  one.set_name(session.name);
  one.set_kind(session.kind);
  one.set_zone(session.zone);
  one.set_host(session.host);
  one.mutable_tags()->insert(session.tags.begin(), session.tags.end());
  one.set_home(session.home.value);
  one.set_home_name(name_of(session.home));
  set_time(*one.mutable_opened(), session.opened.milliseconds);
  one.set_state(is_suspected(id, session) ? wire::ServerState::SUSPECT : wire::ServerState::ALIVE);
  const auto attachment = edge_.attachment(id, now.monotonic);
  if (session.home != identity_.number || !attachment) return one;
  const std::int64_t age = floor_ms(attachment->silent);
  one.set_heartbeat_age_ms(static_cast<std::uint64_t>(age));
  set_time(*one.mutable_last_seen(), now.wall.milliseconds - age);
  one.set_address(attachment->address);
  return one;
}

// A page of them; what only their homes know is told of those that are at home here.
void Node::Impl::list_sessions(const wire::MembersRequest& request, wire::Members& members,
                               Now now) const {
  if (request.suspects()) return list_suspects(members, now);
  std::optional<SessionId> after;
  if (const auto id = wire::parse_id<SessionId>(request.sessions_after())) after = *id;
  std::size_t bytes = 0;
  bool full = false;
  const auto list = [&](SessionId id, const replica::Session& session) {
    if (full) return;
    wire::SessionStatus one = session_status(id, session, now);
    bytes += one.ByteSizeLong();
    *members.add_sessions() = std::move(one);
    full = bytes >= page_bytes_max;
  };
  const bool more = state().sessions().page(after, sessions_per_page, list);
  members.set_more_sessions(more || full);
}

// The first ones: costs what there are of them, not what there are of clients.
void Node::Impl::list_suspects(wire::Members& members, Now now) const {
  std::size_t bytes = 0;
  const auto list = [&](BytesView key, const edge::Telemetry::Known& known) {
    SessionId id;
    if (key.size() != id.uuid.bytes.size() || bytes >= page_bytes_max) return;
    std::ranges::copy(key, std::as_writable_bytes(std::span(id.uuid.bytes)).begin());
    const replica::Session* const session = state().sessions().find(id);
    if (session == nullptr || known.stamp.epoch < session->epoch) return;
    wire::SessionStatus one = session_status(id, *session, now);
    bytes += one.ByteSizeLong();
    *members.add_sessions() = std::move(one);
  };
  edge_.telemetry().for_each(wire::TelemetryKind::suspect_session, list);
  members.set_more_sessions(bytes >= page_bytes_max);
}

}  // namespace muster::node
