#include "wire/replies.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "muster/check.h"
#include "muster/codec.h"
#include "wire/malformed.h"

namespace muster::wire {

namespace {

/// What stands before a reply's payload, read without judgement.
struct RawHeader {
  std::uint32_t length;
  std::uint8_t code;
  std::uint8_t outcome;
  std::uint16_t zero;
  Position position;
};

RawHeader read_reply_header(Reader& reader) {
  RawHeader header{};
  header.length = reader.integer<std::uint32_t>();
  header.code = reader.integer<std::uint8_t>();
  header.outcome = reader.integer<std::uint8_t>();
  header.zero = reader.integer<std::uint16_t>();
  header.position.index = LogIndex{reader.integer<std::uint64_t>()};
  header.position.ordinal = reader.integer<std::uint32_t>();
  return header;
}

Result<void> validate_reply(const RawHeader& header) {
  if (header.zero != 0) return malformed("a reply has flags that are not known");
  if (!outcome_from(header.outcome)) return malformed("a reply has an outcome that is none");
  if (header.code != 0 && !error_code_from(header.code)) {
    return malformed("a reply has an error code that is none");
  }
  if (header.code == 0 && header.outcome != static_cast<std::uint8_t>(Outcome::applied)) {
    return malformed("a reply says success, but not that the command was applied");
  }
  if (header.length > reply_bytes_max) {
    return Error{ErrorCode::resource_exhausted,
                 "a reply passes the limit of " + std::to_string(reply_bytes_max) + " bytes"};
  }
  return {};
}

}  // namespace

ReplyView RepliesView::Iterator::operator*() const {
  Reader reader(rest_);
  const RawHeader header = read_reply_header(reader);
  return {error_code_from(header.code), outcome_from(header.outcome).value_or(Outcome::applied),
          header.position, reader.raw(header.length)};
}

RepliesView::Iterator& RepliesView::Iterator::operator++() {
  Reader reader(rest_);
  reader.raw(read_reply_header(reader).length);
  rest_ = reader.rest();
  return *this;
}

Result<RepliesView> RepliesView::parse(BytesView bytes) {
  Reader reader(bytes);
  RepliesView view;
  view.first_ = SequenceNumber{reader.integer<std::uint64_t>()};
  view.count_ = reader.integer<std::uint32_t>();
  view.bytes_ = bytes;
  if (!reader.ok()) return malformed("the header of replies is cut off");
  if (view.count_ == 0) return malformed("a frame of replies has none");
  if (view.count_ > entry_commands_max) {
    return Error{ErrorCode::resource_exhausted, "a frame has more than " +
                                                    std::to_string(entry_commands_max) +
                                                    " replies; send them in several"};
  }
  if (view.first_.value == 0 ||
      view.first_.value > std::numeric_limits<std::uint64_t>::max() - entry_commands_max) {
    return malformed("replies begin with a sequence number that no command can have");
  }
  for (std::uint32_t i = 0; i < view.count_; ++i) {
    const RawHeader header = read_reply_header(reader);
    if (!reader.ok()) return malformed("replies end before the last one");
    if (Result<void> valid = validate_reply(header); !valid) return valid.error();
    reader.raw(header.length);
  }
  if (!reader.ok()) return malformed("replies end within one");
  if (!reader.finished()) return malformed("bytes follow the last reply");
  return view;
}

RepliesBuilder::RepliesBuilder(SequenceNumber first) {
  check(first.value > 0);
  bytes_.reserve(replies_header_bytes + 4 * reply_header_bytes);
  Writer writer(bytes_);
  writer.integer(first.value);
  writer.integer(std::uint32_t{0});
}

bool RepliesBuilder::add(Position position, BytesView payload) {
  check(payload.size() <= reply_bytes_max);
  return append(0, Outcome::applied, position, payload);
}

bool RepliesBuilder::add(Position position, const Error& error) {
  const BytesView message = as_bytes(error.message);
  return append(static_cast<std::uint8_t>(error.code), error.outcome, position,
                message.first(std::min(message.size(), reply_bytes_max)));
}

bool RepliesBuilder::append(std::uint8_t code, Outcome outcome, Position position,
                            BytesView payload) {
  if (count_ == entry_commands_max) return false;
  if (bytes_.size() + reply_header_bytes + payload.size() > frame_body_bytes_max) return false;
  Writer writer(bytes_);
  writer.integer(static_cast<std::uint32_t>(payload.size()));
  writer.integer(code);
  writer.integer(static_cast<std::uint8_t>(outcome));
  writer.integer(std::uint16_t{0});
  writer.integer(position.index.value);
  writer.integer(position.ordinal);
  writer.raw(payload);
  ++count_;
  return true;
}

Bytes RepliesBuilder::finish() && {
  check(count_ > 0);
  std::memcpy(bytes_.data() + sizeof(std::uint64_t), &count_, sizeof(count_));
  return std::move(bytes_);
}

}  // namespace muster::wire
