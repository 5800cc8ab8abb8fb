#include "edge/irc/connection.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "chat/words.h"
#include "edge/irc/impl.h"
#include "muster/check.h"
#include "wire/control.h"
#include "wire/utf8.h"

namespace muster::edge::irc {
namespace {

// A home takes twice `session_requests_in_flight_max`; a line makes no more than its bytes.
constexpr std::size_t unanswered_max = wire::session_requests_in_flight_max;

SharedBytes in_one_piece(const std::vector<SharedBytes>& pieces) {
  if (pieces.size() == 1) return pieces.front();
  Bytes whole;
  for (const SharedBytes& piece : pieces) {
    whole.insert(whole.end(), piece.view().begin(), piece.view().end());
  }
  return SharedBytes(std::move(whole));
}

// The last place before it of which all is told.
Position last_before(wire::EventPosition next) {
  if (next.sub > 0) return next.command;
  if (next.command.ordinal > 0) return {next.command.index, next.command.ordinal - 1};
  if (next.command.index == LogIndex{0}) return {};
  return {next.command.index - 1, std::numeric_limits<std::uint32_t>::max()};
}

}  // namespace

// ---- The interface ------------------------------------------------------------------------------

Connection::Connection(const Options& options, Encodings& encodings, Birth birth, Instant now)
    : impl_(std::make_unique<Impl>(options, encodings, std::move(birth), now)) {}
Connection::~Connection() = default;

void Connection::received(BytesView bytes, Instant now) {
  impl_->received(bytes, now);
}
bool Connection::wants_input() const {
  return impl_->wants_input();
}
void Connection::sent(std::size_t bytes, Instant now) {
  impl_->sent(bytes, now);
}
void Connection::input_ended(Instant now, const std::string& why) {
  impl_->input_ended(now, why);
}
void Connection::frame(const SendFrame& frame, Instant now, LogTime wall) {
  impl_->frame(frame, now, wall);
}
void Connection::link_closed(Instant now) {
  impl_->link_closed(now);
}
std::vector<wire::Frame> Connection::take_frames() {
  return impl_->take_frames();
}
std::vector<SharedBytes> Connection::take_bytes() {
  return impl_->take_bytes();
}
bool Connection::finished() const {
  return impl_->finished();
}
Instant Connection::deadline() const {
  return impl_->deadline();
}
void Connection::tick(Instant now) {
  impl_->tick(now);
}

// ---- Input --------------------------------------------------------------------------------------

Connection::Impl::Impl(const Options& options, Encodings& encodings, Birth birth, Instant now)
    : options_(options),
      encodings_(encodings),
      birth_(std::move(birth)),
      native_(birth_.session),
      host_(as_host(birth_.host)),
      inbox_(birth_.inbox),
      tokens_(static_cast<double>(options.burst)),
      refilled_(now),
      now_(now),
      born_(now),
      heard_(now) {}

void Connection::Impl::received(BytesView bytes, Instant now) {
  now_ = now;
  if (finished()) return;
  reader_.feed(bytes);
  read_lines(now);
}

void Connection::Impl::refill(Instant now) {
  const std::chrono::duration<double> passed = now - refilled_;
  refilled_ = now;
  tokens_ = std::min(tokens_ + passed.count() * options_.lines_per_second,
                     static_cast<double>(options_.burst));
}

bool Connection::Impl::wants_input() const {
  const bool reads = phase_ == Phase::registering || phase_ == Phase::registered;
  return reads && capability_requests_ == 0 && tokens_ >= 1 && tasks_.size() < options_.tasks_max &&
         native_.unanswered() < unanswered_max &&
         bytes_told_ - bytes_sent_ <= options_.send_queue_max / 2;
}

void Connection::Impl::read_lines(Instant now) {
  refill(now);
  while (wants_input()) {
    const auto line = reader_.next();
    if (!line) return;
    heard_ = now;
    --tokens_;
    take_line(*line);
  }
}

void Connection::Impl::input_ended(Instant now, const std::string& why) {
  now_ = now;
  socket_open_ = false;
  if (finished()) return;
  leave_session(why);
  phase_ = Phase::finished;
}

// Without a token nobody could take it over: it ends at once, and not after its timeout.
void Connection::Impl::leave_session(const std::string& reason) {
  const bool quits = phase_ == Phase::quitting;
  if (!session_open_ || !link_open_ || (!quits && !password_.empty())) return;
  if (phase_ == Phase::registered) native_.send_unasked(chat::SignOut{reason});
  native_.end();
}

void Connection::Impl::close(const std::string& reason, bool ends) {
  if (finished()) return;
  if (ends) leave_session(reason);
  phase_ = Phase::finished;
  put_run();
  const std::string line = "ERROR :Closing Link: " + host_ + " (" + reason + ")\r\n";
  text_ += line;
  bytes_told_ += line.size();
}

// ---- Frames -------------------------------------------------------------------------------------

std::vector<wire::Frame> Connection::Impl::take_frames() {
  tell_events();
  if (!link_open_) return {};
  return native_.take_frames();
}

std::vector<SharedBytes> Connection::Impl::take_bytes() {
  tell_events();
  put_run();
  put_text();
  return std::exchange(out_, {});
}

void Connection::Impl::sent(std::size_t bytes, Instant now) {
  now_ = now;
  bytes_sent_ += bytes;
  check(bytes_sent_ <= bytes_told_);
  if (!finished()) read_lines(now);
}

void Connection::Impl::frame(const SendFrame& frame, Instant now, LogTime wall) {
  now_ = now;
  wall_ = wall;
  wall_at_ = now;
  if (finished()) return;
  const SharedBytes body = in_one_piece(frame.body);
  if (frame.type == wire::FrameType::events) {
    if (auto encoded = encodings_.find(body, capabilities_, options_.server_name)) {
      events_.push_back(std::move(encoded));
    }
    return;
  }
  if (frame.type != wire::FrameType::ping) tell_events();
  take_frame(frame.type, body);
  run_tasks();
  if (!finished()) read_lines(now);
}

void Connection::Impl::take_frame(wire::FrameType type, const SharedBytes& body) {
  switch (type) {
    case wire::FrameType::ping:
      // It asks whether events may go on. They may: who is slow is let go by its own queue's limit,
      // with the reason, instead of falling behind until there is a gap.
      return native_.pong();
    case wire::FrameType::pong:
      return native_.take_pong();
    case wire::FrameType::session_opened:
      session_open_ = true;
      return;
    case wire::FrameType::session_ended: {
      const auto ended = wire::decode<wire::SessionEnded>(body.view());
      session_open_ = false;
      if (phase_ == Phase::quitting) return;
      return close(ended ? ended->reason() : "the session has ended", false);
    }
    case wire::FrameType::replies:
      return take_replies(body.view());
    case wire::FrameType::resend_from:
      if (!native_.take_resend(body.view())) close("internal error", true);
      return;
    case wire::FrameType::read_reply:
      if (!native_.take_read_reply(body.view())) close("internal error", true);
      return;
    case wire::FrameType::members:
      if (!native_.take_members(body.view())) close("internal error", true);
      return;
    case wire::FrameType::status:
      return take_status(body.view());
    case wire::FrameType::redirect:
      return take_redirect(body.view());
    case wire::FrameType::reached:
      return take_reached(body.view());
    case wire::FrameType::gap:
      return take_gap(body);
    case wire::FrameType::refused:
      return take_refused(body.view());
    default:
      return;  // Hellos: it stays here, whoever else there is.
  }
}

// A command of somebody who is signed in no longer: another connection has taken its place.
void Connection::Impl::take_replies(BytesView body) {
  const auto unasked = native_.take_replies(body);
  if (!unasked) return close("internal error", true);
  take_places();
  for (const Native::Answer& answer : *unasked) {
    if (!answer || answer->refusals.empty() || phase_ != Phase::registered) continue;
    if (answer->refusals.front().reason != chat::Reason::not_signed_in) continue;
    return close("another connection has taken this one's place", false);
  }
}

void Connection::Impl::take_refused(BytesView body) {
  const auto refused = wire::decode<wire::Refused>(body);
  why_closed_ = refused ? refused->message() : "refused";
}

void Connection::Impl::link_closed(Instant now) {
  now_ = now;
  link_open_ = false;
  tell_events();
  close(why_closed_.empty() ? "the server lets its clients go; connect to another" : why_closed_,
        false);
}

// Asked to move while it is served here: it stays. Else the group has no leader, or the server
// ends.
void Connection::Impl::take_redirect(BytesView body) {
  const auto redirect = wire::decode<wire::Redirect>(body);
  if (!redirect || redirect->keep_until_moved()) return;
  why_closed_ = redirect->reason();
  if (!ask_status_at_) ask_status_at_ = now_;
  tick(now_);
}

void Connection::Impl::take_status(BytesView body) {
  const auto status = wire::decode<wire::Status>(body);
  if (!status) return;
  if (const auto awaited = std::exchange(awaited_status_, {})) *awaited = *status;
  const auto phase = status->phase();
  if (phase == wire::Phase::STOPPING || phase == wire::Phase::DISSOLVED) {
    return close("the server is stopping, connect to another", false);
  }
  writable_ = status->writable();
  if (writable_) {
    ask_status_at_.reset();
    why_closed_.clear();
    if (std::exchange(said_unwritable_, false)) notice("The group has a leader again: go on.");
    return;
  }
  why_unwritable_ = status->reason();
  ask_status_at_ = now_ + options_.status_interval;
  if (std::exchange(said_unwritable_, true)) return;
  notice("The group can't decide now: " + why_unwritable_ +
         ". You can read; nothing can be said until it can.");
}

void Connection::Impl::take_reached(BytesView body) {
  const auto reached = wire::ReachedView::parse(body);
  if (!reached) return;
  const auto follow = follows_.find(reached->topic);
  if (follow == follows_.end()) return;
  follow->second.from = std::max(follow->second.from, wire::beginning_of(reached->index + 1));
}

// More than this server keeps was missed. What was said is told; who is there is told anew.
void Connection::Impl::take_gap(const SharedBytes& body) {
  const auto gap = wire::GapView::parse(body.view());
  if (!gap) return;
  const auto found = follows_.find(gap->topic);
  if (found == follows_.end()) return;
  Follow& follow = found->second;
  const wire::EventPosition from = follow.from;
  follow.from = std::max(from, wire::beginning_of(gap->index + 1));
  const auto state =
      gap->error ? Result<chat::RoomState>(Error{}) : chat::decode_room_state(gap->payload);
  if (!state || follow.what == Follow::What::presence) return;
  std::string text;
  for (const chat::Line& line : state->lines) {
    if (line.position < from.command) continue;
    if (is_self(line.from) && !has(Capability::echo_message)) continue;
    append_lines(text, line,
                 {.position = line.position,
                  .time = line.time,
                  .capabilities = capabilities_,
                  .server_name = options_.server_name,
                  .to_room = follow.what == Follow::What::room});
  }
  put(text);
  if (follow.what != Follow::What::room) return;
  const std::string room = follow.name;
  begin_task({.command = "NAMES"});
  ask<chat::Channel>(chat::AskChannel{.room = room}, chat::decode_channel,
                     [this, room](const chat::Channel& channel, LogIndex) {
                       tell_topic(channel, true);
                       tell_names(channel, "#" + room);
                     });
  task_ = nullptr;
}

// ---- Time ---------------------------------------------------------------------------------------

LogTime Connection::Impl::wall() const {
  return wall_ + std::chrono::floor<std::chrono::milliseconds>(now_ - wall_at_);
}

std::optional<Position> Connection::Impl::told_up_to() const {
  std::optional<Position> least;
  for (const auto& [topic, follow] : follows_) {
    if (follow.what == Follow::What::presence) continue;
    const Position told = last_before(follow.from);
    least = least ? std::min(*least, told) : told;
  }
  return least;
}

// The answer to it says that all before it has arrived.
void Connection::Impl::ping_client(Instant now) {
  tell_events();
  confirms_ = told_up_to();
  told_since_.reset();
  pinged_ = now;
  say_now("PING :" + (confirms_ ? message_id(*confirms_) : options_.server_name));
}

// Only who can be taken over needs it.
void Connection::Impl::confirm() {
  if (!confirms_ || *confirms_ <= delivered_ || password_.empty()) return;
  if (phase_ != Phase::registered || !writable_) return;
  delivered_ = *confirms_;
  native_.send_unasked(chat::Delivered{delivered_});
}

Instant Connection::Impl::deadline() const {
  if (finished()) return Instant::max();
  Instant next = Instant::max();
  if (ask_status_at_) next = std::min(next, *ask_status_at_);
  if (tokens_ < 1) {  // Until then nobody looks whether there is more to read.
    const std::chrono::duration<double> wait((1 - tokens_) / options_.lines_per_second);
    next = std::min(next, refilled_ + std::chrono::ceil<Duration>(wait));
  }
  if (phase_ == Phase::registering || phase_ == Phase::signing_in) {
    return std::min(next, born_ + options_.registration_timeout);
  }
  if (pinged_) return std::min(next, std::max(*pinged_, heard_) + options_.ping_timeout);
  next = std::min(next, heard_ + options_.ping_after);
  if (told_since_) next = std::min(next, *told_since_ + options_.confirm_after);
  return next;
}

void Connection::Impl::tick(Instant now) {
  now_ = now;
  if (finished()) return;
  if (ask_status_at_ && *ask_status_at_ <= now) {
    native_.ask_status();
    ask_status_at_ = now + options_.status_interval;
  }
  if (phase_ == Phase::registering || phase_ == Phase::signing_in) {
    if (now - born_ >= options_.registration_timeout) close("Registration timed out", true);
  } else if (pinged_) {
    if (now - std::max(*pinged_, heard_) >= options_.ping_timeout) close("Ping timeout", true);
  } else if (now - heard_ >= options_.ping_after ||
             (told_since_ && now - *told_since_ >= options_.confirm_after)) {
    ping_client(now);
  }
  if (!finished()) read_lines(now);
}

}  // namespace muster::edge::irc
