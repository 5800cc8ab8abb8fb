#include "storage/format/record.h"

#include <array>

#include "base/crc32c.h"
#include "muster/check.h"
#include "muster/codec.h"

namespace muster::storage {
namespace {

constexpr std::uint8_t record_mark = 0xa7;
constexpr std::size_t chained_header_bytes = 28;  // All fields but the two checksums.
constexpr std::size_t checked_header_bytes = 32;  // These and the chain.

constexpr std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

void write_fields(const RecordHeader& header, Bytes& out) {
  Writer writer(out);
  writer.integer(record_mark);
  writer.integer(static_cast<std::uint8_t>(header.kind));
  writer.integer(static_cast<std::uint8_t>(header.entry_kind));
  writer.integer(static_cast<std::uint8_t>(header.has_vote ? 1 : 0));
  writer.integer(header.payload_size);
  writer.integer(header.term.value);
  writer.integer(header.index);
  writer.integer(header.group_start);
}

std::uint32_t header_check(BytesView fields_and_chain, std::uint64_t segment, std::size_t offset) {
  std::array<std::uint64_t, 2> place{segment, offset};
  return crc32c(fields_and_chain, crc32c(std::as_bytes(std::span(place))));
}

bool known(std::uint8_t kind, std::uint8_t entry_kind) {
  return kind >= static_cast<std::uint8_t>(RecordKind::hard_state) &&
         kind <= static_cast<std::uint8_t>(RecordKind::seal) &&
         entry_kind <= static_cast<std::uint8_t>(EntryKind::commands);
}

}  // namespace

std::size_t record_place(std::size_t offset) {
  const std::size_t aligned = round_up(offset, record_alignment);
  const std::size_t left_in_sector = sector_bytes - aligned % sector_bytes;
  return left_in_sector < record_header_bytes ? aligned + left_in_sector : aligned;
}

std::optional<RecordHeader> read_record_header(BytesView bytes, std::size_t offset,
                                               std::uint64_t segment_number) {
  check(bytes.size() >= record_header_bytes);
  if (std::to_integer<std::uint8_t>(bytes[0]) != record_mark) return std::nullopt;

  Reader reader(bytes.first(record_header_bytes));
  reader.integer<std::uint8_t>();
  const auto kind = reader.integer<std::uint8_t>();
  const auto entry_kind = reader.integer<std::uint8_t>();
  const bool has_vote = reader.integer<std::uint8_t>() != 0;
  RecordHeader header{.has_vote = has_vote, .term = {}};
  header.payload_size = reader.integer<std::uint32_t>();
  header.term.value = reader.integer<std::uint64_t>();
  header.index = reader.integer<std::uint64_t>();
  header.group_start = reader.integer<std::uint32_t>();
  header.chain = reader.integer<std::uint32_t>();
  const auto expected = reader.integer<std::uint32_t>();
  if (header_check(bytes.first(checked_header_bytes), segment_number, offset) != expected)
    return std::nullopt;
  if (reader.integer<std::uint32_t>() != 0 || !known(kind, entry_kind)) return std::nullopt;
  header.kind = static_cast<RecordKind>(kind);
  header.entry_kind = static_cast<EntryKind>(entry_kind);
  return header;
}

std::uint32_t chain_after(std::uint32_t before, const RecordHeader& header, BytesView payload) {
  Bytes fields;
  fields.reserve(chained_header_bytes);
  write_fields(header, fields);
  return crc32c(payload, crc32c(fields, before));
}

RecordWriter::RecordWriter(std::uint64_t segment_number, std::size_t segment_bytes,
                           std::size_t offset, std::uint32_t chain)
    : segment_number_(segment_number),
      segment_bytes_(segment_bytes),
      start_(offset),
      group_start_(record_place(offset)),
      chain_(chain) {
  check(segment_bytes_ <= 0xffffffffU);
}

bool RecordWriter::fits(std::size_t payload_size) const {
  const std::size_t after = record_place(end()) + record_header_bytes + payload_size;
  return record_place(after) + record_header_bytes <= segment_bytes_;
}

std::size_t RecordWriter::add_hard_state(const HardState& state) {
  check(fits(0));
  RecordHeader header{.kind = RecordKind::hard_state, .term = state.term};
  header.has_vote = state.vote.has_value();
  header.index = state.vote ? state.vote->value : 0;
  return add(header, {});
}

std::size_t RecordWriter::add_entry(const Entry& entry, bool cuts) {
  check(fits(entry.payload.size()));
  RecordHeader header{.kind = cuts ? RecordKind::cut_entry : RecordKind::entry,
                      .entry_kind = entry.kind,
                      .term = entry.term};
  header.index = entry.index.value;
  return add(header, entry.payload.view());
}

std::size_t RecordWriter::add_seal() {
  return add({.kind = RecordKind::seal, .term = {}}, {});
}

void RecordWriter::clear() {
  start_ = end();
  group_start_ = record_place(start_);
  buffer_.clear();
}

std::size_t RecordWriter::add(RecordHeader header, BytesView payload) {
  const std::size_t offset = record_place(end());
  check(offset + record_header_bytes + payload.size() <= segment_bytes_);
  header.payload_size = static_cast<std::uint32_t>(payload.size());
  header.group_start = static_cast<std::uint32_t>(group_start_);
  buffer_.resize(offset - start_);

  const std::size_t begin = buffer_.size();
  write_fields(header, buffer_);
  const BytesView fields = BytesView(buffer_).subspan(begin);
  chain_ = crc32c(payload, crc32c(fields, chain_));
  Writer writer(buffer_);
  writer.integer(chain_);
  const BytesView checked = BytesView(buffer_).subspan(begin);
  writer.integer(header_check(checked, segment_number_, offset));
  writer.integer(std::uint32_t{0});
  writer.raw(payload);
  return offset;
}

}  // namespace muster::storage
