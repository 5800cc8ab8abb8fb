// Whole numbers in as few bytes as they need: seven bits to a byte, the lowest first (LEB128).
#pragma once

#include <cstdint>

#include "muster/codec.h"

namespace muster::mobility {

inline void write_varint(Writer& writer, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) writer.integer(static_cast<std::uint8_t>(value | 0x80));
  writer.integer(static_cast<std::uint8_t>(value));
}

/// Small ones of either sign are short: 0, -1, 1, -2 and so on become 0, 1, 2, 3.
inline void write_signed_varint(Writer& writer, std::int64_t value) {
  write_varint(writer, (static_cast<std::uint64_t>(value) << 1) ^
                           static_cast<std::uint64_t>(value < 0 ? -1 : 0));
}

/// Zero, and the reader is not `ok` any more, if the bytes end before the number does or it has
/// more than ten. Also takes numbers with more bytes than they need, and drops what is beyond 64
/// bits: whoever wants one form only writes again what was read, and compares.
inline std::uint64_t read_varint(Reader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = reader.integer<std::uint8_t>();
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return reader.ok() ? value : 0;
  }
  static_cast<void>(reader.raw(reader.rest().size() + 1));  // There is no such number.
  return 0;
}

inline std::int64_t read_signed_varint(Reader& reader) {
  const std::uint64_t value = read_varint(reader);
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

}  // namespace muster::mobility
