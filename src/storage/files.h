// The seam between the store and the operating system: six calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"

namespace muster::storage {

/// Every place in the store that waits for the disk. The simulated files can leave one of them out,
/// which a test must notice: no sync stands here without need.
enum class SyncSite : std::uint8_t {
  append,            ///< A group of records, before it is reported stored.
  roll_content,      ///< A new segment with its header, before it gets its name.
  roll_folder,       ///< Its name, before a record in it counts.
  rewrite_content,   ///< The last segment's copy at open, before it replaces the original.
  rewrite_folder,    ///< The replacement, before an entry in it counts.
  snapshot_content,  ///< A whole snapshot, before it gets its name.
  snapshot_folder,   ///< Its name, before it is reported.
  identity_content,  ///< The identity, before it replaces the former.
  identity_folder,   ///< The replacement, before it is reported.
  fence_content,     ///< A fence record, before it gets its name.
  fence_folder,      ///< Its name, before it is reported.
};
inline constexpr std::size_t sync_site_count = 11;
std::string_view name_of(SyncSite site);

struct FileInfo {
  std::string name;  ///< Without the folder.
  std::uint64_t size{};
};

/// Files by path. What was written or renamed survives the process at once, but survives a power
/// loss only after a sync: of the file for its bytes, of the folder for its names.
///
/// Errors: `not_found`, `resource_exhausted` (the disk is full), `permission_denied`, `internal`;
/// the message names the path and says what to do. Thread-safety: none.
class Files {
 public:
  virtual ~Files() = default;

  /// The bytes from `offset` on: `size` of them, or fewer at the end of the file.
  [[nodiscard]] virtual Result<Bytes> read(const std::string& path, std::uint64_t offset,
                                           std::size_t size) = 0;
  /// Writes all bytes at `offset`, making the file and filling a gap before `offset` with zeros
  /// where needed.
  [[nodiscard]] virtual Result<void> write(const std::string& path, std::uint64_t offset,
                                           BytesView bytes) = 0;
  /// Returns when the file's bytes, or the folder's names, are durable.
  [[nodiscard]] virtual Result<void> sync(const std::string& path, SyncSite site) = 0;
  /// Gives a file another name in the same folder; a file of that name is replaced.
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::string& path) = 0;
  /// The files in a folder, by ascending name.
  [[nodiscard]] virtual Result<std::vector<FileInfo>> list(const std::string& folder) = 0;
};

}  // namespace muster::storage
