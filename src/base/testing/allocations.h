// Counts what a program allocates: a test, or a benchmark.
#pragma once

#include <cstddef>

namespace muster {

/// How often `operator new` of any form was called since the program began, by any thread. Programs
/// that ask for it are linked with `tests/counting_new.cc`, which has operators of its own; malloc
/// stays as it is, so that sanitizers see what they always do.
std::size_t allocations();

}  // namespace muster
