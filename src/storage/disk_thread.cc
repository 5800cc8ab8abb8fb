#include "storage/disk_thread.h"

#include <utility>

#include "muster/check.h"

namespace muster::storage {

DiskThread::DiskThread(std::unique_ptr<LogStore> store, FolderLocker& locker,
                       const DiskWorker::Options& options, OnResults on_results)
    : store_(std::move(store)),
      worker_(*store_, locker, options),
      options_(options),
      on_results_(std::move(on_results)),
      thread_([this] { run(); }) {}

DiskThread::~DiskThread() {
  stop();
}

Result<void> DiskThread::submit(DiskJob job) {
  const std::size_t cost = cost_of(job);
  {
    const std::lock_guard guard(mutex_);
    if (stopping_) {
      return Error{.code = ErrorCode::failed_precondition, .message = "the disk thread is stopped"};
    }
    if (incoming_.size() >= options_.jobs_max ||
        (incoming_bytes_ > 0 && cost > options_.bytes_max - incoming_bytes_)) {
      return Error{.code = ErrorCode::resource_exhausted,
                   .message = "the disk does not keep up: " + std::to_string(incoming_.size()) +
                              " jobs with " + std::to_string(incoming_bytes_) +
                              " bytes wait for it"};
    }
    incoming_bytes_ += cost;
    incoming_.push_back(std::move(job));
  }
  work_came_.notify_one();
  return {};
}

void DiskThread::stop() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  work_came_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DiskThread::run() {
  while (take_jobs()) {
    auto results = worker_.run_some();
    if (!results.empty()) on_results_(std::move(results));
  }
  auto given_up = worker_.give_up_saving();
  if (!given_up.empty()) on_results_(std::move(given_up));
}

/// Moves what came to the worker, waiting if there is nothing to do. False when all is done and
/// the thread is to end.
bool DiskThread::take_jobs() {
  std::unique_lock lock(mutex_);
  work_came_.wait(lock, [this] { return stopping_ || !incoming_.empty() || worker_.has_work(); });
  while (!incoming_.empty() && worker_.has_room_for(incoming_.front())) {
    incoming_bytes_ -= cost_of(incoming_.front());
    // There is room, so this cannot be refused.
    check(worker_.submit(std::move(incoming_.front())).has_value());
    incoming_.pop_front();
  }
  return !stopping_ || worker_.has_queued();
}

}  // namespace muster::storage
