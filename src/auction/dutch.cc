#include "auction/dutch.h"

#include "muster/check.h"

namespace muster::auction {
namespace {

/// How often the price falls until it is the floor.
std::uint64_t falls(const DutchRules& rules) {
  const std::uint64_t fall = rules.start.minor - rules.floor.minor;
  return fall / rules.step.minor + (fall % rules.step.minor == 0 ? 0 : 1);
}

}  // namespace

DutchPrice dutch_price(const DutchRules& rules, std::chrono::milliseconds elapsed) {
  check(elapsed.count() >= 0 && rules.every.count() > 0 && rules.step > Price{});
  const auto turn = static_cast<std::uint64_t>(elapsed / rules.every);
  if (turn >= falls(rules)) return {.price = rules.floor};
  // Fewer turns than falls, so that the product is less than the whole fall.
  return {.price = {rules.start.minor - turn * rules.step.minor},
          .falls_after = rules.every * static_cast<std::int64_t>(turn + 1)};
}

std::optional<std::chrono::milliseconds> dutch_length(const DutchRules& rules,
                                                      std::chrono::milliseconds limit) {
  const auto turns_max = static_cast<std::uint64_t>(limit / rules.every);
  const std::uint64_t before_floor = falls(rules);
  if (before_floor >= turns_max) return std::nullopt;
  return rules.every * static_cast<std::int64_t>(before_floor + 1);
}

DutchTurn play_dutch(const DutchRules& rules, std::chrono::milliseconds elapsed, Price bid) {
  const Price price = dutch_price(rules, elapsed).price;
  if (bid < price) return {.reason = Reason::too_low};
  return {.paid = price};
}

}  // namespace muster::auction
