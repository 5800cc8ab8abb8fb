#include "mobility/utm.h"

#include <array>
#include <cmath>
#include <numbers>

namespace muster::mobility {
namespace {

constexpr double equator_radius = 6'378'137.0;  // Metres.
constexpr double flattening = 1 / 298.257'223'563;
constexpr double central_scale = 0.9996;
constexpr double false_east = 500'000;
constexpr double false_north = 10'000'000;   // In the south.
constexpr double farthest_east = 2'000'000;  // The series is good up to here.
constexpr double farthest_north = 20'000'000;

/// Of the ellipsoid's third flattening `n`.
struct Series {
  double radius{};  // Of a sphere with meridians as long.
  std::array<double, 3> betas{};
  std::array<double, 3> deltas{};
};
constexpr Series series_of(double n) {
  const double n2 = n * n;
  const double n3 = n2 * n;
  return {.radius = equator_radius / (1 + n) * (1 + n2 / 4 + n2 * n2 / 64),
          .betas = {n / 2 - 2 * n2 / 3 + 37 * n3 / 96, n2 / 48 + n3 / 15, 17 * n3 / 480},
          .deltas = {2 * n - 2 * n2 / 3 - 2 * n3, 7 * n2 / 3 - 8 * n3 / 5, 56 * n3 / 15}};
}
constexpr Series series = series_of(flattening / (2 - flattening));

constexpr double degrees_per_radian = 180 / std::numbers::pi;

}  // namespace

Result<Geographic> geographic_from_utm(UtmZone zone, double east, double north) {
  const double across = east - false_east;
  const double up = zone.is_south ? north - false_north : north;
  // Comparisons with what is no number fail.
  const bool fits = zone.number >= 1 && zone.number <= 60 && std::abs(across) <= farthest_east &&
                    std::abs(up) <= farthest_north;
  if (!fits) {
    return Error{ErrorCode::invalid_argument,
                 "a place is beyond its UTM zone: zones are 1 to 60, and end 2,000 km from their "
                 "middle"};
  }
  double xi = up / (central_scale * series.radius);
  double eta = across / (central_scale * series.radius);
  const double whole_xi = xi;
  const double whole_eta = eta;
  for (std::size_t i = 0; i < series.betas.size(); ++i) {
    const double times = 2 * static_cast<double>(i + 1);
    xi -= series.betas[i] * std::sin(times * whole_xi) * std::cosh(times * whole_eta);
    eta -= series.betas[i] * std::cos(times * whole_xi) * std::sinh(times * whole_eta);
  }
  const double conformal = std::asin(std::sin(xi) / std::cosh(eta));
  double latitude = conformal;
  for (std::size_t i = 0; i < series.deltas.size(); ++i) {
    latitude += series.deltas[i] * std::sin(2 * static_cast<double>(i + 1) * conformal);
  }
  const double middle = zone.number * 6 - 183;
  double longitude = middle + std::atan2(std::sinh(eta), std::cos(xi)) * degrees_per_radian;
  if (longitude > 180) longitude -= 360;
  if (longitude < -180) longitude += 360;
  return geographic_from_degrees(latitude * degrees_per_radian, longitude);
}

}  // namespace muster::mobility
