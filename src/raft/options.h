// The times and limits of the consensus core.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "muster/time.h"

namespace muster::raft {

/// Times should be alike on all servers of a group; limits may differ.
struct Options {
  /// A leader is heard at least this often.
  Duration heartbeat_interval{std::chrono::milliseconds{50}};
  /// Silence after which a follower stands, a leader without a majority steps down, a hand-over is
  /// given up and a forwarded read is refused. At least two heartbeat intervals.
  Duration election_timeout{std::chrono::milliseconds{300}};
  /// Each place in the rank waits this much longer after a silence; and at most as much, twice,
  /// is added at random.
  Duration rank_wait{std::chrono::milliseconds{50}};
  /// The same for a leader whose link closed and whose port refused (`Raft::leader_lost`).
  Duration lost_rank_wait{std::chrono::milliseconds{10}};
  /// Wait before standing again after a refusal: from once to twice this, at random; doubled at
  /// each refusal in a row, up to the election timeout. Short: the first to miss a dead leader is
  /// refused by those that are about to.
  Duration retry_wait{std::chrono::milliseconds{2}};
  /// Whoever grants a pre-vote leaves the other one so long to be elected, or up to twice that.
  Duration granted_wait{std::chrono::milliseconds{10}};
  /// A candidacy that has neither won nor failed, as when votes were split, begins anew after this
  /// at most (half as long at least), however long the election timeout is.
  Duration candidacy_max{std::chrono::seconds{1}};

  std::size_t window_bytes{std::size_t{4} << 20U};         ///< Sent and unanswered, per follower.
  std::size_t window_entries{4'096};                       ///< The same, in entries.
  std::size_t message_bytes_max{std::size_t{512} << 10U};  ///< Payload of one append, or one entry.
  std::size_t snapshot_chunk_bytes{std::size_t{32} << 10U};  ///< Payload of one snapshot chunk.
  /// Payload appended by the leader and not committed; beyond, proposals are refused.
  std::size_t uncommitted_bytes_max{std::size_t{64} << 20U};
  /// Entries kept in memory though they are stored and applied, for followers that lag a little.
  std::size_t cache_bytes_max{std::size_t{8} << 20U};
  /// Entries kept in the log before a snapshot, so that a slow follower need not be sent one.
  std::uint64_t compaction_tail_entries{4'096};
  std::size_t apply_bytes_max{std::size_t{4} << 20U};  ///< Payload of one `Ready::apply`.
  std::size_t reads_max{4'096};  ///< Reads waiting for a confirmation; beyond, they are refused.

  std::uint64_t seed{1};  ///< Of the random part of waits. Should differ between servers.
};

}  // namespace muster::raft
