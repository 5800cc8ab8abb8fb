// From a run that shows a violation to the smallest one that still shows it.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace muster::sim {

/// What may be made smaller of the run of a seed.
struct RunSize {
  std::set<std::string> without;   ///< Kinds of trouble that are left out, by name.
  std::chrono::seconds seconds{};  ///< Simulated.
  friend auto operator<=>(const RunSize&, const RunSize&) = default;
};

struct ShrinkLimits {
  std::size_t runs_max{60};
  std::chrono::seconds time_max{120};  ///< No run begins later.
};

/// Leaves kinds of trouble out, all at once or else one by one, and shortens the run by halves, for
/// as long as something helps. In the end each kind that is left was needed, unless a limit was
/// reached before. Nothing is tried twice.
class Shrinker {
 public:
  struct Hooks {
    /// Runs it: whether it shows the same violation.
    std::function<bool(const RunSize&)> still_fails;
    /// How long it has taken until now.
    std::function<std::chrono::steady_clock::duration()> passed;
    /// A line for people.
    std::function<void(const std::string&)> say;
  };

  /// `failing` shows the violation, and has the kinds of trouble `troubles`.
  Shrinker(RunSize failing, std::vector<std::string> troubles, ShrinkLimits limits, Hooks hooks);

  /// The smallest that still fails.
  const RunSize& run();
  const RunSize& smallest() const { return smallest_; }
  std::size_t runs() const { return tried_.size(); }
  bool at_limit() const { return at_limit_; }

 private:
  bool try_it(const RunSize& candidate, const std::string& what);
  void leave_out_all();
  void leave_out_each();
  void shorten();

  RunSize smallest_;
  const std::vector<std::string> troubles_;
  const ShrinkLimits limits_;
  const Hooks hooks_;
  std::set<RunSize> tried_;
  bool at_limit_{false};
};

}  // namespace muster::sim
