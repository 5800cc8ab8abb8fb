// The lock of a data folder: one process at a time, and the message says which.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/error.h"

namespace muster::storage {

/// An flock on the file `lock` in the folder: the kernel releases it when the process ends, however
/// it ends. The file says who holds it. Works among processes of one machine only.
class FolderLock {
 public:
  /// `holder` is written into the file for the message others get.
  /// Errors: `failed_precondition` if another process holds it, naming that process.
  [[nodiscard]] static Result<FolderLock> take(const std::string& folder,
                                               const std::string& holder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  [[nodiscard]] static Result<FolderLock> take_once(const std::string& folder,
                                                    const std::string& path,
                                                    const std::string& holder);
  bool is_at(const std::string& path) const;
  int descriptor_{-1};
};

/// Takes locks of other servers' folders, and knows where former ones were put away. An interface,
/// because the simulator has servers but no processes.
class FolderLocker {
 public:
  virtual ~FolderLocker() = default;
  /// Holds the lock of `folder` until it is given back or the process ends; taking it again
  /// succeeds.
  [[nodiscard]] virtual Result<void> take(const std::string& folder) = 0;
  /// Gives the lock back; nothing happens if it is not held.
  virtual void release(const std::string& folder) = 0;
  /// Where folders of that name were archived (`archive_data_folder`), in any order.
  [[nodiscard]] virtual Result<std::vector<std::string>> archives(const std::string& folder) = 0;
};

/// What comes between a folder's name and the time of its archiving.
inline constexpr std::string_view archive_infix = ".archived-";

class RealFolderLocker final : public FolderLocker {
 public:
  explicit RealFolderLocker(std::string holder) : holder_(std::move(holder)) {}
  Result<void> take(const std::string& folder) override;
  void release(const std::string& folder) override { held_.erase(folder); }
  Result<std::vector<std::string>> archives(const std::string& folder) override;

 private:
  std::string holder_;
  std::map<std::string, FolderLock> held_;
};

}  // namespace muster::storage
