// The record of a lot as each server of the group has it.
#pragma once

#include <string>
#include <vector>

#include "auction/messages.h"
#include "cli/client_options.h"
#include "cli/invocation.h"
#include "muster/error.h"

namespace muster::cli {

struct ServerRecord {
  Target server;
  Result<auction::History> history{auction::History{}};
};

/// Asks every server of the group for its own copy. Errors: if the servers can't be found.
[[nodiscard]] Result<std::vector<ServerRecord>> read_records(const ClientOptions& options,
                                                             auction::LotId lot);

/// What is wrong with each record, by itself and beside the longest that is right; empty: nothing.
std::vector<std::string> faults_of(const std::vector<ServerRecord>& records);

}  // namespace muster::cli
