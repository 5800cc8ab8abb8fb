// The public record of a lot: what was accepted, each with a hash over all before it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "auction/money.h"
#include "auction/reasons.h"
#include "auction/terms.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/sha256.h"

namespace muster::auction {

using Hash = wire::Sha256;
using Nonce = std::array<std::byte, 32>;

/// What somebody did to a lot. The values are part of the schema, of the snapshot format and of the
/// chain's hashes.
enum class Act : std::uint8_t {
  bid = 1,      ///< English: `price`, and perhaps a hidden maximum.
  buy_now = 2,  ///< English: took it at the buy-now price.
  take = 3,     ///< Dutch: took it at the price of the moment.
  commit = 4,   ///< Sealed: `commitment` instead of a price.
  reveal = 5,   ///< Sealed: the price that was committed to.
  retract = 6,  ///< English: took the standing bid back; no earlier bid stands again.
};
/// `BID`, `BUY_NOW` and so on.
std::string_view name_of(Act act);

/// A line of a lot's history: what reached the log. No maximum is in it.
struct Entry {
  std::uint64_t number{0};  ///< In the record, from 1; 0: it was refused.
  Position position{};
  LogTime time{};
  Act act{Act::bid};
  std::string bidder{};
  Price price{};      ///< What was bid in public; 0 for a commitment or a retraction.
  Hash commitment{};  ///< Of a commitment; else zero.
  Reason reason{Reason::accepted};
  std::optional<Price> standing{};  ///< The standing price after it, if a bid stands.
  std::string standing_bidder{};    ///< Whose bid stands after it: not always the bidder.
  Hash hash{};                      ///< In the chain; zero if it was refused.
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// The hash before the first entry of a lot: of the lot's id.
Hash chain_start(LotId lot);
/// The hash of an accepted entry (all of it but `hash` and `reason`) that follows one with the hash
/// `before`: SHA-256 over `muster.auction.entry.1` and the fields, each of fixed width or with its
/// length before it, so that no two entries give the same bytes. Who has the entries can recompute
/// every hash, and one that is changed, left out or moved changes all after it.
Hash chain_next(const Hash& before, LotId lot, const Entry& entry);

/// What a sealed bid commits to: SHA-256 over `muster.auction.sealed.1`, lot, bidder, price and
/// nonce, of fixed width or with the length before. The nonce must be random, else prices can be
/// tried out; lot and bidder keep anybody from taking another's commitment for an own one.
Hash seal(LotId lot, std::string_view bidder, Price price, const Nonce& nonce);

}  // namespace muster::auction
