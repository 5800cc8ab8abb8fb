// The services that servers of this program have.
#pragma once

#include <memory>
#include <vector>

#include "muster/machine.h"

namespace muster::cli {

/// One of each, empty; the same on every server of a group.
std::vector<std::unique_ptr<service::Machine>> make_services();

}  // namespace muster::cli
