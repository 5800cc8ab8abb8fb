#include "wire/frame.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "muster/check.h"
#include "muster/codec.h"
#include "wire/limits.h"

namespace muster::wire {

namespace {

/// With at least this much of a frame missing it is read without the detour of the shared buffer.
constexpr std::size_t direct_read_bytes_min = 16 * 1024;

/// Room that is made for a frame: so much, or so many times what was received of it.
constexpr std::size_t first_room_bytes = 4 * 1024;
constexpr std::size_t room_growth = 4;

struct Named {
  FrameType type;
  std::string_view name;
};
constexpr std::array frame_names{
    Named{FrameType::goodbye, "goodbye"},
    Named{FrameType::ping, "ping"},
    Named{FrameType::pong, "pong"},
    Named{FrameType::refused, "refused"},
    Named{FrameType::open_session, "open_session"},
    Named{FrameType::resume_session, "resume_session"},
    Named{FrameType::end_session, "end_session"},
    Named{FrameType::commands, "commands"},
    Named{FrameType::read, "read"},
    Named{FrameType::status_request, "status_request"},
    Named{FrameType::members_request, "members_request"},
    Named{FrameType::steer, "steer"},
    Named{FrameType::follow, "follow"},
    Named{FrameType::unfollow, "unfollow"},
    Named{FrameType::invoke, "invoke"},
    Named{FrameType::heartbeat, "heartbeat"},
    Named{FrameType::server_hello, "server_hello"},
    Named{FrameType::session_opened, "session_opened"},
    Named{FrameType::session_ended, "session_ended"},
    Named{FrameType::redirect, "redirect"},
    Named{FrameType::replies, "replies"},
    Named{FrameType::resend_from, "resend_from"},
    Named{FrameType::read_reply, "read_reply"},
    Named{FrameType::status, "status"},
    Named{FrameType::members, "members"},
    Named{FrameType::steered, "steered"},
    Named{FrameType::events, "events"},
    Named{FrameType::reached, "reached"},
    Named{FrameType::gap, "gap"},
    Named{FrameType::invoked, "invoked"},
    Named{FrameType::heartbeat_heard, "heartbeat_heard"},
    Named{FrameType::peer_hello, "peer_hello"},
    Named{FrameType::invite, "invite"},
    Named{FrameType::removed, "removed"},
    Named{FrameType::state_digests, "state_digests"},
    Named{FrameType::telemetry, "telemetry"},
    Named{FrameType::raft, "raft"},
    Named{FrameType::forward, "forward"},
    Named{FrameType::forward_refused, "forward_refused"},
    Named{FrameType::handover, "handover"},
    Named{FrameType::farewell, "farewell"},
};

}  // namespace

std::optional<FrameType> frame_type_from(std::uint8_t value) {
  const auto type = static_cast<FrameType>(value);
  switch (type) {
    case FrameType::goodbye:
    case FrameType::ping:
    case FrameType::pong:
    case FrameType::refused:
    case FrameType::open_session:
    case FrameType::resume_session:
    case FrameType::end_session:
    case FrameType::commands:
    case FrameType::read:
    case FrameType::status_request:
    case FrameType::members_request:
    case FrameType::steer:
    case FrameType::follow:
    case FrameType::unfollow:
    case FrameType::invoke:
    case FrameType::heartbeat:
    case FrameType::server_hello:
    case FrameType::session_opened:
    case FrameType::session_ended:
    case FrameType::redirect:
    case FrameType::replies:
    case FrameType::resend_from:
    case FrameType::read_reply:
    case FrameType::status:
    case FrameType::members:
    case FrameType::steered:
    case FrameType::events:
    case FrameType::reached:
    case FrameType::gap:
    case FrameType::invoked:
    case FrameType::heartbeat_heard:
    case FrameType::peer_hello:
    case FrameType::invite:
    case FrameType::removed:
    case FrameType::raft:
    case FrameType::forward:
    case FrameType::forward_refused:
    case FrameType::handover:
    case FrameType::farewell:
    case FrameType::state_digests:
    case FrameType::telemetry:
      return type;
  }
  return std::nullopt;
}

std::string_view name_of(FrameType type) {
  const auto* const found =
      std::ranges::find(frame_names, type, [](const Named& named) { return named.type; });
  return found == frame_names.end() ? "unknown" : found->name;
}

std::array<std::byte, frame_header_bytes> frame_header(FrameType type, Lane lane,
                                                       std::size_t body_bytes) {
  check(body_bytes <= frame_body_bytes_max);
  std::array<std::byte, frame_header_bytes> header{};
  const auto length = static_cast<std::uint32_t>(body_bytes);
  std::memcpy(header.data(), &length, sizeof(length));
  header[4] = static_cast<std::byte>(type);
  header[5] = static_cast<std::byte>(lane);
  return header;
}

Bytes encode_frame(FrameType type, Lane lane, BytesView body) {
  const auto header = frame_header(type, lane, body.size());
  Bytes frame(header.size() + body.size());
  std::ranges::copy(body, std::ranges::copy(header, frame.begin()).out);
  return frame;
}

FrameDecoder::FrameDecoder(ReceiveBuffer& buffer)
    : FrameDecoder(buffer, Limits{.body_bytes_max = frame_body_bytes_max}) {}

FrameDecoder::FrameDecoder(ReceiveBuffer& buffer, Limits limits)
    : buffer_(buffer), limits_(limits) {
  check(limits_.body_bytes_max <= frame_body_bytes_max);
  check(!buffer_.span().empty());
}

Result<FrameDecoder::Header> FrameDecoder::decode_header(BytesView bytes) const {
  Reader reader(bytes);
  const auto length = reader.integer<std::uint32_t>();
  const auto type = frame_type_from(reader.integer<std::uint8_t>());
  const auto lane = reader.integer<std::uint8_t>();
  const auto zero = reader.integer<std::uint16_t>();
  check(reader.ok());
  if (!type || lane > static_cast<std::uint8_t>(Lane::bulk) || zero != 0) {
    return Error{ErrorCode::invalid_argument,
                 "a frame has a type, lane or flag that is not known; the sender is at fault or of "
                 "another version"};
  }
  if (length > limits_.body_bytes_max) {
    return Error{ErrorCode::resource_exhausted, "a frame of " + std::to_string(length) +
                                                    " bytes passes the limit of " +
                                                    std::to_string(limits_.body_bytes_max)};
  }
  return Header{*type, static_cast<Lane>(lane), length};
}

std::span<std::byte> FrameDecoder::prepare() {
  const std::size_t missing = partial_.size() - partial_filled_;
  reading_into_partial_ = missing >= direct_read_bytes_min;
  return reading_into_partial_ ? std::span(partial_).subspan(partial_filled_) : buffer_.span();
}

void FrameDecoder::commit(std::size_t bytes) {
  if (std::exchange(reading_into_partial_, false)) {
    check(bytes <= partial_.size() - partial_filled_);
    partial_filled_ += bytes;
    if (partial_filled_ == partial_.size()) make_room(0);
    finish_partial_if_whole();
    return;
  }
  check(bytes <= buffer_.span().size());
  feed(buffer_.span().first(bytes));
}

void FrameDecoder::feed(BytesView bytes) {
  if (!partial_.empty()) bytes = complete_partial(bytes);
  if (error_ || bytes.empty()) return;
  take_whole_frames(bytes);
}

// Room for `bytes` more of the frame under way, and for some of what follows them.
void FrameDecoder::make_room(std::size_t bytes) {
  const std::size_t filled = partial_filled_ + bytes;
  const std::size_t room =
      std::min(partial_wanted_, std::max(first_room_bytes, room_growth * filled));
  if (partial_.size() >= room) return;
  partial_.reserve(room);  // Exactly.
  partial_.resize(room);
}

// Moves what belongs to the frame under way into it, and returns what lies behind.
BytesView FrameDecoder::complete_partial(BytesView bytes) {
  if (partial_filled_ < frame_header_bytes) {
    const std::size_t taken = std::min(frame_header_bytes - partial_filled_, bytes.size());
    std::copy_n(bytes.begin(), taken,
                partial_.begin() + static_cast<std::ptrdiff_t>(partial_filled_));
    partial_filled_ += taken;
    bytes = bytes.subspan(taken);
    if (partial_filled_ < frame_header_bytes) return bytes;
    const Result<Header> header = decode_header(partial_);
    if (!header) {
      error_ = header.error();
      partial_ = {};
      partial_filled_ = 0;
      return {};
    }
    partial_wanted_ = frame_header_bytes + header->body_bytes;
  }
  const std::size_t taken = std::min(partial_wanted_ - partial_filled_, bytes.size());
  make_room(taken);
  std::copy_n(bytes.begin(), taken,
              partial_.begin() + static_cast<std::ptrdiff_t>(partial_filled_));
  partial_filled_ += taken;
  finish_partial_if_whole();
  return bytes.subspan(taken);
}

void FrameDecoder::finish_partial_if_whole() {
  if (partial_filled_ < frame_header_bytes || partial_filled_ < partial_wanted_) return;
  const Header header = decode_header(BytesView(partial_).first(frame_header_bytes)).value();
  const SharedBytes whole(std::exchange(partial_, {}));
  partial_filled_ = 0;
  frames_.push_back({header.type, header.lane, whole.slice(frame_header_bytes, header.body_bytes)});
}

// One block for all whole frames, which are slices of it; the rest begins the next frame.
void FrameDecoder::take_whole_frames(BytesView bytes) {
  std::vector<Header> headers;
  std::size_t whole = 0;
  while (bytes.size() - whole >= frame_header_bytes) {
    const Result<Header> header = decode_header(bytes.subspan(whole, frame_header_bytes));
    if (!header) {
      error_ = header.error();
      break;
    }
    if (header->body_bytes > bytes.size() - whole - frame_header_bytes) break;
    headers.push_back(*header);
    whole += frame_header_bytes + header->body_bytes;
  }
  const SharedBytes block =
      headers.empty() ? SharedBytes() : SharedBytes::copy_of(bytes.first(whole));
  std::size_t offset = 0;
  for (const Header& header : headers) {
    offset += frame_header_bytes;
    frames_.push_back({header.type, header.lane, block.slice(offset, header.body_bytes)});
    offset += header.body_bytes;
  }
  if (!error_) begin_partial(bytes.subspan(whole));
}

void FrameDecoder::begin_partial(BytesView bytes) {
  if (bytes.empty()) return;
  partial_wanted_ = frame_header_bytes;
  if (bytes.size() >= frame_header_bytes) {
    const Header header = decode_header(bytes.first(frame_header_bytes)).value();
    partial_wanted_ += header.body_bytes;
  }
  make_room(bytes.size());
  std::ranges::copy(bytes, partial_.begin());
  partial_filled_ = bytes.size();
}

Result<std::optional<Frame>> FrameDecoder::next() {
  if (given_ < frames_.size()) {
    std::optional<Frame> frame(std::move(frames_[given_++]));
    if (given_ == frames_.size()) {
      frames_ = {};  // An idle connection holds no memory.
      given_ = 0;
    }
    return frame;
  }
  if (error_) return *error_;
  return std::optional<Frame>();
}

}  // namespace muster::wire
