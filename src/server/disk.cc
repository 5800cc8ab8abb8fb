#include "server/disk.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <stop_token>
#include <thread>
#include <utility>

#include "muster/check.h"

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

LogTime wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

bool holds_anything(const storage::Recovered& recovered) {
  return recovered.fence || recovered.snapshot || !recovered.entries.empty() ||
         (recovered.identity && recovered.identity->group);
}

std::string why_archived(const std::optional<storage::FenceRecord>& fence) {
  if (!fence) return "joining anew, as asked";
  return "server " + fence->by.uuid.to_string() + " went on without this one (at term " +
         std::to_string(fence->term.value) + ", index " + std::to_string(fence->index.value) +
         "), so what lay here is out of date; joining anew";
}

}  // namespace

Result<std::unique_ptr<Disk>> Disk::open(boost::asio::io_context& context, const Options& options,
                                         DiskStart& start, const OnSlow& on_slow) {
  auto folder = storage::open_data_folder(options.folder, options.fresh.name);
  if (!folder) return folder.error();
  std::unique_ptr<Disk> disk(new Disk(context, options, std::move(*folder)));

  const Patience patience_while_recovering(on_slow);
  auto opened = storage::LogStore::open(disk->files_, disk->folder(), options.log);
  // What can't be read can be put away all the same.
  if (!opened && !options.rejoin) return opened.error();
  const bool archives =
      !opened || opened->recovered.fence || (options.rejoin && holds_anything(opened->recovered));
  Rejoining rejoining;
  storage::Identity fresh = options.fresh;
  if (archives) {
    const std::string why = why_archived(opened ? opened->recovered.fence : std::nullopt);
    if (opened) rejoining.former = std::move(opened->recovered.identity);
    opened = storage::LogStore::Opened{};  // Nothing uses the files any more.
    auto archived = disk->replace_folder(rejoining.former);
    if (!archived) return archived.error();
    rejoining.archived = std::move(*archived);
    start.warnings.push_back(why + "; its former data is in " + rejoining.archived);
    if (!fresh.rejoins && rejoining.former) fresh.rejoins = rejoining.former->group;
    if (rejoining.former) fresh.former = rejoining.former->former;
    opened = storage::LogStore::open(disk->files_, disk->folder(), options.log);
    if (!opened) return opened.error();
  }
  if ((archives || options.rejoin) && !fresh.rejoins) fresh.rejoins = GroupId{};

  storage::Recovered& recovered = opened->recovered;
  auto identity = storage::bootstrap_identity(*opened->store, recovered, fresh);
  if (!identity) return identity.error();
  if (identity->rejoins && !identity->group) start.rejoining = std::move(rejoining);
  std::ranges::move(recovered.warnings, std::back_inserter(start.warnings));
  start.restart = {.identity = std::move(*identity),
                   .hard_state = recovered.hard_state,
                   .snapshot = std::move(recovered.snapshot),
                   .entries = std::move(recovered.entries)};
  disk->store_ = std::move(opened->store);
  return disk;
}

// A folder of another group is a slip of whoever named it: it stays where it is.
Result<std::string> Disk::replace_folder(const std::optional<storage::Identity>& former) {
  if (former && former->group_name != options_.fresh.group_name) {
    return Error{ErrorCode::failed_precondition,
                 "this data folder belongs to the group \"" + former->group_name + "\", not \"" +
                     options_.fresh.group_name + "\". Name that group, or another data folder"};
  }
  auto archived = archive();
  if (!archived) return archived;
  auto folder = storage::open_data_folder(path_, options_.fresh.name);
  if (!folder) return folder.error();
  folder_.emplace(std::move(*folder));
  return archived;
}

Disk::Disk(boost::asio::io_context& context, const Options& options, storage::DataFolder folder)
    : context_(context),
      options_(options),
      path_(folder.path),
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

Result<std::string> Disk::archive() {
  stop();
  check(folder_.has_value());
  storage::DataFolder folder = std::move(*folder_);
  folder_.reset();
  return storage::archive_data_folder(std::move(folder), wall_clock());
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
