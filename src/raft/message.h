// What servers say to each other for consensus. How it is written to bytes is `wire`'s business.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/entry.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "raft/configuration.h"

namespace muster::raft {

/// What a snapshot stands for: the state after the entry `index`, and the membership then in force.
struct SnapshotMark {
  LogIndex index{};
  Term term{};                     ///< Of the entry at `index`.
  Configuration configuration{};   ///< The latest one at or before `index`; always committed.
  LogIndex configuration_index{};  ///< Where that one stands in the log; 0 if there is none.
  /// CRC32C of its bytes, from where it was made to where it is installed. 0 until it is durable.
  std::uint32_t checksum{0};
  friend bool operator==(const SnapshotMark&, const SnapshotMark&) = default;
};

/// "Would you vote for me?" (dissertation, section 9.6). `Message::term` is the term it would stand
/// in; nobody's term changes by it.
struct PreVoteRequest {
  LogIndex last_index{};
  Term last_term{};
};
/// Granted: `Message::term` is the term asked about. Refused: the term of who refuses.
struct PreVoteReply {
  bool granted{false};
};

struct VoteRequest {
  LogIndex last_index{};
  Term last_term{};
  bool handed_over{false};  ///< The leader asked for it (`TimeoutNow`): no stickiness applies.
};
struct VoteReply {
  bool granted{false};
  LogTime wall_clock{};  ///< The voter's; filled in by the caller when it sends the message.
};

struct AppendRequest {
  LogIndex previous_index{};
  Term previous_term{};
  LogIndex commit{};      ///< The leader's commit index.
  std::uint64_t round{};  ///< Of the leader's confirmation; the reply repeats it.
  std::vector<Entry> entries{};
};
struct AppendReply {
  bool accepted{false};
  /// Accepted: the last entry of the request (or its previous one), which is durable here together
  /// with all before it. Refused: the `previous_index` that is not here.
  LogIndex match{};
  /// Refused: the last entry here that may be in the leader's log (Raft, section 5.3, end).
  LogIndex hint_index{};
  Term hint_term{};
  std::uint64_t round{};
};

/// A piece of a snapshot. Pieces go one at a time, in order, each answered.
struct SnapshotChunk {
  SnapshotMark mark{};
  std::uint64_t offset{};
  std::uint64_t total{};  ///< Bytes of the whole snapshot.
  SharedBytes data{};
  std::uint64_t round{};
};
struct SnapshotReply {
  LogIndex index{};             ///< Of the snapshot that is answered.
  std::uint64_t next_offset{};  ///< What is wanted next.
  bool installed{false};        ///< All of the snapshot, or the log up to it, is durable here.
  std::uint64_t round{};
};

/// "Stand now, without waiting and without asking first" (dissertation, section 3.10).
struct TimeoutNow {};

/// A follower asks for a read index (dissertation, section 6.4).
struct ReadRequest {
  std::uint64_t id{};
};
struct ReadReply {
  std::uint64_t id{};
  std::optional<LogIndex> index{};  ///< Nothing: refused; ask again later.
};

struct Message {
  ServerNumber from{};
  ServerNumber to{};
  Term term{};
  std::variant<PreVoteRequest, PreVoteReply, VoteRequest, VoteReply, AppendRequest, AppendReply,
               SnapshotChunk, SnapshotReply, TimeoutNow, ReadRequest, ReadReply>
      body{};
};

/// `pre-vote request` and so on, for logs and traces.
std::string_view name_of(const Message& message);

}  // namespace muster::raft
