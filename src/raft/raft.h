// The consensus core: Raft as a value, without a clock, a disk or a network of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/entry.h"
#include "base/random.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "raft/configuration.h"
#include "raft/log.h"
#include "raft/message.h"
#include "raft/options.h"
#include "raft/progress.h"
#include "raft/ready.h"

namespace muster::raft {

/// How much there is of what has a limit in `Options`.
struct Sizes {
  /// Commands that this leader appended and that are not committed. One alone may be any size: 0.
  std::size_t uncommitted_bytes{0};
  std::size_t evictable_bytes{0};  ///< Of the cache, if it holds what need not be in memory.
  std::size_t reads{0};            ///< That wait for a confirmation, asked here or by others.
};

/// What a server found on its disk.
struct Restored {
  HardState hard_state{};
  SnapshotMark snapshot{};       ///< The state machine has been restored from it. Index 0: none.
  std::vector<Entry> entries{};  ///< All after the snapshot, without a gap, all durable.
};

enum class Role : std::uint8_t {
  follower,       ///< Follows a leader, or waits for one.
  pre_candidate,  ///< Asks whether it would be voted for; its term has not changed.
  candidate,      ///< Asks for votes in a new term.
  leader,         ///< Appends.
};

/// `follower` and so on, for logs.
std::string_view name_of(Role role);

/// One server of the Raft algorithm (Ongaro and Ousterhout, 2014; Ongaro's dissertation): pre-vote
/// (9.6), check-quorum and leader stickiness (6.2, 4.2.3), an empty entry at the start of a term
/// (6.4), pipelined replication with the leader's disk in parallel (10.2), single-server changes
/// with the correction of 2015, leadership transfer (3.10), read index (6.4), snapshots in pieces.
///
/// Deterministic: the same calls give the same outputs. Messages may be lost, repeated and
/// reordered. After any input the caller takes `ready()`, at the latest at the end of its turn:
/// many proposals of a turn then travel in few messages and one store.
///
/// `now` never has to be monotonic: an earlier one than before counts as the latest seen.
/// Thread-safety: none.
class Raft {
 public:
  /// A restored configuration without members makes a blank server: it waits to be told by a
  /// leader. Precondition: the entries follow the snapshot, and their configurations decode.
  Raft(const Options& options, ServerNumber self, Restored restored);

  /// The founder of a group: entry 1 is this configuration, in term 1, of which the founder is the
  /// leader by construction: nobody else knows the group yet. It sends nothing before entry 1 is
  /// stored here. Precondition: `self` is a voter of it.
  static Raft found(const Options& options, ServerNumber self, const Configuration& configuration,
                    BytesView annotation, Instant now);

  // --- Inputs.

  /// Takes a message in. Late, repeated and reordered ones are harmless.
  /// Errors: `invalid_argument` for one that no correct server sends; nothing changes.
  [[nodiscard]] Result<void> step(const Message& message, Instant now);
  void tick(Instant now);
  /// When `tick` next has something to do. The epoch before any call that told the time,
  /// `Instant::max()` if there is nothing to wait for.
  Instant deadline() const;

  /// Appends commands. Only appends: messages and stores are formed in `ready()`.
  /// Errors: `unavailable` (not the leader, handing over), `resource_exhausted` (too much is
  /// uncommitted), `invalid_argument` (larger than `message_bytes_max`).
  [[nodiscard]] Result<LogIndex> propose(SharedBytes payload, Instant now);
  /// Appends a configuration; it is in force at once. At most one voter may be added or removed
  /// (a voter made a standby is removed); standbys may come and go in the same step, and none need
  /// change. A leader that is not a voter of it leads until it is committed.
  /// Errors: `unavailable` as for `propose`; `failed_precondition` while the start of this term or
  /// the latest configuration is uncommitted; `invalid_argument` for another kind of change.
  [[nodiscard]] Result<LogIndex> propose_configuration(const Configuration& next,
                                                       BytesView annotation, Instant now);
  /// Hands the leadership over: pauses proposals, brings `to` up to date, tells it to stand.
  /// Proposals go on after one election timeout if it has not taken over.
  /// Errors: `unavailable` (not the leader, already handing over), `invalid_argument` (not another
  /// voter).
  [[nodiscard]] Result<void> transfer(ServerNumber to, Instant now);
  /// Asks for a read index; the outcome comes in `Ready::reads`. Ids are the caller's; an id in use
  /// must not be used again.
  void read(std::uint64_t id, Instant now);

  /// All entries up to this one are durable.
  void stored(Term term, LogIndex index);
  /// The state machine has applied all up to `index`.
  void applied(LogIndex index);
  /// Answers an `EntryFetch`. Empty: no longer there; the follower is sent a snapshot.
  void fetched(ServerNumber follower, std::vector<Entry> entries);
  /// Answers a `SnapshotFetch`. `data` empty and `total` 0: no longer there; begin anew.
  void snapshot_fetched(ServerNumber follower, LogIndex index, std::uint64_t offset,
                        std::uint64_t total, SharedBytes data);
  /// The own snapshot is durable: compacts the log, but for a tail and for what a follower that is
  /// being sent an older snapshot needs. Afterwards the disk may drop all before `first_index()`.
  void snapshot_taken(const SnapshotMark& mark);
  /// The state machine has been restored from the snapshot of `Ready::install`.
  void installed(LogIndex snapshot_index);
  /// The link to the leader closed, and it refused another one. This server forgets the leader and
  /// stands after its rank's wait; what the others answer to its pre-vote decides.
  void leader_lost(Instant now);
  /// A majority is in reach again and no leader is known: a voter stands after its rank's wait, not
  /// only after the silence of an election timeout. As above, the others' answers decide.
  void majority_returned(Instant now);
  /// A link to this server is up (again): what may be lost is sent anew at once.
  void peer_connected(ServerNumber peer, Instant now);
  /// This server's place in the order of preference; 0 is the best. Changes waits, never votes.
  void set_rank(std::uint32_t place) { rank_ = place; }
  /// The group's times have changed; waits that have begun end as they were. Precondition: the
  /// election timeout is at least two heartbeat intervals.
  void set_times(Duration heartbeat_interval, Duration election_timeout, Duration rank_wait);
  /// While set, the leader tells `follower` at once when the commit index moves, also when there
  /// is no entry to go with it. Kept over roles and terms. All are told so of configurations.
  void set_commit_eager(ServerNumber follower, bool eager);

  /// Of two voters the other one is `dead`, fenced for good and holds nothing that this server has
  /// not: a majority of two is both, so nothing was committed without this server.
  /// Errors: `failed_precondition` unless there are exactly two voters, this server and `dead`,
  /// that is known to be committed, and nothing is being installed.
  [[nodiscard]] Result<void> may_continue_alone(ServerNumber dead) const;
  /// The group goes on with this server as its only voter, in a new term, which begins with the
  /// configuration that says so, once this server's vote in it is stored. The caller has asked
  /// `may_continue_alone` and then fenced `dead` durably; after a restart it only completes what
  /// the fence record says. Errors: `failed_precondition` as above, but for the committed.
  [[nodiscard]] Result<void> continue_alone(ServerNumber dead, BytesView annotation, Instant now);

  /// Takes the outputs since the last call. O(outputs).
  [[nodiscard]] Ready ready();

  // --- Views.

  ServerNumber self() const { return self_; }
  Role role() const { return role_; }
  Term term() const { return hard_.term; }
  std::optional<ServerNumber> leader() const { return leader_; }
  LogIndex commit() const { return commit_; }
  LogIndex applied_index() const { return applied_; }
  LogIndex last_index() const { return log_.last_index(); }
  LogIndex stored_index() const { return log_.stored_index(); }
  LogIndex first_index() const { return log_.first_index(); }
  /// The term of this entry; nothing if it is compacted or not there.
  std::optional<Term> term_at(LogIndex index) const { return log_.term_at(index); }
  const Configuration& configuration() const { return log_.configuration(); }
  LogIndex configuration_index() const { return log_.configuration_index(); }
  /// As `Log::configurations_since`.
  std::vector<Configuration> configurations_since(LogIndex index) const {
    return log_.configurations_since(index);
  }
  bool configuration_committed() const { return log_.configuration_index() <= commit_; }
  /// To whom the leadership is being handed over.
  std::optional<ServerNumber> transferring() const;
  bool installing() const { return installing_.has_value(); }
  /// Of a follower, seen by the leader; nothing on other servers and for strangers.
  std::optional<ProgressView> progress(ServerNumber server) const;
  /// Wall clocks of the votes that made this server leader; empty for a founder.
  const std::vector<LogTime>& vote_clocks() const { return vote_clocks_; }
  /// An entry of this leader's own term is committed, hence all before it.
  /// The first entry of its term, of a leader.
  LogIndex term_start() const { return term_start_; }
  bool term_start_committed() const { return role_ == Role::leader && commit_ >= term_start_; }
  /// What a snapshot of the state at `index` stands for. Precondition:
  /// `first_index() - 1 <= index <= applied_index()`. Take it at a stored index.
  SnapshotMark mark_at(LogIndex index) const;
  /// O(uncommitted entries).
  Sizes sizes() const;

 private:
  struct Transfer {
    ServerNumber to;
    Instant deadline;
  };
  struct PendingRead {
    std::uint64_t id;
    std::optional<ServerNumber> from;  // Nothing: asked here.
    LogIndex index;
    std::uint64_t round;  // 0: not yet part of a round.
  };
  struct ForwardedRead {
    std::uint64_t id;
    Instant expires;
  };
  struct Receiving {
    ServerNumber from;
    Term term;
    SnapshotMark mark;
    std::uint64_t total;
    std::uint64_t next_offset;
  };

  // raft.cc
  void observe(Instant now);
  Result<void> validate(const Message& message) const;
  Result<void> validate_append(const Message& message, const AppendRequest& request) const;
  Result<void> validate_chunk(const Message& message, const SnapshotChunk& chunk) const;
  Result<void> validate_leader(const Message& message) const;
  bool pass_term(const Message& message);
  void dispatch(const Message& message);
  void send_now(ServerNumber to, decltype(Message::body) body);
  void send_when_stored(ServerNumber to, Term term, decltype(Message::body) body);
  void take_applicable(std::vector<Entry>& apply);
  void set_commit(LogIndex index);

  // election.cc
  void become_follower(Term term, std::optional<ServerNumber> leader);
  void become_pre_candidate();
  void become_candidate(bool handed_over);
  void become_leader();
  bool may_stand() const;
  bool hears_leader() const;
  bool is_up_to_date(LogIndex last_index, Term last_term) const;
  Duration silence_wait();
  Duration candidacy_wait();
  Duration refusal_wait();
  void wait_after_refusal();
  bool carries() const;
  bool is_lost() const;
  void ask_for_vote(ServerNumber voter);
  void tick_election();
  void on(const Message& message, const PreVoteRequest& request);
  void on(const Message& message, const PreVoteReply& reply);
  void on(const Message& message, const VoteRequest& request);
  void on(const Message& message, const VoteReply& reply);
  void on(const Message& message, const TimeoutNow& request);

  // follower.cc
  void on(const Message& message, const AppendRequest& request);
  void refuse_append(const Message& message, const AppendRequest& request);
  void append_from_leader(const AppendRequest& request);

  // replication.cc
  void on(const Message& message, const AppendReply& reply);
  void refused_append(Progress& progress, const AppendReply& reply);
  void lead();
  void append_own(EntryKind kind, SharedBytes payload);
  void commit_what_a_majority_has();
  void form_messages();
  void form_for(ServerNumber follower, Progress& progress);
  void send_append(ServerNumber follower, Progress& progress, std::vector<Entry> entries);
  void send_from_log(ServerNumber follower, Progress& progress);
  std::vector<Entry> cached_entries(LogIndex first) const;
  void tick_leader();
  Instant quorum_deadline() const;
  Result<void> may_propose() const;

  // membership.cc
  void sync_progress();
  void forget_those_who_left();
  void resign_if_removed();
  void tell_to_stand_if_caught_up();
  void lead_with(const Configuration& configuration, BytesView annotation);
  Result<void> check_only_two_voters(ServerNumber dead) const;

  // snapshots.cc
  void on(const Message& message, const SnapshotChunk& chunk);
  void on(const Message& message, const SnapshotReply& reply);
  void reply_to_chunk(const Message& message, const SnapshotChunk& chunk, std::uint64_t next,
                      bool installed);
  void install(const SnapshotMark& mark);
  void form_transfer(ServerNumber follower, Progress& progress);

  // reads.cc
  void on(const Message& message, const ReadRequest& request);
  void on(const Message& message, const ReadReply& reply);
  void add_read(std::uint64_t id, std::optional<ServerNumber> from);
  void answer_read(const PendingRead& read, std::optional<LogIndex> index);
  void begin_read_round();
  void answer_confirmed_reads();
  void refuse_reads();
  void tick_reads();

  Options options_;
  ServerNumber self_;
  Random random_;
  Log log_;
  HardState hard_;
  bool hard_state_changed_{false};
  SnapshotMark snapshot_;  // The own one that is durable.

  bool clock_started_{false};
  Instant now_{};
  std::uint32_t rank_{0};

  Role role_{Role::follower};
  std::optional<ServerNumber> leader_;
  Instant leader_heard_{};
  Instant election_deadline_{Instant::max()};
  std::uint32_t refusals_{0};  // In a row; sets the wait before standing again.
  bool handed_over_{false};
  std::map<ServerNumber, bool> votes_;
  std::vector<LogTime> vote_clocks_;

  LogIndex commit_;
  LogIndex applied_;
  LogIndex given_to_apply_;

  LogIndex term_start_;    // The first entry of the own term, of a leader.
  LogIndex silent_until_;  // A founder sends nothing before this is stored.
  struct Alone {
    Configuration configuration;
    Bytes annotation;
  };
  std::optional<Alone> alone_;  // Of a candidate: leads by its own vote, with this.
  std::size_t uncommitted_bytes_{0};
  std::map<ServerNumber, Progress> progress_;
  std::map<ServerNumber, Instant> leaving_;  // Removed: still told so, until this instant.
  std::set<ServerNumber> commit_eager_;
  Instant heartbeat_due_{Instant::max()};
  LogIndex commit_at_heartbeat_;       // When the latest heartbeat was due,
  LogIndex commit_at_last_heartbeat_;  // and the one before.
  std::optional<Transfer> transfer_;

  std::uint64_t round_{0};  // Of confirmations; never goes back.
  std::vector<PendingRead> reads_;
  std::vector<ForwardedRead> forwarded_reads_;

  std::optional<Receiving> receiving_;
  std::optional<SnapshotMark> installing_;

  Ready out_;
  std::vector<LogIndex> matches_;  // Scratch of commit_what_a_majority_has().
};

}  // namespace muster::raft
