// Weighing the ranks at every join, loss and return; handing over; telling the outcome.
//
// The bully algorithm's outcome with Raft's safety (Garcia-Molina 1982; Ongaro's dissertation,
// section 3.10): ELECTION, OK and COORDINATOR are vote request, vote and the term's first entry.
#include <algorithm>
#include <utility>

#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr std::chrono::minutes losses_remembered{10};
constexpr std::size_t losses_max = 6;  // The wait is at most 64 times as long.

std::uint64_t milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(duration).count());
}

}  // namespace

bool Node::Impl::may_lead(ServerNumber server) const {
  if (server == *identity_.number) return !stop_by_ && !leaving_;
  const Peer* const peer = peers_.find(server, *identity_.group);
  return peer != nullptr && !peer->hello.stopping() && !farewells_.contains(server);
}

// If another one ranks best, the outcome shows when it has been handed the leadership, or could not
// take it in all that time. `server` is the one that joined, came back or went.
void Node::Impl::weigh(const std::string& cause, ServerNumber server, Now now) {
  if (!leads()) return;
  tell_outcome(now);
  const std::vector<ServerNumber> ranking = ranked(false);
  const bool comes = cause.starts_with("joined:") || cause.starts_with("returned:");
  if (comes) won_a_loss_ = false;
  const auto best = std::ranges::find_if(ranking, [&](ServerNumber candidate) {
    return may_lead(candidate) || (comes && candidate == server);
  });
  const bool stays = best == ranking.end() || *best == *identity_.number || appointed_ ||
                     (options_.election == ElectionRule::stable && !is_drained(*identity_.number));
  weighing_ = Weighing{.cause = cause, .since = now.monotonic};
  if (comes) weighing_->newcomer = server;
  if (stays) tell_outcome(now);
}

void Node::Impl::record_election(const Weighing& weighing, Duration took) {
  wire::GroupChange change;
  wire::Election& election = *change.mutable_election();
  election.set_cause(weighing.cause);
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    const bool here = number == *identity_.number || number == weighing.newcomer ||
                      peers_.find(number, *identity_.group) != nullptr;
    const bool votes = role == raft::MemberRole::voter || number == weighing.newcomer;
    if (votes && here) election.add_candidates(number.value);
  }
  election.set_leader(identity_.number->value);
  if (leader_before_) election.set_previous(leader_before_->value);
  election.set_rule(to_schema(options_.election));
  election.set_term(consensus_->raft().term().value);
  election.set_took_ms(milliseconds(took));
  leader_before_ = identity_.number;
  consensus_->offer(change);
}

void Node::Impl::became_leader(std::optional<ServerNumber> previous, Duration leaderless, Now now) {
  leader_before_ = previous;
  appointed_ = false;
  std::string cause = previous                               ? "lost:" + name_of(*previous)
                      : consensus_->raft().term() == Term{1} ? "founded:" + options_.name
                                                             : "restarted:" + options_.name;
  const bool handed = heirloom_ && heirloom_->term() + 1 == consensus_->raft().term().value;
  if (handed) {
    cause = heirloom_->cause();
    appointed_ = heirloom_->appointed();
  } else if (previous) {
    told_lost_.insert(*previous);
  }
  won_a_loss_ = !handed && previous;
  heirloom_.reset();
  weighing_ = Weighing{.cause = cause, .since = now.monotonic};
  leaderless_ = leaderless;
}

void Node::Impl::tell_outcome_if_due(Now now) {
  if (!weighing_ || !consensus_->raft().term_start_committed()) return;
  const Duration patience = 2 * options_.handover_after + options_.failure_timeout;
  const bool waits =
      consensus_->raft().transferring() || now.monotonic - weighing_->since < patience;
  if (leaderless_ || !waits) tell_outcome(now);
}

// The time without a leader belongs to the weighing that ended it, and to none behind it.
void Node::Impl::tell_outcome(Now now) {
  if (!weighing_) return;
  const Weighing weighing = *std::exchange(weighing_, {});
  Duration took{};
  if (leaderless_) took = *std::exchange(leaderless_, {}) + (now.monotonic - weighing.since);
  record_election(weighing, took);
}

// A server that was lost again and again is trusted later each time.
Duration Node::Impl::handover_wait(ServerNumber candidate) const {
  Duration wait = options_.handover_after;
  const auto found = losses_.find(candidate);
  if (found == losses_.end()) return wait;
  std::size_t recent = 0;
  for (const LogTime time : found->second) {
    if (state().time() - time < losses_remembered) ++recent;
  }
  for (std::size_t i = 0; i < std::min(recent, losses_max); ++i) wait *= 2;
  return wait;
}

// The best-ranked voter that has kept up without a break is handed the leadership by whoever has
// it. Under the rule `stable` only by one that was elected because a leader was lost (waiting times
// make the best-ranked likely then, not certain), or that is drained.
void Node::Impl::hand_over_if_due(Now now) {
  raft::Raft& raft = consensus_->raft();
  const bool ranks_count =
      options_.election != ElectionRule::stable || won_a_loss_ || is_drained(raft.self());
  if (!ranks_count || appointed_ || raft.transferring()) return;
  bool better_one_is_here = false;
  for (const ServerNumber candidate : ranked(true)) {
    if (candidate == raft.self()) {
      if (!better_one_is_here) won_a_loss_ = false;
      return;
    }
    better_one_is_here = better_one_is_here || may_lead(candidate);
    const auto progress = raft.progress(candidate);
    if (!progress || !progress->caught_up || !may_lead(candidate)) {
      caught_up_since_.erase(candidate);
      continue;
    }
    const auto [since, is_new] = caught_up_since_.try_emplace(candidate, now.monotonic);
    if (is_new || now.monotonic - since->second < handover_wait(candidate)) continue;
    caught_up_since_.clear();  // Should it fail, commands are taken in before the next attempt.
    const std::string cause = weighing_ ? weighing_->cause : "rank:" + name_of(candidate);
    if (hand_over(candidate, cause, false, now)) {
      notice(NoticeLevel::info, "handing the leadership to " + name_of(candidate));
    }
    return;
  }
}

// The heir is told why before it is told to stand: both are urgent frames of one link.
Result<void> Node::Impl::hand_over(ServerNumber heir, const std::string& cause, bool appointed,
                                   Now now) {
  const Peer* const peer = peers_.find(heir, *identity_.group);
  if (peer == nullptr) {
    return Error{ErrorCode::unavailable, name_of(heir) + " can't be reached"};
  }
  wire::Handover handover;
  handover.set_cause(cause);
  handover.set_appointed(appointed);
  handover.set_term(consensus_->raft().term().value);
  peers_.send(peer->server, wire::FrameType::handover, wire::Lane::urgent,
              {SharedBytes(wire::encode(handover))});
  ++counters_.hand_overs_begun;
  return consensus_->raft().transfer(heir, now.monotonic);
}

void Node::Impl::take_handover(const Peer& peer, const wire::Frame& frame, Now now) {
  if (!consensus_ || peer.group != identity_.group) return;
  const auto handover = wire::decode<wire::Handover>(frame.body.view());
  if (!handover || peer.number != consensus_->raft().leader()) return;
  heirloom_ = *handover;
  ++counters_.hand_overs_taken;
  leader_seen_ = now.monotonic;
}

}  // namespace muster::node
