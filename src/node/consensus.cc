#include "node/consensus.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "node/raft_codec.h"
#include "wire/batch.h"
#include "wire/control.h"

namespace muster::node {
namespace {

// Applying so much takes well under the 5 ms that a turn of the loop may last.
constexpr std::size_t applied_bytes_per_turn = std::size_t{512} * 1024;
constexpr std::size_t entry_overhead_bytes = 64;
// So many times the usual bytes of log a snapshot waits for one that is being sent.
constexpr std::size_t snapshot_delay_max = 8;
constexpr Duration near_deadline = std::chrono::minutes{10};
constexpr Duration time_entry_interval = std::chrono::seconds{1};       // While one is near.
constexpr Duration idle_time_entry_interval = std::chrono::minutes{1};  // While one stands.

bool is_empty(const raft::Ready& ready) {
  return ready.send_now.empty() && ready.store.empty() && ready.send_when_stored.empty() &&
         ready.apply.empty() && ready.fetch.empty() && ready.snapshot_fetch.empty() &&
         ready.reads.empty() && !ready.install;
}

group::Roles to_roles(const raft::Configuration& configuration) {
  group::Roles roles;
  for (const auto& [number, role] : configuration.members) {
    roles[number] = role == raft::MemberRole::voter ? group::Role::voter : group::Role::standby;
  }
  return roles;
}

// Anything that a client or its home wanted; what the leader itself says is none of that.
bool holds_client_commands(const Entry& entry) {
  if (entry.kind != EntryKind::commands) return false;
  const auto view = wire::EntryView::parse(entry.payload.view());
  if (!view) return true;  // Of a version that is not known here: it may be.
  for (const wire::BatchView batch : view->batches()) {
    if (!batch.header().system) return true;
  }
  return false;
}

// A command of the leader's own.
Result<SharedBytes> system_batch(ServiceId service, BytesView command) {
  wire::BatchBuilder builder({.system = true});
  if (auto added = builder.add(service, command); !added) return added.error();
  return SharedBytes(std::move(builder).finish());
}

// Hands a frozen state to the disk thread; the state itself is released where it was made.
class FrozenSource final : public storage::SnapshotSource {
 public:
  explicit FrozenSource(std::shared_ptr<const replica::Frozen> frozen)
      : encoder_(std::move(frozen)) {}
  bool next(Bytes& chunk) override { return encoder_.next(chunk); }

 private:
  replica::FrozenEncoder encoder_;
};

}  // namespace

std::optional<LogIndex> Consensus::first_commands(const std::vector<Entry>& entries) {
  const auto first = std::ranges::find_if(entries, holds_client_commands);
  if (first == entries.end()) return std::nullopt;
  return first->index;
}

Consensus::Consensus(const Options& options, raft::Raft raft,
                     std::unique_ptr<replica::Replica> replica, replica::MachineFactory machines,
                     DiskJobs& jobs)
    : options_(options),
      raft_(std::move(raft)),
      replica_(std::move(replica)),
      machines_(std::move(machines)),
      jobs_(jobs),
      digests_(raft_.self()) {}

void Consensus::offer(SharedBytes batch) {
  if (raft_.role() != raft::Role::leader || !has_room_for(batch)) return;
  queued_bytes_ += batch.size();
  queue_.push_back(std::move(batch));
}

bool Consensus::has_room_for(const SharedBytes& batch) const {
  return queued_bytes_ + batch.size() <= options_.queued_bytes_max;
}

void Consensus::offer(const wire::GroupChange& change) {
  auto batch = system_batch(group::service_id, wire::encode(change));
  check(batch.has_value());
  offer(std::move(*batch));
}

Result<void> Consensus::offer(ServiceId service, BytesView command) {
  auto batch = system_batch(service, command);
  if (!batch) return batch.error();
  if (raft_.role() != raft::Role::leader) {
    return Error{ErrorCode::unavailable, "this server does not lead: ask the one that does"};
  }
  if (!has_room_for(*batch)) {
    return Error{ErrorCode::resource_exhausted,
                 "too much waits for the log already: try again in a moment"};
  }
  offer(std::move(*batch));
  return {};
}

void Consensus::keep_clock(Now now) {
  // Entries of earlier leaders may be applied only now; below their stamps time would stand still.
  if (clock_term_ == raft_.term() && clock_) return clock_->raise(replica_->time(), now.monotonic);
  // Its own vote is among them. A founder got none.
  std::vector<LogTime> clocks = raft_.vote_clocks();
  if (clocks.empty()) clocks.push_back(now.wall);
  clock_.emplace(std::move(clocks), replica_->time(), now.monotonic);
  clock_term_ = raft_.term();
}

LogTime Consensus::log_time(Now now) {
  if (raft_.role() != raft::Role::leader) return replica_->time();
  keep_clock(now);
  return clock_->at(now.monotonic);
}

// Group commit: while entries are under way, whatever arrives goes into the next one together.
void Consensus::propose_queued(Now now) {
  if (raft_.role() != raft::Role::leader) {
    queue_.clear();
    queued_bytes_ = 0;
    return;
  }
  keep_clock(now);
  // A group that never comes about must leave no commands behind.
  if (replica_->view().number == 0) return;
  // Nothing is taken during a hand-over; if that fails, what waits here is proposed then.
  while (!queue_.empty() && !raft_.transferring() &&
         raft_.last_index().value - raft_.commit().value < options_.stores_in_flight_max) {
    wire::EntryBuilder builder(std::min(queued_bytes_, wire::entry_bytes_max));
    while (!queue_.empty()) {
      const auto batch = wire::BatchView::parse(queue_.front().view());
      check(batch.has_value());
      const std::size_t bytes = builder.bytes() + queue_.front().size();
      if (builder.commands() > 0 && bytes > options_.raft.message_bytes_max) break;
      if (!builder.add(*batch)) break;
      queued_bytes_ -= queue_.front().size();
      queue_.pop_front();
    }
    const LogTime time = clock_->at(now.monotonic);
    const auto proposed =
        raft_.propose(SharedBytes(std::move(builder).finish(time)), now.monotonic);
    if (!proposed) return;  // Too much is uncommitted: the homes pass it on again.
  }
}

// Services see time pass although nobody writes: an entry without commands when a deadline has
// come, and each second while one is near, so that an outage differs from idleness. One that is far
// away (a history that is kept for days) does not cost an entry a second.
void Consensus::keep_time(Now now) {
  const auto due = replica_->deadline();
  const bool came_about = replica_->view().number > 0;
  if (!due || !came_about || raft_.role() != raft::Role::leader || !clock_) {
    next_time_entry_ = Instant::max();
    return;
  }
  const Instant due_at = std::max(clock_->when(*due), now.monotonic);
  const bool is_near = due_at - now.monotonic <= near_deadline;
  const Instant latest = now.monotonic + (is_near ? time_entry_interval : idle_time_entry_interval);
  next_time_entry_ = std::min({next_time_entry_, due_at, latest});
  if (now.monotonic < next_time_entry_ || raft_.last_index() != raft_.commit()) return;
  next_time_entry_ = latest;
  wire::EntryBuilder builder;
  static_cast<void>(raft_.propose(SharedBytes(std::move(builder).finish(clock_->at(now.monotonic))),
                                  now.monotonic));
}

// While an entry is uncommitted there is nothing to wait for here: its commit brings a turn.
Instant Consensus::deadline() const {
  return raft_.last_index() == raft_.commit() ? next_time_entry_ : Instant::max();
}

ConsensusOutputs Consensus::turn(Now now) {
  has_more_ = false;
  std::size_t applied_bytes = 0;
  for (;;) {
    propose_queued(now);
    keep_time(now);
    raft::Ready ready = raft_.ready();
    if (is_empty(ready)) break;
    for (const Entry& entry : ready.apply) applied_bytes += entry.payload.size();
    carry_out(std::move(ready), now);
    if (applied_bytes >= applied_bytes_per_turn) {
      has_more_ = true;
      break;
    }
  }
  keep_snapshots(now);
  return std::exchange(out_, {});
}

// The leader has all servers take a snapshot at one entry, so that their states can be compared.
// Who hears of no such entry, or could not take it, takes one of its own a little later.
void Consensus::keep_snapshots(Now now) {
  if (checkpoint_ && !saving_ && checkpoint_->mark.index <= raft_.stored_index()) {
    save(std::move(*std::exchange(checkpoint_, std::nullopt)));
  }
  const std::size_t between = options_.log_bytes_between_snapshots;
  if (bytes_since_snapshot_ < between || !snapshot_may_be_replaced(now)) return;
  if (raft_.role() == raft::Role::leader && bytes_since_snapshot_ >= next_checkpoint_bytes_) {
    next_checkpoint_bytes_ = bytes_since_snapshot_ + between / 8;  // It may be lost.
    wire::GroupChange change;
    change.mutable_checkpoint();
    offer(change);
    has_more_ = true;
  }
  if (bytes_since_snapshot_ >= between + between / 4 && !checkpoint_) take_snapshot();
}

// A newer snapshot takes the place of one that is being sent, which begins anew: under load a
// follower that needs longer than the log takes to grow would never get one.
bool Consensus::snapshot_may_be_replaced(Now now) const {
  if (bytes_since_snapshot_ / snapshot_delay_max >= options_.log_bytes_between_snapshots) {
    return true;
  }
  return std::ranges::none_of(raft_.configuration().members, [&](const auto& member) {
    const auto progress = raft_.progress(member.first);
    return progress && progress->state == raft::ProgressState::snapshot &&
           now.monotonic - progress->last_heard < options_.election_timeout;
  });
}

void Consensus::carry_out(raft::Ready ready, Now now) {
  for (raft::Message& message : ready.send_now) send(std::move(message), now);
  if (ready.install) installing_ = ready.install;
  store(std::move(ready.store), std::move(ready.send_when_stored), now);
  load_received();
  apply(ready.apply);
  fetch(ready);
  for (const raft::ReadOutcome& read : ready.reads) out_.reads.push_back(read);
}

void Consensus::store(raft::Ready::Store store, std::vector<raft::Message> held, Now now) {
  if (store.empty()) {
    if (held.empty()) return;
    if (!last_store_) return release(std::move(held), now);
    auto& waiting = std::get<StoreWait>(waits_.at(*last_store_)).held;
    waiting.insert(waiting.end(), std::make_move_iterator(held.begin()),
                   std::make_move_iterator(held.end()));
    return;
  }
  StoreWait wait{.last = {}, .held = std::move(held)};
  if (store.snapshot && store.snapshot->last) wait.installs = store.snapshot->mark.index;
  if (store.snapshot) {
    if (store.hard_state) {
      waits_.emplace(jobs_.add(storage::StoreJob{.hard_state = store.hard_state, .entries = {}}),
                     StoreWait{});
    }
    raft::SnapshotPiece& piece = *store.snapshot;
    last_store_ =
        jobs_.add(storage::SnapshotPieceJob{.header = {.index = piece.mark.index,
                                                       .term = piece.mark.term,
                                                       .metadata = encode_mark(piece.mark),
                                                       .size = piece.total,
                                                       .checksum = piece.mark.checksum},
                                            .offset = piece.offset,
                                            .data = std::move(piece.data),
                                            .last = piece.last});
    if (!store.entries.empty()) {
      waits_.emplace(*last_store_, StoreWait{.last = {}, .held = {}, .installs = wait.installs});
      wait.installs.reset();
    }
  }
  if (!store.entries.empty() || !store.snapshot) {
    if (!first_commands_) first_commands_ = first_commands(store.entries);
    if (!store.entries.empty()) {
      wait.last = store.entries.back();
      wait.last->payload = {};
    }
    last_store_ =
        jobs_.add(storage::StoreJob{.hard_state = store.snapshot ? std::nullopt : store.hard_state,
                                    .entries = std::move(store.entries)});
  }
  waits_.emplace(*last_store_, std::move(wait));
}

void Consensus::release(std::vector<raft::Message> held, Now now) {
  for (raft::Message& message : held) send(std::move(message), now);
}

void Consensus::send(raft::Message message, Now now) {
  if (auto* const vote = std::get_if<raft::VoteReply>(&message.body)) vote->wall_clock = now.wall;
  if (message.to == raft_.self()) {
    check(raft_.step(message, now.monotonic).has_value());
    return;
  }
  out_.messages.push_back(std::move(message));
}

void Consensus::apply(const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  std::shared_ptr<const replica::Frozen> frozen;
  for (const Entry& entry : entries) {
    bytes_since_snapshot_ += entry.payload.size() + entry_overhead_bytes;
    replica::Applied applied;
    if (entry.kind == EntryKind::configuration) {
      const auto decoded = raft::decode_configuration(entry.payload.view());
      check(decoded.has_value());  // Raft acted on it when it was appended.
      applied = replica_->apply_membership(entry.index, to_roles(decoded->configuration),
                                           decoded->annotation);
      out_.membership_applied = true;
    } else {
      applied = replica_->apply(entry);
    }
    digests_.applied(entry.index, replica_->digest());
    if (replica_->view().checkpoint == entry.index && !installing_) {
      frozen = replica_->freeze();
      begin_log_anew();
    }
    out_.news.insert(out_.news.end(), std::make_move_iterator(applied.news.begin()),
                     std::make_move_iterator(applied.news.end()));
    out_.events.insert(out_.events.end(), std::make_move_iterator(applied.events.begin()),
                       std::make_move_iterator(applied.events.end()));
    out_.answers.insert(out_.answers.end(), std::make_move_iterator(applied.answers.begin()),
                        std::make_move_iterator(applied.answers.end()));
  }
  raft_.applied(entries.back().index);
  if (frozen) {
    const LogIndex index = frozen->index;
    checkpoint_ =
        SaveWait{.frozen = std::move(frozen), .mark = raft_.mark_at(index), .checkpoint = true};
  }
}

void Consensus::begin_log_anew() {
  bytes_since_snapshot_ = 0;
  next_checkpoint_bytes_ = 0;
}

void Consensus::fetch(const raft::Ready& ready) {
  for (const raft::EntryFetch& wanted : ready.fetch) {
    const auto job =
        jobs_.add(storage::ReadEntriesJob{.first = wanted.first, .bytes_max = wanted.bytes_max});
    waits_.emplace(job, FetchWait{wanted.follower});
  }
  for (const raft::SnapshotFetch& wanted : ready.snapshot_fetch) {
    const auto job = jobs_.add(storage::ReadSnapshotJob{
        .index = wanted.index, .offset = wanted.offset, .bytes_max = wanted.bytes_max});
    waits_.emplace(job, SnapshotFetchWait{wanted});
  }
}

void Consensus::take_snapshot() {
  // A snapshot stands for durable entries only, or a crash could leave it ahead of the log.
  if (saving_ || installing_ || replica_->applied() > raft_.stored_index() ||
      replica_->applied() == LogIndex{0}) {
    return;
  }
  begin_log_anew();
  save({.frozen = replica_->freeze(), .mark = raft_.mark_at(replica_->applied())});
}

void Consensus::save(SaveWait wait) {
  saving_ = true;
  storage::SaveSnapshotJob job{.header = {.index = wait.mark.index,
                                          .term = wait.mark.term,
                                          .metadata = encode_mark(wait.mark)},
                               .source = std::make_unique<FrozenSource>(wait.frozen)};
  const auto id = jobs_.add(std::move(job));
  waits_.emplace(id, std::move(wait));
}

bool Consensus::disk_done(storage::DiskResult& result, Now now) {
  if (loader_ && loader_->waits_for(result.id)) {
    take_loaded(std::move(result));
    return true;
  }
  const auto found = waits_.find(result.id);
  if (found == waits_.end()) return false;
  Wait wait = std::move(found->second);
  waits_.erase(found);
  if (last_store_ == result.id) last_store_.reset();
  std::visit([&](auto& one) { done(std::move(one), result, now); }, wait);
  return true;
}

void Consensus::done(StoreWait wait, storage::DiskResult& result, Now now) {
  if (const auto* const failed = std::get_if<storage::Failed>(&result.outcome)) {
    out_.fatal = failed->error;
    return;
  }
  if (wait.installs) received_snapshot_ = wait.installs;
  load_received();
  if (wait.last) raft_.stored(wait.last->term, wait.last->index);
  release(std::move(wait.held), now);
}

void Consensus::load_received() {
  if (!installing_ || loader_ || received_snapshot_ != installing_->index) return;
  loader_.emplace(installing_->index, options_.replica, machines_, jobs_);
}

void Consensus::take_loaded(storage::DiskResult result) {
  if (loader_->index() != installing_->index) {  // A newer one was received and replaced it.
    loader_.reset();
    return load_received();
  }
  auto loaded = loader_->take(std::move(result));
  if (!loaded) {
    out_.fatal = loaded.error();
    loader_.reset();
    return;
  }
  if (*loaded == nullptr) return;
  replica_ = std::move(*loaded);
  const LogIndex index = loader_->index();
  loader_.reset();
  installing_.reset();
  received_snapshot_.reset();
  checkpoint_.reset();
  begin_log_anew();
  raft_.installed(index);
  out_.state_replaced = true;
  out_.membership_applied = true;
}

void Consensus::done(const FetchWait& wait, storage::DiskResult& result, Now) {
  auto* const read = std::get_if<storage::EntriesRead>(&result.outcome);
  raft_.fetched(wait.follower, read != nullptr ? std::move(read->entries) : std::vector<Entry>{});
}

void Consensus::done(const SnapshotFetchWait& wait, storage::DiskResult& result, Now) {
  auto* const read = std::get_if<storage::SnapshotRead>(&result.outcome);
  raft_.snapshot_fetched(wait.fetch.follower, wait.fetch.index, wait.fetch.offset,
                         read != nullptr ? read->header.size : 0,
                         read != nullptr ? std::move(read->data) : SharedBytes{});
}

void Consensus::done(const SaveWait& wait, storage::DiskResult& result, Now) {
  saving_ = false;
  if (const auto* const failed = std::get_if<storage::Failed>(&result.outcome)) {
    if (failed->fatal) out_.fatal = failed->error;
    out_.warnings.push_back("no snapshot was saved: " + failed->error.message);
    return;
  }
  const auto* const saved = std::get_if<storage::SnapshotSaved>(&result.outcome);
  check(saved != nullptr);
  if (saved->header.index != wait.mark.index) return;  // A newer one was installed meanwhile.
  if (wait.checkpoint) digests_.encoded(wait.mark.index, saved->header.checksum);
  raft::SnapshotMark mark = wait.mark;
  mark.checksum = saved->header.checksum;
  raft_.snapshot_taken(mark);
  waits_.emplace(jobs_.add(storage::CompactJob{.keep_from = raft_.first_index()}), CompactWait{});
}

void Consensus::done(const CompactWait&, storage::DiskResult& result, Now) {
  const auto* const failed = std::get_if<storage::Failed>(&result.outcome);
  if (failed != nullptr && failed->fatal) out_.fatal = failed->error;
}

}  // namespace muster::node
