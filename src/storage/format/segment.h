// Segments: files of records, and how one is read back after anything may have happened to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/entry.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "storage/format/record.h"

namespace muster::storage {

/// The first sector of a segment file. Written and synced before the file gets its name.
struct SegmentHeader {
  std::uint64_t number{};       ///< Counts the segments of a folder, without a gap.
  std::uint64_t file_bytes{};   ///< The file is zero-filled to this size; any other is damage.
  LogIndex base_index;          ///< Of the last entry before this segment,
  Term base_term;               ///< and its term.
  bool restart{false};          ///< A snapshot was installed: what came before counts no more.
  HardState hard_state;         ///< As it stood then, so that older segments can be deleted.
  std::uint32_t chain_start{};  ///< The chain at the end of the segment before.
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

/// `log-` and the number in 16 hexadecimal digits, so that names sort as numbers do.
std::string segment_name(std::uint64_t number);
std::optional<std::uint64_t> segment_number_from(std::string_view name);

/// One sector.
Bytes encode(const SegmentHeader& header);
/// Errors: `internal`, for damage; `unimplemented`, for a version newer than this program.
[[nodiscard]] Result<SegmentHeader> decode_segment_header(BytesView file, const std::string& path);
/// As above, from the first sector alone: the size of the file is not held against the header.
[[nodiscard]] Result<SegmentHeader> peek_segment_header(BytesView start, const std::string& path);

/// What every report of damage says: which file, where, what is wrong, and what to do.
Error damage(const std::string& path, std::uint64_t offset, const std::string& what);

/// Where valid records end and a write that never finished begins.
struct TornTail {
  std::size_t offset{};
  std::size_t bytes{};  ///< From there to the last byte that is not zero.
};

/// Reads the records of a segment, in order, and judges its end.
///
/// Records are written in groups, one write and one sync each, and a group is written only when
/// the one before is durable. So a crash can spoil the last group alone, and what a crash spoils is
/// a sector that still has the zeros of before. Where the records stop being valid,
///  - nothing but zeros until the end of the file is the end of the log;
///  - a missing sector (zero throughout, from the record on) with no group begun behind it is a
///    torn tail: that group was never reported stored, and may be cut;
///  - everything else is damage: bytes that are wrong but not zero, or a missing sector with a
///    later group behind it, which proves that it had been written.
/// Not told apart, as the bytes are the same: a group that was never written, and groups at the
/// very end of the log that were synced and of which the disk later lost a whole sector.
///
/// Thread-safety: none. The bytes must outlive the scan and its records.
class SegmentScan {
 public:
  struct Record {
    std::size_t offset{};
    std::uint32_t chain_before{};
    RecordHeader header;
    BytesView payload;
  };

  SegmentScan(BytesView file, const SegmentHeader& header, std::string path);

  /// The next record; nothing at the end. A torn tail ends the records as zeros do.
  [[nodiscard]] Result<std::optional<Record>> next();

  /// End of the last record returned, and the chain there.
  std::size_t end() const { return end_; }
  std::uint32_t chain() const { return chain_; }
  const std::optional<TornTail>& torn() const { return torn_; }

 private:
  Result<std::optional<Record>> judge_end(std::size_t place);
  Result<std::optional<Record>> judge_missing(std::size_t place, const std::string& what);
  bool later_group_behind(std::size_t place) const;

  BytesView file_;
  SegmentHeader header_;
  std::string path_;
  std::size_t end_{sector_bytes};
  std::uint32_t chain_;
  std::optional<TornTail> torn_;
};

}  // namespace muster::storage
