// Reads a snapshot from the disk into a second replica, a slice at a time.
#pragma once

#include <memory>
#include <optional>

#include "node/disk_jobs.h"
#include "replica/replica.h"

namespace muster::node {

/// Asks the disk for one slice after another, so that a turn of the loop never decodes more than
/// one. Thread-safety: none.
class SnapshotLoader {
 public:
  SnapshotLoader(LogIndex index, const replica::Replica::Options& options,
                 replica::MachineFactory machines, DiskJobs& jobs);

  bool waits_for(std::uint64_t job) const { return job == job_; }
  LogIndex index() const { return index_; }
  /// Takes a slice in and asks for the next. Gives the replica when it is whole. Errors: what the
  /// disk said, or `internal` if the bytes are no snapshot of this program.
  Result<std::unique_ptr<replica::Replica>> take(storage::DiskResult result);

 private:
  void ask();

  LogIndex index_;
  replica::Restorer restorer_;
  DiskJobs& jobs_;
  std::uint64_t offset_{0};
  std::uint64_t job_{0};
};

}  // namespace muster::node
