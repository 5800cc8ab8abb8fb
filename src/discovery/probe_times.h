// When probes are sent: with pauses that double, so that a few of them fill a window.
#pragma once

#include <algorithm>

#include "muster/time.h"

namespace muster::discovery {

constexpr unsigned probes_in_window_max = 16;

/// How long after the window's begin probe number `probe` is due, counted from 0. With 4 probes in
/// 1500 ms: 0, 100, 300, 700 ms; the fifth would be due when the window is over.
/// Precondition: 1 <= probes <= probes_in_window_max, and probe <= probes.
constexpr Duration probe_offset(Duration window, unsigned probes, unsigned probe) {
  const Duration first_pause = std::max(window / ((1 << probes) - 1), Duration{1});
  return first_pause * ((1 << probe) - 1);
}

}  // namespace muster::discovery
