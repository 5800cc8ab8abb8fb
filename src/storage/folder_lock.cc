#include "storage/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "storage/system_error.h"

namespace muster::storage {
namespace {

constexpr int attempts_max = 10;

std::string read_holder(int descriptor) {
  std::array<char, 256> text{};
  const ssize_t got = ::pread(descriptor, text.data(), text.size(), 0);
  std::string holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "another process" : holder;
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder, const std::string& holder) {
  const std::string path = folder + "/lock";
  // Whoever held it may have archived the folder meanwhile: then this is the lock of the archive.
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    auto lock = take_once(folder, path, holder);
    if (!lock || lock->is_at(path)) return lock;
  }
  return Error{.code = ErrorCode::failed_precondition,
               .message = "the data folder " + folder +
                          " is moved away again and again. Stop what does that, and start again"};
}

bool FolderLock::is_at(const std::string& path) const {
  struct stat held {};
  struct stat named {};
  return ::fstat(descriptor_, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

Result<FolderLock> FolderLock::take_once(const std::string& folder, const std::string& path,
                                         const std::string& holder) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_error("cannot open", path, errno);
  FolderLock lock(descriptor);
  int taken = -1;
  do {
    taken = ::flock(descriptor, LOCK_EX | LOCK_NB);
  } while (taken != 0 && errno == EINTR);
  if (taken != 0 && errno == EWOULDBLOCK) {
    return Error{.code = ErrorCode::failed_precondition,
                 .message = "the data folder " + folder + " is in use by " +
                            read_holder(descriptor) +
                            ". Stop that process, or name another folder"};
  }
  if (taken != 0) return system_error("cannot lock", path, errno);

  const std::string text = "process " + std::to_string(::getpid()) + " (" + holder + ")\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return system_error("cannot write", path, errno);
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> RealFolderLocker::take(const std::string& folder) {
  if (held_.contains(folder)) return {};
  auto lock = FolderLock::take(folder, holder_);
  if (!lock) return lock.error();
  held_.emplace(folder, std::move(*lock));
  return {};
}

Result<std::vector<std::string>> RealFolderLocker::archives(const std::string& folder) {
  const std::filesystem::path path(folder);
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const std::string prefix = path.filename().string() + std::string(archive_infix);
  std::vector<std::string> found;
  std::error_code error;
  std::filesystem::directory_iterator each(parent, error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    if (each->path().filename().string().starts_with(prefix)) found.push_back(each->path());
  }
  if (error) return system_error("cannot list", parent.string(), error.value());
  return found;
}

}  // namespace muster::storage
