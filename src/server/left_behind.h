// What a server knows that a group recovered by force without it does not.
#pragma once

#include <cstdint>
#include <string>

#include "muster/error.h"
#include "node/io.h"
#include "storage/files.h"

namespace muster::server {

struct LeftBehindCommands {
  std::string path;         ///< Of the file; empty if there are no such commands.
  std::uint64_t count{0};   ///< Commands written.
  LogIndex missing_before;  ///< Entries before it were compacted away; 0: none that matter.
};

/// Writes the clients' commands of the log in `folder` that the branch's log does not hold to
/// `branch-ID.jsonl` there, a `ForkedCommand` as JSON on each line. They were acknowledged or not;
/// nothing is replayed. The file is not synced: the log that it is made from stays beside it. Those
/// are all entries after the fork's index or of a later term than its own: what else the logs
/// differ in was never committed (Raft, section 5.4.2).
///
/// The caller holds the folder, or nobody does. Errors: as `LogStore::open` and `Files` give them.
[[nodiscard]] Result<LeftBehindCommands> export_left_behind(storage::Files& files,
                                                            const std::string& folder,
                                                            const node::LeftBehind& fork);

}  // namespace muster::server
