// Limits: that everything which grows keeps them, and scenarios in which they are small.
#pragma once

#include <cstddef>

#include "node/report.h"
#include "sim/scenario.h"

namespace muster::sim {

/// Invariant 9: what grows has a limit.
class WithinLimits {
 public:
  explicit WithinLimits(const node::Options& limits) : limits_(limits) {}
  void seen(std::size_t server, const node::Report& report) const;

 private:
  const node::Options limits_;
};

/// Makes some of the limits so small that this load reaches them, in later seeds: then clients and
/// servers are refused things, and must get them all the same once they calm down.
void draw_small_limits(Scenario& scenario);

}  // namespace muster::sim
