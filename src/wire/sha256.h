// SHA-256 (FIPS 180-4), for what must be the same on every machine and can't be forged.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "muster/bytes.h"

namespace muster::wire {

/// A hash as bytes; all zero where there is none.
using Sha256 = std::array<std::byte, 32>;

Sha256 sha256(BytesView bytes);

/// As 64 small hexadecimal digits.
std::string to_hex(const Sha256& hash);

}  // namespace muster::wire
