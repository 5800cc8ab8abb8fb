// Answers to commands, as they travel from a home to its client.
//
//   replies header, 12 bytes            reply header, 20 bytes
//     0  u64  sequence of the first       0  u32 length of the payload
//     8  u32  number of replies           4  u8  ErrorCode, or 0 for success
//                                         5  u8  Outcome
//                                         6  u16 zero
//                                         8  u64 index of the command's entry, 0 if in none
//                                        16  u32 ordinal in that entry
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "wire/limits.h"

namespace muster::wire {

constexpr std::size_t replies_header_bytes = 12;
constexpr std::size_t reply_header_bytes = 20;

/// One answer, borrowed from the bytes of its frame.
struct ReplyView {
  std::optional<ErrorCode> error;  ///< Nothing: the command succeeded.
  Outcome outcome{Outcome::applied};
  Position position;  ///< Index 0: the command stands nowhere in the log.
  BytesView payload;  ///< The service's answer; for an error, its message.
};

/// The body of a `replies` frame, validated once and then read in order.
class RepliesView {
 public:
  class Iterator {
   public:
    using value_type = ReplyView;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(BytesView rest) : rest_(rest) {}
    ReplyView operator*() const;
    Iterator& operator++();
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    BytesView rest_;
  };

  /// Errors: INVALID_ARGUMENT if the bytes are no replies; RESOURCE_EXHAUSTED beyond a limit.
  static Result<RepliesView> parse(BytesView bytes);

  SequenceNumber first_sequence() const { return first_; }
  std::uint32_t size() const { return count_; }
  Iterator begin() const { return Iterator(bytes_.subspan(replies_header_bytes)); }
  Iterator end() const { return Iterator(bytes_.last(0)); }

 private:
  RepliesView() = default;

  SequenceNumber first_;
  std::uint32_t count_{0};
  BytesView bytes_;
};

/// Lays out answers to consecutive commands. Thread-safety: none.
class RepliesBuilder {
 public:
  explicit RepliesBuilder(SequenceNumber first);

  /// Appends the answer to the next command, unless the frame would pass a limit: then it stays
  /// as it is and false is returned. Precondition: the payload is within `reply_bytes_max`.
  [[nodiscard]] bool add(Position position, BytesView payload);
  /// The same for a refused command. A message beyond the limit is cut.
  [[nodiscard]] bool add(Position position, const Error& error);
  std::uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// The body. Precondition: not empty. The builder is spent.
  Bytes finish() &&;

 private:
  bool append(std::uint8_t code, Outcome outcome, Position position, BytesView payload);

  Bytes bytes_;
  std::uint32_t count_{0};
};

}  // namespace muster::wire
