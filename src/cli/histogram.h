// Latencies counted in fixed memory, precise enough for any percentile.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace muster::cli {

/// Counts durations in buckets whose width grows with their value, as HdrHistogram does: any
/// percentile is off by less than 1 % of itself, from 1 ns to over an hour, in 37 KiB whatever is
/// recorded. Longer durations count as the longest. Thread-safety: none.
class Histogram {
 public:
  void record(std::chrono::nanoseconds value);
  /// The value that this share of all values does not exceed; 0 if there are none, and the exact
  /// greatest one for 1. Precondition: `share` is from 0 to 1. Cost: one pass over the buckets.
  std::chrono::nanoseconds percentile(double share) const;
  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds greatest() const { return greatest_; }
  /// Counts all that `other` has counted.
  void add(const Histogram& other);
  void clear() { *this = Histogram{}; }

 private:
  static constexpr unsigned precision_bits = 7;
  static constexpr unsigned value_bits = 42;
  static constexpr std::size_t buckets_per_doubling = std::size_t{1} << precision_bits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t greatest_in(std::size_t bucket);

  std::array<std::uint64_t, (value_bits - precision_bits + 1) * buckets_per_doubling> buckets_{};
  std::uint64_t count_{0};
  std::chrono::nanoseconds greatest_{0};
};

}  // namespace muster::cli
