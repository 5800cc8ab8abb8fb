// Frames out of a stream of anything, received in pieces of changing size.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "muster/check.h"
#include "wire/frame.h"
#include "wire/limits.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  BytesView rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  wire::ReceiveBuffer buffer(512);
  wire::FrameDecoder decoder(buffer);
  std::size_t step = 1 + data[0];
  while (!rest.empty()) {
    const std::span<std::byte> span = decoder.prepare();
    const std::size_t taken = std::min({step, span.size(), rest.size()});
    std::memcpy(span.data(), rest.data(), taken);
    decoder.commit(taken);
    rest = rest.subspan(taken);
    step = 1 + (step * 31) % 997;
    for (auto frame = decoder.next(); frame && *frame; frame = decoder.next()) {
      check((*frame)->body.size() <= wire::frame_body_bytes_max);
    }
  }
  return 0;
}
