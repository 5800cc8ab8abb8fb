// What passes as a heartbeat, or as the answer to one, is built again to the same bytes.
#include <algorithm>
#include <cstdint>

#include "muster/check.h"
#include "wire/heartbeat.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const auto heard = wire::decode_heartbeat_heard(bytes)) {
    check(std::ranges::equal(wire::encode_heartbeat_heard(*heard), bytes));
  }
  const auto view = wire::HeartbeatView::parse(bytes);
  if (!view) return 0;
  constexpr wire::HeartbeatKey key{.low = 1, .high = 2};
  const bool proven = view->is_proven_by(key);
  const Bytes plain = wire::encode_heartbeat(view->heartbeat(), {});
  check(plain.size() <= bytes.size());
  const Bytes with_digest = wire::encode_heartbeat(view->heartbeat(), key);
  check(proven == std::ranges::equal(with_digest, bytes));
  return 0;
}
