#include "mobility/fix.h"

#include "muster/codec.h"

namespace muster::mobility {
namespace {

constexpr std::uint8_t layout = 1;

}  // namespace

Bytes encode(const Fix& fix) {
  Bytes out;
  Writer writer(out);
  writer.integer(layout);
  writer.integer(fix.place.latitude);
  writer.integer(fix.place.longitude);
  writer.integer(fix.speed_cm_s);
  return out;
}

std::optional<Fix> decode_fix(BytesView bytes) {
  Reader reader(bytes);
  if (reader.integer<std::uint8_t>() != layout) return std::nullopt;
  Fix fix;
  fix.place.latitude = reader.integer<std::int32_t>();
  fix.place.longitude = reader.integer<std::int32_t>();
  fix.speed_cm_s = reader.integer<std::uint16_t>();
  const bool is_on_globe = fix.place.latitude >= -90 * units_per_degree &&
                           fix.place.latitude <= 90 * units_per_degree &&
                           fix.place.longitude >= -180 * units_per_degree &&
                           fix.place.longitude <= 180 * units_per_degree;
  if (!reader.finished() || !is_on_globe) return std::nullopt;
  return fix;
}

}  // namespace muster::mobility
