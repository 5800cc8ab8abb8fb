// The row of segment files that is the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/error.h"
#include "storage/files.h"
#include "storage/format/marks.h"
#include "storage/format/record.h"
#include "storage/format/replay.h"
#include "storage/log_store.h"

namespace muster::storage {

/// Appends records to the last segment and begins the next when it is full. The next one lies
/// ready, zero-filled, as `spare.tmp`; it gets its name when it has its header and is synced.
/// Part of `LogStore`, which says what callers may rely on. Thread-safety: none.
class SegmentLog {
 public:
  SegmentLog(Files& files, std::string folder, const LogOptions& options);

  /// Reads all segments, writes the last one anew, and starts after the snapshot if the log does
  /// not contain it. `segments` are the numbers found, ascending; none makes the first segment.
  [[nodiscard]] Result<Replay::Log> open(std::vector<std::uint64_t> segments,
                                         const std::optional<SnapshotHeader>& snapshot,
                                         std::vector<std::string>& warnings);

  /// Why the jobs cannot be appended, if so; `snapshot` is the newest one's index.
  [[nodiscard]] Result<void> validate(const std::vector<StoreJob>& jobs, LogIndex snapshot) const;
  /// Precondition: validated.
  [[nodiscard]] Result<void> append(const std::vector<StoreJob>& jobs);
  [[nodiscard]] Result<std::vector<Entry>> read(LogIndex first, std::size_t bytes_max);
  /// The log is empty and goes on after this place.
  [[nodiscard]] Result<void> restart_after(LogIndex index, Term term);
  [[nodiscard]] Result<void> compact(LogIndex keep_from);
  /// Fills one slice of the spare segment; false when it is full.
  [[nodiscard]] Result<bool> fill_spare();

  /// The segment fills up faster than the spare.
  bool spare_is_behind() const {
    return spare_filled_ < options_.segment_bytes && spare_filled_ < 2 * writer_.end();
  }

  LogIndex first_index() const { return first_index_; }
  LogIndex last_index() const { return last_index_; }

 private:
  struct Loaded {
    SegmentHeader header;
    Bytes file;
  };

  std::string path_of(std::uint64_t segment) const { return folder_ + "/" + segment_name(segment); }
  std::string spare_path() const { return folder_ + "/spare.tmp"; }
  Result<std::vector<std::uint64_t>> leave_out_dead(std::vector<std::uint64_t> segments,
                                                    std::vector<std::string>& warnings);
  Result<Loaded> load(std::uint64_t segment);
  Result<void> adopt(Replay& replay, const Replay::Log& log);
  Result<void> rewrite(const Loaded& last, std::size_t end);
  Result<void> add_entry(const Entry& entry);
  Result<void> add_hard_state(const HardState& state);
  Result<void> make_room(std::size_t payload_size);
  Result<void> flush();
  Result<void> roll(bool restart);
  Result<void> write_zeros(const std::string& path, std::size_t from, std::size_t to);
  Result<void> read_run(const Marks::Run& run, LogIndex first, std::size_t bytes_max,
                        std::vector<Entry>& entries);

  Files& files_;
  std::string folder_;
  LogOptions options_;
  std::uint64_t segment_{0};  // The last; 0 until there is one.
  std::size_t segment_bytes_{0};
  RecordWriter writer_;
  std::vector<Replay::Extent> extents_;
  Marks marks_;
  HardState hard_state_;
  LogIndex first_index_{1};
  LogIndex last_index_;
  Term last_term_;
  std::size_t spare_filled_{0};
};

}  // namespace muster::storage
