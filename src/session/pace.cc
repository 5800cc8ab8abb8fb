#include "session/pace.h"

#include <algorithm>
#include <utility>

namespace muster::session {

namespace {

constexpr int beats_in_a_timeout_min = 4;

}  // namespace

void Pace::begin(const wire::HeartbeatTimes& times, Instant now) {
  running_ = times.interval > Duration::zero();
  // A group's timeout may be shorter than the client had thought.
  interval_ = std::max(std::min(times.interval, times.timeout / beats_in_a_timeout_min),
                       wire::heartbeat_interval_min);
  connection_interval_ =
      wire::connection_interval({.interval = interval_, .timeout = times.timeout});
  datagrams_pass_ = false;
  counter_ = 0;
  by_datagram_ = 0;
  datagrams_sent_ = 0;
  check_.reset();
  unanswered_since_.reset();
  next_ = now;
  next_check_ = now;
  asks_once_more_ = false;
}

Pace::Beat Pace::beat(Instant now) {
  Beat beat;
  if (!running_ || now < next_) return beat;
  next_ += interval_;
  if (next_ <= now) next_ = now + interval_;  // It was late: what was missed is not made up for.
  const bool uses_datagrams = by_datagram_wanted_ && interval_ < connection_interval_;
  const bool checks = now >= next_check_;
  if (checks) next_check_ = now + connection_interval_;
  if (uses_datagrams && datagrams_pass_ != checks) {
    beat.by_datagram = ++counter_;
    ++datagrams_sent_;
  }
  if (checks || !datagrams_pass_) {
    beat.over_connection = ++counter_;
    beat.wants_answer = checks || asks_once_more_;
    if (beat.wants_answer && !unanswered_since_) unanswered_since_ = now;
  }
  asks_once_more_ = checks;
  if (checks && std::exchange(datagrams_sent_, 0) > 0) check_ = counter_;
  return beat;
}

void Pace::answered(const wire::HeartbeatHeard& heard) {
  unanswered_since_.reset();
  const bool of_check = check_ && heard.counter >= *check_;
  if (of_check) check_.reset();
  if (heard.by_datagram > by_datagram_) {
    by_datagram_ = heard.by_datagram;
    datagrams_pass_ = true;
  } else if (of_check) {
    datagrams_pass_ = false;
  }
}

std::optional<Instant> Pace::deadline() const {
  if (!running_) return std::nullopt;
  return next_;
}

}  // namespace muster::session
