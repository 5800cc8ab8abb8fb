// What a node counts since its start, for `stats`.
#pragma once

#include <cstdint>

namespace muster::node {

/// Only ever raised. What other parts count themselves is not repeated here.
struct Counters {
  std::uint64_t leader_changes{0};  ///< Leaders that this server has seen begin.
  std::uint64_t elections_won{0};
  std::uint64_t hand_overs_begun{0};  ///< As the leader that hands over.
  std::uint64_t hand_overs_taken{0};  ///< As the heir.
  std::uint64_t heartbeats_sent{0};   ///< To followers: appends without an entry.
  std::uint64_t heartbeats_received{0};
  std::uint64_t messages_sent{0};  ///< Of consensus.
  std::uint64_t messages_received{0};
  std::uint64_t batches_forwarded{0};
  std::uint64_t batches_taken_in{0};
  std::uint64_t events{0};
};

}  // namespace muster::node
