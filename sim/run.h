// One run of a seed, of whole servers or of bare consensus cores.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sim/scenario.h"
#include "sim/shrink.h"
#include "sim/world.h"

namespace muster::sim {

/// A violation, and where it was seen.
struct Found {
  std::string invariant;
  std::string what{};
  std::uint64_t step{0};
  Instant time{};
};

struct Outcome {
  Summary summary;  ///< Of a run that showed no violation.
  std::optional<Found> violation;
};

/// Precondition: as of `draw`, or the profile is `core`. A check() that fails ends the program.
Outcome run(const Request& request, bool printing);

/// The command that has this run again.
std::string command_of(const Request& request);

struct Smallest {
  Request request;
  Found violation;
  std::size_t runs{0};
  bool at_limit{false};  ///< Perhaps there is a smaller one.
};

/// What `find_smallest` needs of the world.
struct ShrinkTools {
  /// Runs a request. The second one is the smallest that has failed until then.
  std::function<Outcome(const Request&, const Request&)> run;
  std::function<std::chrono::steady_clock::duration()> passed;  ///< Since it began.
  std::function<void(const std::string&)> say;                  ///< A line for people.
};

/// Runs the seed with less and less of its trouble, and for a shorter time, as long as that breaks
/// the same invariant.
Smallest find_smallest(const Request& failing, const Found& violation, const ShrinkLimits& limits,
                       const ShrinkTools& tools);

}  // namespace muster::sim
