#include "mobility/crossing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace muster::mobility::crossing_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Roads from each of these places to a crossing in the middle, node 0, and back: edges 0 and 1 are
/// those of the first place.
Network star(const std::vector<Place>& ends) {
  std::vector<Node> nodes{{.place = {0, 0}, .has_signal = true}};
  std::vector<Edge> edges;
  for (const Place end : ends) {
    const NodeIndex outside{static_cast<std::uint32_t>(nodes.size())};
    nodes.push_back({.place = end});
    const auto length = static_cast<std::uint32_t>(distance(end, {0, 0}) + 1);
    edges.push_back({.from = outside, .to = {0}, .length_cm = length, .speed_cm_s = 1'000});
    edges.push_back({.from = {0}, .to = outside, .length_cm = length, .speed_cm_s = 1'000});
  }
  return Network::build(std::move(nodes), std::move(edges)).value();
}

constexpr Place north{0, 10'000};
constexpr Place east{10'000, 0};
constexpr Place south{0, -10'000};
constexpr Place west{-10'000, 0};

/// Movements of edges 0, 2, 4 and so on, whatever they turn into.
std::vector<std::size_t> movements(const Network& network, const Crossing& crossing) {
  std::vector<std::size_t> of;
  for (std::uint32_t edge = 0; edge < network.edges().size(); edge += 2) {
    of.push_back(crossing.movement_of({edge}, {1}).value());
  }
  return of;
}

std::vector<Movements> greens(const Crossing& crossing) {
  std::vector<Movements> of;
  for (const SignalPlan::Phase& phase : crossing.plan.phases) {
    EXPECT_EQ(phase.length, 20s);
    of.push_back(phase.green);
  }
  return of;
}

TEST(CrossingTest, OppositeRoadsGoTogether) {
  const Network network = star({north, east, south, west});
  const Crossing crossing = make_crossing(network, {0}).value();
  // By the direction that they lead, from east to north: who comes from the west first.
  EXPECT_THAT(movements(network, crossing), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(crossing.plan.conflicts, ElementsAre(0b1010, 0b0101, 0b1010, 0b0101));
  EXPECT_THAT(greens(crossing), ElementsAre(0b0101, 0b1010));
  EXPECT_TRUE(validate(network, crossing));
}

TEST(CrossingTest, ARoadWithoutAnOppositeHasAPhaseOfItsOwn) {
  const Network network = star({east, south, west});
  const Crossing crossing = make_crossing(network, {0}).value();
  EXPECT_THAT(movements(network, crossing), ElementsAre(2, 1, 0));
  EXPECT_THAT(greens(crossing), ElementsAre(0b101, 0b010));
}

TEST(CrossingTest, ThirtyDegreesAreStillOpposite) {
  const auto phases = [](Place other) {
    return make_crossing(star({west, other}), {0})->plan.phases.size();
  };
  EXPECT_EQ(phases({10'000, 0}), 1U);
  EXPECT_EQ(phases({10'000, 5'700}), 1U);
  EXPECT_EQ(phases({10'000, -5'700}), 1U);
  EXPECT_EQ(phases({10'000, 5'900}), 2U);
  EXPECT_EQ(phases({-10'000, 100}), 2U);  // From nearly the same direction.
}

TEST(CrossingTest, RoadsFromOneDirectionAreOneMovement) {
  const Network network = star({west, {-20'000, 0}, south});
  const Crossing crossing = make_crossing(network, {0}).value();
  EXPECT_THAT(movements(network, crossing), ElementsAre(0, 0, 1));
}

TEST(CrossingTest, ARoadFromTheSamePlaceIsOppositeToNone) {
  const Network network = star({east, {0, 0}, west});
  const Crossing crossing = make_crossing(network, {0}).value();
  EXPECT_THAT(movements(network, crossing), ElementsAre(2, 0, 1));
  EXPECT_THAT(greens(crossing), ElementsAre(0b001, 0b110));
}

TEST(CrossingTest, FromMoreDirectionsThanMovementsNeighboursShare) {
  std::vector<Place> ends(40);
  for (std::int32_t i = 0; i < 40; ++i) ends[static_cast<std::size_t>(i)] = {10'000, i * 10};
  const Network network = star(ends);
  const Crossing crossing = make_crossing(network, {0}).value();
  EXPECT_TRUE(validate(network, crossing));
  EXPECT_EQ(crossing.plan.phases.size(), 32U);
  const std::vector<std::size_t> of = movements(network, crossing);
  EXPECT_EQ(of.front(), 0U);
  EXPECT_EQ(of[1], 0U);
  EXPECT_EQ(of.back(), 31U);
  for (const SignalPlan::Phase& phase : crossing.plan.phases) {
    EXPECT_EQ(phase.green & (phase.green - 1), 0U);  // One alone.
  }
}

TEST(CrossingTest, WhereNoLightCanBeThereIsNone) {
  const Network network = star({north});
  EXPECT_FALSE(make_crossing(network, {1}));
  const Network one_way =
      Network::build({{.place = {0, 0}, .has_signal = true}, {.place = north}},
                     {{.from = {0}, .to = {1}, .length_cm = 10'000, .speed_cm_s = 1'000}})
          .value();
  EXPECT_FALSE(make_crossing(one_way, {0}));
}

TEST(CrossingTest, TheWayOfATurnCountsBeforeThatOfItsRoad) {
  const Network network = star({north, east});
  Crossing crossing = make_crossing(network, {0}).value();
  crossing.ways = {{.from = {0}, .movement = 1}, {.from = {0}, .to = EdgeIndex{3}, .movement = 0}};
  EXPECT_TRUE(validate(network, crossing));
  EXPECT_EQ(crossing.movement_of({0}, {3}), 0U);
  EXPECT_EQ(crossing.movement_of({0}, {1}), 1U);
  EXPECT_EQ(crossing.movement_of({2}, {1}), std::nullopt);
}

TEST(CrossingTest, WhatIsNoCrossingIsRefused) {
  const Network network = star({north, east});
  const auto why = [&](const std::function<void(Crossing&)>& change) {
    Crossing crossing = make_crossing(network, {0}).value();
    change(crossing);
    const auto valid = validate(network, crossing);
    return valid ? std::string("taken") : valid.error().message;
  };
  EXPECT_EQ(why([](Crossing&) {}), "taken");
  EXPECT_THAT(why([](Crossing& crossing) { crossing.node = {3}; }),
              HasSubstr("not in the network"));
  EXPECT_EQ(why([](Crossing& crossing) { crossing.node = {1}; }),
            "the crossing at node 1 has no signal");
  EXPECT_THAT(why([](Crossing& crossing) { crossing.plan.phases.clear(); }),
              HasSubstr("1 to 64 phases"));
  EXPECT_THAT(why([](Crossing& crossing) { crossing.plan.phases[0].length += 1us; }),
              HasSubstr("whole milliseconds"));
  EXPECT_THAT(why([](Crossing& crossing) { crossing.ways[0].from = {1}; }), HasSubstr("elsewhere"));
  EXPECT_THAT(why([](Crossing& crossing) { crossing.ways[0].from = {4}; }), HasSubstr("elsewhere"));
  EXPECT_THAT(why([](Crossing& crossing) { crossing.ways[0].to = EdgeIndex{2}; }),
              HasSubstr("elsewhere"));
  EXPECT_THAT(why([](Crossing& crossing) { crossing.ways[0].movement = 2; }),
              HasSubstr("its light has not"));
  EXPECT_THAT(why([](Crossing& crossing) { std::swap(crossing.ways[0], crossing.ways[1]); }),
              HasSubstr("ascending"));
  EXPECT_THAT(why([](Crossing& crossing) { crossing.ways[1] = crossing.ways[0]; }),
              HasSubstr("ascending"));
  EXPECT_THAT(why([](Crossing& crossing) { crossing.ways.resize(Crossing::ways_max + 1); }),
              HasSubstr("4,096"));
}

}  // namespace
}  // namespace muster::mobility::crossing_test
