// A follower's side of replication: Raft, section 5.3.
#include <algorithm>

#include "raft/raft.h"

namespace muster::raft {

void Raft::on(const Message& message, const AppendRequest& request) {
  become_follower(message.term, message.from);
  refusals_ = 0;
  // At or below the base all is committed and therefore the same everywhere.
  const bool agrees = request.previous_index < log_.base_index() ||
                      log_.term_at(request.previous_index) == request.previous_term;
  if (!agrees) return refuse_append(message, request);

  append_from_leader(request);
  const LogIndex covered = request.previous_index + request.entries.size();
  set_commit(std::min(request.commit, covered));
  // Pitfall 6: acknowledged when it is durable, and no more than the request held.
  send_when_stored(message.from, hard_.term,
                   AppendReply{.accepted = true,
                               .match = covered,
                               .hint_index = {},
                               .hint_term = {},
                               .round = request.round});
}

void Raft::append_from_leader(const AppendRequest& request) {
  for (const Entry& entry : request.entries) {
    // Pitfall 9: an entry that is here stays, with all after it: the request may be a late one.
    if (entry.index <= log_.base_index() || log_.term_at(entry.index) == entry.term) continue;
    if (entry.index <= log_.last_index()) log_.truncate_from(entry.index);
    log_.append(entry);
  }
}

/// The hint skips a whole term per round trip (Raft, end of section 5.3).
void Raft::refuse_append(const Message& message, const AppendRequest& request) {
  const LogIndex before{request.previous_index.value - (request.previous_index.value > 0 ? 1 : 0)};
  const LogIndex hint =
      log_.last_index_with_term_at_most(request.previous_term, std::min(before, log_.last_index()));
  send_when_stored(message.from, hard_.term,
                   AppendReply{.accepted = false,
                               .match = request.previous_index,
                               .hint_index = hint,
                               .hint_term = log_.term_at(hint).value_or(Term{}),
                               .round = request.round});
}

}  // namespace muster::raft
