// Who of a home's clients is still there: heartbeats, by datagram and over connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "edge/telemetry.h"
#include "edge/timer_wheel.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/heartbeat.h"
#include "wire/telemetry.h"

namespace muster::edge {

/// Watches the sessions that promised heartbeats. One that is silent for `wire::suspect_after` is
/// suspected, which others are told as telemetry and no log ever hears; one that is silent for its
/// timeout is reported by `take_silent`.
///
/// A sign of life is any frame on the session's connection, or a datagram with the session's epoch,
/// a counter that is new and, if there is a secret, the digest of this attachment. Datagrams count
/// only while the connection brings something now and then: a client whose commands can't come
/// through is not served by being thought alive. Silence while this server itself did not run is
/// nobody's.
///
/// Cost of a heartbeat: O(1), without allocation; a client's payload is kept by `Telemetry`. Pure.
/// Thread-safety: none.
class Heartbeats {
 public:
  struct Options {
    Bytes secret{};  ///< Of the group; empty: none, and no digest is asked for.
    /// Datagrams count if something came over the connection within this, or three times the
    /// interval at which the client uses it, if that is longer.
    Duration connection_silence_max{std::chrono::seconds{3}};
    Duration look_interval{std::chrono::milliseconds{100}};  ///< `tick` is due so often at least,
    Duration stall_min{std::chrono::milliseconds{200}};      ///< and this much later it is a stall.
    Duration tick{std::chrono::milliseconds{20}};
  };
  struct Counts {
    std::uint64_t datagrams{0};        ///< That counted.
    std::uint64_t over_connection{0};  ///< Heartbeats that came as frames.
    std::uint64_t refused{0};  ///< Datagrams that were nothing, unproven, old, or of nobody.
  };

  /// Suspicions and payloads go to `telemetry`, which outlives this.
  Heartbeats(Options options, Telemetry& telemetry)
      : options_(std::move(options)), telemetry_(telemetry), wheel_(options_.tick) {}
  Heartbeats(const Heartbeats&) = delete;
  Heartbeats& operator=(const Heartbeats&) = delete;

  /// A session is attached here and its client is there; it is watched as if it had just been
  /// heard. Precondition: both times are positive.
  void watch(SessionId session, Epoch epoch, const wire::HeartbeatTimes& times, Instant now);
  /// Harmless if it is not watched.
  void forget(SessionId session);
  bool watches(SessionId session) const { return places_.contains(session); }

  /// Something else than a heartbeat came over the session's connection.
  void connection_heard(SessionId session, Instant now);
  /// A heartbeat came over the session's connection, which is heard by that whatever it says.
  /// Returns what is answered: nothing if it asks for no answer, is of another session or
  /// attachment, or none.
  std::optional<wire::HeartbeatHeard> frame(SessionId session, BytesView body, Instant now);
  /// Anything that came to the port for heartbeats.
  void datagram(BytesView bytes, Instant now);

  void tick(Instant now);
  /// While somebody is watched it is never far, so that a stall shows.
  std::optional<Instant> deadline() const;
  /// Sessions that were silent for their timeout; they are watched no more.
  std::vector<SessionId> take_silent() { return std::exchange(silent_, {}); }

  const Counts& counts() const { return counts_; }
  std::size_t watched() const { return places_.size(); }
  std::size_t suspects() const { return suspects_; }
  /// Since the session's last sign of life; zero if it is not watched.
  Duration silence(SessionId session, Instant now) const;

 private:
  using Place = TimerWheel::Place;
  struct Watched {
    SessionId session;
    Epoch epoch;
    bool suspect{false};
    wire::HeartbeatTimes times;
    Duration suspect_after{};
    Instant heard;  // By the running clock, as the next.
    Instant connection_heard;
    std::uint64_t newest{0};       // Counter, either way.
    std::uint64_t by_datagram{0};  // Counter.
    std::uint64_t suspicions{0};   // That began or were over.
    wire::HeartbeatKey key;
  };

  /// A clock that stands still while this server does not run.
  Instant running(Instant now) const { return now - stalled_; }
  Watched* find(SessionId session);
  bool counts_now(const Watched& watched, Instant now) const;
  void heard(Watched& watched, Instant now);
  void connection_heard(Watched& watched, Instant now);
  void take_payload(Watched& watched, const wire::Heartbeat& heartbeat, Instant now);
  void look_at(Place place, Instant now);
  Place place_of(const Watched& watched) const {
    return static_cast<Place>(&watched - watched_.data());
  }

  const Options options_;
  Telemetry& telemetry_;
  TimerWheel wheel_;
  std::unordered_map<SessionId, Place> places_;  // Never iterated.
  std::vector<Watched> watched_;                 // By place.
  std::vector<Place> free_;
  Instant last_tick_{};
  Duration stalled_{};  // In all.
  std::size_t suspects_{0};
  std::vector<SessionId> silent_;
  Counts counts_;
};

}  // namespace muster::edge
