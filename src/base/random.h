// Seeded randomness: the same seed gives the same numbers on every machine and build.
#pragma once

#include <cstdint>
#include <random>

#include "muster/check.h"
#include "muster/time.h"

namespace muster {

/// A generator that is passed in, never found. Its own `below` and `chance` are used because the
/// distributions of the standard library differ between implementations. Thread-safety: none.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t next() { return engine_(); }
  /// Uniform in [0, bound). Precondition: bound > 0. The bias is below 2^-32 for bounds < 2^32.
  std::uint64_t below(std::uint64_t bound) {
    check(bound > 0);
    return next() % bound;
  }
  /// True with this probability, from 0 to 1.
  bool chance(double probability) {
    return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability;
  }
  /// Uniform in [low, high]. Precondition: low <= high.
  Duration between(Duration low, Duration high) {
    check(low <= high);
    return low + Duration(static_cast<std::int64_t>(
                     below(static_cast<std::uint64_t>((high - low).count()) + 1)));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace muster
