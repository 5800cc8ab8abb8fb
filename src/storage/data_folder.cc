#include "storage/data_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "storage/system_error.h"

namespace muster::storage {
namespace {

/// Makes a new folder's name durable: entries acknowledged in it are worth no more than that.
Result<void> sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("cannot sync", path, errno);
  const bool synced = ::fsync(descriptor) == 0;
  const int fault = errno;
  ::close(descriptor);
  if (!synced) return system_error("cannot sync", path, fault);
  return {};
}

Result<void> make_folder(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (!S_ISDIR(status.st_mode)) return system_error("cannot use", path.string(), ENOTDIR);
    return {};
  }
  if (errno != ENOENT) return system_error("cannot open", path.string(), errno);
  const std::filesystem::path parent = path.parent_path();
  if (!parent.empty() && parent != path) {
    if (auto made = make_folder(parent); !made) return made;
  }
  if (::mkdir(path.c_str(), 0700) != 0) return system_error("cannot make", path.string(), errno);
  return sync_folder(parent.empty() ? "." : parent.string());
}

}  // namespace

Result<DataFolder> open_data_folder(const std::string& path, const std::string& holder) {
  auto cleaned = std::filesystem::path(path).lexically_normal();
  if (!cleaned.has_filename() && cleaned.has_parent_path()) cleaned = cleaned.parent_path();
  if (const auto made = make_folder(cleaned); !made) return made.error();
  if (::access(cleaned.c_str(), R_OK | W_OK | X_OK) != 0)
    return system_error("cannot use", cleaned.string(), errno);
  auto lock = FolderLock::take(cleaned.string(), holder);
  if (!lock) return lock.error();
  return DataFolder{.path = cleaned.string(), .lock = std::move(*lock)};
}

Result<Identity> bootstrap_identity(LogStore& store, const Recovered& recovered,
                                    const Identity& fresh) {
  if (!recovered.identity) {
    if (const auto written = store.write_identity(fresh); !written) return written.error();
    return fresh;
  }
  if (recovered.identity->group_name != fresh.group_name) {
    return Error{.code = ErrorCode::failed_precondition,
                 .message = "this data folder belongs to the group \"" +
                            recovered.identity->group_name + "\", not \"" + fresh.group_name +
                            "\". Name that group, or another data folder"};
  }
  return *recovered.identity;
}

}  // namespace muster::storage
