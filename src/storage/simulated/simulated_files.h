// Files in memory that lose, at a crash, what a real disk may lose.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/files.h"
#include "storage/folder_lock.h"

namespace muster::storage {

/// A disk with a cache, from one seed. Until a sync, a file's bytes live in the cache by sectors of
/// 512 bytes, and a folder's changes (a file made, renamed, removed) in a list. `crash` keeps any
/// subset of the sectors, and any subset of the changes in which none builds on a lost one. A new
/// size is lost or kept like a sector. Sectors are whole: each is as before or as written.
///
/// Folders need not be made. Thread-safety: none.
class SimulatedFiles final : public Files {
 public:
  struct Options {
    std::uint64_t bytes_max{~std::uint64_t{0}};  ///< Of all files; beyond, the disk is full.
    std::optional<SyncSite> ignore_sync;         ///< Reports success there and does nothing.
  };
  struct Counts {
    std::uint64_t reads{}, writes{}, syncs{}, renames{}, removes{};
    std::uint64_t bytes_written{};
  };

  explicit SimulatedFiles(std::uint64_t seed) : SimulatedFiles(seed, Options{}) {}
  SimulatedFiles(std::uint64_t seed, const Options& options);
  ~SimulatedFiles() override;

  Result<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size) override;
  Result<void> write(const std::string& path, std::uint64_t offset, BytesView bytes) override;
  Result<void> sync(const std::string& path, SyncSite site) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& folder) override;

  /// The machine loses power: what was not synced is forgotten, in part or in whole.
  void crash();
  /// As `crash`, for the files of one folder only: one of several simulated machines.
  void crash(const std::string& folder);
  /// Puts a whole folder away under another name, durably. Precondition: nothing has that name.
  void rename_folder(const std::string& from, const std::string& to);
  /// Removes a folder with all that is in it, durably.
  void remove_folder(const std::string& folder);
  /// After `calls` more changing calls (write, sync, rename, remove) each of them fails and does
  /// at most a part of its work, as if the machine were about to die. `recover` or `crash` ends it.
  void fail_after(std::uint64_t calls) { calls_until_failure_ = calls; }
  /// The next sync at this site fails; the pages are clean afterwards, though not on the disk.
  void fail_next_sync(SyncSite site) { failing_sync_ = site; }
  void recover();
  void set_bytes_max(std::uint64_t bytes_max) { options_.bytes_max = bytes_max; }
  /// Of all files.
  std::uint64_t bytes_used() const;

  /// Turns one bit over, on the disk and in the cache. Precondition: the file has that byte.
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);
  /// Shortens the file, on the disk and in the cache.
  void truncate(const std::string& path, std::uint64_t size);
  /// Zeroes bytes, on the disk and in the cache.
  void zero(const std::string& path, std::uint64_t offset, std::uint64_t size);
  const Counts& counts() const { return counts_; }
  /// The folders whose names begin like that.
  std::vector<std::string> folders_named(const std::string& prefix) const;

 private:
  struct File;
  struct FolderChange;
  struct Folder;

  bool fails();
  Result<std::shared_ptr<File>> find(const std::string& path);
  void settle(File& file);
  void settle(Folder& folder);

  Random random_;
  Options options_;
  Counts counts_;
  std::map<std::string, Folder> folders_;
  std::optional<std::uint64_t> calls_until_failure_;
  std::optional<SyncSite> failing_sync_;
};

/// Locks among simulated servers. `release` is the death of a holder.
class SimulatedLocks {
 public:
  [[nodiscard]] Result<void> take(const std::string& folder, const std::string& holder);
  /// Gives one lock back, if this holder has it.
  void release(const std::string& folder, const std::string& holder);
  /// The holder's process has ended.
  void release(const std::string& holder);

 private:
  std::map<std::string, std::string> holders_;  // By folder.
};

/// One simulated server's view of the locks.
class SimulatedFolderLocker final : public FolderLocker {
 public:
  /// `locks` and `files` outlive this.
  SimulatedFolderLocker(SimulatedLocks& locks, const SimulatedFiles& files, std::string holder)
      : locks_(locks), files_(files), holder_(std::move(holder)) {}
  Result<void> take(const std::string& folder) override { return locks_.take(folder, holder_); }
  void release(const std::string& folder) override { locks_.release(folder, holder_); }
  Result<std::vector<std::string>> archives(const std::string& folder) override {
    return files_.folders_named(folder + std::string(archive_infix));
  }

 private:
  SimulatedLocks& locks_;
  const SimulatedFiles& files_;
  std::string holder_;
};

}  // namespace muster::storage
