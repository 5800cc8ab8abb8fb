// Where a unit is, as it says with each heartbeat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "mobility/place.h"
#include "muster/bytes.h"

namespace muster::mobility {

/// A unit's place and speed. It is telemetry: never logged as such, lost in a crash.
struct Fix {
  Geographic place{};
  std::uint16_t speed_cm_s{0};
  friend bool operator==(const Fix&, const Fix&) = default;
};

/// u8 1, i32 latitude, i32 longitude, u16 speed; little-endian.
constexpr std::size_t fix_bytes = 11;
Bytes encode(const Fix& fix);
/// Nothing if the bytes, which may be anything, are none.
std::optional<Fix> decode_fix(BytesView bytes);

}  // namespace muster::mobility
