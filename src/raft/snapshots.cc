// Snapshots and compaction: Raft, section 7.
#include <algorithm>
#include <utility>

#include "raft/raft.h"

namespace muster::raft {

void Raft::snapshot_taken(const SnapshotMark& mark) {
  if (mark.index <= snapshot_.index) return;
  snapshot_ = mark;
  const std::uint64_t tail = std::min(options_.compaction_tail_entries, mark.index.value);
  LogIndex keep_after = std::min({mark.index - tail, applied_, log_.stored_index()});
  for (const auto& [follower, progress] : progress_) {
    // Who is being sent an older snapshot goes on after it: else it would never arrive.
    const bool alive = now_ - progress.last_heard() < options_.election_timeout;
    if (progress.transfer() && alive)
      keep_after = std::min(keep_after, progress.transfer()->mark.index);
  }
  log_.compact(keep_after);
}

void Raft::form_transfer(ServerNumber follower, Progress& progress) {
  Progress::Transfer& sending = *progress.transfer();
  if (sending.fetching || sending.in_flight) return;
  sending.fetching = true;
  out_.snapshot_fetch.push_back(
      {follower, sending.mark.index, sending.offset, options_.snapshot_chunk_bytes});
}

void Raft::snapshot_fetched(ServerNumber follower, LogIndex index, std::uint64_t offset,
                            std::uint64_t total, SharedBytes data) {
  const auto found = progress_.find(follower);
  if (role_ != Role::leader || found == progress_.end()) return;
  Progress& progress = found->second;
  if (!progress.transfer() || progress.transfer()->mark.index != index) return;
  Progress::Transfer& sending = *progress.transfer();
  if (!std::exchange(sending.fetching, false) || sending.offset != offset) return;
  if (data.empty()) {  // Replaced by a newer one: begin anew, after a pause.
    progress.begin_transfer(snapshot_, 2 * options_.heartbeat_interval);
    progress.transfer()->in_flight = true;
    progress.transfer()->sent_at = now_;
    return;
  }
  sending.total = total;
  sending.in_flight = true;
  sending.sent_at = now_;
  progress.heartbeat_due = false;
  progress.sent_round = round_;
  send_now(follower, SnapshotChunk{sending.mark, offset, total, std::move(data), round_});
}

void Raft::on(const Message& message, const SnapshotReply& reply) {
  const auto found = progress_.find(message.from);
  if (role_ != Role::leader || found == progress_.end()) return;
  Progress& progress = found->second;
  progress.heard(now_);
  progress.confirmed_round = std::max(progress.confirmed_round, std::min(reply.round, round_));
  if (reply.installed) return progress.matched(reply.index);
  auto& sending = progress.transfer();
  if (!sending || sending->mark.index != reply.index || !sending->in_flight) return;
  const std::uint64_t wanted = reply.next_offset < sending->total ? reply.next_offset : 0;
  if (wanted == sending->offset) return;  // That is under way: this answers a piece sent twice.
  sending->answered();
  sending->offset = wanted;
}

void Raft::reply_to_chunk(const Message& message, const SnapshotChunk& chunk, std::uint64_t next,
                          bool installed) {
  send_when_stored(message.from, hard_.term,
                   SnapshotReply{chunk.mark.index, next, installed, chunk.round});
}

void Raft::on(const Message& message, const SnapshotChunk& chunk) {
  become_follower(message.term, message.from);
  refusals_ = 0;
  const SnapshotMark& mark = chunk.mark;
  if (mark.index <= commit_) return reply_to_chunk(message, chunk, 0, true);
  if (log_.term_at(mark.index) == mark.term) {  // The log holds all that the snapshot stands for.
    set_commit(mark.index);
    return reply_to_chunk(message, chunk, 0, true);
  }

  const bool goes_on = receiving_ && receiving_->from == message.from &&
                       receiving_->term == message.term && receiving_->mark == mark &&
                       receiving_->total == chunk.total;
  const std::uint64_t wanted = goes_on ? receiving_->next_offset : 0;
  if (chunk.offset != wanted) return reply_to_chunk(message, chunk, wanted, false);
  if (out_.store.snapshot) return;  // One piece per store; it will be sent again.

  const std::uint64_t end = chunk.offset + chunk.data.size();
  const bool last = end == chunk.total;
  out_.store.snapshot = SnapshotPiece{mark, chunk.offset, chunk.total, chunk.data, last};
  receiving_ = Receiving{message.from, message.term, mark, chunk.total, end};
  if (last) install(mark);
  reply_to_chunk(message, chunk, end, last);
}

/// The log is not a prefix of the leader's up to the snapshot, so all of it is void.
void Raft::install(const SnapshotMark& mark) {
  receiving_.reset();
  log_.reset(mark);
  snapshot_ = mark;
  commit_ = mark.index;
  given_to_apply_ = mark.index;
  installing_ = mark;
  out_.install = mark;
}

void Raft::installed(LogIndex snapshot_index) {
  if (!installing_ || installing_->index != snapshot_index) return;
  installing_.reset();
  applied_ = std::max(applied_, snapshot_index);
}

}  // namespace muster::raft
