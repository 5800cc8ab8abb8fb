// Binds the consensus core to the disk and to the replicated state.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "node/digests.h"
#include "node/disk_jobs.h"
#include "node/io.h"
#include "node/options.h"
#include "node/snapshot_loader.h"
#include "raft/raft.h"
#include "replica/replica.h"
#include "service/log_clock.h"
#include "wire/muster.pb.h"

namespace muster::node {

/// What follows for the rest of the node from a turn.
struct ConsensusOutputs {
  std::vector<raft::Message> messages;  ///< To other servers.
  std::vector<replica::SessionNews> news;
  std::vector<replica::Event> events;
  std::vector<replica::SystemAnswer> answers;
  std::vector<raft::ReadOutcome> reads;
  bool state_replaced{false};  ///< A snapshot was installed.
  bool membership_applied{false};
  std::vector<std::string> warnings{};  ///< For the operator.
  std::optional<Error> fatal;           ///< The server can't go on.
};

/// Carries out what raft asks for, in its order: stores before the messages that depend on them,
/// committed entries to the replica, snapshots taken and installed. Gathers batches into entries:
/// while `stores_in_flight_max` entries are uncommitted, the next one fills up.
///
/// Pure. Thread-safety: none.
class Consensus {
 public:
  Consensus(const Options& options, raft::Raft raft, std::unique_ptr<replica::Replica> replica,
            replica::MachineFactory machines, DiskJobs& jobs);

  raft::Raft& raft() { return raft_; }
  const raft::Raft& raft() const { return raft_; }
  const replica::Replica& replica() const { return *replica_; }

  /// Takes a batch for the log. Dropped if this server doesn't lead or the queue is full: whoever
  /// is home of its session passes it on again. Precondition: it is a valid batch.
  void offer(SharedBytes batch);
  /// Has the leader itself change the group. Dropped as a batch is.
  void offer(const wire::GroupChange& change);
  /// Has the leader itself give a service a command. It may be lost later, as a batch may. Errors:
  /// `unavailable` if this server doesn't lead; `resource_exhausted` if the queue is full; as
  /// `wire::BatchBuilder::add`.
  [[nodiscard]] Result<void> offer(ServiceId service, BytesView command);
  std::size_t queued_bytes() const { return queued_bytes_; }
  /// The first entry with a client's command, or with what a home says of its session, that was
  /// given to the disk since the start.
  std::optional<LogIndex> first_commands() const { return first_commands_; }
  /// The same of these entries.
  static std::optional<LogIndex> first_commands(const std::vector<Entry>& entries);

  /// A disk job is done. Returns false if it is none of these.
  bool disk_done(storage::DiskResult& result, Now now);
  /// Works until there is nothing more to do, or enough was done for one turn.
  ConsensusOutputs turn(Now now);
  /// There is more to do at once.
  bool has_more() const { return has_more_; }
  /// Takes a snapshot now, unless one is being taken.
  void take_snapshot();
  /// Of this server's state and those that the others tell.
  Digests& digests() { return digests_; }
  /// When log time must move on although nothing is written.
  Instant deadline() const;
  /// Log time, as this leader would stamp an entry now; of others, that of the latest entry.
  LogTime log_time(Now now);

 private:
  struct StoreWait {
    std::optional<Entry> last;  // Without its payload.
    std::vector<raft::Message> held;
    std::optional<LogIndex> installs{};  // The last piece of this snapshot: restore from it.
  };
  struct FetchWait {
    ServerNumber follower;
  };
  struct SnapshotFetchWait {
    raft::SnapshotFetch fetch;
  };
  struct SaveWait {
    std::shared_ptr<const replica::Frozen> frozen;  // Released on this thread, when it is done.
    raft::SnapshotMark mark;
    bool checkpoint{false};  // The others take theirs at the same entry.
  };
  struct CompactWait {};
  using Wait = std::variant<StoreWait, FetchWait, SnapshotFetchWait, SaveWait, CompactWait>;

  bool has_room_for(const SharedBytes& batch) const;
  bool snapshot_may_be_replaced(Now now) const;
  void carry_out(raft::Ready ready, Now now);
  void store(raft::Ready::Store store, std::vector<raft::Message> held, Now now);
  void load_received();
  void release(std::vector<raft::Message> held, Now now);
  void send(raft::Message message, Now now);
  void apply(const std::vector<Entry>& entries);
  void save(SaveWait wait);
  void keep_snapshots(Now now);
  void begin_log_anew();
  void fetch(const raft::Ready& ready);
  void keep_clock(Now now);
  void propose_queued(Now now);
  void keep_time(Now now);
  void done(StoreWait wait, storage::DiskResult& result, Now now);
  void done(const FetchWait& wait, storage::DiskResult& result, Now now);
  void done(const SnapshotFetchWait& wait, storage::DiskResult& result, Now now);
  void done(const SaveWait& wait, storage::DiskResult& result, Now now);
  void done(const CompactWait& wait, storage::DiskResult& result, Now now);
  void take_loaded(storage::DiskResult result);

  Options options_;
  raft::Raft raft_;
  std::unique_ptr<replica::Replica> replica_;
  replica::MachineFactory machines_;
  DiskJobs& jobs_;

  std::map<std::uint64_t, Wait> waits_;
  std::optional<std::uint64_t> last_store_;  // The newest store that is not done.
  std::optional<raft::SnapshotMark> installing_;
  std::optional<LogIndex> received_snapshot_;  // Durable, as a whole.
  std::optional<SnapshotLoader> loader_;
  bool saving_{false};
  std::size_t bytes_since_snapshot_{0};
  std::size_t next_checkpoint_bytes_{0};  // Of the log since the snapshot, when one is due.
  std::optional<SaveWait> checkpoint_;    // Waits until its entry is durable here.
  Digests digests_;

  std::deque<SharedBytes> queue_;
  std::size_t queued_bytes_{0};
  std::optional<service::LogClock> clock_;
  Term clock_term_;
  Instant next_time_entry_{Instant::max()};
  bool has_more_{false};
  std::optional<LogIndex> first_commands_;
  ConsensusOutputs out_;
};

}  // namespace muster::node
