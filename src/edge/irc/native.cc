#include "edge/irc/native.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "chat/chat.h"
#include "muster/check.h"
#include "wire/batch.h"
#include "wire/control.h"
#include "wire/replies.h"

namespace muster::edge::irc {
namespace {

constexpr Epoch only_epoch{1};

Error senseless(const std::string& what) {
  return Error{ErrorCode::invalid_argument, "the node " + what};
}

}  // namespace

void Native::put(wire::FrameType type, Bytes body) {
  put_batches();
  frames_.push_back(
      {.type = type, .lane = wire::Lane::normal, .body = SharedBytes(std::move(body))});
}

void Native::open(std::string_view name, std::string_view host, Duration timeout) {
  wire::OpenSession open;
  open.set_session_id(session_.uuid.to_string());
  open.set_name(std::string(name));
  open.set_kind("irc");
  open.set_host(std::string(host));
  open.set_stays(true);
  open.set_epoch(only_epoch.value);
  open.set_session_timeout_ms(
      static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(timeout).count()));
  put(wire::FrameType::open_session, wire::encode(open));
}

void Native::end() {
  wire::EndSession end;
  end.set_session_id(session_.uuid.to_string());
  end.set_epoch(only_epoch.value);
  put(wire::FrameType::end_session, wire::encode(end));
}

SequenceNumber Native::keep(Bytes payload, bool asked) {
  kept_.push_back({.payload = std::move(payload), .asked = asked});
  return {first_ + kept_.size() - 1};
}

SequenceNumber Native::send(const chat::Request& request) {
  return keep(chat::encode(request), true);
}

void Native::send_unasked(const chat::Request& request) {
  keep(chat::encode(request), false);
}

// Those of a turn become one batch, or as many as they need.
void Native::put_batches() {
  while (next_to_send_ < kept_.size()) {
    wire::BatchBuilder batch(
        {.session = session_, .epoch = only_epoch, .first_sequence = {first_ + next_to_send_}});
    while (next_to_send_ < kept_.size() && batch.fits(kept_[next_to_send_].payload.size())) {
      check(batch.add(chat::service_id, kept_[next_to_send_].payload).has_value());
      ++next_to_send_;
    }
    check(!batch.empty());
    frames_.push_back({.type = wire::FrameType::commands,
                       .lane = wire::Lane::normal,
                       .body = SharedBytes(std::move(batch).finish())});
  }
}

std::uint64_t Native::read(const chat::Query& query) {
  const Bytes payload = chat::encode(query);
  wire::Read read;
  read.set_request_id(++reads_);
  read.set_service(chat::service_id.value);
  read.set_payload(std::string(as_text(payload)));
  put(wire::FrameType::read, wire::encode(read));
  return reads_;
}

std::uint64_t Native::ping() {
  put(wire::FrameType::ping, {});
  return ++pings_;
}

void Native::follow(std::string_view topic, wire::EventPosition from) {
  wire::Follow follow;
  follow.set_topic(std::string(topic));
  follow.set_from_index(from.command.index.value);
  follow.set_from_ordinal(from.command.ordinal);
  follow.set_from_sub(from.sub);
  put(wire::FrameType::follow, wire::encode(follow));
}

void Native::unfollow(std::string_view topic) {
  wire::Unfollow unfollow;
  unfollow.set_topic(std::string(topic));
  put(wire::FrameType::unfollow, wire::encode(unfollow));
}

void Native::pong() {
  put(wire::FrameType::pong, {});
}

void Native::ask_status() {
  put(wire::FrameType::status_request, wire::encode(wire::StatusRequest{}));
}

std::uint64_t Native::ask_members() {
  put(wire::FrameType::members_request, wire::encode(wire::MembersRequest{}));
  return ++members_asked_;
}

Result<void> Native::take_resend(BytesView body) {
  const auto resend = wire::decode<wire::ResendFrom>(body);
  if (!resend) return resend.error();
  const std::uint64_t from = resend->sequence();
  if (from == 0 || from > first_ + kept_.size()) {
    return senseless("asked for a command that was never sent");
  }
  const std::size_t place = from < first_ ? 0 : static_cast<std::size_t>(from - first_);
  next_to_send_ = std::min(next_to_send_, place);
  return {};
}

Result<std::vector<Native::Answer>> Native::take_replies(BytesView body) {
  const auto replies = wire::RepliesView::parse(body);
  if (!replies) return replies.error();
  std::uint64_t sequence = replies->first_sequence().value;
  if (sequence + replies->size() > first_ + kept_.size()) {
    return senseless("answered a command that was never sent");
  }
  std::vector<Answer> unasked;
  for (const wire::ReplyView& reply : *replies) {
    const std::uint64_t number = sequence++;
    if (number < first_) continue;
    Kept& kept = kept_[static_cast<std::size_t>(number - first_)];
    if (std::exchange(kept.answered, true)) continue;
    Answer answer =
        reply.error
            ? Answer(Error{*reply.error, std::string(as_text(reply.payload)), reply.outcome})
            : chat::decode_receipt(reply.payload);
    if (kept.asked) {
      answers_.emplace(number, std::move(answer));
    } else {
      unasked.push_back(std::move(answer));
    }
  }
  while (!kept_.empty() && kept_.front().answered) {
    kept_.pop_front();
    ++first_;
    if (next_to_send_ > 0) --next_to_send_;
  }
  return unasked;
}

Result<void> Native::take_read_reply(BytesView body) {
  const auto reply = wire::decode<wire::ReadReply>(body);
  if (!reply) return reply.error();
  if (reply->request_id() == 0 || reply->request_id() > reads_) {
    return senseless("answered a read that was never sent");
  }
  Result<Read> read = Read{.index = {reply->index()}};
  if (reply->code() == 0) {
    const BytesView payload = as_bytes(reply->payload());
    read->payload.assign(payload.begin(), payload.end());
  } else {
    wire::Refused refused;
    refused.set_code(reply->code());
    refused.set_outcome(static_cast<std::uint32_t>(Outcome::not_applied));
    refused.set_message(reply->payload());
    read = wire::to_error(refused);
  }
  read_answers_.emplace(reply->request_id(), std::move(read));
  return {};
}

Result<void> Native::take_members(BytesView body) {
  auto members = wire::decode<wire::Members>(body);
  if (!members) return members.error();
  if (members_answered_ == members_asked_) return senseless("told of members unasked");
  members_.emplace(++members_answered_, std::move(*members));
  return {};
}

std::optional<Native::Answer> Native::answer_to(SequenceNumber command) {
  auto node = answers_.extract(command.value);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

const Native::Answer* Native::peek(SequenceNumber command) const {
  const auto found = answers_.find(command.value);
  return found == answers_.end() ? nullptr : &found->second;
}

std::optional<Result<Native::Read>> Native::answer_to_read(std::uint64_t id) {
  auto node = read_answers_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::optional<wire::Members> Native::answer_to_members(std::uint64_t id) {
  auto node = members_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::vector<wire::Frame> Native::take_frames() {
  put_batches();
  return std::exchange(frames_, {});
}

}  // namespace muster::edge::irc
