#include "wire/telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "wire/testing.h"

namespace muster::wire::telemetry_test {
namespace {

using testing::to_hex;

Bytes two_values() {
  TelemetryBuilder builder;
  EXPECT_TRUE(builder.add({.kind = TelemetryKind::suspect_session,
                           .key = as_bytes("k"),
                           .stamp = {Epoch{2}, 3},
                           .value = as_bytes("val")}));
  EXPECT_TRUE(builder.add({.kind = TelemetryKind::client_payload,
                           .key = as_bytes("id"),
                           .stamp = {Epoch{4}, 5},
                           .value = {}}));
  return std::move(builder).finish();
}

TEST(TelemetryWire, HasThisLayout) {
  EXPECT_EQ(to_hex(two_values()),
            "02000000"
            "02"
            "01"
            "0300"
            "02000000"
            "0300000000000000"
            "6b"
            "76616c"
            "03"
            "02"
            "0000"
            "04000000"
            "0500000000000000"
            "6964");
}

TEST(TelemetryWire, IsReadAsItWasWritten) {
  const Bytes bytes = two_values();
  const auto values = parse_telemetry(bytes);
  ASSERT_TRUE(values.has_value());
  ASSERT_EQ(values->size(), 2U);
  EXPECT_EQ((*values)[0].stamp, (TelemetryStamp{Epoch{2}, 3}));
  EXPECT_EQ(as_text((*values)[0].value), "val");
  EXPECT_EQ(as_text((*values)[1].key), "id");
  EXPECT_TRUE((*values)[1].value.empty());
}

TEST(TelemetryWire, SurvivesDamage) {
  EXPECT_TRUE(testing::survives_damage(
      two_values(), 3, [](BytesView bytes) { return parse_telemetry(bytes).has_value(); }));
}

TEST(TelemetryWire, AFrameTakesNoMoreThanItsLimit) {
  TelemetryBuilder builder;
  const Bytes large(telemetry_value_bytes_max, std::byte{1});
  const Bytes key(telemetry_key_bytes_max, std::byte{2});
  std::size_t taken = 0;
  while (builder.add(
      {.kind = TelemetryKind::client_payload, .key = key, .stamp = {}, .value = large})) {
    ++taken;
  }
  EXPECT_EQ(taken, (telemetry_frame_bytes_max - telemetry_batch_header_bytes) /
                       (telemetry_value_header_bytes + key.size() + large.size()));
  const Bytes bytes = std::move(builder).finish();
  EXPECT_LE(bytes.size(), telemetry_frame_bytes_max);
  EXPECT_EQ(parse_telemetry(bytes).value().size(), taken);
  EXPECT_EQ(parse_telemetry(Bytes(telemetry_frame_bytes_max + 1)).error().code,
            ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace muster::wire::telemetry_test
