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

constexpr double n = flattening / (2 - flattening);
constexpr double rectifying_radius =
    equator_radius / (1 + n) * (1 + n * n / 4 + n * n * n * n / 64);
constexpr std::array betas{n / 2 - 2 * n * n / 3 + 37 * n * n * n / 96, n* n / 48 + n* n* n / 15,
                           17 * n* n* n / 480};
constexpr std::array deltas{2 * n - 2 * n * n / 3 - 2 * n * n * n, 7 * n* n / 3 - 8 * n* n* n / 5,
                            56 * n* n* n / 15};

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
  double xi = up / (central_scale * rectifying_radius);
  double eta = across / (central_scale * rectifying_radius);
  const double whole_xi = xi;
  const double whole_eta = eta;
  for (std::size_t i = 0; i < betas.size(); ++i) {
    const double times = 2 * static_cast<double>(i + 1);
    xi -= betas[i] * std::sin(times * whole_xi) * std::cosh(times * whole_eta);
    eta -= betas[i] * std::cos(times * whole_xi) * std::sinh(times * whole_eta);
  }
  const double conformal = std::asin(std::sin(xi) / std::cosh(eta));
  double latitude = conformal;
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    latitude += deltas[i] * std::sin(2 * static_cast<double>(i + 1) * conformal);
  }
  const double middle = zone.number * 6 - 183;
  double longitude = middle + std::atan2(std::sinh(eta), std::cos(xi)) * degrees_per_radian;
  if (longitude > 180) longitude -= 360;
  if (longitude < -180) longitude += 360;
  return geographic_from_degrees(latitude * degrees_per_radian, longitude);
}

}  // namespace muster::mobility
