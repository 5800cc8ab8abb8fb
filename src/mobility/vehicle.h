// Something that drives: along the fastest way, as fast as is allowed.
#pragma once

#include <cstdint>
#include <optional>

#include "mobility/fix.h"
#include "mobility/road_map.h"
#include "mobility/router.h"
#include "muster/time.h"

namespace muster::mobility {

/// A vehicle on a map. `pace` is how many times faster than real time it drives, for cities in a
/// hurry. Whole numbers only, so that it drives alike everywhere. Pure. Thread-safety: none.
class Vehicle {
 public:
  /// Preconditions: `router` is of the map's network and outlives it; `pace` is 1 to 1,000.
  Vehicle(RoadMap map, Router& router, OnEdge at, std::uint32_t pace, Instant now);

  /// False if no road leads there; then it stays.
  bool go_to(const OnEdge& goal);
  /// Stays where it is until told to go on.
  void stop() { stopped_ = true; }
  void go_on() { stopped_ = false; }
  /// Precondition: `now` is not before the last.
  void advance(Instant now);

  bool has_arrived() const { return !route_; }
  const OnEdge& at() const { return at_; }
  Fix fix() const;

 private:
  RoadMap map_;
  Router& router_;
  OnEdge at_;
  std::uint32_t pace_;
  Instant now_;
  bool stopped_{false};
  std::optional<Route> route_{};  // Towards `goal_`.
  OnEdge goal_{};
  std::size_t on_route_{0};  // The edge of it that it is on.
  Duration unused_{};        // Time too short for a centimetre.
};

}  // namespace muster::mobility
