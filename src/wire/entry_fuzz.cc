// What passes as an entry or a forward can be read to its end, and built again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "muster/check.h"
#include "wire/batch.h"

using namespace muster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const Result<wire::EntryView> entry = wire::EntryView::parse(bytes); entry) {
    wire::EntryBuilder builder(size);
    for (const wire::BatchView batch : entry->batches()) check(builder.add(batch));
    check(builder.commands() == entry->commands());
    check(std::ranges::equal(std::move(builder).finish(entry->time()), bytes));
  }
  if (const Result<wire::ForwardView> forward = wire::ForwardView::parse(bytes); forward) {
    wire::ForwardBuilder builder(size);
    for (const wire::BatchView batch : forward->batches()) check(builder.add(batch));
    check(std::ranges::equal(std::move(builder).finish(), bytes));
  }
  return 0;
}
