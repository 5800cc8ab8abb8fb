#include "mobility/place.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace muster::mobility::place_test {
namespace {

Geographic degrees(double latitude, double longitude) {
  return geographic_from_degrees(latitude, longitude).value();
}

TEST(PlaceTest, DegreesBecomeWholeUnits) {
  EXPECT_EQ(degrees(52.5200066, 13.404954), (Geographic{525'200'066, 134'049'540}));
  EXPECT_EQ(degrees(-90, 180), (Geographic{-900'000'000, 1'800'000'000}));
}

TEST(PlaceTest, WhatIsNoPlaceIsRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  for (const auto& [latitude, longitude] :
       {std::pair{90.1, 0.0}, {0.0, -180.1}, {nan, 0.0}, {0.0, nan}, {infinite, 0.0}}) {
    const auto place = geographic_from_degrees(latitude, longitude);
    ASSERT_FALSE(place);
    EXPECT_EQ(place.error().code, ErrorCode::invalid_argument);
  }
}

TEST(PlaceTest, ADistanceIsThatOfPythagorasRoundedDown) {
  EXPECT_EQ(distance({0, 0}, {300, 400}), 500);
  EXPECT_EQ(distance({1, 1}, {2, 2}), 1);
  EXPECT_EQ(distance({-place_max, -place_max}, {place_max, place_max}), 282'842'712);
}

TEST(PlaceTest, ASquareRootIsExactAlsoBeyondWhatADoubleHolds) {
  EXPECT_EQ(square_root(0), 0U);
  EXPECT_EQ(square_root(3), 1U);
  EXPECT_EQ(square_root(4), 2U);
  const std::uint64_t root = 4'000'000'000;
  EXPECT_EQ(square_root(root * root), root);
  EXPECT_EQ(square_root(root * root - 1), root - 1);
  EXPECT_EQ(square_root(std::numeric_limits<std::uint64_t>::max()), 4'294'967'295U);
}

// A degree of a great circle of that sphere is 111,195.08 m.
TEST(ProjectionTest, DegreesHaveTheirLengthOnThePlane) {
  const Projection equator(degrees(0, 0));
  EXPECT_NEAR(equator.to_plane(degrees(1, 0)).value().y, 11'119'508, 2);
  EXPECT_NEAR(equator.to_plane(degrees(0, 1)).value().x, 11'119'508, 2);
  const Projection north(degrees(60, 10));
  EXPECT_NEAR(north.to_plane(degrees(60, 11)).value().x, 5'559'754, 2);
  EXPECT_EQ(north.to_plane(degrees(60, 10)).value(), (Place{0, 0}));
}

// The distance of Berlin's Brandenburg Gate to its Alexanderplatz is 2,475 m on the great circle
// (haversine formula).
TEST(ProjectionTest, DistancesInACityAreThoseOfTheGlobe) {
  const Geographic gate = degrees(52.516275, 13.377704);
  const Geographic square = degrees(52.521918, 13.413215);
  const Projection projection(gate);
  const auto plane =
      distance(projection.to_plane(gate).value(), projection.to_plane(square).value());
  const auto radians = [](std::int32_t units) { return units / 1e7 * 3.14159265358979 / 180; };
  const double north = std::sin(radians(square.latitude - gate.latitude) / 2);
  const double east = std::sin(radians(square.longitude - gate.longitude) / 2);
  const double half = north * north + std::cos(radians(gate.latitude)) *
                                          std::cos(radians(square.latitude)) * east * east;
  const double globe = 2 * 637'100'880.0 * std::asin(std::sqrt(half));
  EXPECT_NEAR(static_cast<double>(plane), globe, globe / 1'000);
}

TEST(ProjectionTest, ThereAndBackIsTheSamePlace) {
  const Projection projection(degrees(48.137154, 11.576124));
  for (const Place place : {Place{0, 0}, Place{123'456, -654'321}, Place{-5'000'000, 4'999'999}}) {
    const Place again = projection.to_plane(projection.to_globe(place)).value();
    EXPECT_NEAR(again.x, place.x, 2);
    EXPECT_NEAR(again.y, place.y, 2);
  }
}

TEST(ProjectionTest, TheShortWayRoundIsTakenAtTheDateLine) {
  const Projection projection(degrees(0, 179.9));
  EXPECT_NEAR(projection.to_plane(degrees(0, -179.9)).value().x, 2'223'902, 2);
  EXPECT_EQ(projection.to_globe({2'223'902, 0}).longitude / units_per_degree, -179);
}

TEST(ProjectionTest, WhatIsFarFromTheMapIsRefused) {
  const auto far = Projection(degrees(0, 0)).to_plane(degrees(0, 10));
  ASSERT_FALSE(far);
  EXPECT_EQ(far.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::mobility::place_test
