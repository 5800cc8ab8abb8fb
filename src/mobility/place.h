// Where something is: on the globe, and on the plane of a road network.
#pragma once

#include <compare>
#include <cstdint>

#include "muster/error.h"

namespace muster::mobility {

/// A place in WGS 84, in units of 1e-7 degrees, as SAE J2735 sends it (DE_Latitude, DE_Longitude):
/// north and east are positive. Whole numbers, so that all servers compute the same.
struct Geographic {
  std::int32_t latitude{};
  std::int32_t longitude{};
  friend auto operator<=>(const Geographic&, const Geographic&) = default;
};
constexpr std::int32_t units_per_degree = 10'000'000;

/// From degrees, as people and receivers give them. Errors: INVALID_ARGUMENT if one is no finite
/// number, or beyond 90 degrees of latitude or 180 of longitude.
[[nodiscard]] Result<Geographic> geographic_from_degrees(double latitude, double longitude);

/// A place on a network's plane, in centimetres east and north of its origin.
struct Place {
  std::int32_t x{};
  std::int32_t y{};
  friend auto operator<=>(const Place&, const Place&) = default;
};
/// No place of a network is farther from its origin, along either axis: 1,000 km.
constexpr std::int32_t place_max = 100'000'000;

/// Centimetres, rounded down.
std::int64_t distance(Place a, Place b);

/// Lays the surroundings of an origin flat: an equirectangular projection on a sphere of the
/// earth's mean radius, 6,371,008.8 m (Snyder 1987, "Map projections: a working manual", USGS
/// Professional Paper 1395, section 12). Within 25 km of the origin and 60 degrees of latitude
/// distances are off by less than 1 %, which is less than roads differ from their straight lines.
class Projection {
 public:
  /// Precondition: the origin is less than 85 degrees of latitude from the equator.
  explicit Projection(Geographic origin);

  /// Errors: INVALID_ARGUMENT beyond `place_max`.
  [[nodiscard]] Result<Place> to_plane(Geographic place) const;
  Geographic to_globe(Place place) const;
  Geographic origin() const { return origin_; }

 private:
  Geographic origin_;
  // Centimetres for each unit of an angle, in 2^-32.
  std::int64_t north_{};
  std::int64_t east_{};
};

/// The whole part of the square root.
std::uint64_t square_root(std::uint64_t value);

}  // namespace muster::mobility
