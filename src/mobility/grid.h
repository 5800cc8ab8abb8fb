// A made-up city: streets that cross at right angles.
#pragma once

#include <cstdint>

#include "mobility/network.h"

namespace muster::mobility {

struct GridOptions {
  std::uint32_t columns{12};         ///< Crossings from west to east, 2 to 400,
  std::uint32_t rows{8};             ///< and from south to north.
  std::uint32_t spacing_cm{15'000};  ///< Between neighbours, 1 m to 10 km.
  std::uint32_t speed_cm_s{1'389};   ///< 50 km/h.
  std::uint32_t signal_every{2};     ///< Every so many crossings have a signal; 0: none has.
};

/// Two-way streets between all neighbours, with the origin in the middle. Crossing `column`, `row`
/// is node `row * columns + column`. Errors: INVALID_ARGUMENT for options that can't be.
[[nodiscard]] Result<Network> make_grid(const GridOptions& options);

}  // namespace muster::mobility
