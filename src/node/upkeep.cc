// What a leader looks after: the order of preference, hand-overs, voters that failed; and how the
// last of two servers on one machine goes on alone.
#include <algorithm>
#include <utility>

#include "node/impl.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr Duration upkeep_interval = std::chrono::milliseconds{100};

std::size_t voters_for(std::size_t members) {
  if (members <= 2) return members;
  return members <= 4 ? 3 : 5;
}

}  // namespace

bool Node::Impl::leads() const {
  return consensus_ && consensus_->raft().role() == raft::Role::leader;
}

// Best first: priority, then number by the group's rule. It sets waits and hand-overs, never votes.
std::vector<ServerNumber> Node::Impl::ranked_voters() const {
  const raft::Configuration& configuration = consensus_->raft().configuration();
  std::vector<ServerNumber> voters;
  for (const auto& [number, role] : configuration.members) {
    if (role == raft::MemberRole::voter) voters.push_back(number);
  }
  const auto& members = state().view().members;
  const auto priority = [&](ServerNumber number) {
    const auto member = members.find(number);
    return member == members.end() ? std::uint32_t{0} : member->second.priority();
  };
  const bool lowest = options_.election == ElectionRule::lowest_id;
  std::ranges::sort(voters, [&](ServerNumber a, ServerNumber b) {
    if (priority(a) != priority(b)) return priority(a) > priority(b);
    return lowest ? a < b : b < a;
  });
  return voters;
}

void Node::Impl::refresh_rank() {
  const std::vector<ServerNumber> voters = ranked_voters();
  const auto self = std::ranges::find(voters, consensus_->raft().self());
  consensus_->raft().set_rank(static_cast<std::uint32_t>(self - voters.begin()));
}

void Node::Impl::upkeep(Now now) {
  next_upkeep_ = now.monotonic + upkeep_interval;
  if (!consensus_) return;
  rest_eagerness(now);
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    if (number == *identity_.number || peers_.find(number, *identity_.group) != nullptr) {
      lost_since_.erase(number);
    } else {
      lost_since_.try_emplace(number, now.monotonic);
    }
  }
  // A hand-over or an election that goes well is over before this is worth a word.
  if (leaderless_since_ && now.monotonic - *leaderless_since_ >= options_.election_timeout) {
    notice(NoticeLevel::info, "no leader: " + why_not_writable());
    leaderless_since_.reset();
  }
  // Not only the leader's: a founder whose disk was slow no longer leads when it may first invite.
  for (const auto& [server, peer] : peers_.all()) {
    if (!peer.group) peer_arrived(server, now);
  }
  if (leads()) {
    hand_over_if_due(now);
    mend_voters(now);
  }
  watch_orphans(now);
  continue_alone_if_proven(now);
  refresh_surroundings(now);
}

// The bully algorithm's outcome with Raft's safety: the best-ranked voter that has kept up without
// a break is handed the leadership by whoever has it.
void Node::Impl::hand_over_if_due(Now now) {
  raft::Raft& raft = consensus_->raft();
  if (options_.election == ElectionRule::stable || raft.transferring()) return;
  for (const ServerNumber candidate : ranked_voters()) {
    if (candidate == raft.self()) return;
    const auto progress = raft.progress(candidate);
    if (!progress || !progress->caught_up) {
      caught_up_since_.erase(candidate);
      continue;
    }
    const auto [since, is_new] = caught_up_since_.try_emplace(candidate, now.monotonic);
    if (is_new || now.monotonic - since->second < options_.handover_after) continue;
    caught_up_since_.clear();  // Should it fail, commands are taken in before the next attempt.
    if (raft.transfer(candidate, now.monotonic)) {
      notice(NoticeLevel::info, "handing the leadership to " + name_of(candidate));
    }
    return;
  }
}

// Sessions time out on the clock of their home; when that is gone, on the leader's. Their clients
// have so long to attach elsewhere, which voids the end. A home that comes back times its own.
void Node::Impl::watch_orphans(Now now) {
  const raft::Configuration& configuration = consensus_->raft().configuration();
  std::set<ServerNumber> gone;
  for (std::uint32_t number = 1; leads() && number < state().view().next_number; ++number) {
    if (!configuration.contains({number}) || is_lost({number}, now)) gone.insert({number});
  }
  if (gone == orphans_watched_) return;
  const std::set<ServerNumber> before = std::exchange(orphans_watched_, std::move(gone));
  state().sessions().for_each([&](SessionId id, const replica::Session& session) {
    if (session.home == consensus_->raft().self()) return;
    const bool watched = before.contains(session.home);
    if (orphans_watched_.contains(session.home) == watched) return;
    if (watched) {
      edge_.unwatch(id);
    } else {
      edge_.watch_absent(id, session.epoch, now.monotonic);
    }
  });
}

bool Node::Impl::is_lost(ServerNumber server, Now now) const {
  const auto lost = lost_since_.find(server);
  return lost != lost_since_.end() && now.monotonic - lost->second >= options_.failure_timeout;
}

bool Node::Impl::on_one_machine() const {
  if (options_.machine.empty()) return false;
  const auto& members = state().view().members;
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    if (role != raft::MemberRole::voter) continue;
    const auto member = members.find(number);
    if (member == members.end() || member->second.machine() != options_.machine) return false;
  }
  return true;
}

void Node::Impl::change_role(ServerNumber server, raft::MemberRole role,
                             wire::MemberChange::Kind kind, const std::string& cause, Now now) {
  raft::Configuration next = consensus_->raft().configuration();
  next.members[server] = role;
  wire::MemberChange change;
  change.set_kind(kind);
  const auto member = state().view().members.find(server);
  if (member != state().view().members.end()) *change.mutable_member() = member->second;
  change.set_cause(cause);
  // Refused while another change is under way: upkeep comes back to it.
  if (consensus_->raft().propose_configuration(next, wire::encode(change), now.monotonic)) {
    notice(NoticeLevel::info, cause);
  }
}

// Voters are 1, 2, 3, 3, 5, 5 … of 1, 2, 3, 4, 5, 6 … members. A standby that keeps up is promoted
// while there are too few; on one machine, where a dead server can be proven dead, a failed one of
// three steps back, so that the other two can follow the rule of two.
void Node::Impl::mend_voters(Now now) {
  const raft::Raft& raft = consensus_->raft();
  if (!raft.configuration_committed() || !raft.term_start_committed()) return;
  std::size_t alive = 0;
  for (const auto& [number, role] : raft.configuration().members) {
    if (!is_lost(number, now)) ++alive;
  }
  const std::size_t voters = raft.configuration().voter_count();
  for (const auto& [number, role] : raft.configuration().members) {
    if (role == raft::MemberRole::standby && voters < voters_for(alive)) {
      const auto progress = raft.progress(number);
      if (!progress || !progress->caught_up) continue;
      return change_role(number, raft::MemberRole::voter, wire::MemberChange::PROMOTED,
                         name_of(number) + " votes from now on", now);
    }
    if (role == raft::MemberRole::voter && voters == 3 && is_lost(number, now) &&
        on_one_machine()) {
      return change_role(number, raft::MemberRole::standby, wire::MemberChange::DEMOTED,
                         name_of(number) + " failed and votes no more until it is back", now);
    }
  }
}

// With two voters everything committed is on both disks, so either may go on without the other,
// once that one can never vote again: its folder's lock is held and the fence record is in it. If
// there were once more voters than this server knows of, the other's log goes further than its own,
// and the fence is refused.
void Node::Impl::continue_alone_if_proven(Now now) {
  if (fencing_ || !on_one_machine()) return;
  const raft::Raft& raft = consensus_->raft();
  for (const auto& [number, role] : raft.configuration().members) {
    if (role != raft::MemberRole::voter || number == raft.self()) continue;
    if (!is_lost(number, now) || !raft.may_continue_alone(number)) continue;
    if (raft.stored_index() != raft.last_index())
      continue;  // The record speaks of what is durable.
    const wire::Member& dead = state().view().members.at(number);
    fencing_ = FencePending{.job = jobs_.add(storage::FenceJob{
                                .folder = dead.folder(),
                                .record = {.by = identity_.server,
                                           .term = raft.term_at(raft.last_index()).value_or(Term{}),
                                           .index = raft.last_index()}}),
                            .dead = number};
    return;
  }
}

void Node::Impl::fence_done(const storage::DiskResult& result, Now now) {
  const ServerNumber dead = fencing_->dead;
  fencing_.reset();
  lost_since_.erase(dead);  // If it lives after all, it is looked at again after a while.
  if (const auto* const failed = std::get_if<storage::Failed>(&result.outcome)) {
    return notice(NoticeLevel::warning,
                  "going on without " + name_of(dead) + " is not safe: " + failed->error.message);
  }
  wire::MemberChange change;
  change.set_kind(wire::MemberChange::REMOVED);
  change.mutable_member()->set_number(dead.value);
  change.set_cause("fenced: " + name_of(dead));
  const auto alone = consensus_->raft().continue_alone(dead, wire::encode(change), now.monotonic);
  if (!alone) return notice(NoticeLevel::warning, alone.error().message);
  notice(NoticeLevel::info,
         "going on alone: " + name_of(dead) + " is dead and can't come back with its old data");
}

void Node::Impl::stop_when_handed_over(Now now) {
  if (leads() && now.monotonic < *stop_by_) {
    raft::Raft& raft = consensus_->raft();
    if (raft.transferring()) return;
    for (const ServerNumber heir : ranked_voters()) {
      const auto progress = heir == raft.self() ? std::nullopt : raft.progress(heir);
      if (progress && progress->caught_up && raft.transfer(heir, now.monotonic)) return;
    }
    // Nobody has all of the log just now, but one who is there may have it in a moment.
    for (const ServerNumber heir : ranked_voters()) {
      if (peers_.find(heir, *identity_.group) != nullptr) return;
    }
  }
  if (!out_.exit) out_.exit = Exit{0, "stopped as asked"};
}

}  // namespace muster::node
