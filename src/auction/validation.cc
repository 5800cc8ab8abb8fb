// Which commands can be commands at all.
#include <variant>

#include "auction/messages.h"

namespace muster::auction {
namespace {

Error not_possible(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what)};
}

Result<void> validate_price(Price price) {
  if (price <= price_max) return {};
  return not_possible("the price is too large; bid at most " + std::to_string(price_max.minor) +
                      " minor units");
}

Result<void> validate_one(const Open& open) {
  if (auto valid = validate_person(open.seller); !valid) return valid;
  return validate_terms(open.terms);
}

Result<void> validate_one(const Bid& bid) {
  if (auto valid = validate_person(bid.bidder); !valid) return valid;
  if (auto valid = validate_price(bid.price); !valid) return valid;
  if (bid.max) {
    if (auto valid = validate_price(*bid.max); !valid) return valid;
    if (*bid.max < bid.price) {
      return not_possible("the maximum is below the bid; raise the one or lower the other");
    }
  }
  if (bid.currency.empty()) return {};
  const auto currency = currency_from(bid.currency);
  return currency ? Result<void>() : currency.error();
}

Result<void> validate_one(const Commit& commit) {
  if (auto valid = validate_person(commit.bidder); !valid) return valid;
  if (commit.commitment != Hash{}) return {};
  return not_possible("a sealed bid has no commitment; send the hash of lot, bidder, price, nonce");
}

Result<void> validate_one(const Reveal& reveal) {
  if (auto valid = validate_person(reveal.bidder); !valid) return valid;
  return validate_price(reveal.price);
}

Result<void> validate_one(const Retract& retract) {
  return validate_person(retract.bidder);
}

Result<void> validate_one(const Steer& steer) {
  const bool is_nobody = steer.seller.empty() && steer.key.empty();  // As the leader's own.
  if (!is_nobody) {
    if (auto valid = validate_person(steer.seller); !valid) return valid;
  }
  if (steer.what != Steering::extend) return {};
  if (steer.by >= time_min && steer.by <= lot_time_max) return {};
  return not_possible("a lot is extended by 100ms to 366 days; say by how much");
}

}  // namespace

Result<void> validate(const Request& request) {
  return std::visit(
      [](const auto& one) -> Result<void> {
        if (auto valid = validate_key(one.key); !valid) return valid;
        return validate_one(one);
      },
      request);
}

}  // namespace muster::auction
