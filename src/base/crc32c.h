// CRC32C (Castagnoli; RFC 3720, section 12.1), by the processor where it can.
#pragma once

#include <cstdint>

#include "muster/bytes.h"

namespace muster {

/// The checksum of `bytes`, continued from `before` (the checksum of what came before them; 0 at
/// the start). `crc32c(as_bytes("123456789")) == 0xe3069283`.
std::uint32_t crc32c(BytesView bytes, std::uint32_t before = 0);

}  // namespace muster
