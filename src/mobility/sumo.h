// Maps of real cities: road networks as SUMO, the traffic simulator, has them (`.net.xml`).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mobility/road_map.h"
#include "muster/error.h"

namespace muster::mobility {

struct SumoMap {
  RoadMap map;
  std::size_t closed_edges{0};      ///< Left out: no ambulance and no car may use them.
  std::size_t loops{0};             ///< Left out: they end where they begin.
  std::size_t given_programmes{0};  ///< Lights that follow a programme of the file.
  std::size_t made_programmes{0};   ///< Lights without one that can be used: `make_crossing`.
};

constexpr std::size_t sumo_bytes_max = std::size_t{256} * 1024 * 1024;

/// Reads what `netconvert` and `netgenerate` write ("Networks/SUMO Road Networks" in the
/// documentation of SUMO). In parts:
///
/// - Edges that a lane opens to emergency vehicles or passenger cars, with their fastest such lane.
///   Roads are straight from junction to junction; their length is that of the longest lane, but
///   never less than the straight line, as lanes end before the junction does. Parts of the network
///   that cannot be reached from others are kept. What lies within junctions is left out, and from
///   each edge every other one at its end may be taken, also where the file has no connection.
/// - Junctions that such an edge touches. Those of a type that begins with `traffic_light` have a
///   signal, and the first programme of their light, if `crossing_of` takes it.
/// - `<location>`: coordinates of a UTM projection are turned back into degrees. Without a
///   projection (`!`) the middle of the network lies at `default_origin`. With any other, the
///   middle of its boundary lies at that of its original one, if this is in degrees.
///
/// Nothing outside of `xml` is read: declared entities are neither expanded nor fetched.
///
/// Errors: INVALID_ARGUMENT for what is no XML, with line and byte; for a file that is no network;
/// for an element whose attribute is missing or can't be, naming it; for a junction that there is
/// not; for another projection. RESOURCE_EXHAUSTED beyond `sumo_bytes_max` or the limits of
/// `Network` and `RoadMap`.
[[nodiscard]] Result<SumoMap> read_sumo(std::string_view xml, std::string name);

}  // namespace muster::mobility
