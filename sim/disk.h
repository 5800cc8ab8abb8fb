// A server's disk: the production store on simulated files, answering after a simulated while.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/event_queue.h"
#include "sim/scenario.h"
#include "storage/disk_worker.h"
#include "storage/log_store.h"
#include "storage/simulated/simulated_files.h"

namespace muster::sim {

/// The files and the locks of one machine.
struct Storage {
  explicit Storage(std::uint64_t seed) : files(seed) {}
  storage::SimulatedFiles files;
  storage::SimulatedLocks locks;
};

/// The machine's files live as long as the world; `open` and `shut` are the life of one process.
/// A job's effect and its answer come at one moment, some time after it was submitted. Until then
/// a death of the process undoes it. Thread-safety: none.
class Disk {
 public:
  using OnResults = std::function<void(std::vector<storage::DiskResult>)>;

  Disk(const DiskOptions& options, std::shared_ptr<Storage> storage, std::string folder,
       std::uint64_t seed, EventQueue& events);

  /// Takes the lock of the data folder for a new process. False: another one holds it.
  [[nodiscard]] bool lock();
  /// The process opens the data folder. Errors: what the store says of the folder.
  /// Precondition: locked, and not open.
  [[nodiscard]] Result<storage::Recovered> open();
  storage::LogStore& store() { return *store_; }
  const std::string& folder() const { return folder_; }
  /// The process is gone, perhaps in the middle of a job. What it wrote is still in the machine's
  /// cache.
  void shut();
  /// The machine loses power, perhaps in the middle of a job: everything not synced is at risk.
  /// Precondition: shut, or about to be.
  void lose_power();

  /// Turns over a bit of the log: of a record behind which others were synced later, so that it is
  /// no torn tail. False if there is none. Precondition: shut.
  bool rot();
  /// A bit has turned over since the folder was last opened, or mended.
  bool rotten() const { return rotten_.has_value(); }
  /// Turns it back. Precondition: rotten; whoever opened the folder has refused it.
  void mend();
  /// Puts the folder away under another name; in its place is none. Precondition: shut.
  void archive();

  /// Precondition: open. Results come in order, by `on_results`.
  [[nodiscard]] Result<void> submit(storage::DiskJob job, const OnResults& on_results);

  /// Nothing is done until then.
  void stall(Instant until) { stalled_until_ = std::max(stalled_until_, until); }
  void fail_next_sync() { storage_->files.fail_next_sync(storage::SyncSite::append); }
  /// From now on nothing can be written, until `repair`.
  void fail_writes() { storage_->files.fail_after(0); }
  void repair() { storage_->files.recover(); }
  /// No file of the machine gets longer than by so many bytes in all, until `empty`.
  void fill(std::uint64_t bytes_left) {
    storage_->files.set_bytes_max(storage_->files.bytes_used() + bytes_left);
    full_ = true;
  }
  void empty() {
    storage_->files.set_bytes_max(~std::uint64_t{0});
    full_ = false;
  }
  bool full() const { return full_; }
  /// The data folder is no more. Precondition: shut.
  void wipe();

 private:
  struct Bit {
    std::string path;
    std::uint64_t offset;
    unsigned bit;
  };

  std::optional<std::size_t> begin_of_last_group(const std::string& segment) const;
  void leave_job_half_done();
  void schedule_run();
  void run();

  DiskOptions options_;
  Random random_;
  EventQueue& events_;
  std::shared_ptr<Storage> storage_;
  std::string folder_;
  storage::SimulatedFolderLocker locker_;
  std::unique_ptr<storage::LogStore> store_;
  std::unique_ptr<storage::DiskWorker> worker_;
  OnResults on_results_;
  std::uint64_t process_{0};  // Counts opens, so that a run scheduled before a death does nothing.
  bool run_scheduled_{false};
  Instant stalled_until_{};
  std::optional<Bit> rotten_;
  std::uint64_t archived_{0};
  bool full_{false};
};

}  // namespace muster::sim
