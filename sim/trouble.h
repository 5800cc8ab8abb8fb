// The kinds of trouble that a seed may draw, by name, and how a run is had without them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace muster::sim {

/// All that `--without` knows in this profile.
std::vector<std::string_view> troubles(std::string_view profile);

/// Those that the request's seed has drawn, less those that it leaves out: faults first.
/// Precondition: as of `draw`, or the profile is `core`.
std::vector<std::string> troubles_drawn(const Request& request);

/// Nothing else of the scenario changes. Names that it doesn't know are those of other profiles.
void leave_out(Scenario& scenario, const std::set<std::string>& names);

}  // namespace muster::sim
