// The clocks of one simulated machine: none of them is right, and none is trusted to be.
#pragma once

#include <algorithm>
#include <cstdint>

#include "muster/time.h"
#include "node/io.h"

namespace muster::sim {

/// A monotonic clock that started at its own moment and runs a little fast or slow, and a wall
/// clock that may be years off. Either may change while the world goes on; the monotonic one never
/// goes back.
class MachineClock {
 public:
  struct Options {
    Duration started{};                ///< What the monotonic clock shows when the world begins.
    std::int64_t parts_per_million{};  ///< How much faster than the world it runs.
    std::int64_t wall_milliseconds{};  ///< What the wall clock shows when the world begins.
  };

  explicit MachineClock(const Options& options) : first_(options), options_(options) {}

  /// From now on it runs so much faster than the world.
  void drift(Instant world, std::int64_t parts_per_million) {
    options_.started = monotonic(world).time_since_epoch();
    changed_at_ = world;
    options_.parts_per_million = parts_per_million;
  }
  /// Never to before 1970.
  void jump_wall(Instant world, std::int64_t milliseconds) {
    const std::int64_t shown = now(world).wall.milliseconds;
    options_.wall_milliseconds += std::max(milliseconds, -shown);
  }
  /// Both go on as if nothing had been done to them, but the monotonic one from where it is.
  void repair(Instant world) {
    drift(world, first_.parts_per_million);
    options_.wall_milliseconds = first_.wall_milliseconds;
  }

  Instant monotonic(Instant world) const {
    const std::int64_t passed = (world - changed_at_).count();
    return Instant{options_.started +
                   Duration(passed * (million + options_.parts_per_million) / million)};
  }
  /// The first moment of the world at which the monotonic clock shows `local` or more.
  Instant world(Instant local) const {
    const std::int64_t passed = (local.time_since_epoch() - options_.started).count();
    const std::int64_t rate = million + options_.parts_per_million;
    Instant guess = changed_at_ + Duration(passed * million / rate);
    while (monotonic(guess) < local) guess += Duration(1);
    return guess;
  }
  node::Now now(Instant world) const {
    return {.monotonic = monotonic(world),
            .wall = {options_.wall_milliseconds + world.time_since_epoch().count() / 1'000}};
  }

 private:
  static constexpr std::int64_t million = 1'000'000;
  const Options first_;
  Options options_;  // `started` and the rate are those from `changed_at_` on.
  Instant changed_at_{};
};

}  // namespace muster::sim
