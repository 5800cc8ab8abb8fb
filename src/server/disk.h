// The data folder of a server, opened and recovered, and the thread that works on it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "muster/error.h"
#include "node/options.h"
#include "storage/data_folder.h"
#include "storage/disk_thread.h"
#include "storage/real_files.h"

namespace muster::server {

/// This server was a member before, under another id, and joins as a new one.
struct Rejoining {
  std::string archived;  ///< Where its former data lies now; empty: there was none.
  std::optional<storage::Identity> former;  ///< Who it was.
};

/// What was there when the folder was opened.
struct DiskStart {
  node::Restart restart;
  std::vector<std::string> warnings;  ///< Of the recovery, in plain words.
  /// It founds no group: only joins `restart.identity.rejoins`. Also after another restart, until
  /// it was let in.
  std::optional<Rejoining> rejoining;
};

/// Owns the folder's lock, its files and the disk thread, and brings the thread's results to the
/// loop: many that are done meanwhile come together. Thread-safety: none; use it on the loop.
class Disk {
 public:
  using OnResults = std::function<void(std::vector<storage::DiskResult>)>;
  /// Called from another thread when recovering takes long.
  using OnSlow = std::function<void()>;

  struct Options {
    std::string folder;
    storage::Identity fresh;  ///< For a folder that is new. Its `rejoins`, if set, is kept.
    bool rejoin{false};       ///< Archives what is there, and begins anew to join.
    storage::LogOptions log{};
    storage::DiskWorker::Options worker{};
  };

  /// Makes, locks and recovers the folder. If another server went on without this one, or with
  /// `rejoin`, what lies there is archived and the server begins anew, to join as a standby.
  /// Errors, each with its remedy: what `open_data_folder`, `LogStore::open`,
  /// `archive_data_folder` and `bootstrap_identity` find.
  [[nodiscard]] static Result<std::unique_ptr<Disk>> open(boost::asio::io_context& context,
                                                          const Options& options, DiskStart& start,
                                                          const OnSlow& on_slow);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  /// Begins to work. `on_results` is called from the loop. Call once.
  void run(OnResults on_results);
  /// Precondition: runs. A job that finds no room comes back as failed.
  void submit(storage::DiskJob job);
  /// Finishes what was submitted; results are not told any more.
  void stop();
  /// Stops, then archives the folder as `storage::archive_data_folder` does and returns where it
  /// lies. Nothing but the destructor may be called after it.
  [[nodiscard]] Result<std::string> archive();

  const std::string& folder() const { return path_; }

 private:
  Disk(boost::asio::io_context& context, const Options& options, storage::DataFolder folder);
  [[nodiscard]] Result<std::string> replace_folder(const std::optional<storage::Identity>& former);
  void hand_over(std::vector<storage::DiskResult> results);
  void take_results();

  boost::asio::io_context& context_;
  const Options options_;
  std::string path_;
  std::optional<storage::DataFolder> folder_;  // Until it is archived.
  storage::RealFiles files_;
  storage::RealFolderLocker locker_;
  std::unique_ptr<storage::LogStore> store_;  // Until the thread has it.
  OnResults on_results_;
  std::mutex mutex_;
  std::vector<storage::DiskResult> results_;     // Under mutex_.
  bool posted_{false};                           // Under mutex_.
  std::unique_ptr<storage::DiskThread> thread_;  // Last: uses all of the above.
};

}  // namespace muster::server
