#include "sim/disk.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

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
      locker_(storage_->locks, folder_) {}

bool Disk::lock() {
  return storage_->locks.take(folder_, folder_).has_value();
}

Result<storage::Recovered> Disk::open() {
  auto opened = storage::LogStore::open(storage_->files, folder_, options_.log);
  if (!opened) return opened.error();
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
