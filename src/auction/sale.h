// How a lot ends: who has it, and for how much.
#pragma once

#include <string>

#include "auction/money.h"

namespace muster::auction {

struct Sale {
  std::string winner;
  Price paid;
  friend bool operator==(const Sale&, const Sale&) = default;
};

}  // namespace muster::auction
