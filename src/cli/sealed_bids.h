// Sealed bids that only this user knows, until they are revealed.
#pragma once

#include <string>

#include "auction/record.h"
#include "auction/terms.h"
#include "cli/sealed_bid.h"
#include "muster/error.h"

namespace muster::cli {

/// A sealed bid with a fresh nonce from the system's cryptographic source.
SealedBid make_sealed_bid(auction::LotId lot, std::string bidder, auction::Price price);

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
