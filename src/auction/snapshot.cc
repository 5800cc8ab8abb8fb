// The auction's part of a snapshot, written; `restore.cc` reads it. See `parts.h` for the order.
//
//   entries: u8 1, lot, u64 number of the first, u32 count, then each: entry
//   lot:     u8 2, lot, seller, i64 created, terms, u8 state, i64 opens, i64 closes, i64 reveal
//            ends, i64 paused, i64 over, i64 stood still, asking, standing or none, u8 buy-now
//            gone, Dutch price, i64 falls, sealed bids, sale or none, record
//   record:  u64 count, head, u64 first kept, hash before it, u64 refused, u32 count, then each:
//            entry, u8 reason
//   entry:   position, i64 time, u8 act, bidder, price, commitment, standing price or none,
//            standing bidder
//   house:   u8 4, i64 seen, position applied
//
// The hashes of entries are not written: they follow from the one before what is kept.
#include "auction/auction.h"
#include "auction/parts.h"

namespace muster::auction {
namespace {

void write_time(Writer& writer, LogTime time) {
  writer.integer(time.milliseconds);
}

void write_time_if(Writer& writer, const std::optional<LogTime>& time) {
  writer.integer(static_cast<std::uint8_t>(time.has_value()));
  if (time) write_time(writer, *time);
}

void write_entry(Writer& writer, const Entry& entry) {
  write_position(writer, entry.position);
  write_time(writer, entry.time);
  writer.integer(static_cast<std::uint8_t>(entry.act));
  writer.sized(entry.bidder);
  writer.integer(entry.price.minor);
  writer.raw(entry.commitment);
  write_price_if(writer, entry.standing);
  writer.sized(entry.standing_bidder);
}

void write_terms(Writer& writer, const Terms& terms) {
  writer.sized(terms.title);
  writer.integer(static_cast<std::uint8_t>(terms.format));
  writer.sized(terms.currency.code);
  writer.integer(terms.start.minor);
  writer.integer(static_cast<std::uint32_t>(terms.increments.size()));
  for (const auto& [from, by] : terms.increments) {
    writer.integer(from.minor);
    writer.integer(by.minor);
  }
  write_price_if(writer, terms.reserve);
  write_price_if(writer, terms.buy_now);
  writer.integer(terms.floor.minor);
  writer.integer(terms.step.minor);
  writer.integer(std::int64_t{terms.every.count()});
  writer.integer(std::int64_t{terms.soft_close.count()});
  writer.integer(std::int64_t{terms.reveal_window.count()});
  writer.integer(static_cast<std::uint8_t>(terms.extend_on_outage));
  write_time_if(writer, terms.opens_at);
  writer.integer(std::int64_t{terms.duration.count()});
  write_time_if(writer, terms.closes_at);
}

void write_bids(Writer& writer, const Lot& lot) {
  writer.integer(lot.board.asking.minor);
  writer.integer(static_cast<std::uint8_t>(lot.board.standing.has_value()));
  if (lot.board.standing) {
    writer.sized(lot.board.standing->bidder);
    writer.integer(lot.board.standing->max.minor);
    writer.integer(lot.board.standing->price.minor);
  }
  writer.integer(static_cast<std::uint8_t>(lot.board.buy_now_gone));
  writer.integer(lot.dutch_price.minor);
  write_time(writer, lot.falls_at);
  writer.integer(static_cast<std::uint32_t>(lot.sealed.size()));
  for (const auto& [bidder, offer] : lot.sealed) {
    writer.sized(bidder);
    writer.raw(offer.commitment);
    write_position(writer, offer.committed);
    write_price_if(writer, offer.revealed);
  }
  writer.integer(static_cast<std::uint8_t>(lot.sale.has_value()));
  if (lot.sale) {
    writer.sized(lot.sale->winner);
    writer.integer(lot.sale->paid.minor);
  }
}

void write_record(Writer& writer, const Record& record) {
  writer.integer(record.count);
  writer.raw(record.head);
  writer.integer(record.first_kept);
  writer.raw(record.before_kept);
  writer.integer(record.refused_count);
  writer.integer(static_cast<std::uint32_t>(record.refused.size()));
  for (const Entry& entry : record.refused) {
    write_entry(writer, entry);
    writer.integer(static_cast<std::uint8_t>(entry.reason));
  }
}

}  // namespace

void Entries::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(entries_tag);
  write_position(writer, lot.opened);
  writer.integer(entries.front().number);
  writer.integer(static_cast<std::uint32_t>(entries.size()));
  for (const Entry& entry : entries) write_entry(writer, entry);
}

void Lot::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(lot_tag);
  write_position(writer, id.opened);
  writer.sized(seller);
  write_time(writer, created);
  write_terms(writer, terms);
  writer.integer(static_cast<std::uint8_t>(state));
  for (const LogTime time : {opens_at, closes_at, reveal_ends_at, paused_at, over_at}) {
    write_time(writer, time);
  }
  writer.integer(std::int64_t{stood_still.count()});
  write_bids(writer, *this);
  write_record(writer, record);
}

void Auction::House::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(house_tag);
  write_time(writer, seen);
  write_position(writer, applied);
}

service::FrozenParts Auction::freeze() const {
  service::FrozenParts parts;
  for (const auto& [id, kept] : lots_) {
    for (const auto& entries : kept.lot.read().record.parts) parts.push_back(entries.share());
    parts.push_back(kept.lot.share());
  }
  keys_.freeze(parts);
  parts.push_back(house_.share());
  return parts;
}

}  // namespace muster::auction
