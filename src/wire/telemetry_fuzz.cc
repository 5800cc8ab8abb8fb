// What passes as a telemetry frame is built again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "muster/check.h"
#include "wire/telemetry.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto values = wire::parse_telemetry(bytes);
  if (!values) return 0;
  wire::TelemetryBuilder builder;
  for (const wire::TelemetryValue& value : *values) check(builder.add(value));
  check(std::ranges::equal(std::move(builder).finish(), bytes));
  return 0;
}
