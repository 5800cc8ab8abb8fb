// Records: what a segment of the log is made of, as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/entry.h"
#include "muster/bytes.h"
#include "muster/ids.h"

namespace muster::storage {

/// What a disk writes whole or not at all.
inline constexpr std::size_t sector_bytes = 512;
inline constexpr std::size_t record_header_bytes = 40;
inline constexpr std::size_t record_alignment = 8;

/// The values are written to disk: append only, never renumber.
enum class RecordKind : std::uint8_t {
  hard_state = 1,  ///< Term and vote; replaces what stood before.
  entry = 2,       ///< Exactly the index after the last one.
  cut_entry = 3,   ///< An index not past the last one: cuts the log from there, then appends.
  seal = 4,        ///< The segment is full, and a next one exists.
};

/// A record is a header of 40 bytes and the payload of its entry; the next record begins at the
/// next multiple of 8. A header never crosses a border of sectors (it moves to the next sector
/// instead), so after a torn write it is there or it is zero.
///
/// `chain` is the CRC32C of header fields and payload, started from the chain of the record before:
/// a record that was left out, put in or exchanged breaks all after it. The header has a check of
/// its own, which also covers where it stands; with `group_start` it lets recovery tell a write
/// that never finished from damage to one that did (see `scan_segment`).
struct RecordHeader {
  RecordKind kind{RecordKind::entry};
  EntryKind entry_kind{EntryKind::empty};
  bool has_vote{false};          ///< Hard state only.
  std::uint32_t payload_size{};  ///< Entries only.
  Term term;
  std::uint64_t index{};        ///< Of the entry; of a hard state the number voted for.
  std::uint32_t group_start{};  ///< Offset of the first record that was synced together with this.
  std::uint32_t chain{};
  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

/// Offset of the first place at or after `offset` where a record may begin.
std::size_t record_place(std::size_t offset);

/// The header in the first 40 of `bytes`, if it was written for this offset of this segment. No
/// claim about the payload. Precondition: there are 40 bytes.
std::optional<RecordHeader> read_record_header(BytesView bytes, std::size_t offset,
                                               std::uint64_t segment_number);

/// The chain after this record, recomputed from its fields and the payload.
std::uint32_t chain_after(std::uint32_t before, const RecordHeader& header, BytesView payload);

/// Lays records out for one place of a segment. Keeps the bytes to be written until `clear`.
class RecordWriter {
 public:
  /// Continues a segment at `offset`, after a record whose chain was `chain`.
  RecordWriter(std::uint64_t segment_number, std::size_t segment_bytes, std::size_t offset,
               std::uint32_t chain);

  /// Whether a record with this payload still fits, and a seal after it.
  bool fits(std::size_t payload_size) const;
  /// Each returns the record's offset. Precondition: it fits.
  std::size_t add_hard_state(const HardState& state);
  std::size_t add_entry(const Entry& entry, bool cuts);
  std::size_t add_seal();

  /// What was added since `clear`, to be written at `start`.
  BytesView bytes() const { return buffer_; }
  std::size_t start() const { return start_; }
  std::size_t end() const { return start_ + buffer_.size(); }
  std::uint32_t chain() const { return chain_; }
  /// The bytes are written and synced; the next record begins a new group.
  void clear();

 private:
  std::size_t add(RecordHeader header, BytesView payload);

  std::uint64_t segment_number_;
  std::size_t segment_bytes_;
  std::size_t start_;
  std::size_t group_start_;
  std::uint32_t chain_;
  Bytes buffer_;
};

}  // namespace muster::storage
