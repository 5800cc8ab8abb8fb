// Whether what clients and followers saw of the registers could have been so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "faults/history.h"

namespace muster::faults {

struct Judgement {
  std::vector<std::string> violations{};  ///< None: all that must hold does.

  std::uint64_t writes{0};
  std::uint64_t sets{0};  ///< Compare and set.
  std::uint64_t reads{0};
  std::uint64_t queries{0};
  std::uint64_t refused{0};     ///< Of the sets: another value was there.
  std::uint64_t not_done{0};    ///< Certainly not applied.
  std::uint64_t unanswered{0};  ///< Perhaps applied.
  std::uint64_t events{0};      ///< Commands that took effect, as followers were told.
  std::uint64_t gaps{0};
  std::uint64_t keys{0};
  std::uint64_t undecided{0};  ///< Keys whose possible orders were too many.
  std::uint64_t steps{0};      ///< Of the search for an order.
  Duration longest_pause{};    ///< Between one answer to anybody and the next.
  Instant pause_ended{};       ///< That one.
};

/// Holds all operations of all clients against
/// - linearizability, each key by itself (`sim::check_linearizability`): what was certainly not
///   applied is left out, so nobody may have seen it, as is what has no answer and was never told
///   of while followers know all events;
/// - exactly once: events have numbers without a break and name each command once; what was
///   acknowledged is among them, what was refused or certainly not applied is not;
/// - each event once: every follower was told of all of them in order, or of a gap, up to the last.
Judgement judge(const std::vector<Recorded>& operations,
                const std::vector<std::vector<Told>>& followers,
                std::uint64_t steps_max_per_key = 5'000'000);

}  // namespace muster::faults
