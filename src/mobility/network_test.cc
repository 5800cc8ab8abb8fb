#include "mobility/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "mobility/grid.h"

namespace muster::mobility::network_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A triangle: east along the axis, then up, then back.
std::vector<Node> corners() {
  return {{.place = {0, 0}}, {.place = {10'000, 0}}, {.place = {10'000, 5'000}}};
}
Edge road(std::uint32_t from, std::uint32_t to, std::uint32_t length, std::uint32_t speed = 1'000) {
  return {.from = {from}, .to = {to}, .length_cm = length, .speed_cm_s = speed};
}
std::vector<Edge> triangle() {
  return {road(0, 1, 10'000), road(1, 2, 5'000), road(2, 0, 12'000, 2'000), road(0, 2, 12'000)};
}

TEST(NetworkTest, EdgesAtANodeComeInTheirOrder) {
  const Network network = Network::build(corners(), triangle()).value();
  EXPECT_THAT(network.leaving({0}), ElementsAre(EdgeIndex{0}, EdgeIndex{3}));
  EXPECT_THAT(network.leaving({2}), ElementsAre(EdgeIndex{2}));
  EXPECT_THAT(network.arriving({2}), ElementsAre(EdgeIndex{1}, EdgeIndex{3}));
  EXPECT_THAT(network.arriving({0}), ElementsAre(EdgeIndex{2}));
  EXPECT_EQ(network.top_speed_cm_s(), 2'000U);
}

TEST(NetworkTest, ATravelTimeIsRoundedUp) {
  EXPECT_EQ(road(0, 1, 10'000).travel_time(), Milliseconds{10'000});
  EXPECT_EQ(road(0, 1, 10'000, 3'000).travel_time(), Milliseconds{3'334});
}

TEST(NetworkTest, WhatIsNoNetworkIsRefusedNamingWhatIsWrong) {
  const auto why = [](std::vector<Node> nodes, std::vector<Edge> edges) {
    const auto network = Network::build(std::move(nodes), std::move(edges));
    if (network) return std::string("taken");
    EXPECT_EQ(network.error().code, ErrorCode::invalid_argument);
    return network.error().message;
  };
  EXPECT_THAT(why(corners(), {road(0, 1, 10'000), road(0, 3, 1)}),
              HasSubstr("edge 1 names a node"));
  EXPECT_THAT(why(corners(), {road(0, 0, 10)}), HasSubstr("ends where it begins"));
  EXPECT_THAT(why(corners(), {road(0, 1, 9'999)}), HasSubstr("edge 0 needs a length"));
  EXPECT_THAT(why(corners(), {road(0, 1, Network::length_max_cm + 1)}), HasSubstr("length"));
  EXPECT_THAT(why(corners(), {road(0, 1, 10'000, 0)}), HasSubstr("speed"));
  EXPECT_THAT(why(corners(), {road(0, 1, 10'000, Network::speed_max_cm_s + 1)}),
              HasSubstr("speed"));
  Edge laneless = road(0, 1, 10'000);
  laneless.lanes = 0;
  EXPECT_THAT(why(corners(), {laneless}), HasSubstr("lane"));
  EXPECT_THAT(why({{.place = {place_max + 1, 0}}}, {}), HasSubstr("node 0"));
  EXPECT_THAT(why(corners(), {}), HasSubstr("needs an edge"));
}

TEST(NetworkTest, BeyondTheLimitsItIsRefused) {
  const auto large = Network::build(std::vector<Node>(Network::nodes_max + 1), triangle());
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::resource_exhausted);
  // A road across the whole map is in very many squares.
  std::vector<Node> far{{.place = {0, 0}}, {.place = {6'000'000, 6'000'000}}};
  const std::vector<Edge> many(100, road(0, 1, 8'500'000));
  const auto long_ones = Network::build(far, many);
  ASSERT_FALSE(long_ones);
  EXPECT_EQ(long_ones.error().code, ErrorCode::resource_exhausted);
}

TEST(NetworkTest, TheNearestEdgeIsFoundWithThePlaceOnIt) {
  const Network network = Network::build(corners(), triangle()).value();
  EXPECT_EQ(network.nearest({2'500, -300}, 1'000),
            (OnEdge{.edge = {0}, .offset_cm = 2'500, .distance_cm = 300}));
  EXPECT_EQ(network.nearest({10'400, 4'000}, 1'000),
            (OnEdge{.edge = {1}, .offset_cm = 4'000, .distance_cm = 400}));
  EXPECT_EQ(network.nearest({-500, 0}, 1'000),
            (OnEdge{.edge = {0}, .offset_cm = 0, .distance_cm = 500}));
  EXPECT_FALSE(network.nearest({2'500, -300}, 299));
  EXPECT_FALSE(network.nearest({place_max, place_max}, 1'000));
}

TEST(NetworkTest, APlaceOnALongerRoadIsInProportion) {
  const Network network = Network::build(corners(), {road(0, 1, 20'000)}).value();
  const OnEdge on = network.nearest({2'500, 0}, 10).value();
  EXPECT_EQ(on.offset_cm, 5'000U);
  EXPECT_EQ(network.place_of(on), (Place{2'500, 0}));
}

TEST(NetworkTest, TheIndexFindsWhatASearchOfAllFinds) {
  const Network network = make_grid({.columns = 9, .rows = 7, .spacing_cm = 12'345}).value();
  Random random(7);
  for (int i = 0; i < 2'000; ++i) {
    const auto somewhere = [&] {
      return static_cast<std::int32_t>(random.below(160'000)) - 80'000;
    };
    const Place place{somewhere(), somewhere()};
    const auto found = network.nearest(place, 8'000);
    const auto all = network.nearest(place, 2 * std::int64_t{place_max});
    ASSERT_TRUE(all);
    if (all->distance_cm <= 8'000) {
      EXPECT_EQ(found, all);
    } else {
      EXPECT_FALSE(found);
    }
  }
}

TEST(GridTest, HasTheStreetsOfACityWithItsMiddleAtTheOrigin) {
  const Network grid =
      make_grid({.columns = 3, .rows = 2, .spacing_cm = 10'000, .signal_every = 2}).value();
  ASSERT_EQ(grid.nodes().size(), 6U);
  EXPECT_EQ(grid.edges().size(), 2U * (2 * 2 + 3));
  EXPECT_EQ(grid.nodes()[0], (Node{.place = {-10'000, -5'000}, .has_signal = true}));
  EXPECT_EQ(grid.nodes()[5], (Node{.place = {10'000, 5'000}, .has_signal = false}));
  for (std::uint32_t node = 0; node < 6; ++node) EXPECT_GE(grid.leaving({node}).size(), 2U);
}

TEST(GridTest, WhatIsNoGridIsRefused) {
  for (const GridOptions& options :
       {GridOptions{.columns = 1}, GridOptions{.rows = 401}, GridOptions{.spacing_cm = 99},
        GridOptions{.spacing_cm = 1'000'001}, GridOptions{.speed_cm_s = 0}}) {
    const auto grid = make_grid(options);
    ASSERT_FALSE(grid);
    EXPECT_EQ(grid.error().code, ErrorCode::invalid_argument);
  }
}

TEST(GridTest, TheLargestOneFits) {
  EXPECT_TRUE(make_grid({.columns = 400, .rows = 400}));
}

}  // namespace
}  // namespace muster::mobility::network_test
