// The map of a city: its roads, its lights, and where on the globe they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mobility/crossing.h"
#include "mobility/grid.h"
#include "mobility/network.h"
#include "mobility/place.h"
#include "muster/bytes.h"
#include "muster/error.h"

namespace muster::mobility {

/// Where the origin of a map is that knows no better: in the middle of Stuttgart.
constexpr Geographic default_origin{.latitude = 487'758'000, .longitude = 91'829'000};

/// Copies share one map, which never changes; references to its parts live as long as one of them.
/// One that was moved from may only be assigned to or destroyed. Thread-safety: any number of
/// threads may read.
class RoadMap {
 public:
  static constexpr std::size_t bytes_max = std::size_t{4} * 1024 * 1024;  ///< Encoded.
  static constexpr std::size_t name_bytes_max = 64;
  /// How far from a road one may be, and still be on it.
  static constexpr std::int64_t road_within_cm = 50'000;

  /// Nodes that have a signal and no crossing among `crossings` get one by `make_crossing`. Errors:
  /// INVALID_ARGUMENT for a name that is empty or not plain text, for a crossing that `validate`
  /// refuses or a second one of a node, and for a map that reaches beyond 85 degrees of latitude;
  /// RESOURCE_EXHAUSTED if it has too many ways over a crossing, or is beyond `bytes_max`.
  [[nodiscard]] static Result<RoadMap> make(Network network, std::vector<Crossing> crossings,
                                            Geographic origin, std::string name);
  /// Named "grid 12x8". Errors: as of `make_grid` and `make`.
  [[nodiscard]] static Result<RoadMap> grid(const GridOptions& options, Geographic origin);

  /// Equal maps have equal bytes, at most `bytes_max`. Cost: linear.
  Bytes encode() const;
  /// From bytes that may be anything. Errors: INVALID_ARGUMENT for those that `encode` does not
  /// give; RESOURCE_EXHAUSTED beyond a limit.
  [[nodiscard]] static Result<RoadMap> decode(BytesView bytes);

  const std::string& name() const { return map_->name; }
  const Network& network() const { return map_->network; }
  const Projection& projection() const { return map_->projection; }
  /// By ascending node.
  std::span<const Crossing> crossings() const { return map_->crossings; }
  /// Null if the node has no light, or is none. Cost: logarithmic.
  const Crossing* crossing_at(NodeIndex node) const;
  /// Null if none is within `within_cm`; of equally near ones that with the lowest node. Cost:
  /// linear in the crossings.
  const Crossing* nearest_crossing(Place place, std::int64_t within_cm) const;

  /// The nearest place on a road. Errors: INVALID_ARGUMENT, saying where the map is, if no road is
  /// within `road_within_cm`.
  [[nodiscard]] Result<OnEdge> locate(Geographic place) const;
  Geographic geographic(const OnEdge& on) const;
  /// The corners of what the map covers.
  Geographic south_west() const { return map_->south_west; }
  Geographic north_east() const { return map_->north_east; }

 private:
  struct Map {
    std::string name;
    Network network;
    Projection projection;
    std::vector<Crossing> crossings{};
    Geographic south_west{};
    Geographic north_east{};
  };

  explicit RoadMap(std::shared_ptr<const Map> map) : map_(std::move(map)) {}
  [[nodiscard]] static Result<void> add_crossings(Map& map, std::vector<Crossing> crossings);
  [[nodiscard]] static Result<void> find_bounds(Map& map);

  std::shared_ptr<const Map> map_;
};

}  // namespace muster::mobility
