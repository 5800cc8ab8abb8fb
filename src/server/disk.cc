#include "server/disk.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <stop_token>
#include <thread>
#include <utility>

namespace muster::server {
namespace {

constexpr std::chrono::seconds patience{1};

/// Calls `notice` from another thread unless it is destroyed within `patience`.
class Patience {
 public:
  explicit Patience(const std::function<void()>& notice)
      : thread_([notice](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any over;
          std::unique_lock lock(mutex);
          const bool in_time =
              over.wait_for(lock, stop, patience, [&] { return stop.stop_requested(); });
          if (!in_time) notice();
        }) {}

 private:
  std::jthread thread_;
};

Error fenced_off(const std::string& folder, const storage::FenceRecord& fence) {
  return {ErrorCode::failed_precondition,
          "server " + fence.by.uuid.to_string() + " went on without this one (at term " +
              std::to_string(fence.term.value) + ", index " + std::to_string(fence.index.value) +
              "): what lies in " + folder +
              " is out of date. Move that folder away and start again, to join as a new server"};
}

}  // namespace

Result<std::unique_ptr<Disk>> Disk::open(boost::asio::io_context& context, const Options& options,
                                         DiskStart& start, const OnSlow& on_slow) {
  auto folder = storage::open_data_folder(options.folder, options.fresh.name);
  if (!folder) return folder.error();
  std::unique_ptr<Disk> disk(new Disk(context, options, std::move(*folder)));

  const Patience patience_while_recovering(on_slow);
  auto opened = storage::LogStore::open(disk->files_, disk->folder(), options.log);
  if (!opened) return opened.error();
  storage::Recovered& recovered = opened->recovered;
  if (recovered.fence) return fenced_off(disk->folder(), *recovered.fence);
  auto identity = storage::bootstrap_identity(*opened->store, recovered, options.fresh);
  if (!identity) return identity.error();

  start.warnings = std::move(recovered.warnings);
  start.restart = {.identity = std::move(*identity),
                   .hard_state = recovered.hard_state,
                   .snapshot = std::move(recovered.snapshot),
                   .entries = std::move(recovered.entries)};
  disk->store_ = std::move(opened->store);
  return disk;
}

Disk::Disk(boost::asio::io_context& context, const Options& options, storage::DataFolder folder)
    : context_(context),
      options_(options),
      folder_(std::move(folder)),
      locker_(options.fresh.name) {}

Disk::~Disk() {
  stop();
}

void Disk::run(OnResults on_results) {
  on_results_ = std::move(on_results);
  thread_ = std::make_unique<storage::DiskThread>(
      std::move(store_), locker_, options_.worker,
      [this](std::vector<storage::DiskResult> results) { hand_over(std::move(results)); });
}

void Disk::submit(storage::DiskJob job) {
  const std::uint64_t id = job.id;
  const Result<void> taken = thread_->submit(std::move(job));
  if (taken) return;
  std::vector<storage::DiskResult> results;
  results.push_back({.id = id, .outcome = storage::Failed{.error = taken.error()}});
  hand_over(std::move(results));
}

void Disk::stop() {
  if (thread_) thread_->stop();
}

void Disk::hand_over(std::vector<storage::DiskResult> results) {
  const std::lock_guard lock(mutex_);
  std::move(results.begin(), results.end(), std::back_inserter(results_));
  if (std::exchange(posted_, true)) return;
  boost::asio::post(context_, [this] { take_results(); });
}

void Disk::take_results() {
  std::vector<storage::DiskResult> results;
  {
    const std::lock_guard lock(mutex_);
    results.swap(results_);
    posted_ = false;
  }
  on_results_(std::move(results));
}

}  // namespace muster::server
