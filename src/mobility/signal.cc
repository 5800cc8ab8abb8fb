#include "mobility/signal.h"

#include <algorithm>
#include <string>
#include <utility>

#include "muster/check.h"

namespace muster::mobility {
namespace {

constexpr Duration least_yellow = std::chrono::seconds{3};
constexpr Duration least_clearance = std::chrono::seconds{1};

Error wrong_plan(const std::string& why) {
  return {ErrorCode::invalid_argument, "a signal plan " + why};
}

bool conflicts_within(const SignalPlan& plan, Movements greens) {
  for (std::size_t movement = 0; movement < plan.conflicts.size(); ++movement) {
    if ((greens & only(movement)) != 0 && (greens & plan.conflicts[movement]) != 0) return true;
  }
  return false;
}

Result<void> check_conflicts(const SignalPlan& plan, Movements all) {
  for (std::size_t movement = 0; movement < plan.conflicts.size(); ++movement) {
    const std::string name = std::to_string(movement);
    const Movements others = plan.conflicts[movement];
    if ((others & ~all) != 0) return wrong_plan("has a conflict with a movement that there is not");
    if ((others & only(movement)) != 0)
      return wrong_plan("has movement " + name + " conflict with itself");
    for (std::size_t other = 0; other < plan.conflicts.size(); ++other) {
      const bool there = (others & only(other)) != 0;
      const bool back = (plan.conflicts[other] & only(movement)) != 0;
      if (there != back) {
        return wrong_plan("needs mutual conflicts: look at movements " + name + " and " +
                          std::to_string(other));
      }
    }
  }
  return {};
}

}  // namespace

Result<void> validate(const SignalPlan& plan) {
  if (plan.conflicts.empty() || plan.conflicts.size() > SignalPlan::movements_max) {
    return wrong_plan("has 1 to 32 movements");
  }
  if (plan.phases.empty() || plan.phases.size() > SignalPlan::phases_max) {
    return wrong_plan("has 1 to 64 phases");
  }
  if (plan.yellow < least_yellow) return wrong_plan("has a yellow of at least 3 s");
  if (plan.all_red < least_clearance) return wrong_plan("has all lights red for at least 1 s");
  if (plan.least_green <= Duration::zero() || plan.most_presence < plan.least_green) {
    return wrong_plan("has a least green above 0, and a presence of at least that");
  }
  if (std::max({plan.yellow, plan.all_red, plan.most_presence}) > SignalPlan::time_max) {
    return wrong_plan("has no time beyond an hour");
  }
  const auto all = static_cast<Movements>((std::uint64_t{1} << plan.conflicts.size()) - 1);
  if (auto valid = check_conflicts(plan, all); !valid) return valid;
  for (std::size_t i = 0; i < plan.phases.size(); ++i) {
    const SignalPlan::Phase& phase = plan.phases[i];
    const std::string name = "phase " + std::to_string(i);
    if (phase.green == 0 || (phase.green & ~all) != 0) {
      return wrong_plan("needs movements that there are in " + name);
    }
    if (conflicts_within(plan, phase.green))
      return wrong_plan("has greens that conflict in " + name);
    if (phase.length < plan.least_green || phase.length > SignalPlan::time_max) {
      return wrong_plan("needs a time from the least green to an hour in " + name);
    }
  }
  return {};
}

SignalController::SignalController(SignalPlan plan, Instant now)
    : plan_(std::move(plan)), now_(now), stage_began_(now) {
  check(validate(plan_).has_value());
  target_ = plan_.phases.front().green;
}

void SignalController::advance(Instant now) {
  check(now >= now_);
  while (next_change() <= now) {
    now_ = next_change();
    step();
  }
  now_ = now;
}

bool SignalController::is_held() const {
  return wished_ && (preemption_ == Preemption::processing || preemption_ == Preemption::granted);
}

// Of a hold: by its lease, or when it was green for as long as it may be.
Instant SignalController::hold_ends() const {
  if (!granted_at_) return lease_ends_;
  return std::min(lease_ends_, *granted_at_ + plan_.most_presence);
}

Instant SignalController::next_change() const {
  const Instant end = is_held() ? std::max(hold_ends(), now_) : Instant::max();
  switch (stage_) {
    case Stage::yellow:
      return std::min(stage_began_ + plan_.yellow, end);
    case Stage::red:
      return std::min(stage_began_ + plan_.all_red, end);
    case Stage::green:
      break;
  }
  if (is_held()) {
    const bool is_there = (shown_ & only(*wished_)) != 0;
    return is_there ? end : std::min(std::max(may_leave(), now_), end);
  }
  return std::max(green_until_, may_leave());
}

void SignalController::step() {
  if (is_held() && now_ >= hold_ends()) {
    const bool too_long = granted_at_ && now_ >= *granted_at_ + plan_.most_presence;
    preemption_ = too_long ? Preemption::max_presence : Preemption::none;
    if (!too_long) wished_.reset();
    granted_at_.reset();
    green_until_ = now_;
    return;
  }
  switch (stage_) {
    case Stage::yellow:
      stage_ = Stage::red;
      stage_began_ = now_;
      return;
    case Stage::red:
      shown_ = target_;
      stage_ = Stage::green;
      stage_began_ = now_;
      green_until_ = now_ + plan_.phases[phase_].length;
      if (is_held() && (shown_ & only(*wished_)) != 0) {
        preemption_ = Preemption::granted;
        granted_at_ = now_;
      }
      return;
    case Stage::green:
      break;
  }
  if (is_held()) return go_to(greens_with(*wished_));
  go_on();
}

// The first phase from the present one on that has the movement; if none has, it alone.
Movements SignalController::greens_with(std::size_t movement) {
  for (std::size_t i = 0; i < plan_.phases.size(); ++i) {
    const std::size_t phase = (phase_ + i) % plan_.phases.size();
    if ((plan_.phases[phase].green & only(movement)) == 0) continue;
    phase_ = phase;
    return plan_.phases[phase].green;
  }
  return only(movement);
}

void SignalController::go_on() {
  phase_ = (phase_ + 1) % plan_.phases.size();
  go_to(plan_.phases[phase_].green);
}

void SignalController::go_to(Movements target) {
  target_ = target;
  if (target == shown_) {
    green_until_ = now_ + plan_.phases[phase_].length;
    return;
  }
  stage_ = Stage::yellow;
  stage_began_ = now_;
}

Colour SignalController::colour(std::size_t movement) const {
  check(movement < plan_.conflicts.size());
  if ((shown_ & only(movement)) == 0) return Colour::red;
  if (stage_ == Stage::green || (target_ & only(movement)) != 0) return Colour::green;
  return stage_ == Stage::yellow ? Colour::yellow : Colour::red;
}

Preemption SignalController::hold(std::size_t movement, Instant lease_ends) {
  if (movement >= plan_.conflicts.size()) return Preemption::rejected;
  if (wished_ == movement && now_ < lease_ends_) {  // Also one that had its time already.
    lease_ends_ = lease_ends;
    return preemption_;
  }
  wished_ = movement;
  lease_ends_ = lease_ends;
  granted_at_.reset();
  preemption_ = Preemption::processing;
  if (stage_ == Stage::green && (shown_ & only(movement)) != 0) {
    preemption_ = Preemption::granted;
    granted_at_ = now_;
  }
  return preemption_;
}

void SignalController::release() {
  if (is_held()) green_until_ = now_;
  wished_.reset();
  granted_at_.reset();
  preemption_ = Preemption::none;
}

}  // namespace muster::mobility
