// Who founds: the rule, case by case.
#include "discovery/founding.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace muster::discovery::founding_test {
namespace {

ServerId server(std::uint8_t n) {
  ServerId id;
  id.uuid.bytes[15] = n;
  return id;
}
GroupId group(std::uint8_t n) {
  GroupId id;
  id.uuid.bytes[15] = n;
  return id;
}
const ServerId a = server(1), b = server(2), c = server(3);

TEST(FoundingTest, TheSmallestIdFoundsWithAllThatHearEachOther) {
  const FoundingDecision decision =
      decide_founding(a, {{b, {.hears = {a, c}}}, {c, {.hears = {a, b}}}}, 3);
  EXPECT_EQ(decision, FoundingDecision(Found{{a, b, c}}));
}

TEST(FoundingTest, OthersWaitForTheInvitation) {
  const FoundingDecision decision =
      decide_founding(b, {{a, {.hears = {b, c}}}, {c, {.hears = {a, b}}}}, 3);
  EXPECT_EQ(decision, FoundingDecision(Wait{0}));
}

TEST(FoundingTest, WaitsUntilAsManyAsExpectedAreThere) {
  EXPECT_EQ(decide_founding(a, {{b, {.hears = {a}}}}, 3), FoundingDecision(Wait{1}));
  EXPECT_EQ(decide_founding(a, {}, 3), FoundingDecision(Wait{2}));
}

TEST(FoundingTest, WaitsUntilEachNamesTheOthers) {
  EXPECT_EQ(decide_founding(a, {{b, {.hears = {a}}}, {c, {.hears = {a, b}}}}, 3),
            FoundingDecision(Wait{0}));
  EXPECT_EQ(decide_founding(a, {{b, {.hears = {}}}}, 2), FoundingDecision(Wait{0}));
}

TEST(FoundingTest, AServerThatHearsNobodyFoundsAlone) {
  EXPECT_EQ(decide_founding(a, {}, 1), FoundingDecision(Found{{a}}));
}

TEST(FoundingTest, AFormedGroupIsJoinedTheSmallestIdFirst) {
  EXPECT_EQ(decide_founding(a, {{b, {.group = group(9)}}, {c, {.group = group(4)}}}, 1),
            FoundingDecision(Join{group(4)}));
}

TEST(FoundingTest, OfSeveralGroupsTheOneWithALinkThenTheOneWithDataIsJoined) {
  const GroupId with_data = group(8), linked = group(9);
  EXPECT_EQ(
      decide_founding(a, {{b, {.group = group(1), .linked = false}}, {c, {.group = linked}}}, 1),
      FoundingDecision(Join{linked}));
  EXPECT_EQ(
      decide_founding(
          a, {{b, {.group = group(1)}}, {c, {.group = with_data, .has_client_data = true}}}, 1),
      FoundingDecision(Join{with_data}));
}

TEST(FoundingTest, AGroupThatWasOnlySightedIsJoinedHoweverLongItsLinkTakes) {
  for (const bool overdue : {false, true}) {
    EXPECT_EQ(decide_founding(a, {{b, {.group = group(4), .linked = false}}}, 1, overdue),
              FoundingDecision(Join{group(4)}));
  }
}

TEST(FoundingTest, WithoutAnExpectationWhoeverIsLinkedFoundsTogether) {
  const std::map<ServerId, Heard> heard{{b, {.hears = {a, c}}}, {c, {.hears = {a, b}}}};
  for (const std::size_t expect : {0, 1}) {
    EXPECT_EQ(decide_founding(a, heard, expect), FoundingDecision(Found{{a, b, c}})) << expect;
    EXPECT_EQ(decide_founding(a, {}, expect), FoundingDecision(Found{{a}})) << expect;
  }
}

TEST(FoundingTest, WaitsForTheLinkOfAServerSightedUntilThatIsOverdue) {
  const std::map<ServerId, Heard> sighted{{b, {.linked = false}}};
  EXPECT_EQ(decide_founding(a, sighted, 1), FoundingDecision(Wait{0}));
  EXPECT_EQ(decide_founding(a, sighted, 1, true), FoundingDecision(Found{{a}}));

  const std::map<ServerId, Heard> one_of_two{{b, {.hears = {a}}}, {c, {.linked = false}}};
  EXPECT_EQ(decide_founding(a, one_of_two, 2), FoundingDecision(Wait{0}));
  EXPECT_EQ(decide_founding(a, one_of_two, 2, true), FoundingDecision(Found{{a, b}}));
}

TEST(FoundingTest, AServerSightedCountsForNoExpectation) {
  for (const bool overdue : {false, true}) {
    EXPECT_EQ(decide_founding(a, {{b, {.linked = false}}}, 2, overdue), FoundingDecision(Wait{1}));
  }
}

TEST(FoundingTest, OfTwoThatSightEachOtherNeitherFoundsAlone) {
  EXPECT_EQ(decide_founding(a, {{b, {.linked = false}}}, 0), FoundingDecision(Wait{0}));
  EXPECT_EQ(decide_founding(b, {{a, {.linked = false}}}, 0), FoundingDecision(Wait{0}));
}

// b and c have no link to each other. As long as it may come up they wait, then a leads them both;
// with an expectation each of them has to name the others.
TEST(FoundingTest, OverdueLinksAmongOthersDoNotKeepAServerFromFoundingWithAllThatHearIt) {
  const std::map<ServerId, Heard> star{{b, {.hears = {a}}}, {c, {.hears = {a}}}};
  EXPECT_EQ(decide_founding(a, star, 1), FoundingDecision(Wait{0}));
  EXPECT_EQ(decide_founding(a, star, 1, true), FoundingDecision(Found{{a, b, c}}));
  EXPECT_EQ(decide_founding(a, star, 3, true), FoundingDecision(Wait{0}));
  EXPECT_EQ(decide_founding(b, {{a, {.hears = {b, c}}}}, 1, true), FoundingDecision(Wait{0}));
}

TEST(FoundingTest, WhoIsNotHeardByAnotherNeverFoundsWithIt) {
  for (const bool overdue : {false, true}) {
    EXPECT_EQ(decide_founding(a, {{b, {.hears = {}}}}, 1, overdue), FoundingDecision(Wait{0}));
  }
}

// Over all graphs of links among four servers that sight each other, once links are overdue.
TEST(FoundingTest, NoTwoServersThatAreLinkedBothFound) {
  constexpr unsigned servers = 4;
  const std::vector<std::pair<unsigned, unsigned>> pairs{{0, 1}, {0, 2}, {0, 3},
                                                         {1, 2}, {1, 3}, {2, 3}};
  for (unsigned graph = 0; graph < 64; ++graph) {
    std::vector<std::set<ServerId>> links(servers);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if ((graph >> i & 1U) == 0) continue;
      const auto [one, other] = pairs[i];
      links[one].insert(server(static_cast<std::uint8_t>(other)));
      links[other].insert(server(static_cast<std::uint8_t>(one)));
    }
    std::set<ServerId> founders;
    for (std::uint8_t n = 0; n < servers; ++n) {
      std::map<ServerId, Heard> heard;
      for (std::uint8_t m = 0; m < servers; ++m) {
        if (m == n) continue;
        const bool linked = links[n].contains(server(m));
        heard[server(m)] = {.linked = linked};
        if (linked) heard[server(m)].hears.assign(links[m].begin(), links[m].end());
      }
      const auto decision = decide_founding(server(n), heard, 1, true);
      if (std::holds_alternative<Found>(decision)) founders.insert(server(n));
    }
    for (std::uint8_t n = 0; n < servers; ++n) {
      if (!founders.contains(server(n))) continue;
      for (const ServerId other : links[n]) EXPECT_FALSE(founders.contains(other)) << graph;
    }
    EXPECT_TRUE(founders.contains(server(0))) << "the smallest of all can always found: " << graph;
  }
}

TEST(ConflictTest, AGroupWithoutClientDataGivesWayToOneWith) {
  const FormedGroup used{group(9), true}, unused{group(1), false};
  EXPECT_EQ(decide_conflict(used, unused), Conflict::stay);
  EXPECT_EQ(decide_conflict(unused, used), Conflict::give_way);
}

TEST(ConflictTest, OfTwoWithoutClientDataTheLargerIdGivesWay) {
  const FormedGroup small{group(1), false}, large{group(9), false};
  EXPECT_EQ(decide_conflict(small, large), Conflict::stay);
  EXPECT_EQ(decide_conflict(large, small), Conflict::give_way);
}

TEST(ConflictTest, TwoWithClientDataOnlyReport) {
  const FormedGroup one{group(1), true}, other{group(9), true};
  EXPECT_EQ(decide_conflict(one, other), Conflict::report);
  EXPECT_EQ(decide_conflict(other, one), Conflict::report);
}

TEST(ConflictTest, AGroupIsInNoConflictWithItself) {
  EXPECT_EQ(decide_conflict({group(1), true}, {group(1), true}), Conflict::stay);
  EXPECT_EQ(decide_conflict({group(1), false}, {group(1), true}), Conflict::stay);
}

TEST(ConflictTest, BothSidesComeToFittingResults) {
  for (std::uint8_t one = 1; one <= 3; ++one) {
    for (std::uint8_t other = 1; other <= 3; ++other) {
      if (one == other) continue;
      for (const bool one_used : {false, true}) {
        for (const bool other_used : {false, true}) {
          const FormedGroup first{group(one), one_used}, second{group(other), other_used};
          const Conflict here = decide_conflict(first, second);
          const Conflict there = decide_conflict(second, first);
          EXPECT_EQ(here == Conflict::report, there == Conflict::report);
          EXPECT_EQ(here == Conflict::stay, there == Conflict::give_way);
          EXPECT_EQ(here == Conflict::give_way, there == Conflict::stay);
        }
      }
    }
  }
}

const ServerNumber zero{0}, two{2}, seven{7};
const std::set<ServerNumber> list{zero, two, seven};

TEST(ListedFoundingTest, TheFirstOfTheListFoundsWithAllInItsOrderWhateverTheirIds) {
  const std::map<ServerNumber, ListedPeer> linked{{two, {.server = c, .hears = {a, b}}},
                                                  {seven, {.server = a, .hears = {b, c}}}};
  EXPECT_EQ(decide_listed_founding(zero, b, list, linked), FoundingDecision(Found{{b, c, a}}));
  EXPECT_EQ(decide_listed_founding(zero, a, {zero}, {}), FoundingDecision(Found{{a}}));
}

TEST(ListedFoundingTest, TheOthersWait) {
  const std::map<ServerNumber, ListedPeer> linked{{zero, {.server = a, .hears = {b, c}}},
                                                  {seven, {.server = c, .hears = {a, b}}}};
  EXPECT_EQ(decide_listed_founding(two, b, list, linked), FoundingDecision(Wait{0}));
}

TEST(ListedFoundingTest, NobodyFoundsBeforeAllOfTheListAreLinkedWithEachOther) {
  EXPECT_EQ(decide_listed_founding(zero, a, list, {}), FoundingDecision(Wait{2}));
  EXPECT_EQ(decide_listed_founding(zero, a, list, {{two, {.server = b, .hears = {a}}}}),
            FoundingDecision(Wait{1}));
  EXPECT_EQ(decide_listed_founding(
                zero, a, list,
                {{two, {.server = b, .hears = {a}}}, {seven, {.server = c, .hears = {a, b}}}}),
            FoundingDecision(Wait{0}));
}

TEST(ListedFoundingTest, AGroupThatAnswersIsJoined) {
  EXPECT_EQ(decide_listed_founding(zero, a, list,
                                   {{seven, {.server = c, .group = group(9), .hears = {}}}}),
            FoundingDecision(Join{group(9)}));
}

}  // namespace
}  // namespace muster::discovery::founding_test
