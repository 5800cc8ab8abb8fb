// One run of bare consensus cores under an adversary: the profile `core`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "raft/testing/random_life.h"
#include "sim/scenario.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace muster::sim {

/// `raft::Raft` without the server around it, whose upkeep and whose connections let few of the
/// rarest races happen. Thread-safety: none.
class CoreWorld {
 public:
  CoreWorld(const Request& request, bool printing);

  /// Disturbs the group for the time that was asked for, then lets it recover. Throws `Violation`.
  Summary run();

  /// What this life has of what can be left out.
  std::vector<std::string> troubles() const { return life_.own_troubles(); }
  std::uint64_t steps() const { return life_.steps(); }
  Instant now() const { return life_.now(); }

 private:
  const Duration length_;
  Trace trace_;
  raft::testing::RandomLife life_;
};

}  // namespace muster::sim
