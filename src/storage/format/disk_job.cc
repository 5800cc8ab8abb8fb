#include "storage/format/disk_job.h"

namespace muster::storage {

std::size_t cost_of(const DiskJob& job) {
  std::size_t bytes = sizeof(DiskJob);
  if (const auto* store = std::get_if<StoreJob>(&job.work)) {
    for (const Entry& entry : store->entries) bytes += sizeof(Entry) + entry.payload.size();
  } else if (const auto* piece = std::get_if<SnapshotPieceJob>(&job.work)) {
    bytes += piece->data.size() + piece->header.metadata.size();
  } else if (const auto* save = std::get_if<SaveSnapshotJob>(&job.work)) {
    bytes += save->header.metadata.size();
  }
  return bytes;
}

}  // namespace muster::storage
