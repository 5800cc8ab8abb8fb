// The one thread that waits for the disk.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/disk_worker.h"

namespace muster::storage {

/// Runs a `DiskWorker` on a thread of its own. `submit` may be called from any thread, but the
/// order of jobs is that of the calls. Owned by the server, which stops it before what the
/// callback refers to goes away.
class DiskThread {
 public:
  /// Called on the disk thread, with at least one result. Hand over and return; do not block.
  using OnResults = std::function<void(std::vector<DiskResult>)>;

  DiskThread(std::unique_ptr<LogStore> store, FolderLocker& locker,
             const DiskWorker::Options& options, OnResults on_results);
  /// Stops, if `stop` was not called.
  ~DiskThread();
  DiskThread(const DiskThread&) = delete;
  DiskThread& operator=(const DiskThread&) = delete;

  /// `resource_exhausted` when too much waits; `failed_precondition` after `stop`. The job is
  /// dropped then and there is no result for it.
  [[nodiscard]] Result<void> submit(DiskJob job);
  /// Carries out what was submitted, reports it, and joins. Saves of snapshots are given up:
  /// reported as failed with `aborted`.
  void stop();

 private:
  void run();
  bool take_jobs();

  std::unique_ptr<LogStore> store_;
  DiskWorker worker_;  // Touched by the disk thread only.
  DiskWorker::Options options_;
  OnResults on_results_;
  std::mutex mutex_;
  std::condition_variable work_came_;
  std::deque<DiskJob> incoming_;   // Under mutex_.
  std::size_t incoming_bytes_{0};  // Under mutex_.
  bool stopping_{false};           // Under mutex_.
  std::jthread thread_;            // Last: starts when all else stands.
};

}  // namespace muster::storage
