// Large groups: that the figures are what happened, and that who does not agree is told of.
#include "sim/large_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/large_report.h"
#include "sim/options.h"
#include "sim/violation.h"

namespace muster::sim {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;

constexpr std::size_t few_servers = 9;

// Bounds are those of the group's times: 5 s until a server counts as failed, 2 s (doubled when it
// was lost lately) until a better one is handed the leadership, 600 ms without a leader.
TEST(LargeGroupTest, AgreesInTimeAfterAJoinLossesAndASplit) {
  std::map<std::string, double> told;
  LargeGroup group(large_group(1, few_servers), false,
                   [&](const std::string& what, double seconds) { told[what] = seconds; });
  const LargeFigures figures = group.measure();
  EXPECT_EQ(told["one joins"], figures.joined);
  EXPECT_EQ(told["a leader is replaced"], figures.leader_lost);
  EXPECT_EQ(told["nobody comes or goes"], 20);
  EXPECT_THAT(figures.joined, Le(1.0));
  EXPECT_THAT(figures.joiner_leads, AllOf(Ge(2.0), Le(5.0)));
  EXPECT_THAT(figures.standby_lost, AllOf(Ge(5.0), Le(6.0)));
  EXPECT_THAT(figures.voter_lost, AllOf(Ge(5.0), Le(6.0)));
  EXPECT_THAT(figures.voter_replaced, AllOf(Ge(figures.voter_lost), Le(7.0)));
  EXPECT_THAT(figures.leader_known, Le(1.0));
  EXPECT_THAT(figures.leader_lost, AllOf(Ge(5.0), Le(8.0)));
  EXPECT_THAT(figures.split_agreed, AllOf(Ge(5.0), Le(12.0)));
  EXPECT_THAT(figures.healed, AllOf(Ge(0.0), Le(5.0)));
  EXPECT_THAT(figures.entries, Ge(10.0));
}

TEST(LargeGroupTest, AgreesWhenAllStartAtOnce) {
  Scenario scenario = large_group(1, few_servers);
  scenario.founders = few_servers;
  EXPECT_THAT(LargeGroup(scenario, false).grow(), Le(10.0));
}

TEST(LargeGroupTest, TheSameSeedGivesTheSameFigures) {
  LargeGroup once(large_group(7, few_servers), false);
  LargeGroup again(large_group(7, few_servers), false);
  LargeGroup other(large_group(8, few_servers), false);
  EXPECT_EQ(once.grow(), again.grow());
  other.grow();
  EXPECT_EQ(once.digest(), again.digest());
  EXPECT_NE(once.digest(), other.digest());
}

// A heartbeat to each other server in each interval, and what else goes over each link.
TEST(LargeGroupTest, TheLeaderSendsInProportionToTheOthers) {
  const auto at_rest = [](std::size_t servers) {
    LargeGroup group(large_group(3, servers), false);
    group.grow();
    return group.leader_at_rest(10s);
  };
  const RateByType small = at_rest(few_servers);
  const RateByType large = at_rest(2 * few_servers - 1);
  constexpr double heartbeats = 20;  // In a second: one each 50 ms.
  EXPECT_NEAR(small.at(wire::FrameType::raft).frames, heartbeats * (few_servers - 1),
              heartbeats / 2);
  EXPECT_NEAR(large.at(wire::FrameType::raft).frames / small.at(wire::FrameType::raft).frames, 2.0,
              0.1);
  EXPECT_NEAR(sum(large).bytes / sum(small).bytes, 2.0, 0.2);
}

TEST(LargeGroupTest, WhoDoesNotAgreeInTimeIsTold) {
  Scenario scenario = large_group(1, few_servers);
  scenario.datagrams.pass = false;  // Nobody hears of anybody: each is a group of its own.
  try {
    LargeGroup(scenario, false).grow();
    ADD_FAILURE() << "they agree";
  } catch (const Violation& violation) {
    EXPECT_EQ(violation.invariant(), "converges");
    EXPECT_THAT(violation.what(), HasSubstr("a group is there: after 120 s server 1 is in another "
                                            "group than the first one"));
  }
}

TEST(LargeGroupTest, TablesHaveTheMedianAndTheGreatest) {
  const LargeFigures quick{.joined = 0.25, .leader_at_rest = {{wire::FrameType::raft, {10, 500}}}};
  const LargeFigures slow{.joined = 0.75, .leader_at_rest = {{wire::FrameType::raft, {30, 700}}}};
  const std::string text = to_tables(25, {slow, quick});
  EXPECT_THAT(text, HasSubstr("| 25 servers, 2 runs | median | greatest |\n"));
  EXPECT_THAT(text, HasSubstr("| one more starts: until it is in all views, s | 0.50 | 0.75 |\n"));
  EXPECT_THAT(text, HasSubstr("| at rest: the leader sends, frames/s | 20 | 30 |\n"));
  EXPECT_THAT(text, HasSubstr("| `raft` | 20.0 | 600 | 0.0 | 0 |\n"));
}

TEST(LargeGroupTest, TheCommandLineHasItsLimits) {
  EXPECT_EQ(parse_command_line({"--large", "25"})->large, 25U);
  EXPECT_EQ(parse_command_line({"--large", "8"}).error().message, "--large 8: expected 9 to 255");
  EXPECT_EQ(parse_command_line({"--large", "25", "--profile", "wan"}).error().code,
            ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::sim
