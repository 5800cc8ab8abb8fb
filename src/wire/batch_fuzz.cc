// What passes as a batch can be read to its end, and built again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "muster/check.h"
#include "wire/batch.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(wire::BatchView::parse_from_client(bytes).has_value());
  const Result<wire::BatchView> batch = wire::BatchView::parse(bytes);
  if (!batch) return 0;
  wire::BatchBuilder builder(batch->header());
  for (const wire::CommandView command : batch->commands()) {
    check(builder.add(command.service, command.payload).has_value());
  }
  check(builder.size() == batch->size());
  check(std::ranges::equal(std::move(builder).finish(), bytes));
  return 0;
}
