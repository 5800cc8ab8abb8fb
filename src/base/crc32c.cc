#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <limits>

namespace muster {

std::uint32_t crc32c(BytesView bytes, std::uint32_t before) {
  constexpr std::size_t piece_max = std::numeric_limits<int>::max();
  std::uint32_t crc = ~before;
  while (!bytes.empty()) {
    const BytesView piece = bytes.first(std::min(bytes.size(), piece_max));
    // The library's signature lacks a const; it only reads.
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    crc = crc32_iscsi(data, static_cast<int>(piece.size()), crc);
    bytes = bytes.subspan(piece.size());
  }
  return ~crc;
}

}  // namespace muster
