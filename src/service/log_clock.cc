#include "service/log_clock.h"

#include <algorithm>

#include "muster/check.h"

namespace muster::service {
namespace {

LogTime lower_median(std::vector<LogTime> times) {
  check(!times.empty());
  std::ranges::sort(times);
  return times[(times.size() - 1) / 2];
}

}  // namespace

LogClock::LogClock(std::vector<LogTime> votes, LogTime last_stamp, Instant now)
    : start_time_(last_stamp), start_(now), ahead_(0) {
  const LogTime median = lower_median(std::move(votes));
  start_time_ = std::max(median, last_stamp);
  ahead_ = start_time_ - median;
}

void LogClock::raise(LogTime stamp, Instant now) {
  if (stamp <= at(now)) return;
  const LogTime median =
      start_time_ + -ahead_ + std::chrono::floor<std::chrono::milliseconds>(now - start_);
  start_time_ = stamp;
  start_ = now;
  ahead_ = stamp - median;
}

LogTime LogClock::at(Instant now) const {
  check(now >= start_);
  const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(now - start_);
  // Ahead by A, half speed closes the lead after 2 A; from then on both run alike.
  if (elapsed / 2 < ahead_) return start_time_ + elapsed / 2;
  return start_time_ + (elapsed - ahead_);
}

Instant LogClock::when(LogTime time) const {
  const auto step = time - start_time_;
  if (step.count() <= 0) return start_;
  return start_ + (step < ahead_ ? step * 2 : step + ahead_);
}

}  // namespace muster::service
