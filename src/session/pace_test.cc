#include "session/pace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::session::pace_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr wire::HeartbeatTimes fast{milliseconds{15}, seconds{2}};

class PaceTest : public ::testing::Test {
 protected:
  struct Sent {
    int datagrams{0};
    int over_connection{0};
    friend bool operator==(const Sent&, const Sent&) = default;
  };
  // The home answers at once what comes over the connection; datagrams come in if they pass.
  Sent live(Duration time) {
    Sent sent;
    const Instant end = now_ + time;
    while (pace_.deadline() && *pace_.deadline() < end) {
      now_ = *pace_.deadline();
      const Pace::Beat beat = pace_.beat(now_);
      if (beat.by_datagram) {
        ++sent.datagrams;
        if (pass_) heard_ = *beat.by_datagram;
      }
      if (beat.over_connection) {
        ++sent.over_connection;
        if (beat.wants_answer) {
          pace_.answered({.counter = *beat.over_connection, .by_datagram = heard_});
        }
      }
    }
    now_ = end;
    return sent;
  }

  Pace pace_;
  Instant now_{seconds{1}};
  bool pass_{true};
  std::uint64_t heard_{0};
};

TEST_F(PaceTest, DatagramsAreUsedOnceOneHasPassed) {
  pace_.begin(fast, now_);
  EXPECT_EQ(live(milliseconds{1}), (Sent{1, 1}));
  EXPECT_TRUE(pace_.datagrams_pass());
  // In 3 s there are 200 intervals; each 27th, after 405 ms, is for the connection.
  EXPECT_EQ(live(seconds{3}), (Sent{193, 7}));
}

TEST_F(PaceTest, WhereNoDatagramPassesAllGoesOverTheConnection) {
  pass_ = false;
  pace_.begin(fast, now_);
  EXPECT_EQ(live(seconds{3}), (Sent{8, 200}));
  EXPECT_FALSE(pace_.datagrams_pass());
}

TEST_F(PaceTest, WhenDatagramsCeaseToPassTheNextCheckTells) {
  pace_.begin(fast, now_);
  static_cast<void>(live(seconds{1}));
  pass_ = false;
  static_cast<void>(live(milliseconds{820}));
  EXPECT_FALSE(pace_.datagrams_pass());
  pass_ = true;
  static_cast<void>(live(milliseconds{420}));
  EXPECT_TRUE(pace_.datagrams_pass());
}

// The home may read a frame before a datagram that came earlier.
TEST_F(PaceTest, ADatagramThatIsTakenInLateCountsAtTheNextAnswer) {
  pace_.begin(fast, now_);
  const Pace::Beat first = pace_.beat(now_);
  pace_.answered({.counter = *first.over_connection, .by_datagram = 0});
  EXPECT_FALSE(pace_.datagrams_pass());
  now_ += milliseconds{15};
  const Pace::Beat second = pace_.beat(now_);
  EXPECT_FALSE(second.by_datagram);
  EXPECT_TRUE(second.wants_answer);
  pace_.answered({.counter = *second.over_connection, .by_datagram = *first.by_datagram});
  EXPECT_TRUE(pace_.datagrams_pass());
}

TEST_F(PaceTest, AnAnswerToAnEarlierHeartbeatTellsNothingOfTheLatest) {
  pace_.begin(fast, now_);
  static_cast<void>(live(seconds{1}));
  const std::uint64_t before = heard_;
  pass_ = false;
  while (!pace_.beat(now_).over_connection) now_ += milliseconds{15};
  pace_.answered({.counter = 2, .by_datagram = before});
  EXPECT_TRUE(pace_.datagrams_pass());
}

TEST_F(PaceTest, FewOfThoseOverTheConnectionAskForAnAnswer) {
  pass_ = false;
  pace_.begin(fast, now_);
  int asked = 0;
  for (int i = 0; i < 270; ++i) {
    asked += pace_.beat(now_).wants_answer ? 1 : 0;
    now_ += milliseconds{15};
  }
  EXPECT_EQ(asked, 20);
}

TEST_F(PaceTest, SlowHeartbeatsUseTheConnectionAlone) {
  pace_.begin({seconds{1}, seconds{10}}, now_);
  EXPECT_EQ(live(seconds{10}), (Sent{0, 10}));
  pace_.begin({seconds{60}, seconds{600}}, now_);
  EXPECT_EQ(live(seconds{180}), (Sent{0, 3}));
}

TEST_F(PaceTest, AShortTimeoutOfTheGroupMakesItFaster) {
  pace_.begin({seconds{1}, seconds{2}}, now_);
  const Sent sent = live(seconds{10});
  EXPECT_EQ(sent.over_connection + sent.datagrams, 20);
}

TEST_F(PaceTest, WhatWasMissedIsNotMadeUpFor) {
  pace_.begin(fast, now_);
  static_cast<void>(live(seconds{1}));
  now_ += seconds{10};
  static_cast<void>(pace_.beat(now_));
  EXPECT_EQ(pace_.deadline(), now_ + milliseconds{15});
}

TEST_F(PaceTest, NoneIsDueBeforeItBeginsOrAfterItStops) {
  EXPECT_EQ(pace_.deadline(), std::nullopt);
  pace_.begin({Duration{}, seconds{10}}, now_);
  EXPECT_EQ(pace_.deadline(), std::nullopt);
  pace_.begin(fast, now_);
  pace_.stop();
  EXPECT_EQ(pace_.deadline(), std::nullopt);
  EXPECT_FALSE(pace_.beat(now_).over_connection);
}

}  // namespace
}  // namespace muster::session::pace_test
