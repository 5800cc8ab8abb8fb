#include "session/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "muster/check.h"
#include "wire/batch.h"
#include "wire/control.h"

namespace muster::session {

namespace {

constexpr Duration said_for = std::chrono::seconds{10};  // Then it is old news.

std::uint64_t to_milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

Session::Session(Options options)
    : options_(std::move(options)),
      random_(options_.seed),
      servers_({.backoff_min = options_.backoff_min, .backoff_max = options_.backoff_max},
               options_.seeds),
      name_(options_.name),
      ping_interval_(options_.ping_interval),
      silence_timeout_(options_.silence_timeout),
      group_(options_.group),
      pace_(options_.heartbeats_by_datagram),
      topics_(options_.topics_max) {
  check(!options_.id.uuid.is_nil());
  check(options_.calls_in_flight_max > 0 && options_.reads_in_flight_max > 0);
  check(options_.dial_timeout > Duration::zero() && options_.open_timeout > Duration::zero());
  check(options_.heartbeat_interval == Duration::zero() ||
        (options_.heartbeat_interval >= wire::heartbeat_interval_min &&
         options_.heartbeat_interval <= wire::heartbeat_interval_max));
  check(options_.session_timeout >= Duration::zero() &&
        options_.session_timeout <= wire::session_timeout_max);
  check(options_.ping_interval > Duration::zero());
  check(options_.ping_interval < options_.silence_timeout);
}

void Session::connected(LinkId link, Instant now) {
  if (move_ && link == move_->link) {
    move_->connected = true;
    move_->since = now;
    return;
  }
  if (link != link_ || phase_ != Phase::dialing) return;
  phase_ = Phase::opening;
  phase_since_ = now;
  last_heard_ = now;
  begin_link();
  note_change(StateChange::Kind::connected);
}

// Nothing was asked on this link yet.
void Session::begin_link() {
  ping_sent_ = false;
  pings_sent_ = 0;
  pings_answered_ = 0;
  queries_sent_.clear();
  for (auto& [id, request] : requests_) request.sent = false;
  topics_.linked();
}

void Session::disconnected(LinkId link, Instant now, const std::optional<Error>& why) {
  if (move_ && link == move_->link) return lose_move(now);
  if (link != link_ || phase_ == Phase::waiting || phase_ == Phase::ended) return;
  const std::string reason =
      phase_ == Phase::dialing ? "no connection to " + address_ : address_ + " closed the link";
  give_up_link(why.value_or(Error{ErrorCode::unavailable, reason}), now, false);
}

void Session::learned(const std::string& address) {
  servers_.learn(address);
}

std::optional<std::string> Session::server() const {
  if (!linked()) return std::nullopt;
  return address_;
}

void Session::dial_if_due(Instant now) {
  if (phase_ != Phase::waiting || (retry_at_ && *retry_at_ > now)) return;
  if (!go_to_ && servers_.empty()) return;
  sent_on_ = go_to_.has_value();
  if (go_to_) {
    address_ = *std::exchange(go_to_, std::nullopt);
    servers_.tried(address_);
  } else {
    address_ = servers_.next();
  }
  retry_at_.reset();
  phase_ = Phase::dialing;
  phase_since_ = now;
  link_ = {++links_};
  ready_.dial.push_back({link_, address_});
}

void Session::give_up_link(const Error& why, Instant now, bool close) {
  if (close) ready_.close.push_back(link_);
  if (move_) return go_on_there();
  if (linked()) note_change(StateChange::Kind::lost, why.message);
  if (phase_ == Phase::open && now - phase_since_ >= options_.stable_after) {
    servers_.succeeded();
    redirects_ = 0;
  }
  if (phase_ == Phase::open) servers_.lost(address_, random_);
  // What a server has said is worth more than that the next one can't be reached.
  const bool said = phase_ != Phase::dialing;
  if (said || !said_at_ || now - *said_at_ > said_for) last_error_ = why;
  if (said) said_at_ = now;
  hello_.reset();
  pace_.stop();
  queries_sent_.clear();
  for (auto& [id, request] : requests_) request.sent = false;
  phase_ = Phase::waiting;
  phase_since_ = now;
  retry_at_ = go_to_ ? now : now + servers_.pause(random_);
}

void Session::send(wire::FrameType type, Bytes body) {
  ready_.send.push_back({link_, {type, wire::Lane::normal, SharedBytes(std::move(body))}});
}

// Nobody is sent on whom another server has just chosen this one for, or who was sent about a lot.
bool Session::is_to_be_taken() const {
  return sent_on_ || redirects_ >= redirects_max;
}

void Session::send_open() {
  if (known_to_group_) return send_resume(link_, is_to_be_taken());
  wire::OpenSession open;
  open.set_session_id(options_.id.uuid.to_string());
  open.set_epoch(++attempts_.value);
  open.set_name(options_.name);
  open.set_kind(options_.kind);
  open.set_client_timeout_ms(to_milliseconds(options_.silence_timeout));
  open.set_zone(options_.zone);
  open.set_host(options_.host);
  open.mutable_tags()->insert(options_.tags.begin(), options_.tags.end());
  open.set_name_rule(options_.name_rule);
  open.set_stays(options_.stays || is_to_be_taken());
  open.set_heartbeat_interval_ms(to_milliseconds(options_.heartbeat_interval));
  open.set_session_timeout_ms(to_milliseconds(options_.session_timeout));
  send(wire::FrameType::open_session, wire::encode(open));
}

// `stays`: the server at the other end is to take the session, even if it would rather not.
void Session::send_resume(LinkId link, bool stays) {
  wire::ResumeSession resume;
  resume.set_session_id(options_.id.uuid.to_string());
  resume.set_epoch(++attempts_.value);
  resume.set_answered_sequence(first_.value - 1);
  resume.set_client_timeout_ms(to_milliseconds(options_.silence_timeout));
  resume.set_heartbeat_interval_ms(to_milliseconds(options_.heartbeat_interval));
  resume.set_session_timeout_ms(to_milliseconds(options_.session_timeout));
  resume.set_stays(stays);
  ready_.send.push_back(
      {link,
       {wire::FrameType::resume_session, wire::Lane::normal, SharedBytes(wire::encode(resume))}});
}

Result<void> Session::may_take(std::size_t payload_bytes) const {
  if (phase_ == Phase::ended) {
    return Error{ErrorCode::aborted, "this session has ended; open a new one"};
  }
  if (payload_bytes > wire::command_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "a request has " + std::to_string(payload_bytes) + " bytes; at most " +
                     std::to_string(wire::command_bytes_max) + " are allowed"};
  }
  return {};
}

Result<void> Session::has_room(std::size_t in_flight, std::size_t in_flight_max,
                               std::size_t bytes) const {
  if (in_flight >= in_flight_max || bytes > options_.bytes_in_flight_max - bytes_in_flight_) {
    return Error{ErrorCode::resource_exhausted,
                 "too many requests of this session are unanswered (" + std::to_string(in_flight) +
                     "); wait for an answer"};
  }
  return {};
}

void Session::expires_at(Instant deadline) {
  next_expiry_ = next_expiry_ ? std::min(*next_expiry_, deadline) : deadline;
}

Result<SequenceNumber> Session::call(ServiceId service, SharedBytes payload, Instant now,
                                     Instant deadline) {
  if (options_.only_follows) {
    return Error{ErrorCode::failed_precondition,
                 "this client only follows topics and reads; open a session to give commands"};
  }
  if (Result<void> may = may_take(payload.size()); !may) return may.error();
  Result<void> room = has_room(calls_.size(), options_.calls_in_flight_max, payload.size());
  if (!room) return room.error();
  if (deadline <= now) return expired(false);
  const SequenceNumber sequence = next_sequence();
  bytes_in_flight_ += payload.size();
  calls_.push_back({.service = service, .payload = std::move(payload), .deadline = deadline});
  expires_at(deadline);
  return sequence;
}

Result<RequestId> Session::read(ServiceId service, const SharedBytes& payload, bool linearizable,
                                Instant now, Instant deadline) {
  if (deadline <= now) return expired(false);
  if (Result<void> may = may_take(payload.size()); !may) return may.error();
  wire::Read read;
  read.set_request_id(next_request_);
  read.set_service(service.value);
  read.set_linearizable(linearizable);
  read.set_payload(std::string(as_text(payload.view())));
  return take_request({.type = wire::FrameType::read,
                       .body = SharedBytes(wire::encode(read)),
                       .deadline = deadline});
}

Result<RequestId> Session::query(wire::FrameType type, SharedBytes body, Instant now,
                                 Instant deadline) {
  check(type == wire::FrameType::status_request || type == wire::FrameType::members_request);
  if (deadline <= now) return expired(false);
  if (Result<void> may = may_take(body.size()); !may) return may.error();
  return take_request({.type = type, .body = std::move(body), .deadline = deadline});
}

Result<void> Session::follow(std::string_view topic, std::optional<wire::EventPosition> from) {
  if (phase_ == Phase::ended) {
    return Error{ErrorCode::aborted, "this session has ended; open a new one"};
  }
  return topics_.follow(topic, from);
}

Result<RequestId> Session::take_request(Request request) {
  Result<void> room = has_room(requests_.size(), options_.reads_in_flight_max, request.body.size());
  if (!room) return room.error();
  bytes_in_flight_ += request.body.size();
  expires_at(request.deadline);
  requests_.emplace(next_request_, std::move(request));
  return RequestId{next_request_++};
}

void Session::end(Instant now) {
  if (phase_ == Phase::ended) return;
  if (linked() && !options_.only_follows) {
    wire::EndSession end;
    end.set_session_id(options_.id.uuid.to_string());
    end.set_epoch(epoch_.value);
    send(wire::FrameType::end_session, wire::encode(end));
  }
  phase_since_ = now;
  finish_ended("ended by this client");
}

void Session::finish_ended(const std::string& reason, ErrorCode code) {
  if (phase_ == Phase::dialing || linked()) ready_.close.push_back(link_);
  if (move_) ready_.close.push_back(std::exchange(move_, std::nullopt)->link);
  const Error aborted{code,
                      code == ErrorCode::aborted ? "the session has ended: " + reason : reason};
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (calls_[i].reported) continue;
    Error error = aborted;
    if (calls_[i].sent) error.outcome = Outcome::perhaps_applied;
    ready_.calls.push_back({SequenceNumber{first_.value + i}, std::move(error)});
  }
  for (const auto& [id, request] : requests_) complete(RequestId{id}, request, aborted);
  calls_.clear();
  requests_.clear();
  topics_.clear();
  queries_sent_.clear();
  bytes_in_flight_ = 0;
  pace_.stop();
  next_expiry_.reset();
  retry_at_.reset();
  note_change(StateChange::Kind::ended, reason);
  phase_ = Phase::ended;
}

void Session::note_change(StateChange::Kind kind, std::string reason) {
  ready_.changes.push_back({kind, address_, std::move(reason)});
}

void Session::complete(RequestId id, const Request& request, const Error& error) {
  if (request.type == wire::FrameType::read) {
    ready_.reads.push_back({id, error});
  } else {
    ready_.queries.push_back({id, error});
  }
}

Error Session::expired(bool ever_sent) const {
  std::string message = "no answer came in the time allowed";
  if (phase_ != Phase::open) message = "no server took the session in the time allowed";
  if (last_error_) message += "; last: " + last_error_->message;
  return Error{ErrorCode::deadline_exceeded, std::move(message),
               ever_sent ? Outcome::perhaps_applied : Outcome::not_applied};
}

void Session::expire(Instant now) {
  if (!next_expiry_ || *next_expiry_ > now) return;
  next_expiry_.reset();
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    Call& call = calls_[i];
    if (call.reported) continue;
    if (call.deadline > now) {
      expires_at(call.deadline);
      continue;
    }
    call.reported = true;
    ready_.calls.push_back({SequenceNumber{first_.value + i}, expired(call.sent)});
    if (!call.sent) settle(call);  // It was promised not to be applied: never send it.
  }
  drop_answered_calls();
  expire_requests(now);
}

void Session::settle(Call& call) {
  call.answered = true;
  bytes_in_flight_ -= call.payload.size();
  call.payload = {};
}

void Session::expire_requests(Instant now) {
  for (auto at = requests_.begin(); at != requests_.end();) {
    const auto& [id, request] = *at;
    if (request.deadline > now) {
      expires_at(request.deadline);
      ++at;
      continue;
    }
    complete(RequestId{id}, request, expired(false));
    bytes_in_flight_ -= request.body.size();
    at = requests_.erase(at);
  }
}

void Session::tick(Instant now) {
  expire(now);
  if (move_ &&
      now - move_->since >= (move_->connected ? options_.open_timeout : options_.dial_timeout)) {
    abandon_move(now);
  }
  const Duration in_phase = now - phase_since_;
  if (phase_ == Phase::dialing && in_phase >= options_.dial_timeout) {
    return give_up_link({ErrorCode::unavailable, "no connection to " + address_ + " in time"}, now,
                        true);
  }
  if (phase_ == Phase::opening && in_phase >= options_.open_timeout) {
    return give_up_link({ErrorCode::unavailable, address_ + " did not open the session in time"},
                        now, true);
  }
  if (!linked()) return;
  const Duration silence = now - last_heard_;
  if (silence >= silence_timeout_) {
    return give_up_link({ErrorCode::unavailable, address_ + " does not answer any more"}, now,
                        true);
  }
  if (const auto since = pace_.unanswered_since(); since && now - *since >= silence_timeout_) {
    return give_up_link({ErrorCode::unavailable, address_ + " does not hear this client any more"},
                        now, true);
  }
  send_heartbeats(now);
  if (silence >= ping_interval_ && !ping_sent_) {
    ping_sent_ = true;
    send_ping();
  }
}

void Session::send_ping() {
  ++pings_sent_;
  send(wire::FrameType::ping, {});
}

std::optional<Instant> Session::deadline() const {
  std::optional<Instant> earliest = next_expiry_;
  const auto consider = [&earliest](Instant instant) {
    earliest = earliest ? std::min(*earliest, instant) : instant;
  };
  if (phase_ == Phase::waiting && retry_at_ && (go_to_ || !servers_.empty())) consider(*retry_at_);
  if (phase_ == Phase::dialing) consider(phase_since_ + options_.dial_timeout);
  if (phase_ == Phase::opening) consider(phase_since_ + options_.open_timeout);
  if (move_) {
    consider(move_->since + (move_->connected ? options_.open_timeout : options_.dial_timeout));
  }
  if (linked()) {
    consider(last_heard_ + (ping_sent_ ? silence_timeout_ : ping_interval_));
    if (const auto beat = pace_.deadline()) consider(*beat);
    if (const auto since = pace_.unanswered_since()) consider(*since + silence_timeout_);
  }
  return earliest;
}

Ready Session::ready(Instant now) {
  dial_if_due(now);
  if (phase_ == Phase::open) send_calls();
  if (linked() && hello_) {
    send_requests();
    send_follows();
  }
  return std::exchange(ready_, {});
}

void Session::send_calls() {
  if (phase_ != Phase::open) return;
  while (next_to_send_ < calls_.size()) {
    if (calls_[next_to_send_].answered) {
      ++next_to_send_;
    } else {
      next_to_send_ = send_batch(next_to_send_);
    }
  }
}

// The unanswered commands from `place` on, as many as one batch takes. Returns the place behind.
std::size_t Session::send_batch(std::size_t place) {
  const SequenceNumber sequence{first_.value + place};
  wire::BatchBuilder batch({.session = options_.id,
                            .epoch = epoch_,
                            .first_sequence = sequence,
                            .skip = static_cast<std::uint32_t>(sequence.value - server_has_ - 1)});
  std::size_t end = place;
  std::size_t bytes = 0;
  for (; end < calls_.size() && !calls_[end].answered; ++end) {
    bytes += wire::command_header_bytes + calls_[end].payload.size();
  }
  batch.reserve(bytes);
  for (end = place; end < calls_.size(); ++end) {
    Call& call = calls_[end];
    if (call.answered || !batch.fits(call.payload.size())) break;
    check(batch.add(call.service, call.payload.view()).has_value());
    call.sent = true;
  }
  server_has_ = first_.value + end - 1;
  send(wire::FrameType::commands, std::move(batch).finish());
  return end;
}

void Session::send_follows() {
  for (Topics::Request& request : topics_.take_requests(pings_sent_)) {
    send(request.type, std::move(request.body));
    if (request.ping) send_ping();
  }
}

void Session::send_requests() {
  for (auto& [id, request] : requests_) {
    if (request.sent) continue;
    request.sent = true;
    if (request.type != wire::FrameType::read) queries_sent_.push_back(id);
    ready_.send.push_back({link_, {request.type, wire::Lane::normal, request.body}});
  }
}

}  // namespace muster::session
