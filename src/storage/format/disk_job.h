// What a server asks of its disk and what the disk answers: values only, no files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/entry.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"

namespace muster::storage {

/// Another server of the group, and where its data is.
struct LeftBehind {
  ServerId server;
  ServerNumber number;
  std::string folder;
  friend bool operator==(const LeftBehind&, const LeftBehind&) = default;
};

/// What a server that put data away and began anew still knows: whoever waits for what is no more
/// is told. Newest last.
struct Former {
  std::vector<GroupId> gone_groups{};  ///< That it was of until they gave way, and that these knew.
  std::vector<ServerId> retired{};     ///< Its former ids, and those that it knew of.
  friend bool operator==(const Former&, const Former&) = default;
};

/// Who this server is, as its data folder remembers it.
struct Identity {
  ServerId server;
  std::string group_name;
  std::optional<GroupId> group;        ///< Set once the group is formed or joined.
  std::optional<ServerNumber> number;  ///< Set once the group has given one.
  std::string name;
  Uuid branch;  ///< Nil, unless the group was recovered by force from a single folder.
  /// This server was a member before, under another id: until it has a group, it founds none and
  /// joins only this one (nil: any of the name).
  std::optional<GroupId> rejoins{};
  /// This server has begun to go on alone without that one. Durable before the fence record is
  /// written, so that after a restart it is known where to look for that.
  std::optional<LeftBehind> leaves_behind{};
  Former former{};
  /// Some majority has its founding: this server saw it, or was told. Of `group`.
  bool came_about{false};
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// Left in a dead server's folder by the survivor that went on without it. A server that finds
/// one in its own folder never serves from its log again.
struct FenceRecord {
  ServerId by;
  Term term;       ///< Of the survivor's last entry when it wrote this,
  LogIndex index;  ///< and where that stands.
  friend bool operator==(const FenceRecord&, const FenceRecord&) = default;
};

/// What a snapshot stands for: the state after the entry at `index`, which was of `term`.
struct SnapshotHeader {
  LogIndex index;
  Term term;
  Bytes metadata;            ///< Opaque here: the encoded membership and what else raft needs.
  std::uint64_t size{};      ///< Bytes of encoded state.
  std::uint32_t checksum{};  ///< CRC32C of the encoded state.
  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

/// Encodes frozen state piece by piece. `next` runs on the disk thread, so it may touch nothing
/// but the frozen parts it owns.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  /// Replaces `chunk` by the next bytes, at best 64 KiB to 1 MiB. False when nothing was left;
  /// `chunk` is empty then.
  virtual bool next(Bytes& chunk) = 0;
};

/// Makes the hard state and the entries durable, in this order. Entries are consecutive; if the
/// first one's index is not past the last stored, the log is cut from there first. Neighbouring
/// jobs of this kind share one sync. Answer: `Stored`.
struct StoreJob {
  std::optional<HardState> hard_state;
  std::vector<Entry> entries;
};

/// One piece of a snapshot that comes from the leader, in order. Offset 0 starts anew; an offset
/// other than the bytes received so far fails with `failed_precondition` and changes nothing. With
/// `last` the whole is verified, made durable, and the log starts again after it.
/// Answer: `Done`, for the last piece `SnapshotInstalled`.
struct SnapshotPieceJob {
  SnapshotHeader header;  ///< The same for all pieces; `size` is that of the whole.
  std::uint64_t offset{};
  SharedBytes data;
  bool last{false};
};

/// Writes the server's own state as a snapshot, a slice at a time: all other jobs overtake it.
/// `size` and `checksum` of the header are filled in here. Answer: `SnapshotSaved`.
struct SaveSnapshotJob {
  SnapshotHeader header;
  std::unique_ptr<SnapshotSource> source;
};

/// Entries from `first` on, at least one, as many as fit into `bytes_max`. `not_found` if `first`
/// is compacted or past the end. Answer: `EntriesRead`.
struct ReadEntriesJob {
  LogIndex first;
  std::size_t bytes_max{};
};

/// A piece of the newest snapshot; `not_found` if that is not the one at `index`.
/// Answer: `SnapshotRead`.
struct ReadSnapshotJob {
  LogIndex index;
  std::uint64_t offset{};
  std::size_t bytes_max{};
};

/// Deletes the segments whose entries all lie before `keep_from`, and all snapshots but the
/// newest. `failed_precondition` if the newest snapshot does not reach to `keep_from - 1`.
/// Answer: `Done`.
struct CompactJob {
  LogIndex keep_from;
};

/// Replaces the identity in the data folder. Answer: `Done`, when durable.
struct IdentityJob {
  Identity identity;
};

/// Takes the lock of another server's folder, leaves the record there, and gives the lock back: who
/// opens the folder from then on finds the record. `failed_precondition` if that server lives, if
/// its log goes further than the record says (then it may have acknowledged, with a voter that the
/// survivor never heard of, what the survivor lacks), or if somebody else fenced it.
///
/// A record that this server left before stays as it is, and that is success: a survivor that
/// restarted goes on with what it says. `failed_precondition` if it says more than this one, for
/// then the survivor has lost entries that were durable. Answer: `Done`, when durable.
///
/// A server that was fenced and started before the survivor has put that folder away, record and
/// all, and begun anew in its place: then the record is looked for, or left, in the archived one.
struct FenceJob {
  std::string folder;
  ServerId server{};  ///< Whose folder it is, or was.
  FenceRecord record;
  /// Writes no new record: without one that this server left, `failed_precondition`. For a
  /// survivor that has restarted and does not know whether two voters were all.
  bool only_confirm{false};
};

struct DiskJob {
  std::uint64_t id{};
  std::variant<StoreJob, SnapshotPieceJob, SaveSnapshotJob, ReadEntriesJob, ReadSnapshotJob,
               CompactJob, IdentityJob, FenceJob>
      work;
};

/// The hard state and the entries are durable.
struct Stored {};
/// The snapshot that is now the newest: the one asked for, unless a newer one was installed
/// meanwhile.
struct SnapshotSaved {
  SnapshotHeader header;
};
/// The snapshot is durable, the log is empty and goes on after it.
struct SnapshotInstalled {
  SnapshotHeader header;
};
struct EntriesRead {
  std::vector<Entry> entries;
};
struct SnapshotRead {
  SnapshotHeader header;
  std::uint64_t offset{};
  SharedBytes data;  ///< Empty at the end.
};
struct Done {};
/// With `fatal` a write or sync failed: what is on the disk is unknown, all later jobs fail too,
/// and the server must stop serving and exit. Otherwise nothing was changed.
struct Failed {
  Error error;
  bool fatal{false};
};

struct DiskResult {
  std::uint64_t id{};
  std::variant<Stored, SnapshotSaved, SnapshotInstalled, EntriesRead, SnapshotRead, Done, Failed>
      outcome;
};

/// What a data folder held when it was opened.
struct Recovered {
  std::optional<Identity> identity;  ///< Nothing in a new folder.
  HardState hard_state;
  std::optional<SnapshotHeader> snapshot;  ///< The newest; its bytes are read by `ReadSnapshotJob`.
  LogIndex first_index{1};                 ///< Of the oldest entry that can still be read.
  std::vector<Entry> entries;              ///< Those after the snapshot.
  std::optional<FenceRecord> fence;        ///< Another server went on without this one.
  std::vector<std::string> warnings;       ///< What was cut or tidied up, in plain words.
};

/// About how much memory the job holds while it waits.
std::size_t cost_of(const DiskJob& job);

}  // namespace muster::storage
