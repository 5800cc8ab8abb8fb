#include "cli/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "muster/check.h"

namespace muster::cli {

std::size_t Histogram::bucket_of(std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= precision_bits) return value;
  const unsigned shift = width - precision_bits - 1;  // Keeps the leading bit and 7 behind it.
  return (shift + 1) * buckets_per_doubling + (value >> shift) - buckets_per_doubling;
}

std::uint64_t Histogram::greatest_in(std::size_t bucket) {
  if (bucket < 2 * buckets_per_doubling) return bucket;
  const std::size_t shift = bucket / buckets_per_doubling - 1;
  const std::uint64_t leading = buckets_per_doubling + bucket % buckets_per_doubling;
  return ((leading + 1) << shift) - 1;
}

void Histogram::record(std::chrono::nanoseconds value) {
  constexpr std::int64_t longest = (std::int64_t{1} << value_bits) - 1;
  const std::int64_t clamped = std::clamp<std::int64_t>(value.count(), 0, longest);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(clamped))];
  ++count_;
  greatest_ = std::max(greatest_, value);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    buckets_[bucket] += other.buckets_[bucket];
  }
  count_ += other.count_;
  greatest_ = std::max(greatest_, other.greatest_);
}

std::chrono::nanoseconds Histogram::percentile(double share) const {
  check(share >= 0 && share <= 1);
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen > 0) {
      const std::chrono::nanoseconds value{greatest_in(bucket)};
      return std::min(value, greatest_);
    }
  }
  return greatest_;
}

}  // namespace muster::cli
