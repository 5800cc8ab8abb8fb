#include "storage/data_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
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
  // Servers that start together make the folder above theirs at the same moment.
  const bool made = ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
  if (!made) return system_error("cannot make", path.string(), errno);
  return sync_folder(parent.empty() ? "." : parent.string());
}

/// `20260131-094500`, UTC.
std::string stamp(LogTime time) {
  using namespace std::chrono;
  const sys_time<milliseconds> instant{milliseconds{time.milliseconds}};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(instant - day)};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02u-%02d%02d%02d", int{date.year()},
                unsigned{date.month()}, unsigned{date.day()},
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

constexpr int archives_of_one_second_max = 1'000;

Result<std::string> free_archive_name(const std::string& base) {
  for (int attempt = 1; attempt <= archives_of_one_second_max; ++attempt) {
    std::string path = attempt == 1 ? base : base + "-" + std::to_string(attempt);
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) continue;
    if (errno != ENOENT) return system_error("cannot look at", path, errno);
    return path;
  }
  return Error{.code = ErrorCode::resource_exhausted,
               .message = base + " and all names like it are taken; move some of them away"};
}

}  // namespace

Result<std::string> archive_data_folder(DataFolder folder, LogTime now) {
  auto archive = free_archive_name(folder.path + std::string(archive_infix) + stamp(now));
  if (!archive) return archive;
  if (::rename(folder.path.c_str(), archive->c_str()) != 0) {
    const int fault = errno;
    if (fault != EBUSY) return system_error("cannot archive", folder.path, fault);
    return Error{.code = ErrorCode::failed_precondition,
                 .message = "cannot archive " + folder.path +
                            ": a file system is mounted there. Give --data a folder below it, or "
                            "move what is in it away"};
  }
  const std::string parent = std::filesystem::path(folder.path).parent_path().string();
  if (const auto synced = sync_folder(parent.empty() ? "." : parent); !synced)
    return synced.error();
  return archive;
}

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
    if (recovered.snapshot || !recovered.entries.empty() || recovered.hard_state.term > Term{}) {
      return Error{.code = ErrorCode::internal,
                   .message =
                       "the data folder has a log but no file \"identity\", so that nobody "
                       "knows whose it is. Restore that file, or put the folder aside and "
                       "let the server begin anew"};
    }
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
