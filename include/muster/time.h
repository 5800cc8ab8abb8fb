// Time as the protocol code sees it: instants that cannot be read from a clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace muster {

/// A clock without `now()`, on purpose: pure code can compare and add instants but cannot read
/// the time. Every instant comes in as an argument, so a test or a simulation owns time.
struct ProtocolClock {
  using duration = std::chrono::microseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ProtocolClock>;
  static constexpr bool is_steady = true;
};

using Duration = ProtocolClock::duration;
using Instant = ProtocolClock::time_point;

/// Wall-clock time as it stands in the log: milliseconds since 1970-01-01 UTC, leap seconds
/// ignored. The leader stamps it; services see no other time. Never goes back within a log.
struct LogTime {
  std::int64_t milliseconds{};
  friend auto operator<=>(LogTime, LogTime) = default;
};

constexpr LogTime operator+(LogTime time, std::chrono::milliseconds step) {
  return {time.milliseconds + step.count()};
}
constexpr std::chrono::milliseconds operator-(LogTime later, LogTime earlier) {
  return std::chrono::milliseconds{later.milliseconds - earlier.milliseconds};
}

}  // namespace muster
