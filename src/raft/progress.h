// What a leader knows of one follower, and what it has under way to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "muster/ids.h"
#include "muster/time.h"
#include "raft/message.h"

namespace muster::raft {

/// How a leader sends to a follower.
enum class ProgressState : std::uint8_t {
  probe,      ///< It is not known where the logs part: one append at a time.
  replicate,  ///< The logs agree up to `next`: as many appends as the window allows.
  snapshot,   ///< What it needs is compacted: it is sent a snapshot, piece by piece.
};

/// Match and next index (Raft, figure 2) with the window of what is in flight.
class Progress {
 public:
  struct Window {
    std::size_t bytes;
    std::size_t entries;
  };
  /// One snapshot on its way. One piece is under way at a time.
  struct Transfer {
    SnapshotMark mark;
    std::uint64_t offset{0};  ///< What the follower wants next.
    std::uint64_t total{0};   ///< Bytes of all of it, once known.
    bool fetching{false};     ///< Asked of the caller.
    bool in_flight{false};    ///< Sent and unanswered.
    Instant sent_at;
    /// Then a piece seems to be lost. Doubled each time, as the link may be slow and what is sent
    /// again makes it slower; with each answer half as long, down to `patience_min`.
    Duration patience;
    Duration patience_min;

    void send_again_if_lost(Instant now);
    void answered();
  };

  Progress(LogIndex next, Instant now) : next_(next), last_heard_(now) {}

  ProgressState state() const { return state_; }
  LogIndex match() const { return match_; }
  LogIndex next() const { return next_; }
  Instant last_heard() const { return last_heard_; }

  void heard(Instant now) { last_heard_ = now; }
  /// An append with these entries leaves. Precondition: `next <= last + 1`.
  void sent(LogIndex last, std::size_t bytes);
  /// The window has room for another append. A probe's entries are sent once: heartbeats, which say
  /// as much, find out whether they were lost.
  bool may_send(const Window& window) const;
  /// The follower has all up to `index`. A match index never goes back within a term.
  void matched(LogIndex index);
  /// Back to one append at a time, beginning at `next` (at least `match + 1`).
  void probe_from(LogIndex next);
  /// A piece that is not answered for `patience` is sent again.
  void begin_transfer(const SnapshotMark& mark, Duration patience);
  std::optional<Transfer>& transfer() { return transfer_; }
  const std::optional<Transfer>& transfer() const { return transfer_; }

  LogIndex commit_told;              ///< The commit index last sent.
  std::uint64_t confirmed_round{0};  ///< The latest round it answered.
  std::uint64_t sent_round{0};       ///< The latest round that was sent to it.
  bool fetching{false};              ///< Entries were asked of the caller.
  bool fetch_failed{false};          ///< They were not there; asked again at the next heartbeat.
  bool heartbeat_due{true};          ///< It is to be sent something, whether or not there is news.

 private:
  struct Flight {
    LogIndex last;
    std::size_t entries;
    std::size_t bytes;
  };

  ProgressState state_{ProgressState::probe};
  LogIndex match_;
  LogIndex next_;
  Instant last_heard_;
  bool probe_sent_{false};
  std::deque<Flight> flights_;
  std::size_t flight_entries_{0};
  std::size_t flight_bytes_{0};
  std::optional<Transfer> transfer_;
};

/// What others may see of it.
struct ProgressView {
  LogIndex match;
  LogIndex next;
  ProgressState state{ProgressState::probe};
  Instant last_heard;
  /// It is heard, streams, and has all that was committed one heartbeat ago.
  bool caught_up{false};
};

}  // namespace muster::raft
