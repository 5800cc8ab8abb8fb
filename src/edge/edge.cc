#include "edge/edge.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "wire/batch.h"
#include "wire/control.h"
#include "wire/limits.h"

namespace muster::edge {
namespace {

// How often waiting sessions are looked at; their waits are far longer.
constexpr Duration check_interval = std::chrono::milliseconds{100};
constexpr Duration silence_look_interval = std::chrono::seconds{1};

// `_` and nine digits must fit behind it.

replica::NameRule rule_of(wire::NameRule::Value rule) {
  switch (rule) {
    case wire::NameRule::UNIQUE:
      return replica::NameRule::unique;
    case wire::NameRule::NUMBERED:
      return replica::NameRule::numbered;
    default:
      return replica::NameRule::any;
  }
}

Error not_attached() {
  return Error{ErrorCode::failed_precondition,
               "no session is open on this connection; open or resume one first"};
}

}  // namespace

void Edge::send(LinkId link, wire::FrameType type, Bytes body) {
  // Whoever is answered has said something, also where the answer comes from the layers above.
  if (const auto client = clients_.find(link); client != clients_.end()) {
    client->second.heard = std::max(client->second.heard, now_);
  }
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

void Edge::link_opened(LinkId link, Instant now, const std::string& address, bool bound) {
  if (clients_.size() >= options_.links_max) {
    refuse(link, Error{ErrorCode::resource_exhausted,
                       "this server has " + std::to_string(clients_.size()) +
                           " clients, its limit; try another server"});
    return close(link);
  }
  clients_.emplace(link, Client{.session = {},
                                .heard = now,
                                .address = address,
                                .asked_to_move = {},
                                .bound = bound,
                                .greeting = greeting_});
  send(link, wire::FrameType::server_hello, wire::encode(surroundings_.hello));
  next_check_ = std::min(next_check_, now + check_interval);
}

void Edge::link_closed(LinkId link, Instant now) {
  const auto client = clients_.find(link);
  if (client == clients_.end()) return;
  topics_.link_closed(link);
  const std::optional<SessionId> session = client->second.session;
  clients_.erase(client);
  std::erase_if(reads_, [&](const auto& read) { return read.second.link == link; });
  if (!session) return;
  const auto attached = sessions_.find(*session);
  if (attached == sessions_.end() || attached->second.link != link) return;
  const bool open = attached->second.open;
  const Epoch epoch = attached->second.epoch;
  // A connection may break because its client was silent: that is no reason to wait anew.
  const Duration left =
      timeout_of(attached->second.times.timeout) - heartbeats_.silence(*session, now);
  drop(attached);
  if (open) watch_until(*session, epoch, now + std::max(left, Duration::zero()), now);
}

// The client of this session went elsewhere; if it did not, it resumes here, and that counts.
void Edge::leave(std::map<SessionId, Attached>::iterator session) {
  const LinkId link = session->second.link;
  clients_.at(link).session.reset();
  drop(session);
  close(link);
}

void Edge::drop(std::map<SessionId, Attached>::iterator session) {
  for (const Pending& pending : session->second.pending) pending_bytes_ -= pending.batch.size();
  asked_to_move_.erase(session->first);
  heartbeats_.forget(session->first);
  sessions_.erase(session);
}

void Edge::frame(LinkId link, const wire::Frame& frame, const replica::Replica& local,
                 Instant now) {
  now_ = now;
  if (const auto client = clients_.find(link); client != clients_.end()) {
    client->second.heard = now;
    const auto& session = client->second.session;
    if (frame.type == wire::FrameType::heartbeat) {
      // One of an attachment that is over, or not yet known here, is no fault of its client.
      if (session) take_heartbeat(link, *session, frame.body.view(), now);
      return;
    }
    if (session) heartbeats_.connection_heard(*session, now);
  }
  switch (frame.type) {
    case wire::FrameType::ping:
      return send(link, wire::FrameType::pong, {});
    case wire::FrameType::pong:
      return topics_.answered(link, local);
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
    case wire::FrameType::follow:
      return take_follow(link, frame.body.view(), local, now);
    case wire::FrameType::unfollow:
      return take_unfollow(link, frame.body.view());
    default:
      refuse(link,
             Error{ErrorCode::unimplemented, "clients don't send frames of type " +
                                                 std::to_string(static_cast<unsigned>(frame.type)) +
                                                 " to this version; the connection is closed"});
      close(link);
  }
}

void Edge::attach(LinkId link, SessionId session, Epoch epoch, replica::SessionControl control,
                  const wire::HeartbeatTimes& times, Instant now) {
  if (epoch == Epoch{}) {
    refuse(link, Error{ErrorCode::invalid_argument, "a session's epochs count from 1"});
    return close(link);
  }
  Client& client = clients_.at(link);
  if (client.session && *client.session != session) {
    refuse(link, Error{ErrorCode::failed_precondition,
                       "a connection carries one session; open another connection"});
    return close(link);
  }
  const auto before = sessions_.find(session);
  if (before == sessions_.end() && sessions_.size() >= options_.sessions_max) {
    refuse(link, Error{ErrorCode::resource_exhausted,
                       "this server has " + std::to_string(sessions_.size()) +
                           " sessions, its limit; try another server"});
    return close(link);
  }
  if (before != sessions_.end()) {
    if (before->second.link != link) {
      clients_.at(before->second.link).session.reset();
      close(before->second.link);
    }
    drop(before);
  }
  client.session = session;
  greet_anew(link);
  Attached& attached = sessions_[session];
  attached.link = link;
  attached.epoch = epoch;
  attached.control = std::move(control);
  attached.since = now;
  attached.times = times;
  pass_on(session, attached, SequenceNumber{0}, now);
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
  if (const auto zone = wire::validate_name(open->zone()); !open->zone().empty() && !zone) {
    return refuse(link, zone.error()), close(link);
  }
  if (open->host().size() > wire::address_bytes_max) {
    return refuse(link, Error{ErrorCode::invalid_argument, "the host name is too long"}),
           close(link);
  }
  if (const auto tags = wire::validate_client_tags(open->tags()); !tags) {
    return refuse(link, tags.error()), close(link);
  }
  const bool numbered = open->name_rule() == wire::NameRule::NUMBERED;
  if (numbered && open->name().size() > wire::numbered_name_bytes_max) {
    return refuse(link, Error{ErrorCode::invalid_argument,
                              "the name leaves no room for a number: at most " +
                                  std::to_string(wire::numbered_name_bytes_max) + " bytes"}),
           close(link);
  }
  const auto times =
      wire::to_heartbeat_times(open->heartbeat_interval_ms(), open->session_timeout_ms());
  if (!times) return refuse(link, times.error()), close(link);
  const Epoch epoch{open->epoch()};
  attach(link, *id, epoch,
         replica::Open{.name = open->name(),
                       .kind = open->kind(),
                       .home = {},
                       .zone = open->zone(),
                       .host = open->host(),
                       .tags = {open->tags().begin(), open->tags().end()},
                       .name_rule = rule_of(open->name_rule()),
                       .epoch = epoch,
                       .timeout = times->timeout},
         *times, now);
}

void Edge::take_resume(LinkId link, BytesView body, Instant now) {
  const auto resume = wire::decode<wire::ResumeSession>(body);
  if (!resume) return refuse(link, resume.error()), close(link);
  const auto id = wire::parse_id<SessionId>(resume->session_id());
  if (!id) return refuse(link, id.error()), close(link);
  const auto times =
      wire::to_heartbeat_times(resume->heartbeat_interval_ms(), resume->session_timeout_ms());
  if (!times) return refuse(link, times.error()), close(link);
  const Epoch epoch{resume->epoch()};
  attach(link, *id, epoch, replica::Resume{.home = {}, .epoch = epoch, .timeout = times->timeout},
         *times, now);
}

void Edge::take_end(LinkId link, BytesView body) {
  const auto end = wire::decode<wire::EndSession>(body);
  if (!end) return refuse(link, end.error()), close(link);
  const auto& session = clients_.at(link).session;
  if (!session) return refuse(link, not_attached());
  // Whatever epoch the client names: it speaks on the link that the session is attached to.
  const replica::End control{.epoch = sessions_.at(*session).epoch,
                             .reason = "ended by its client"};
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
  ++batches_taken_;
  // One that only skips numbers has no answer to wait for; if it is lost, the client is asked.
  if (batch->size() == 0) return;
  attached.pending.push_back({.first = header.first_sequence,
                              .count = batch->size(),
                              .unanswered = header.first_sequence,
                              .batch = body,
                              .since = now});
  attached.pending_commands += batch->size();
  pending_bytes_ += body.size();
  if (attached.pending.size() == 1) attached.passed_on = now;
}

void Edge::take_follow(LinkId link, BytesView body, const replica::Replica& local, Instant now) {
  const auto request = wire::decode<wire::Follow>(body);
  if (!request) return refuse(link, request.error()), close(link);
  const Result<void> followed = topics_.follow(link, *request, local, now);
  if (!followed) return refuse(link, followed.error()), close(link);
  greet_anew(link);
}

void Edge::take_unfollow(LinkId link, BytesView body) {
  const auto request = wire::decode<wire::Unfollow>(body);
  if (!request) return refuse(link, request.error()), close(link);
  topics_.unfollow(link, request->topic());
}

void Edge::pass_on(SessionId session, Attached& attached, SequenceNumber from, Instant now) {
  attached.passed_on = now;
  attached.mended.reset();
  // A server that is in no group yet has no number to be found by; it passes the control on later.
  const ServerNumber home{surroundings_.hello.number()};
  const bool in_a_group = home != ServerNumber{} || !surroundings_.hello.group_id().empty();
  if (!attached.open && in_a_group) {
    if (auto* const open = std::get_if<replica::Open>(&attached.control)) open->home = home;
    if (auto* const resume = std::get_if<replica::Resume>(&attached.control)) resume->home = home;
    batches_.emplace_back(replica::encode_control_batch(session, attached.control));
  }
  for (const Pending& pending : attached.pending) {
    if (pending.first.value + pending.count > from.value) batches_.push_back(pending.batch);
  }
}

void Edge::pass_on_unanswered(Instant now) {
  bool in_vain = false;
  for (auto& [id, attached] : sessions_) {
    const bool waits = !attached.open || !attached.pending.empty();
    if (!waits || now - attached.passed_on < answer_patience_) continue;
    pass_on(id, attached, SequenceNumber{0}, now);
    in_vain = true;
  }
  if (in_vain) answer_patience_ = std::min(2 * answer_patience_, options_.resend_after_max);
}

// Twice as long as answers take: at once when they take longer, little by little when they do not.
void Edge::answer_took(Duration time) {
  const Duration fitting = std::clamp(2 * time, options_.resend_after, options_.resend_after_max);
  answer_patience_ = std::max(fitting, answer_patience_ - (answer_patience_ - fitting) / 8);
}

void Edge::resend_all(Instant now) {
  answer_patience_ = options_.resend_after;
  for (auto& [id, attached] : sessions_) pass_on(id, attached, SequenceNumber{0}, now);
  ask_reads_again();
}

void Edge::watch_absent(SessionId session, Epoch epoch, Duration asked_timeout, Instant now) {
  watch_until(session, epoch, now + timeout_of(asked_timeout), now);
}

void Edge::watch_until(SessionId session, Epoch epoch, Instant end, Instant now) {
  if (sessions_.contains(session)) return;
  absent_[session] = Absent{.epoch = epoch, .ends_at = end};
  next_check_ = std::min(next_check_, now + check_interval);
  tell_absent(session, epoch, now);
}

void Edge::set_surroundings(Surroundings surroundings, Instant now) {
  const bool had_leader = surroundings_.leader_known;
  const bool others_changed = !std::ranges::equal(surroundings_.hello.client_addresses(),
                                                  surroundings.hello.client_addresses());
  surroundings_ = std::move(surroundings);
  if (others_changed) {
    ++greeting_;
    send_to_all(wire::FrameType::server_hello, wire::encode(surroundings_.hello));
  }
  if (surroundings_.leader_known) {
    leaderless_since_.reset();
  } else if (had_leader || !leaderless_since_) {
    leaderless_since_ = now;
    next_check_ = std::min(next_check_, now + check_interval);
  }
}

// Whoever was greeted, and had neither session nor topic when the others changed, was not told.
void Edge::greet_anew(LinkId link) {
  Client& client = clients_.at(link);
  if (std::exchange(client.greeting, greeting_) == greeting_) return;
  send(link, wire::FrameType::server_hello, wire::encode(surroundings_.hello));
}

// To sessions, and to those who follow topics without one.
void Edge::send_to_all(wire::FrameType type, Bytes body) {
  const SharedBytes shared(std::move(body));
  const auto send_to = [&](LinkId link) {
    outputs_.emplace_back(
        SendFrame{.link = link, .type = type, .lane = wire::Lane::normal, .body = {shared}});
    clients_.at(link).greeting = greeting_;
  };
  for (const auto& [id, attached] : sessions_) send_to(attached.link);
  for (const LinkId link : topics_.links()) {
    if (!clients_.at(link).session) send_to(link);
  }
}

// In the order of their numbers: that of the table is not the same everywhere.
void Edge::close_silent(Instant now) {
  if (now < next_look_for_silence_) return;
  next_look_for_silence_ = now + silence_look_interval;
  std::vector<LinkId> silent;
  for (auto& [link, client] : clients_) {
    if (client.bound || now - client.heard < options_.silence_max) continue;
    // Who promised heartbeats has a time of its own.
    if (client.session && heartbeats_.watches(*client.session)) continue;
    client.heard = now;
    silent.push_back(link);
  }
  std::ranges::sort(silent);
  for (const LinkId link : silent) {
    refuse(link, Error{ErrorCode::deadline_exceeded,
                       "this client said nothing for too long; send a ping now and then"});
    close(link);
  }
}

void Edge::tick(Instant now) {
  now_ = now;
  topics_.tick(now);
  telemetry_.tick(now);
  heartbeats_.tick(now);
  end_silent(now);
  if (now < next_check_) return;
  next_check_ = clients_.empty() && absent_.empty() && !leaderless_since_ ? Instant::max()
                                                                          : now + check_interval;
  close_silent(now);
  if (leaderless_since_ && now - *leaderless_since_ >= options_.leaderless_patience) {
    leaderless_since_ = now;
    // Also those who only follow: what others decide is not heard of here.
    send_away_all(surroundings_.no_leader_reason);
  }
  if (!surroundings_.leader_known) return;
  ask_reads_again();
  pass_on_unanswered(now);
  for (auto& [id, absent] : absent_) {
    if (now < absent.ends_at || sessions_.contains(id)) continue;
    absent.ends_at = now + options_.resend_after;
    const replica::End end{.epoch = absent.epoch, .reason = "its client was away for too long"};
    batches_.emplace_back(replica::encode_control_batch(id, end));
  }
}

std::optional<Instant> Edge::deadline() const {
  const Instant next = std::min({next_check_, topics_.deadline().value_or(Instant::max()),
                                 telemetry_.deadline().value_or(Instant::max()),
                                 heartbeats_.deadline().value_or(Instant::max())});
  if (next == Instant::max()) return std::nullopt;
  return next;
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
