// A leader's side of replication: Raft, sections 5.3 and 5.4; dissertation, section 10.2.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "muster/check.h"
#include "raft/raft.h"

namespace muster::raft {

Result<void> Raft::may_propose() const {
  if (role_ != Role::leader) {
    return Error{ErrorCode::unavailable,
                 leader_ ? "server " + std::to_string(leader_->value) + " is the leader"
                         : "there is no leader now"};
  }
  // Pitfall 23: paused during a hand-over; `tick_leader` ends the pause.
  if (transfer_) return Error{ErrorCode::unavailable, "the leadership is being handed over"};
  return {};
}

Result<LogIndex> Raft::propose(SharedBytes payload, Instant now) {
  observe(now);
  if (auto allowed = may_propose(); !allowed) return allowed.error();
  if (payload.size() > options_.message_bytes_max)
    return Error{ErrorCode::invalid_argument, "the entry is larger than a message may be"};
  if (uncommitted_bytes_ > 0 &&
      uncommitted_bytes_ + payload.size() > options_.uncommitted_bytes_max)
    return Error{ErrorCode::resource_exhausted, "too much is waiting to be committed; slow down"};
  append_own(EntryKind::commands, std::move(payload));
  return log_.last_index();
}

void Raft::append_own(EntryKind kind, SharedBytes payload) {
  uncommitted_bytes_ += payload.size();
  log_.append({hard_.term, log_.last_index() + 1, kind, std::move(payload)});
}

/// What all leaders begin with, however they came to lead in this term.
void Raft::lead() {
  leader_ = self_;
  refusals_ = 0;
  election_deadline_ = Instant::max();
  term_start_ = log_.last_index() + 1;
  uncommitted_bytes_ = 0;
  for (LogIndex i = commit_ + 1; i <= log_.last_index(); i = i + 1)
    uncommitted_bytes_ += log_.cached(i).payload.size();
  progress_.clear();
  leaving_.clear();
  transfer_.reset();
  receiving_.reset();
  sync_progress();
  commit_at_heartbeat_ = commit_at_last_heartbeat_ = commit_;
  heartbeat_due_ = now_ + options_.heartbeat_interval;
}

void Raft::commit_what_a_majority_has() {
  matches_.clear();
  for (const auto& [server, role] : configuration().members) {
    if (role != MemberRole::voter) continue;
    // Pitfall 5: the leader counts what is durable on its own disk, not what it has appended.
    matches_.push_back(server == self_ ? log_.stored_index() : progress_.at(server).match());
  }
  // Pitfall 3: what the majority has is the median, whatever the leader's own disk has.
  std::ranges::sort(matches_, std::greater{});
  const LogIndex candidate = matches_[configuration().majority() - 1];
  if (candidate <= commit_) return;
  // Pitfall 1: entries of earlier terms are committed only along with one of the own (5.4.2).
  if (log_.term_at(candidate) != hard_.term) return;
  set_commit(candidate);
}

void Raft::on(const Message& message, const AppendReply& reply) {
  const auto found = progress_.find(message.from);
  if (role_ != Role::leader || found == progress_.end()) return;
  Progress& progress = found->second;
  progress.heard(now_);
  progress.confirmed_round = std::max(progress.confirmed_round, std::min(reply.round, round_));
  if (!reply.accepted) return refused_append(progress, reply);
  progress.matched(reply.match);
  if (transfer_ && transfer_->to == message.from) tell_to_stand_if_caught_up();
}

void Raft::refused_append(Progress& progress, const AppendReply& reply) {
  const bool late = reply.match <= progress.match() || (progress.state() == ProgressState::probe &&
                                                        reply.match + 1 != progress.next());
  if (late || progress.state() == ProgressState::snapshot) return;
  // Below the base the leader knows no terms: the follower's word stands, and means a snapshot.
  const LogIndex agreed = reply.hint_index < log_.base_index()
                              ? reply.hint_index
                              : log_.last_index_with_term_at_most(
                                    reply.hint_term, std::min(reply.hint_index, log_.last_index()));
  progress.probe_from(std::min(agreed + 1, reply.match));
}

void Raft::form_messages() {
  // A leader by construction shows itself only when its term, vote and first entry are durable.
  if (log_.stored_index() < silent_until_) return;
  for (auto& [follower, progress] : progress_) form_for(follower, progress);
}

void Raft::form_for(ServerNumber follower, Progress& progress) {
  // What it needs is compacted; the transfer knows better than a window that may be lost.
  if (progress.state() != ProgressState::snapshot && progress.next() < log_.first_index())
    progress.begin_transfer(snapshot_, 2 * options_.heartbeat_interval);
  if (progress.state() != ProgressState::snapshot) send_from_log(follower, progress);
  if (progress.state() == ProgressState::snapshot) form_transfer(follower, progress);

  // Everybody is told at once of a change of the membership: it is in the view when it is applied.
  const bool membership =
      progress.commit_told < log_.configuration_index() && log_.configuration_index() <= commit_;
  const bool eager = membership || commit_eager_.contains(follower) || leaving_.contains(follower);
  const bool news =
      eager && progress.commit_told < commit_ && progress.state() == ProgressState::replicate;
  if (news || progress.heartbeat_due || progress.sent_round < round_)
    send_append(follower, progress, {});
}

void Raft::send_from_log(ServerNumber follower, Progress& progress) {
  const Progress::Window window{options_.window_bytes, options_.window_entries};
  while (progress.next() <= log_.last_index() && progress.may_send(window)) {
    if (progress.next() < log_.cache_first()) {
      if (!progress.fetching)
        out_.fetch.push_back({follower, progress.next(), options_.message_bytes_max});
      progress.fetching = true;
      return;
    }
    send_append(follower, progress, cached_entries(progress.next()));
  }
}

std::vector<Entry> Raft::cached_entries(LogIndex first) const {
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  const LogIndex last = std::min(log_.last_index(), first + (options_.window_entries - 1));
  for (LogIndex index = first; index <= last; index = index + 1) {
    const Entry& entry = log_.cached(index);
    bytes += entry.payload.size();
    if (!entries.empty() && bytes > options_.message_bytes_max) break;
    entries.push_back(entry);
  }
  return entries;
}

void Raft::send_append(ServerNumber follower, Progress& progress, std::vector<Entry> entries) {
  // During a transfer there is no place that both know: it is heard, and matches nothing.
  const bool unknown = progress.state() == ProgressState::snapshot;
  const LogIndex previous = unknown ? LogIndex{} : progress.next() - 1;
  const Term previous_term = unknown ? Term{} : *log_.term_at(previous);

  if (!unknown) {
    std::size_t bytes = 0;
    for (const Entry& entry : entries) bytes += entry.payload.size();
    progress.sent(previous + entries.size(), bytes);
    progress.commit_told = commit_;
  }
  progress.heartbeat_due = false;
  progress.sent_round = round_;
  send_now(follower, AppendRequest{previous, previous_term, commit_, round_, std::move(entries)});
}

void Raft::fetched(ServerNumber follower, std::vector<Entry> entries) {
  const auto found = progress_.find(follower);
  if (role_ != Role::leader || found == progress_.end() || !found->second.fetching) return;
  Progress& progress = found->second;
  const bool stale = progress.state() == ProgressState::snapshot ||
                     progress.next() < log_.first_index() ||
                     (!entries.empty() && entries.front().index != progress.next());
  progress.fetching = false;
  if (stale) return;
  if (entries.empty()) {
    progress.fetch_failed = progress.fetching = snapshot_.index < progress.next();
    if (!progress.fetch_failed) progress.begin_transfer(snapshot_, 2 * options_.heartbeat_interval);
    return;
  }
  LogIndex expected = progress.next();
  for (const Entry& entry : entries) {
    if (entry.index != expected || log_.term_at(entry.index) != entry.term) return;
    expected = expected + 1;
  }
  if (progress.may_send({options_.window_bytes, options_.window_entries}))
    send_append(follower, progress, std::move(entries));
}

Instant Raft::quorum_deadline() const {
  std::vector<Instant> heard;
  for (const auto& [server, role] : configuration().members) {
    if (role != MemberRole::voter) continue;
    heard.push_back(server == self_ ? Instant::max() : progress_.at(server).last_heard());
  }
  std::ranges::sort(heard, std::greater{});
  const Instant oldest = heard[configuration().majority() - 1];
  return oldest == Instant::max() ? oldest : oldest + options_.election_timeout;
}

void Raft::tick_leader() {
  // Check-quorum (dissertation, section 6.2): who does not hear a majority does not lead.
  if (now_ >= quorum_deadline()) return become_follower(hard_.term, std::nullopt);
  if (transfer_ && now_ >= transfer_->deadline) transfer_.reset();  // Pitfall 23: resumes.
  if (now_ < heartbeat_due_) return;
  heartbeat_due_ = now_ + options_.heartbeat_interval;
  commit_at_last_heartbeat_ = std::exchange(commit_at_heartbeat_, commit_);
  forget_those_who_left();
  for (auto& [follower, progress] : progress_) {
    progress.heartbeat_due = true;
    if (std::exchange(progress.fetch_failed, false)) progress.fetching = false;
    if (auto& sending = progress.transfer()) sending->send_again_if_lost(now_);
  }
  if (transfer_) tell_to_stand_if_caught_up();
}

void Raft::peer_connected(ServerNumber peer, Instant now) {
  observe(now);
  if (role_ == Role::pre_candidate || role_ == Role::candidate) {
    if (configuration().is_voter(peer) && peer != self_ && !votes_.contains(peer))
      ask_for_vote(peer);
    return;
  }
  const auto found = progress_.find(peer);
  if (role_ != Role::leader || found == progress_.end()) return;
  Progress& progress = found->second;
  progress.heartbeat_due = true;
  if (progress.transfer()) {
    progress.transfer()->in_flight = false;
  } else {
    // One that is still sought goes on: from the start it would be sent the whole log.
    const bool sought = progress.state() == ProgressState::probe;
    progress.probe_from(sought ? progress.next() : progress.match() + 1);
  }
}

void Raft::set_times(Duration heartbeat_interval, Duration election_timeout, Duration rank_wait) {
  check(election_timeout >= 2 * heartbeat_interval);
  options_.heartbeat_interval = heartbeat_interval;
  options_.election_timeout = election_timeout;
  options_.rank_wait = rank_wait;
}

void Raft::set_commit_eager(ServerNumber follower, bool eager) {
  if (eager) {
    commit_eager_.insert(follower);
  } else {
    commit_eager_.erase(follower);
  }
}

std::optional<ProgressView> Raft::progress(ServerNumber server) const {
  const auto found = progress_.find(server);
  if (found == progress_.end()) return std::nullopt;
  const Progress& progress = found->second;
  const bool caught_up = progress.state() == ProgressState::replicate &&
                         now_ - progress.last_heard() < options_.election_timeout &&
                         progress.match() >= commit_at_last_heartbeat_;
  return ProgressView{progress.match(), progress.next(), progress.state(), progress.last_heard(),
                      caught_up};
}

}  // namespace muster::raft
