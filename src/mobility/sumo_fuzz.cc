// Files that are no SUMO network are refused; what is read can be encoded and decoded.
#include <cstdint>

#include "mobility/sumo.h"
#include "muster/check.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto sumo = mobility::read_sumo(as_text(bytes), "map");
  if (!sumo) return 0;
  const Bytes encoded = sumo->map.encode();
  const auto decoded = mobility::RoadMap::decode(encoded);
  check(decoded.has_value() && decoded->encode() == encoded);
  check(sumo->given_programmes + sumo->made_programmes == sumo->map.crossings().size());
  return 0;
}
