#include "node/snapshot_loader.h"

namespace muster::node {
namespace {

// Decodes in well under 2 ms.
constexpr std::size_t slice_bytes = std::size_t{256} * 1024;

}  // namespace

SnapshotLoader::SnapshotLoader(LogIndex index, const replica::Replica::Options& options,
                               replica::MachineFactory machines, DiskJobs& jobs)
    : index_(index), restorer_(options, std::move(machines)), jobs_(jobs) {
  ask();
}

void SnapshotLoader::ask() {
  job_ = jobs_.add(
      storage::ReadSnapshotJob{.index = index_, .offset = offset_, .bytes_max = slice_bytes});
}

Result<std::unique_ptr<replica::Replica>> SnapshotLoader::take(storage::DiskResult result) {
  if (const auto* const failed = std::get_if<storage::Failed>(&result.outcome)) {
    return failed->error;
  }
  const auto* const read = std::get_if<storage::SnapshotRead>(&result.outcome);
  check(read != nullptr);
  if (auto fed = restorer_.feed(read->data.view()); !fed) return fed.error();
  offset_ += read->data.size();
  if (offset_ < read->header.size && !read->data.empty()) {
    ask();
    return std::unique_ptr<replica::Replica>{};
  }
  return std::move(restorer_).finish();
}

}  // namespace muster::node
