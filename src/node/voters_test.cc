// Who should vote: the rules, case by case.
#include "node/voters.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace muster::node::voters_test {
namespace {

using enum RoleChangeKind;
constexpr auto voter = raft::MemberRole::voter;
constexpr auto standby = raft::MemberRole::standby;

Standing votes() {
  return {.role = voter, .caught_up = true};
}
Standing waits() {
  return {.role = standby, .caught_up = true};
}
Standing failed(raft::MemberRole role) {
  return {.role = role, .failed = true};
}
Standing stopped(raft::MemberRole role) {
  return {.role = role, .stopped = true};
}

// Numbers from 1 up; the highest ranks best, and leads unless it is said otherwise.
std::optional<RoleChange> next(const std::vector<Standing>& standings, std::uint32_t leader = 0,
                               const VoterRules& rules = {}) {
  std::map<ServerNumber, Standing> members;
  std::vector<ServerNumber> ranking;
  std::uint32_t number = 0;
  for (const Standing& standing : standings) members[ServerNumber{++number}] = standing;
  for (std::uint32_t rank = number; rank > 0; --rank) ranking.push_back(ServerNumber{rank});
  return next_role_change(members, ranking, ServerNumber{leader == 0 ? number : leader}, rules);
}
RoleChange promotes(std::uint32_t number) {
  return {ServerNumber{number}, promote};
}
RoleChange demotes(std::uint32_t number) {
  return {ServerNumber{number}, demote};
}

TEST(VotersTest, VotersGrowWithTheMembersInOddSteps) {
  const std::vector<std::size_t> expected{1, 2, 3, 3, 5, 5, 5};
  std::vector<std::size_t> got;
  for (std::size_t members = 1; members <= expected.size(); ++members) {
    got.push_back(voters_for(members, 5));
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(voters_for(9, 3), 3U);
  EXPECT_EQ(voters_for(9, 4), 3U);
  EXPECT_EQ(voters_for(9, 2), 2U);
}

TEST(VotersTest, NothingChangesWhereAllIsWell) {
  EXPECT_EQ(next({votes()}), std::nullopt);
  EXPECT_EQ(next({votes(), votes(), votes()}), std::nullopt);
  EXPECT_EQ(next({waits(), votes(), votes(), votes()}), std::nullopt);
}

TEST(VotersTest, AStandbyThatKeepsUpIsPromotedWhileThereAreTooFew) {
  EXPECT_EQ(next({votes(), waits()}, 1), promotes(2));
  EXPECT_EQ(next({votes(), Standing{.role = standby}}, 1), std::nullopt);
  EXPECT_EQ(next({votes(), votes(), votes(), waits(), waits()}, 3), promotes(5));
}

TEST(VotersTest, AFailedVoterIsReplacedTheStandbyFirst) {
  EXPECT_EQ(next({waits(), failed(voter), votes(), votes()}), promotes(1));
  EXPECT_EQ(next({votes(), failed(voter), votes(), votes()}), demotes(2));
  EXPECT_EQ(next({votes(), failed(standby), votes(), votes()}), std::nullopt);
}

TEST(VotersTest, WithoutAStandbyAFailedVoterStays) {
  EXPECT_EQ(next({failed(voter), votes(), votes()}), std::nullopt);
  EXPECT_EQ(next({failed(voter), votes(), votes(), votes(), votes()}), std::nullopt);
  EXPECT_EQ(next({failed(voter), votes()}), std::nullopt);
}

TEST(VotersTest, TwoFailedOfFiveLeaveTogether) {
  EXPECT_EQ(next({failed(voter), votes(), failed(voter), votes(), votes()}), demotes(1));
  EXPECT_EQ(next({failed(standby), votes(), failed(voter), votes(), votes()}), demotes(3));
  EXPECT_EQ(next({failed(standby), votes(), failed(standby), votes(), votes()}), std::nullopt);
}

TEST(VotersTest, OnOneMachineAFailedOneOfThreeStepsBack) {
  EXPECT_EQ(next({failed(voter), votes(), votes()}, 3, {.one_machine = true}), demotes(1));
  EXPECT_EQ(next({failed(standby), failed(voter), votes()}, 3, {.one_machine = true}),
            std::nullopt);
}

TEST(VotersTest, OneThatStopsGivesUpItsVoteWhileAnotherRemains) {
  EXPECT_EQ(next({votes(), votes(), stopped(voter)}, 2), demotes(3));
  EXPECT_EQ(next({votes(), stopped(voter), stopped(standby)}, 1), demotes(2));
  EXPECT_EQ(next({stopped(voter), stopped(standby)}, 1), std::nullopt);
}

TEST(VotersTest, WhoStopsIsReplacedFirst) {
  EXPECT_EQ(next({waits(), votes(), votes(), stopped(voter)}, 3), promotes(1));
}

TEST(VotersTest, ABetterRankedNewcomerTakesTheSeatOfTheWorstRanked) {
  EXPECT_EQ(next({votes(), votes(), votes(), waits()}, 3), promotes(4));
  EXPECT_EQ(next({votes(), votes(), votes(), votes()}, 3), demotes(1));
  EXPECT_EQ(next({votes(), votes(), votes(), waits()}, 3, {.prefers_rank = false}), std::nullopt);
}

TEST(VotersTest, TheLeaderIsNotDemoted) {
  EXPECT_EQ(next({votes(), votes(), votes(), votes()}, 1), demotes(2));
}

TEST(VotersTest, NoStepIsTakenThatTheLivingCouldNotDecide) {
  // 4 voters of whom 2 live: with a fifth, 3 of 5 would decide; without a failed one, 2 of 3.
  EXPECT_EQ(next({waits(), failed(voter), failed(voter), votes(), votes()}), promotes(1));
  EXPECT_EQ(next({failed(voter), failed(voter), votes(), votes()}), demotes(1));
  // 1 of 3 lives: neither helps.
  EXPECT_EQ(next({waits(), failed(voter), failed(voter), votes()}), std::nullopt);
}

// It stays until its vote is taken, which can only be when others have one.
TEST(VotersTest, WhoStopsDecidesAsLongAsItIsThere) {
  EXPECT_EQ(next({waits(), failed(voter), stopped(voter), votes()}), promotes(1));
  EXPECT_EQ(next({waits(), votes(), failed(voter), stopped(voter), votes()}), promotes(1));
  EXPECT_EQ(next({votes(), votes(), failed(voter), stopped(voter), votes()}), demotes(4));
  Standing gone = stopped(voter);
  gone.answers = false;
  EXPECT_EQ(next({waits(), failed(voter), gone, votes()}), std::nullopt);
}

TEST(VotersTest, ADemotionWaitsUntilThoseThatAnswerDecideWithoutIt) {
  Standing silent = votes();  // Not yet failed; it may be gone all the same.
  silent.answers = false;
  EXPECT_EQ(next({stopped(voter), votes(), votes()}), demotes(1));
  EXPECT_EQ(next({stopped(voter), silent, votes()}), std::nullopt);
  EXPECT_EQ(next({stopped(voter), silent, votes(), votes()}), demotes(1));
}

// Whatever the start, changes come to an end, and the living always decide.
TEST(VotersTest, ChangesEndWithLivingVotersThatDecide) {
  const std::vector<Standing> kinds{votes(),          waits(),        failed(voter),
                                    failed(standby),  stopped(voter), stopped(standby),
                                    {.role = standby}};
  std::size_t runs = 0;
  for (std::size_t code = 0; code < 7U * 7U * 7U * 7U * 7U; ++code) {
    std::map<ServerNumber, Standing> members;
    std::vector<ServerNumber> ranking;
    members[ServerNumber{6}] = votes();
    std::size_t rest = code;
    for (std::uint32_t number = 1; number <= 5; ++number, rest /= kinds.size()) {
      members[ServerNumber{number}] = kinds[rest % kinds.size()];
    }
    for (std::uint32_t rank = 6; rank > 0; --rank) ranking.push_back(ServerNumber{rank});
    const auto decide = [&] {
      const auto voters = std::ranges::count_if(
          members, [](const auto& item) { return item.second.role == voter; });
      const auto living = std::ranges::count_if(members, [](const auto& item) {
        return item.second.role == voter && !item.second.failed && !item.second.stopped;
      });
      return living >= voters / 2 + 1;
    };
    if (!decide()) continue;
    ++runs;
    int steps = 0;
    for (auto change = next_role_change(members, ranking, ServerNumber{6}, {}); change;
         change = next_role_change(members, ranking, ServerNumber{6}, {})) {
      members[change->server].role = change->kind == promote ? voter : standby;
      ASSERT_TRUE(decide()) << code;
      ASSERT_LT(++steps, 12) << code;
    }
  }
  EXPECT_GT(runs, 5'000U);
}

}  // namespace
}  // namespace muster::node::voters_test
