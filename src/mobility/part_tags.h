// What the parts of a snapshot begin with, in the order that they have.
#pragma once

#include <cstdint>

namespace muster::mobility {

constexpr std::uint8_t unit_tag = 1;
constexpr std::uint8_t incident_tag = 2;
constexpr std::uint8_t atlas_tag = 3;
constexpr std::uint8_t house_tag = 4;

}  // namespace muster::mobility
