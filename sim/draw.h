// How a scenario draws one of a few values.
#pragma once

#include <initializer_list>

#include "base/random.h"

namespace muster::sim {

template <class Value>
Value one_of(Random& random, std::initializer_list<Value> values) {
  return values.begin()[random.below(values.size())];
}

}  // namespace muster::sim
