// SHA-256 (FIPS 180-4), for what must be the same on every machine and can't be forged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "muster/bytes.h"

namespace muster::wire {

/// A hash as bytes; all zero where there is none.
using Sha256 = std::array<std::byte, 32>;

Sha256 sha256(BytesView bytes);

/// RFC 2104 with SHA-256.
Sha256 hmac_sha256(BytesView key, BytesView bytes);

/// PBKDF2 (RFC 8018, 5.2) with HMAC-SHA-256: a key made of a password, slowly. Precondition: at
/// least one iteration.
Sha256 pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations);

/// As 64 small hexadecimal digits.
std::string to_hex(const Sha256& hash);

}  // namespace muster::wire
