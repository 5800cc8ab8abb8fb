// An answer from anything: refused, or shown as lines without control characters.
#include <algorithm>
#include <cstdint>

#include "methods/result.h"
#include "muster/check.h"
#include "wire/control.h"
#include "wire/json.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto invoked = wire::decode<wire::Invoked>(bytes);
  if (!invoked) return 0;
  const auto result = methods::decode_result(*invoked);
  if (!result) return 0;
  check(!wire::to_json(**result).empty());
  for (const std::string& line : methods::to_lines(**result)) {
    check(std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }
  return 0;
}
