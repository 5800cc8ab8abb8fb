// The disk half of `muster doctor`.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "cli/doctor.h"

namespace muster::cli {
namespace {

namespace fs = std::filesystem;

constexpr int syncs = 32;
constexpr std::size_t sync_bytes = 4'096;
constexpr double slow_sync_ms = 20;  // With 300 ms to an election, a few in a row matter.
constexpr std::uint64_t free_bytes_wanted = std::uint64_t{1} << 30U;
constexpr std::size_t folders_max = 256;
constexpr std::size_t files_max = 10'000;  // Counted in one folder.

/// The folder itself, or the nearest above it that there is.
fs::path nearest_folder(fs::path folder) {
  std::error_code error;
  while (!fs::is_directory(folder, error) && folder.has_parent_path() &&
         folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

double milliseconds_of(const std::chrono::steady_clock::duration& time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// How long each write of a small block took until it was durable. Empty if one failed: see errno.
std::vector<double> sync_times(int descriptor) {
  std::vector<double> times;
  const std::array<char, sync_bytes> block{};
  for (int round = 0; round < syncs; ++round) {
    const auto begun = std::chrono::steady_clock::now();
    const auto offset = static_cast<off_t>(sync_bytes) * round;
    const ssize_t written = ::pwrite(descriptor, block.data(), block.size(), offset);
    if (written != static_cast<ssize_t>(block.size())) return {};
    if (::fdatasync(descriptor) != 0) return {};
    times.push_back(milliseconds_of(std::chrono::steady_clock::now() - begun));
  }
  std::ranges::sort(times);
  return times;
}

void measure_syncs(DiskFacts& facts) {
  std::string path = facts.folder + "/muster-doctor-XXXXXX";
  const int descriptor = ::mkstemp(path.data());
  if (descriptor < 0) {
    facts.error = std::strerror(errno);
    return;
  }
  ::unlink(path.c_str());  // It is gone whatever happens.
  const std::vector<double> times = sync_times(descriptor);
  if (times.empty()) {
    facts.error = std::strerror(errno);
  } else {
    facts.median_sync_ms = times[times.size() / 2];
    facts.worst_sync_ms = times.back();
  }
  ::close(descriptor);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> units{"KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < units.size()) {
    size /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, units[unit]);
}

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::size_t files = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (++files > files_max) break;
    std::error_code of_file;
    if (!entry->is_regular_file(of_file)) continue;
    const std::uintmax_t size = entry->file_size(of_file);
    if (!of_file) bytes += size;
  }
  return bytes;
}

/// Asks without taking the lock for longer than the question.
bool is_in_use(const fs::path& folder) {
  const int descriptor = ::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

}  // namespace

DiskFacts measure_disk(const std::string& folder) {
  DiskFacts facts{.folder = nearest_folder(folder).string()};
  struct statfs system {};
  if (::statfs(facts.folder.c_str(), &system) == 0) {
    facts.in_memory = system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
    facts.container_layer = system.f_type == OVERLAYFS_SUPER_MAGIC;
    facts.free_bytes = system.f_bavail * static_cast<std::uint64_t>(system.f_bsize);
  }
  measure_syncs(facts);
  return facts;
}

Findings findings_of(const DiskFacts& disk) {
  if (!disk.error.empty()) {
    return {{"disk", disk.folder, FindingLevel::problem, "can't be written: " + disk.error,
             "make it writable for this user, or give --data FOLDER"}};
  }
  Findings findings;
  const std::string times =
      fmt::format("a small write is durable after {:.2f} ms (worst {:.2f} ms)", disk.median_sync_ms,
                  disk.worst_sync_ms);
  if (disk.median_sync_ms > slow_sync_ms) {
    findings.push_back({"disk", disk.folder, FindingLevel::warning, times,
                        "use a faster disk with --data, or a longer --election-timeout"});
  } else {
    findings.push_back({"disk", disk.folder, FindingLevel::ok, times});
  }
  if (disk.in_memory) {
    findings.push_back({"disk", disk.folder, FindingLevel::warning,
                        "lies in memory: a restart of the machine empties it",
                        "give --data FOLDER on a disk"});
  }
  if (disk.container_layer) {
    findings.push_back({"disk", disk.folder, FindingLevel::note,
                        "lies in the container, and goes with it",
                        "mount a volume and give it with --data"});
  }
  if (disk.free_bytes < free_bytes_wanted) {
    findings.push_back({"disk", disk.folder, FindingLevel::warning,
                        "has only " + size_text(disk.free_bytes) + " left",
                        "make room: a server whose disk is full stops"});
  }
  return findings;
}

Findings check_data_folders(const std::string& parent) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end;
       entry.increment(error)) {
    if (folders.size() == folders_max) break;
    std::error_code of_entry;
    if (entry->is_directory(of_entry)) folders.push_back(entry->path());
  }
  std::ranges::sort(folders);
  Findings findings;
  for (const fs::path& folder : folders) {
    findings.push_back({"data", folder.string(), FindingLevel::ok,
                        size_text(size_of(folder)) +
                            (is_in_use(folder) ? ", in use by a server" : ", not in use")});
  }
  if (findings.empty()) {
    findings.push_back({"data", parent, FindingLevel::ok, "no data of a server yet"});
  }
  return findings;
}

}  // namespace muster::cli
