#include "net/local_beacons.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/crc32c.h"
#include "muster/codec.h"

namespace muster::net {
namespace {

constexpr std::size_t head_bytes = 2 * sizeof(std::uint32_t);  // Size and checksum of the rest.
constexpr std::size_t name_bytes_max = 64;
constexpr int attempts_max = 3;  // At what another process may have come between.

Error refused(const std::string& what, const std::string& path) {
  return {ErrorCode::unavailable, what + " " + path + ": " + std::strerror(errno)};
}

/// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

bool is_file_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, fits);
}

/// One write, and with a checksum, so that who reads midway notices.
Bytes with_head(BytesView beacon) {
  Bytes content;
  content.reserve(head_bytes + beacon.size());
  Writer writer(content);
  writer.integer(static_cast<std::uint32_t>(beacon.size()));
  writer.integer(crc32c(beacon));
  writer.raw(beacon);
  return content;
}

std::optional<Bytes> beacon_in(BytesView content) {
  if (content.size() < head_bytes) return std::nullopt;
  Reader reader(content);
  const auto size = reader.integer<std::uint32_t>();
  const auto checksum = reader.integer<std::uint32_t>();
  if (size == 0 || size > content.size() - head_bytes) return std::nullopt;
  const BytesView beacon = content.subspan(head_bytes, size);
  if (crc32c(beacon) != checksum) return std::nullopt;
  return Bytes(beacon.begin(), beacon.end());
}

std::optional<Bytes> read_beacon(int descriptor) {
  Bytes content(head_bytes + local_beacon_bytes_max);
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const ssize_t got = ::pread(descriptor, content.data(), content.size(), 0);
    if (got < 0) return std::nullopt;
    auto beacon = beacon_in(BytesView(content).first(static_cast<std::size_t>(got)));
    if (beacon) return beacon;
  }
  return std::nullopt;
}

bool write_whole(int descriptor, const Bytes& content) {
  const auto size = static_cast<off_t>(content.size());
  return ::pwrite(descriptor, content.data(), content.size(), 0) == size &&
         ::ftruncate(descriptor, size) == 0;
}

enum class Holder : std::uint8_t { nobody, a_process, unknown };

/// Whose the file is. With `nobody` the descriptor has the lock afterwards.
Holder holder_of(int descriptor) {
  if (::flock(descriptor, LOCK_SH | LOCK_NB) == 0) return Holder::nobody;
  return errno == EWOULDBLOCK ? Holder::a_process : Holder::unknown;
}

bool is_own_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid();
}

Error not_private(const std::string& path, const std::string& why) {
  return {ErrorCode::failed_precondition,
          "the folder " + path + ", where processes of this machine find each other, " + why +
              ": remove it, or set XDG_RUNTIME_DIR to a folder of yours"};
}

}  // namespace

Result<std::string> private_folder(const std::string& parent, const std::string& leaf) {
  const std::string path = parent + "/" + leaf;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return not_private(path, std::string("can't be made (") + std::strerror(errno) + ")");
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return not_private(path, "is no folder");
  }
  if (status.st_uid != ::geteuid()) return not_private(path, "belongs to another user");
  if ((status.st_mode & 077U) != 0) return not_private(path, "is open to other users");
  return path;
}

Result<std::string> local_beacon_folder() {
  // After `su` or `sudo` it may still be that of somebody else.
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && is_own_folder(runtime)) return private_folder(runtime, "muster");
  const char* const temporary = std::getenv("TMPDIR");
  const bool given = temporary != nullptr && *temporary == '/';
  return private_folder(given ? temporary : "/tmp", "muster-" + std::to_string(::geteuid()));
}

// ---- Writing ------------------------------------------------------------------------------------

Result<LocalBeacon> LocalBeacon::in(const std::string& folder, const std::string& name) {
  if (!is_file_name(name)) {
    return Error{ErrorCode::invalid_argument, "'" + name + "' can't be the name of a file"};
  }
  return LocalBeacon(folder, name);
}

LocalBeacon::LocalBeacon(LocalBeacon&& other) noexcept
    : folder_(std::move(other.folder_)),
      name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

LocalBeacon& LocalBeacon::operator=(LocalBeacon&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(name_, other.name_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

LocalBeacon::~LocalBeacon() {
  if (descriptor_ < 0) return;
  if (still_there()) ::unlink((folder_ + "/" + name_).c_str());
  ::close(descriptor_);
}

Result<void> LocalBeacon::write(BytesView beacon) {
  if (beacon.empty() || beacon.size() > local_beacon_bytes_max) {
    return Error{ErrorCode::invalid_argument, "a beacon has from 1 to " +
                                                  std::to_string(local_beacon_bytes_max) +
                                                  " bytes, not " + std::to_string(beacon.size())};
  }
  if (!still_there()) return publish(beacon);
  if (!write_whole(descriptor_, with_head(beacon))) {
    return refused("cannot write", folder_ + "/" + name_);
  }
  return {};
}

bool LocalBeacon::still_there() const {
  struct stat held {};
  struct stat named {};
  return descriptor_ >= 0 && ::fstat(descriptor_, &held) == 0 &&
         ::lstat((folder_ + "/" + name_).c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

// The file gets its name when it is locked and written, so that nobody takes it for one of a dead
// server. Until then it may be taken for that, and removed: then it is made once more.
Result<void> LocalBeacon::publish(BytesView beacon) {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  const std::string path = folder_ + "/" + name_;
  const std::string made = path + "." + std::to_string(::getpid());
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    ::unlink(made.c_str());
    Descriptor file(::open(made.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return refused("cannot make", made);
    if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) continue;
    if (!write_whole(file.number(), with_head(beacon))) return refused("cannot write", made);
    if (::rename(made.c_str(), path.c_str()) == 0) {
      descriptor_ = file.release();
      return {};
    }
  }
  return refused("cannot make", path);
}

// ---- Reading ------------------------------------------------------------------------------------

Result<std::vector<Bytes>> read_local_beacons(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
  if (!listing) return refused("cannot read", folder);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing.get())) {
    if (entry->d_name[0] == '.') continue;
    names.emplace_back(entry->d_name);
    if (names.size() == local_beacons_max) break;
  }
  std::ranges::sort(names);

  std::vector<Bytes> beacons;
  const int folder_number = ::dirfd(listing.get());
  for (const std::string& name : names) {
    const Descriptor file(
        ::openat(folder_number, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) continue;  // Removed since, or no file at all.
    const Holder holder = holder_of(file.number());
    if (holder == Holder::nobody) ::unlinkat(folder_number, name.c_str(), 0);
    if (holder != Holder::a_process) continue;
    if (auto beacon = read_beacon(file.number())) beacons.push_back(std::move(*beacon));
  }
  return beacons;
}

}  // namespace muster::net
