// What a method answered, on the side of whoever asked.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "muster/error.h"
#include "wire/methods.pb.h"

namespace muster::methods {

/// The result as the message that it is. Errors: UNIMPLEMENTED for a type that this program does
/// not have; INVALID_ARGUMENT and RESOURCE_EXHAUSTED as `wire::decode_into`.
[[nodiscard]] Result<std::unique_ptr<google::protobuf::Message>> decode_result(
    const wire::Invoked& invoked);

/// A message for people: a line per field, `commit index  17`; a repeated message as a table, whose
/// columns that are empty everywhere are left out. Times as RFC 3339, bytes by their number.
/// Control characters become `?`.
std::vector<std::string> to_lines(const google::protobuf::Message& message);

/// How each method is called, and what for.
std::vector<std::string> to_lines(const wire::MethodList& list);

}  // namespace muster::methods
