// Places given by Universal Transverse Mercator coordinates, as maps of cities mostly are.
#pragma once

#include "mobility/place.h"
#include "muster/error.h"

namespace muster::mobility {

struct UtmZone {
  int number{};          ///< 1 to 60, from 180 degrees west eastwards.
  bool is_south{false};  ///< Then northings count from 10,000 km south of the equator.
};

/// Metres east and north in that zone, to WGS 84: Krüger's series of the third order (Karney 2011,
/// "Transverse Mercator with an accuracy of a few nanometers"), right to a centimetre within the
/// zone and its neighbours. With floating point: for those who read a map once, not for what
/// several servers compute. Errors: INVALID_ARGUMENT if there is no such zone or place.
[[nodiscard]] Result<Geographic> geographic_from_utm(UtmZone zone, double east, double north);

}  // namespace muster::mobility
