// What one person does at auctions: sells, bids, commits and reveals, steers, and says things
// twice.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "auction/messages.h"
#include "base/random.h"
#include "sim/auction_checkers.h"
#include "sim/scenario.h"

namespace muster::sim {

/// Decides what a client's person does next, by chance, from what all know of the lots. Draws from
/// numbers of its own. Thread-safety: none.
class AuctionLoad {
 public:
  /// References outlive this.
  AuctionLoad(std::uint32_t client, const Scenario& scenario, AuctionCheckers& checkers);

  /// Whether the next operation of this client is one of these.
  bool wants() { return random_.chance(options_.share); }
  /// The next command, or nothing for now.
  std::optional<auction::Request> next();
  /// The last one, for this lot, was answered.
  void answered(const auction::Request& request, const auction::Receipt& receipt);

 private:
  /// A sealed bid that was made, whether or not it came to be.
  struct Secret {
    auction::Price price;
    auction::Nonce nonce{};
  };
  using Story = std::pair<const auction::LotId, LotStory>;

  auction::Request open();
  auction::Terms english();
  auction::Terms dutch();
  auction::Terms sealed();
  std::optional<auction::Request> act(const Story& lot);
  auction::Request bid_english(const Story& lot);
  std::optional<auction::Request> bid_dutch(const Story& lot);
  std::optional<auction::Request> bid_sealed(const Story& lot);
  std::optional<auction::Request> reveal(const Story& lot);
  auction::Request steer(const Story& lot);
  std::chrono::milliseconds span(std::int64_t low, std::int64_t high);
  std::string key();

  const std::string person_;
  const AuctionOptions& options_;
  AuctionCheckers& checkers_;
  Random random_;
  std::uint64_t keys_{0};
  std::map<auction::LotId, std::vector<Secret>> secrets_;
  std::set<auction::LotId> revealed_;
};

}  // namespace muster::sim
