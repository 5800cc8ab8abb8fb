#include "mobility/place.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "muster/check.h"

namespace muster::mobility {
namespace {

constexpr double earth_radius_cm = 637'100'880.0;
constexpr double scale = 4'294'967'296.0;  // 2^32
constexpr int scale_bits = 32;

constexpr std::int64_t half_turn = std::int64_t{180} * units_per_degree;

std::int64_t scaled(std::int64_t units, std::int64_t factor) {
  // At most 3.6e9 * 4.8e9, below 2^64, so the product needs more than 64 bits with its sign.
  __extension__ using Wide = __int128;
  const Wide product = Wide{units} * factor;
  return static_cast<std::int64_t>(product / (Wide{1} << scale_bits));
}

}  // namespace

Result<Geographic> geographic_from_degrees(double latitude, double longitude) {
  const bool fits = std::isfinite(latitude) && std::isfinite(longitude) &&
                    std::abs(latitude) <= 90 && std::abs(longitude) <= 180;
  if (!fits) {
    return Error{ErrorCode::invalid_argument,
                 "a place has a latitude from -90 to 90 and a longitude from -180 to 180 degrees"};
  }
  return Geographic{
      .latitude = static_cast<std::int32_t>(std::lround(latitude * units_per_degree)),
      .longitude = static_cast<std::int32_t>(std::lround(longitude * units_per_degree))};
}

std::uint64_t square_root(std::uint64_t value) {
  auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(value)));
  // The estimate may be off by one either way.
  while (root > 0 && root > value / root) --root;
  while (root + 1 <= value / (root + 1)) ++root;
  return root;
}

std::int64_t distance(Place a, Place b) {
  const std::int64_t x = std::int64_t{a.x} - b.x;
  const std::int64_t y = std::int64_t{a.y} - b.y;
  return static_cast<std::int64_t>(square_root(static_cast<std::uint64_t>(x * x + y * y)));
}

Projection::Projection(Geographic origin) : origin_(origin) {
  check(std::abs(origin.latitude) < 85 * units_per_degree);
  const double radians_per_unit = std::numbers::pi / 180 / units_per_degree;
  const double north = earth_radius_cm * radians_per_unit;
  const double narrower = std::cos(origin.latitude * radians_per_unit);
  north_ = std::llround(north * scale);
  east_ = std::llround(north * narrower * scale);
}

Result<Place> Projection::to_plane(Geographic place) const {
  std::int64_t across = std::int64_t{place.longitude} - origin_.longitude;
  // The short way round.
  if (across > half_turn) across -= 2 * half_turn;
  if (across < -half_turn) across += 2 * half_turn;
  const std::int64_t x = scaled(across, east_);
  const std::int64_t y = scaled(std::int64_t{place.latitude} - origin_.latitude, north_);
  if (std::max(std::abs(x), std::abs(y)) > place_max) {
    return Error{ErrorCode::invalid_argument,
                 "the place is more than 1,000 km from the middle of the map: give one on the map"};
  }
  return Place{.x = static_cast<std::int32_t>(x), .y = static_cast<std::int32_t>(y)};
}

Geographic Projection::to_globe(Place place) const {
  const auto angle = [](std::int32_t centimetres, std::int64_t factor) {
    return (std::int64_t{centimetres} << scale_bits) / factor;
  };
  std::int64_t longitude = origin_.longitude + angle(place.x, east_);
  if (longitude > half_turn) longitude -= 2 * half_turn;
  if (longitude < -half_turn) longitude += 2 * half_turn;
  return {.latitude = static_cast<std::int32_t>(origin_.latitude + angle(place.y, north_)),
          .longitude = static_cast<std::int32_t>(longitude)};
}

}  // namespace muster::mobility
