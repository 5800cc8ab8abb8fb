#include "edge/heartbeats.h"

#include <algorithm>
#include <array>
#include <bit>

#include "muster/check.h"

namespace muster::edge {

namespace {

BytesView key_of(const SessionId& session) {
  return std::as_bytes(std::span(session.uuid.bytes));
}

std::array<std::byte, sizeof(std::uint32_t)> in_milliseconds(Duration duration) {
  const auto value =
      static_cast<std::uint32_t>(std::chrono::floor<std::chrono::milliseconds>(duration).count());
  return std::bit_cast<std::array<std::byte, sizeof value>>(value);
}

}  // namespace

void Heartbeats::watch(SessionId session, Epoch epoch, const wire::HeartbeatTimes& times,
                       Instant now) {
  check(times.interval > Duration::zero() && times.timeout > Duration::zero());
  forget(session);
  if (wheel_.size() == 0) last_tick_ = now;  // While nobody was watched nobody was late.
  Place place = static_cast<Place>(watched_.size());
  if (free_.empty()) {
    watched_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  Watched& watched = watched_[place];
  watched = {.session = session,
             .epoch = epoch,
             .times = times,
             .suspect_after = std::min(wire::suspect_after(times.interval), times.timeout / 2),
             .heard = running(now),
             .connection_heard = running(now),
             .key = {}};
  if (!options_.secret.empty()) watched.key = wire::heartbeat_key(options_.secret, session, epoch);
  places_.emplace(session, place);
  wheel_.set(place, now + watched.suspect_after);
}

void Heartbeats::forget(SessionId session) {
  const auto found = places_.find(session);
  if (found == places_.end()) return;
  const Place place = found->second;
  Watched& watched = watched_[place];
  if (watched.suspect) --suspects_;
  telemetry_.remove(wire::TelemetryKind::suspect_session, key_of(session),
                    {watched.epoch, ++watched.suspicions});
  telemetry_.remove(wire::TelemetryKind::client_payload, key_of(session),
                    {watched.epoch, watched.newest + 1});
  wheel_.clear(place);
  watched.suspect = false;
  free_.push_back(place);
  places_.erase(found);
}

Heartbeats::Watched* Heartbeats::find(SessionId session) {
  const auto found = places_.find(session);
  return found == places_.end() ? nullptr : &watched_[found->second];
}

bool Heartbeats::counts_now(const Watched& watched, Instant now) const {
  const Duration silence = running(now) - watched.connection_heard;
  return silence <=
         std::max(options_.connection_silence_max, 3 * wire::connection_interval(watched.times));
}

// The wheel is left as it is: what is due there too early is set anew then.
void Heartbeats::heard(Watched& watched, Instant now) {
  watched.heard = running(now);
  if (!watched.suspect) return;
  watched.suspect = false;
  --suspects_;
  telemetry_.remove(wire::TelemetryKind::suspect_session, key_of(watched.session),
                    {watched.epoch, ++watched.suspicions});
  wheel_.set(place_of(watched), now + watched.suspect_after);
}

void Heartbeats::connection_heard(SessionId session, Instant now) {
  if (Watched* const watched = find(session)) connection_heard(*watched, now);
}

void Heartbeats::connection_heard(Watched& watched, Instant now) {
  watched.connection_heard = running(now);
  heard(watched, now);
}

std::optional<wire::HeartbeatHeard> Heartbeats::frame(SessionId session, BytesView body,
                                                      Instant now) {
  Watched* const watched = find(session);
  if (watched == nullptr) return std::nullopt;
  connection_heard(*watched, now);
  const auto view = wire::HeartbeatView::parse(body);
  if (!view) return std::nullopt;
  const wire::Heartbeat& heartbeat = view->heartbeat();
  if (heartbeat.session != session || heartbeat.epoch != watched->epoch) return std::nullopt;
  ++counts_.over_connection;
  take_payload(*watched, heartbeat, now);
  if (!heartbeat.wants_answer) return std::nullopt;
  return wire::HeartbeatHeard{.counter = heartbeat.counter, .by_datagram = watched->by_datagram};
}

void Heartbeats::datagram(BytesView bytes, Instant now) {
  const auto view = wire::HeartbeatView::parse(bytes);
  Watched* const watched = view ? find(view->heartbeat().session) : nullptr;
  if (watched == nullptr || view->heartbeat().epoch != watched->epoch ||
      view->heartbeat().counter <= watched->by_datagram ||
      (!options_.secret.empty() && !view->is_proven_by(watched->key))) {
    ++counts_.refused;
    return;
  }
  // What came is told to the client, whether it counts or not.
  watched->by_datagram = view->heartbeat().counter;
  if (!counts_now(*watched, now)) {
    ++counts_.refused;
    return;
  }
  ++counts_.datagrams;
  take_payload(*watched, view->heartbeat(), now);
  heard(*watched, now);
}

void Heartbeats::take_payload(Watched& watched, const wire::Heartbeat& heartbeat, Instant now) {
  if (heartbeat.counter <= watched.newest) return;
  watched.newest = heartbeat.counter;
  if (heartbeat.payload.empty()) return;
  telemetry_.put({.kind = wire::TelemetryKind::client_payload,
                  .key = key_of(watched.session),
                  .stamp = {watched.epoch, heartbeat.counter},
                  .value = heartbeat.payload},
                 now);
}

void Heartbeats::tick(Instant now) {
  const Duration late = now - last_tick_ - options_.look_interval;
  if (wheel_.size() > 0 && late > options_.stall_min) stalled_ += late;
  last_tick_ = now;
  wheel_.advance(now, [this, now](Place place) { look_at(place, now); });
}

std::optional<Instant> Heartbeats::deadline() const {
  const auto next = wheel_.next();
  if (!next) return std::nullopt;
  return std::min(*next, last_tick_ + options_.look_interval);
}

void Heartbeats::look_at(Place place, Instant now) {
  Watched& watched = watched_[place];
  const Instant silent_since = watched.heard + stalled_;
  const Instant suspect_at = silent_since + watched.suspect_after;
  if (now < suspect_at) return wheel_.set(place, suspect_at);
  if (!watched.suspect) {
    watched.suspect = true;
    ++suspects_;
    telemetry_.put({.kind = wire::TelemetryKind::suspect_session,
                    .key = key_of(watched.session),
                    .stamp = {watched.epoch, ++watched.suspicions},
                    .value = in_milliseconds(now - silent_since)},
                   now);
  }
  const Instant ends_at = silent_since + watched.times.timeout;
  if (now < ends_at) return wheel_.set(place, ends_at);
  const SessionId session = watched.session;
  silent_.push_back(session);
  forget(session);
}

Duration Heartbeats::silence(SessionId session, Instant now) const {
  const auto found = places_.find(session);
  if (found == places_.end()) return {};
  return std::max(running(now) - watched_[found->second].heard, Duration{});
}

}  // namespace muster::edge
