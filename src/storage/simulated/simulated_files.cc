#include "storage/simulated/simulated_files.h"

#include <algorithm>

#include "muster/check.h"

namespace muster::storage {
namespace {

constexpr std::size_t sector = 512;

struct Split {
  std::string folder;
  std::string name;
};

Split split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {.folder = {}, .name = path};
  return {.folder = path.substr(0, slash), .name = path.substr(slash + 1)};
}

Error failure(ErrorCode code, const std::string& path, const std::string& what) {
  return {.code = code, .message = path + ": " + what};
}

}  // namespace

struct SimulatedFiles::File {
  Bytes current;                           // What the process reads.
  Bytes durable;                           // What is on the disk for certain.
  std::vector<bool> dirty;                 // By sector: current may differ from durable,
  std::vector<std::size_t> dirty_sectors;  // and the same as a list.

  void touch(std::size_t begin, std::size_t end) {
    dirty.resize((current.size() + sector - 1) / sector);
    for (std::size_t at = begin / sector; at * sector < end; ++at) {
      if (!dirty[at]) dirty_sectors.push_back(at);
      dirty[at] = true;
    }
  }
  void copy_sector(std::size_t at, const Bytes& from, Bytes& to) const {
    const std::size_t begin = at * sector;
    const std::size_t end = std::min({begin + sector, from.size(), to.size()});
    if (begin >= end) return;
    std::copy(from.begin() + static_cast<std::ptrdiff_t>(begin),
              from.begin() + static_cast<std::ptrdiff_t>(end),
              to.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  void clean() {
    for (const std::size_t at : dirty_sectors) dirty[at] = false;
    dirty_sectors.clear();
  }
  void make_durable() {
    durable.resize(current.size());
    for (const std::size_t at : dirty_sectors) copy_sector(at, current, durable);
    clean();
  }
};

/// A file made (`to` only), removed (`from` only) or renamed.
struct SimulatedFiles::FolderChange {
  std::string from;
  std::string to;
  std::shared_ptr<File> file;
};

struct SimulatedFiles::Folder {
  std::map<std::string, std::shared_ptr<File>> current;
  std::map<std::string, std::shared_ptr<File>> durable;
  std::vector<FolderChange> changes;  // From durable to current, in order.

  static void apply(const FolderChange& change, std::map<std::string, std::shared_ptr<File>>& to) {
    if (!change.from.empty()) to.erase(change.from);
    if (!change.to.empty()) to[change.to] = change.file;
  }
  void change(FolderChange change) {
    apply(change, current);
    changes.push_back(std::move(change));
  }
};

SimulatedFiles::SimulatedFiles(std::uint64_t seed, const Options& options)
    : random_(seed), options_(options) {}
SimulatedFiles::~SimulatedFiles() = default;

bool SimulatedFiles::fails() {
  if (!calls_until_failure_) return false;
  if (*calls_until_failure_ == 0) return true;
  --*calls_until_failure_;
  return false;
}

Result<std::shared_ptr<SimulatedFiles::File>> SimulatedFiles::find(const std::string& path) {
  const Split place = split(path);
  const auto folder = folders_.find(place.folder);
  if (folder != folders_.end()) {
    const auto file = folder->second.current.find(place.name);
    if (file != folder->second.current.end()) return file->second;
  }
  return failure(ErrorCode::not_found, path, "no such file");
}

Result<Bytes> SimulatedFiles::read(const std::string& path, std::uint64_t offset,
                                   std::size_t size) {
  ++counts_.reads;
  const auto file = find(path);
  if (!file) return file.error();
  const Bytes& bytes = (*file)->current;
  if (offset >= bytes.size()) return Bytes{};
  const std::size_t begin = static_cast<std::size_t>(offset);
  const BytesView part = BytesView(bytes).subspan(begin, std::min(size, bytes.size() - begin));
  return Bytes(part.begin(), part.end());
}

Result<void> SimulatedFiles::write(const std::string& path, std::uint64_t offset, BytesView bytes) {
  ++counts_.writes;
  const bool dies = fails();
  if (dies && random_.chance(0.5)) return failure(ErrorCode::internal, path, "write failed");
  const Split place = split(path);
  Folder& folder = folders_[place.folder];
  const auto end = static_cast<std::size_t>(offset) + bytes.size();
  const auto found = folder.current.find(place.name);
  const std::size_t old_size = found == folder.current.end() ? 0 : found->second->current.size();
  const bool limited = options_.bytes_max != ~std::uint64_t{0};
  if (limited && end > old_size && bytes_used() + (end - old_size) > options_.bytes_max)
    return failure(ErrorCode::resource_exhausted, path, "cannot write: the disk is full");
  if (found == folder.current.end())
    folder.change({.from = {}, .to = place.name, .file = std::make_shared<File>()});
  File& file = *folder.current.at(place.name);
  if (end > file.current.size()) file.current.resize(end);
  std::ranges::copy(bytes, file.current.begin() + static_cast<std::ptrdiff_t>(offset));
  file.touch(static_cast<std::size_t>(offset), end);
  counts_.bytes_written += bytes.size();
  if (dies) return failure(ErrorCode::internal, path, "write failed");
  return {};
}

Result<void> SimulatedFiles::sync(const std::string& path, SyncSite site) {
  ++counts_.syncs;
  if (fails()) return failure(ErrorCode::internal, path, "sync failed");
  const bool loses = failing_sync_ == site;
  if (loses) failing_sync_.reset();
  if (options_.ignore_sync == site) return {};
  const auto file = find(path);
  if (file) {
    if (loses) {
      (*file)->clean();
    } else {
      (*file)->make_durable();
    }
  } else if (!loses) {
    Folder& folder = folders_[path];
    for (const FolderChange& change : folder.changes) Folder::apply(change, folder.durable);
    folder.changes.clear();
  }
  if (loses) return failure(ErrorCode::internal, path, "sync failed");
  return {};
}

Result<void> SimulatedFiles::rename(const std::string& from, const std::string& to) {
  ++counts_.renames;
  const bool dies = fails();
  if (dies && random_.chance(0.5)) return failure(ErrorCode::internal, from, "rename failed");
  const auto file = find(from);
  if (!file) return file.error();
  check(split(from).folder == split(to).folder);
  folders_[split(from).folder].change(
      {.from = split(from).name, .to = split(to).name, .file = *file});
  if (dies) return failure(ErrorCode::internal, from, "rename failed");
  return {};
}

void SimulatedFiles::rename_folder(const std::string& from, const std::string& to) {
  check(!folders_.contains(to));
  auto node = folders_.extract(from);
  if (node.empty()) return;
  node.key() = to;
  folders_.insert(std::move(node));
}

void SimulatedFiles::remove_folder(const std::string& folder) {
  folders_.erase(folder);
}

Result<void> SimulatedFiles::remove(const std::string& path) {
  ++counts_.removes;
  const bool dies = fails();
  if (dies && random_.chance(0.5)) return failure(ErrorCode::internal, path, "remove failed");
  if (const auto file = find(path); !file) return file.error();
  folders_[split(path).folder].change({.from = split(path).name, .to = {}, .file = nullptr});
  if (dies) return failure(ErrorCode::internal, path, "remove failed");
  return {};
}

Result<std::vector<FileInfo>> SimulatedFiles::list(const std::string& folder) {
  std::vector<FileInfo> files;
  const auto found = folders_.find(folder);
  if (found == folders_.end()) return files;
  for (const auto& [name, file] : found->second.current)
    files.push_back({.name = name, .size = file->current.size()});
  return files;
}

std::vector<std::string> SimulatedFiles::folders_named(const std::string& prefix) const {
  std::vector<std::string> names;
  for (const auto& [name, folder] : folders_) {
    if (name.starts_with(prefix)) names.push_back(name);
  }
  return names;
}

void SimulatedFiles::crash() {
  recover();
  for (auto& [name, folder] : folders_) settle(folder);
}

void SimulatedFiles::crash(const std::string& folder) {
  recover();
  const auto found = folders_.find(folder);
  if (found != folders_.end()) settle(found->second);
}

void SimulatedFiles::recover() {
  calls_until_failure_.reset();
  failing_sync_.reset();
}

// Now and then all or nothing is lost; mostly a part.
void SimulatedFiles::settle(Folder& folder) {
  const double kept = static_cast<double>(random_.below(5)) / 4;
  std::set<std::string> lost;
  for (const FolderChange& change : folder.changes) {
    const bool builds_on_lost = lost.contains(change.from) || lost.contains(change.to);
    if (!builds_on_lost && random_.chance(kept)) {
      Folder::apply(change, folder.durable);
      continue;
    }
    if (!change.from.empty()) lost.insert(change.from);
    if (!change.to.empty()) lost.insert(change.to);
  }
  folder.changes.clear();
  folder.current = folder.durable;
  for (auto& [name, file] : folder.current) settle(*file);
}

void SimulatedFiles::settle(File& file) {
  const double kept = static_cast<double>(random_.below(5)) / 4;
  std::ranges::sort(file.dirty_sectors);
  if (file.durable.size() != file.current.size() && random_.chance(0.5))
    file.durable.resize(file.current.size());
  for (const std::size_t at : file.dirty_sectors) {
    if (random_.chance(kept)) file.copy_sector(at, file.current, file.durable);
  }
  file.clean();
  file.current = file.durable;
}

std::uint64_t SimulatedFiles::bytes_used() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, folder] : folders_) {
    for (const auto& [name, file] : folder.current) bytes += file->current.size();
  }
  return bytes;
}

void SimulatedFiles::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  const auto file = find(path);
  check(file.has_value() && offset < (*file)->current.size() && bit < 8);
  const auto mask = static_cast<std::byte>(1U << bit);
  (*file)->current[static_cast<std::size_t>(offset)] ^= mask;
  if (offset < (*file)->durable.size()) (*file)->durable[static_cast<std::size_t>(offset)] ^= mask;
}

void SimulatedFiles::truncate(const std::string& path, std::uint64_t size) {
  const auto file = find(path);
  check(file.has_value() && size <= (*file)->current.size());
  const auto new_size = static_cast<std::size_t>(size);
  (*file)->current.resize(new_size);
  if ((*file)->durable.size() > new_size) (*file)->durable.resize(new_size);
}

void SimulatedFiles::zero(const std::string& path, std::uint64_t offset, std::uint64_t size) {
  const auto file = find(path);
  check(file.has_value() && offset + size <= (*file)->current.size());
  for (Bytes* bytes : {&(*file)->current, &(*file)->durable}) {
    for (std::uint64_t at = offset; at < offset + size && at < bytes->size(); ++at)
      (*bytes)[static_cast<std::size_t>(at)] = std::byte{0};
  }
}

Result<void> SimulatedLocks::take(const std::string& folder, const std::string& holder) {
  const auto [held, fresh] = holders_.try_emplace(folder, holder);
  if (fresh || held->second == holder) return {};
  return Error{.code = ErrorCode::failed_precondition,
               .message = "the data folder " + folder + " is in use by " + held->second +
                          ". Stop that process, or name another folder"};
}

void SimulatedLocks::release(const std::string& folder, const std::string& holder) {
  const auto held = holders_.find(folder);
  if (held != holders_.end() && held->second == holder) holders_.erase(held);
}

void SimulatedLocks::release(const std::string& holder) {
  std::erase_if(holders_, [&holder](const auto& held) { return held.second == holder; });
}

}  // namespace muster::storage
