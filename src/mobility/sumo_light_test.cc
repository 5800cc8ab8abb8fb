#include "mobility/sumo_light.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace muster::mobility::sumo_light_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Roads from so many places to node 0 and from it: edge `2 * i` arrives, edge `2 * i + 1` leaves.
Network star(std::uint32_t arms) {
  std::vector<Node> nodes{{.place = {0, 0}, .has_signal = true}};
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i < arms; ++i) {
    nodes.push_back({.place = {10'000, static_cast<std::int32_t>(i) * 100}});
    const NodeIndex outside{i + 1};
    edges.push_back({.from = outside, .to = {0}, .length_cm = 20'000, .speed_cm_s = 1'000});
    edges.push_back({.from = {0}, .to = outside, .length_cm = 20'000, .speed_cm_s = 1'000});
  }
  return Network::build(std::move(nodes), std::move(edges)).value();
}

SumoLight::Link link(std::uint32_t from, std::uint32_t to, std::size_t index) {
  return {.from = {2 * from}, .to = {2 * to + 1}, .signal = index, .request = index};
}

/// Two roads straight into a third one, which cross.
SumoLight two_roads(std::vector<SumoLight::Phase> phases) {
  return {.node = {0},
          .links = {link(0, 2, 0), link(1, 2, 1)},
          .foes = {"10", "01"},
          .phases = std::move(phases)};
}

std::vector<SignalPlan::Phase> phases_of(std::vector<SumoLight::Phase> phases) {
  const auto crossing = crossing_of(star(3), two_roads(std::move(phases)));
  return crossing ? crossing->plan.phases : std::vector<SignalPlan::Phase>{};
}

TEST(SumoLightTest, PhasesThatShowTheSameAreOneAndNoneIsTooShortOrTooLong) {
  EXPECT_THAT(phases_of({{.length = 10s, .state = "Gr"},
                         {.length = 3s, .state = "yr"},
                         {.length = 7s, .state = "Gr"},
                         {.length = 2s, .state = "rr"},
                         {.length = 1s, .state = "rG"},
                         {.length = 7'200s, .state = "gr"}}),
              ElementsAre(SignalPlan::Phase{.green = 0b01, .length = 17s},
                          SignalPlan::Phase{.green = 0b10, .length = 5s},
                          SignalPlan::Phase{.green = 0b01, .length = 1h}));
}

TEST(SumoLightTest, WhoGivesWayMayGoWithItsFoes) {
  const auto conflicts = [](std::vector<SumoLight::Phase> phases) {
    const auto crossing = crossing_of(star(3), two_roads(std::move(phases)));
    return crossing ? crossing->plan.conflicts : std::vector<Movements>{};
  };
  EXPECT_THAT(conflicts({{.length = 10s, .state = "Gr"}, {.length = 10s, .state = "rG"}}),
              ElementsAre(0b10, 0b01));
  EXPECT_THAT(conflicts({{.length = 10s, .state = "Gg"}}), ElementsAre(0, 0));
  EXPECT_THAT(conflicts({{.length = 10s, .state = "gg"}}), ElementsAre(0, 0));
  // In one phase it gives way, in the other it does not: that one is not followed.
  EXPECT_THAT(conflicts({{.length = 10s, .state = "Gg"}, {.length = 10s, .state = "GG"}}),
              ElementsAre());
}

TEST(SumoLightTest, WithoutAGreenThereIsNoProgramme) {
  EXPECT_THAT(phases_of({}), ElementsAre());
  EXPECT_THAT(phases_of({{.length = 10s, .state = "rr"}, {.length = 10s, .state = "yG"}}),
              ElementsAre());
  EXPECT_THAT(phases_of({{.length = 10s, .state = "OO"}}), ElementsAre());
}

/// From each road to each other one, with a signal of its own; roads get their green in turn.
SumoLight all_ways(std::uint32_t arms) {
  SumoLight light{.node = {0}};
  for (std::uint32_t from = 0; from < arms; ++from) {
    for (std::uint32_t to = 0; to < arms; ++to) {
      if (from != to) light.links.push_back(link(from, to, light.links.size()));
    }
  }
  const std::size_t count = light.links.size();
  for (std::size_t i = 0; i < count; ++i) {
    std::string foes(count, '0');
    for (std::size_t other = 0; other < count; ++other) {
      if (light.links[i].from != light.links[other].from) foes[count - 1 - other] = '1';
    }
    light.foes.push_back(foes);
  }
  for (std::uint32_t arm = 0; arm < arms; ++arm) {
    std::string state(count, 'r');
    for (std::size_t i = 0; i < count; ++i) {
      if (light.links[i].from == EdgeIndex{2 * arm}) state[i] = 'G';
    }
    light.phases.push_back({.length = 10s, .state = state});
  }
  return light;
}

TEST(SumoLightTest, WithMoreWaysThanMovementsThoseOfARoadAreOne) {
  const auto few = crossing_of(star(6), all_ways(6));
  EXPECT_EQ(few->plan.conflicts.size(), 30U);
  EXPECT_EQ(few->movement_of({2}, {1}), 5U);
  const auto many = crossing_of(star(7), all_ways(7));
  EXPECT_EQ(many->plan.conflicts.size(), 7U);
  EXPECT_EQ(many->movement_of({2}, {1}), 1U);
  EXPECT_EQ(many->movement_of({2}, {13}), 1U);
  EXPECT_EQ(many->plan.conflicts[1], 0b1111101U);
  EXPECT_EQ(many->plan.phases.size(), 7U);
}

TEST(SumoLightTest, BeyondTheLimitsThereIsNoProgramme) {
  EXPECT_TRUE(crossing_of(star(16), all_ways(16)));   // 240 links.
  EXPECT_FALSE(crossing_of(star(17), all_ways(17)));  // 272.
  std::vector<SumoLight::Phase> phases(SumoLight::phases_max, {.length = 10s, .state = "Gr"});
  EXPECT_THAT(phases_of(phases), ElementsAre(SignalPlan::Phase{.green = 1, .length = 2'560s}));
  phases.push_back(phases.front());
  EXPECT_THAT(phases_of(phases), ElementsAre());
  // Of those, a plan has at most 64.
  phases.clear();
  for (int i = 0; i < 33; ++i) {
    phases.push_back({.length = 10s, .state = "Gr"});
    phases.push_back({.length = 10s, .state = "rG"});
  }
  EXPECT_THAT(phases_of(phases), ElementsAre());
}

TEST(SumoLightTest, LinksThatNameNothingAreNotFollowed) {
  const auto is_followed = [](auto change) {
    SumoLight light = two_roads({{.length = 10s, .state = "Gr"}});
    change(light);
    return crossing_of(star(3), light).has_value();
  };
  EXPECT_TRUE(is_followed([](SumoLight&) {}));
  EXPECT_FALSE(is_followed([](SumoLight& light) { light.links.clear(); }));
  EXPECT_FALSE(is_followed([](SumoLight& light) { light.links[0].signal = 2; }));
  EXPECT_FALSE(is_followed([](SumoLight& light) { light.links[0].request = 2; }));
  EXPECT_FALSE(is_followed([](SumoLight& light) { light.foes[0] = "1"; }));
  EXPECT_FALSE(is_followed([](SumoLight& light) { light.links[0].from = {1}; }));
  EXPECT_FALSE(is_followed([](SumoLight& light) { light.node = {1}; }));
}

}  // namespace
}  // namespace muster::mobility::sumo_light_test
