// Which services beside registers and echo a seed has, and how busy they are.
#pragma once

#include "sim/scenario.h"

namespace muster::sim {

// Each draws from numbers of its own, so that all else stays as it was.
void draw_auctions(Scenario& scenario);
void draw_mobility(Scenario& scenario);
/// Precondition: the other two are drawn.
void draw_chat(Scenario& scenario);

}  // namespace muster::sim
