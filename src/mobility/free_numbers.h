// The lowest number that no unit's id ends in, without trying them one by one.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mobility/values.h"

namespace muster::mobility {

/// Of the ids `car_1`, `car_2`, … which are taken. Numbers above `tracked` are not looked at: among
/// one more than there can be units a number is always free.
///
/// Thread-safety: none. Cost: constant, of `lowest_free` a look at `tracked` bits.
class FreeNumbers {
 public:
  explicit FreeNumbers(std::size_t tracked) : taken_(tracked / 64 + 1) {}

  void take(const UnitId& id) { set(id, true); }
  void give_back(const UnitId& id) { set(id, false); }
  std::size_t lowest_free() const {
    std::size_t number = 1;
    for (const std::uint64_t word : taken_) {
      const auto ones = static_cast<std::size_t>(std::countr_one(word));
      number += ones;
      if (ones < 64) break;
    }
    return number;
  }

 private:
  void set(const UnitId& id, bool taken);

  std::vector<std::uint64_t> taken_;  // Bit 0 of the first word is number 1.
};

}  // namespace muster::mobility
