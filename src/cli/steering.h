// Asking the group's leader for what operators want.
#pragma once

#include "cli/client_options.h"
#include "muster/error.h"
#include "wire/muster.pb.h"

namespace muster::cli {

/// The leader may change on the way: whoever is asked names the one to ask instead. Errors: what
/// the leader refuses; as `client::Question`. Where a server has no leader, or one that was only
/// just elected, it is asked again until `--timeout` is over; then UNAVAILABLE, with the last
/// reason.
[[nodiscard]] Result<wire::Steered> steer(const ClientOptions& options, const wire::Steer& what);

}  // namespace muster::cli
