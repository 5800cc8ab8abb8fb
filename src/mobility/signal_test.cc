#include "mobility/signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"

namespace muster::mobility::signal_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Movements 0 and 1 go east and west, 2 and 3 north and south, 4 turns across all of them.
SignalPlan crossing() {
  return {.conflicts = {0b11100, 0b11100, 0b10011, 0b10011, 0b01111},
          .phases = {{.green = 0b00011, .length = 20s},
                     {.green = 0b01100, .length = 15s},
                     {.green = 0b10000, .length = 8s}}};
}

class SignalTest : public testing::Test {
 protected:
  void wait(Duration by) { light_.advance(now_ += by); }
  /// Of all movements: `GGrrr`.
  std::string shown() const {
    std::string text;
    for (std::size_t movement = 0; movement < 5; ++movement) {
      text += "rYG"[static_cast<int>(light_.colour(movement))];
    }
    return text;
  }

  Instant now_{100s};
  SignalController light_{crossing(), now_};
};

TEST_F(SignalTest, TheProgrammeGoesRoundWithYellowAndClearance) {
  EXPECT_EQ(shown(), "rrrrr");
  wait(2s);
  EXPECT_EQ(shown(), "GGrrr");
  wait(19'999ms);
  EXPECT_EQ(shown(), "GGrrr");
  wait(1ms);
  EXPECT_EQ(shown(), "YYrrr");
  wait(3s);
  EXPECT_EQ(shown(), "rrrrr");
  wait(2s);
  EXPECT_EQ(shown(), "rrGGr");
  wait(15s + 5s);
  EXPECT_EQ(shown(), "rrrrG");
  wait(8s + 5s);
  EXPECT_EQ(shown(), "GGrrr");
}

TEST_F(SignalTest, AHoldCutsTheProgrammeShortButNotTheLeastGreen) {
  wait(2s);
  EXPECT_EQ(light_.hold(2, now_ + 60s), Preemption::processing);
  wait(4'999ms);
  EXPECT_EQ(shown(), "GGrrr");
  wait(1ms);
  EXPECT_EQ(shown(), "YYrrr");
  wait(5s);
  EXPECT_EQ(shown(), "rrGGr");
  EXPECT_EQ(light_.preemption(), Preemption::granted);
  wait(30s);
  EXPECT_EQ(shown(), "rrGGr");
  light_.release();
  EXPECT_EQ(light_.preemption(), Preemption::none);
  wait(0s);
  EXPECT_EQ(shown(), "rrYYr");
  wait(5s);
  EXPECT_EQ(shown(), "rrrrG");
}

TEST_F(SignalTest, AGreenThatIsThereIsGrantedAtOnce) {
  wait(2s);
  EXPECT_EQ(light_.hold(0, now_ + 60s), Preemption::granted);
  wait(40s);
  EXPECT_EQ(shown(), "GGrrr");
}

TEST_F(SignalTest, ALeaseThatIsNotRenewedEndsAndTheProgrammeGoesOn) {
  wait(2s);
  light_.hold(0, now_ + 30s);
  wait(20s);
  EXPECT_EQ(light_.hold(0, now_ + 20s), Preemption::granted);  // Until 42 s.
  wait(19'999ms);
  EXPECT_EQ(shown(), "GGrrr");
  wait(1ms);
  EXPECT_EQ(light_.preemption(), Preemption::none);
  EXPECT_EQ(shown(), "YYrrr");
}

TEST_F(SignalTest, NobodyHoldsAGreenForLongerThanThePresence) {
  wait(2s);
  light_.hold(0, now_ + 10min);
  wait(60s);
  EXPECT_EQ(light_.preemption(), Preemption::max_presence);
  EXPECT_EQ(shown(), "YYrrr");
  EXPECT_EQ(light_.hold(0, now_ + 10min), Preemption::max_presence);
  light_.release();
  EXPECT_EQ(light_.hold(0, now_ + 1min), Preemption::processing);
}

TEST_F(SignalTest, AnotherWishTakesThePlaceOfTheFirst) {
  wait(2s);
  light_.hold(2, now_ + 60s);
  EXPECT_EQ(light_.hold(4, now_ + 60s), Preemption::processing);
  wait(10s);
  EXPECT_EQ(shown(), "rrrrG");
  EXPECT_EQ(light_.hold(5, now_ + 60s), Preemption::rejected);
  EXPECT_EQ(light_.preemption(), Preemption::granted);
}

TEST(SignalPlanTest, WhatIsNotSafeIsRefused) {
  const auto why = [](const std::function<void(SignalPlan&)>& change) {
    SignalPlan plan = crossing();
    change(plan);
    const auto valid = validate(plan);
    if (valid) return std::string("taken");
    EXPECT_EQ(valid.error().code, ErrorCode::invalid_argument);
    return valid.error().message;
  };
  EXPECT_EQ(why([](SignalPlan&) {}), "taken");
  EXPECT_THAT(why([](SignalPlan& plan) { plan.yellow = 2'999ms; }), HasSubstr("at least 3 s"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.all_red = 999ms; }), HasSubstr("at least 1 s"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.phases[0].green = 0b00101; }),
              HasSubstr("greens that conflict in phase 0"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.phases[1].green = 0; }), HasSubstr("phase 1"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.phases[1].green = 0b100000; }), HasSubstr("phase 1"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.phases[2].length = 4s; }), HasSubstr("phase 2"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.phases[2].length = 1h + 1us; }),
              HasSubstr("phase 2"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.most_presence = 1h + 1us; }), HasSubstr("an hour"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.conflicts[0] = 0; }), HasSubstr("mutual"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.conflicts[0] |= 1; }), HasSubstr("itself"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.conflicts[0] |= 0b100000; }),
              HasSubstr("there is not"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.phases.clear(); }), HasSubstr("1 to 64 phases"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.conflicts.clear(); }), HasSubstr("1 to 32"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.conflicts.assign(33, 0); }), HasSubstr("1 to 32"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.least_green = 0s; }), HasSubstr("least green"));
  EXPECT_THAT(why([](SignalPlan& plan) { plan.most_presence = 1s; }), HasSubstr("presence"));
}

/// Whatever is wished for, and whenever: what a road user may rely on.
TEST(SignalPropertyTest, ConflictingWaysAreNeverOpenAndEveryStepTakesItsTime) {
  const SignalPlan plan = crossing();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Instant now{100s};
    SignalController light(plan, now);
    std::vector<Colour> before(5, Colour::red);
    std::vector<Instant> since(5, now);
    for (int i = 0; i < 20'000; ++i) {
      if (random.chance(0.01)) light.hold(random.below(6), now + random.between(0s, 90s));
      if (random.chance(0.003)) light.release();
      // Never past a change, so that each is seen.
      now = std::min(now + random.between(1ms, 900ms), std::max(light.next_change(), now));
      light.advance(now);
      for (std::size_t movement = 0; movement < 5; ++movement) {
        const Colour colour = light.colour(movement);
        for (std::size_t other = 0; other < 5; ++other) {
          if (colour == Colour::red || (plan.conflicts[movement] >> other & 1U) == 0) continue;
          ASSERT_EQ(light.colour(other), Colour::red) << "seed " << seed;
        }
        if (colour == before[movement]) continue;
        const Duration took = now - since[movement];
        if (before[movement] == Colour::green) {
          ASSERT_EQ(colour, Colour::yellow);
          ASSERT_GE(took, plan.least_green);
        } else if (before[movement] == Colour::yellow) {
          ASSERT_EQ(colour, Colour::red);
          ASSERT_EQ(took, plan.yellow);
        } else {
          ASSERT_EQ(colour, Colour::green);
          for (std::size_t other = 0; other < 5; ++other) {
            if ((plan.conflicts[movement] >> other & 1U) == 0) continue;
            ASSERT_GE(now - since[other], plan.all_red) << "seed " << seed;
          }
        }
        before[movement] = colour;
        since[movement] = now;
      }
    }
  }
}

}  // namespace
}  // namespace muster::mobility::signal_test
