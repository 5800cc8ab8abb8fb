// Which version of the library a program is linked with.
#pragma once

#include <string_view>

namespace muster {

/// As `0.1.0` (https://semver.org).
std::string_view version();

}  // namespace muster
