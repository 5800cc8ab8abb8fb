#include "auction/record.h"

#include "muster/check.h"
#include "muster/codec.h"

namespace muster::auction {
namespace {

void write_lot(Writer& writer, LotId lot) {
  writer.integer(lot.opened.index.value);
  writer.integer(lot.opened.ordinal);
}

}  // namespace

std::string_view name_of(Act act) {
  constexpr std::array<std::string_view, 7> names{"UNKNOWN", "BID",    "BUY_NOW", "TAKE",
                                                  "COMMIT",  "REVEAL", "RETRACT"};
  return names.at(static_cast<std::size_t>(act));
}

Hash chain_start(LotId lot) {
  Bytes bytes;
  Writer writer(bytes);
  writer.sized("muster.auction.lot.1");
  write_lot(writer, lot);
  return wire::sha256(bytes);
}

Hash chain_next(const Hash& before, LotId lot, const Entry& entry) {
  check(entry.reason == Reason::accepted);
  Bytes bytes;
  Writer writer(bytes);
  writer.sized("muster.auction.entry.1");
  writer.raw(before);
  write_lot(writer, lot);
  writer.integer(entry.number);
  writer.integer(entry.position.index.value);
  writer.integer(entry.position.ordinal);
  writer.integer(entry.time.milliseconds);
  writer.integer(static_cast<std::uint8_t>(entry.act));
  writer.sized(entry.bidder);
  writer.integer(entry.price.minor);
  writer.raw(entry.commitment);
  writer.integer(static_cast<std::uint8_t>(entry.standing.has_value()));
  writer.integer(entry.standing.value_or(Price{}).minor);
  writer.sized(entry.standing_bidder);
  return wire::sha256(bytes);
}

Hash seal(LotId lot, std::string_view bidder, Price price, const Nonce& nonce) {
  Bytes bytes;
  Writer writer(bytes);
  writer.sized("muster.auction.sealed.1");
  write_lot(writer, lot);
  writer.sized(bidder);
  writer.integer(price.minor);
  writer.raw(nonce);
  return wire::sha256(bytes);
}

}  // namespace muster::auction
