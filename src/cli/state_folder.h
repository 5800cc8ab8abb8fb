// Where this user's programs keep what should be there again next time.
#pragma once

#include <string>

#include "muster/error.h"

namespace muster::cli {

/// `$XDG_STATE_HOME/muster`, else `~/.local/state/muster` (XDG Base Directory Specification 0.8),
/// made if need be. Errors: FAILED_PRECONDITION if neither is set; PERMISSION_DENIED if it can't be
/// made.
[[nodiscard]] Result<std::string> state_folder();

}  // namespace muster::cli
