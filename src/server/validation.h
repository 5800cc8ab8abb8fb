// What must hold between a server's options before it is started with them.
#pragma once

#include "muster/error.h"
#include "node/options.h"

namespace muster::server {

/// Checks names, numbers and times, alone and against each other. Errors: INVALID_ARGUMENT; the
/// text begins with the option's name as `muster serve` has it, without the dashes.
[[nodiscard]] Result<void> validate(const node::Options& node);

}  // namespace muster::server
