// Going in good order: a server that stops hands over first and gives up its vote while others
// remain, so that the last of several stopped one by one still serves.
#include <algorithm>
#include <utility>

#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr Duration stop_time_least = std::chrono::seconds{4};
constexpr Duration farewell_interval = std::chrono::milliseconds{100};
// Whoever is asked to leave has so long to hand its clients over; then it is let go as it is.
constexpr Duration leaving_time = std::chrono::seconds{4};

}  // namespace

void Node::Impl::on(StopRequested&, Now now) {
  if (stop_by_) return;
  stop_by_ = now.monotonic + std::max<Duration>(2 * options_.election_timeout, stop_time_least);
  refresh_hello();
}

// The leader sees to the rest: it takes the vote away and records the state.
void Node::Impl::take_farewell(const Peer& peer, const wire::Frame& frame) {
  if (!consensus_ || peer.group != identity_.group) return;
  const auto farewell = wire::decode<wire::Farewell>(frame.body.view());
  if (!farewell) return;
  if (!farewell->asked()) {
    farewells_[*peer.number] = farewell->leaves();
    next_upkeep_ = {};
  } else if (!leaving_ && peer.number == leadership_.leader && !options_.list) {
    leaving_ = true;
    notice(NoticeLevel::info, "asked to leave the group for good");
    refresh_hello();
  }
}

void Node::Impl::ask_to_leave(ServerNumber server, Now now) {
  const Peer* const peer = peers_.find(server, *identity_.group);
  if (!asked_to_leave_.try_emplace(server, now.monotonic).second || peer == nullptr) return;
  wire::Farewell farewell;
  farewell.set_asked(true);
  peers_.send(peer->server, wire::FrameType::farewell, wire::encode(farewell));
}

void Node::Impl::watch_those_asked_to_leave(Now now) {
  if (!leads()) return asked_to_leave_.clear();
  std::erase_if(asked_to_leave_, [&](const auto& asked) {
    if (farewells_.contains(asked.first)) return true;
    if (now.monotonic - asked.second < leaving_time) return false;
    if (peers_.find(asked.first, *identity_.group) != nullptr) farewells_[asked.first] = true;
    return true;
  });
}

bool Node::Impl::others_remain() const {
  return std::ranges::any_of(
      peers_.all(), [&](const auto& item) { return item.second.group == identity_.group; });
}

// A standby that stays is promoted in a moment, if it can be.
bool Node::Impl::somebody_stays() const {
  return std::ranges::any_of(peers_.all(), [&](const auto& item) {
    return item.second.group == identity_.group && may_lead(*item.second.number);
  });
}

void Node::Impl::say_farewell(Now now) {
  if (now.monotonic < next_farewell_ || !leadership_.leader) return;
  const Peer* const leader = peers_.find(*leadership_.leader, *identity_.group);
  if (leader == nullptr) return;
  next_farewell_ = now.monotonic + farewell_interval;
  wire::Farewell farewell;
  farewell.set_leaves(leaving_);
  peers_.send(leader->server, wire::FrameType::farewell, wire::encode(farewell));
}

// A leader hands over to one that stays; if all that are left are stopping too, it takes their
// votes away one after the other, and the last voter just ends.
void Node::Impl::go_on_stopping(Now now) {
  if (out_.exit) return;
  // Leaving takes as long as it takes; a stop does not, also of one that leaves.
  const bool in_time = !stop_by_ || now.monotonic < *stop_by_;
  if (in_time && hands_clients_over(now)) return;
  // A survivor that has fenced the other must not forget that it goes on alone.
  if (leads() && in_time && !consensus_->raft().configuration_committed()) return;
  if (consensus_ && in_time && others_remain()) {
    raft::Raft& raft = consensus_->raft();
    if (!leads()) {
      const auto self = state().view().members.find(raft.self());
      const bool keeps_vote = options_.list.has_value();
      const bool gone = self == state().view().members.end() ||
                        ((keeps_vote || self->second.role() != wire::Role::VOTER) &&
                         self->second.state() == wire::ServerState::STOPPED);
      if (keeps_vote && !(leadership_.leader && leadership_.reachable)) return end_as_asked();
      if (!gone || leaving_) return say_farewell(now);
    } else {
      // A member of a list keeps its vote, and need not wait for an heir that goes too.
      if (raft.transferring() && (!options_.list || may_lead(*raft.transferring()))) return;
      const std::string cause = (leaving_ ? "left:" : "stopped:") + options_.name;
      for (const ServerNumber heir : ranked(true)) {
        if (heir == raft.self() || !may_lead(heir) || raft.transferring()) continue;
        const auto progress = raft.progress(heir);
        // One that is there but behind may have all of the log in a moment.
        if (!progress || !progress->caught_up || hand_over(heir, cause, false, now)) return;
      }
      const bool takes_votes = raft.configuration().voter_count() > 1 && !options_.list;
      if (takes_votes || somebody_stays()) return;
    }
  }
  end_as_asked();
}

void Node::Impl::end_as_asked() {
  if (stop_by_ && !out_.exit) out_.exit = Exit{.code = 0, .reason = "stopped as asked"};
}

}  // namespace muster::node
