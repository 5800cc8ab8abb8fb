#include "sim/run.h"

#include "sim/core.h"
#include "sim/trouble.h"
#include "sim/violation.h"

namespace muster::sim {

namespace {

template <class AnyWorld>
Outcome run_to_end(AnyWorld& world) {
  Outcome outcome;
  try {
    outcome.summary = world.run();
  } catch (const Violation& violation) {
    outcome.violation = Found{.invariant = violation.invariant(),
                              .what = violation.what(),
                              .step = world.steps(),
                              .time = world.now()};
  }
  return outcome;
}

}  // namespace

Outcome run(const Request& request, bool printing) {
  if (request.profile == core_profile) {
    CoreWorld world(request, printing);
    return run_to_end(world);
  }
  World world(draw(request), printing);
  return run_to_end(world);
}

Smallest find_smallest(const Request& failing, const Found& violation, const ShrinkLimits& limits,
                       const ShrinkTools& tools) {
  Smallest smallest{.request = failing, .violation = violation};
  const auto still_fails = [&](const RunSize& size) {
    Request smaller = failing;
    smaller.without = size.without;
    smaller.length = size.seconds;
    const Outcome outcome = tools.run(smaller, smallest.request);
    if (!outcome.violation || outcome.violation->invariant != violation.invariant) return false;
    smallest.request = smaller;
    smallest.violation = *outcome.violation;
    return true;
  };
  Shrinker shrinker({.without = failing.without,
                     .seconds = std::chrono::duration_cast<std::chrono::seconds>(failing.length)},
                    troubles_drawn(failing), limits,
                    {.still_fails = still_fails, .passed = tools.passed, .say = tools.say});
  shrinker.run();
  smallest.runs = shrinker.runs();
  smallest.at_limit = shrinker.at_limit();
  return smallest;
}

std::string command_of(const Request& request) {
  const std::string seed = std::to_string(request.seed);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(request.length).count();
  std::string command = "muster-sim --seeds " + seed + ".." + seed + " --seconds " +
                        std::to_string(seconds) + " --servers " + std::to_string(request.servers) +
                        " --profile " + request.profile;
  std::string separator = " --without ";
  for (const std::string& name : request.without) {
    command += separator + name;
    separator = ",";
  }
  return command;
}

}  // namespace muster::sim
