// A file that is no segment, snapshot head, identity or fence record is refused, whatever it holds.
#include <cstdint>

#include "storage/format/replay.h"
#include "storage/format/segment.h"
#include "storage/format/small_files.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView file(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(storage::decode_identity(file, "identity"));
  static_cast<void>(storage::decode_fence(file, "fence"));
  static_cast<void>(storage::decode_snapshot_header(file, size, "snapshot"));
  const auto header = storage::decode_segment_header(file, "segment");
  if (!header) return 0;
  storage::Replay replay(std::nullopt, 64);
  if (replay.add(*header, file, "segment", true)) static_cast<void>(replay.finish());
  return 0;
}
