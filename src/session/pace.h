// When a client's heartbeats are due, and which way they go.
#pragma once

#include <cstdint>
#include <optional>

#include "muster/time.h"
#include "wire/heartbeat.h"

namespace muster::session {

/// Heartbeats go by datagram, because those cost a home least, and now and then over the connection
/// (`wire::connection_interval`), so that the home knows that it works both ways. The answers to
/// the latter tell whether datagrams pass: none that came in since the answer before means that
/// they don't, and then all go over the connection, with a datagram now and then to see whether
/// that has changed. Each attachment begins that way. Intervals of a second and more use no
/// datagrams.
///
/// Pure. Thread-safety: none.
class Pace {
 public:
  /// What is due: the counters of what is to be sent, in this order.
  struct Beat {
    std::optional<std::uint64_t> by_datagram{};
    std::optional<std::uint64_t> over_connection{};
    bool wants_answer{false};  ///< The latter.
  };

  /// Without `by_datagram` all go over the connection.
  explicit Pace(bool by_datagram = true) : by_datagram_wanted_(by_datagram) {}

  /// The session is attached to a home; the first heartbeat is due at once. An interval of zero:
  /// none ever is. Precondition: the timeout is positive.
  void begin(const wire::HeartbeatTimes& times, Instant now);
  void stop() {
    running_ = false;
    unanswered_since_.reset();
  }
  Beat beat(Instant now);
  void answered(const wire::HeartbeatHeard& heard);

  std::optional<Instant> deadline() const;
  /// When the first heartbeat that asks was sent that no answer has come to since: the
  /// home may not hear what is said, whatever it says itself.
  std::optional<Instant> unanswered_since() const { return unanswered_since_; }
  bool datagrams_pass() const { return datagrams_pass_; }

 private:
  bool by_datagram_wanted_;
  bool running_{false};
  Duration interval_{};
  Duration connection_interval_{};
  bool datagrams_pass_{false};
  std::uint64_t counter_{0};
  std::uint64_t by_datagram_{0};        // The newest that the home said to have.
  std::uint64_t datagrams_sent_{0};     // Since the last check.
  std::optional<std::uint64_t> check_;  // A heartbeat before which datagrams were sent.
  std::optional<Instant> unanswered_since_;
  Instant next_;
  Instant next_check_;
  bool asks_once_more_{false};  // The home may not have taken in a datagram sent just before.
};

}  // namespace muster::session
