// Bytes that are no map are refused; those of a map are written again as they were, and the map
// can be used.
#include <algorithm>
#include <cstdint>

#include "mobility/road_map.h"
#include "mobility/router.h"
#include "muster/check.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto map = mobility::RoadMap::decode(bytes);
  if (!map) return 0;
  check(std::ranges::equal(map->encode(), bytes));
  for (const mobility::Crossing& crossing : map->crossings()) {
    check(map->crossing_at(crossing.node) == &crossing);
    mobility::SignalController light(crossing.plan, Instant{});
    light.advance(Instant{std::chrono::minutes{2}});
  }
  const mobility::Network& network = map->network();
  const mobility::EdgeIndex last{static_cast<std::uint32_t>(network.edges().size() - 1)};
  const auto place = map->geographic({.edge = last, .offset_cm = network.edge(last).length_cm});
  const auto there = map->locate(place);
  check(there.has_value());
  mobility::Router router(network, {});
  static_cast<void>(router.route({}, *there));
  return 0;
}
