// A server's data folder: made, locked, and known by its identity.
#pragma once

#include <string>

#include "muster/error.h"
#include "muster/time.h"
#include "storage/folder_lock.h"
#include "storage/format/disk_job.h"
#include "storage/log_store.h"

namespace muster::storage {

struct DataFolder {
  std::string path;
  FolderLock lock;
};

/// Makes the folder (mode 0700, parents too) where it is missing, and locks it for this process.
/// Errors, each naming the folder and the remedy: `failed_precondition` if it is not a folder or
/// another process holds it, `permission_denied` if it cannot be read and written.
[[nodiscard]] Result<DataFolder> open_data_folder(const std::string& path,
                                                  const std::string& holder);

/// Puts the folder away, whole, under the name `FOLDER.archived-YYYYMMDD-HHMMSS` (UTC; `-2` and so
/// on where that is taken) beside it, durably, and gives its lock back. Nothing is ever deleted.
/// Returns the new path. Errors: as the system gives them, with the remedy; then nothing changed.
[[nodiscard]] Result<std::string> archive_data_folder(DataFolder folder, LogTime now);

/// The identity found in the folder, or the `fresh` one, made durable. `failed_precondition` if the
/// folder belongs to a group of another name.
[[nodiscard]] Result<Identity> bootstrap_identity(LogStore& store, const Recovered& recovered,
                                                  const Identity& fresh);

}  // namespace muster::storage
