// What one step of a path costs: time and allocations, for each command that it takes.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>

#include "base/testing/allocations.h"

namespace muster::bench {

/// Beside a benchmark's own clock: counts allocations while that runs, and tells both per unit of
/// work. Make one before the loop; it reports when it goes.
class Meter {
 public:
  /// Each turn of the loop does so many units of work.
  Meter(benchmark::State& state, std::int64_t units)
      : state_(state), units_(units), since_(allocations()) {}
  ~Meter() {
    counted_ += allocations() - since_;
    const auto all = static_cast<double>(state_.iterations() * units_);
    state_.counters["allocations"] = static_cast<double>(counted_) / all;
    // By the benchmark's clock, in seconds.
    state_.counters["each"] =
        benchmark::Counter(all, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// What is done meanwhile is no part of the step.
  void pause() {
    state_.PauseTiming();
    counted_ += allocations() - since_;
  }
  void resume() {
    since_ = allocations();
    state_.ResumeTiming();
  }

 private:
  benchmark::State& state_;
  const std::int64_t units_;
  std::size_t since_;
  std::size_t counted_{0};
};

}  // namespace muster::bench
