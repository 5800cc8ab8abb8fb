// What a session makes of the frames of its server.
#include <algorithm>
#include <utility>

#include "session/session.h"
#include "wire/control.h"
#include "wire/replies.h"

namespace muster::session {

namespace {

constexpr std::uint64_t timeout_ms_max = 86'400'000;  // As `wire::session_timeout_max`.

Error senseless(const std::string& what) {
  return Error{ErrorCode::invalid_argument, "the server " + what};
}

}  // namespace

void Session::frame(LinkId link, wire::FrameType type, const SharedBytes& body, Instant now) {
  if (move_ && link == move_->link) return take_move_frame(type, body, now);
  if (link != link_ || !linked()) return;
  last_heard_ = now;
  ping_sent_ = false;
  const Result<void> taken = take_frame(type, body, now);
  if (!taken && linked()) give_up_link(taken.error(), now, true);
}

Result<void> Session::take_frame(wire::FrameType type, const SharedBytes& body, Instant now) {
  switch (type) {
    case wire::FrameType::ping:
      send(wire::FrameType::pong, {});
      return {};
    case wire::FrameType::pong:
      topics_.answered(++pings_answered_);
      return {};
    case wire::FrameType::heartbeat_heard:
      return take_heard(body.view());
    case wire::FrameType::goodbye:
      return Error{ErrorCode::unavailable, address_ + " said goodbye"};
    case wire::FrameType::server_hello:
      return take_hello(body.view(), now);
    case wire::FrameType::session_opened:
      return take_opened(body.view(), now);
    case wire::FrameType::session_ended:
      return take_ended(body.view());
    case wire::FrameType::redirect:
      return take_redirect(body.view(), now);
    case wire::FrameType::refused:
      return take_refused(body.view());
    case wire::FrameType::replies:
      return take_replies(body);
    case wire::FrameType::resend_from:
      return take_resend(body.view());
    case wire::FrameType::read_reply:
      return take_read_reply(body);
    case wire::FrameType::events:
    case wire::FrameType::reached:
    case wire::FrameType::gap:
      return take_topic(type, body);
    case wire::FrameType::status:
    case wire::FrameType::members:
      return take_answer(type, body);
    default:
      return senseless("sent what only clients and peers send");
  }
}

Result<void> Session::take_hello(BytesView body, Instant now) {
  Result<wire::ServerHello> hello = wire::decode<wire::ServerHello>(body);
  if (!hello) return hello.error();
  if (Result<void> own = stay_in_group(*hello, now); !own || ended()) return own;
  for (const std::string& address : hello->client_addresses()) servers_.learn(address);
  servers_.learn(hello->leader_address());
  const bool is_first = !hello_;
  hello_ = std::move(*hello);
  if (is_first) greet();
  return {};
}

void Session::greet() {
  if (!options_.only_follows) return send_open();
  phase_ = Phase::open;
  last_error_.reset();
}

// Whether this server is of the group that the session is for; if not, the link is given up.
Result<void> Session::stay_in_group(const wire::ServerHello& hello, Instant now) {
  std::optional<GroupId> other;
  if (!hello.group_id().empty()) {
    const Result<GroupId> id = wire::parse_id<GroupId>(hello.group_id());
    if (!id) return id.error();
    other = *id;
  }
  if (!group_) {
    if (options_.only_follows) group_ = other;
    return {};
  }
  if (other == group_) {
    only_others_since_.reset();
    return {};
  }
  if (!other) {
    return Error{ErrorCode::unavailable, address_ + " does not belong to a group yet"};
  }
  if (std::ranges::find(hello.gone_groups(), group_->uuid.to_string()) !=
      hello.gone_groups().end()) {
    return leave_group(other, "it gave way to group " + hello.group_id());
  }
  if (!only_others_since_) only_others_since_ = now;
  if (now - *only_others_since_ >= options_.other_group_patience) {
    return leave_group(other, "none of its servers answers, but those of group " +
                                  hello.group_id() + " of the same name do");
  }
  return Error{ErrorCode::unavailable, address_ + " belongs to another group of this name, " +
                                           hello.group_id() + ", not to " +
                                           group_->uuid.to_string()};
}

// Nothing of this session is known in the other group. Who only follows begins anew there.
Result<void> Session::leave_group(std::optional<GroupId> other, const std::string& why) {
  const std::string reason = "its group " + group_->uuid.to_string() + " is gone: " + why;
  if (!options_.only_follows) {
    finish_ended(reason);
    return {};
  }
  group_ = other;
  only_others_since_.reset();
  for (std::string& topic : topics_.begin_anew()) {
    ready_.topics.emplace_back(TopicGap{.topic = std::move(topic),
                                        .index = LogIndex{0},
                                        .state = Error{ErrorCode::aborted, reason}});
  }
  return {};
}

Result<void> Session::take_opened(BytesView body, Instant now) {
  const Result<wire::SessionOpened> opened = wire::decode<wire::SessionOpened>(body);
  if (!opened) return opened.error();
  if (phase_ != Phase::opening || !hello_) return senseless("opened a session unasked");
  const std::uint64_t last = opened->last_sequence();
  if (last >= next_sequence().value) {
    finish_ended("the group has commands under this session's id that this client did not send");
    return {};
  }
  note_change(known_to_group_ ? StateChange::Kind::resumed : StateChange::Kind::opened);
  phase_ = Phase::open;
  phase_since_ = now;
  known_to_group_ = true;
  if (!opened->name().empty()) name_ = opened->name();
  if (!group_ && hello_) {
    if (const auto id = wire::parse_id<GroupId>(hello_->group_id())) group_ = *id;
  }
  epoch_ = attempts_;
  last_error_.reset();
  begin_heartbeats(std::chrono::milliseconds{static_cast<std::int64_t>(
                       std::min<std::uint64_t>(opened->session_timeout_ms(), timeout_ms_max))},
                   now);
  // Taken but unanswered commands are sent again for their replies. Below the first unanswered
  // one, what the group does not have was refused at a home: it is skipped, never sent again.
  server_has_ = std::min(last, first_.value - 1);
  next_to_send_ = 0;
  return {};
}

Result<void> Session::take_ended(BytesView body) {
  const Result<wire::SessionEnded> ended = wire::decode<wire::SessionEnded>(body);
  if (!ended) return ended.error();
  finish_ended(ended->reason());
  return {};
}

Result<void> Session::take_redirect(BytesView body, Instant now) {
  const Result<wire::Redirect> redirect = wire::decode<wire::Redirect>(body);
  if (!redirect) return redirect.error();
  if (redirect->keep_until_moved() && phase_ == Phase::open) {
    begin_move(redirect->address(), now);
    return {};
  }
  if (phase_ == Phase::open && now - phase_since_ >= options_.stable_after) redirects_ = 0;
  if (!redirect->address().empty() && redirect->address().size() <= wire::address_bytes_max &&
      redirects_ < redirects_max) {
    ++redirects_;
    servers_.learn(redirect->address());
    go_to_ = redirect->address();
  }
  return Error{ErrorCode::unavailable,
               address_ + " sends its clients elsewhere: " +
                   (redirect->reason().empty() ? "no reason given" : redirect->reason())};
}

Result<void> Session::take_refused(BytesView body) {
  const Result<wire::Refused> refused = wire::decode<wire::Refused>(body);
  if (!refused) return refused.error();
  const Error error = wire::to_error(*refused);
  if (phase_ == Phase::opening && !known_to_group_ && error.code == ErrorCode::already_exists) {
    last_error_ = error;  // Another server would say the same.
    finish_ended(error.message, error.code);
    return {};
  }
  return error;
}

Result<void> Session::take_resend(BytesView body) {
  const Result<wire::ResendFrom> resend = wire::decode<wire::ResendFrom>(body);
  if (!resend) return resend.error();
  if (phase_ != Phase::open) return senseless("asked for commands of a session that is not open");
  if (resend->sequence() == 0 || resend->sequence() > next_sequence().value) {
    return senseless("asked for a command that was never sent");
  }
  server_has_ = std::min(server_has_, resend->sequence() - 1);
  const std::uint64_t from = std::max(resend->sequence(), first_.value);
  next_to_send_ = std::min(next_to_send_, static_cast<std::size_t>(from - first_.value));
  return {};
}

Result<void> Session::take_replies(const SharedBytes& body) {
  const Result<wire::RepliesView> replies = wire::RepliesView::parse(body.view());
  if (!replies) return replies.error();
  std::uint64_t sequence = replies->first_sequence().value;
  if (sequence + replies->size() > next_sequence().value) {
    return senseless("answered a command that was never sent");
  }
  for (const wire::ReplyView& reply : *replies) {
    if (sequence >= first_.value) answer(sequence - first_.value, reply, body);
    ++sequence;
  }
  drop_answered_calls();
  return {};
}

void Session::answer(std::size_t place, const wire::ReplyView& reply, const SharedBytes& frame) {
  Call& call = calls_[place];
  if (call.answered || !call.sent) return;
  settle(call);
  if (std::exchange(call.reported, true)) return;  // Its deadline passed before.
  const SequenceNumber sequence{first_.value + place};
  if (reply.error) {
    ready_.calls.push_back(
        {sequence, Error{*reply.error, std::string(as_text(reply.payload)), reply.outcome}});
  } else {
    ready_.calls.push_back({sequence, Reply{reply.position, frame.slice(reply.payload)}});
  }
}

void Session::drop_answered_calls() {
  while (!calls_.empty() && calls_.front().answered) {
    calls_.pop_front();
    ++first_.value;
    if (next_to_send_ > 0) --next_to_send_;
  }
}

Result<void> Session::take_read_reply(const SharedBytes& body) {
  Result<wire::ReadReply> reply = wire::decode<wire::ReadReply>(body.view());
  if (!reply) return reply.error();
  const auto found = requests_.find(reply->request_id());
  if (found == requests_.end() || found->second.type != wire::FrameType::read) return {};
  const RequestId id{found->first};
  if (reply->code() == 0) {
    ready_.reads.push_back({id, ReadResult{LogIndex{reply->index()},
                                           SharedBytes::copy_of(as_bytes(reply->payload()))}});
  } else {
    wire::Refused refused;
    refused.set_code(reply->code());
    refused.set_outcome(static_cast<std::uint32_t>(Outcome::not_applied));
    refused.set_message(std::move(*reply->mutable_payload()));
    ready_.reads.push_back({id, wire::to_error(refused)});
  }
  bytes_in_flight_ -= found->second.body.size();
  requests_.erase(found);
  return {};
}

Result<void> Session::take_topic(wire::FrameType type, const SharedBytes& body) {
  Result<std::optional<TopicNews>> news = topics_.take(type, body);
  if (!news) return news.error();
  if (*news) ready_.topics.push_back(std::move(**news));
  return {};
}

Result<void> Session::take_answer(wire::FrameType type, const SharedBytes& body) {
  if (queries_sent_.empty()) return senseless("answered what was not asked");
  const std::uint64_t id = queries_sent_.front();
  queries_sent_.pop_front();
  const auto found = requests_.find(id);
  if (found == requests_.end()) return {};  // Its deadline passed before.
  const bool asked =
      (found->second.type == wire::FrameType::status_request) == (type == wire::FrameType::status);
  if (!asked) return senseless("answered another question than was asked");
  ready_.queries.push_back({RequestId{id}, wire::Frame{type, wire::Lane::normal, body}});
  bytes_in_flight_ -= found->second.body.size();
  requests_.erase(found);
  return {};
}

}  // namespace muster::session
