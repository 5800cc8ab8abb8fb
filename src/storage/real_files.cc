#include "storage/real_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "muster/check.h"
#include "storage/system_error.h"

namespace muster::storage {

/// Owns a file descriptor.
class RealFiles::Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

RealFiles::RealFiles(Options options) : options_(options) {
  check(options_.descriptors_max > 0);
}
RealFiles::~RealFiles() = default;

Result<Bytes> RealFiles::read(const std::string& path, std::uint64_t offset, std::size_t size) {
  const auto descriptor = descriptor_of(path, false);
  if (!descriptor) return descriptor.error();
  struct stat status {};
  if (::fstat(*descriptor, &status) != 0) return system_error("cannot read", path, errno);
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  if (offset >= file_bytes) return Bytes{};
  Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, file_bytes - offset)));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(*descriptor, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read", path, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Result<void> RealFiles::write(const std::string& path, std::uint64_t offset, BytesView bytes) {
  const auto descriptor = descriptor_of(path, true);
  if (!descriptor) return descriptor.error();
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::pwrite(*descriptor, bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error("cannot write", path, errno);
    done += static_cast<std::size_t>(put);
  }
#ifdef __linux__
  // A hint only: durability comes from sync, which reports what goes wrong here.
  if (bytes.size() >= options_.write_back_bytes) {
    ::sync_file_range(*descriptor, static_cast<off_t>(offset), static_cast<off_t>(bytes.size()),
                      SYNC_FILE_RANGE_WRITE);
  }
#endif
  return {};
}

Result<void> RealFiles::sync(const std::string& path, SyncSite /*site*/) {
  const auto open = open_.find(path);
  if (open != open_.end()) {
    if (::fdatasync(open->second->value()) != 0) return system_error("cannot sync", path, errno);
    return {};
  }
  const int folder = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (folder < 0) return system_error("cannot sync", path, errno);
  const Descriptor owner(folder);
  if (::fsync(folder) != 0) return system_error("cannot sync", path, errno);
  return {};
}

Result<void> RealFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename", from, errno);
  auto moved = open_.extract(from);
  open_.erase(to);
  if (!moved.empty()) {
    moved.key() = to;
    open_.insert(std::move(moved));
  }
  return {};
}

Result<void> RealFiles::remove(const std::string& path) {
  open_.erase(path);
  if (::unlink(path.c_str()) != 0) return system_error("cannot remove", path, errno);
  return {};
}

Result<std::vector<FileInfo>> RealFiles::list(const std::string& folder) {
  // Another process may have renamed files over those that are open here: look at them anew.
  std::erase_if(open_, [&](const auto& file) { return file.first.starts_with(folder + "/"); });
  DIR* handle = ::opendir(folder.c_str());
  if (handle == nullptr) return system_error("cannot list", folder, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> owner(handle, &::closedir);
  std::vector<FileInfo> files;
  errno = 0;
  while (const dirent* item = ::readdir(handle)) {
    struct stat status {};
    if (::fstatat(::dirfd(handle), item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      return system_error("cannot look at", folder + "/" + item->d_name, errno);
    if (S_ISREG(status.st_mode))
      files.push_back({.name = item->d_name, .size = static_cast<std::uint64_t>(status.st_size)});
    errno = 0;
  }
  if (errno != 0) return system_error("cannot list", folder, errno);
  std::ranges::sort(files, {}, &FileInfo::name);
  return files;
}

Result<int> RealFiles::descriptor_of(const std::string& path, bool create) {
  const auto found = open_.find(path);
  if (found != open_.end()) return found->second->value();
  const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0);
  const int descriptor = ::open(path.c_str(), flags, 0600);
  if (descriptor < 0) return system_error("cannot open", path, errno);
  // Closing one loses nothing: what was written stays with the file, and sync opens it anew.
  if (open_.size() >= options_.descriptors_max) open_.erase(open_.begin());
  open_.emplace(path, std::make_unique<Descriptor>(descriptor));
  return descriptor;
}

}  // namespace muster::storage
