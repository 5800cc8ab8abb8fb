// All members and clients of a group, fetched page by page.
#pragma once

#include "cli/client_options.h"
#include "muster/error.h"
#include "wire/muster.pb.h"

namespace muster::cli {

/// The members, and all sessions in the order in which the server has them. One that moves or ends
/// while the pages are fetched may be missing. Errors: as `client::Question`.
[[nodiscard]] Result<wire::Members> ask_for_everybody(const ClientOptions& options);

/// `name`, or `-` if there is none.
std::string text_or_dash(const std::string& text);

}  // namespace muster::cli
