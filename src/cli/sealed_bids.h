// Sealed bids that only this user knows, until they are revealed.
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
  friend bool operator==(const SealedBid&, const SealedBid&) = default;
};

/// A sealed bid with a fresh nonce from the system's cryptographic source.
SealedBid make_sealed_bid(auction::LotId lot, std::string bidder, auction::Price price);

/// As the text of a file, which `parse_sealed_bid` reads back.
std::string to_text(const SealedBid& bid);
/// Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<SealedBid> parse_sealed_bid(const std::string& text);

/// The folder of sealed bids: a file each, named by its commitment, for its owner only.
class SealedBids {
 public:
  /// Precondition: the folder is there, or its parent is.
  explicit SealedBids(std::string folder) : folder_(std::move(folder)) {}

  /// Durable when it returns. Errors: as those of writing files.
  [[nodiscard]] Result<void> keep(const SealedBid& bid);
  /// Errors: NOT_FOUND, naming the file that is missing; INVALID_ARGUMENT if it is no sealed bid.
  [[nodiscard]] Result<SealedBid> find(const auction::Hash& commitment) const;
  [[nodiscard]] Result<void> forget(const auction::Hash& commitment);
  std::string path_of(const auction::Hash& commitment) const;

 private:
  std::string folder_;
};

}  // namespace muster::cli
