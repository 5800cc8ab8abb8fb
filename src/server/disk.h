// The data folder of a server, opened and recovered, and the thread that works on it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "node/options.h"
#include "storage/data_folder.h"
#include "storage/disk_thread.h"
#include "storage/real_files.h"

namespace muster::server {

/// What was there when the folder was opened.
struct DiskStart {
  node::Restart restart;
  std::vector<std::string> warnings;  ///< Of the recovery, in plain words.
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
    storage::Identity fresh;  ///< For a folder that is new.
    storage::LogOptions log{};
    storage::DiskWorker::Options worker{};
  };

  /// Makes, locks and recovers the folder. Errors, each with its remedy: what `open_data_folder`,
  /// `LogStore::open` and `bootstrap_identity` find, and FAILED_PRECONDITION if another server went
  /// on without this one.
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

  const std::string& folder() const { return folder_.path; }

 private:
  Disk(boost::asio::io_context& context, const Options& options, storage::DataFolder folder);
  void hand_over(std::vector<storage::DiskResult> results);
  void take_results();

  boost::asio::io_context& context_;
  const Options options_;
  storage::DataFolder folder_;
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
