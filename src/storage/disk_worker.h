// Carries out disk jobs, one slice at a time, on whatever thread calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "muster/error.h"
#include "storage/folder_lock.h"
#include "storage/format/disk_job.h"
#include "storage/log_store.h"

namespace muster::storage {

/// Executes jobs first in, first out; neighbouring store jobs together, under one sync. A snapshot
/// being saved is overtaken by all others: it advances by one chunk per call. A second one waits
/// for the first.
///
/// Used by `DiskThread`, and directly by the simulator. Thread-safety: none.
class DiskWorker {
 public:
  struct Options {
    std::size_t jobs_max{4'096};                         ///< Waiting.
    std::size_t bytes_max{std::size_t{64} << 20U};       ///< Held by those that wait.
    std::size_t group_bytes_max{std::size_t{4} << 20U};  ///< Stored under one sync.
  };

  /// `store` and `locker` outlive the worker.
  DiskWorker(LogStore& store, FolderLocker& locker, const Options& options);

  /// Whether `submit` would take this job.
  bool has_room_for(const DiskJob& job) const;
  /// `resource_exhausted`, and the job is dropped, when the queue is full.
  [[nodiscard]] Result<void> submit(DiskJob job);
  /// One group of stores or one other job, then one chunk of the snapshot under way, or, when no
  /// job waits, one slice of tidying. Returns the results that this gave, in the order of work.
  [[nodiscard]] std::vector<DiskResult> run_some();
  /// Jobs wait, not counting saves of snapshots that wait for another.
  bool has_queued() const { return !queue_.empty(); }
  /// Drops the snapshots under way and waiting; reports them as failed with `aborted`.
  [[nodiscard]] std::vector<DiskResult> give_up_saving();
  /// Jobs wait, or a snapshot is under way.
  bool has_jobs() const;
  /// `run_some` has something to do, be it tidying.
  bool has_work() const { return has_jobs() || !tidy_; }

 private:
  struct Saving {
    std::uint64_t id{};
    SaveSnapshotJob job;
  };

  void run_stores(std::vector<DiskResult>& results);
  void run_front(std::vector<DiskResult>& results);
  void start_saving(DiskJob job, std::vector<DiskResult>& results);
  void advance_saving(std::vector<DiskResult>& results);
  DiskResult run(const DiskJob& job);
  Result<void> fence(FenceJob job);
  Failed failed(const Error& error) const;
  DiskJob pop();

  LogStore& store_;
  FolderLocker& locker_;
  Options options_;
  std::deque<DiskJob> queue_;
  std::size_t queued_bytes_{0};
  std::optional<Saving> saving_;
  std::deque<DiskJob> saves_waiting_;  // Counted in queued_bytes_ until they start.
  bool tidy_{false};
};

}  // namespace muster::storage
