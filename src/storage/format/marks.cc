#include "storage/format/marks.h"

#include <algorithm>

namespace muster::storage {

void Marks::note(const Mark& place, bool cuts) {
  if (cuts) {
    while (!marks_.empty() && marks_.back().index >= place.index) marks_.pop_back();
  } else if (!marks_.empty() && marks_.back().segment == place.segment &&
             place.offset < marks_.back().offset + step_) {
    return;
  }
  marks_.push_back(place);
}

void Marks::drop_before(std::uint64_t segment) {
  std::erase_if(marks_, [segment](const Mark& mark) { return mark.segment < segment; });
}

std::optional<Marks::Run> Marks::find(LogIndex index) const {
  const auto after =
      std::ranges::upper_bound(marks_, index, {}, [](const Mark& mark) { return mark.index; });
  if (after == marks_.begin()) return std::nullopt;
  Run run{.from = *std::prev(after), .until = std::nullopt};
  if (after != marks_.end()) run.until = after->index;
  return run;
}

}  // namespace muster::storage
