#include "wire/timestamp.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace muster::wire::timestamp_test {
namespace {

TEST(TimestampTest, LogTimeIsReadBackAlsoBefore1970) {
  for (const std::int64_t milliseconds : {0, 1, 999, 1'000, 1'750'000'000, -1, -1'000, -1'001}) {
    google::protobuf::Timestamp time;
    put_time(LogTime{milliseconds}, time);
    EXPECT_GE(time.nanos(), 0);
    EXPECT_LT(time.nanos(), 1'000'000'000);
    EXPECT_EQ(to_time(time).milliseconds, milliseconds);
  }
}

TEST(TimestampTest, SecondsBeyondAllCalendarsAreCut) {
  google::protobuf::Timestamp time;
  time.set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(to_time(time).milliseconds, 253'402'300'799'000);
  time.set_seconds(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_time(time).milliseconds, -253'402'300'799'000);
}

}  // namespace
}  // namespace muster::wire::timestamp_test
