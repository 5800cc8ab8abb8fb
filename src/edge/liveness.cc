// Who is heard: heartbeats on their way to `Heartbeats`, and the end of those that are not.
#include <array>
#include <span>
#include <utility>

#include "edge/edge.h"
#include "wire/control.h"

namespace muster::edge {
namespace {

constexpr std::uint64_t absences_from = std::uint64_t{1} << 62U;
constexpr std::array<std::byte, sizeof(std::uint32_t)> nothing_known{};

BytesView key_of_session(const SessionId& session) {
  return std::as_bytes(std::span(session.uuid.bytes));
}

}  // namespace

// Who promised no heartbeats is watched by its connection alone.
void Edge::watch(SessionId session, Attached& attached, Instant now) {
  if (attached.times.interval == Duration::zero()) return;
  heartbeats_.watch(
      session, attached.epoch,
      {.interval = attached.times.interval, .timeout = timeout_of(attached.times.timeout)}, now);
}

void Edge::take_heartbeat(LinkId link, SessionId session, BytesView body, Instant now) {
  const auto heard = heartbeats_.frame(session, body, now);
  if (!heard) return;
  outputs_.emplace_back(SendFrame{.link = link,
                                  .type = wire::FrameType::heartbeat_heard,
                                  .lane = wire::Lane::urgent,
                                  .body = {SharedBytes(wire::encode_heartbeat_heard(*heard))}});
}

void Edge::datagrams(std::span<const BytesView> datagrams, Instant now) {
  for (const BytesView datagram : datagrams) heartbeats_.datagram(datagram, now);
}

// Others hear of it as of one that is silent on its connection, whose counters are lower.
void Edge::tell_absent(SessionId session, Epoch epoch, Instant now) {
  telemetry_.put({.kind = wire::TelemetryKind::suspect_session,
                  .key = key_of_session(session),
                  .stamp = {epoch, absences_from + ++absences_},
                  .value = nothing_known},
                 now);
}

void Edge::forget_absent(SessionId session) {
  const auto found = absent_.find(session);
  if (found == absent_.end()) return;
  telemetry_.remove(wire::TelemetryKind::suspect_session, key_of_session(session),
                    {found->second.epoch, absences_from + ++absences_});
  absent_.erase(found);
}

bool Edge::suspected(SessionId session, Epoch epoch) const {
  const auto told = telemetry_.find(wire::TelemetryKind::suspect_session, key_of_session(session));
  return told && told->stamp.epoch >= epoch;
}

// Its connection is closed, and its end is asked for at once: the silence was its time of grace. A
// client that is there after all resumes, which raises the epoch and makes the end void.
void Edge::end_silent(Instant now) {
  for (const SessionId session : heartbeats_.take_silent()) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) continue;
    const LinkId link = found->second.link;
    const Epoch epoch = found->second.epoch;
    refuse(link, Error{ErrorCode::deadline_exceeded,
                       "no sign of life of this client came for the time it asked for"});
    clients_.at(link).session.reset();
    drop(found);
    close(link);
    watch_until(session, epoch, now, now);
  }
}

}  // namespace muster::edge
