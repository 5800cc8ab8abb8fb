// The one error for bytes that are not what their layout promises.
#pragma once

#include <string>

#include "muster/error.h"

namespace muster::wire {

/// `what` says in plain words which rule of the layout is broken.
inline Error malformed(const std::string& what) {
  return {ErrorCode::invalid_argument, what + "; the sender is at fault or of another version"};
}

}  // namespace muster::wire
