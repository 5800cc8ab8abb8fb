// The ascending auction with proxies, as a function.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "auction/increments.h"
#include "auction/money.h"
#include "auction/reasons.h"
#include "auction/sale.h"

namespace muster::auction {

struct EnglishRules {
  Price start;
  Increments increments;
  std::optional<Price> reserve{};
  std::optional<Price> buy_now{};
};

/// Where the bidding stands.
struct EnglishBoard {
  struct Standing {
    std::string bidder;
    Price max;    ///< How far it may go on by itself. Hidden.
    Price price;  ///< What it is now.
    friend bool operator==(const Standing&, const Standing&) = default;
  };
  std::optional<Standing> standing{};
  Price asking{};  ///< The least that the next bid may be: never falls. At first the start.
  bool buy_now_gone{false};
  friend bool operator==(const EnglishBoard&, const EnglishBoard&) = default;
};
EnglishBoard english_start(const EnglishRules& rules);

struct EnglishBid {
  std::string bidder;
  Price price;
  std::optional<Price> max{};  ///< Not below `price`.
};
struct EnglishRetraction {
  std::string bidder;
};
using EnglishMove = std::variant<EnglishBid, EnglishRetraction>;

struct EnglishTurn {
  Reason reason{Reason::accepted};
  EnglishBoard board{};        ///< After the move; as before if it was refused.
  Price bid{};                 ///< What the bidder bid, as others see it.
  std::optional<Sale> sale{};  ///< Bought on the spot.
  friend bool operator==(const EnglishTurn&, const EnglishTurn&) = default;
};

/// What a move does. One rule for all bids: a bid is a maximum (its price, if it has no `max`), and
/// the highest maximum stands at the second highest plus the increment there, but at no more than
/// itself, and at no less than its bidder's price; of equal ones the earlier stands (Vickrey 1961,
/// as proxies of eBay, Trade Me and GunBroker do it).
///
/// - A bid counts if its maximum is at least what is asked: the standing price plus the increment
///   there, or the start. A price below that is lifted to it, if there is a `max` that allows it.
/// - Who stands can only raise the maximum, which changes no price.
/// - The reserve bids like a hidden proxy of the seller: once the standing maximum reaches it, the
///   standing price is at least the reserve (eBay, Trade Me). Below it there is no sale.
/// - A bid whose price is at least `buy_now` has the lot at `buy_now`, as long as that is on offer:
///   without a reserve until the first bid, with one until that is met (eBay, Trade Me).
/// - A retraction takes the standing bid away and revives no earlier one (UCC 2-328(3)): nobody
///   stands, and what is asked stays as it is.
///
/// So the standing price never falls while bids stand, and what is asked never does.
EnglishTurn play_english(const EnglishRules& rules, const EnglishBoard& board,
                         const EnglishMove& move);

bool is_reserve_met(const EnglishRules& rules, const EnglishBoard& board);
/// The price of buying now, while it is on offer.
std::optional<Price> buy_now_offer(const EnglishRules& rules, const EnglishBoard& board);
/// What the close makes of it: the standing bidder pays the standing price, if that is the reserve.
std::optional<Sale> close_english(const EnglishRules& rules, const EnglishBoard& board);

}  // namespace muster::auction
