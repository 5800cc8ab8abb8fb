// What a simulated server's disk does to it: starting from what is there, faults, and jobs.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "muster/check.h"
#include "sim/server.h"
#include "storage/data_folder.h"

namespace muster::sim {

void Server::start() {
  check(state_ == State::down || state_ == State::dark);
  disk_.repair();
  disk_broken_ = disk_.full();
  fence_jobs_.clear();
  state_ = State::down;
  world_.network.set_process(host_, nullptr, HostState::refusing);
  if (!disk_.lock()) return on_exit_ ? on_exit_() : void();
  auto recovered = disk_.open();
  if (!recovered && disk_.rotten()) return refuse_rotten_disk();
  if (!recovered && disk_.full()) return refuse_full_disk();
  if (!recovered) {
    throw Violation("recovery", "server " + std::to_string(number_) +
                                    " can't open its data folder: " + recovered.error().message);
  }
  world_.checkers.stored.recovered(number_, *recovered);
  if (recovered->fence) {
    world_.trace.event(world_.events.now(), "fenced", number_);
    archive(recovered->identity ? recovered->identity->group : std::nullopt);
    check(disk_.lock());
    recovered = disk_.open();
    check(recovered.has_value());
  }
  run(std::move(*recovered));
}

// As `server::Disk` does it: what starts here next is a new server, which only joins.
void Server::archive(std::optional<GroupId> rejoins) {
  world_.trace.event(world_.events.now(), "archive", number_, rejoins ? 1 : 0);
  disk_.shut();
  disk_.archive();
  world_.checkers.stored.archived(number_);
  begin_anew(rejoins);
}

void Server::begin_anew(std::optional<GroupId> rejoins) {
  const node::Now now = clock_.now(world_.events.now());
  fresh_identity_.server.uuid = Uuid::make_v7(std::chrono::milliseconds(now.wall.milliseconds),
                                              random_.next(), random_.next());
  fresh_identity_.rejoins = rejoins;
}

void Server::refuse_rotten_disk() {
  world_.trace.event(world_.events.now(), "damaged", number_);
  disk_.mend();
  disk_.shut();
  if (on_exit_) on_exit_();
}

void Server::refuse_full_disk() {
  world_.trace.event(world_.events.now(), "full", number_);
  ++process_;
  disk_.shut();
  if (on_exit_) on_exit_();
}

void Server::break_disk(Fault how) {
  disk_broken_ = true;
  if (how == Fault::sync_failure) disk_.fail_next_sync();
  if (how == Fault::write_failure) disk_.fail_writes();
}

// What a process has once seen fail it need not try again: it may still exit.
void Server::repair_disk() {
  disk_.repair();
}

void Server::rot_disk() {
  const bool rotten = disk_.rot();
  world_.trace.event(world_.events.now(), "rot", number_, rotten ? 1 : 0);
}

void Server::fill_disk(std::uint64_t bytes_left) {
  disk_broken_ = true;
  disk_.fill(bytes_left);
}

void Server::wipe() {
  check(state_ != State::gone);
  die(false);
  world_.trace.event(world_.events.now(), "wiped", number_);
  disk_.wipe();
  ++wiped_;
  world_.checkers.stored.archived(number_);
  world_.checkers.one_group.retired(server_);
  // Its operator starts it with --rejoin: a lone founder would found once more.
  begin_anew(group_);
  fresh_identity_.former = {};
  report_ = {};
}

void Server::submit(storage::DiskJob job) {
  if (std::holds_alternative<storage::FenceJob>(job.work)) fence_jobs_.insert(job.id);
  const auto taken = disk_.submit(std::move(job), [this](auto results) {
    world_.trace.event(world_.events.now(), "disk", number_, results.front().id, results.size());
    for (const storage::DiskResult& result : results) {
      const auto* const failed = std::get_if<storage::Failed>(&result.outcome);
      disk_failed_ = disk_failed_ || (failed != nullptr && failed->fatal);
      const bool fenced = fence_jobs_.erase(result.id) > 0 && failed == nullptr;
      if (fenced && on_fenced_ && on_fenced_()) return;
    }
    take(node::DiskDone{.results = std::move(results)});
  });
  if (taken) return;
  throw Violation("within limits", "server " + std::to_string(number_) +
                                       " gave its disk too much: " + taken.error().message);
}

}  // namespace muster::sim
