// One server's durable memory: log, hard state, snapshots, identity, in one data folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/error.h"
#include "storage/files.h"
#include "storage/format/disk_job.h"

namespace muster::storage {

class SegmentLog;
class SnapshotFiles;

struct LogOptions {
  std::size_t segment_bytes{std::size_t{16} << 20U};     ///< Of each segment file; at least 4 KiB.
  std::size_t payload_bytes_max{std::size_t{1} << 20U};  ///< Of one entry; must fit a segment.
  std::size_t spare_slice_bytes{std::size_t{256} << 10U};  ///< Zeros written in one `tidy`.
  std::size_t mark_bytes{std::size_t{64} << 10U};          ///< Log between two remembered places.
  std::uint64_t snapshot_bytes_max{std::uint64_t{16} << 30U};
  std::size_t snapshot_metadata_max{std::size_t{1} << 20U};
};

/// The durable log as design rules have it; the byte formats are in `storage/format`.
///
/// Whatever returns success is durable (Raft, figure 2: "updated on stable storage before
/// responding to RPCs"). After a failed write or sync the store is stopped: what lies on the disk
/// is unknown then, so every later call fails too, and only a new `open` finds out (a repeated
/// fsync may succeed though the pages are lost).
///
/// Files in the folder: `identity`, `fence`, `log-NUMBER`, `snapshot-INDEX`, and `*.tmp` while one
/// of them is being made. Thread-safety: none; on the disk thread, calls block.
class LogStore {
 public:
  struct Opened;

  /// Recovers what the folder holds; an empty folder is a new server. A torn tail is cut and told
  /// in `warnings`; any other damage is an error that names file, offset, fault and remedy. The
  /// last segment is written anew and synced before anything in it counts (a sync that failed
  /// before a restart may have left pages that the kernel believes clean).
  /// The caller holds the folder's lock; `files` outlives the store.
  [[nodiscard]] static Result<Opened> open(Files& files, const std::string& folder,
                                           const LogOptions& options);
  ~LogStore();

  /// Writes the jobs in order and syncs once for all; once more for each segment begun.
  /// `invalid_argument`, with nothing changed, if entries are not consecutive, leave a gap to the
  /// log, reach below its start, or are too large.
  [[nodiscard]] Result<void> append(const std::vector<StoreJob>& jobs);
  /// As `ReadEntriesJob` says.
  [[nodiscard]] Result<std::vector<Entry>> read_entries(LogIndex first, std::size_t bytes_max);

  /// Begins a snapshot of this server's own state; one begun before is given up.
  [[nodiscard]] Result<void> begin_snapshot(const SnapshotHeader& header);
  /// `resource_exhausted` if it becomes too large; it must be begun anew then.
  [[nodiscard]] Result<void> add_to_snapshot(BytesView chunk);
  /// Makes it durable and the newest; returns the newest.
  [[nodiscard]] Result<SnapshotHeader> finish_snapshot();

  /// As `SnapshotPieceJob` says. True when the snapshot is installed.
  [[nodiscard]] Result<bool> add_piece(const SnapshotPieceJob& piece);
  [[nodiscard]] Result<SnapshotRead> read_snapshot(const ReadSnapshotJob& wanted);
  [[nodiscard]] Result<void> compact(LogIndex keep_from);
  [[nodiscard]] Result<void> write_identity(const Identity& identity);
  /// As `FenceJob` says. The caller holds the other folder's lock.
  [[nodiscard]] Result<void> write_fence(const FenceJob& job);
  /// Where the data of the job's server lies: in the job's folder, or, when another server has
  /// begun anew there, in one of the archives. `failed_precondition` if in neither.
  [[nodiscard]] Result<std::string> home_of(const FenceJob& job,
                                            const std::vector<std::string>& archives) const;

  /// One slice of the work that can wait: zero-fills the spare segment. False when none is left.
  [[nodiscard]] Result<bool> tidy();

  /// `tidy` should be called even while other work waits, or beginning a segment will stall.
  bool tidy_is_due() const;

  LogIndex last_index() const;
  /// A write or sync has failed; everything else will.
  bool stopped() const { return stopped_.has_value(); }

 private:
  [[nodiscard]] Result<void> refuse_if_longer(const std::string& folder,
                                              const FenceRecord& record) const;
  [[nodiscard]] Result<FenceRecord> fence_to_write(const FenceJob& job) const;
  LogStore(Files& files, std::string folder, const LogOptions& options);
  Result<void> refuse_if_stopped() const;
  template <class T>
  Result<T> stop_on_failure(Result<T> result);

  Files& files_;
  std::string folder_;
  LogOptions options_;
  std::unique_ptr<SegmentLog> segments_;
  std::unique_ptr<SnapshotFiles> snapshots_;
  std::optional<Error> stopped_;  // The first failure of a write or sync.
};

struct LogStore::Opened {
  std::unique_ptr<LogStore> store;
  Recovered recovered;
};

}  // namespace muster::storage
