// The leader's source of log time: never backwards, and hard to poison.
#pragma once

#include <vector>

#include "muster/time.h"

namespace muster::service {

/// A new leader starts log time at the median of the wall clocks that came with its votes (the
/// lower of two), never below the log's last stamp, and then moves it by its monotonic clock only,
/// at half speed for as long as it is ahead of that median. One clock that is years wrong moves
/// nothing; a wall clock that jumps while a leader leads is not seen at all.
class LogClock {
 public:
  /// `votes` are the wall clocks of this server and of those that voted for it: at least one.
  LogClock(std::vector<LogTime> votes, LogTime last_stamp, Instant now);

  /// The log has this stamp, of an earlier leader, that was not seen when the clock was made: from
  /// here on it is not below it. Precondition: as for `at`.
  void raise(LogTime stamp, Instant now);
  /// Log time at `now`. Precondition: `now` is not before the start.
  LogTime at(Instant now) const;
  /// When log time will be `time`: for the timer that appends it.
  Instant when(LogTime time) const;

 private:
  LogTime start_time_;
  Instant start_;
  std::chrono::milliseconds ahead_;
};

}  // namespace muster::service
