#include "edge/edge.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "replica/session_control.h"
#include "wire/batch.h"
#include "wire/control.h"
#include "wire/limits.h"

namespace muster::edge {
namespace {

// How often waiting sessions are looked at; their waits are far longer.
constexpr Duration check_interval = std::chrono::milliseconds{100};

Error not_attached() {
  return Error{ErrorCode::failed_precondition,
               "no session is open on this connection; open or resume one first"};
}

}  // namespace

void Edge::send(LinkId link, wire::FrameType type, Bytes body) {
  outputs_.emplace_back(SendFrame{.link = link,
                                  .type = type,
                                  .lane = wire::Lane::normal,
                                  .body = {SharedBytes(std::move(body))}});
}

void Edge::refuse(LinkId link, const Error& error) {
  send(link, wire::FrameType::refused, wire::encode(wire::to_refused(error)));
}

void Edge::close(LinkId link) {
  outputs_.emplace_back(CloseLink{link});
}

void Edge::link_opened(LinkId link, Instant now) {
  if (clients_.size() >= options_.links_max) {
    refuse(link, Error{ErrorCode::resource_exhausted,
                       "this server has " + std::to_string(clients_.size()) +
                           " clients, its limit; try another server"});
    return close(link);
  }
  clients_.emplace(link, Client{});
  send(link, wire::FrameType::server_hello, wire::encode(surroundings_.hello));
  next_check_ = std::min(next_check_, now + check_interval);
}

void Edge::link_closed(LinkId link, Instant now) {
  const auto client = clients_.find(link);
  if (client == clients_.end()) return;
  const std::optional<SessionId> session = client->second.session;
  clients_.erase(client);
  std::erase_if(reads_, [&](const auto& read) { return read.second.link == link; });
  if (!session) return;
  const auto attached = sessions_.find(*session);
  if (attached == sessions_.end() || attached->second.link != link) return;
  const bool open = attached->second.open;
  const Epoch epoch = attached->second.epoch;
  drop(attached);
  if (open) watch_absent(*session, epoch, now);
}

void Edge::drop(std::map<SessionId, Attached>::iterator session) {
  for (const Pending& pending : session->second.pending) pending_bytes_ -= pending.batch.size();
  sessions_.erase(session);
}

void Edge::frame(LinkId link, const wire::Frame& frame, const replica::Replica& local,
                 Instant now) {
  switch (frame.type) {
    case wire::FrameType::ping:
      return send(link, wire::FrameType::pong, {});
    case wire::FrameType::pong:
      return;
    case wire::FrameType::goodbye:
      return close(link);
    case wire::FrameType::open_session:
      return take_open(link, frame.body.view(), now);
    case wire::FrameType::resume_session:
      return take_resume(link, frame.body.view(), now);
    case wire::FrameType::end_session:
      return take_end(link, frame.body.view());
    case wire::FrameType::commands:
      return take_commands(link, frame.body, now);
    case wire::FrameType::read:
      return take_read(link, frame.body, local);
    default:
      refuse(link,
             Error{ErrorCode::unimplemented, "clients don't send frames of type " +
                                                 std::to_string(static_cast<unsigned>(frame.type)) +
                                                 " to this version; the connection is closed"});
      close(link);
  }
}

void Edge::attach(LinkId link, SessionId session, SharedBytes control, Instant now) {
  Client& client = clients_.at(link);
  if (client.session && *client.session != session) {
    refuse(link, Error{ErrorCode::failed_precondition,
                       "a connection carries one session; open another connection"});
    return close(link);
  }
  const auto before = sessions_.find(session);
  if (before != sessions_.end()) {
    if (before->second.link != link) {
      clients_.at(before->second.link).session.reset();
      close(before->second.link);
    }
    drop(before);
  }
  client.session = session;
  Attached& attached = sessions_[session];
  attached.link = link;
  attached.control = std::move(control);
  pass_on(attached, SequenceNumber{0}, now);
}

void Edge::take_open(LinkId link, BytesView body, Instant now) {
  const auto open = wire::decode<wire::OpenSession>(body);
  if (!open) return refuse(link, open.error()), close(link);
  const auto id = wire::parse_id<SessionId>(open->session_id());
  if (!id) return refuse(link, id.error()), close(link);
  if (const auto name = wire::validate_name(open->name()); !name) {
    return refuse(link, name.error()), close(link);
  }
  if (open->kind().size() > wire::name_bytes_max) {
    return refuse(link, Error{ErrorCode::invalid_argument, "the kind of client is too long"}),
           close(link);
  }
  const replica::Open control{
      .name = open->name(), .kind = open->kind(), .home = {surroundings_.hello.number()}};
  attach(link, *id, SharedBytes(replica::encode_control_batch(*id, control)), now);
}

void Edge::take_resume(LinkId link, BytesView body, Instant now) {
  const auto resume = wire::decode<wire::ResumeSession>(body);
  if (!resume) return refuse(link, resume.error()), close(link);
  const auto id = wire::parse_id<SessionId>(resume->session_id());
  if (!id) return refuse(link, id.error()), close(link);
  const replica::Resume control{.home = {surroundings_.hello.number()}};
  attach(link, *id, SharedBytes(replica::encode_control_batch(*id, control)), now);
}

void Edge::take_end(LinkId link, BytesView body) {
  const auto end = wire::decode<wire::EndSession>(body);
  if (!end) return refuse(link, end.error()), close(link);
  const auto& session = clients_.at(link).session;
  if (!session) return refuse(link, not_attached());
  const replica::End control{.epoch = {end->epoch()}, .reason = "ended by its client"};
  batches_.emplace_back(replica::encode_control_batch(*session, control));
}

void Edge::take_commands(LinkId link, const SharedBytes& body, Instant now) {
  const auto& session = clients_.at(link).session;
  if (!session) return refuse(link, not_attached()), close(link);
  const auto batch = wire::BatchView::parse_from_client(body.view());
  if (!batch) return refuse(link, batch.error()), close(link);
  const auto found = sessions_.find(*session);
  Attached& attached = found->second;
  const wire::BatchHeader& header = batch->header();
  if (header.session != *session || header.first_sequence == SequenceNumber{0} || !attached.open) {
    return refuse(link, not_attached()), close(link);
  }
  if (header.first_sequence.value - header.skip > attached.next.value) {
    wire::ResendFrom resend;
    resend.set_sequence(attached.next.value);
    return send(link, wire::FrameType::resend_from, wire::encode(resend));
  }
  if (attached.pending_commands + batch->size() > 2 * wire::session_requests_in_flight_max ||
      pending_bytes_ + body.size() > options_.pending_bytes_max) {
    refuse(link, Error{ErrorCode::resource_exhausted,
                       "too much of this session, or of this server's clients, is unanswered; send "
                       "less at a time"});
    return close(link);
  }
  attached.next = std::max(attached.next, batch->end_sequence());
  batches_.push_back(body);
  // One that only skips numbers has no answer to wait for; if it is lost, the client is asked.
  if (batch->size() == 0) return;
  attached.pending.push_back({.first = header.first_sequence,
                              .count = batch->size(),
                              .unanswered = header.first_sequence,
                              .batch = body});
  attached.pending_commands += batch->size();
  pending_bytes_ += body.size();
  if (attached.pending.size() == 1) attached.passed_on = now;
}

void Edge::pass_on(Attached& attached, SequenceNumber from, Instant now) {
  attached.passed_on = now;
  if (!attached.open) batches_.push_back(attached.control);
  for (const Pending& pending : attached.pending) {
    if (pending.first.value + pending.count > from.value) batches_.push_back(pending.batch);
  }
}

void Edge::resend_all(Instant now) {
  for (auto& [id, attached] : sessions_) pass_on(attached, SequenceNumber{0}, now);
  ask_reads_again();
}

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
  for (Pending& pending : attached.pending) {
    if (pending.first >= end) break;
    if (answer.first <= pending.unanswered) {
      pending.unanswered = std::max(pending.unanswered, end);
    }
  }
  while (!attached.pending.empty()) {
    const Pending& oldest = attached.pending.front();
    if (oldest.unanswered.value < oldest.first.value + oldest.count) break;
    pending_bytes_ -= oldest.batch.size();
    attached.pending_commands -= oldest.count;
    attached.pending.pop_front();
    attached.passed_on = now;
  }
}

void Edge::news(const replica::Gap& gap, ServerNumber, Instant now) {
  const auto found = sessions_.find(gap.session);
  if (found == sessions_.end() || !found->second.open) return;
  Attached& attached = found->second;
  if (attached.pending.empty()) return;
  if (attached.pending.front().first <= gap.expected) return pass_on(attached, gap.expected, now);
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
    absent_.erase(news.session);
    if (found == sessions_.end() || !found->second.open) return;
    // Its client went elsewhere; if it did not, it resumes here, and that counts.
    const LinkId link = found->second.link;
    clients_.at(link).session.reset();
    drop(found);
    return close(link);
  }
  if (found == sessions_.end()) return watch_absent(news.session, news.epoch, now);
  Attached& attached = found->second;
  absent_.erase(news.session);
  attached.epoch = news.epoch;
  if (attached.open) return;  // A second copy of the same attach.
  attached.open = true;
  attached.control = {};
  attached.next = {news.last.value + 1};
  wire::SessionOpened opened;
  opened.set_epoch(news.epoch.value);
  opened.set_last_sequence(news.last.value);
  opened.set_session_timeout_ms(static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(options_.session_timeout).count()));
  send(attached.link, wire::FrameType::session_opened, wire::encode(opened));
}

void Edge::news(const replica::SessionEnded& ended, ServerNumber, Instant) {
  absent_.erase(ended.session);
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

void Edge::watch_absent(SessionId session, Epoch epoch, Instant now) {
  if (sessions_.contains(session)) return;
  absent_[session] = Absent{.epoch = epoch, .ends_at = now + options_.session_timeout};
  next_check_ = std::min(next_check_, now + check_interval);
}

void Edge::restored(const replica::Replica& state, Instant now) {
  std::vector<SessionId> gone;
  for (const auto& [id, attached] : sessions_) {
    if (attached.open && state.sessions().find(id) == nullptr) gone.push_back(id);
  }
  for (const SessionId id : gone) {
    news(replica::SessionEnded{id, "the group no longer has this session"}, {}, now);
  }
  resend_all(now);
}

void Edge::set_surroundings(Surroundings surroundings, Instant now) {
  const bool had_leader = surroundings_.leader_known;
  surroundings_ = std::move(surroundings);
  if (surroundings_.leader_known) {
    leaderless_since_.reset();
  } else if (had_leader || !leaderless_since_) {
    leaderless_since_ = now;
    next_check_ = std::min(next_check_, now + check_interval);
  }
}

void Edge::send_away_all() {
  wire::Redirect redirect;
  redirect.set_reason(surroundings_.no_leader_reason);
  const Bytes body = wire::encode(redirect);
  for (const auto& [id, attached] : sessions_) {
    send(attached.link, wire::FrameType::redirect, Bytes(body));
  }
}

void Edge::tick(Instant now) {
  if (now < next_check_) return;
  next_check_ = clients_.empty() && absent_.empty() && !leaderless_since_ ? Instant::max()
                                                                          : now + check_interval;
  if (leaderless_since_ && now - *leaderless_since_ >= options_.leaderless_patience) {
    leaderless_since_ = now;
    send_away_all();
  }
  if (!surroundings_.leader_known) return;
  ask_reads_again();
  for (auto& [id, attached] : sessions_) {
    const bool waits = !attached.open || !attached.pending.empty();
    if (waits && now - attached.passed_on >= options_.resend_after) {
      pass_on(attached, SequenceNumber{0}, now);
    }
  }
  for (auto& [id, absent] : absent_) {
    if (now < absent.ends_at || sessions_.contains(id)) continue;
    absent.ends_at = now + options_.resend_after;
    const replica::End end{.epoch = absent.epoch, .reason = "its client was away for too long"};
    batches_.emplace_back(replica::encode_control_batch(id, end));
  }
}

std::optional<Instant> Edge::deadline() const {
  if (next_check_ == Instant::max()) return std::nullopt;
  return next_check_;
}

std::vector<SharedBytes> Edge::take_batches() {
  return std::exchange(batches_, {});
}
std::vector<LinkOutput> Edge::take_outputs() {
  return std::exchange(outputs_, {});
}
std::vector<ReadWanted> Edge::take_reads() {
  return std::exchange(reads_wanted_, {});
}

}  // namespace muster::edge
