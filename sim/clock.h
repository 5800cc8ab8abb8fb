// The clocks of one simulated machine: none of them is right, and none is trusted to be.
#pragma once

#include <cstdint>

#include "muster/time.h"
#include "node/io.h"

namespace muster::sim {

/// A monotonic clock that started at its own moment and runs a little fast or slow, and a wall
/// clock that may be years off.
class MachineClock {
 public:
  struct Options {
    Duration started{};                ///< What the monotonic clock shows when the world begins.
    std::int64_t parts_per_million{};  ///< How much faster than the world it runs.
    std::int64_t wall_milliseconds{};  ///< What the wall clock shows when the world begins.
  };

  explicit MachineClock(const Options& options) : options_(options) {}

  Instant monotonic(Instant world) const {
    const std::int64_t passed = world.time_since_epoch().count();
    return Instant{options_.started +
                   Duration(passed * (million + options_.parts_per_million) / million)};
  }
  /// The first moment of the world at which the monotonic clock shows `local` or more.
  Instant world(Instant local) const {
    const std::int64_t passed = (local.time_since_epoch() - options_.started).count();
    const std::int64_t rate = million + options_.parts_per_million;
    std::int64_t guess = passed * million / rate;
    while (monotonic(Instant{Duration(guess)}) < local) ++guess;
    return Instant{Duration(guess)};
  }
  node::Now now(Instant world) const {
    return {.monotonic = monotonic(world),
            .wall = {options_.wall_milliseconds + world.time_since_epoch().count() / 1'000}};
  }

 private:
  static constexpr std::int64_t million = 1'000'000;
  Options options_;
};

}  // namespace muster::sim
