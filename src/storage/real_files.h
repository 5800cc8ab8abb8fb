// The six file calls on a POSIX system.
#pragma once

#include <map>
#include <memory>

#include "storage/files.h"

namespace muster::storage {

/// Keeps the descriptors of the files it used open until they are renamed over, removed, or
/// `descriptors_max` is reached. `sync` is fdatasync for a file, fsync for a folder. Files are made
/// with mode 0600. The kernel is told to start writing large writes back at once, so that a later
/// sync has little left to wait for. Thread-safety: none.
class RealFiles final : public Files {
 public:
  struct Options {
    std::size_t descriptors_max{16};
    std::size_t write_back_bytes{std::size_t{128} << 10U};  ///< A write this large is "large".
  };

  RealFiles() : RealFiles(Options{}) {}
  explicit RealFiles(Options options);
  ~RealFiles() override;

  Result<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size) override;
  Result<void> write(const std::string& path, std::uint64_t offset, BytesView bytes) override;
  Result<void> sync(const std::string& path, SyncSite site) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& folder) override;

 private:
  class Descriptor;
  Result<int> descriptor_of(const std::string& path, bool create);

  Options options_;
  std::map<std::string, std::unique_ptr<Descriptor>> open_;
};

}  // namespace muster::storage
