// Numbers disk jobs on their way out.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "storage/format/disk_job.h"

namespace muster::node {

/// The one place where jobs get their ids; carried out in the order they were added.
class DiskJobs {
 public:
  template <class Work>
  std::uint64_t add(Work work) {
    jobs_.push_back({.id = ++last_id_, .work = std::move(work)});
    return last_id_;
  }
  std::vector<storage::DiskJob> take() { return std::exchange(jobs_, {}); }

 private:
  std::uint64_t last_id_{0};
  std::vector<storage::DiskJob> jobs_;
};

}  // namespace muster::node
