#include "sim/core.h"

namespace muster::sim {

using raft::testing::Broken;

CoreWorld::CoreWorld(const Request& request, bool printing)
    : length_(request.length),
      trace_(printing),
      life_({.seed = request.seed,
             .servers = static_cast<std::uint32_t>(request.servers),
             .without = request.without},
            [this](Instant time, std::string_view what, ServerNumber who, std::uint64_t a,
                   std::uint64_t b) { trace_.event(time, what, who.value, a, b); }) {}

Summary CoreWorld::run() {
  const Instant began = now();
  try {
    while (now() - began < length_) life_.step();
    life_.recover();
  } catch (const Broken& broken) {
    throw Violation(broken.property(), broken.what());
  }
  Summary summary;
  summary.simulated = now() - began;
  summary.steps = life_.steps();
  summary.frames = life_.messages();
  summary.acknowledged = life_.applied_count();
  summary.digest = trace_.digest();
  return summary;
}

}  // namespace muster::sim
