// Servers that are not let in: what they are told, so that their own terminals say why.
#include <utility>

#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr std::size_t refusals_told_max = 64;

}  // namespace

// Once while it is the same, and over each link. Returns whether it is news.
bool Node::Impl::refuse(const Peer& peer, const std::string& why) {
  if (refusals_told_.size() >= refusals_told_max) refusals_told_.clear();
  RefusalTold& told = refusals_told_[peer.server];
  const bool is_new = told.why != why;
  if (!is_new && told.link == peer.link) return false;
  told = {.link = peer.link, .why = why};
  peers_.send(peer.server, wire::FrameType::refused,
              wire::encode(wire::to_refused({ErrorCode::failed_precondition, why})));
  return is_new;
}

// It has the place of a member that it is not: that one's data is lost, or the list has changed.
// Whoever votes without what it promised before could undo what was acknowledged.
void Node::Impl::refuse_stranger(const Peer& peer) {
  const ServerNumber number{peer.hello.listed().number()};
  const std::string id = "ID " + std::to_string(number.value);
  const std::string why =
      (state().view().members.contains(number)
           ? "it has not the data that " + id + " had: start it with that folder"
           : id + " was not in the list when the group was founded") +
      ", or begin anew with all peers: muster reset";
  if (!refuse(peer, why)) return;
  notice(NoticeLevel::warning,
         peer.hello.name() + " (" + peer.hello.peer_address() + ") is not let in: " + why);
}

// Nobody can be let in without a leader. One that took a lost voter's place may be the reason.
void Node::Impl::refuse_without_leader(const Peer& peer, Now now) {
  if (leadership_.reachable || now.monotonic - leader_seen_ < options_.failure_timeout) return;
  const raft::Configuration& configuration = consensus_->raft().configuration();
  if (configuration.members.empty() || linked_voters() >= configuration.majority()) return;
  std::string why = "its group is without a leader (" + why_not_writable() +
                    "): start those, or if their data is lost for good";
  for (const auto& [number, member] : state().view().members) {
    if (is_linked(number) || member.peer_address() != peer.hello.peer_address()) continue;
    why = "it is where " + member.name() + " was and has not the data that " + member.name() +
          " had, without which its group has no leader (" + why_not_writable() +
          "): start it with that folder, or if that is lost for good";
  }
  refuse(peer, why + ", see muster recover --help");
}

// The other side of it. It holds for that group only.
void Node::Impl::take_refusal(const Peer& peer, const wire::Frame& frame) {
  const auto refused = wire::decode<wire::Refused>(frame.body.view());
  if (!refused || consensus_ || !peer.group) return;
  refusal_ = Refusal{.group = *peer.group,
                     .why = peer.hello.name() +
                            " does not let this server in: " + wire::to_error(*refused).message};
}

// Whether there was something to tell in place of a wait to be let in.
bool Node::Impl::tell_refusal(GroupId group) {
  if (!refusal_ || refusal_->group != group) return false;
  const std::string text = "waiting: " + refusal_->why;
  if (std::exchange(last_wait_, text) != text) notice(NoticeLevel::warning, text);
  return true;
}

}  // namespace muster::node
