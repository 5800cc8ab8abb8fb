#include "mobility/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "mobility/grid.h"

namespace muster::mobility::router_test {
namespace {

using ::testing::ElementsAre;

constexpr Milliseconds never = Milliseconds::max();

Edge road(std::uint32_t from, std::uint32_t to, std::uint32_t length, std::uint32_t speed = 1'000) {
  return {.from = {from}, .to = {to}, .length_cm = length, .speed_cm_s = speed};
}

/// West to east 0, 1, 2, 100 m apart; a faster detour over 3; 4 leads nowhere back.
Network small_town(bool signal_at_detour = false) {
  return Network::build({{.place = {0, 0}},
                         {.place = {10'000, 0}},
                         {.place = {20'000, 0}},
                         {.place = {10'000, 1'000}, .has_signal = signal_at_detour},
                         {.place = {30'000, 0}}},
                        {road(0, 1, 10'000), road(1, 2, 10'000), road(0, 3, 11'000, 2'000),
                         road(3, 2, 11'000, 2'000), road(2, 4, 10'000)})
      .value();
}

/// Bellman and Ford: the least time to pass each node, tried until nothing gets better.
Milliseconds slow_search(const Network& network, NodeIndex from, NodeIndex to, Milliseconds wait) {
  std::vector<Milliseconds> best(network.nodes().size(), never);
  const auto wait_at = [&](NodeIndex node) {
    return network.node(node).has_signal ? wait : Milliseconds{};
  };
  best[from.value] = wait_at(from);
  for (bool better = true; better;) {
    better = false;
    for (const Edge& edge : network.edges()) {
      if (best[edge.from.value] == never) continue;
      const Milliseconds time = best[edge.from.value] + edge.travel_time() + wait_at(edge.to);
      if (time >= best[edge.to.value]) continue;
      best[edge.to.value] = time;
      better = true;
    }
  }
  return best[to.value];
}

TEST(RouterTest, TheFastestWayIsNotTheShortest) {
  const Network town = small_town();
  Router router(town, {});
  const auto route = router.route({.edge = {0}, .offset_cm = 0}, {.edge = {4}, .offset_cm = 0});
  // It is on the first road already, so the detour is not open to it.
  EXPECT_THAT(route->edges, ElementsAre(EdgeIndex{0}, EdgeIndex{1}, EdgeIndex{4}));
  EXPECT_EQ(route->time, Milliseconds{20'000});
  const auto detour = router.route({.edge = {2}, .offset_cm = 11'000}, {.edge = {4}});
  EXPECT_THAT(detour->edges, ElementsAre(EdgeIndex{2}, EdgeIndex{3}, EdgeIndex{4}));
  EXPECT_EQ(detour->time, Milliseconds{5'500});
}

TEST(RouterTest, PartsOfRoadsCountInPart) {
  const Network town = small_town();
  Router router(town, {});
  const auto route = router.route({.edge = {0}, .offset_cm = 4'000}, {.edge = {1}, .offset_cm = 1});
  EXPECT_EQ(route->time, Milliseconds{6'001});
  const auto ahead =
      router.route({.edge = {0}, .offset_cm = 4'000}, {.edge = {0}, .offset_cm = 9'000});
  EXPECT_THAT(ahead->edges, ElementsAre(EdgeIndex{0}));
  EXPECT_EQ(ahead->time, Milliseconds{5'000});
}

TEST(RouterTest, ASignalCostsItsWait) {
  const Network town = small_town(true);
  Router patient(town, {.signal_wait = Milliseconds{60'000}});
  EXPECT_EQ(patient.route({.edge = {2}}, {.edge = {3}, .offset_cm = 11'000})->time,
            Milliseconds{5'500 + 60'000 + 5'500});
}

TEST(RouterTest, WhereNoRoadLeadsThereIsNoWay) {
  const Network town = small_town();
  Router router(town, {});
  EXPECT_FALSE(router.route({.edge = {4}}, {.edge = {0}}));
  EXPECT_FALSE(router.route({.edge = {4}}, {.edge = {0}}));  // Kept, too.
  // Behind it on a one-way road.
  EXPECT_FALSE(router.route({.edge = {1}, .offset_cm = 2}, {.edge = {1}, .offset_cm = 1}));
}

TEST(RouterTest, WaysAreKeptUpToTheLimit) {
  const Network grid = make_grid({.columns = 5, .rows = 5}).value();
  Router router(grid, {.kept_max = 3});
  for (std::uint32_t edge = 0; edge < 10; ++edge) {
    ASSERT_TRUE(router.route({.edge = {0}}, {.edge = {edge}}));
    EXPECT_LE(router.kept(), 3U);
  }
}

TEST(RouterTest, ItFindsWhatATrialOfAllWaysFindsAndTheSameEachTime) {
  Random random(11);
  for (int city = 0; city < 40; ++city) {
    std::vector<Node> nodes;
    for (int i = 0; i < 30; ++i) {
      const auto somewhere = [&] { return static_cast<std::int32_t>(random.below(100'000)); };
      nodes.push_back({.place = {somewhere(), somewhere()}, .has_signal = random.chance(0.3)});
    }
    std::vector<Edge> edges;
    for (int i = 0; i < 90; ++i) {
      const auto from = static_cast<std::uint32_t>(random.below(nodes.size()));
      const auto to = static_cast<std::uint32_t>(random.below(nodes.size()));
      if (from == to) continue;
      const auto straight =
          static_cast<std::uint32_t>(distance(nodes[from].place, nodes[to].place));
      edges.push_back(road(from, to, straight + 1 + static_cast<std::uint32_t>(random.below(50)),
                           static_cast<std::uint32_t>(500 + random.below(3'000))));
    }
    const Network network = Network::build(nodes, edges).value();
    Router router(network, {});
    Router fresh(network, {.kept_max = 1});
    for (int i = 0; i < 40; ++i) {
      const EdgeIndex first{static_cast<std::uint32_t>(random.below(edges.size()))};
      const EdgeIndex last{static_cast<std::uint32_t>(random.below(edges.size()))};
      if (first == last) continue;
      const OnEdge from{.edge = first, .offset_cm = network.edge(first).length_cm};
      const auto route = router.route(from, {.edge = last});
      const Milliseconds least = slow_search(network, network.edge(first).to,
                                             network.edge(last).from, Milliseconds{10'000});
      ASSERT_EQ(route.has_value(), least != never);
      EXPECT_EQ(fresh.route(from, {.edge = last}), route);
      if (!route) continue;
      EXPECT_EQ(route->time, least);
      for (std::size_t at = 1; at < route->edges.size(); ++at) {
        EXPECT_EQ(network.edge(route->edges[at - 1]).to, network.edge(route->edges[at]).from);
      }
    }
  }
}

}  // namespace
}  // namespace muster::mobility::router_test
