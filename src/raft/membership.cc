// Single-server membership changes (dissertation, chapter 4, with the correction of 2015),
// leadership transfer (3.10), founding, and going on alone.
#include <algorithm>
#include <string>
#include <utility>

#include "muster/check.h"
#include "raft/raft.h"

namespace muster::raft {

Raft Raft::found(const Options& options, ServerNumber self, const Configuration& configuration,
                 BytesView annotation, Instant now) {
  check(configuration.is_voter(self));
  Raft founder(options, self, Restored{});
  founder.observe(now);
  founder.hard_ = {Term{1}, self};
  founder.hard_state_changed_ = true;
  founder.lead_with(configuration, annotation);
  founder.silent_until_ = founder.term_start_;
  return founder;
}

/// Pitfall 41: the founder commits entry 1 like any entry, at a majority of those it lists.
void Raft::lead_with(const Configuration& configuration, BytesView annotation) {
  role_ = Role::leader;
  vote_clocks_.clear();
  silent_until_ = {};
  lead();
  append_own(EntryKind::configuration,
             SharedBytes(encode_configuration(configuration, annotation)));
  sync_progress();
}

Result<LogIndex> Raft::propose_configuration(const Configuration& next, BytesView annotation,
                                             Instant now) {
  observe(now);
  if (auto allowed = may_propose(); !allowed) return allowed.error();
  // Pitfall 12: two leaders could each have a change that the other does not know of.
  if (!term_start_committed())
    return Error{ErrorCode::failed_precondition, "this leader's term has not begun everywhere yet"};
  // Pitfall 13: two majorities that differ by two servers need not meet.
  if (!configuration_committed())
    return Error{ErrorCode::failed_precondition, "another membership change is under way"};
  if (voters_changed(configuration(), next) > 1)
    return Error{ErrorCode::invalid_argument, "more than one voter would change at once"};
  if (next.voter_count() == 0 || next.members.size() > Configuration::members_max)
    return Error{ErrorCode::invalid_argument, "a group needs a voter and has a limit of members"};
  SharedBytes payload(encode_configuration(next, annotation));
  if (payload.size() > options_.message_bytes_max)
    return Error{ErrorCode::invalid_argument, "the annotation is larger than a message may be"};
  append_own(EntryKind::configuration, std::move(payload));
  sync_progress();
  return log_.last_index();
}

/// One progress for each other member. One removed is kept for a while: it is to hear that it was
/// removed, or it would stand again and again (pitfall 15).
void Raft::sync_progress() {
  for (const auto& [server, progress] : progress_) {
    if (configuration().contains(server)) continue;
    leaving_.try_emplace(server, now_ + 4 * options_.election_timeout);
  }
  for (const auto& [server, role] : configuration().members) {
    leaving_.erase(server);
    if (server != self_) progress_.try_emplace(server, log_.last_index() + 1, now_);
  }
}

void Raft::forget_those_who_left() {
  if (!configuration_committed()) return;
  for (auto left = leaving_.begin(); left != leaving_.end();) {
    const Progress& progress = progress_.at(left->first);
    const bool knows =
        progress.match() >= configuration_index() && progress.commit_told >= configuration_index();
    if (!knows && now_ < left->second) {
      ++left;
      continue;
    }
    progress_.erase(left->first);
    left = leaving_.erase(left);
  }
}

/// A leader that is no voter leads until that is committed (dissertation, section 4.2.2); then the
/// voter that has most is told to stand, so that nobody waits for a timeout.
void Raft::resign_if_removed() {
  if (configuration().is_voter(self_) || !configuration_committed()) return;
  std::optional<ServerNumber> heir;
  for (auto& [server, progress] : progress_) {
    send_append(server, progress, {});  // Says what is committed.
    if (!configuration().is_voter(server)) continue;
    if (!heir || progress.match() > progress_.at(*heir).match()) heir = server;
  }
  if (heir) send_now(*heir, TimeoutNow{});
  become_follower(hard_.term, std::nullopt);
}

Result<void> Raft::transfer(ServerNumber to, Instant now) {
  observe(now);
  if (auto allowed = may_propose(); !allowed) return allowed;
  if (to == self_ || !configuration().is_voter(to)) {
    return Error{ErrorCode::invalid_argument,
                 "server " + std::to_string(to.value) + " is not another voter"};
  }
  transfer_ = Transfer{to, now_ + options_.election_timeout};
  tell_to_stand_if_caught_up();
  return {};
}

void Raft::tell_to_stand_if_caught_up() {
  const auto found = progress_.find(transfer_->to);
  if (found == progress_.end() || found->second.match() != log_.last_index()) return;
  send_now(transfer_->to, TimeoutNow{});
}

std::optional<ServerNumber> Raft::transferring() const {
  if (!transfer_) return std::nullopt;
  return transfer_->to;
}

/// Pitfall 42: with more than two voters, the others may have committed without this one.
Result<void> Raft::check_only_two_voters(ServerNumber dead) const {
  const Configuration& now_in_force = configuration();
  if (now_in_force.voter_count() != 2 || !now_in_force.is_voter(self_) ||
      !now_in_force.is_voter(dead) || dead == self_) {
    return Error{ErrorCode::failed_precondition,
                 "only one of exactly two voters may go on without the other"};
  }
  if (installing_)
    return Error{ErrorCode::failed_precondition, "a snapshot is still being installed"};
  return {};
}

Result<void> Raft::may_continue_alone(ServerNumber dead) const {
  if (auto two = check_only_two_voters(dead); !two) return two;
  if (!configuration_committed()) {
    return Error{ErrorCode::failed_precondition,
                 "it is not known that only these two voters remained"};
  }
  return {};
}

Result<void> Raft::continue_alone(ServerNumber dead, BytesView annotation, Instant now) {
  observe(now);
  if (auto two = check_only_two_voters(dead); !two) return two;
  Configuration alone = configuration();
  alone.members.erase(dead);
  become_follower(hard_.term, std::nullopt);  // Ends whatever role there was.
  become_candidate(false);  // Its own vote counts when it is durable, and is all it needs then.
  alone_ = Alone{std::move(alone), Bytes(annotation.begin(), annotation.end())};
  return {};
}

}  // namespace muster::raft
