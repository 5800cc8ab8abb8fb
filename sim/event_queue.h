// Simulated time: what happens next, and when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "muster/time.h"

namespace muster::sim {

/// Actions ordered by (time, order of scheduling), so that a run depends on its seed alone. Time
/// stands still while an action runs and jumps to the next one. Thread-safety: none.
class EventQueue {
 public:
  using Action = std::function<void()>;

  Instant now() const { return now_; }
  /// How many actions have run: the "step" that a violation names.
  std::uint64_t steps() const { return steps_; }
  bool empty() const { return heap_.empty(); }

  /// Precondition: `time` is not in the past.
  void at(Instant time, Action action);
  void after(Duration wait, Action action) { at(now_ + wait, std::move(action)); }
  /// Runs the next action if it is due by `until`; otherwise time moves to `until`, and false.
  bool run_next(Instant until);

 private:
  struct Event {
    Instant time;
    std::uint64_t order;
    Action action;
  };
  static bool later(const Event& a, const Event& b);

  Instant now_{};
  std::uint64_t steps_{0};
  std::uint64_t scheduled_{0};
  std::vector<Event> heap_;
};

}  // namespace muster::sim
