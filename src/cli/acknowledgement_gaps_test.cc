#include "cli/acknowledgement_gaps.h"

#include <gtest/gtest.h>

namespace muster::cli::acknowledgement_gaps_test {
namespace {

using namespace std::chrono_literals;
using Gap = AcknowledgementGaps::Gap;
using Time = AcknowledgementGaps::Time;

TEST(AcknowledgementGapsTest, OneAcknowledgementMakesNoGap) {
  AcknowledgementGaps gaps;
  gaps.acknowledged(Time(5s));
  EXPECT_EQ(gaps.longest(), std::vector<Gap>{});
}

TEST(AcknowledgementGapsTest, TheLongestComesFirst) {
  AcknowledgementGaps gaps;
  for (const auto at : {1s, 3s, 8s, 9s}) gaps.acknowledged(Time(at));
  EXPECT_EQ(gaps.longest(), (std::vector<Gap>{{Time(3s), 5s}, {Time(1s), 2s}, {Time(8s), 1s}}));
}

TEST(AcknowledgementGapsTest, KeepsOnlyTheLongestOnes) {
  AcknowledgementGaps gaps;
  Time now(0s);
  for (int length = 0; length < 100; ++length) gaps.acknowledged(now += length * 1ms);
  ASSERT_EQ(gaps.longest().size(), AcknowledgementGaps::kept_max);
  EXPECT_EQ(gaps.longest().front().length, 99ms);
  EXPECT_EQ(gaps.longest().back().length, 92ms);
}

}  // namespace
}  // namespace muster::cli::acknowledgement_gaps_test
