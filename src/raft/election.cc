// Raft, section 5.2; pre-vote, stickiness and hand-over: dissertation, sections 9.6, 4.2.3, 3.10.
#include <algorithm>
#include <utility>

#include "raft/raft.h"

namespace muster::raft {
namespace {

Term next(Term term) {
  return {term.value + 1};
}

}  // namespace

Duration Raft::silence_wait() {
  // Pitfall 22: rank changes waits, never votes.
  return options_.election_timeout + rank_ * options_.rank_wait +
         random_.between(Duration::zero(), 2 * options_.rank_wait);
}

Duration Raft::candidacy_wait() {
  const Duration silence = silence_wait();
  if (silence <= options_.candidacy_max) return silence;
  return random_.between(options_.candidacy_max / 2, options_.candidacy_max);
}

bool Raft::hears_leader() const {
  if (role_ == Role::leader) return true;
  return leader_ && now_ - leader_heard_ < options_.election_timeout;
}

bool Raft::is_up_to_date(LogIndex last_index, Term last_term) const {
  if (last_term != log_.last_term()) return last_term > log_.last_term();
  return last_index >= log_.last_index();
}

/// Voters stand. So does a server whose loss of the vote is in its log but not known to be
/// committed: it may be the only one that has it (dissertation, section 4.2.2).
bool Raft::may_stand() const {
  if (installing_) return false;  // Pitfall 16.
  if (configuration().is_voter(self_)) return true;
  if (configuration_committed()) return false;
  return log_.configuration_at(configuration_index() - 1).configuration.is_voter(self_);
}

void Raft::become_follower(Term term, std::optional<ServerNumber> leader) {
  const bool was_leader = role_ == Role::leader;
  const bool waits = role_ == Role::follower && !leader;
  if (was_leader || leader != leader_) refuse_reads();
  if (was_leader) {
    progress_.clear();
    leaving_.clear();
    transfer_.reset();
  }
  if (term > hard_.term) {
    hard_ = {term, std::nullopt};
    hard_state_changed_ = true;
  }
  role_ = Role::follower;
  leader_ = leader;
  alone_.reset();
  if (leader) leader_heard_ = now_;
  if (!waits || election_deadline_ == Instant::max()) election_deadline_ = now_ + silence_wait();
}

void Raft::become_pre_candidate() {
  refuse_reads();
  alone_.reset();
  role_ = Role::pre_candidate;
  leader_.reset();
  votes_.clear();
  election_deadline_ = now_ + silence_wait();
  if (configuration().is_voter(self_)) votes_[self_] = true;
  for (const auto& [server, role] : configuration().members) {
    if (role == MemberRole::voter && server != self_) ask_for_vote(server);
  }
  if (carries()) become_candidate(false);
}

void Raft::become_candidate(bool handed_over) {
  hard_ = {next(hard_.term), self_};
  hard_state_changed_ = true;  // Pitfall 7: in the store that the requests below wait for.
  role_ = Role::candidate;
  leader_.reset();
  alone_.reset();
  votes_.clear();
  vote_clocks_.clear();
  handed_over_ = handed_over;
  election_deadline_ = now_ + candidacy_wait();
  if (configuration().is_voter(self_))
    send_when_stored(self_, hard_.term, VoteReply{.granted = true, .wall_clock = {}});
  for (const auto& [server, role] : configuration().members) {
    if (role == MemberRole::voter && server != self_) ask_for_vote(server);
  }
}

/// Pitfall 4: both requests wait for the store, so what they claim of the log is durable.
void Raft::ask_for_vote(ServerNumber voter) {
  if (role_ == Role::pre_candidate) {
    send_when_stored(voter, next(hard_.term), PreVoteRequest{log_.last_index(), log_.last_term()});
  } else {
    send_when_stored(voter, hard_.term,
                     VoteRequest{log_.last_index(), log_.last_term(), handed_over_});
  }
}

bool Raft::carries() const {
  const auto granted = std::ranges::count_if(votes_, [&](const auto& vote) {
    return vote.second && configuration().is_voter(vote.first);
  });
  return static_cast<std::size_t>(granted) >= configuration().majority();
}

bool Raft::is_lost() const {
  const auto refused = std::ranges::count_if(votes_, [&](const auto& vote) {
    return !vote.second && configuration().is_voter(vote.first);
  });
  const std::size_t voters = configuration().voter_count();
  return voters - static_cast<std::size_t>(refused) < configuration().majority();
}

/// A refusal comes from a server that hears a leader, knows more, or stands itself. The first
/// passes within moments after a leader's death, so the first waits are short.
Duration Raft::refusal_wait() {
  constexpr std::uint32_t doublings_max = 16;
  const Duration wait = std::min(options_.election_timeout,
                                 options_.retry_wait * (1U << std::min(refusals_, doublings_max)));
  ++refusals_;
  return random_.between(wait, 2 * wait) + rank_ * options_.lost_rank_wait;
}

void Raft::wait_after_refusal() {
  become_follower(hard_.term, std::nullopt);
  election_deadline_ = now_ + refusal_wait();
}

void Raft::become_leader() {
  role_ = Role::leader;
  silent_until_ = {};
  lead();
  append_own(EntryKind::empty, {});  // Pitfall 2: commits what earlier terms left.
}

void Raft::tick_election() {
  if (now_ < election_deadline_) return;
  if (may_stand()) return become_pre_candidate();
  if (leader_) refuse_reads();
  leader_.reset();
  const bool blank = configuration().members.empty();
  election_deadline_ = blank ? Instant::max() : now_ + silence_wait();
}

void Raft::leader_lost(Instant now) {
  observe(now);
  if (role_ != Role::follower || !leader_) return;
  refuse_reads();
  leader_.reset();
  if (!may_stand()) return;
  refusals_ = 0;
  election_deadline_ = now_ + rank_ * options_.lost_rank_wait;
  if (rank_ == 0) become_pre_candidate();
}

void Raft::majority_returned(Instant now) {
  observe(now);
  const bool waits = role_ == Role::follower || role_ == Role::pre_candidate;
  if (!waits || leader_ || !may_stand()) return;
  election_deadline_ = std::min(election_deadline_, now_ + rank_ * options_.lost_rank_wait);
}

void Raft::on(const Message& message, const PreVoteRequest& request) {
  const bool granted = message.term > hard_.term && !hears_leader() &&
                       is_up_to_date(request.last_index, request.last_term);
  send_when_stored(message.from, granted ? message.term : hard_.term, PreVoteReply{granted});
  if (!granted || role_ != Role::follower) return;
  // Room for the one that was first: without this, two would split the votes of the next term.
  election_deadline_ = std::max(
      election_deadline_, now_ + random_.between(options_.granted_wait, 2 * options_.granted_wait));
}

void Raft::on(const Message& message, const PreVoteReply& reply) {
  if (role_ != Role::pre_candidate) return;
  if (reply.granted && message.term != next(hard_.term)) return;  // Of an earlier candidacy.
  if (reply.granted) {
    votes_[message.from] = true;
  } else {
    votes_.emplace(message.from, false);
  }
  if (carries()) return become_candidate(false);
  if (is_lost()) return wait_after_refusal();
  // Who has not answered may be the dead leader: then nothing more comes, and all are asked anew.
  if (!reply.granted) election_deadline_ = std::min(election_deadline_, now_ + refusal_wait());
}

void Raft::on(const Message& message, const VoteRequest& request) {
  // Pitfall 8: one vote per term, whoever asks, a hand-over included.
  const bool free = !hard_.vote || *hard_.vote == message.from;
  const bool granted = free && is_up_to_date(request.last_index, request.last_term);
  if (granted) {
    if (!hard_.vote) hard_state_changed_ = true;
    hard_.vote = message.from;
    if (role_ == Role::pre_candidate) role_ = Role::follower;
    election_deadline_ = now_ + silence_wait();
  }
  // Pitfall 7: the answer leaves when the vote is durable.
  send_when_stored(message.from, hard_.term, VoteReply{.granted = granted, .wall_clock = {}});
}

void Raft::on(const Message& message, const VoteReply& reply) {
  if (role_ != Role::candidate) return;
  if (alone_ && message.from == self_) {
    const Alone alone = *std::exchange(alone_, std::nullopt);
    return lead_with(alone.configuration, alone.annotation);
  }
  const bool first = votes_.emplace(message.from, reply.granted).second;
  if (first && reply.granted && configuration().is_voter(message.from))
    vote_clocks_.push_back(reply.wall_clock);
  if (carries()) return become_leader();
  if (is_lost()) wait_after_refusal();
}

void Raft::on(const Message& message, const TimeoutNow&) {
  if (role_ != Role::follower || leader_ != message.from || !may_stand()) return;
  become_candidate(true);
}

}  // namespace muster::raft
