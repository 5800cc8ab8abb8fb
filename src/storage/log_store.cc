#include "storage/log_store.h"

#include <utility>

#include "storage/format/segment.h"
#include "storage/format/small_files.h"
#include "storage/segment_log.h"
#include "storage/snapshot_files.h"

namespace muster::storage {
namespace {

constexpr std::size_t small_file_max = std::size_t{16} << 10U;

std::string path_in(const std::string& folder, const std::string& name) {
  return folder + "/" + name;
}

/// What a data folder consists of, by the names of its files.
struct Inventory {
  std::vector<std::uint64_t> segments;  // Ascending, as the names sort.
  std::vector<LogIndex> snapshots;
  std::vector<std::string> leftovers;
  bool identity{false};
  bool fence{false};
};

Result<Inventory> take_inventory(Files& files, const std::string& folder) {
  const auto listed = files.list(folder);
  if (!listed) return listed.error();
  Inventory inventory;
  for (const FileInfo& file : *listed) {
    if (const auto number = segment_number_from(file.name)) inventory.segments.push_back(*number);
    if (const auto index = snapshot_index_from(file.name)) inventory.snapshots.push_back(*index);
    if (file.name.ends_with(".tmp")) inventory.leftovers.push_back(file.name);
    if (file.name == "identity") inventory.identity = true;
    if (file.name == "fence") inventory.fence = true;
  }
  return inventory;
}

Result<Identity> read_identity(Files& files, const std::string& folder) {
  const std::string path = path_in(folder, "identity");
  const auto file = files.read(path, 0, small_file_max);
  if (!file) return file.error();
  return decode_identity(*file, path);
}

Result<FenceRecord> read_fence(Files& files, const std::string& folder) {
  const std::string path = path_in(folder, "fence");
  const auto file = files.read(path, 0, small_file_max);
  if (!file) return file.error();
  return decode_fence(*file, path);
}

Result<void> read_small_files(Files& files, const std::string& folder, const Inventory& inventory,
                              Recovered& recovered) {
  if (inventory.identity) {
    auto identity = read_identity(files, folder);
    if (!identity) return identity.error();
    recovered.identity = std::move(*identity);
  }
  if (inventory.fence) {
    const auto fence = read_fence(files, folder);
    if (!fence) return fence.error();
    recovered.fence = *fence;
  }
  return {};
}

struct SmallFile {
  std::string folder;
  std::string name;
  SyncSite content;
  SyncSite names;
};

Result<void> replace_small_file(Files& files, const SmallFile& file, BytesView bytes) {
  const std::string path = path_in(file.folder, file.name);
  const std::string fresh = path + ".tmp";
  if (auto done = files.write(fresh, 0, bytes); !done) return done;
  if (auto done = files.sync(fresh, file.content); !done) return done;
  if (auto done = files.rename(fresh, path); !done) return done;
  return files.sync(file.folder, file.names);
}

}  // namespace

LogStore::LogStore(Files& files, std::string folder, const LogOptions& options)
    : files_(files),
      folder_(std::move(folder)),
      options_(options),
      segments_(std::make_unique<SegmentLog>(files, folder_, options)),
      snapshots_(std::make_unique<SnapshotFiles>(files, folder_, options)) {}

LogStore::~LogStore() = default;

Result<LogStore::Opened> LogStore::open(Files& files, const std::string& folder,
                                        const LogOptions& options) {
  auto inventory = take_inventory(files, folder);
  if (!inventory) return inventory.error();
  for (const std::string& name : inventory->leftovers) {
    if (const auto removed = files.remove(path_in(folder, name)); !removed) return removed.error();
  }
  Opened opened;
  Recovered& recovered = opened.recovered;
  if (const auto read = read_small_files(files, folder, *inventory, recovered); !read)
    return read.error();
  if (inventory->segments.empty() && (inventory->identity || !inventory->snapshots.empty())) {
    return damage(path_in(folder, segment_name(1)), 0,
                  "the folder was in use, but no segment of its log is there");
  }
  opened.store.reset(new LogStore(files, folder, options));
  LogStore& store = *opened.store;
  if (const auto done = store.snapshots_->open(std::move(inventory->snapshots)); !done)
    return done.error();
  recovered.snapshot = store.snapshots_->newest();
  auto log =
      store.segments_->open(std::move(inventory->segments), recovered.snapshot, recovered.warnings);
  if (!log) return log.error();
  recovered.hard_state = log->hard_state;
  recovered.first_index = log->first_index;
  recovered.entries = std::move(log->entries);
  return opened;
}

Result<void> LogStore::refuse_if_stopped() const {
  if (!stopped_) return {};
  return Error{.code = ErrorCode::internal,
               .message = folder_ + ": a write or sync failed before (" + stopped_->message +
                          "), so what is durable is unknown; mend that and start again: the next "
                          "start finds out what is there"};
}

/// Whatever fails behind validation may have changed the disk.
template <class T>
Result<T> LogStore::stop_on_failure(Result<T> result) {
  if (!result && !stopped_) stopped_ = result.error();
  return result;
}

Result<void> LogStore::append(const std::vector<StoreJob>& jobs) {
  if (auto ready = refuse_if_stopped(); !ready) return ready;
  auto valid = segments_->validate(jobs, snapshots_->newest_index());
  if (!valid) return valid;
  return stop_on_failure(segments_->append(jobs));
}

Result<std::vector<Entry>> LogStore::read_entries(LogIndex first, std::size_t bytes_max) {
  if (const auto ready = refuse_if_stopped(); !ready) return ready.error();
  return segments_->read(first, bytes_max);
}

Result<void> LogStore::begin_snapshot(const SnapshotHeader& header) {
  if (auto ready = refuse_if_stopped(); !ready) return ready;
  if (header.index > last_index() || header.metadata.size() > options_.snapshot_metadata_max) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "cannot save a snapshot at index " +
                            std::to_string(header.index.value) +
                            ": it is past the end of the stored log, or its metadata too large"};
  }
  return stop_on_failure(snapshots_->begin(header));
}

Result<void> LogStore::add_to_snapshot(BytesView chunk) {
  if (auto ready = refuse_if_stopped(); !ready) return ready;
  if (auto room = snapshots_->room_for(chunk.size()); !room) return room;
  return stop_on_failure(snapshots_->add(chunk));
}

Result<SnapshotHeader> LogStore::finish_snapshot() {
  if (const auto ready = refuse_if_stopped(); !ready) return ready.error();
  return stop_on_failure(snapshots_->finish());
}

Result<bool> LogStore::add_piece(const SnapshotPieceJob& piece) {
  if (const auto ready = refuse_if_stopped(); !ready) return ready.error();
  if (const auto valid = snapshots_->validate(piece); !valid) return valid.error();
  if (const auto added = stop_on_failure(snapshots_->add_piece(piece)); !added)
    return added.error();
  if (!piece.last) return false;
  const auto restarted =
      stop_on_failure(segments_->restart_after(piece.header.index, piece.header.term));
  if (!restarted) return restarted.error();
  return true;
}

Result<SnapshotRead> LogStore::read_snapshot(const ReadSnapshotJob& wanted) {
  if (const auto ready = refuse_if_stopped(); !ready) return ready.error();
  return snapshots_->read(wanted);
}

Result<void> LogStore::compact(LogIndex keep_from) {
  if (auto ready = refuse_if_stopped(); !ready) return ready;
  if (keep_from > snapshots_->newest_index() + 1) {
    return Error{.code = ErrorCode::failed_precondition,
                 .message = "cannot delete the log before index " +
                            std::to_string(keep_from.value) + ": the newest snapshot reaches to " +
                            std::to_string(snapshots_->newest_index().value)};
  }
  if (auto done = stop_on_failure(segments_->compact(keep_from)); !done) return done;
  return stop_on_failure(snapshots_->remove_old());
}

Result<void> LogStore::write_identity(const Identity& identity) {
  if (auto ready = refuse_if_stopped(); !ready) return ready;
  if (identity.group_name.size() > identity_text_max || identity.name.size() > identity_text_max) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "the names of server and group may have " +
                            std::to_string(identity_text_max) + " bytes each"};
  }
  const SmallFile file{.folder = folder_,
                       .name = "identity",
                       .content = SyncSite::identity_content,
                       .names = SyncSite::identity_folder};
  return stop_on_failure(replace_small_file(files_, file, encode(identity)));
}

// A failure there says nothing about the own folder, so the store goes on.
Result<void> LogStore::refuse_if_longer(const std::string& folder,
                                        const FenceRecord& record) const {
  const auto inventory = take_inventory(files_, folder);
  if (!inventory) return inventory.error();
  if (inventory->segments.empty() && inventory->snapshots.empty()) return {};
  const auto opened = open(files_, folder, options_);
  if (!opened) return opened.error();
  const Recovered& other = opened->recovered;
  std::pair<Term, LogIndex> last;
  if (other.snapshot) last = {other.snapshot->term, other.snapshot->index};
  if (!other.entries.empty()) last = {other.entries.back().term, other.entries.back().index};
  if (last <= std::pair(record.term, record.index)) return {};
  return Error{.code = ErrorCode::failed_precondition,
               .message = folder + ": its log goes further (term " +
                          std::to_string(last.first.value) + ", index " +
                          std::to_string(last.second.value) +
                          ") than the one that would go on without it; start that server"};
}

// The one that is there, if it is ours, else the one of the job.
Result<FenceRecord> LogStore::fence_to_write(const FenceJob& job) const {
  const auto inventory = take_inventory(files_, job.folder);
  if (!inventory) return inventory.error();
  const auto refuse = [&](const std::string& why) {
    return Error{.code = ErrorCode::failed_precondition, .message = job.folder + ": " + why};
  };
  if (!inventory->fence) {
    if (job.only_confirm) {
      return refuse("no record says that its server was left behind; start that server");
    }
    if (const auto shorter = refuse_if_longer(job.folder, job.record); !shorter)
      return shorter.error();
    return job.record;
  }
  const auto there = read_fence(files_, job.folder);
  if (!there) return there.error();
  if (there->by != job.record.by) {
    return refuse("server " + there->by.uuid.to_string() +
                  " went on without that server; start the one that did");
  }
  if (std::pair(there->term, there->index) > std::pair(job.record.term, job.record.index)) {
    return refuse("this server's log ended at term " + std::to_string(there->term.value) +
                  ", index " + std::to_string(there->index.value) +
                  " when it went on without that server, and is shorter now: its disk has lost "
                  "entries; restore the folder, or `muster recover` what is left");
  }
  return *there;
}

Result<std::string> LogStore::home_of(const FenceJob& job,
                                      const std::vector<std::string>& archives) const {
  const auto belongs_to = [&](const std::string& folder) -> std::optional<ServerId> {
    const auto inventory = take_inventory(files_, folder);
    if (!inventory || !inventory->identity) return std::nullopt;
    const auto identity = read_identity(files_, folder);
    return identity ? std::optional(identity->server) : std::nullopt;
  };
  const auto now_there = belongs_to(job.folder);
  if (now_there == job.server) return job.folder;
  const auto found = std::ranges::find(archives, std::optional(job.server), belongs_to);
  if (found != archives.end()) return *found;
  if (!now_there) return job.folder;
  return Error{.code = ErrorCode::failed_precondition,
               .message = job.folder +
                          ": it belongs to another server now, and what was there is "
                          "not archived beside it; `muster recover` what is left"};
}

Result<void> LogStore::write_fence(const FenceJob& job) {
  if (auto ready = refuse_if_stopped(); !ready) return ready;
  const auto record = fence_to_write(job);
  if (!record) return record.error();
  const SmallFile file{.folder = job.folder,
                       .name = "fence",
                       .content = SyncSite::fence_content,
                       .names = SyncSite::fence_folder};
  // Also what is there: nobody knows whether it was synced before this server restarted.
  return replace_small_file(files_, file, encode(*record));
}

Result<bool> LogStore::tidy() {
  if (const auto ready = refuse_if_stopped(); !ready) return ready.error();
  return stop_on_failure(segments_->fill_spare());
}

bool LogStore::tidy_is_due() const {
  return !stopped_ && segments_->spare_is_behind();
}

LogIndex LogStore::last_index() const {
  return segments_->last_index();
}

}  // namespace muster::storage
