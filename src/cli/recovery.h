// Going on by force with what one folder holds, when the majority of a group is lost for good.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "raft/configuration.h"
#include "storage/files.h"
#include "storage/log_store.h"
#include "wire/muster.pb.h"

namespace muster::cli {

/// What a folder holds, and so what a group that goes on from it would be.
struct Recoverable {
  storage::Identity identity;
  HardState hard_state;
  Term last_term;
  LogIndex last_index;
  LogIndex snapshot_index;  ///< 0: there is none.
  raft::Configuration configuration;
  std::map<ServerNumber, std::string> names{};  ///< As far as the log that is kept tells them.
};

/// A folder that was looked into. The store stays open for `recover`.
struct Examined {
  std::unique_ptr<storage::LogStore> store;
  Recoverable found;
};

/// Opens the folder, whose lock the caller holds, and finds out what it holds. `files` outlives the
/// result. Errors: damage as `LogStore::open` tells it; `failed_precondition` if the folder belongs
/// to no group, another server went on without this one, or no membership stands in it.
[[nodiscard]] Result<Examined> examine(storage::Files& files, const std::string& folder);

/// Makes the folder that of a group of one: its server is the only voter, in a new term, under the
/// branch `branch`. All in the log counts from then on, also what was not yet committed. First the
/// branch is durable, then the log: a crash between the two leaves a server that its former group
/// refuses, and recovering it again completes it. Nothing is deleted.
[[nodiscard]] Result<void> recover(Examined& examined, const Uuid& branch, LogTime now);

/// What is going to happen and what may be lost, a line each.
std::vector<std::string> warnings_of(const Recoverable& found);

}  // namespace muster::cli
