// Who comes first of those that want a light's green.
#pragma once

#include <tuple>

#include "mobility/values.h"

namespace muster::mobility {

inline bool drives(const Unit& ambulance) {
  return ambulance.state == UnitState::accepted || ambulance.state == UnitState::transporting;
}

/// The light could still give it green.
inline bool is_open(PreemptionStatus status) {
  return status != PreemptionStatus::rejected && status != PreemptionStatus::max_presence;
}

/// The worst case first; of equals, who asked first. Those that are done are last.
inline bool comes_before(const Granting& a, const Granting& b) {
  const auto rank = [](const Granting& one) {
    return std::tuple(!is_open(one.status), one.severity, one.asked);
  };
  return rank(a) < rank(b);
}

}  // namespace muster::mobility
