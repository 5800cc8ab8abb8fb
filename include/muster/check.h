// An always-on check for bugs in this program.
#pragma once

#include <boost/assert/source_location.hpp>
#include <cstdio>
#include <cstdlib>

namespace muster {

/// Stops the process unless `holds`. For bugs in this program only: what the network, the disk or
/// a user can cause is an error, not a failed check. Stays on in release builds.
inline void check(bool holds, boost::source_location at = BOOST_CURRENT_LOCATION) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "check failed: %s:%u in %s\n", at.file_name(), at.line(),
               at.function_name());
  std::abort();
}

}  // namespace muster
