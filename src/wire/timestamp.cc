#include "wire/timestamp.h"

#include <algorithm>
#include <cstdint>

namespace muster::wire {
namespace {

constexpr std::int64_t ms_per_second = 1'000;
constexpr std::int32_t nanos_per_ms = 1'000'000;

}  // namespace

void put_time(LogTime time, google::protobuf::Timestamp& out) {
  std::int64_t seconds = time.milliseconds / ms_per_second;
  std::int64_t rest = time.milliseconds % ms_per_second;
  if (rest < 0) {
    rest += ms_per_second;
    --seconds;
  }
  out.set_seconds(seconds);
  out.set_nanos(static_cast<std::int32_t>(rest) * nanos_per_ms);
}

LogTime to_time(const google::protobuf::Timestamp& time) {
  constexpr std::int64_t seconds_max = 253'402'300'799;  // The end of the year 9999.
  const std::int64_t seconds = std::clamp(time.seconds(), -seconds_max, seconds_max);
  return {seconds * ms_per_second + time.nanos() / nanos_per_ms};
}

}  // namespace muster::wire
