// Bytes that are no snapshot, or no session control, are refused; what passes can be used.
#include <algorithm>
#include <cstdint>

#include "muster/check.h"
#include "replica/replica.h"
#include "replica/session_control.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(replica::decode_control(bytes));

  replica::Restorer restorer({}, [] { return std::vector<std::unique_ptr<service::Machine>>{}; });
  const std::size_t half = size / 2;
  if (!restorer.feed(bytes.first(half)) || !restorer.feed(bytes.subspan(half))) return 0;
  const auto restored = std::move(restorer).finish();
  if (!restored) return 0;
  Bytes chunk;
  replica::FrozenEncoder encoder((*restored)->freeze());
  check(encoder.next(chunk) && !chunk.empty());
  return 0;
}
