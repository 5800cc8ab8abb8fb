// Where on the globe a SUMO network lies.
#pragma once

#include <pugixml.hpp>
#include <span>
#include <vector>

#include "mobility/place.h"
#include "muster/error.h"

namespace muster::mobility {

/// Of a SUMO network: metres east and north of a place that its `<location>` tells of.
struct MetrePlace {
  double east{};
  double north{};
};

struct PlacedNetwork {
  Geographic origin{};
  std::vector<Place> places{};  ///< Of each that was given, around the origin.
};

/// By the rules that `read_sumo` has; the origin is in the middle of the places, unless only the
/// boundaries tell where they are. Errors: INVALID_ARGUMENT if an attribute of the location can't
/// be, the projection is another one, or a place is beyond the plane or the globe. Precondition:
/// there is a place.
[[nodiscard]] Result<PlacedNetwork> place_network(const pugi::xml_node& location,
                                                  std::span<const MetrePlace> places);

}  // namespace muster::mobility
