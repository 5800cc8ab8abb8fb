// The inside of a node: its parts, and what passes between them. Private to src/node.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "discovery/finder.h"
#include "discovery/founding.h"
#include "edge/edge.h"
#include "methods/registry.h"
#include "node/advisors.h"
#include "node/consensus.h"
#include "node/counters.h"
#include "node/disk_jobs.h"
#include "node/log_memory.h"
#include "node/node.h"
#include "node/peers.h"
#include "node/placement.h"
#include "node/voters.h"
#include "wire/muster.pb.h"

namespace muster::node {

class Node::Impl {
 public:
  Impl(Options options, Restart restart, MachineFactory machines, Now now);

  void step(Input input, Now now);
  Outputs drain(Now now);
  Instant deadline() const;
  Report report() const;
  methods::Registry& methods() { return methods_; }

 private:
  // Who leads, as far as the rest of the node is told.
  struct Leadership {
    Term term;
    std::optional<ServerNumber> leader;
    bool reachable{false};
    friend bool operator==(const Leadership&, const Leadership&) = default;
  };
  struct FencePending {
    std::uint64_t job{0};
    ServerNumber dead;
    bool only_confirm{false};
  };
  // Why the ranks are being weighed, until it has shown who leads.
  struct Weighing {
    std::string cause;
    Instant since;
    std::optional<ServerNumber> newcomer{};  // May not have its vote yet.
  };
  // A client that was sent to another server to open there.
  struct SentOn {
    ServerNumber to;
    std::string zone;
    Instant at;
  };
  static constexpr std::size_t sent_on_max = 4'096;
  // To one that is not let in.
  struct RefusalTold {
    LinkId link;
    std::string why;
  };
  // Of a group that does not let this server in.
  struct Refusal {
    GroupId group;
    std::string why;
  };
  // What an operator waits for.
  struct Steering {
    std::function<bool()> is_done;
    std::string done;  // What is said then.
    // Tells what is written in the log for it from other events; empty: nothing is.
    std::function<bool(const wire::GroupEvent&)> writes{};
    std::optional<Position> position{};  // Of that, once it is applied.
    std::optional<ServerNumber> heir{};  // Of a hand-over, which may fail.
    LinkId link{};
    Instant deadline{};
  };

  // A command of an operator, from when it is given to the log until it is applied.
  struct OperatorWish {
    ServiceId service;
    std::string method;
    Bytes command;
    LinkId link{};
    Instant deadline{};
  };

  Sizes sizes() const;  // report.cc

  // node.cc: inputs and outputs.
  void on(LinkOpened& opened, Now now);
  void on(LinkClosed& closed, Now now);
  void on(DialFailed& failed, Now now);
  void on(FrameReceived& received, Now now);
  void on(BeaconHeard& heard, Now now);
  void on(ProbeHeard& heard, Now now);
  void on(ForeignHeard& heard, Now now);
  void on(HeartbeatsReceived& received, Now now);
  void on(DiskDone& done, Now now);
  void on(Tick& tick, Now now);
  void on(StopRequested& stop, Now now);
  bool work_once(Now now);
  void fail(const Error& error);
  void notice(NoticeLevel level, std::string text);

  // traffic.cc: frames of peers, batches on their way to the leader, leadership.
  void peer_frame(ServerId from, const wire::Frame& frame, Now now);
  void take_raft(const Peer& peer, const wire::Frame& frame, Now now);
  void take_digests(const Peer& peer, const wire::Frame& frame);
  void compare_digests();
  void take_forward(const Peer& peer, const wire::Frame& frame, Now now);
  void pass_batches(Now now);
  void forward(const Peer& leader, std::span<const SharedBytes> batches);
  void take_consensus(ConsensusOutputs outputs, Now now);
  void watch_leadership(Now now);
  void client_frame(LinkId link, const wire::Frame& frame, Now now);
  void tell_commits_at_once(ServerNumber server, Now now);
  void rest_eagerness(Now now);

  void take_events(const std::vector<replica::Event>& events, Now now);
  bool is_about_own_seat(const wire::GroupEvent& event) const;
  void notice_own_departure(const wire::GroupEvent& event);
  void take_group_event(const wire::GroupEvent& event, bool is_to_weigh, Now now);

  // telemetry.cc: newest values, spread to and from the other servers.
  void meet_telemetry_peers(Now now);
  void tell_heartbeats(Now now);
  void spread_telemetry(Now now);
  void take_telemetry(const Peer& peer, const wire::Frame& frame, Now now);

  // finding.cc: who is out there, and what follows while there is no group.
  void look_for_group(Now now);
  std::size_t expected_servers() const;
  std::map<ServerId, discovery::Heard> heard_servers() const;
  bool may_found(Now now);
  void wait_to_join(GroupId group);
  void tell_wait(const std::string& what);
  void refresh_beacon(Now now);
  void meet(const Peer& peer, Now now);
  bool never_came_about(Duration patience, Now now) const;
  bool awaited_or_own_group_came_about();
  bool is_told_to_have_come_about(GroupId group) const;
  bool may_come_about() const;
  std::optional<LogIndex> first_commands() const;
  void give_up_group(const std::string& why);
  void begin_anew(std::string reason);
  void watch_wish(const std::map<ServerId, discovery::Heard>& heard, Now now);
  void give_up_dead_group(Now now);
  void tell_who_retired(const Peer& peer);
  void hear_who_retired(const Peer& peer);
  void note_retired(const std::string& server_id);
  bool lost_its_majority(Now now) const;
  void take_removed(const Peer& peer, const wire::Frame& frame);
  void leave_for_good(const std::string& reason);
  void leave_dissolved_group(Now now);

  // list.cc: a group whose members are given by a list.
  void look_for_listed(Now now);
  void refuse_data_of_another();
  void watch_majority(Now now);
  bool is_formed(Now now);
  void tell_presence(Now now);

  // refusals.cc: servers that are not let in.
  bool refuse(const Peer& peer, const std::string& why);
  void refuse_stranger(const Peer& peer);
  void refuse_without_leader(const Peer& peer, Now now);
  void take_refusal(const Peer& peer, const wire::Frame& frame);
  bool tell_refusal(GroupId group);

  // membership.cc: founding, being let in, letting in.
  void found(const std::vector<ServerId>& voters, Now now);
  void take_invite(const Peer& peer, const wire::Frame& frame);
  void bind(GroupId group, ServerNumber number);
  void begin_consensus(raft::Restored restored, std::unique_ptr<replica::Replica> replica, Now now);
  void restart_from_disk(Now now);
  void adopt_identity_from_log();
  void remember_founders(BytesView payload);
  std::optional<ServerNumber> number_of(const std::string& server_id) const;
  void peer_news(const PeerNews& news, Now now);
  void peer_arrived(ServerId server, Now now);
  void invite(const Peer& peer);
  void admit(const Peer& peer, Now now);
  void refresh_hello();
  void refresh_targets(Now now);
  wire::Member own_member() const;
  wire::Member member_of(const Peer& peer, ServerNumber number) const;
  bool is_member(const Peer& peer);
  std::string branch_text() const;
  void meet_branch(const Peer& peer);
  bool may_join(const Peer& peer) const;

  // upkeep.cc: what a leader looks after, and going on alone on one machine.
  void upkeep(Now now);
  void refresh_rank();
  void leader_is_gone(Now now);
  std::vector<ServerNumber> ranked(bool voters_only) const;
  void mend_voters(Now now);
  std::map<ServerNumber, Standing> standings(Now now);
  void note_states(Now now);
  void relearn_members(Now now);
  void relearn(ServerNumber number, const wire::Member& said);
  void forget_the_lost(Now now);
  void tell_what_is_missing(Now now);
  void raise_behaviour();
  void refuse_unknown_behaviour(GroupId group);
  void continue_alone_if_proven(Now now);
  std::optional<storage::LeftBehind> who_is_left_behind(ServerNumber number) const;
  void fence_done(const storage::DiskResult& result, Now now);
  void watch_orphans(Now now);
  bool on_one_machine() const;
  bool is_lost(ServerNumber server, Now now) const;
  bool change_role(ServerNumber server, raft::MemberRole role, wire::MemberChange::Kind kind,
                   const std::string& cause, Now now);
  Result<LogIndex> drop_member(ServerNumber server, wire::MemberChange::Kind kind,
                               const std::string& cause, Now now);

  // elections.cc: weighing the ranks, handing over, and telling the outcome.
  void weigh(const std::string& cause, ServerNumber server, Now now);
  void record_election(const Weighing& weighing, Duration took);
  void became_leader(std::optional<ServerNumber> previous, Duration leaderless, Now now);
  void tell_outcome_if_due(Now now);
  void tell_outcome(Now now);
  void hand_over_if_due(Now now);
  Result<void> hand_over(ServerNumber heir, const std::string& cause, bool appointed, Now now);
  void take_handover(const Peer& peer, const wire::Frame& frame, Now now);
  Duration handover_wait(ServerNumber candidate) const;
  bool may_lead(ServerNumber server) const;

  // services.cc: what operators want of services.
  void add_operator_commands();
  bool take_operator_command(LinkId link, const wire::Invoke& request, Now now);
  Result<Bytes> begin_operator_command(ServiceId service, const wire::Invoke& request, Now now);
  const service::Machine& service(ServiceId id) const;
  void answer_operators(const std::vector<replica::SystemAnswer>& answers);
  void drop_late_wishes(Now now);
  void send_invoked(LinkId link, wire::Invoked invoked);

  // advice.cc: what services want themselves, while this server leads.
  bool may_advise() const;
  bool advise(Now now);

  // steering.cc: what operators want; settings.
  void steer(LinkId link, const wire::Frame& frame, Now now);
  Result<Steering> begin_steering(const wire::Steer& steer, Now now);
  Result<Steering> steer_transfer(const std::string& name, Now now);
  Result<void> others_decide_without(ServerNumber server);
  Result<Steering> steer_remove(const std::string& name, Now now);
  Result<Steering> steer_leave(const std::string& name, Now now);
  Result<Steering> steer_set(const wire::SettingsChange& change);
  Result<Steering> steer_dissolve(const std::string& into);
  void place_steerings(const wire::GroupEvent& event, Position position);
  void finish_steering(Now now);
  void answer_steering(const Steering& one);
  bool somebody_waits_for_commits() const;
  Result<ServerNumber> resolve(const std::string& name) const;
  void adopt_settings();
  void say_which_settings_differ(const wire::GroupSettings& settings);

  // stopping.cc: going in good order, for a while or for good.
  void take_farewell(const Peer& peer, const wire::Frame& frame);
  void ask_to_leave(ServerNumber server, Now now);
  void watch_those_asked_to_leave(Now now);
  void go_on_stopping(Now now);
  void end_as_asked();
  bool others_remain() const;
  bool somebody_stays() const;
  void say_farewell(Now now);

  // methods.cc: remote methods.
  void add_methods();
  void take_invoke(LinkId link, const wire::Frame& frame, Now now);
  wire::ServerReport server_report() const;
  wire::ServerStats server_stats(Instant now) const;
  wire::SessionList session_list(const methods::Call& call) const;
  wire::TopicHistory topic_history(const methods::Call& call) const;
  // placing.cc: which clients are where, and should be.
  bool is_going() const;
  bool is_drained(ServerNumber server) const;
  bool is_behind(ServerNumber server) const;
  void note_who_is_behind();
  Placement placement(Now now) const;
  bool send_on(LinkId link, const wire::Frame& frame, Now now);
  bool send_to_better(LinkId link, const std::string& zone, Now now);
  std::size_t moves_allowed(Now now);
  void place_clients(Now now);
  std::string why_moved() const;
  std::size_t move_sessions(const Placement& placed, std::vector<Transfer> transfers,
                            std::size_t allowed, Now now);
  std::size_t move_followers(const std::vector<ServerNumber>& takers, std::size_t allowed, Now now);
  bool hands_clients_over(Now now);
  void send_clients_away();
  Result<Steering> steer_drain(const std::string& name, bool drained, Now now);
  std::uint64_t clients_of(ServerNumber server) const;

  // listing.cc: which clients are where.
  bool is_suspected(SessionId id, const replica::Session& session) const;
  wire::SessionStatus session_status(SessionId id, const replica::Session& session, Now now) const;
  void list_sessions(const wire::MembersRequest& request, wire::Members& members, Now now) const;
  void list_suspects(wire::Members& members, Now now) const;

  // status.cc: what is told to clients and operators.
  void refresh_surroundings(Now now);
  wire::Phase::Value phase() const;
  wire::Status status() const;
  wire::Members members(Now now) const;
  wire::ServerState::Value state_of(ServerNumber number, const wire::Member& member) const;
  std::string why_not_writable() const;
  std::string who_is_needed() const;
  bool is_linked(ServerNumber number) const;
  std::size_t linked_voters() const;
  bool is_writable() const;
  std::string name_of(ServerNumber number) const;
  bool leads() const;
  const replica::Replica& state() const;

  Options options_;
  storage::Identity identity_;
  MachineFactory machines_;
  Random random_;
  DiskJobs jobs_;
  Peers peers_;
  discovery::Finder finder_;
  edge::Edge edge_;
  replica::Replica blank_state_;  // Before there is a group: answers reads with "nothing".
  std::optional<Consensus> consensus_;

  // At the start: the log waits for the snapshot before it.
  std::optional<Restart> restart_;
  std::optional<SnapshotLoader> loader_;
  // Being bound to a group: consensus begins when the identity is durable.
  std::optional<std::uint64_t> binding_;

  std::map<std::string, ServerNumber> founders_;  // By server id, as entry 1 lists them.
  std::optional<LogIndex> found_commands_;        // As `first_commands`, in the log at the start.
  std::map<ServerNumber, Remembered> found_members_;  // What the log at the start says of them.
  Leadership leadership_;
  raft::Role role_{raft::Role::follower};         // As it was told last.
  std::map<ServerNumber, Instant> forwarded_at_;  // Followers with clients that wait.
  bool has_followers_{false};                     // As the others were told.
  std::map<ServerNumber, Instant> caught_up_since_;
  std::map<ServerNumber, Instant> lost_since_;
  std::map<ServerNumber, bool> farewells_;  // Linked members that are about to go; true: for good.
  std::map<ServerNumber, std::vector<LogTime>> losses_;  // Elections that somebody's loss brought.
  std::set<ServerNumber> told_lost_;                     // And who is not back.
  std::optional<Weighing> weighing_;
  std::optional<wire::Handover> heirloom_;  // The leader's last words to its heir,
  Instant heirloom_at_{};                   // and when they came.
  bool appointed_{false};                   // Leads because an operator said so.
  bool won_a_loss_{false};  // Elected when a leader was lost: the rule `stable` weighs ranks then.
  Instant leader_seen_{};   // When there last was a leader in reach.
  std::optional<ServerNumber> previous_leader_;  // Whoever led last, as far as is known here.
  std::optional<ServerNumber> leader_before_;    // At the weighing before.
  std::map<ServerNumber, std::pair<wire::ServerState::Value, Instant>> states_proposed_;
  std::vector<Steering> steerings_;
  std::vector<OperatorWish> wishes_;
  Advisors advisors_{{}};
  Instant next_advice_{Instant::max()};
  std::set<ServerNumber> retired_;  // Members that put their data away, as others tell.
  std::set<GroupId> met_;           // Other groups of this name that were reported.
  Instant next_meeting_{};
  Instant next_relearning_{};
  std::string settings_adopted_;              // As bytes.
  std::optional<GroupId> joins_;              // The group that is waited for.
  std::optional<Instant> others_wait_since_;  // Servers that this dead group can't let in.
  std::optional<Instant> wish_heard_at_;  // When the only group that it may join was heard last.
  bool wish_dropped_{false};              // Long ago: any will do.
  Instant settled_at_{};                  // When discovery's window was last seen open.
  std::optional<Duration> leaderless_;    // Before this server became leader, until that is told.
  LogIndex told_from_;                    // Events before it are old news: the log was replayed.
  bool before_own_seat_{false};           // It joined, and reads what was before.
  std::optional<Instant> dissolved_since_;
  // Servers that time the sessions they are home of; those of all others are timed here. Nothing:
  // this server does not lead, and times its own.
  std::optional<std::set<ServerNumber>> homes_in_reach_;
  std::optional<FencePending> fencing_;
  std::string fence_refused_;  // Why, so that it is said once while nothing changes.
  Instant next_upkeep_{};
  std::optional<Instant> stop_by_;
  bool leaving_{false};  // Stops for good.
  Instant next_farewell_{};
  std::map<ServerNumber, Instant> asked_to_leave_;  // By this leader, and when.
  bool clients_sent_away_{false};                   // This server ends.
  std::optional<Instant> going_since_;  // Clients are being handed over before it stops or leaves.
  std::size_t handing_over_rate_{0};    // Of moves, then.
  std::set<ServerNumber> kept_up_;      // Linked members that had all of the log once; of a leader.
  std::set<ServerNumber> behind_;       // The others, as the other servers were told.
  std::vector<SentOn> sent_on_;         // A short while ago.
  std::optional<Instant> uneven_since_;  // Shares of clients.
  bool levelling_{false};                // Until no client here is too many.
  Instant moved_until_{};                // Up to here the time has been turned into moves.
  std::map<ServerNumber, LinkId> telemetry_peers_;  // Those that are told.
  Instant next_heartbeats_told_{};
  std::uint64_t heartbeats_before_{0};  // When they were told last.
  bool has_more_{false};  // A turn ended with work left for the next, which is due at once.
  bool ready_told_{false};
  std::string last_branch_met_;
  std::optional<Presence> presence_;  // As it was told last.
  std::optional<Instant> bound_at_;   // To a group of the list.
  bool majority_is_here_{false};      // Of the list.
  std::map<ServerId, RefusalTold> refusals_told_;
  std::optional<Refusal> refusal_;
  std::string last_wait_;  // The latest "waiting for" said, so that it is said once.
  methods::Registry methods_;
  std::map<std::string, ServiceId, std::less<>> operator_commands_;  // Those of services.
  Counters counters_;
  Outputs out_;
};

/// An append without an entry.
bool is_heartbeat(const raft::Message& message);
void set_time(google::protobuf::Timestamp& time, std::int64_t milliseconds);

}  // namespace muster::node
