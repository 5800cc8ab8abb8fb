#include "mobility/sumo_location.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mobility/road_map.h"
#include "mobility/sumo_attributes.h"
#include "mobility/utm.h"

namespace muster::mobility {
namespace {

constexpr double place_max_metres = place_max / 100.0;

MetrePlace middle_of(std::span<const MetrePlace> places) {
  MetrePlace low = places.front();
  MetrePlace high = low;
  for (const MetrePlace& place : places) {
    low = {.east = std::min(low.east, place.east), .north = std::min(low.north, place.north)};
    high = {.east = std::max(high.east, place.east), .north = std::max(high.north, place.north)};
  }
  return {.east = low.east / 2 + high.east / 2, .north = low.north / 2 + high.north / 2};
}

Result<PlacedNetwork> place_around(MetrePlace middle, Geographic origin,
                                   std::span<const MetrePlace> places) {
  PlacedNetwork placed{.origin = origin};
  placed.places.reserve(places.size());
  for (const MetrePlace& place : places) {
    const double east = place.east - middle.east;
    const double north = place.north - middle.north;
    if (!(std::abs(east) <= place_max_metres) || !(std::abs(north) <= place_max_metres)) {
      return Error{ErrorCode::invalid_argument,
                   "the SUMO network reaches more than 1,000 km from its middle"};
    }
    placed.places.push_back({.x = static_cast<std::int32_t>(std::lround(east * 100)),
                             .y = static_cast<std::int32_t>(std::lround(north * 100))});
  }
  return placed;
}

/// The zone of `+proj=utm +zone=32 +south ...`; nothing if it is another projection.
std::optional<UtmZone> zone_of(std::string_view projection) {
  constexpr std::string_view zone_key = "+zone=";
  UtmZone zone;
  bool is_utm = false;
  for (const std::string_view word : words_of(projection)) {
    if (word == "+proj=utm") is_utm = true;
    if (word == "+south") zone.is_south = true;
    if (!word.starts_with(zone_key)) continue;
    std::from_chars(word.data() + zone_key.size(), word.data() + word.size(), zone.number);
  }
  return is_utm ? std::optional(zone) : std::nullopt;
}

Result<PlacedNetwork> place_by_zone(UtmZone zone, MetrePlace offset,
                                    std::span<const MetrePlace> places) {
  const auto on_globe = [&](MetrePlace place) {
    return geographic_from_utm(zone, place.east - offset.east, place.north - offset.north);
  };
  const auto origin = on_globe(middle_of(places));
  if (!origin) return origin.error();
  if (std::abs(origin->latitude) >= 85 * units_per_degree) {
    return Error{ErrorCode::invalid_argument,
                 "the SUMO network is beyond 85 degrees of latitude: maps end there"};
  }
  const Projection projection(*origin);
  PlacedNetwork placed{.origin = *origin};
  placed.places.reserve(places.size());
  for (const MetrePlace& place : places) {
    const auto geographic = on_globe(place);
    if (!geographic) return geographic.error();
    const auto on_plane = projection.to_plane(*geographic);
    if (!on_plane) return on_plane.error();
    placed.places.push_back(*on_plane);
  }
  return placed;
}

struct Boundary {
  MetrePlace low{};
  MetrePlace high{};
};

/// Left, lower, right, upper.
Result<Boundary> boundary_of(const pugi::xml_node& location, const char* attribute) {
  const auto text = text_of(location, attribute);
  if (!text) return text.error();
  const auto numbers = numbers_in(*text);
  if (!numbers || numbers->size() != 4) {
    return wrong_element(location, "needs four numbers as " + std::string(attribute));
  }
  return Boundary{.low = {.east = (*numbers)[0], .north = (*numbers)[1]},
                  .high = {.east = (*numbers)[2], .north = (*numbers)[3]}};
}

MetrePlace middle_of(const Boundary& boundary) {
  return middle_of(std::array{boundary.low, boundary.high});
}

bool is_in_degrees(const Boundary& boundary) {
  return geographic_from_degrees(boundary.low.north, boundary.low.east).has_value() &&
         geographic_from_degrees(boundary.high.north, boundary.high.east).has_value();
}

Result<PlacedNetwork> place_by_boundary(const pugi::xml_node& location,
                                        std::span<const MetrePlace> places) {
  const auto boundary = boundary_of(location, "convBoundary");
  if (!boundary) return boundary.error();
  const auto original = boundary_of(location, "origBoundary");
  if (!original) return original.error();
  if (!is_in_degrees(*original)) {
    return wrong_element(location,
                         "has a projection that is not known here, and no boundary in degrees: "
                         "write the file again with netconvert --proj.utm");
  }
  const MetrePlace degrees = middle_of(*original);
  const auto origin = geographic_from_degrees(degrees.north, degrees.east);
  if (!origin) return origin.error();
  return place_around(middle_of(*boundary), *origin, places);
}

}  // namespace

Result<PlacedNetwork> place_network(const pugi::xml_node& location,
                                    std::span<const MetrePlace> places) {
  const std::string projection = location.attribute("projParameter").value();
  if (projection.empty() || projection == "!") {
    return place_around(middle_of(places), default_origin, places);
  }
  const auto zone = zone_of(projection);
  if (!zone) return place_by_boundary(location, places);
  const auto text = text_of(location, "netOffset");
  if (!text) return text.error();
  const auto offset = numbers_in(*text);
  if (!offset || offset->size() != 2) {
    return wrong_element(location, "needs two numbers as netOffset");
  }
  return place_by_zone(*zone, {.east = (*offset)[0], .north = (*offset)[1]}, places);
}

}  // namespace muster::mobility
