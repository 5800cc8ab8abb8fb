#include "raft/raft.h"

#include <algorithm>
#include <string>
#include <utility>

#include "muster/check.h"

namespace muster::raft {
namespace {

Error impossible(const Message& message, const char* why) {
  return {ErrorCode::invalid_argument, std::string(name_of(message)) + " of server " +
                                           std::to_string(message.from.value) + ": " + why};
}

}  // namespace

std::string_view name_of(Role role) {
  switch (role) {
    case Role::follower:
      return "follower";
    case Role::pre_candidate:
      return "pre-candidate";
    case Role::candidate:
      return "candidate";
    case Role::leader:
      break;
  }
  return "leader";
}

Raft::Raft(const Options& options, ServerNumber self, Restored restored)
    : options_(options),
      self_(self),
      random_(options.seed),
      log_(restored.snapshot, std::move(restored.entries), options.cache_bytes_max),
      hard_(restored.hard_state),
      snapshot_(std::move(restored.snapshot)),
      commit_(snapshot_.index),
      applied_(snapshot_.index),
      given_to_apply_(snapshot_.index) {
  check(options_.heartbeat_interval > Duration::zero());
  check(options_.election_timeout >= 2 * options_.heartbeat_interval);
  check(hard_.term >= log_.last_term());
  check(options_.message_bytes_max > 0 && options_.snapshot_chunk_bytes > 0);
}

void Raft::observe(Instant now) {
  now_ = std::max(now_, now);  // Pitfall 19: time never goes back here.
  if (clock_started_) return;
  clock_started_ = true;
  const bool alone = configuration().is_voter(self_) && configuration().voter_count() == 1;
  election_deadline_ = alone ? now_ : now_ + silence_wait();
}

Result<void> Raft::step(const Message& message, Instant now) {
  observe(now);
  if (auto valid = validate(message); !valid) return valid;
  if (pass_term(message)) dispatch(message);
  return {};
}

Result<void> Raft::validate(const Message& message) const {
  if (message.to != self_) return impossible(message, "meant for another server");
  if (message.term == Term{}) return impossible(message, "without a term");
  if (message.from == self_ && !std::holds_alternative<VoteReply>(message.body))
    return impossible(message, "from this server itself");

  const bool of_this_term = message.term == hard_.term;
  if (const auto* append = std::get_if<AppendRequest>(&message.body))
    return validate_append(message, *append);
  if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body))
    return validate_chunk(message, *chunk);
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    if (of_this_term && role_ == Role::leader && reply->accepted &&
        reply->match > log_.last_index())
      return impossible(message, "claims entries that this leader does not have");
  }
  if (const auto* reply = std::get_if<SnapshotReply>(&message.body)) {
    if (of_this_term && role_ == Role::leader && reply->installed &&
        reply->index > log_.last_index())
      return impossible(message, "claims a snapshot that this leader does not have");
  }
  return {};
}

Result<void> Raft::validate_leader(const Message& message) const {
  if (message.term != hard_.term) return {};
  if (role_ == Role::leader || (leader_ && *leader_ != message.from))
    return impossible(message, "a second leader in one term");
  return {};
}

Result<void> Raft::validate_append(const Message& message, const AppendRequest& request) const {
  if (message.term < hard_.term) return {};  // Refused unread.
  if (auto valid = validate_leader(message); !valid) return valid;
  if ((request.previous_index == LogIndex{}) != (request.previous_term == Term{}))
    return impossible(message, "a previous entry without a term, or the reverse");

  LogIndex index = request.previous_index;
  Term term = request.previous_term;
  const auto contradicts = [&] {
    const auto here = log_.term_at(index);
    return index <= commit_ && here && *here != term;
  };
  if (index != LogIndex{} && contradicts())
    return impossible(message, "contradicts what is committed here");
  for (const Entry& entry : request.entries) {
    if (entry.index != index + 1) return impossible(message, "entries that do not follow");
    if (entry.term < term || entry.term == Term{} || entry.term > message.term)
      return impossible(message, "entries whose terms go back or ahead");
    index = entry.index;
    term = entry.term;
    if (contradicts()) return impossible(message, "contradicts what is committed here");
    if (entry.kind != EntryKind::configuration) continue;
    if (auto decoded = decode_configuration(entry.payload.view()); !decoded) return decoded.error();
  }
  return {};
}

Result<void> Raft::validate_chunk(const Message& message, const SnapshotChunk& chunk) const {
  if (message.term < hard_.term) return {};  // Refused unread.
  if (auto valid = validate_leader(message); !valid) return valid;
  if (chunk.offset > chunk.total || chunk.data.size() > chunk.total - chunk.offset)
    return impossible(message, "a piece beyond the snapshot's end");
  if (chunk.data.empty() && chunk.total != 0) return impossible(message, "an empty piece");
  const SnapshotMark& mark = chunk.mark;
  if (mark.index == LogIndex{} || mark.term == Term{} || mark.term > message.term ||
      mark.configuration_index > mark.index || mark.configuration.voter_count() == 0)
    return impossible(message, "a mark that no snapshot has");
  return {};
}

/// The rules for all messages (Raft, figure 2): a later term is adopted, an earlier one is answered
/// with the own or dropped. False if that is all there is to do.
bool Raft::pass_term(const Message& message) {
  if (std::holds_alternative<PreVoteRequest>(message.body)) return true;
  const auto* pre_vote = std::get_if<PreVoteReply>(&message.body);
  if (pre_vote != nullptr && (pre_vote->granted || message.term <= hard_.term)) return true;
  const bool from_leader = std::holds_alternative<AppendRequest>(message.body) ||
                           std::holds_alternative<SnapshotChunk>(message.body);

  if (message.term > hard_.term) {
    const auto* vote = std::get_if<VoteRequest>(&message.body);
    // Pitfall 15: who hears a leader lets nobody disturb it (dissertation, section 4.2.3).
    if (vote != nullptr && !vote->handed_over && hears_leader()) return false;
    become_follower(message.term, from_leader ? std::optional(message.from) : std::nullopt);
    return true;
  }
  if (message.term == hard_.term) return true;

  if (const auto* append = std::get_if<AppendRequest>(&message.body))
    refuse_append(message, *append);
  if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body))
    reply_to_chunk(message, *chunk, 0, false);
  if (std::holds_alternative<VoteRequest>(message.body))
    send_when_stored(message.from, hard_.term, VoteReply{});
  if (const auto* read = std::get_if<ReadRequest>(&message.body))
    send_now(message.from, ReadReply{.id = read->id, .index = std::nullopt});
  return false;  // Pitfall 10: an answer from an earlier term says nothing about this one.
}

void Raft::dispatch(const Message& message) {
  std::visit([&](const auto& body) { on(message, body); }, message.body);
}

void Raft::send_now(ServerNumber to, decltype(Message::body) body) {
  out_.send_now.push_back({self_, to, hard_.term, std::move(body)});
}

void Raft::send_when_stored(ServerNumber to, Term term, decltype(Message::body) body) {
  out_.send_when_stored.push_back({self_, to, term, std::move(body)});
}

void Raft::tick(Instant now) {
  observe(now);
  tick_reads();
  if (role_ == Role::leader) {
    tick_leader();
  } else {
    tick_election();
  }
}

Instant Raft::deadline() const {
  if (!clock_started_) return Instant{};
  Instant earliest = election_deadline_;
  for (const ForwardedRead& read : forwarded_reads_) earliest = std::min(earliest, read.expires);
  if (role_ != Role::leader) return earliest;
  earliest = std::min({earliest, heartbeat_due_, quorum_deadline()});
  return transfer_ ? std::min(earliest, transfer_->deadline) : earliest;
}

void Raft::stored(Term term, LogIndex index) {
  log_.stored(term, index);
}

void Raft::applied(LogIndex index) {
  check(index <= given_to_apply_);
  applied_ = std::max(applied_, index);
  log_.applied(applied_);
}

void Raft::set_commit(LogIndex index) {
  if (index <= commit_) return;
  check(index <= log_.last_index());
  if (role_ == Role::leader) {
    for (LogIndex i = commit_ + 1; i <= index; i = i + 1)
      uncommitted_bytes_ -= log_.cached(i).payload.size();
  }
  commit_ = index;
}

void Raft::take_applicable(std::vector<Entry>& apply) {
  if (installing_) return;  // The state machine is about to be replaced.
  std::size_t bytes = 0;
  while (given_to_apply_ < commit_) {
    const Entry& entry = log_.cached(given_to_apply_ + 1);
    bytes += entry.payload.size();
    if (!apply.empty() && bytes > options_.apply_bytes_max) return;
    given_to_apply_ = entry.index;
    apply.push_back(entry);
  }
}

Ready Raft::ready() {
  if (role_ == Role::leader) {
    commit_what_a_majority_has();
    answer_confirmed_reads();
    begin_read_round();
    form_messages();
    answer_confirmed_reads();  // A group of one confirms by itself.
    resign_if_removed();
  }
  Ready ready = std::exchange(out_, Ready{});
  if (std::exchange(hard_state_changed_, false)) ready.store.hard_state = hard_;
  ready.store.entries = log_.take_unstored();
  take_applicable(ready.apply);
  return ready;
}

Sizes Raft::sizes() const {
  Sizes sizes{.evictable_bytes = log_.evictable_bytes(),
              .reads = std::max(reads_.size(), forwarded_reads_.size())};
  if (role_ != Role::leader) return sizes;
  std::size_t entries = 0;
  for (LogIndex i = std::max(commit_ + 1, term_start_); i <= log_.last_index(); i = i + 1) {
    const Entry& entry = log_.cached(i);
    if (entry.kind != EntryKind::commands) continue;
    sizes.uncommitted_bytes += entry.payload.size();
    ++entries;
  }
  if (entries == 1) sizes.uncommitted_bytes = 0;
  return sizes;
}

SnapshotMark Raft::mark_at(LogIndex index) const {
  check(index <= applied_ && index >= log_.base_index());
  const auto placed = log_.configuration_at(index);
  return {index, *log_.term_at(index), placed.configuration, placed.index};
}

}  // namespace muster::raft
