// What one server has applied, asked without a session and without asking the leader.
#pragma once

#include "client/question.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "net/loop.h"

namespace muster::cli {

struct LocalAnswer {
  LogIndex index;  ///< The state is that after this entry of the log.
  Bytes payload;
};

/// Asks a service of the one server that `question` names. Errors: as `client::ask`, or what the
/// service refuses.
[[nodiscard]] Result<LocalAnswer> read_locally(net::Loop& loop,
                                               const client::Question::Options& question,
                                               ServiceId service, BytesView query);

}  // namespace muster::cli
