// What is read as a duration, what is refused, and how one is written.
#include "muster/duration.h"

#include <gtest/gtest.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, HasAUnitAndABareNumberIsMilliseconds) {
  EXPECT_EQ(parse_duration("250us").value(), 250us);
  EXPECT_EQ(parse_duration("15ms").value(), 15ms);
  EXPECT_EQ(parse_duration("3s").value(), 3s);
  EXPECT_EQ(parse_duration("1.5s").value(), 1'500ms);
  EXPECT_EQ(parse_duration("2m").value(), 2min);
  EXPECT_EQ(parse_duration("24h").value(), 24h);
  EXPECT_EQ(parse_duration("300").value(), 300ms);
  EXPECT_EQ(parse_duration("0").value(), 0ms);
}

TEST(DurationTest, WhatIsNoneIsRefused) {
  for (const char* text : {"", "s", "3 s", "3sec", "-3s", "1e3s", "nan", "inf", "0x10", "3s4",
                           "99999999999999999999h"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  }
}

TEST(DurationTest, IsWrittenInItsShortestForm) {
  EXPECT_EQ(to_text(3s), "3s");
  EXPECT_EQ(to_text(1'500ms), "1500ms");
  EXPECT_EQ(to_text(24h), "24h");
  EXPECT_EQ(to_text(90s), "90s");
  EXPECT_EQ(to_text(7us), "7us");
  EXPECT_EQ(to_text(0s), "0ms");
}

TEST(DurationTest, IsHeldAgainstItsRange) {
  const DurationRange range{.lowest = 1ms, .highest = 1h, .plausible = 100ms};
  EXPECT_EQ(check_range("3", 3ms, range), "3 is 3 ms: write 3s");
  EXPECT_EQ(check_range("3ms", 3ms, range), "");
  EXPECT_EQ(check_range("0s", 0s, range), "0s is too short: at least 1ms");
  EXPECT_EQ(check_range("0", 0s, range), "0 is too short: at least 1ms");
  EXPECT_EQ(check_range("2h", 2h, range), "2h is too long: at most 1h");
}

}  // namespace
}  // namespace muster
