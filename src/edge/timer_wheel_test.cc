#include "edge/timer_wheel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.h"

namespace muster::edge::timer_wheel_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr Duration tick = milliseconds{10};

Instant at(Duration since) {
  return Instant{since};
}

std::vector<TimerWheel::Place> expired_by(TimerWheel& wheel, Duration to) {
  std::vector<TimerWheel::Place> expired;
  wheel.advance(at(to), [&](TimerWheel::Place place) { expired.push_back(place); });
  return expired;
}

TEST(TimerWheel, ReportsEachDeadlineOnceAndNotBefore) {
  TimerWheel wheel(tick);
  wheel.set(0, at(milliseconds{30}));
  wheel.set(1, at(milliseconds{31}));
  EXPECT_THAT(expired_by(wheel, milliseconds{29}), IsEmpty());
  EXPECT_THAT(expired_by(wheel, milliseconds{30}), ElementsAre(0));
  EXPECT_THAT(expired_by(wheel, milliseconds{39}), IsEmpty());
  EXPECT_THAT(expired_by(wheel, milliseconds{40}), ElementsAre(1));
  EXPECT_THAT(expired_by(wheel, seconds{10}), IsEmpty());
  EXPECT_EQ(wheel.size(), 0U);
}

TEST(TimerWheel, ADeadlineMovesAndGoes) {
  TimerWheel wheel(tick);
  wheel.set(0, at(milliseconds{30}));
  wheel.set(1, at(milliseconds{30}));
  wheel.set(2, at(milliseconds{30}));
  wheel.set(0, at(milliseconds{60}));
  wheel.clear(1);
  wheel.clear(1);
  EXPECT_THAT(expired_by(wheel, milliseconds{50}), ElementsAre(2));
  EXPECT_THAT(expired_by(wheel, milliseconds{60}), ElementsAre(0));
}

TEST(TimerWheel, DeadlinesBeyondATurnOfTheWheelWait) {
  TimerWheel wheel(tick);
  wheel.set(0, at(tick * 512 * 3 + tick));
  EXPECT_THAT(expired_by(wheel, tick * 512 * 3), IsEmpty());
  EXPECT_THAT(expired_by(wheel, tick * 512 * 3 + tick), ElementsAre(0));
}

TEST(TimerWheel, AfterALongPauseAllThatIsDueIsReported) {
  TimerWheel wheel(tick);
  for (TimerWheel::Place place = 0; place < 100; ++place) wheel.set(place, at(tick * 37 * place));
  EXPECT_EQ(expired_by(wheel, seconds{1'000}).size(), 100U);
}

TEST(TimerWheel, ADeadlineInThePastIsDueAtTheNextTick) {
  TimerWheel wheel(tick);
  static_cast<void>(expired_by(wheel, seconds{5}));
  wheel.set(0, at(seconds{1}));
  EXPECT_EQ(wheel.next(), at(seconds{5} + tick));
  EXPECT_THAT(expired_by(wheel, seconds{5} + tick), ElementsAre(0));
}

TEST(TimerWheel, MayBeChangedWhileItReports) {
  TimerWheel wheel(tick);
  for (const TimerWheel::Place place : {0U, 1U, 2U}) wheel.set(place, at(milliseconds{30}));
  std::vector<TimerWheel::Place> expired;
  wheel.advance(at(milliseconds{30}), [&](TimerWheel::Place place) {
    expired.push_back(place);
    if (place != 1) wheel.clear(1);
    wheel.set(place, at(milliseconds{50}));
  });
  EXPECT_THAT(expired, UnorderedElementsAre(0, 2));
  EXPECT_THAT(expired_by(wheel, milliseconds{50}), UnorderedElementsAre(0, 2));
}

TEST(TimerWheel, SaysWhenItIsDueNext) {
  TimerWheel wheel(tick);
  EXPECT_EQ(wheel.next(), std::nullopt);
  wheel.set(0, at(tick * 700));
  wheel.set(1, at(tick * 300));
  // That of place 0 lies in bucket 188, which is passed once before.
  EXPECT_EQ(wheel.next(), at(tick * 188));
  static_cast<void>(expired_by(wheel, tick * 188));
  EXPECT_EQ(wheel.next(), at(tick * 300));
}

// Against a table of deadlines that is searched.
TEST(TimerWheel, AgreesWithAPlainTable) {
  Random random(7);
  TimerWheel wheel(tick);
  std::map<TimerWheel::Place, Instant> table;
  Instant now{};
  for (int round = 0; round < 20'000; ++round) {
    const auto place = static_cast<TimerWheel::Place>(random.below(50));
    const std::uint64_t draw = random.below(10);
    if (draw < 6) {
      const Instant due = now + random.between(Duration{0}, seconds{12});
      wheel.set(place, due);
      table[place] = due;
    } else if (draw < 7) {
      wheel.clear(place);
      table.erase(place);
    } else {
      now += random.between(Duration{0}, milliseconds{700});
      wheel.advance(now, [&](TimerWheel::Place expired) {
        ASSERT_LE(table.at(expired), now);
        table.erase(expired);
      });
      for (const auto& [other, due] : table) ASSERT_GT(due, now - tick);
    }
    ASSERT_EQ(wheel.size(), table.size());
    if (wheel.next()) {
      for (const auto& [other, due] : table) ASSERT_LE(*wheel.next(), std::max(due, now) + tick);
    }
  }
}

}  // namespace
}  // namespace muster::edge::timer_wheel_test
