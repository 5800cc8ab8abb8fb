#include "wire/batch.h"

#include <algorithm>
#include <concepts>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "muster/check.h"
#include "muster/codec.h"
#include "wire/malformed.h"

namespace muster::wire {

namespace {

constexpr std::uint16_t flag_system = 1;
constexpr std::uint16_t entry_format = 1;
constexpr std::size_t batch_count_offset = 28;
constexpr std::size_t batch_bytes_offset = 32;
constexpr std::uint64_t sequence_max =
    std::numeric_limits<std::uint64_t>::max() - entry_commands_max;

Error beyond(const std::string& what, std::size_t limit) {
  return Error{ErrorCode::resource_exhausted,
               what + " passes the limit of " + std::to_string(limit) + "; send less at once"};
}

/// For bytes that were validated before.
template <std::integral Integer>
Integer integer_at(BytesView bytes, std::size_t offset) {
  Integer value;
  std::memcpy(&value, bytes.subspan(offset, sizeof(Integer)).data(), sizeof(Integer));
  return value;
}

template <std::integral Integer>
void put_at(Bytes& bytes, std::size_t offset, Integer value) {
  check(offset + sizeof(Integer) <= bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof(Integer));
}

Result<void> validate_commands(BytesView bytes, std::uint32_t count) {
  Reader reader(bytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto length = reader.integer<std::uint32_t>();
    reader.integer<std::uint16_t>();
    const auto flags = reader.integer<std::uint16_t>();
    if (!reader.ok()) return malformed("a batch ends before its last command");
    if (flags != 0) return malformed("a command has flags that are not known");
    if (length > command_bytes_max) return beyond("a command's bytes", command_bytes_max);
    reader.raw(length);
  }
  if (!reader.ok()) return malformed("a batch ends within a command");
  if (!reader.finished()) return malformed("a batch has bytes behind its last command");
  return {};
}

Result<void> validate_header(const BatchHeader& header, std::uint32_t count) {
  if (header.system) {
    if (header.session != SessionId{} || header.first_sequence.value != 0 || header.skip != 0) {
      return malformed("a system batch names a session");
    }
  } else if (header.session.uuid.is_nil()) {
    return malformed("a batch names no session");
  } else if (header.first_sequence.value > sequence_max) {
    return malformed("a batch begins with a sequence number that no command can have");
  }
  if (header.skip > 0 && header.skip >= header.first_sequence.value) {
    return malformed("a batch skips more numbers than there were");
  }
  if (count == 0 && header.skip == 0) return malformed("a batch has no command");
  if (count > entry_commands_max) return beyond("a batch's number of commands", entry_commands_max);
  return {};
}

}  // namespace

struct BatchParser {
  struct Header {
    BatchHeader header;
    std::uint32_t count;
    std::uint32_t bytes;
    std::uint16_t flags;
  };

  /// Precondition: `batch_header_bytes` are there.
  static Header read_header(BytesView bytes) {
    Reader reader(bytes.first(batch_header_bytes));
    Header read{};
    read.header.session = SessionId{reader.uuid()};
    read.header.first_sequence = SequenceNumber{reader.integer<std::uint64_t>()};
    read.header.epoch = Epoch{reader.integer<std::uint32_t>()};
    read.count = reader.integer<std::uint16_t>();
    read.flags = reader.integer<std::uint16_t>();
    read.bytes = reader.integer<std::uint32_t>();
    read.header.skip = reader.integer<std::uint32_t>();
    read.header.system = (read.flags & flag_system) != 0;
    return read;
  }

  /// The batch at the front of bytes that may be anything.
  static Result<BatchView> parse_front(BytesView bytes) {
    if (bytes.size() < batch_header_bytes) return malformed("a batch's header is cut off");
    const Header read = read_header(bytes);
    if ((read.flags & ~flag_system) != 0) {
      return malformed("a batch has flags that are not known");
    }
    if (Result<void> valid = validate_header(read.header, read.count); !valid) {
      return valid.error();
    }
    if (read.bytes > batch_bytes_max - batch_header_bytes) {
      return beyond("a batch's bytes", batch_bytes_max);
    }
    if (read.bytes > bytes.size() - batch_header_bytes) {
      return malformed("a batch's commands are cut off");
    }
    const BytesView commands = bytes.subspan(batch_header_bytes, read.bytes);
    if (Result<void> valid = validate_commands(commands, read.count); !valid) {
      return valid.error();
    }
    return BatchView(read.header, read.count, bytes.first(batch_header_bytes + read.bytes));
  }

  /// The batch at the front of bytes that were validated before.
  static BatchView front(BytesView bytes) {
    const Header read = read_header(bytes);
    return {read.header, read.count, bytes.first(batch_header_bytes + read.bytes)};
  }

  struct Totals {
    std::uint32_t commands;
    std::uint32_t batches;
  };

  /// Validates that `bytes` are batches and nothing else, as many as `totals` says.
  static Result<void> validate_batches(BytesView bytes, Totals totals, bool system_allowed) {
    if (totals.commands > entry_commands_max) {
      return beyond("the number of commands", entry_commands_max);
    }
    std::uint64_t commands = 0;
    std::uint32_t batches = 0;
    for (; !bytes.empty(); ++batches) {
      const Result<BatchView> batch = parse_front(bytes);
      if (!batch) return batch.error();
      if (batch->header().system && !system_allowed) {
        return Error{ErrorCode::permission_denied,
                     "a forwarded batch is marked system; only the leader marks its own"};
      }
      commands += batch->size();
      bytes = bytes.subspan(batch->bytes().size());
    }
    if (batches != totals.batches || commands != totals.commands) {
      return malformed("batches and commands are not as many as their header says");
    }
    return {};
  }
};

template <>
CommandView ItemRange<CommandView>::Iterator::operator*() const {
  return {ServiceId{integer_at<std::uint16_t>(rest_, 4)},
          rest_.subspan(command_header_bytes, integer_at<std::uint32_t>(rest_, 0))};
}

template <>
ItemRange<CommandView>::Iterator& ItemRange<CommandView>::Iterator::operator++() {
  rest_ = rest_.subspan(command_header_bytes + integer_at<std::uint32_t>(rest_, 0));
  return *this;
}

template <>
BatchView ItemRange<BatchView>::Iterator::operator*() const {
  return BatchParser::front(rest_);
}

template <>
ItemRange<BatchView>::Iterator& ItemRange<BatchView>::Iterator::operator++() {
  rest_ = rest_.subspan(batch_header_bytes + integer_at<std::uint32_t>(rest_, batch_bytes_offset));
  return *this;
}

Result<BatchView> BatchView::parse(BytesView bytes) {
  Result<BatchView> batch = BatchParser::parse_front(bytes);
  if (batch && batch->bytes().size() != bytes.size()) {
    return malformed("bytes follow a batch that must stand alone");
  }
  return batch;
}

Result<BatchView> BatchView::parse_from_client(BytesView bytes) {
  Result<BatchView> batch = parse(bytes);
  if (!batch) return batch;
  if (batch->header().system) {
    return Error{ErrorCode::permission_denied,
                 "a client's batch is marked system; only the leader marks its own"};
  }
  if (batch->header().first_sequence.value == 0) {
    return Error{ErrorCode::permission_denied,
                 "a client's batch is not numbered; only servers say things about a session"};
  }
  return batch;
}

Result<EntryView> EntryView::parse(BytesView bytes) {
  if (bytes.size() > entry_bytes_max) return beyond("an entry's bytes", entry_bytes_max);
  Reader reader(bytes);
  EntryView view;
  const auto format = reader.integer<std::uint16_t>();
  const auto flags = reader.integer<std::uint16_t>();
  view.time_ = LogTime{reader.integer<std::int64_t>()};
  view.commands_ = reader.integer<std::uint32_t>();
  view.batch_count_ = reader.integer<std::uint32_t>();
  view.bytes_ = bytes;
  if (!reader.ok()) return malformed("an entry's header is cut off");
  if (format != entry_format || flags != 0) {
    return Error{ErrorCode::unimplemented, "an entry has format " + std::to_string(format) +
                                               ", flags " + std::to_string(flags) +
                                               "; a newer version of Muster wrote it: update"};
  }
  const Result<void> valid =
      BatchParser::validate_batches(reader.rest(), {view.commands_, view.batch_count_}, true);
  if (!valid) return valid.error();
  return view;
}

Result<ForwardView> ForwardView::parse(BytesView bytes) {
  if (bytes.size() > entry_bytes_max) return beyond("a forward's bytes", entry_bytes_max);
  Reader reader(bytes);
  ForwardView view;
  view.commands_ = reader.integer<std::uint32_t>();
  view.batch_count_ = reader.integer<std::uint32_t>();
  view.bytes_ = bytes;
  if (!reader.ok()) return malformed("a forward's header is cut off");
  if (view.batch_count_ == 0) return malformed("a forward has no batch");
  const Result<void> valid =
      BatchParser::validate_batches(reader.rest(), {view.commands_, view.batch_count_}, false);
  if (!valid) return valid.error();
  return view;
}

BatchBuilder::BatchBuilder(const BatchHeader& header) : may_be_empty_(header.skip > 0) {
  check(validate_header(header, 1).has_value());
  bytes_.reserve(batch_header_bytes + 4 * command_header_bytes);
  Writer writer(bytes_);
  writer.uuid(header.session.uuid);
  writer.integer(header.first_sequence.value);
  writer.integer(header.epoch.value);
  writer.integer(std::uint16_t{0});
  writer.integer(header.system ? flag_system : std::uint16_t{0});
  writer.integer(std::uint32_t{0});
  writer.integer(header.skip);
}

bool BatchBuilder::fits(std::size_t payload_bytes) const {
  return payload_bytes <= command_bytes_max && count_ < entry_commands_max &&
         bytes_.size() + command_header_bytes + payload_bytes <= batch_bytes_max;
}

void BatchBuilder::reserve(std::size_t bytes) {
  bytes_.reserve(batch_header_bytes + std::min(bytes, batch_bytes_max - batch_header_bytes));
}

Result<void> BatchBuilder::add(ServiceId service, BytesView payload) {
  if (payload.size() > command_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "a command has " + std::to_string(payload.size()) + " bytes; at most " +
                     std::to_string(command_bytes_max) + " are allowed"};
  }
  if (!fits(payload.size())) return beyond("a batch", batch_bytes_max);
  Writer writer(bytes_);
  writer.integer(static_cast<std::uint32_t>(payload.size()));
  writer.integer(service.value);
  writer.integer(std::uint16_t{0});
  writer.raw(payload);
  ++count_;
  return {};
}

Bytes BatchBuilder::finish() && {
  check(count_ > 0 || may_be_empty_);
  put_at(bytes_, batch_count_offset, static_cast<std::uint16_t>(count_));
  put_at(bytes_, batch_bytes_offset,
         static_cast<std::uint32_t>(bytes_.size() - batch_header_bytes));
  return std::move(bytes_);
}

EntryBuilder::EntryBuilder(std::size_t expected_bytes) {
  bytes_.reserve(entry_header_bytes + std::min(expected_bytes, batch_bytes_max));
  bytes_.resize(entry_header_bytes);
}

bool EntryBuilder::add(const BatchView& batch) {
  if (batch.bytes().size() > entry_bytes_max - bytes_.size()) return false;
  if (batch.size() > entry_commands_max - commands_) return false;
  Writer(bytes_).raw(batch.bytes());
  commands_ += batch.size();
  ++batches_;
  return true;
}

Bytes EntryBuilder::finish(LogTime time) && {
  put_at(bytes_, 0, entry_format);
  put_at(bytes_, 4, time.milliseconds);
  put_at(bytes_, 12, commands_);
  put_at(bytes_, 16, batches_);
  return std::move(bytes_);
}

ForwardBuilder::ForwardBuilder(std::size_t expected_bytes) {
  bytes_.reserve(forward_header_bytes + std::min(expected_bytes, batch_bytes_max));
  bytes_.resize(forward_header_bytes);
}

bool ForwardBuilder::add(const BatchView& batch) {
  check(!batch.header().system);
  const std::size_t batches_bytes = bytes_.size() - forward_header_bytes;
  if (batch.bytes().size() > batch_bytes_max - batches_bytes) return false;
  if (batch.size() > entry_commands_max - commands_) return false;
  Writer(bytes_).raw(batch.bytes());
  commands_ += batch.size();
  ++batches_;
  return true;
}

Bytes ForwardBuilder::finish() && {
  check(batches_ > 0);
  put_at(bytes_, 0, commands_);
  put_at(bytes_, 4, batches_);
  return std::move(bytes_);
}

}  // namespace muster::wire
