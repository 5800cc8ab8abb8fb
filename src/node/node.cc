#include "node/node.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "node/impl.h"
#include "node/raft_codec.h"

namespace muster::node {
namespace {

// Each round passes on what the one before gave; a turn that needs more goes on in the next.
constexpr int rounds_max = 16;

Peers::Options peer_options(const Options& options) {
  Peers::Options peers;
  peers.silence_max = options.failure_timeout;
  peers.ping_after = options.failure_timeout / pings_in_a_timeout;
  peers.links_max = options.peer_links_max;
  peers.seed = options.seed;
  return peers;
}

edge::Edge::Options edge_options(const Options& options) {
  edge::Edge::Options edge = options.edge;
  edge.session_timeout = options.session_timeout;
  return edge;
}

discovery::Finder::Options finder_options(const Options& options) {
  return {.on = options.discovery,
          .window = options.discovery_window,
          .attempts = options.discovery_attempts,
          .beacon_interval = options.beacon_interval,
          .seed = options.seed};
}

}  // namespace

Node::Node(Options options, Restart restart, MachineFactory machines, Now now)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(restart), std::move(machines),
                                   now)) {}
Node::~Node() = default;
void Node::step(Input input, Now now) {
  impl_->step(std::move(input), now);
}
Outputs Node::drain(Now now) {
  return impl_->drain(now);
}
Instant Node::deadline() const {
  return impl_->deadline();
}
Report Node::report() const {
  return impl_->report();
}

methods::Registry& Node::methods() {
  return impl_->methods();
}

Node::Impl::Impl(Options options, Restart restart, MachineFactory machines, Now now)
    : options_(std::move(options)),
      identity_(restart.identity),
      machines_(std::move(machines)),
      random_(options_.seed),
      peers_(peer_options(options_), identity_.server, options_.peer_address),
      finder_(finder_options(options_), now.monotonic),
      edge_(edge_options(options_)),
      blank_state_({}, machines_),
      restart_(std::move(restart)) {
  leader_seen_ = now.monotonic;
  add_methods();
  // Who was a member before never founds: its group goes on without it.
  if (identity_.rejoins && !identity_.group) options_.founding = FoundingMode::never;
  restart_from_disk(now);
  refresh_beacon(now);
  refresh_hello();
  refresh_targets(now);
  refresh_surroundings(now);
  next_upkeep_ = now.monotonic;
}

void Node::Impl::notice(NoticeLevel level, std::string text) {
  out_.notices.push_back({level, std::move(text)});
}

void Node::Impl::fail(const Error& error) {
  if (!out_.exit) out_.exit = Exit{1, error.message};
}

void Node::Impl::step(Input input, Now now) {
  std::visit([&](auto& one) { on(one, now); }, input);
}

void Node::Impl::on(LinkOpened& opened, Now now) {
  if (opened.peer) {
    peers_.link_opened(opened, now.monotonic);
  } else {
    edge_.link_opened(opened.link, now.monotonic, opened.address, opened.bound);
  }
}

void Node::Impl::on(LinkClosed& closed, Now now) {
  if (peers_.has_link(closed.link)) {
    peers_.link_closed(closed.link, now.monotonic);
  } else {
    edge_.link_closed(closed.link, now.monotonic);
  }
}

void Node::Impl::on(DialFailed& failed, Now now) {
  peers_.dial_failed(failed, now.monotonic);
}

void Node::Impl::on(FrameReceived& received, Now now) {
  if (peers_.has_link(received.link)) {
    const auto from = peers_.frame(received.link, received.frame, now.monotonic);
    if (from) peer_frame(*from, received.frame, now);
  } else if (edge_.has_link(received.link)) {
    client_frame(received.link, received.frame, now);
  }
}

void Node::Impl::on(DiskDone& done, Now now) {
  for (storage::DiskResult& result : done.results) {
    if (const auto* const failed = std::get_if<storage::Failed>(&result.outcome)) {
      if (failed->fatal) return fail(failed->error);
    }
    if (consensus_ && consensus_->disk_done(result, now)) continue;
    if (loader_ && loader_->waits_for(result.id)) {
      auto loaded = loader_->take(std::move(result));
      if (!loaded) return fail(loaded.error());
      if (*loaded == nullptr) continue;
      loader_.reset();
      auto mark = decode_mark(restart_->snapshot->index, restart_->snapshot->term,
                              restart_->snapshot->metadata);
      if (!mark) return fail(mark.error());
      mark->checksum = restart_->snapshot->checksum;
      raft::Restored restored{.hard_state = restart_->hard_state,
                              .snapshot = *mark,
                              .entries = std::move(restart_->entries)};
      begin_consensus(std::move(restored), std::move(*loaded), now);
    } else if (binding_ == result.id) {
      binding_.reset();
      if (consensus_) continue;
      begin_consensus({}, std::make_unique<replica::Replica>(options_.replica, machines_), now);
    } else if (fencing_ && fencing_->job == result.id) {
      fence_done(result, now);
    }
  }
}

void Node::Impl::on(HeartbeatsReceived& received, Now now) {
  edge_.datagrams(received.datagrams, now.monotonic);
}

void Node::Impl::on(Tick&, Now now) {
  peers_.tick(now.monotonic);
  finder_.tick(now.monotonic);
  edge_.tick(now.monotonic);
  if (consensus_) consensus_->raft().tick(now.monotonic);
}

// One round: news of peers, batches and reads to consensus, its outputs to peers and clients.
// Returns whether another round may find more to do.
bool Node::Impl::work_once(Now now) {
  bool worked = false;
  for (const PeerNews& news : peers_.take_news()) {
    peer_news(news, now);
    worked = true;
  }
  if (!consensus_) {
    edge_.take_batches();  // Passed on anew when there is a leader.
    return worked;
  }
  pass_batches(now);
  for (const edge::ReadWanted& read : edge_.take_reads()) {
    consensus_->raft().read(read.id, now.monotonic);
  }
  ConsensusOutputs outputs = consensus_->turn(now);
  worked = worked || !outputs.news.empty() || !outputs.reads.empty() || outputs.state_replaced ||
           outputs.membership_applied;
  take_consensus(std::move(outputs), now);
  const Leadership before = leadership_;
  watch_leadership(now);
  if (advise(now)) worked = true;
  return worked || leadership_ != before;  // Batches wait for the new leader.
}

Outputs Node::Impl::drain(Now now) {
  if (now.monotonic >= next_upkeep_) upkeep(now);
  has_more_ = true;
  for (int round = 0; round < rounds_max && has_more_; ++round) has_more_ = work_once(now);
  if (!identity_.group && !binding_) look_for_group(now);
  if (consensus_) finish_steering(now);
  drop_late_wishes(now);
  if (stop_by_ || leaving_) go_on_stopping(now);
  if (options_.list) watch_majority(now);
  if (options_.list) tell_presence(now);
  if (identity_.group) spread_telemetry(now);
  if (out_.exit) send_clients_away();

  const auto append = [](auto& to, auto from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(out_.links, peers_.take_outputs());
  append(out_.links, edge_.take_outputs());
  append(out_.dials, peers_.take_dials());
  for (discovery::Announcement& one : finder_.take_announcements()) {
    out_.announcements.push_back({.beacon = std::move(one.beacon), .to = std::move(one.to)});
  }
  for (wire::Probe& probe : finder_.take_probes()) out_.probes.push_back({std::move(probe)});
  append(out_.notices, peers_.take_notices());
  append(out_.notices, advisors_.take_notices());
  append(out_.disk, jobs_.take());
  return std::exchange(out_, {});
}

Instant Node::Impl::deadline() const {
  Instant next = std::min({next_upkeep_, peers_.deadline(), finder_.deadline()});
  if (const auto due = edge_.deadline()) next = std::min(next, *due);
  if (stop_by_) next = std::min(next, *stop_by_);
  if (!consensus_) return next;
  if (has_more_ || consensus_->has_more()) return Instant{};
  return std::min({next, next_advice_, consensus_->raft().deadline(), consensus_->deadline()});
}

}  // namespace muster::node
