// A sealed bid, and its text in the file that keeps it.
#pragma once

#include <string>

#include "auction/record.h"
#include "auction/terms.h"
#include "muster/error.h"

namespace muster::cli {

/// What a commitment stands for. Whoever loses the nonce can't reveal the bid any more.
struct SealedBid {
  auction::LotId lot;
  std::string bidder;
  auction::Price price;
  auction::Nonce nonce{};

  auction::Hash commitment() const { return auction::seal(lot, bidder, price, nonce); }
  /// As a file has it; `parse_sealed_bid` reads it back.
  std::string text() const;
  friend bool operator==(const SealedBid&, const SealedBid&) = default;
};

/// Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<SealedBid> parse_sealed_bid(const std::string& text);

}  // namespace muster::cli
