#include "mobility/road_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "mobility/varint.h"

namespace muster::mobility::road_map_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

RoadMap city() {
  return RoadMap::grid({}, default_origin).value();
}

/// Three nodes from west to east, 100 m apart, two ways; the middle one and the last have lights.
Network street() {
  return Network::build(
             {{.place = {-10'000, 0}},
              {.place = {0, 0}, .has_signal = true},
              {.place = {10'000, 50}, .has_signal = true}},
             {{.from = {0}, .to = {1}, .length_cm = 10'000, .speed_cm_s = 1'389},
              {.from = {1}, .to = {0}, .length_cm = 10'400, .speed_cm_s = 1'389},
              {.from = {1}, .to = {2}, .length_cm = 10'001, .speed_cm_s = 833},
              {.from = {2}, .to = {1}, .length_cm = 99'999, .speed_cm_s = 833, .lanes = 2}})
      .value();
}

/// Of node 1: who turns back has a light of his own.
Crossing programme() {
  return {.node = {1},
          .plan = {.conflicts = {0b100, 0b100, 0b011},
                   .phases = {{.green = 0b011, .length = 31'500ms}, {.green = 0b100, .length = 8s}},
                   .all_red = 1'500ms},
          .ways = {{.from = {0}, .movement = 0},
                   {.from = {0}, .to = EdgeIndex{1}, .movement = 2},
                   {.from = {3}, .movement = 1}}};
}

RoadMap small_map() {
  return RoadMap::make(street(), {programme()}, {-123, 1'799'999'999}, "Straße").value();
}

std::string refusal(const Result<RoadMap>& map) {
  return map ? "taken" : std::string(name_of(map.error().code)) + " " + map.error().message;
}

TEST(RoadMapTest, AGridHasItsNameItsMiddleAndALightAtEverySecondCrossing) {
  const RoadMap map = city();
  EXPECT_EQ(map.name(), "grid 12x8");
  EXPECT_EQ(map.network().nodes().size(), 96U);
  EXPECT_EQ(map.crossings().size(), 48U);
  EXPECT_EQ(map.projection().origin(), default_origin);
  // 1,650 m by 1,050 m.
  EXPECT_EQ(map.south_west(), (Geographic{487'710'786, 91'716'416}));
  EXPECT_EQ(map.north_east(), (Geographic{487'805'214, 91'941'584}));
}

TEST(RoadMapTest, ACrossingIsFoundByItsNodeAndByItsPlace) {
  const RoadMap map = city();
  EXPECT_EQ(map.crossing_at({2})->node, NodeIndex{2});
  EXPECT_EQ(map.crossing_at({2})->plan.phases.size(), 2U);
  EXPECT_EQ(map.crossing_at({1}), nullptr);
  EXPECT_EQ(map.crossing_at({96}), nullptr);
  const Place corner = map.network().node({0}).place;
  const Place beside{corner.x + 7'500, corner.y - 300};
  EXPECT_EQ(map.nearest_crossing(beside, 7'505)->node, NodeIndex{0});
  EXPECT_EQ(map.nearest_crossing(beside, 7'504), nullptr);
  EXPECT_EQ(map.nearest_crossing({corner.x + 15'000, corner.y}, 15'000)->node, NodeIndex{0});
}

TEST(RoadMapTest, APlaceNearARoadIsOnIt) {
  const RoadMap map = city();
  const OnEdge on = map.locate({487'758'000, 91'829'000}).value();
  EXPECT_EQ(on.distance_cm, 7'500);
  EXPECT_EQ(map.network().place_of(on), (Place{0, -7'500}));
  const Geographic there = map.geographic(on);
  EXPECT_EQ(there, (Geographic{487'751'256, 91'829'000}));
  EXPECT_EQ(map.locate(there)->edge, on.edge);
}

TEST(RoadMapTest, APlaceElsewhereIsRefusedSayingWhereTheMapIs) {
  const RoadMap map = city();
  for (const auto& [place, text] : std::vector<std::pair<Geographic, std::string>>{
           {{487'640'000, 91'829'000}, "48.7640, 9.1829"},
           {{-336'000'000, -1'517'000'000}, "-33.6000, -151.7000"},
           {{5, -5'000}, "0.0000, -0.0005"}}) {
    const auto on = map.locate(place);
    ASSERT_FALSE(on);
    EXPECT_EQ(on.error(), (Error{ErrorCode::invalid_argument,
                                 "no road of the map \"grid 12x8\" is within 500 m of " + text +
                                     ": give a place between 48.7710, 9.1716 and 48.7805, 9.1941 "
                                     "(latitude, longitude)"}));
  }
}

TEST(RoadMapTest, LightsWithoutAProgrammeGetOne) {
  const RoadMap map = small_map();
  ASSERT_EQ(map.crossings().size(), 2U);
  EXPECT_EQ(map.crossings()[0], programme());
  EXPECT_EQ(map.crossings()[1], make_crossing(map.network(), {2}));
}

TEST(RoadMapTest, WhatIsNoMapIsRefused) {
  const auto make = [](std::vector<Crossing> crossings, Geographic origin, std::string name) {
    return refusal(RoadMap::make(street(), std::move(crossings), origin, std::move(name)));
  };
  EXPECT_EQ(make({programme()}, default_origin, "street"), "taken");
  EXPECT_EQ(make({}, default_origin, ""), "INVALID_ARGUMENT a map needs a name");
  EXPECT_THAT(make({}, default_origin, "a\nb"), HasSubstr("the map's name"));
  EXPECT_EQ(make({}, default_origin, std::string(64, 'm')), "taken");
  EXPECT_THAT(make({}, default_origin, std::string(65, 'm')), HasSubstr("64"));
  EXPECT_THAT(make({}, {850'000'000, 0}, "m"), HasSubstr("origin"));
  EXPECT_THAT(make({}, {0, 1'800'000'001}, "m"), HasSubstr("origin"));
  EXPECT_THAT(make({}, {849'999'999, 0}, "m"), HasSubstr("no farther than 85 degrees"));
  EXPECT_THAT(make({programme(), programme()}, default_origin, "m"),
              HasSubstr("node 1 has two crossings"));
  Crossing elsewhere = programme();
  elsewhere.node = {0};
  EXPECT_THAT(make({elsewhere}, default_origin, "m"), HasSubstr("node 0 has no signal"));
}

TEST(RoadMapTest, WhatIsEncodedIsDecoded) {
  for (const RoadMap& map : {city(), small_map()}) {
    const Bytes bytes = map.encode();
    const RoadMap again = RoadMap::decode(bytes).value();
    EXPECT_EQ(again.name(), map.name());
    EXPECT_EQ(again.projection().origin(), map.projection().origin());
    EXPECT_TRUE(std::ranges::equal(again.network().nodes(), map.network().nodes()));
    EXPECT_TRUE(std::ranges::equal(again.network().edges(), map.network().edges()));
    EXPECT_TRUE(std::ranges::equal(again.crossings(), map.crossings()));
    EXPECT_EQ(again.encode(), bytes);
  }
}

TEST(RoadMapTest, TheBytesOfACityAreFew) {
  EXPECT_EQ(city().encode().size(), 1'804U);
}

TEST(RoadMapTest, BytesThatWereChangedOrCutOffAreRefusedOrAnotherMapInItsOnlyForm) {
  Random random(5);
  const Bytes whole = small_map().encode();
  int taken = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(RoadMap::decode(BytesView(whole).first(size)));
  }
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = whole;
    bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    if (random.chance(0.5)) bytes[random.below(bytes.size())] ^= std::byte{1};
    const auto map = RoadMap::decode(bytes);
    if (!map) continue;
    EXPECT_EQ(map->encode(), bytes);
    ++taken;
  }
  EXPECT_GT(taken, 0);
  Bytes longer = whole;
  longer.push_back({});
  EXPECT_FALSE(RoadMap::decode(longer));
}

TEST(RoadMapTest, BeyondTheLimitItIsRefused) {
  const RoadMap largest = RoadMap::grid({.columns = 400, .rows = 400}, default_origin).value();
  EXPECT_EQ(largest.encode().size(), 3'833'235U);
  const auto nodes = largest.network().nodes();
  std::vector<Edge> edges(largest.network().edges().begin(), largest.network().edges().end());
  for (Edge& edge : edges) edge.length_cm *= 10;  // Takes more bytes than nothing.
  auto winding = Network::build({nodes.begin(), nodes.end()}, edges);
  EXPECT_THAT(refusal(RoadMap::make(std::move(*winding), {}, default_origin, "winding")),
              HasSubstr("RESOURCE_EXHAUSTED the map needs"));
  EXPECT_EQ(refusal(RoadMap::decode(Bytes(RoadMap::bytes_max + 1))),
            "RESOURCE_EXHAUSTED the bytes of a map are beyond 4 MiB");
}

TEST(VarintTest, NumbersOfAllSizesAreReadAsTheyWereWritten) {
  Bytes bytes;
  Writer writer(bytes);
  const std::vector<std::int64_t> numbers{0,
                                          -1,
                                          1,
                                          -64,
                                          64,
                                          1'000'000'007,
                                          std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max()};
  for (const std::int64_t number : numbers) write_signed_varint(writer, number);
  EXPECT_EQ(bytes.size(), 1 + 1 + 1 + 1 + 2 + 5 + 10 + 10U);
  Reader reader(bytes);
  for (const std::int64_t number : numbers) EXPECT_EQ(read_signed_varint(reader), number);
  EXPECT_TRUE(reader.finished());
}

TEST(VarintTest, WhatDoesNotEndIsNone) {
  for (const std::size_t size : {0U, 9U, 20U}) {
    const Bytes bytes(size, std::byte{0xff});
    Reader reader(bytes);
    EXPECT_EQ(read_varint(reader), 0U);
    EXPECT_FALSE(reader.ok());
  }
}

}  // namespace
}  // namespace muster::mobility::road_map_test
