// Whether a history of registers could have been that of one machine doing one thing at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "muster/time.h"
#include "sim/register.h"

namespace muster::sim {

/// An operation as its client knows it: when it was begun, and when and how it ended.
struct ObservedOperation {
  RegisterCommand command{};
  Instant begun{};
  /// None: it has no answer. It took effect at some time after it was begun, or never.
  std::optional<Instant> ended{};
  /// What was answered: the value afterwards; nothing: it was refused, as a `compare_and_set` that
  /// met another value. Of an operation without an answer it says nothing.
  std::optional<std::uint64_t> value{};
};

/// What became of a check.
struct Linearizability {
  enum class Verdict : std::uint8_t {
    linearizable,
    broken,     ///< There is no such order, for the operations of `key`.
    undecided,  ///< Too many orders were possible; more than `steps_max` were tried.
  };
  Verdict verdict{Verdict::linearizable};
  std::uint32_t key{0};
  std::uint64_t steps{0};
  /// Of a broken one: the longest run of operations from the beginning that has an order, and the
  /// first one that fits nowhere behind it.
  std::string why{};
};

/// Looks for an order in which each operation takes effect between its beginning and its end, as
/// `value_after` has it: the algorithm of Wing and Gong ("Testing and verifying concurrent
/// objects", 1993) with the cache of Lowe ("Testing for linearizability", 2017), one key at a time,
/// as Porcupine does it (linearizability is local: Herlihy and Wing 1990, theorem 1). It knows
/// nothing of the log. Operations without an answer may be left out; reads among them always are.
///
/// Cost: exponential in the operations that overlap, at worst; `steps_max` bounds it.
Linearizability check_linearizability(std::vector<ObservedOperation> history,
                                      std::uint64_t steps_max = 2'000'000);

}  // namespace muster::sim
