// What a leader looks after: the order of preference, hand-overs, voters that failed; and how the
// last of two servers on one machine goes on alone.
#include <algorithm>
#include <utility>

#include "node/impl.h"
#include "storage/format/small_files.h"
#include "wire/control.h"

namespace muster::node {
namespace {

constexpr Duration upkeep_interval = std::chrono::milliseconds{100};

// A state that was proposed and is not applied after this is proposed again.
constexpr Duration state_patience = std::chrono::seconds{1};

}  // namespace

bool Node::Impl::leads() const {
  return consensus_ && consensus_->raft().role() == raft::Role::leader;
}

// Best first: drained ones last, then priority, then number by the group's rule. It sets waits and
// hand-overs, never votes.
std::vector<ServerNumber> Node::Impl::ranked(bool voters_only) const {
  std::vector<ServerNumber> ranking;
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    if (!voters_only || role == raft::MemberRole::voter) ranking.push_back(number);
  }
  const auto& members = state().view().members;
  const auto priority = [&](ServerNumber number) {
    const auto member = members.find(number);
    return member == members.end() ? std::uint32_t{0} : member->second.priority();
  };
  const bool lowest = options_.election == ElectionRule::lowest_id;
  std::ranges::sort(ranking, [&](ServerNumber a, ServerNumber b) {
    if (is_drained(a) != is_drained(b)) return is_drained(b);
    if (priority(a) != priority(b)) return priority(a) > priority(b);
    return lowest ? a < b : b < a;
  });
  return ranking;
}

void Node::Impl::refresh_rank() {
  const std::vector<ServerNumber> voters = ranked(true);
  const auto self = std::ranges::find(voters, consensus_->raft().self());
  consensus_->raft().set_rank(static_cast<std::uint32_t>(self - voters.begin()));
}

// Nobody waits for the place of the leader that is gone, nor for those of others that are.
void Node::Impl::leader_is_gone(Now now) {
  std::uint32_t before = 0;
  for (const ServerNumber voter : ranked(true)) {
    if (voter == consensus_->raft().self()) break;
    if (is_linked(voter)) ++before;
  }
  consensus_->raft().set_rank(before);
  consensus_->raft().leader_lost(now.monotonic);
}

void Node::Impl::upkeep(Now now) {
  next_upkeep_ = now.monotonic + upkeep_interval;
  meet_telemetry_peers(now);
  tell_heartbeats(now);
  if (!consensus_) return;
  rest_eagerness(now);
  if (somebody_waits_for_commits() != has_followers_) {
    has_followers_ = !has_followers_;
    refresh_hello();
  }
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    if (number == *identity_.number || peers_.find(number, *identity_.group) != nullptr) {
      lost_since_.erase(number);
    } else {
      lost_since_.try_emplace(number, now.monotonic);
    }
  }
  watch_those_asked_to_leave(now);
  tell_what_is_missing(now);
  refuse_unknown_behaviour(*identity_.group);
  compare_digests();
  // Not only the leader's: a founder whose disk was slow no longer leads when it may first invite.
  for (const auto& [server, peer] : peers_.all()) {
    if (peer.group != identity_.group) {
      peer_arrived(server, now);
    } else {
      is_member(peer);  // When it arrived, this server may not yet have known.
    }
  }
  if (leads()) {
    tell_outcome_if_due(now);
    note_states(now);
    relearn_members(now);
    raise_behaviour();
    if (!stop_by_ && !leaving_) hand_over_if_due(now);
    mend_voters(now);
    forget_the_lost(now);
  }
  place_clients(now);
  leave_dissolved_group(now);
  give_up_dead_group(now);
  refresh_beacon(now);
  watch_orphans(now);
  continue_alone_if_proven(now);
  refresh_surroundings(now);
}

// Sessions time out on the clock of their home; when that is gone, on the leader's. Their clients
// have so long to attach elsewhere, which voids the end. A home that comes back times its own.
void Node::Impl::watch_orphans(Now now) {
  std::optional<std::set<ServerNumber>> in_reach;
  if (leads()) in_reach.emplace();
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    if (in_reach && !is_lost(number, now)) in_reach->insert(number);
  }
  if (in_reach == homes_in_reach_) return;
  const auto before = std::exchange(homes_in_reach_, std::move(in_reach));
  state().sessions().for_each([&](SessionId id, const replica::Session& session) {
    if (session.home == consensus_->raft().self()) return;
    const bool watched = before && !before->contains(session.home);
    if ((homes_in_reach_ && !homes_in_reach_->contains(session.home)) == watched) return;
    if (watched) {
      edge_.unwatch(id);
    } else {
      edge_.watch_absent(id, session.epoch, session.timeout, now.monotonic);
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

bool Node::Impl::change_role(ServerNumber server, raft::MemberRole role,
                             wire::MemberChange::Kind kind, const std::string& cause, Now now) {
  raft::Configuration next = consensus_->raft().configuration();
  next.members[server] = role;
  wire::MemberChange change;
  change.set_kind(kind);
  const auto member = state().view().members.find(server);
  if (member != state().view().members.end()) *change.mutable_member() = member->second;
  change.set_cause(cause);
  change.set_time_ms(consensus_->log_time(now).milliseconds);
  // Refused while another change is under way: upkeep comes back to it.
  return consensus_->raft()
      .propose_configuration(next, wire::encode(change), now.monotonic)
      .has_value();
}

Result<LogIndex> Node::Impl::drop_member(ServerNumber server, wire::MemberChange::Kind kind,
                                         const std::string& cause, Now now) {
  raft::Configuration next = consensus_->raft().configuration();
  next.members.erase(server);
  if (next.voter_count() == 0) {
    return Error{ErrorCode::failed_precondition, "nobody else has a vote"};
  }
  wire::MemberChange change;
  change.set_kind(kind);
  const auto member = state().view().members.find(server);
  if (member != state().view().members.end()) *change.mutable_member() = member->second;
  change.mutable_member()->set_number(server.value);
  change.set_cause(cause);
  change.set_time_ms(consensus_->log_time(now).milliseconds);
  return consensus_->raft().propose_configuration(next, wire::encode(change), now.monotonic);
}

std::map<ServerNumber, Standing> Node::Impl::standings(Now now) {
  const raft::Raft& raft = consensus_->raft();
  const auto& members = state().view().members;
  std::map<ServerNumber, Standing> standings;
  for (const auto& [number, role] : raft.configuration().members) {
    Standing& one = standings[number];
    one.role = role;
    if (number == raft.self()) {
      one.caught_up = true;
      continue;
    }
    one.failed = is_lost(number, now);
    const auto member = members.find(number);
    const bool linked = peers_.find(number, *identity_.group) != nullptr;
    const bool recorded =
        member != members.end() && member->second.state() == wire::ServerState::STOPPED && !linked;
    one.stopped = recorded || farewells_.contains(number);
    const auto progress = raft.progress(number);
    one.caught_up = linked && progress && progress->caught_up;
    // A link may be all that is left of a machine for a while.
    one.answers = linked && progress && progress->match >= raft.term_start() &&
                  now.monotonic - progress->last_heard < options_.election_timeout;
  }
  return standings;
}

// One change at a time, each when the one before is committed.
void Node::Impl::mend_voters(Now now) {
  if (options_.list) return;  // All of it vote, whatever becomes of them.
  const raft::Raft& raft = consensus_->raft();
  if (!raft.configuration_committed() || !raft.term_start_committed()) return;
  for (const auto& [number, for_good] : farewells_) {
    const bool standby =
        raft.configuration().contains(number) && !raft.configuration().is_voter(number);
    if (for_good && standby) {
      static_cast<void>(drop_member(number, wire::MemberChange::LEFT, {}, now));
      return;
    }
  }
  const VoterRules rules{.voters_max = options_.voters,
                         .one_machine = on_one_machine(),
                         .prefers_rank = options_.election != ElectionRule::stable};
  const auto members = standings(now);
  const auto change = next_role_change(members, ranked(false), raft.self(), rules);
  if (!change) return;
  if (change->kind == RoleChangeKind::promote) {
    change_role(change->server, raft::MemberRole::voter, wire::MemberChange::PROMOTED, "", now);
  } else {
    change_role(change->server, raft::MemberRole::standby, wire::MemberChange::DEMOTED,
                members.at(change->server).failed    ? "it failed"
                : members.at(change->server).stopped ? "it stops"
                                                     : "others rank higher",
                now);
  }
}

// What the leader sees of the others becomes part of the view: lost, stopped, back.
void Node::Impl::note_states(Now now) {
  if (!consensus_->raft().term_start_committed()) return;
  for (const auto& [number, member] : state().view().members) {
    if (!consensus_->raft().configuration().contains(number)) continue;
    const bool linked =
        number == *identity_.number || peers_.find(number, *identity_.group) != nullptr;
    const auto farewell = farewells_.find(number);
    auto state = member.state();
    if (farewell != farewells_.end()) {
      if (!farewell->second) state = wire::ServerState::STOPPED;
    } else if (linked) {
      state = wire::ServerState::ALIVE;
    } else if (state != wire::ServerState::STOPPED && is_lost(number, now)) {
      state = wire::ServerState::FAILED;
    }
    if (state == member.state() || member.state() == wire::ServerState::UNKNOWN) continue;
    const auto proposed = states_proposed_.find(number);
    if (proposed != states_proposed_.end() && proposed->second.first == state &&
        now.monotonic - proposed->second.second < state_patience) {
      continue;
    }
    states_proposed_[number] = {state, now.monotonic};
    wire::GroupChange change;
    change.mutable_state()->set_number(number.value);
    change.mutable_state()->set_state(state);
    consensus_->offer(change);
  }
}

// Ids identify: names, addresses and the like are learned anew from each who comes back.
void Node::Impl::relearn_members(Now now) {
  if (now.monotonic < next_relearning_) return;
  next_relearning_ = now.monotonic + state_patience;
  for (const auto& [server, peer] : peers_.all()) {
    if (peer.group != identity_.group) continue;
    relearn(*peer.number, member_of(peer, *peer.number));
  }
  relearn(*identity_.number, own_member());
}

// Once all programs support more, those of servers that are away included, all behave so.
void Node::Impl::raise_behaviour() {
  const group::View& view = state().view();
  if (view.members.empty() || consensus_->queued_bytes() > 0) return;
  std::uint32_t supported = options_.behaviour_version;
  for (const auto& [number, member] : view.members) {
    supported = std::min(supported, member.behaviour_version());
  }
  if (supported <= view.behaviour) return;
  wire::GroupChange change;
  change.set_behaviour(supported);
  consensus_->offer(change);
}

// What such a group's log means is not known here: a guess would give another state.
void Node::Impl::refuse_unknown_behaviour(GroupId group) {
  std::uint32_t needed = state().view().behaviour;
  for (const auto& [server, peer] : peers_.all()) {
    if (peer.group == group) needed = std::max(needed, peer.hello.behaviour());
  }
  if (needed <= options_.behaviour_version) return;
  fail({ErrorCode::failed_precondition,
        "the services of group " + options_.group + " behave as of version " +
            std::to_string(needed) + "; this program knows them up to version " +
            std::to_string(options_.behaviour_version) + ": start a newer one"});
}

// Who differs from a majority has a state that the log does not explain: it must not go on serving.
void Node::Impl::compare_digests() {
  if (const auto digests = consensus_->digests().to_tell()) {
    const Bytes body = wire::encode(*digests);
    for (const auto& [server, peer] : peers_.all()) {
      if (peer.group != identity_.group) continue;
      peers_.send(server, wire::FrameType::state_digests, body);
    }
  }
  std::set<ServerNumber> voters;
  for (const auto& [number, role] : consensus_->raft().configuration().members) {
    if (role == raft::MemberRole::voter) voters.insert(number);
  }
  const auto verdict = consensus_->digests().judge(voters);
  if (!verdict) return;
  std::map<ServerNumber, std::string> names;
  for (const auto& [number, member] : state().view().members) names[number] = member.name();
  const std::string text = words_for(*verdict, names);
  if (!verdict->outvoted) return notice(NoticeLevel::error, text + ": report it");
  fail({ErrorCode::internal,
        text + ". This server is alone with its state and stops: check its memory and that all run "
               "the same program; then start it with --rejoin, which archives its data"});
}

void Node::Impl::relearn(ServerNumber number, const wire::Member& said) {
  const auto known = state().view().members.find(number);
  if (known == state().view().members.end()) return;
  wire::Member learnt = known->second;
  if (!group::relearn(learnt, said)) return;
  wire::GroupChange change;
  *change.mutable_updated() = learnt;
  consensus_->offer(change);
}

// A failed member without a vote leaves the list when it was gone for long enough.
void Node::Impl::forget_the_lost(Now now) {
  const raft::Raft& raft = consensus_->raft();
  if (!raft.configuration_committed() || !raft.term_start_committed()) return;
  const auto forget_after =
      std::chrono::floor<std::chrono::milliseconds>(options_.forget_after).count();
  for (const auto& [number, member] : state().view().members) {
    if (member.state() != wire::ServerState::FAILED || raft.configuration().is_voter(number)) {
      continue;
    }
    if (consensus_->log_time(now).milliseconds - member.state_since_ms() < forget_after) continue;
    static_cast<void>(
        drop_member(number, wire::MemberChange::REMOVED, "it was gone for too long", now));
    return;
  }
}

// With two voters everything committed is on both disks, so either may go on without the other,
// once that one can never vote again: its folder's lock is held and the fence record is in it. If
// there were once more voters than this server knows of, the other's log goes further than its own,
// and the fence is refused.
void Node::Impl::continue_alone_if_proven(Now now) {
  const raft::Raft& raft = consensus_->raft();
  if (fencing_ || options_.list || raft.configuration().voter_count() != 2) return;
  if (raft.stored_index() != raft.last_index()) return;  // The record speaks of what is durable.
  for (const auto& [number, role] : raft.configuration().members) {
    if (role != raft::MemberRole::voter || number == raft.self() || !is_lost(number, now)) continue;
    // After a restart it is not known what is committed; but a record of its own tells that, before
    // it, this server knew: then it only completes what the record says.
    const bool only_confirm = !raft.may_continue_alone(number);
    if (only_confirm && raft.leader()) continue;
    const auto dead = only_confirm ? identity_.leaves_behind : who_is_left_behind(number);
    if (!dead || dead->number != number) continue;
    if (identity_.leaves_behind != dead) {
      identity_.leaves_behind = dead;
      jobs_.add(storage::IdentityJob{identity_});
    }
    fencing_ = FencePending{.job = jobs_.add(storage::FenceJob{
                                .folder = dead->folder,
                                .server = dead->server,
                                .record = {.by = identity_.server,
                                           .term = raft.term_at(raft.last_index()).value_or(Term{}),
                                           .index = raft.last_index()},
                                .only_confirm = only_confirm}),
                            .dead = number,
                            .only_confirm = only_confirm};
    return;
  }
}

// Nothing if not all is on one machine.
std::optional<storage::LeftBehind> Node::Impl::who_is_left_behind(ServerNumber number) const {
  if (!on_one_machine()) return std::nullopt;
  const wire::Member& member = state().view().members.at(number);
  const Result<ServerId> id = wire::parse_id<ServerId>(member.id());
  if (!id || member.folder().size() > storage::identity_text_max) return std::nullopt;
  return storage::LeftBehind{.server = *id, .number = number, .folder = member.folder()};
}

void Node::Impl::fence_done(const storage::DiskResult& result, Now now) {
  const ServerNumber dead = fencing_->dead;
  const bool fencing_only_confirms = fencing_->only_confirm;
  fencing_.reset();
  lost_since_.erase(dead);  // If it lives after all, it is looked at again after a while.
  if (const auto* const failed = std::get_if<storage::Failed>(&result.outcome)) {
    const std::string text =
        "going on without " + name_of(dead) + " is not safe: " + failed->error.message;
    if (std::exchange(fence_refused_, text) == text) return;
    return notice(fencing_only_confirms ? NoticeLevel::debug : NoticeLevel::warning, text);
  }
  wire::MemberChange change;
  change.set_kind(wire::MemberChange::REMOVED);
  change.mutable_member()->set_number(dead.value);
  change.set_cause("it was fenced");
  change.set_time_ms(now.wall.milliseconds);
  const auto alone = consensus_->raft().continue_alone(dead, wire::encode(change), now.monotonic);
  if (!alone) return notice(NoticeLevel::warning, alone.error().message);
  notice(NoticeLevel::info,
         "going on alone: " + name_of(dead) + " is dead and can't come back with its old data");
}

// A hand-over or an election that goes well is over before this is worth a word.
void Node::Impl::tell_what_is_missing(Now now) {
  if (leadership_.leader && leadership_.reachable) {
    last_wait_.clear();
    return;
  }
  if (now.monotonic - leader_seen_ < options_.election_timeout) return;
  if (ready_told_) {
    const std::string text = "no leader: " + why_not_writable();
    if (text != last_wait_) notice(NoticeLevel::info, text);
    last_wait_ = text;
  } else {
    tell_wait("group " + options_.group + " needs " + who_is_needed());
  }
}

}  // namespace muster::node
