// A traffic light: its programme, the way of an ambulance, and never two greens that conflict.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "muster/error.h"
#include "muster/time.h"

namespace muster::mobility {

/// A set of movements of one crossing (ways over it that have lights of their own): bit `m` is
/// movement `m`.
using Movements = std::uint32_t;
/// Precondition: below `SignalPlan::movements_max`.
constexpr Movements only(std::size_t movement) {
  return Movements{1} << movement;
}

/// How a crossing is regulated. Times are at least as safe as the defaults: a yellow of 3 s is the
/// least of the Manual on Uniform Traffic Control Devices (FHWA 2009, section 4D.26).
struct SignalPlan {
  static constexpr std::size_t movements_max = 32;
  static constexpr std::size_t phases_max = 64;
  static constexpr Duration time_max{std::chrono::hours{1}};  ///< Of each of its times.

  struct Phase {
    Movements green{};
    Duration length{};  ///< Of the green.
    friend bool operator==(const Phase&, const Phase&) = default;
  };

  std::vector<Movements> conflicts{};  ///< For each movement, those that must not go with it.
  std::vector<Phase> phases{};         ///< One after the other, and again.
  Duration yellow{std::chrono::seconds{3}};
  Duration all_red{std::chrono::seconds{2}};      ///< Between a yellow and what conflicts with it.
  Duration least_green{std::chrono::seconds{5}};  ///< Also of one that is cut short.
  Duration most_presence{std::chrono::minutes{1}};  ///< That an ambulance may hold its green.
  friend bool operator==(const SignalPlan&, const SignalPlan&) = default;
};

/// Errors: INVALID_ARGUMENT, with what to change: no or too many movements or phases, conflicts
/// that are not mutual, a phase whose greens conflict, is empty or shorter than `least_green`, a
/// yellow below 3 s, a clearance below 1 s, a time beyond an hour.
[[nodiscard]] Result<void> validate(const SignalPlan& plan);

enum class Colour : std::uint8_t { red, yellow, green };

/// What became of the wish for a green, as SAE J2735 has it (DE_PrioritizationResponseStatus).
enum class Preemption : std::uint8_t {
  none,          ///< Nobody wishes for one.
  processing,    ///< The light is on its way there.
  granted,       ///< It is green.
  rejected,      ///< The crossing has no such movement.
  max_presence,  ///< It was green for as long as it may be, and the programme goes on.
};

/// Runs one light. A wish for a green (`hold`) makes the light go to the phase that has it, by the
/// same steps as ever: least green, yellow, all red. When the wish is given back, or its lease has
/// ended, the programme goes on with the phase after that one. So nothing that comes from outside,
/// or does not come any more, can make conflicting ways green.
///
/// Pure: time is what `advance` was told last. Thread-safety: none.
class SignalController {
 public:
  /// Begins with all red, then the first phase. Precondition: the plan is valid.
  SignalController(SignalPlan plan, Instant now);

  /// Time passes. Precondition: `now` is not before the last.
  void advance(Instant now);
  /// When something changes by itself next.
  Instant next_change() const;

  Colour colour(std::size_t movement) const;
  Movements greens() const { return stage_ == Stage::green ? shown_ : shown_ & target_; }

  /// Wishes for a green until `lease_ends`, in place of an earlier wish. The same movement again
  /// before its lease has ended renews that, and does not begin its presence anew.
  Preemption hold(std::size_t movement, Instant lease_ends);
  void release();
  Preemption preemption() const { return preemption_; }

 private:
  enum class Stage : std::uint8_t {
    green,   ///< `shown_` is green.
    yellow,  ///< What of `shown_` is not in `target_` is yellow; the rest stays green.
    red,     ///< The same is red; the rest of `target_` waits.
  };

  void step();
  void go_to(Movements target);
  void go_on();
  Movements greens_with(std::size_t movement);
  bool is_held() const;
  Instant hold_ends() const;
  Instant may_leave() const { return stage_began_ + plan_.least_green; }

  SignalPlan plan_;
  Instant now_;
  Stage stage_{Stage::red};
  Instant stage_began_;
  Instant green_until_{};  // Of the programme's phase.
  Movements shown_{0};
  Movements target_{0};
  std::size_t phase_{0};
  std::optional<std::size_t> wished_{};
  Instant lease_ends_{};
  std::optional<Instant> granted_at_{};
  Preemption preemption_{Preemption::none};
};

}  // namespace muster::mobility
