// The log that a row of segments amounts to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/entry.h"
#include "muster/error.h"
#include "storage/format/disk_job.h"
#include "storage/format/marks.h"
#include "storage/format/segment.h"

namespace muster::storage {

/// Replays segments in ascending order. A cut is explicit: an entry whose index is not past the
/// last must be a `cut_entry` record, and one that is must not be; so a record that is missing or
/// out of place is damage and never a cut. As the cut and the entry that replaces what was cut are
/// one record, a crash leaves both or neither. Thread-safety: none.
class Replay {
 public:
  /// Payloads are kept of entries after `snapshot` only.
  Replay(std::optional<SnapshotHeader> snapshot, std::size_t mark_step);

  /// One segment's bytes; `last` if no other follows. Errors: damage, see `SegmentScan`; also where
  /// this segment does not go on from the one before. A torn tail is damage unless `last`.
  [[nodiscard]] Result<void> add(const SegmentHeader& header, BytesView file,
                                 const std::string& path, bool last);
  /// Call once all segments are added. `needs_restart` tells that the log does not contain the
  /// snapshot: an installation was interrupted, and the log must be started again after it.
  struct Log {
    HardState hard_state;
    LogIndex first_index{1};
    LogIndex last_index;
    Term last_term;
    std::vector<Entry> entries;  ///< Those after the snapshot.
    bool needs_restart{false};
  };
  /// Errors: damage, if the log begins after what the snapshot holds.
  [[nodiscard]] Result<Log> finish();

  /// Of the last segment added.
  std::size_t end() const { return end_; }
  std::uint32_t chain() const { return chain_; }
  bool sealed() const { return sealed_; }
  const std::optional<TornTail>& torn() const { return torn_; }
  /// The highest index that each segment held, by number: as long as it matters, it is kept.
  struct Extent {
    std::uint64_t segment{};
    LogIndex highest;
  };
  const std::vector<Extent>& extents() const { return extents_; }
  const Marks& marks() const { return marks_; }

 private:
  Result<void> connect(const SegmentHeader& header, const std::string& path);
  Result<void> take(const SegmentScan::Record& record, const SegmentHeader& header,
                    const std::string& path);
  Result<void> take_entry(const SegmentScan::Record& record, const SegmentHeader& header,
                          const std::string& path);
  LogIndex last_index() const { return base_index_ + entries_.size(); }
  Term last_term() const {
    return entries_.empty() ? base_term_.value_or(Term{}) : entries_.back().term;
  }

  std::optional<SnapshotHeader> snapshot_;
  Marks marks_;
  HardState hard_state_;
  LogIndex base_index_;
  std::optional<Term> base_term_;  // Nothing after a cut into segments that are gone.
  std::vector<Entry> entries_;     // From base_index_ + 1 on.
  std::vector<Extent> extents_;
  std::string first_path_;
  std::size_t end_{0};
  std::uint32_t chain_{0};
  std::uint32_t chain_before_seal_{0};
  bool sealed_{false};
  std::optional<TornTail> torn_;
};

}  // namespace muster::storage
