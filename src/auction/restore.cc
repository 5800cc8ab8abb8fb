// The auction's part of a snapshot, read. What is taken in holds together, chain and all, and would
// be written in the same bytes.
#include <algorithm>
#include <utility>

#include "auction/auction.h"
#include "auction/parts.h"

namespace muster::auction {
namespace {

Error damaged(const std::string& what) {
  return {ErrorCode::internal,
          "a snapshot's part of the auction can't be read (" + what + "); take the snapshot anew"};
}

std::optional<LogTime> read_time_if(PartReader& reader) {
  return reader.flag() ? std::optional(reader.time()) : std::nullopt;
}

Entry read_entry(PartReader& reader) {
  Entry entry{.position = reader.position(),
              .time = reader.time(),
              .act = reader.value(Act::retract),
              .bidder = reader.text(),
              .price = reader.price(),
              .commitment = reader.hash(),
              .standing = reader.price_if(),
              .standing_bidder = reader.text()};
  reader.expect(validate_person(entry.bidder).has_value());
  reader.expect(entry.standing.has_value() != entry.standing_bidder.empty());
  if (entry.standing) reader.expect(validate_person(entry.standing_bidder).has_value());
  reader.expect((entry.act == Act::commit) == (entry.commitment != Hash{}));
  return entry;
}

/// In the order of the log.
bool follows(const Entry& entry, const Entry& before) {
  return entry.position > before.position && entry.time >= before.time;
}

Terms read_terms(PartReader& reader) {
  Terms terms{.title = reader.text(), .format = reader.value(Format::vickrey)};
  const std::string code = reader.text();
  const auto currency = currency_from(code);
  reader.expect(currency && currency->code == code);
  if (currency) terms.currency = *currency;
  terms.start = reader.price();
  const auto steps = reader.integer<std::uint32_t>();
  reader.expect(steps <= increment_steps_max);
  for (std::uint32_t i = 0; i < steps && reader.ok(); ++i) {
    const Price from = reader.price();
    terms.increments.push_back({.from = from, .by = reader.price()});
  }
  terms.reserve = reader.price_if();
  terms.buy_now = reader.price_if();
  terms.floor = reader.price();
  terms.step = reader.price();
  terms.every = reader.span();
  terms.soft_close = reader.span();
  terms.reveal_window = reader.span();
  terms.extend_on_outage = reader.flag();
  terms.opens_at = read_time_if(reader);
  terms.duration = reader.span();
  terms.closes_at = read_time_if(reader);
  if (reader.ok()) reader.expect(validate_terms(terms).has_value());
  return terms;
}

EnglishBoard read_board(PartReader& reader) {
  EnglishBoard board{.asking = reader.price(Price{2 * price_max.minor})};
  if (reader.flag()) {
    EnglishBoard::Standing standing{
        .bidder = reader.text(), .max = reader.price(), .price = reader.price()};
    reader.expect(standing.price <= standing.max && validate_person(standing.bidder).has_value());
    board.standing = std::move(standing);
  }
  board.buy_now_gone = reader.flag();
  return board;
}

std::map<std::string, SealedOffer> read_sealed(PartReader& reader, std::size_t most) {
  std::map<std::string, SealedOffer> sealed;
  const auto count = reader.integer<std::uint32_t>();
  reader.expect(count <= most);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    std::string bidder = reader.text();
    SealedOffer offer{
        .commitment = reader.hash(), .committed = reader.position(), .revealed = reader.price_if()};
    reader.expect(validate_person(bidder).has_value() && offer.commitment != Hash{});
    reader.expect(sealed.empty() || sealed.rbegin()->first < bidder);
    sealed.emplace(std::move(bidder), offer);
  }
  return sealed;
}

std::optional<Sale> read_sale(PartReader& reader) {
  if (!reader.flag()) return std::nullopt;
  Sale sale{.winner = reader.text(), .paid = reader.price()};
  reader.expect(validate_person(sale.winner).has_value());
  return sale;
}

Record read_record(PartReader& reader, const Record::Limits& limits) {
  Record record{.count = reader.count(),
                .head = reader.hash(),
                .first_kept = reader.count(),
                .before_kept = reader.hash()};
  record.refused_count = reader.count();
  const auto refused = reader.integer<std::uint32_t>();
  reader.expect(refused == std::min<std::uint64_t>(record.refused_count, limits.refused_kept));
  for (std::uint32_t i = 0; i < refused && reader.ok(); ++i) {
    Entry entry = read_entry(reader);
    entry.reason = reader.value(last_reason);
    reader.expect(record.refused.empty() || follows(entry, record.refused.back()));
    record.refused.push_back(std::move(entry));
  }
  return record;
}

/// Numbers and chains the entries, and says whether they are exactly what the record counts.
bool chain(LotId lot, Record& record, const Record::Limits& limits) {
  if (record.first_kept == 0) return false;
  if (record.first_kept == 1 && record.before_kept != chain_start(lot)) return false;
  Hash hash = record.before_kept;
  std::uint64_t number = record.first_kept;
  const Entry* before = nullptr;
  for (auto& part : record.parts) {
    Entries& entries = part.write();
    if (entries.lot != lot || entries.entries.front().number != number) return false;
    const bool is_last = &part == &record.parts.back();
    if (!is_last && entries.entries.size() != limits.entries_per_part) return false;
    for (Entry& entry : entries.entries) {
      if (before != nullptr && !follows(entry, *before)) return false;
      entry.number = number++;
      entry.hash = chain_next(hash, lot, entry);
      hash = entry.hash;
      before = &entry;
    }
  }
  if (record.parts.empty())
    return record.count == 0 && record.first_kept == 1 && hash == record.head;
  const std::uint64_t kept = number - record.first_kept;
  const std::size_t oldest = record.parts.front().read().entries.size();
  const bool few = record.parts.size() == 1 || kept < limits.entries_kept + oldest;
  const bool whole = (record.first_kept - 1) % limits.entries_per_part == 0;
  return few && whole && number == record.count + 1 && hash == record.head;
}

/// Whether what the lot has is what a lot of its format and state can have.
bool holds_together(const Lot& lot) {
  const Format format = lot.terms.format;
  const bool revealed = std::ranges::any_of(
      lot.sealed, [](const auto& each) { return each.second.revealed.has_value(); });
  if (format != Format::english && lot.board != EnglishBoard{}) return false;
  if (format != Format::dutch &&
      (lot.dutch_price != Price{} || lot.falls_at != LogTime{} || lot.stood_still.count() != 0)) {
    return false;
  }
  if (!is_sealed(format) && (!lot.sealed.empty() || lot.reveal_ends_at != LogTime{})) return false;
  if (lot.state == State::revealing && lot.sealed.empty()) return false;
  if (lot.state < State::revealing && revealed) return false;
  if ((lot.state == State::paused) != (lot.paused_at != LogTime{})) return false;
  if (!is_over(lot.state) && lot.over_at != LogTime{}) return false;
  return (lot.state == State::sold) == lot.sale.has_value();
}

}  // namespace

Result<void> Auction::restore(BytesView part) {
  Reader reader(part);
  const auto tag = reader.integer<std::uint8_t>();
  if (restored_whole_) return damaged("a part behind the last one");
  if (tag == entries_tag) return restore_entries(reader);
  if (tag == lot_tag) return restore_lot(reader);
  if (tag == house_tag) return restore_house(reader);
  if (tag != keys_tag) return damaged("it is of no known kind");
  if (!restored_entries_.empty()) return damaged("entries of no lot");
  if (!keys_.restore(reader)) return damaged("receipts");
  return {};
}

Result<void> Auction::restore_entries(Reader& bytes) {
  PartReader reader(bytes);
  service::CopyOnWrite<Entries> part;
  Entries& entries = part.write();
  entries.lot = LotId{reader.position()};
  const std::uint64_t first = reader.count();
  const auto count = reader.integer<std::uint32_t>();
  reader.expect(count > 0 && count <= options_.entries_per_part && keys_.is_empty());
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    entries.entries.push_back(read_entry(reader));
  }
  if (!reader.finished()) return damaged("entries");
  entries.entries.front().number = first;
  restored_entries_.push_back(std::move(part));
  return {};
}

Result<void> Auction::restore_lot(Reader& bytes) {
  PartReader reader(bytes);
  Lot lot;
  lot.id = LotId{reader.position()};
  lot.seller = reader.text();
  lot.created = reader.time();
  lot.terms = read_terms(reader);
  lot.state = reader.value(State::cancelled);
  for (LogTime* const time :
       {&lot.opens_at, &lot.closes_at, &lot.reveal_ends_at, &lot.paused_at, &lot.over_at}) {
    *time = reader.time();
  }
  lot.stood_still = reader.span();
  lot.board = read_board(reader);
  lot.dutch_price = reader.price();
  lot.falls_at = reader.time();
  lot.sealed = read_sealed(reader, options_.sealed_bidders_max);
  lot.sale = read_sale(reader);
  lot.record = read_record(reader, record_limits());
  if (!reader.finished() || !validate_person(lot.seller)) return damaged("a lot");
  lot.record.parts = std::exchange(restored_entries_, {});
  if (!chain(lot.id, lot.record, record_limits())) return damaged("a lot's record");
  if (!holds_together(lot)) return damaged("a lot's state");
  if (!lots_.empty() && lots_.rbegin()->first >= lot.id) return damaged("order of lots");
  if (lots_.size() >= options_.lots_max || !keys_.is_empty()) return damaged("too many lots");
  const LotId id = lot.id;
  entries_ += lot.record.kept();
  lots_[id].lot.write() = std::move(lot);
  changed(id);
  return {};
}

Result<void> Auction::restore_house(Reader& bytes) {
  PartReader reader(bytes);
  House house;
  house.seen = reader.time();
  house.applied = reader.position();
  if (!reader.finished() || !restored_entries_.empty()) return damaged("the house");
  house_.write() = house;
  restored_whole_ = true;
  return {};
}

void Auction::clear() {
  lots_.clear();
  keys_.clear();
  house_ = {};
  due_.clear();
  over_.clear();
  running_.clear();
  entries_ = 0;
  restored_entries_.clear();
  restored_whole_ = false;
}

}  // namespace muster::auction
