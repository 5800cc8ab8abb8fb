// What runs of large groups showed, as tables.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/large_group.h"

namespace muster::sim {

/// In Markdown: of each figure the median and the greatest of all runs; of what is sent by kind the
/// mean. Precondition: there is one at least.
std::string to_tables(std::size_t servers, const std::vector<LargeFigures>& runs);

}  // namespace muster::sim
