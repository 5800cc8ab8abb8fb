// Log time starts at the voters' median and never goes back.
#include "service/log_clock.h"

#include <gtest/gtest.h>

namespace muster::service {
namespace {

using namespace std::chrono_literals;

TEST(LogClockTest, StartsAtTheMedianAndRunsWithTheMonotonicClock) {
  const LogClock clock({LogTime{3'000}, LogTime{1'000}, LogTime{2'000}}, LogTime{500}, Instant{7s});
  EXPECT_EQ(clock.at(Instant{7s}), LogTime{2'000});
  EXPECT_EQ(clock.at(Instant{8'500ms}), LogTime{3'500});
}

TEST(LogClockTest, TakesTheLowerOfTwoSoThatOneClockYearsAheadMovesNothing) {
  const LogTime years_ahead{99'000'000'000};
  const LogClock clock({years_ahead, LogTime{1'000}}, LogTime{}, Instant{});
  EXPECT_EQ(clock.at(Instant{10ms}), LogTime{1'010});
}

TEST(LogClockTest, RunsAtHalfSpeedWhileTheLogIsAheadOfTheMedian) {
  const LogClock clock({LogTime{1'000}}, LogTime{1'100}, Instant{});
  EXPECT_EQ(clock.at(Instant{}), LogTime{1'100});
  EXPECT_EQ(clock.at(Instant{100ms}), LogTime{1'150});
  EXPECT_EQ(clock.at(Instant{200ms}), LogTime{1'200});
  EXPECT_EQ(clock.at(Instant{300ms}), LogTime{1'300});
}

TEST(LogClockTest, GoesOnFromALaterStampOfTheLogAtHalfSpeedUntilTheMedianHasComeUp) {
  LogClock clock({LogTime{1'000}}, LogTime{}, Instant{});
  clock.raise(LogTime{1'050}, Instant{100ms});
  EXPECT_EQ(clock.at(Instant{100ms}), LogTime{1'100}) << "it is not behind";
  clock.raise(LogTime{1'400}, Instant{100ms});
  EXPECT_EQ(clock.at(Instant{100ms}), LogTime{1'400});
  EXPECT_EQ(clock.at(Instant{200ms}), LogTime{1'450});
  EXPECT_EQ(clock.at(Instant{700ms}), LogTime{1'700});
  EXPECT_EQ(clock.at(Instant{900ms}), LogTime{1'900}) << "as the median does";
}

TEST(LogClockTest, TellsWhenALogTimeWillBeReached) {
  const LogClock clock({LogTime{1'000}}, LogTime{1'100}, Instant{});
  for (const LogTime time : {LogTime{1'150}, LogTime{1'200}, LogTime{1'350}}) {
    EXPECT_EQ(clock.at(clock.when(time)), time);
  }
  EXPECT_EQ(clock.when(LogTime{5}), Instant{});
}

}  // namespace
}  // namespace muster::service
