#include "storage/format/segment.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/crc32c.h"
#include "muster/check.h"
#include "muster/codec.h"

namespace muster::storage {
namespace {

constexpr std::string_view segment_magic = "MUSTLOG1";
constexpr std::uint32_t segment_version = 1;

bool all_zero(BytesView bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

std::size_t sector_end(std::size_t offset) {
  return (offset / sector_bytes + 1) * sector_bytes;
}

/// Whether a sector's part of the range is zero throughout.
bool misses_a_sector(BytesView file, std::size_t begin, std::size_t end) {
  while (begin < end) {
    const std::size_t stop = std::min(end, sector_end(begin));
    if (all_zero(file.subspan(begin, stop - begin))) return true;
    begin = stop;
  }
  return false;
}

std::size_t last_nonzero_end(BytesView file) {
  std::size_t size = file.size();
  while (size > 0 && file[size - 1] == std::byte{0}) --size;
  return size;
}

}  // namespace

std::string segment_name(std::uint64_t number) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return std::string("log-") + digits;
}

std::optional<std::uint64_t> segment_number_from(std::string_view name) {
  if (name.size() != 20 || !name.starts_with("log-")) return std::nullopt;
  std::uint64_t number = 0;
  const auto [stop, fault] =
      std::from_chars(name.data() + 4, name.data() + name.size(), number, 16);
  if (fault != std::errc{} || stop != name.data() + name.size()) return std::nullopt;
  return number;
}

Error damage(const std::string& path, std::uint64_t offset, const std::string& what) {
  return {.code = ErrorCode::internal,
          .message = path + " is damaged at byte " + std::to_string(offset) + ": " + what +
                     ". This server does not serve from it. If the other servers run, move its "
                     "data folder away and start it again: it joins anew and fetches everything "
                     "from them. Else restore the folder from a copy"};
}

Bytes encode(const SegmentHeader& header) {
  Bytes sector;
  sector.reserve(sector_bytes);
  Writer writer(sector);
  writer.raw(as_bytes(segment_magic));
  writer.integer(segment_version);
  writer.integer(header.number);
  writer.integer(header.file_bytes);
  writer.integer(header.base_index.value);
  writer.integer(header.base_term.value);
  writer.integer(static_cast<std::uint8_t>(header.restart ? 1 : 0));
  writer.integer(header.hard_state.term.value);
  writer.integer(static_cast<std::uint8_t>(header.hard_state.vote ? 1 : 0));
  writer.integer(header.hard_state.vote.value_or(ServerNumber{}).value);
  writer.integer(header.chain_start);
  sector.resize(sector_bytes - sizeof(std::uint32_t));
  const std::uint32_t checksum = crc32c(sector);
  writer.integer(checksum);
  return sector;
}

Result<SegmentHeader> peek_segment_header(BytesView file, const std::string& path) {
  if (file.size() < sector_bytes)
    return damage(path, file.size(), "the file ends within its first sector");
  Reader reader(file.first(sector_bytes));
  if (as_text(reader.raw(segment_magic.size())) != segment_magic)
    return damage(path, 0, "it does not begin as a log segment does");
  const auto version = reader.integer<std::uint32_t>();
  Reader last(file.subspan(sector_bytes - sizeof(std::uint32_t), sizeof(std::uint32_t)));
  if (crc32c(file.first(sector_bytes - sizeof(std::uint32_t))) != last.integer<std::uint32_t>())
    return damage(path, 0, "the checksum of its header does not match");
  if (version != segment_version) {
    return Error{.code = ErrorCode::unimplemented,
                 .message = path + " has format version " + std::to_string(version) +
                            ", which this program does not know. Run the newer program again"};
  }
  SegmentHeader header;
  header.number = reader.integer<std::uint64_t>();
  header.file_bytes = reader.integer<std::uint64_t>();
  header.base_index.value = reader.integer<std::uint64_t>();
  header.base_term.value = reader.integer<std::uint64_t>();
  header.restart = reader.integer<std::uint8_t>() != 0;
  header.hard_state.term.value = reader.integer<std::uint64_t>();
  const bool has_vote = reader.integer<std::uint8_t>() != 0;
  const ServerNumber vote{reader.integer<std::uint32_t>()};
  if (has_vote) header.hard_state.vote = vote;
  header.chain_start = reader.integer<std::uint32_t>();
  return header;
}

Result<SegmentHeader> decode_segment_header(BytesView file, const std::string& path) {
  auto header = peek_segment_header(file, path);
  if (header && file.size() != header->file_bytes) {
    return damage(path, std::min<std::uint64_t>(file.size(), header->file_bytes),
                  "the file has " + std::to_string(file.size()) + " bytes instead of " +
                      std::to_string(header->file_bytes));
  }
  return header;
}

SegmentScan::SegmentScan(BytesView file, const SegmentHeader& header, std::string path)
    : file_(file), header_(header), path_(std::move(path)), chain_(header.chain_start) {}

Result<std::optional<SegmentScan::Record>> SegmentScan::next() {
  if (torn_) return std::nullopt;
  const std::size_t place = record_place(end_);
  if (place + record_header_bytes > file_.size()) return std::nullopt;
  const BytesView rest = file_.subspan(place);
  if (all_zero(rest.first(record_header_bytes))) return judge_end(place);

  const auto header = read_record_header(rest, place, header_.number);
  if (!header) return damage(path_, place, "here stands something that is not a record");
  if (header->payload_size > rest.size() - record_header_bytes)
    return damage(path_, place, "a record reaches past the end of the file");
  const BytesView payload = rest.subspan(record_header_bytes, header->payload_size);
  const std::string name = "the checksum of the record of term " +
                           std::to_string(header->term.value) + ", index " +
                           std::to_string(header->index) + " does not match";
  if (chain_after(chain_, *header, payload) != header->chain) {
    const std::size_t record_end = place + record_header_bytes + payload.size();
    if (misses_a_sector(file_, sector_end(place), record_end)) return judge_missing(place, name);
    return damage(path_, place, name);
  }
  const Record record{
      .offset = place, .chain_before = chain_, .header = *header, .payload = payload};
  end_ = place + record_header_bytes + payload.size();
  chain_ = header->chain;
  return record;
}

Result<std::optional<SegmentScan::Record>> SegmentScan::judge_end(std::size_t place) {
  if (all_zero(file_.subspan(place))) return std::nullopt;
  const std::string what = "zeros stand where a record was";
  const std::size_t stop = std::min(sector_end(place), file_.size());
  if (!all_zero(file_.subspan(place, stop - place))) return damage(path_, place, what);
  return judge_missing(place, what);
}

Result<std::optional<SegmentScan::Record>> SegmentScan::judge_missing(std::size_t place,
                                                                      const std::string& what) {
  if (later_group_behind(place))
    return damage(path_, place, what + ", and it had been written: later ones stand behind it");
  torn_ = TornTail{.offset = place, .bytes = last_nonzero_end(file_) - place};
  return std::nullopt;
}

bool SegmentScan::later_group_behind(std::size_t place) const {
  const std::size_t stop = last_nonzero_end(file_);
  std::size_t offset = record_place(place + 1);
  for (; offset < stop && offset + record_header_bytes <= file_.size();
       offset = record_place(offset + 1)) {
    const auto header = read_record_header(file_.subspan(offset), offset, header_.number);
    if (header && header->group_start > place) return true;
  }
  return false;
}

}  // namespace muster::storage
