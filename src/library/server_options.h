// From the options of the public server to those of the one inside.
#pragma once

#include "muster/error.h"
#include "muster/server.h"
#include "server/options.h"

namespace muster::library {

/// Errors: INVALID_ARGUMENT for options or services that can never work.
[[nodiscard]] Result<server::Options> to_server_options(const ServerOptions& options);

}  // namespace muster::library
