// The inside of a node: its parts, and what passes between them. Private to src/node.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "edge/edge.h"
#include "node/consensus.h"
#include "node/disk_jobs.h"
#include "node/node.h"
#include "node/peers.h"
#include "wire/muster.pb.h"

namespace muster::node {

class Node::Impl {
 public:
  Impl(Options options, Restart restart, MachineFactory machines, Now now);

  void step(Input input, Now now);
  Outputs drain(Now now);
  Instant deadline() const;
  Report report() const;

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
  };

  // node.cc: inputs and outputs.
  void on(LinkOpened& opened, Now now);
  void on(LinkClosed& closed, Now now);
  void on(DialFailed& failed, Now now);
  void on(FrameReceived& received, Now now);
  void on(BeaconHeard& heard, Now now);
  void on(ProbeHeard& heard, Now now);
  void on(ForeignHeard& heard, Now now);
  void on(DiskDone& done, Now now);
  void on(Tick& tick, Now now);
  void on(StopRequested& stop, Now now);
  bool work_once(Now now);
  void fail(const Error& error);
  void notice(NoticeLevel level, std::string text);

  // traffic.cc: frames of peers, batches on their way to the leader, leadership.
  void peer_frame(ServerId from, const wire::Frame& frame, Now now);
  void take_raft(const Peer& peer, const wire::Frame& frame, Now now);
  void take_forward(const Peer& peer, const wire::Frame& frame, Now now);
  void pass_batches(Now now);
  void forward(const Peer& leader, std::span<const SharedBytes> batches);
  void take_consensus(ConsensusOutputs outputs, Now now);
  void watch_leadership(Now now);
  void client_frame(LinkId link, const wire::Frame& frame, Now now);
  void rest_eagerness(Now now);

  // membership.cc: finding a group, founding, being let in, letting in.
  void look_for_group(Now now);
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
  std::size_t expected_servers() const;

  // upkeep.cc: what a leader looks after, and going on alone on one machine.
  void upkeep(Now now);
  void refresh_rank();
  std::vector<ServerNumber> ranked_voters() const;
  void hand_over_if_due(Now now);
  void mend_voters(Now now);
  void continue_alone_if_proven(Now now);
  void fence_done(const storage::DiskResult& result, Now now);
  void watch_orphans(Now now);
  bool on_one_machine() const;
  bool is_lost(ServerNumber server, Now now) const;
  void change_role(ServerNumber server, raft::MemberRole role, wire::MemberChange::Kind kind,
                   const std::string& cause, Now now);
  void stop_when_handed_over(Now now);

  // status.cc: what is told to clients and operators.
  void refresh_surroundings(Now now);
  wire::Status status() const;
  wire::Members members() const;
  std::string why_not_writable() const;
  std::string name_of(ServerNumber number) const;
  bool leads() const;
  const replica::Replica& state() const;

  Options options_;
  storage::Identity identity_;
  MachineFactory machines_;
  Random random_;
  DiskJobs jobs_;
  Peers peers_;
  edge::Edge edge_;
  replica::Replica blank_state_;  // Before there is a group: answers reads with "nothing".
  std::optional<Consensus> consensus_;

  // At the start: the log waits for the snapshot before it.
  std::optional<Restart> restart_;
  std::optional<SnapshotLoader> loader_;
  // Being bound to a group: consensus begins when the identity is durable.
  std::optional<std::uint64_t> binding_;

  std::map<std::string, ServerNumber> founders_;  // By server id, as entry 1 lists them.
  Leadership leadership_;
  std::optional<Instant> leaderless_since_;       // Until it is told.
  std::map<ServerNumber, Instant> forwarded_at_;  // Followers with clients that wait.
  std::map<ServerNumber, Instant> caught_up_since_;
  std::map<ServerNumber, Instant> lost_since_;
  std::set<ServerNumber> orphans_watched_;  // Lost servers whose sessions are timed here.
  std::optional<FencePending> fencing_;
  Instant next_upkeep_{};
  std::optional<Instant> stop_by_;
  bool has_more_{false};  // A turn ended with work left for the next, which is due at once.
  bool ready_told_{false};
  std::string last_wait_;  // The latest "waiting for" said, so that it is said once.
  Outputs out_;
};

}  // namespace muster::node
