// Counts what a test program allocates.
#pragma once

#include <cstddef>

namespace muster::edge {

/// How often `operator new` of any form was called since the program began, by any thread. It is
/// this folder's tests that have an operator of their own for it (`counting_new_test.cc`); malloc
/// stays as it is, so that sanitizers see what they always do.
std::size_t allocations();

}  // namespace muster::edge
