// Batches and entries: the fixed layouts that a command travels in, from the client's frame to the
// log and to the followers, without being decoded or encoded again. Little-endian, unaligned.
//
//   batch header, 40 bytes                     command header, 8 bytes
//     0  16 B session id                         0  u32 length of the payload
//    16  u64  sequence of the first              4  u16 service
//    24  u32  epoch                              6  u16 flags, zero
//    28  u16  number of commands
//    30  u16  flags: 1 system
//    32  u32  bytes of the commands, headers included
//    36  u32  how many numbers before the first are skipped
//
//   entry header, 20 bytes              forward header, 8 bytes
//     0  u16  format, 1                   0  u32 number of commands
//     2  u16  flags, zero                 4  u32 number of batches
//     4  i64  log time                  then the batches
//    12  u32  number of commands
//    16  u32  number of batches
//   then the batches
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/limits.h"

namespace muster::wire {

constexpr std::size_t batch_header_bytes = 40;
constexpr std::size_t command_header_bytes = 8;
constexpr std::size_t entry_header_bytes = 20;
constexpr std::size_t forward_header_bytes = 8;
/// A batch with its header; so any batch fits into an entry.
constexpr std::size_t batch_bytes_max = entry_bytes_max - entry_header_bytes;

/// What stands at the front of a batch.
struct BatchHeader {
  SessionId session{};
  Epoch epoch{};  ///< Of the session's attachment, as its client knows it.
  /// Of the first command; the others follow without a gap. 0: not the client's commands, but
  /// what a server says about the session, as that it is attached or has ended.
  SequenceNumber first_sequence{};
  /// From an advisor of the leader, outside any session: `session` is nil, `first_sequence` 0.
  bool system{false};
  /// How many numbers right before `first_sequence` are settled although they stand in no entry:
  /// their commands were refused at a home. Apply takes the batch if the session's last number is
  /// at least `first_sequence - skip - 1`; else there is a gap. A batch without commands must skip.
  std::uint32_t skip{0};
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

/// One command, borrowed from the bytes of its batch.
struct CommandView {
  ServiceId service;
  BytesView payload;
};

/// The commands of a validated batch, or the batches of a validated entry, one after another.
template <class Item>
class ItemRange {
 public:
  class Iterator {
   public:
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    Iterator() = default;
    explicit Iterator(BytesView rest) : rest_(rest) {}
    Item operator*() const;
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    BytesView rest_;
  };

  explicit ItemRange(BytesView bytes) : bytes_(bytes) {}
  Iterator begin() const { return Iterator(bytes_); }
  Iterator end() const { return Iterator(bytes_.last(0)); }

 private:
  BytesView bytes_;
};

/// A batch read in place. Made by `parse`, which validates all of it once; then reading cannot
/// fail. Borrows its bytes, and is cheap to copy.
class BatchView {
 public:
  /// Exactly one batch. O(commands).
  /// Errors: INVALID_ARGUMENT if the bytes are no batch; RESOURCE_EXHAUSTED beyond a limit.
  static Result<BatchView> parse(BytesView bytes);
  /// The body of a client's `commands` frame: as `parse`, and PERMISSION_DENIED if it is marked
  /// system or not numbered. It may skip: the client does so for what a home refused that was lost
  /// since.
  static Result<BatchView> parse_from_client(BytesView bytes);

  const BatchHeader& header() const { return header_; }
  std::uint32_t size() const { return count_; }
  /// The sequence number after the last command.
  SequenceNumber end_sequence() const { return {header_.first_sequence.value + count_}; }
  ItemRange<CommandView> commands() const {
    return ItemRange<CommandView>(bytes_.subspan(batch_header_bytes));
  }
  /// Header and commands, as they were given.
  BytesView bytes() const { return bytes_; }

 private:
  friend struct BatchParser;
  BatchView(const BatchHeader& header, std::uint32_t count, BytesView bytes)
      : header_(header), count_(count), bytes_(bytes) {}

  BatchHeader header_;
  std::uint32_t count_;
  BytesView bytes_;
};

using BatchRange = ItemRange<BatchView>;

/// The payload of an `EntryKind::commands` entry, read in place. As `BatchView`.
class EntryView {
 public:
  /// Errors: INVALID_ARGUMENT if the bytes are no entry; UNIMPLEMENTED if their format is not
  /// known here; RESOURCE_EXHAUSTED beyond a limit. O(commands).
  static Result<EntryView> parse(BytesView bytes);

  LogTime time() const { return time_; }
  std::uint32_t commands() const { return commands_; }
  std::uint32_t batch_count() const { return batch_count_; }
  BatchRange batches() const { return BatchRange(bytes_.subspan(entry_header_bytes)); }

 private:
  EntryView() = default;

  LogTime time_;
  std::uint32_t commands_{0};
  std::uint32_t batch_count_{0};
  BytesView bytes_;
};

/// The body of a `forward` frame, read in place. As `BatchView`.
class ForwardView {
 public:
  /// Errors: as `BatchView::parse`; PERMISSION_DENIED if a batch is marked system: only the
  /// leader itself marks.
  static Result<ForwardView> parse(BytesView bytes);

  std::uint32_t commands() const { return commands_; }
  std::uint32_t batch_count() const { return batch_count_; }
  BatchRange batches() const { return BatchRange(bytes_.subspan(forward_header_bytes)); }

 private:
  ForwardView() = default;

  std::uint32_t commands_{0};
  std::uint32_t batch_count_{0};
  BytesView bytes_;
};

/// Lays out one batch. Thread-safety: none.
class BatchBuilder {
 public:
  explicit BatchBuilder(const BatchHeader& header);

  /// Appends a command. Errors: INVALID_ARGUMENT for a payload beyond `command_bytes_max`;
  /// RESOURCE_EXHAUSTED if the batch is full for it and it belongs to the next one. Either leaves
  /// the batch as it is.
  [[nodiscard]] Result<void> add(ServiceId service, BytesView payload);
  /// Allocates for commands of this many bytes in all, headers included.
  void reserve(std::size_t bytes);
  /// Whether `add` would take a command with a payload of this size.
  bool fits(std::size_t payload_bytes) const;
  std::uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// The batch. Precondition: it has commands, or skips. The builder is spent.
  Bytes finish() &&;

 private:
  Bytes bytes_;
  std::uint32_t count_{0};
  bool may_be_empty_;
};

/// Gathers whole batches into the payload of one entry. Thread-safety: none.
class EntryBuilder {
 public:
  /// `expected_bytes` of batches are allocated at once; more is allowed.
  explicit EntryBuilder(std::size_t expected_bytes = 0);

  /// Appends a batch, or leaves the entry as it is and returns false if it would pass 512 KiB or
  /// 4,096 commands: the batch then belongs to the next entry. An empty entry takes any batch.
  [[nodiscard]] bool add(const BatchView& batch);
  std::uint32_t commands() const { return commands_; }
  std::size_t bytes() const { return bytes_.size(); }
  /// The payload, stamped with `time`. No batch at all is a time entry. The builder is spent.
  Bytes finish(LogTime time) &&;

 private:
  Bytes bytes_;
  std::uint32_t commands_{0};
  std::uint32_t batches_{0};
};

/// Gathers whole batches into the body of one `forward` frame, within the limits of an entry, so
/// that a leader may propose a forward as it came. Thread-safety: none.
class ForwardBuilder {
 public:
  explicit ForwardBuilder(std::size_t expected_bytes = 0);
  /// As `EntryBuilder::add`. Precondition: the batch is not marked system.
  [[nodiscard]] bool add(const BatchView& batch);
  std::uint32_t commands() const { return commands_; }
  bool empty() const { return batches_ == 0; }
  /// Precondition: not empty. The builder is spent.
  Bytes finish() &&;

 private:
  Bytes bytes_;
  std::uint32_t commands_{0};
  std::uint32_t batches_{0};
};

template <>
CommandView ItemRange<CommandView>::Iterator::operator*() const;
template <>
ItemRange<CommandView>::Iterator& ItemRange<CommandView>::Iterator::operator++();
template <>
BatchView ItemRange<BatchView>::Iterator::operator*() const;
template <>
ItemRange<BatchView>::Iterator& ItemRange<BatchView>::Iterator::operator++();

}  // namespace muster::wire
