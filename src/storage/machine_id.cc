#include "storage/machine_id.h"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace muster::storage {
namespace {

// As linux/magic.h and the file systems' own sources have them.
constexpr std::array<std::uint64_t, 13> local_kinds{
    0xef53,      // ext2, ext3, ext4
    0x58465342,  // XFS
    0x9123683e,  // Btrfs
    0xf2f52010,  // F2FS
    0x2fc12fc1,  // ZFS
    0xca451a4e,  // bcachefs
    0x3153464a,  // JFS
    0x52654973,  // ReiserFS
    0x5346544e,  // NTFS
    0x4d44,      // FAT
    0x01021994,  // tmpfs
    0x858458f6,  // ramfs
    0x794c7630,  // overlay: what is written lies on a local file system
};

std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

/// Two containers may have different file systems with one device number.
std::string mount_namespace() {
  std::array<char, 64> text{};
  const ssize_t size = ::readlink("/proc/self/ns/mnt", text.data(), text.size());
  return size <= 0 ? std::string{} : std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace

bool is_local_file_system(std::uint64_t kind) {
  return std::ranges::find(local_kinds, kind) != local_kinds.end();
}

std::string machine_id(const std::string& folder) {
  struct statfs file_system {};
  struct stat status {};
  if (::statfs(folder.c_str(), &file_system) != 0 || ::stat(folder.c_str(), &status) != 0)
    return {};
  // The kernel's numbers have 32 bits; the field is wider and signed on some machines.
  if (!is_local_file_system(static_cast<std::uint32_t>(file_system.f_type))) return {};
  const std::string boot = boot_id();
  const std::string mounts = mount_namespace();
  if (boot.empty() || mounts.empty()) return {};
  return boot + " " + mounts + " " + std::to_string(status.st_dev);
}

}  // namespace muster::storage
