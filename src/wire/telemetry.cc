#include "wire/telemetry.h"

#include <cstring>
#include <string>
#include <utility>

#include "muster/check.h"
#include "muster/codec.h"

namespace muster::wire {

TelemetryBuilder::TelemetryBuilder() {
  bytes_.resize(telemetry_batch_header_bytes);
}

bool TelemetryBuilder::add(const TelemetryValue& value) {
  check(!value.key.empty() && value.key.size() <= telemetry_key_bytes_max);
  check(value.value.size() <= telemetry_value_bytes_max);
  const std::size_t more = telemetry_value_header_bytes + value.key.size() + value.value.size();
  if (bytes_.size() + more > telemetry_frame_bytes_max) return false;
  Writer writer(bytes_);
  writer.integer(static_cast<std::uint8_t>(value.kind));
  writer.integer(static_cast<std::uint8_t>(value.key.size()));
  writer.integer(static_cast<std::uint16_t>(value.value.size()));
  writer.integer(value.stamp.epoch.value);
  writer.integer(value.stamp.counter);
  writer.raw(value.key);
  writer.raw(value.value);
  ++count_;
  return true;
}

Bytes TelemetryBuilder::finish() && {
  check(!empty());
  std::memcpy(bytes_.data(), &count_, sizeof count_);
  return std::move(bytes_);
}

Result<std::vector<TelemetryValue>> parse_telemetry(BytesView bytes) {
  if (bytes.size() > telemetry_frame_bytes_max) {
    return Error{
        ErrorCode::resource_exhausted,
        "a telemetry frame of " + std::to_string(bytes.size()) + " bytes passes the limit"};
  }
  const auto malformed = [] {
    return Error{ErrorCode::invalid_argument,
                 "a telemetry frame is malformed; the sender is at fault or of another version"};
  };
  Reader reader(bytes);
  const auto count = reader.integer<std::uint16_t>();
  const auto zero = reader.integer<std::uint16_t>();
  if (!reader.ok() || count == 0 || zero != 0) return malformed();
  std::vector<TelemetryValue> values;
  for (std::uint16_t i = 0; i < count && reader.ok(); ++i) {
    TelemetryValue value;
    value.kind = static_cast<TelemetryKind>(reader.integer<std::uint8_t>());
    const auto key_bytes = reader.integer<std::uint8_t>();
    const auto value_bytes = reader.integer<std::uint16_t>();
    value.stamp.epoch.value = reader.integer<std::uint32_t>();
    value.stamp.counter = reader.integer<std::uint64_t>();
    value.key = reader.raw(key_bytes);
    value.value = reader.raw(value_bytes);
    if (key_bytes == 0 || key_bytes > telemetry_key_bytes_max ||
        value_bytes > telemetry_value_bytes_max) {
      return malformed();
    }
    values.push_back(value);
  }
  if (!reader.finished()) return malformed();
  return values;
}

}  // namespace muster::wire
