// What the operating system refuses, as an error that says what to do.
#pragma once

#include <string>

#include "muster/error.h"

namespace muster::storage {

/// `what` as in "cannot write"; `number` is errno.
Error system_error(const std::string& what, const std::string& path, int number);

}  // namespace muster::storage
