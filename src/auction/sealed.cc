#include "auction/sealed.h"

#include <algorithm>

namespace muster::auction {

std::optional<Sale> settle_sealed(const SealedRules& rules, std::span<const SealedBid> bids) {
  const Price least = std::max(rules.start, rules.reserve.value_or(rules.start));
  const SealedBid* best = nullptr;
  Price second{};
  for (const SealedBid& bid : bids) {
    if (bid.price < rules.start) continue;
    const bool is_better = best == nullptr || bid.price > best->price ||
                           (bid.price == best->price && bid.committed < best->committed);
    if (is_better && best != nullptr) second = std::max(second, best->price);
    if (!is_better) second = std::max(second, bid.price);
    if (is_better) best = &bid;
  }
  if (best == nullptr || best->price < least) return std::nullopt;
  const Price paid = rules.format == Format::vickrey ? std::max(second, least) : best->price;
  return Sale{best->bidder, paid};
}

}  // namespace muster::auction
