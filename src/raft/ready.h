// What the consensus core wants done, with what must be durable before what is sent in the type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/entry.h"
#include "muster/ids.h"
#include "raft/message.h"

namespace muster::raft {

/// A piece of a snapshot that the leader sent, to be written at `offset`.
struct SnapshotPiece {
  SnapshotMark mark{};
  std::uint64_t offset{};  ///< 0 begins anew: what was received before is void.
  std::uint64_t total{};
  SharedBytes data{};
  bool last{
      false};  ///< The snapshot is whole. It replaces the log: no entry before this one stays.
};

/// Entries wanted from the disk for a follower, from `first` on, at most `bytes_max` bytes of
/// payload, at least one. Answer with `Raft::fetched`, once, always.
struct EntryFetch {
  ServerNumber follower{};
  LogIndex first{};
  std::size_t bytes_max{};
};

/// A piece of the own snapshot at `index`, wanted for a follower. Answer with
/// `Raft::snapshot_fetched`, once, always.
struct SnapshotFetch {
  ServerNumber follower{};
  LogIndex index{};
  std::uint64_t offset{};
  std::size_t bytes_max{};
};

/// The answer to `Raft::read`: linearizable once `index` is applied. Nothing: refused.
struct ReadOutcome {
  std::uint64_t id{};
  std::optional<LogIndex> index{};
  friend bool operator==(const ReadOutcome&, const ReadOutcome&) = default;
};

/// Outputs since the last `Raft::ready()`. The stores of successive `Ready`s are carried out in
/// order; several may be under way at once. When one and all before it are durable, the caller
/// sends its `send_when_stored` and, if it had entries, calls `Raft::stored` with the last of them.
struct Ready {
  /// To be made durable, in this order: hard state, snapshot piece, entries.
  struct Store {
    std::optional<HardState> hard_state;
    std::optional<SnapshotPiece> snapshot;
    /// Consecutive. A first index at or below the last one stored means: cut the log there first.
    std::vector<Entry> entries;
    bool empty() const { return !hard_state && !snapshot && entries.empty(); }
  };

  std::vector<Message> send_now;  ///< A leader's appends and chunks, read requests and replies.
  Store store;
  /// Every vote, candidacy and acknowledgement: after `store` and all stores before it are
  /// durable; at once if none is under way. A message to the server itself (its own vote) is
  /// stepped back in.
  std::vector<Message> send_when_stored;
  std::vector<Entry> apply{};  ///< Committed, in order, each once, at most `apply_bytes_max`.
  std::vector<EntryFetch> fetch;
  std::vector<SnapshotFetch> snapshot_fetch;
  std::vector<ReadOutcome> reads;
  /// The last piece of this snapshot is in `store` of this or an earlier `Ready`: when that is
  /// durable, restore the state machine from it, then call `Raft::installed`.
  std::optional<SnapshotMark> install;
};

}  // namespace muster::raft
