#include "mobility/utm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace muster::mobility::utm_test {
namespace {

/// The other way round, by other formulas (Snyder 1987, section 8, equations 8-9, 8-10, 3-21).
std::pair<double, double> to_utm(double latitude, double longitude, int zone) {
  const double a = 6'378'137;
  const double f = 1 / 298.257'223'563;
  const double e2 = f * (2 - f);
  const double radians = std::numbers::pi / 180;
  const double phi = latitude * radians;
  const double second = e2 / (1 - e2);
  const double nu = a / std::sqrt(1 - e2 * std::sin(phi) * std::sin(phi));
  const double t = std::tan(phi) * std::tan(phi);
  const double c = second * std::cos(phi) * std::cos(phi);
  const double l = std::cos(phi) * (longitude - (zone * 6 - 183)) * radians;
  const double e4 = e2 * e2;
  const double e6 = e4 * e2;
  const double meridian = a * ((1 - e2 / 4 - 3 * e4 / 64 - 5 * e6 / 256) * phi -
                               (3 * e2 / 8 + 3 * e4 / 32 + 45 * e6 / 1024) * std::sin(2 * phi) +
                               (15 * e4 / 256 + 45 * e6 / 1024) * std::sin(4 * phi) -
                               35 * e6 / 3072 * std::sin(6 * phi));
  const double l2 = l * l;
  const double east = 0.9996 * nu *
                      (l + (1 - t + c) * l2 * l / 6 +
                       (5 - 18 * t + t * t + 72 * c - 58 * second) * l2 * l2 * l / 120);
  const double north =
      0.9996 *
      (meridian + nu * std::tan(phi) *
                      (l2 / 2 + (5 - t + 9 * c + 4 * c * c) * l2 * l2 / 24 +
                       (61 - 58 * t + t * t + 600 * c - 330 * second) * l2 * l2 * l2 / 720));
  return {east + 500'000, north};
}

TEST(UtmTest, WhereAZonesMiddleMeetsTheEquatorIsKnown) {
  EXPECT_EQ(geographic_from_utm({.number = 32}, 500'000, 0).value(), (Geographic{0, 90'000'000}));
  EXPECT_EQ(geographic_from_utm({.number = 32, .is_south = true}, 500'000, 10'000'000).value(),
            (Geographic{0, 90'000'000}));
}

TEST(UtmTest, AgreesWithAnotherSeriesToACentimetre) {
  for (const double latitude : {-55.5, -33.9, 0.1, 48.7758, 60.2, 78.2}) {
    for (const double off : {-3.0, -0.5, 0.1829, 2.9}) {
      const int zone = 32;
      const double longitude = 9 + off;
      const auto [east, north] = to_utm(latitude, longitude, zone);
      const bool is_south = latitude < 0;
      const Geographic place = geographic_from_utm({.number = zone, .is_south = is_south}, east,
                                                   is_south ? north + 10'000'000 : north)
                                   .value();
      EXPECT_NEAR(place.latitude, latitude * 1e7, 1) << latitude << " " << off;
      EXPECT_NEAR(place.longitude, longitude * 1e7, 1.5) << latitude << " " << off;
    }
  }
}

TEST(UtmTest, BeyondTheZonesThereIsNoPlace) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(geographic_from_utm({.number = 0}, 500'000, 0));
  EXPECT_FALSE(geographic_from_utm({.number = 61}, 500'000, 0));
  EXPECT_FALSE(geographic_from_utm({.number = 32}, 2'500'001, 0));
  EXPECT_FALSE(geographic_from_utm({.number = 32}, none, 0));
  EXPECT_FALSE(geographic_from_utm({.number = 32}, 500'000, none));
}

}  // namespace
}  // namespace muster::mobility::utm_test
