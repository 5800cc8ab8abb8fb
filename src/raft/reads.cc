// Linearizable reads without a lease: read index, dissertation, section 6.4.
#include <algorithm>
#include <functional>

#include "raft/raft.h"

namespace muster::raft {

void Raft::read(std::uint64_t id, Instant now) {
  observe(now);
  if (role_ == Role::leader) return add_read(id, std::nullopt);
  if (!leader_ || forwarded_reads_.size() >= options_.reads_max) {
    out_.reads.push_back({id, std::nullopt});
    return;
  }
  forwarded_reads_.push_back({id, now_ + options_.election_timeout});
  send_now(*leader_, ReadRequest{id});
}

void Raft::on(const Message& message, const ReadRequest& request) {
  if (role_ == Role::leader) return add_read(request.id, message.from);
  send_now(message.from, ReadReply{.id = request.id, .index = std::nullopt});
}

void Raft::on(const Message&, const ReadReply& reply) {
  const auto found = std::ranges::find(forwarded_reads_, reply.id, &ForwardedRead::id);
  if (found == forwarded_reads_.end()) return;
  out_.reads.push_back({reply.id, reply.index});
  forwarded_reads_.erase(found);
}

/// All that was committed before is at or below the commit index, or below this term's first entry,
/// which a leader has at the end of a log that holds all committed entries (Leader Completeness).
void Raft::add_read(std::uint64_t id, std::optional<ServerNumber> from) {
  const PendingRead read{id, from, std::max(commit_, term_start_), 0};
  if (reads_.size() >= options_.reads_max) return answer_read(read, std::nullopt);
  reads_.push_back(read);
}

void Raft::answer_read(const PendingRead& read, std::optional<LogIndex> index) {
  if (read.from) {
    send_now(*read.from, ReadReply{.id = read.id, .index = index});
  } else {
    out_.reads.push_back({read.id, index});
  }
}

/// One round at a time: the reads that come meanwhile share the next one.
void Raft::begin_read_round() {
  if (reads_.empty() || reads_.front().round != 0) return;
  ++round_;
  for (PendingRead& read : reads_) read.round = round_;
}

/// Pitfall 18: a read is answered when a majority has confirmed, after the read came in, that this
/// is still the leader.
void Raft::answer_confirmed_reads() {
  if (reads_.empty()) return;
  std::vector<std::uint64_t> rounds;
  for (const auto& [server, role] : configuration().members) {
    if (role != MemberRole::voter) continue;
    rounds.push_back(server == self_ ? round_ : progress_.at(server).confirmed_round);
  }
  std::ranges::sort(rounds, std::greater{});
  const std::uint64_t confirmed = rounds[configuration().majority() - 1];
  const auto answered = std::ranges::find_if(
      reads_, [&](const PendingRead& read) { return read.round == 0 || read.round > confirmed; });
  for (auto read = reads_.begin(); read != answered; ++read) answer_read(*read, read->index);
  reads_.erase(reads_.begin(), answered);
}

void Raft::refuse_reads() {
  for (const PendingRead& read : reads_) answer_read(read, std::nullopt);
  for (const ForwardedRead& read : forwarded_reads_) out_.reads.push_back({read.id, std::nullopt});
  reads_.clear();
  forwarded_reads_.clear();
}

void Raft::tick_reads() {
  std::erase_if(forwarded_reads_, [&](const ForwardedRead& read) {
    if (now_ < read.expires) return false;
    out_.reads.push_back({read.id, std::nullopt});
    return true;
  });
}

}  // namespace muster::raft
