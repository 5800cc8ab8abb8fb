#include "mobility/road_map.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "wire/plain_text.h"

namespace muster::mobility {
namespace {

/// No map reaches farther north or south: the plane would be too far from the globe.
constexpr std::int32_t map_latitude_max = 85 * units_per_degree;

/// In degrees with four digits after the point, about 10 m.
std::string degrees_text(std::int32_t units) {
  const std::int64_t rounded = std::abs(std::int64_t{units}) / (units_per_degree / 10'000);
  std::string fraction = std::to_string(rounded % 10'000);
  fraction.insert(0, 4 - fraction.size(), '0');
  return (units < 0 ? "-" : "") + std::to_string(rounded / 10'000) + "." + fraction;
}

std::string degrees_text(Geographic place) {
  return degrees_text(place.latitude) + ", " + degrees_text(place.longitude);
}

}  // namespace

Result<RoadMap> RoadMap::make(Network network, std::vector<Crossing> crossings, Geographic origin,
                              std::string name) {
  if (name.empty()) return Error{ErrorCode::invalid_argument, "a map needs a name"};
  if (auto plain = wire::validate_plain_text("the map's name", name, name_bytes_max); !plain) {
    return plain.error();
  }
  if (std::abs(std::int64_t{origin.latitude}) >= map_latitude_max ||
      std::abs(std::int64_t{origin.longitude}) > std::int64_t{180} * units_per_degree) {
    return Error{ErrorCode::invalid_argument,
                 "a map's origin has a latitude within 85 degrees, and a longitude within 180"};
  }
  auto map = std::make_shared<Map>(Map{
      .name = std::move(name), .network = std::move(network), .projection = Projection(origin)});
  if (auto found = find_bounds(*map); !found) return found.error();
  if (auto added = add_crossings(*map, std::move(crossings)); !added) return added.error();
  RoadMap made(std::move(map));
  if (const std::size_t size = made.encode().size(); size > bytes_max) {
    return Error{ErrorCode::resource_exhausted,
                 "the map needs " + std::to_string(size) +
                     " bytes, above the limit of 4 MiB: " + "cut out a smaller part"};
  }
  return made;
}

Result<RoadMap> RoadMap::grid(const GridOptions& options, Geographic origin) {
  auto network = make_grid(options);
  if (!network) return network.error();
  return make(std::move(*network), {}, origin,
              "grid " + std::to_string(options.columns) + "x" + std::to_string(options.rows));
}

Result<void> RoadMap::find_bounds(Map& map) {
  const auto nodes = map.network.nodes();
  Place low = nodes.front().place;
  Place high = low;
  for (const Node& node : nodes) {
    low = {std::min(low.x, node.place.x), std::min(low.y, node.place.y)};
    high = {std::max(high.x, node.place.x), std::max(high.y, node.place.y)};
  }
  map.south_west = map.projection.to_globe(low);
  map.north_east = map.projection.to_globe(high);
  if (map.south_west.latitude < -map_latitude_max || map.north_east.latitude > map_latitude_max) {
    return Error{ErrorCode::invalid_argument,
                 "a map reaches no farther than 85 degrees of latitude"};
  }
  return {};
}

Result<void> RoadMap::add_crossings(Map& map, std::vector<Crossing> crossings) {
  std::ranges::stable_sort(crossings, {}, &Crossing::node);
  for (const Crossing& crossing : crossings) {
    if (auto valid = validate(map.network, crossing); !valid) return valid.error();
  }
  auto given = crossings.begin();
  for (std::uint32_t i = 0; i < map.network.nodes().size(); ++i) {
    if (given != crossings.end() && given->node == NodeIndex{i}) {
      map.crossings.push_back(std::move(*given++));
      if (given != crossings.end() && given->node == NodeIndex{i}) {
        return Error{ErrorCode::invalid_argument,
                     "node " + std::to_string(i) + " has two crossings: give one"};
      }
    } else if (auto made = make_crossing(map.network, {i})) {
      map.crossings.push_back(std::move(*made));
    }
  }
  return {};
}

const Crossing* RoadMap::crossing_at(NodeIndex node) const {
  const auto found = std::ranges::lower_bound(map_->crossings, node, {}, &Crossing::node);
  return found == map_->crossings.end() || found->node != node ? nullptr : &*found;
}

const Crossing* RoadMap::nearest_crossing(Place place, std::int64_t within_cm) const {
  const Crossing* nearest = nullptr;
  std::int64_t least = within_cm;
  for (const Crossing& crossing : map_->crossings) {
    const std::int64_t far = distance(place, map_->network.node(crossing.node).place);
    if (nearest == nullptr ? far > least : far >= least) continue;
    nearest = &crossing;
    least = far;
  }
  return nearest;
}

Result<OnEdge> RoadMap::locate(Geographic place) const {
  if (const auto on_plane = map_->projection.to_plane(place)) {
    if (const auto on = map_->network.nearest(*on_plane, road_within_cm)) return *on;
  }
  return Error{ErrorCode::invalid_argument,
               "no road of the map \"" + map_->name + "\" is within 500 m of " +
                   degrees_text(place) + ": give a place between " +
                   degrees_text(map_->south_west) + " and " + degrees_text(map_->north_east) +
                   " (latitude, longitude)"};
}

Geographic RoadMap::geographic(const OnEdge& on) const {
  return map_->projection.to_globe(map_->network.place_of(on));
}

}  // namespace muster::mobility
