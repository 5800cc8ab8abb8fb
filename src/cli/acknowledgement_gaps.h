// The longest times during which nothing was acknowledged.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace muster::cli {

/// Watches acknowledgements go by and keeps the longest gaps between them: a loss of the leader is
/// the longest gap of a run. Fixed memory; one comparison for most calls. Thread-safety: none.
class AcknowledgementGaps {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kept_max = 8;

  struct Gap {
    Time from;
    std::chrono::nanoseconds length{};
    friend bool operator==(const Gap&, const Gap&) = default;
  };

  /// Precondition: `now` never goes back.
  void acknowledged(Time now) {
    if (last_) keep({.from = *last_, .length = now - *last_});
    last_ = now;
  }
  /// The longest first.
  const std::vector<Gap>& longest() const { return gaps_; }

 private:
  void keep(const Gap& gap) {
    if (gaps_.size() == kept_max && gap.length <= gaps_.back().length) return;
    gaps_.insert(std::ranges::upper_bound(gaps_, gap.length, std::greater{}, &Gap::length), gap);
    if (gaps_.size() > kept_max) gaps_.pop_back();
  }

  std::optional<Time> last_;
  std::vector<Gap> gaps_;
};

}  // namespace muster::cli
