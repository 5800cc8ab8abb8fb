// The descending auction, as a function.
#pragma once

#include <chrono>
#include <optional>

#include "auction/money.h"
#include "auction/reasons.h"

namespace muster::auction {

/// From `start` the price falls by `step` every `every`, down to `floor`, which stands as long as
/// any price does. Preconditions: `every` and `step` are above 0, `floor` is not above `start`.
struct DutchRules {
  Price start;
  Price floor;
  Price step;
  std::chrono::milliseconds every{};
};

/// The price after so much time, and when it falls next, if it does. Precondition: not negative.
struct DutchPrice {
  Price price;
  std::optional<std::chrono::milliseconds> falls_after{};  ///< Since the opening.
  friend bool operator==(const DutchPrice&, const DutchPrice&) = default;
};
DutchPrice dutch_price(const DutchRules& rules, std::chrono::milliseconds elapsed);
/// How long it takes until the floor has had its turn; nothing if that is above `limit`.
std::optional<std::chrono::milliseconds> dutch_length(const DutchRules& rules,
                                                      std::chrono::milliseconds limit);

struct DutchTurn {
  Reason reason{Reason::accepted};
  Price paid{};  ///< If accepted.
  friend bool operator==(const DutchTurn&, const DutchTurn&) = default;
};
/// What a bid does when `elapsed` has passed: it takes the lot at the price of that moment if it is
/// at least as high, and pays no more than that; below, it is too low (Krishna, "Auction Theory",
/// 1.1; the clock of flower markets). The first bid that is accepted ends the auction.
DutchTurn play_dutch(const DutchRules& rules, std::chrono::milliseconds elapsed, Price bid);

}  // namespace muster::auction
