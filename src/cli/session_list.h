// Members and clients of a group.
#pragma once

#include "cli/client_options.h"
#include "muster/error.h"
#include "wire/muster.pb.h"

namespace muster::cli {

/// The members. Errors: as `client::Question`; UNAVAILABLE with what it waits for if the server
/// that answers belongs to no group yet.
[[nodiscard]] Result<wire::Members> ask_for_members(const ClientOptions& options);
/// Why a server that answers has no group to tell of: the error that a command ends with.
Error why_no_group(const wire::Status& status);

/// The members, and all sessions in the order in which the server has them; what only their homes
/// know is asked there, of those that answer within a second. One that moves or ends while the
/// pages are fetched may be missing. Errors: as `ask_for_members`.
[[nodiscard]] Result<wire::Members> ask_for_everybody(const ClientOptions& options);

/// `KEY=VALUE,…` by key, or `-` if there are none.
std::string tags_text(const google::protobuf::Map<std::string, std::string>& tags);

/// `name`, or `-` if there is none.
std::string text_or_dash(const std::string& text);

}  // namespace muster::cli
