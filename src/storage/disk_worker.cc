#include "storage/disk_worker.h"

#include <type_traits>
#include <utility>

#include "muster/check.h"

namespace muster::storage {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

DiskWorker::DiskWorker(LogStore& store, FolderLocker& locker, const Options& options)
    : store_(store), locker_(locker), options_(options) {
  check(options_.jobs_max > 0 && options_.bytes_max > 0);
}

bool DiskWorker::has_room_for(const DiskJob& job) const {
  if (queue_.size() + saves_waiting_.size() >= options_.jobs_max) return false;
  return queued_bytes_ == 0 || cost_of(job) <= options_.bytes_max - queued_bytes_;
}

Result<void> DiskWorker::submit(DiskJob job) {
  if (!has_room_for(job)) {
    return Error{.code = ErrorCode::resource_exhausted,
                 .message = "the disk does not keep up: " + std::to_string(queue_.size()) +
                            " jobs with " + std::to_string(queued_bytes_) + " bytes wait for it"};
  }
  queued_bytes_ += cost_of(job);
  queue_.push_back(std::move(job));
  return {};
}

bool DiskWorker::has_jobs() const {
  return !queue_.empty() || saving_.has_value();
}

std::vector<DiskResult> DiskWorker::run_some() {
  std::vector<DiskResult> results;
  const bool idle = !has_jobs();
  if (!queue_.empty()) {
    if (std::holds_alternative<StoreJob>(queue_.front().work)) {
      run_stores(results);
    } else {
      run_front(results);
    }
    tidy_ = false;
  }
  if (saving_) advance_saving(results);
  if (!tidy_ && (idle || store_.tidy_is_due())) {
    // A failure here stops the store, and the next job reports it.
    const auto more = store_.tidy();
    tidy_ = !more || !*more;
  }
  return results;
}

DiskJob DiskWorker::pop() {
  DiskJob job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

void DiskWorker::run_stores(std::vector<DiskResult>& results) {
  std::vector<std::uint64_t> ids;
  std::vector<StoreJob> jobs;
  std::size_t bytes = 0;
  while (!queue_.empty() && std::holds_alternative<StoreJob>(queue_.front().work)) {
    const std::size_t cost = cost_of(queue_.front());
    if (!jobs.empty() && bytes + cost > options_.group_bytes_max) break;
    bytes += cost;
    queued_bytes_ -= cost;
    DiskJob job = pop();
    ids.push_back(job.id);
    jobs.push_back(std::get<StoreJob>(std::move(job.work)));
  }
  const auto stored = store_.append(jobs);
  if (!stored && !store_.stopped() && jobs.size() > 1) {
    // One of them is refused, and nothing was written: find out which.
    for (std::size_t at = 0; at < jobs.size(); ++at) {
      const auto alone = store_.append({std::move(jobs[at])});
      if (alone) {
        results.push_back({.id = ids[at], .outcome = Stored{}});
      } else {
        results.push_back({.id = ids[at], .outcome = failed(alone.error())});
      }
    }
    return;
  }
  for (const std::uint64_t id : ids) {
    if (stored) {
      results.push_back({.id = id, .outcome = Stored{}});
    } else {
      results.push_back({.id = id, .outcome = failed(stored.error())});
    }
  }
}

void DiskWorker::run_front(std::vector<DiskResult>& results) {
  const std::size_t cost = cost_of(queue_.front());
  DiskJob job = pop();
  if (!std::holds_alternative<SaveSnapshotJob>(job.work)) {
    queued_bytes_ -= cost;
    results.push_back(run(job));
  } else if (saving_) {
    saves_waiting_.push_back(std::move(job));
  } else {
    queued_bytes_ -= cost;
    start_saving(std::move(job), results);
  }
}

void DiskWorker::start_saving(DiskJob job, std::vector<DiskResult>& results) {
  Saving saving{.id = job.id, .job = std::get<SaveSnapshotJob>(std::move(job.work))};
  const auto begun = store_.begin_snapshot(saving.job.header);
  if (begun) {
    saving_ = std::move(saving);
  } else {
    results.push_back({.id = saving.id, .outcome = failed(begun.error())});
  }
}

void DiskWorker::advance_saving(std::vector<DiskResult>& results) {
  const std::uint64_t id = saving_->id;
  Bytes chunk;
  if (saving_->job.source->next(chunk)) {
    const auto added = store_.add_to_snapshot(chunk);
    if (added) return;
    results.push_back({.id = id, .outcome = failed(added.error())});
  } else {
    const auto finished = store_.finish_snapshot();
    if (finished) {
      results.push_back({.id = id, .outcome = SnapshotSaved{*finished}});
    } else {
      results.push_back({.id = id, .outcome = failed(finished.error())});
    }
  }
  saving_.reset();
  while (!saving_ && !saves_waiting_.empty()) {
    DiskJob next = std::move(saves_waiting_.front());
    saves_waiting_.pop_front();
    queued_bytes_ -= cost_of(next);
    start_saving(std::move(next), results);
  }
}

std::vector<DiskResult> DiskWorker::give_up_saving() {
  std::vector<DiskResult> results;
  const Failed stopped{
      .error = {.code = ErrorCode::aborted, .message = "the server stops; no snapshot was saved"},
      .fatal = false};
  if (saving_) results.push_back({.id = saving_->id, .outcome = stopped});
  saving_.reset();
  for (const DiskJob& job : saves_waiting_) {
    queued_bytes_ -= cost_of(job);
    results.push_back({.id = job.id, .outcome = stopped});
  }
  saves_waiting_.clear();
  return results;
}

DiskResult DiskWorker::run(const DiskJob& job) {
  DiskResult result{.id = job.id, .outcome = Done{}};
  const auto report = [&](const auto& answer, auto make) {
    if (answer) {
      result.outcome = make();
    } else {
      result.outcome = failed(answer.error());
    }
  };
  const auto done = [] { return Done{}; };
  std::visit(
      Overloaded{
          [&](const SnapshotPieceJob& piece) {
            const auto added = store_.add_piece(piece);
            report(added, done);
            if (added && *added) result.outcome = SnapshotInstalled{piece.header};
          },
          [&](const ReadEntriesJob& wanted) {
            auto read = store_.read_entries(wanted.first, wanted.bytes_max);
            report(read, [&] { return EntriesRead{std::move(*read)}; });
          },
          [&](const ReadSnapshotJob& wanted) {
            auto read = store_.read_snapshot(wanted);
            report(read, [&] { return std::move(*read); });
          },
          [&](const CompactJob& wanted) { report(store_.compact(wanted.keep_from), done); },
          [&](const IdentityJob& wanted) { report(store_.write_identity(wanted.identity), done); },
          [&](const FenceJob& wanted) { report(fence(wanted), done); },
          [](const StoreJob&) { check(false); }, [](const SaveSnapshotJob&) { check(false); }},
      job.work);
  return result;
}

Result<void> DiskWorker::fence(FenceJob job) {
  const auto archives = locker_.archives(job.folder);
  if (!archives) return archives.error();
  auto home = store_.home_of(job, *archives);
  if (!home) return home.error();
  job.folder = std::move(*home);
  if (auto taken = locker_.take(job.folder); !taken) return taken;
  Result<void> fenced = store_.write_fence(job);
  // Fenced or not, that server must be able to start: the record keeps its log still.
  locker_.release(job.folder);
  return fenced;
}

Failed DiskWorker::failed(const Error& error) const {
  return {.error = error, .fatal = store_.stopped()};
}

}  // namespace muster::storage
