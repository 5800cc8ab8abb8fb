// What passes as events, a mark or a gap can be read to its end, and built again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "muster/check.h"
#include "wire/events.h"

using namespace muster;

namespace {

void build_again(const wire::EventsView& events, BytesView bytes) {
  wire::EventsBuilder builder(events.topic());
  for (const wire::EventView event : events) {
    // Longer than a frame may be: nothing that a connection could have brought.
    if (!builder.add(event)) return;
  }
  check(std::ranges::equal(std::move(builder).finish(), bytes));
}

void build_again(const wire::GapView& gap, BytesView bytes) {
  const Result<Bytes> state =
      gap.error ? Result<Bytes>(Error{*gap.error, std::string(as_text(gap.payload))})
                : Result<Bytes>(Bytes(gap.payload.begin(), gap.payload.end()));
  check(std::ranges::equal(wire::encode_gap(gap.topic, gap.index, state), bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const auto events = wire::EventsView::parse(bytes)) build_again(*events, bytes);
  if (const auto gap = wire::GapView::parse(bytes)) build_again(*gap, bytes);
  if (const auto reached = wire::ReachedView::parse(bytes)) {
    check(std::ranges::equal(wire::encode_reached(reached->topic, reached->index), bytes));
  }
  return 0;
}
