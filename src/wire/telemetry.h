// Telemetry: newest values that servers tell each other, many in one frame.
//
//   batch header, 4 bytes               value header, 16 bytes
//     0  u16  number of values, not 0     0  u8   kind
//     2  u16  zero                        1  u8   bytes of the key, not 0
//   then the values                       2  u16  bytes of the value; 0: there is none any more
//                                         4  u32  epoch
//                                         8  u64  counter
//                                       then key and value
//
// Little-endian.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "wire/limits.h"

namespace muster::wire {

/// What a value is about. The numbers go over the wire: append only. A kind that is not known is
/// kept and passed by.
enum class TelemetryKind : std::uint8_t {
  // 1 was how busy a server is.
  suspect_session = 2,  ///< Key is a session's id: its client is not heard; u32 ms, when told.
  client_payload = 3,   ///< Key is a session's id: what its client last said with a heartbeat.
};

/// Of two values of one key the one with the higher stamp is the newer.
struct TelemetryStamp {
  Epoch epoch;
  std::uint64_t counter{};
  friend auto operator<=>(const TelemetryStamp&, const TelemetryStamp&) = default;
};

/// Borrowed.
struct TelemetryValue {
  TelemetryKind kind{};
  BytesView key{};
  TelemetryStamp stamp{};
  BytesView value{};  ///< Empty: it is gone.
};

constexpr std::size_t telemetry_batch_header_bytes = 4;
constexpr std::size_t telemetry_value_header_bytes = 16;

/// Lays out one batch. Thread-safety: none.
class TelemetryBuilder {
 public:
  TelemetryBuilder();
  /// False, and the batch is as it was, if it would pass `telemetry_frame_bytes_max`.
  /// Precondition: key and value are within their limits, the key is not empty.
  [[nodiscard]] bool add(const TelemetryValue& value);
  bool empty() const { return count_ == 0; }
  /// Precondition: not empty. The builder is spent.
  Bytes finish() &&;

 private:
  Bytes bytes_;
  std::uint16_t count_{0};
};

/// Reads a batch from bytes that may be anything; the values borrow them.
/// Errors: INVALID_ARGUMENT if they are no batch; RESOURCE_EXHAUSTED beyond a limit.
[[nodiscard]] Result<std::vector<TelemetryValue>> parse_telemetry(BytesView bytes);

}  // namespace muster::wire
