// Where clients should be: shares, zones, what is worth a move, and who moves where.
#include "node/placement.h"

#include <gtest/gtest.h>

namespace muster::node::placement_test {
namespace {

using replica::Loads;
using Transfers = std::vector<Transfer>;

constexpr ServerNumber a{1};
constexpr ServerNumber b{2};
constexpr ServerNumber c{3};
constexpr ServerNumber d{4};

Loads loads(const std::map<ServerNumber, std::size_t>& sessions) {
  Loads all;
  for (const auto& [server, count] : sessions) all[server][""] = count;
  return all;
}

TEST(PlacementTest, MovesTheExcessOnlyAndFillsNoShareBeyondItsSize) {
  const Placement placement({{a}, {b}, {c}, {d}}, loads({{a, 20}, {b, 20}, {c, 20}}));
  EXPECT_TRUE(placement.uneven());
  EXPECT_EQ(placement.transfers(a), (Transfers{{d, "", 5}}));
  EXPECT_EQ(placement.transfers(b), (Transfers{{d, "", 5}}));
  EXPECT_EQ(placement.transfers(c), (Transfers{{d, "", 5}}));
  EXPECT_EQ(placement.transfers(d), Transfers{});
}

TEST(PlacementTest, WhatDoesNotDivideEvenlyStaysWhereItIs) {
  const Placement placement({{a}, {b}, {c}}, loads({{a, 4}, {b, 3}, {c, 3}}));
  EXPECT_FALSE(placement.uneven());
  for (const ServerNumber server : {a, b, c}) {
    EXPECT_EQ(placement.transfers(server), Transfers{});
  }
}

TEST(PlacementTest, WhoHasOneMoreThanOthersMayHaveToGiveItToOneThatHasFarTooFew) {
  constexpr ServerNumber e{5};
  const Placement placement({{a}, {b}, {c}, {d}, {e}},
                            loads({{a, 5}, {b, 5}, {c, 5}, {d, 5}, {e, 1}}));
  EXPECT_TRUE(placement.uneven());
  std::size_t moved = 0;
  for (const ServerNumber server : {a, b, c, d}) {
    for (const Transfer& transfer : placement.transfers(server)) moved += transfer.count;
  }
  EXPECT_EQ(moved, 3U);
}

TEST(PlacementTest, OneMoreOrATenthMoreIsNotWorthAMove) {
  EXPECT_FALSE(Placement({{a}, {b}}, loads({{a, 2}})).uneven());
  EXPECT_TRUE(Placement({{a}, {b}}, loads({{a, 4}})).uneven());
  EXPECT_FALSE(Placement({{a}, {b}}, loads({{a, 110}, {b, 90}})).uneven());
  EXPECT_TRUE(Placement({{a}, {b}}, loads({{a, 111}, {b, 89}})).uneven());
}

TEST(PlacementTest, ADrainedServerGivesAllAndGetsNone) {
  const Placement placement({{a, "", false}, {b}, {c}}, loads({{a, 9}, {b, 1}, {c, 2}}));
  EXPECT_TRUE(placement.uneven());
  EXPECT_EQ(placement.transfers(a), (Transfers{{b, "", 5}, {c, "", 4}}));
  EXPECT_EQ(placement.takers(), (std::vector{b, c}));
  EXPECT_TRUE(Placement({{a, "", false}, {b}}, loads({{a, 1}, {b, 1}})).uneven());
}

TEST(PlacementTest, WhereNobodyTakesThemClientsStay) {
  const Placement placement({{a, "", false}, {b, "", false}}, loads({{a, 9}}));
  EXPECT_FALSE(placement.uneven());
  EXPECT_EQ(placement.transfers(a), Transfers{});
  EXPECT_EQ(placement.better_for_new(a, ""), std::nullopt);
}

TEST(PlacementTest, ClientsOfALostServerDoNotCount) {
  const Placement placement({{a}, {b}}, loads({{a, 3}, {b, 3}, {c, 30}}));
  EXPECT_FALSE(placement.uneven());
}

TEST(PlacementTest, ClientsOfAZoneBelongToItsServersAndTheOthersLevelTheRest) {
  Loads mixed;
  mixed[a] = {{"north", 6}, {"", 2}};
  mixed[b] = {{"north", 2}, {"", 6}, {"moon", 2}};
  const Placement placement({{a, "north"}, {b, "south"}, {c, "south"}}, mixed);
  EXPECT_EQ(placement.sort_of("north"), "north");
  EXPECT_EQ(placement.sort_of("moon"), "");
  EXPECT_TRUE(placement.uneven());
  // 18 in all; the 8 of the north at a, and 5 of the others at b and at c.
  EXPECT_EQ(placement.transfers(a), (Transfers{{c, "", 2}}));
  EXPECT_EQ(placement.transfers(b), (Transfers{{c, "", 3}, {a, "north", 2}}));
}

TEST(PlacementTest, ANewClientGoesToTheLeastLoadedIfThatIsMuchLess) {
  const Placement placement({{a}, {b}, {c}}, loads({{a, 5}, {b, 4}, {c, 2}}));
  EXPECT_EQ(placement.better_for_new(a, ""), c);
  EXPECT_EQ(placement.better_for_new(c, ""), std::nullopt);
  EXPECT_EQ(Placement({{a}, {b}}, loads({{a, 1}})).better_for_new(a, ""), std::nullopt);
  EXPECT_EQ(Placement({{a}, {b}}, loads({{a, 22}, {b, 20}})).better_for_new(a, ""), std::nullopt);
  EXPECT_EQ(Placement({{a}, {b}}, loads({{a, 23}, {b, 20}})).better_for_new(a, ""), b);
}

TEST(PlacementTest, ThoseOnTheirWayCountWhereTheyGo) {
  const Placement placement({{a}, {b}, {c}}, loads({{a, 4}}));
  EXPECT_EQ(placement.better_for_new(a, "", {}), b);
  EXPECT_EQ(placement.better_for_new(a, "", {{b, {{"", 1}}}}), c);
  EXPECT_EQ(placement.better_for_new(a, "", loads({{b, 4}, {c, 3}})), std::nullopt);
}

TEST(PlacementTest, ANewClientPrefersItsZoneAndIsKeptOffADrainedServer) {
  const std::vector<Place> places{{a, "north"}, {b, "south"}, {c, "south", false}};
  const Placement placement(places, loads({{a, 9}}));
  EXPECT_EQ(placement.better_for_new(b, "north"), a);
  EXPECT_EQ(placement.better_for_new(a, "south"), b);
  EXPECT_EQ(placement.better_for_new(c, "south"), b);
  EXPECT_EQ(placement.better_for_new(c, ""), b);
}

// Whatever the loads: once all transfers are made nothing is left to do, and nobody moves twice.
TEST(PlacementTest, OneRoundOfTransfersMakesItEven) {
  std::uint64_t state = 1;
  const auto draw = [&](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state >> 33U) % below);
  };
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Place> places;
    Loads before;
    for (std::uint32_t number = 1; number <= 1 + draw(5); ++number) {
      places.push_back({{number}, draw(2) == 0 ? "" : "north", draw(5) > 0});
      before[{number}][""] = draw(60);
      before[{number}]["north"] = draw(20);
    }
    const Placement placement(places, before);
    Loads after = before;
    for (const Place& place : places) {
      for (const Transfer& transfer : placement.transfers(place.number)) {
        // The sort "" holds those of the north too where that has no server: either will do.
        std::size_t left = transfer.count;
        for (const std::string zone : {"", "north"}) {
          if (placement.sort_of(zone) != transfer.sort) continue;
          const std::size_t moved = std::min(left, after[place.number][zone]);
          after[place.number][zone] -= moved;
          after[transfer.to][zone] += moved;
          left -= moved;
        }
        EXPECT_EQ(left, 0U);
      }
    }
    const Placement settled(places, after);
    EXPECT_FALSE(settled.uneven()) << round;
    for (const Place& place : places) {
      EXPECT_EQ(settled.transfers(place.number), Transfers{}) << round;
    }
  }
}

}  // namespace
}  // namespace muster::node::placement_test
