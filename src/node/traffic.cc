// Frames of peers, batches on their way to the leader, and who leads.
#include <algorithm>

#include "muster/codec.h"
#include "node/impl.h"
#include "node/raft_codec.h"
#include "wire/control.h"

namespace muster::node {
namespace {

// A follower that forwarded within this time is told at once when the commit index moves.
constexpr Duration eagerness = std::chrono::seconds{1};
constexpr std::size_t losses_remembered_max = 16;

}  // namespace

void Node::Impl::peer_frame(ServerId from, const wire::Frame& frame, Now now) {
  const Peer* const peer = peers_.find(from);
  if (peer == nullptr) return;
  switch (frame.type) {
    case wire::FrameType::raft:
      return take_raft(*peer, frame, now);
    case wire::FrameType::forward:
      return take_forward(*peer, frame, now);
    case wire::FrameType::invite:
      return take_invite(*peer, frame);
    case wire::FrameType::handover:
      return take_handover(*peer, frame, now);
    case wire::FrameType::farewell:
      return take_farewell(*peer, frame);
    case wire::FrameType::removed:
      return take_removed(*peer, frame);
    case wire::FrameType::refused:
      return take_refusal(*peer, frame);
    case wire::FrameType::state_digests:
      return take_digests(*peer, frame);
    case wire::FrameType::telemetry:
      return take_telemetry(*peer, frame, now);
    default:
      notice(NoticeLevel::debug, "server " + peer->hello.name() + " sent a frame of type " +
                                     std::to_string(static_cast<unsigned>(frame.type)) +
                                     ", which is not known here");
  }
}

void Node::Impl::take_raft(const Peer& peer, const wire::Frame& frame, Now now) {
  if (!consensus_ || peer.group != identity_.group) return;
  const auto message = decode_message(frame.body);
  if (!message) {
    return notice(NoticeLevel::warning,
                  "server " + peer.hello.name() + ": " + message.error().message);
  }
  ++counters_.messages_received;
  if (is_heartbeat(*message)) ++counters_.heartbeats_received;
  if (message->from != peer.number || message->to != consensus_->raft().self()) return;
  if (const auto stepped = consensus_->raft().step(*message, now.monotonic); !stepped) {
    notice(NoticeLevel::warning, "server " + peer.hello.name() + ": " + stepped.error().message);
  }
}

void Node::Impl::take_digests(const Peer& peer, const wire::Frame& frame) {
  if (!consensus_ || peer.group != identity_.group) return;
  const auto digests = wire::decode<wire::StateDigests>(frame.body.view());
  if (!digests) {
    return notice(NoticeLevel::warning,
                  "server " + peer.hello.name() + ": " + digests.error().message);
  }
  consensus_->digests().told(*peer.number, *digests);
}

void Node::Impl::take_forward(const Peer& peer, const wire::Frame& frame, Now now) {
  if (!consensus_ || peer.group != identity_.group) return;
  const auto batches = wire::ForwardView::parse(frame.body.view());
  if (!batches) {
    return notice(NoticeLevel::warning,
                  "server " + peer.hello.name() + ": " + batches.error().message);
  }
  for (const wire::BatchView batch : batches->batches()) {
    ++counters_.batches_taken_in;
    const auto offset = batch.bytes().data() - frame.body.view().data();
    consensus_->offer(frame.body.slice(static_cast<std::size_t>(offset), batch.bytes().size()));
  }
  tell_commits_at_once(*peer.number, now);
}

// To a server whose clients wait for their answers or for events, for a while.
void Node::Impl::tell_commits_at_once(ServerNumber server, Now now) {
  const auto [found, is_new] = forwarded_at_.insert_or_assign(server, now.monotonic);
  if (is_new) consensus_->raft().set_commit_eager(server, true);
}

void Node::Impl::rest_eagerness(Now now) {
  for (const auto& [server, peer] : peers_.all()) {
    if (peer.group == identity_.group && peer.hello.has_followers()) {
      tell_commits_at_once(*peer.number, now);
    }
  }
  std::erase_if(forwarded_at_, [&](const auto& item) {
    if (now.monotonic - item.second < eagerness) return false;
    consensus_->raft().set_commit_eager(item.first, false);
    return true;
  });
}

void Node::Impl::pass_batches(Now) {
  std::vector<SharedBytes> batches = edge_.take_batches();
  if (batches.empty() || !leadership_.leader) return;
  if (leads()) {
    for (SharedBytes& batch : batches) consensus_->offer(std::move(batch));
    return;
  }
  const Peer* const leader = peers_.find(*leadership_.leader, *identity_.group);
  // Without a link the edge keeps them and passes them on when there is one.
  if (leader == nullptr) return;
  counters_.batches_forwarded += batches.size();
  forward(*leader, batches);
}

void Node::Impl::forward(const Peer& leader, std::span<const SharedBytes> batches) {
  while (!batches.empty()) {
    std::size_t bytes = 0;
    std::uint32_t commands = 0;
    std::vector<SharedBytes> body(1);
    while (!batches.empty()) {
      const auto batch = wire::BatchView::parse(batches.front().view());
      check(batch.has_value());
      const bool first = body.size() == 1;
      if (!first && (bytes + batches.front().size() > wire::batch_bytes_max ||
                     commands + batch->size() > wire::entry_commands_max)) {
        break;
      }
      bytes += batches.front().size();
      commands += batch->size();
      body.push_back(batches.front());
      batches = batches.subspan(1);
    }
    Bytes head;
    Writer writer(head);
    writer.integer(commands);
    writer.integer(static_cast<std::uint32_t>(body.size() - 1));
    body.front() = SharedBytes(std::move(head));
    peers_.send(leader.server, wire::FrameType::forward, wire::Lane::normal, std::move(body));
  }
}

void Node::Impl::take_consensus(ConsensusOutputs outputs, Now now) {
  if (outputs.fatal) return fail(*outputs.fatal);
  for (std::string& warning : outputs.warnings) {
    notice(NoticeLevel::warning, std::move(warning));
  }
  for (const raft::Message& message : outputs.messages) {
    const Peer* const peer = peers_.find(message.to, *identity_.group);
    if (peer == nullptr) continue;
    ++counters_.messages_sent;
    if (is_heartbeat(message)) ++counters_.heartbeats_sent;
    peers_.send(peer->server, wire::FrameType::raft, lane_of(message), encode_message(message));
  }
  const ServerNumber self = consensus_->raft().self();
  if (outputs.state_replaced) {
    edge_.restored(state(), self, now.monotonic);
    before_own_seat_ = before_own_seat_ && !state().view().members.contains(self);
  }
  edge_.applied(outputs.news, self, now.monotonic);
  answer_operators(outputs.answers);
  advisors_.answered(outputs.answers, now.monotonic);
  edge_.events(outputs.events, state());
  counters_.events += outputs.events.size();
  for (const raft::ReadOutcome& read : outputs.reads) {
    edge_.read_index(read.id, read.index, state());
  }
  edge_.answer_reads(state());
  take_events(outputs.events, now);
  const bool group_changed = outputs.membership_applied ||
                             std::ranges::any_of(outputs.events, [](const replica::Event& event) {
                               return event.topic == group::topic;
                             });
  if (group_changed) {
    adopt_settings();
    refresh_targets(now);
    refresh_rank();
    refresh_hello();
    refresh_surroundings(now);
    for (const auto& [server, peer] : peers_.all()) {
      if (!peer.group) peer_arrived(server, now);
    }
  }
}

// What the log says of the group: told to people, and weighed by who leads.
void Node::Impl::take_events(const std::vector<replica::Event>& events, Now now) {
  for (const replica::Event& event : events) {
    if (event.topic != group::topic) continue;
    const auto told = wire::decode<wire::GroupEvent>(event.payload.view());
    if (!told) continue;
    const LogIndex index = event.position.command.index;
    if (is_about_own_seat(*told)) before_own_seat_ = false;
    const bool is_new = index > told_from_;
    if (is_new) notice(before_own_seat_ ? NoticeLevel::debug : NoticeLevel::info, told->text());
    if (is_new) notice_own_departure(*told);
    place_steerings(*told, event.position.command);
    // What happened in earlier terms was weighed by who led then, or when this term began.
    take_group_event(*told, leads() && index > consensus_->raft().term_start(), now);
  }
}

// To one that joins the past is no news.
bool Node::Impl::is_about_own_seat(const wire::GroupEvent& event) const {
  const auto is_own = [&](const wire::Member& member) {
    return member.number() == identity_.number->value;
  };
  if (event.has_founded()) return std::ranges::any_of(event.founded().members(), is_own);
  return event.has_member() && event.member().kind() == wire::MemberChange::JOINED &&
         is_own(event.member().member());
}

// A server that is taken out while it is linked learns of it here, others by `Removed`.
void Node::Impl::notice_own_departure(const wire::GroupEvent& event) {
  if (!event.has_member() || event.member().member().number() != identity_.number->value) return;
  const auto kind = event.member().kind();
  if (kind != wire::MemberChange::LEFT && kind != wire::MemberChange::REMOVED) return;
  leaving_ = leaving_ || kind == wire::MemberChange::LEFT;
  leave_for_good(event.text());
}

void Node::Impl::take_group_event(const wire::GroupEvent& event, bool is_to_weigh, Now now) {
  const auto weigh_if_due = [&](const std::string& cause, ServerNumber server) {
    if (is_to_weigh) weigh(cause, server, now);
  };
  if (event.has_state()) {
    const ServerNumber server{event.state().number()};
    const std::string name = name_of(server);
    states_proposed_.erase(server);
    if (event.state().state() == wire::ServerState::FAILED) {
      if (told_lost_.insert(server).second) weigh_if_due("lost:" + name, server);
    } else if (event.state().state() == wire::ServerState::STOPPED) {
      told_lost_.insert(server);
      weigh_if_due("stopped:" + name, server);
    } else {
      told_lost_.erase(server);
      weigh_if_due("returned:" + name, server);
    }
  } else if (event.has_member()) {
    const std::string& name = event.member().member().name();
    const ServerNumber server{event.member().member().number()};
    if (event.member().kind() == wire::MemberChange::JOINED) weigh_if_due("joined:" + name, server);
    if (event.member().kind() == wire::MemberChange::LEFT) weigh_if_due("left:" + name, server);
    if (event.member().kind() == wire::MemberChange::REMOVED)
      weigh_if_due("removed:" + name, server);
  } else if (event.has_drain()) {
    // Whoever was to stay is to go now, or may be handed the leadership again.
    if (event.drain().drained() && event.drain().number() == identity_.number->value) {
      appointed_ = false;
    }
  } else if (event.has_election() && event.election().cause().starts_with("lost:")) {
    for (const auto& [number, member] : state().view().members) {
      if (event.election().cause() != "lost:" + member.name()) continue;
      std::vector<LogTime>& losses = losses_[number];
      losses.push_back(state().time());
      if (losses.size() > losses_remembered_max) losses.erase(losses.begin());
    }
  }
}

void Node::Impl::watch_leadership(Now now) {
  const raft::Raft& raft = consensus_->raft();
  if (raft.role() != role_) {
    notice(NoticeLevel::debug, "from " + std::string(raft::name_of(role_)) + " to " +
                                   std::string(raft::name_of(raft.role())) + ", term " +
                                   std::to_string(raft.term().value));
    role_ = raft.role();
  }
  Leadership current{.term = raft.term(), .leader = raft.leader()};
  if (current.leader) {
    current.reachable = leads() || peers_.find(*current.leader, *identity_.group) != nullptr;
  }
  const Duration leaderless = now.monotonic - leader_seen_;
  if (current.reachable) leader_seen_ = now.monotonic;
  if (current == leadership_) return;
  const Leadership before = std::exchange(leadership_, current);
  refresh_surroundings(now);
  refresh_hello();
  if (current.reachable) edge_.resend_all(now.monotonic);
  if (current.leader == before.leader && current.term == before.term) return;

  caught_up_since_.clear();
  if (!current.leader) return;
  ++counters_.leader_changes;
  if (leads()) ++counters_.elections_won;
  notice(NoticeLevel::info,
         "leader is " + name_of(*current.leader) + ", term " + std::to_string(current.term.value));
  if (previous_leader_ == raft.self() && !leads()) {
    notice(NoticeLevel::info, "no longer leader: handed to " + name_of(*current.leader));
  }
  weighing_.reset();
  refresh_rank();
  if (leads()) became_leader(previous_leader_, leaderless, now);
  previous_leader_ = current.leader;
}

void Node::Impl::client_frame(LinkId link, const wire::Frame& frame, Now now) {
  if (frame.type == wire::FrameType::status_request) {
    return edge_.send(link, wire::FrameType::status, wire::encode(status()));
  }
  if (frame.type == wire::FrameType::members_request) {
    auto listed = members(now);
    const auto request = wire::decode<wire::MembersRequest>(frame.body.view());
    if (request && (request->all() || request->suspects())) list_sessions(*request, listed, now);
    return edge_.send(link, wire::FrameType::members, wire::encode(listed));
  }
  if (send_on(link, frame, now)) return;
  if (frame.type == wire::FrameType::steer) return steer(link, frame, now);
  if (frame.type == wire::FrameType::invoke) return take_invoke(link, frame, now);
  edge_.frame(link, frame, state(), now.monotonic);
}

}  // namespace muster::node
