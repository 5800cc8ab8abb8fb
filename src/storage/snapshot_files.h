// The snapshot files of a data folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/error.h"
#include "storage/files.h"
#include "storage/format/disk_job.h"
#include "storage/format/small_files.h"
#include "storage/log_store.h"

namespace muster::storage {

/// Writes a snapshot under a temporary name, syncs it, gives it its name and syncs the folder: a
/// file named `snapshot-INDEX` is whole. The header is written last, when size and checksum are
/// known. Part of `LogStore`. Thread-safety: none.
class SnapshotFiles {
 public:
  SnapshotFiles(Files& files, std::string folder, const LogOptions& options);

  /// Verifies the newest of the snapshots found, every byte of it. Errors: damage.
  [[nodiscard]] Result<void> open(std::vector<LogIndex> found);

  /// This server's own snapshot. One at a time: a new one replaces one not finished.
  [[nodiscard]] Result<void> begin(const SnapshotHeader& header);
  [[nodiscard]] Result<void> room_for(std::size_t bytes) const;
  [[nodiscard]] Result<void> add(BytesView chunk);
  [[nodiscard]] Result<SnapshotHeader> finish();

  /// Why the piece cannot be taken, if so.
  [[nodiscard]] Result<void> validate(const SnapshotPieceJob& piece) const;
  /// Precondition: validated. With the last piece the snapshot becomes the newest.
  [[nodiscard]] Result<void> add_piece(const SnapshotPieceJob& piece);

  [[nodiscard]] Result<SnapshotRead> read(const ReadSnapshotJob& wanted);
  [[nodiscard]] Result<void> remove_old();

  const std::optional<SnapshotHeader>& newest() const { return newest_; }
  LogIndex newest_index() const { return newest_ ? newest_->index : LogIndex{}; }

 private:
  /// One snapshot on its way into a temporary file.
  struct Draft {
    std::string path;
    SnapshotHeader header;  ///< Size and checksum are those of what was written so far.
  };

  std::string path_of(LogIndex index) const { return folder_ + "/" + snapshot_name(index); }
  Result<void> write(Draft& draft, BytesView chunk);
  Result<void> complete(const Draft& draft);
  Result<void> verify(LogIndex index);

  Files& files_;
  std::string folder_;
  LogOptions options_;
  std::optional<SnapshotHeader> newest_;
  std::vector<LogIndex> stored_;  // Ascending; the newest is the last.
  std::optional<Draft> own_;
  std::optional<Draft> incoming_;
};

}  // namespace muster::storage
