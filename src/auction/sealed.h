// Sealed bids, first-price and Vickrey, as a function.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "auction/money.h"
#include "auction/sale.h"
#include "auction/terms.h"
#include "muster/ids.h"

namespace muster::auction {

struct SealedRules {
  Format format{Format::sealed_first};  ///< Or `vickrey`.
  Price start;                          ///< A bid below it is none.
  std::optional<Price> reserve{};
};
/// A bid that was revealed.
struct SealedBid {
  std::string bidder;
  Price price;
  Position committed;  ///< Where in the log it was committed to: the earlier wins a tie.
};

/// Who has the lot, of one bid a bidder in any order. The highest bid wins if it is not below
/// `start` and the reserve, of equal ones the one committed to first. First-price: it pays itself.
/// Vickrey: it pays the highest of the other bids, the reserve and the start (Vickrey 1961; with a
/// reserve: Myerson 1981; Krishna, "Auction Theory", 2.2 and 2.5).
std::optional<Sale> settle_sealed(const SealedRules& rules, std::span<const SealedBid> bids);

}  // namespace muster::auction
