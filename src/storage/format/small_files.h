// The files beside the log, as bytes: snapshots' headers, the identity, the fence record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/bytes.h"
#include "muster/error.h"
#include "storage/format/disk_job.h"

namespace muster::storage {

/// `snapshot-` and the index in 16 hexadecimal digits.
std::string snapshot_name(LogIndex index);
std::optional<LogIndex> snapshot_index_from(std::string_view name);

/// Bytes before the state in a snapshot file: the header with its metadata, filled up to whole
/// sectors, so that the place of the state is known before its checksum is.
std::size_t snapshot_header_bytes(std::size_t metadata_size);
Bytes encode(const SnapshotHeader& header);
/// Reads the header from the beginning of a file of `file_bytes` bytes; `start` may be longer than
/// the header. Errors: damage as `segment.h` says it, also if the size does not fit.
[[nodiscard]] Result<SnapshotHeader> decode_snapshot_header(BytesView start,
                                                            std::uint64_t file_bytes,
                                                            const std::string& path);
/// How many bytes of the file `decode_snapshot_header` needs, judged by its first sector.
[[nodiscard]] Result<std::size_t> snapshot_header_bytes_in(BytesView first_sector,
                                                           const std::string& path);

Bytes encode(const Identity& identity);
[[nodiscard]] Result<Identity> decode_identity(BytesView file, const std::string& path);

Bytes encode(const FenceRecord& record);
[[nodiscard]] Result<FenceRecord> decode_fence(BytesView file, const std::string& path);

inline constexpr std::size_t identity_text_max = 1'024;  ///< Of each name, in bytes.

}  // namespace muster::storage
