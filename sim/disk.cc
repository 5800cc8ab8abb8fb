#include "sim/disk.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "storage/format/segment.h"

namespace muster::sim {

namespace {

constexpr std::uint64_t calls_before_death_max = 8;

}  // namespace

Disk::Disk(const DiskOptions& options, std::shared_ptr<Storage> storage, std::string folder,
           std::uint64_t seed, EventQueue& events)
    : options_(options),
      random_(seed),
      events_(events),
      storage_(std::move(storage)),
      folder_(std::move(folder)),
      locker_(storage_->locks, storage_->files, folder_) {}

bool Disk::lock() {
  return storage_->locks.take(folder_, folder_).has_value();
}

Result<storage::Recovered> Disk::open() {
  auto opened = storage::LogStore::open(storage_->files, folder_, options_.log);
  if (!opened) return opened.error();
  rotten_.reset();  // It did no harm, or the checkers will see it.
  store_ = std::move(opened->store);
  worker_ = std::make_unique<storage::DiskWorker>(*store_, locker_, storage::DiskWorker::Options{});
  ++process_;
  run_scheduled_ = false;
  return std::move(opened->recovered);
}

void Disk::leave_job_half_done() {
  if (!worker_ || !worker_->has_work() || !random_.chance(0.5)) return;
  storage_->files.fail_after(random_.below(calls_before_death_max));
  static_cast<void>(worker_->run_some());  // Nobody lives to see the results.
  storage_->files.recover();
}

void Disk::shut() {
  leave_job_half_done();
  ++process_;
  run_scheduled_ = false;
  worker_.reset();
  store_.reset();
  storage_->locks.release(folder_);
}

bool Disk::rot() {
  check(store_ == nullptr);
  std::vector<Bit> ends;
  for (const storage::FileInfo& file : storage_->files.list(folder_).value()) {
    const std::string path = folder_ + "/" + file.name;
    if (!storage::segment_number_from(file.name)) continue;
    if (const auto end = begin_of_last_group(path); end > storage::sector_bytes)
      ends.push_back({.path = path, .offset = *end, .bit = 0});
  }
  if (ends.empty() || rotten_) return false;
  Bit bit = ends[random_.below(ends.size())];
  bit.offset = storage::sector_bytes + random_.below(bit.offset - storage::sector_bytes);
  bit.bit = static_cast<unsigned>(random_.below(8));
  storage_->files.flip_bit(bit.path, bit.offset, bit.bit);
  rotten_ = std::move(bit);
  return true;
}

std::optional<std::size_t> Disk::begin_of_last_group(const std::string& segment) const {
  const auto file = storage_->files.read(segment, 0, options_.log.segment_bytes);
  if (!file) return std::nullopt;
  const auto header = storage::decode_segment_header(*file, segment);
  if (!header) return std::nullopt;
  storage::SegmentScan scan(*file, *header, segment);
  std::optional<std::size_t> begin;
  for (auto record = scan.next(); record && *record; record = scan.next())
    begin = (*record)->header.group_start;
  return begin;
}

void Disk::mend() {
  check(rotten_.has_value());
  storage_->files.flip_bit(rotten_->path, rotten_->offset, rotten_->bit);
  rotten_.reset();
}

void Disk::archive() {
  check(store_ == nullptr);
  rotten_.reset();
  storage_->files.rename_folder(
      folder_, folder_ + std::string(storage::archive_infix) + std::to_string(++archived_));
}

void Disk::wipe() {
  check(store_ == nullptr);
  rotten_.reset();
  storage_->files.remove_folder(folder_);
}

void Disk::lose_power() {
  shut();
  storage_->files.crash();
}

Result<void> Disk::submit(storage::DiskJob job, const OnResults& on_results) {
  check(worker_ != nullptr);
  on_results_ = on_results;
  if (auto taken = worker_->submit(std::move(job)); !taken) return taken.error();
  schedule_run();
  return {};
}

void Disk::schedule_run() {
  if (run_scheduled_) return;
  run_scheduled_ = true;
  const Instant soon = events_.now() + random_.between(options_.latency_min, options_.latency_max);
  events_.at(std::max(soon, stalled_until_), [this, process = process_] {
    if (process == process_) run();
  });
}

void Disk::run() {
  run_scheduled_ = false;
  if (events_.now() < stalled_until_) {
    schedule_run();
    return;
  }
  auto results = worker_->run_some();
  if (worker_->has_work()) schedule_run();
  if (!results.empty()) on_results_(std::move(results));
}

}  // namespace muster::sim
