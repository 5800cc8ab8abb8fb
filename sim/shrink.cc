#include "sim/shrink.h"

#include <utility>

namespace muster::sim {

Shrinker::Shrinker(RunSize failing, std::vector<std::string> troubles, ShrinkLimits limits,
                   Hooks hooks)
    : smallest_(std::move(failing)),
      troubles_(std::move(troubles)),
      limits_(limits),
      hooks_(std::move(hooks)) {}

const RunSize& Shrinker::run() {
  leave_out_all();
  for (RunSize before; before != smallest_ && !at_limit_;) {
    before = smallest_;
    leave_out_each();
    shorten();
  }
  return smallest_;
}

bool Shrinker::try_it(const RunSize& candidate, const std::string& what) {
  if (at_limit_ || tried_.contains(candidate)) return false;
  if (tried_.size() >= limits_.runs_max || hooks_.passed() >= limits_.time_max) {
    at_limit_ = true;
    return false;
  }
  tried_.insert(candidate);
  const bool fails = hooks_.still_fails(candidate);
  hooks_.say(what + (fails ? ": still" : ": no more"));
  if (fails) smallest_ = candidate;
  return fails;
}

void Shrinker::leave_out_all() {
  RunSize candidate = smallest_;
  candidate.without.insert(troubles_.begin(), troubles_.end());
  if (troubles_.size() > 1) try_it(candidate, "without any trouble");
}

void Shrinker::leave_out_each() {
  for (const std::string& trouble : troubles_) {
    RunSize candidate = smallest_;
    if (candidate.without.insert(trouble).second) try_it(candidate, "without " + trouble);
  }
}

void Shrinker::shorten() {
  std::chrono::seconds too_short{0};
  while (smallest_.seconds - too_short > std::chrono::seconds(1) && !at_limit_) {
    RunSize candidate = smallest_;
    candidate.seconds = (too_short + smallest_.seconds) / 2;
    const std::string what = "in " + std::to_string(candidate.seconds.count()) + " s";
    if (!try_it(candidate, what)) too_short = candidate.seconds;
  }
}

}  // namespace muster::sim
