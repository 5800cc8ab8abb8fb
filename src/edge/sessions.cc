// What the log says of sessions: answers and gaps, and where each session is attached.
#include <algorithm>
#include <utility>

#include "edge/edge.h"
#include "wire/control.h"

namespace muster::edge {

void Edge::applied(const std::vector<replica::SessionNews>& all, ServerNumber self, Instant now) {
  for (const replica::SessionNews& one : all) {
    std::visit([&](const auto& item) { news(item, self, now); }, one);
  }
}

void Edge::news(const replica::Answer& answer, ServerNumber, Instant now) {
  const auto found = sessions_.find(answer.session);
  if (found == sessions_.end() || !found->second.open) return;
  Attached& attached = found->second;
  outputs_.emplace_back(SendFrame{.link = attached.link,
                                  .type = wire::FrameType::replies,
                                  .lane = wire::Lane::normal,
                                  .body = {answer.replies}});
  // An answer says nothing of what came before it: a snapshot may have stood for that here.
  const SequenceNumber end{answer.first.value + answer.count};
  auto& all = attached.pending;
  if (all.empty()) return;
  const auto is_answered = [](const Pending& pending) {
    return pending.unanswered.value >= pending.first.value + pending.count;
  };
  const SequenceNumber oldest = all.front().first;
  auto behind = all.begin();
  for (; behind != all.end() && behind->first < end; ++behind) {
    if (answer.first <= behind->unanswered) behind->unanswered = std::max(behind->unanswered, end);
    if (!is_answered(*behind)) continue;
    answer_took(now - behind->since);
    pending_bytes_ -= behind->batch.size();
    attached.pending_commands -= behind->count;
  }
  // Also behind one that is not answered, or all would be passed on again together with that one.
  all.erase(std::remove_if(all.begin(), behind, is_answered), behind);
  if (all.empty() || all.front().first != oldest) attached.passed_on = now;
}

void Edge::news(const replica::Gap& gap, ServerNumber, Instant now) {
  const auto found = sessions_.find(gap.session);
  if (found == sessions_.end() || !found->second.open) return;
  Attached& attached = found->second;
  if (attached.pending.empty()) return;
  if (attached.pending.front().first <= gap.expected) {
    // Each batch behind the gap reports it, and all were passed on anew at the first report.
    if (attached.mended == gap.expected && now - attached.passed_on < answer_patience_) return;
    pass_on(gap.session, attached, gap.expected, now);
    attached.mended = gap.expected;
    return;
  }
  wire::ResendFrom resend;
  resend.set_sequence(gap.expected.value);
  send(attached.link, wire::FrameType::resend_from, wire::encode(resend));
  for (const Pending& pending : attached.pending) pending_bytes_ -= pending.batch.size();
  attached.pending.clear();
  attached.pending_commands = 0;
  attached.next = gap.expected;
}

void Edge::news(const replica::SessionAttached& news, ServerNumber self, Instant now) {
  const auto found = sessions_.find(news.session);
  if (news.home != self) {
    forget_absent(news.session);
    if (found == sessions_.end() || !found->second.open) return;
    return leave(found);
  }
  if (found == sessions_.end()) {
    return watch_absent(news.session, news.epoch, news.timeout, now);
  }
  Attached& attached = found->second;
  // Of an earlier stay here, as a log that is applied anew tells, or a late copy of this attach.
  if (attached.open || news.epoch != attached.epoch) return;
  forget_absent(news.session);
  attached.open = true;
  attached.next = {news.last.value + 1};
  wire::SessionOpened opened;
  opened.set_last_sequence(news.last.value);
  opened.set_name(news.name);
  opened.set_session_timeout_ms(static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(timeout_of(attached.times.timeout)).count()));
  send(attached.link, wire::FrameType::session_opened, wire::encode(opened));
  watch(news.session, attached, now);
}

void Edge::news(const replica::SessionEnded& ended, ServerNumber, Instant) {
  forget_absent(ended.session);
  const auto found = sessions_.find(ended.session);
  if (found == sessions_.end()) return;
  wire::SessionEnded body;
  body.set_reason(ended.reason);
  const LinkId link = found->second.link;
  send(link, wire::FrameType::session_ended, wire::encode(body));
  clients_.at(link).session.reset();
  drop(found);
}

void Edge::news(const replica::AttachRefused& refused, ServerNumber self, Instant) {
  const auto found = sessions_.find(refused.session);
  if (found == sessions_.end() || refused.home != self || found->second.open) return;
  if (refused.epoch != found->second.epoch) return;
  const LinkId link = found->second.link;
  clients_.at(link).session.reset();
  drop(found);
  if (refused.error.code == ErrorCode::failed_precondition) {
    wire::SessionEnded body;
    body.set_reason(refused.error.message);
    send(link, wire::FrameType::session_ended, wire::encode(body));
  } else {
    refuse(link, refused.error);
    close(link);
  }
}

void Edge::news(const replica::SessionUnknown& unknown, ServerNumber self, Instant now) {
  // A late copy of a batch may speak of a session that was opened again since: ask no further than
  // those that count as open here.
  const auto found = sessions_.find(unknown.session);
  if (found == sessions_.end() || !found->second.open) return;
  news(replica::SessionEnded{unknown.session, "the group no longer has this session"}, self, now);
}

void Edge::restored(const replica::Replica& state, ServerNumber self, Instant now) {
  std::vector<SessionId> gone;
  std::vector<SessionId> moved;
  for (auto& [id, attached] : sessions_) {
    if (!attached.open) continue;
    const replica::Session* const session = state.sessions().find(id);
    if (session == nullptr) {
      gone.push_back(id);
    } else if (session->home != self) {
      moved.push_back(id);
    }
  }
  for (const SessionId id : gone) {
    news(replica::SessionEnded{id, "the group no longer has this session"}, {}, now);
  }
  for (const SessionId id : moved) leave(sessions_.find(id));
  // What was attached, moved or ended in the entries that the snapshot stands for was no news here.
  std::vector<SessionId> elsewhere;
  for (const auto& [id, absent] : absent_) {
    const replica::Session* const session = state.sessions().find(id);
    if (session == nullptr || session->home != self) elsewhere.push_back(id);
  }
  for (const SessionId id : elsewhere) forget_absent(id);
  state.sessions().for_each([&](SessionId id, const replica::Session& session) {
    const auto known = absent_.find(id);
    const bool current = known != absent_.end() && known->second.epoch == session.epoch;
    if (session.home == self && !current) watch_absent(id, session.epoch, session.timeout, now);
  });
  resend_all(now);
  topics_.restored(state);
}

}  // namespace muster::edge
