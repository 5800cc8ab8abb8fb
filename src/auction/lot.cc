#include "auction/lot.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"

namespace muster::auction {

// ---- The record ---------------------------------------------------------------------------------

Record Record::beginning_of(LotId lot) {
  Record record;
  record.head = chain_start(lot);
  record.before_kept = record.head;
  return record;
}

const Entry& Record::add(LotId lot, Entry entry, const Limits& limits) {
  entry.number = ++count;
  entry.hash = chain_next(head, lot, entry);
  head = entry.hash;
  if (parts.empty() || parts.back().read().entries.size() >= limits.entries_per_part) {
    parts.emplace_back().write().lot = lot;
  }
  Entries& last = parts.back().write();
  last.entries.push_back(std::move(entry));
  const std::size_t oldest = parts.front().read().entries.size();
  if (parts.size() > 1 && kept() >= limits.entries_kept + oldest) drop_oldest();
  return parts.back().read().entries.back();
}

void Record::drop_oldest() {
  check(parts.size() > 1);
  const std::vector<Entry>& oldest = parts.front().read().entries;
  before_kept = oldest.back().hash;
  first_kept += oldest.size();
  parts.pop_front();
}

void Record::add_refused(Entry entry, const Limits& limits) {
  ++refused_count;
  refused.push_back(std::move(entry));
  while (refused.size() > limits.refused_kept) refused.pop_front();
}

// ---- What can be told ---------------------------------------------------------------------------

EnglishRules english_rules(const Terms& terms) {
  return {.start = terms.start,
          .increments = terms.increments,
          .reserve = terms.reserve,
          .buy_now = terms.buy_now};
}

DutchRules dutch_rules(const Terms& terms) {
  return {.start = terms.start, .floor = terms.floor, .step = terms.step, .every = terms.every};
}

namespace {

void tell_english(const Lot& lot, Status& status) {
  const EnglishRules rules = english_rules(lot.terms);
  status.asking = lot.board.asking;
  status.reserve_met = rules.reserve && is_reserve_met(rules, lot.board);
  if (!is_over(lot.state)) status.buy_now = buy_now_offer(rules, lot.board);
  if (!lot.board.standing) return;
  status.standing = lot.board.standing->price;
  status.standing_bidder = lot.board.standing->bidder;
}

void tell_sealed(const Lot& lot, Status& status) {
  status.asking = lot.terms.start;
  status.reserve_met = lot.terms.reserve && lot.sale;
  status.reveal_ends_at = lot.reveal_ends_at;
  status.sealed = static_cast<std::uint32_t>(lot.sealed.size());
  status.revealed = static_cast<std::uint32_t>(std::ranges::count_if(
      lot.sealed, [](const auto& each) { return each.second.revealed.has_value(); }));
}

}  // namespace

Status status_of(const Lot& lot) {
  Status status{.state = lot.state,
                .has_reserve = lot.terms.reserve.has_value(),
                .bids = lot.record.count,
                .refused = lot.record.refused_count,
                .opens_at = lot.opens_at,
                .closes_at = lot.closes_at,
                .head = lot.record.head};
  if (lot.terms.format == Format::english) tell_english(lot, status);
  if (lot.terms.format == Format::dutch) {
    status.asking = lot.dutch_price;
    if (lot.state == State::open) status.next_step_at = lot.falls_at;
  }
  if (is_sealed(lot.terms.format)) tell_sealed(lot, status);
  if (lot.sale) {
    status.winner = lot.sale->winner;
    status.paid = lot.sale->paid;
  }
  return status;
}

LotView view_of(const Lot& lot) {
  LotView view{.lot = lot.id,
               .seller = lot.seller,
               .created = lot.created,
               .terms = lot.terms,
               .status = status_of(lot)};
  view.terms.reserve.reset();
  return view;
}

std::optional<LogTime> due_of(const Lot& lot) {
  if (lot.state == State::scheduled) return lot.opens_at;
  if (lot.state == State::revealing) return lot.reveal_ends_at;
  if (lot.state != State::open) return std::nullopt;
  return lot.falls_at == LogTime{} ? lot.closes_at : std::min(lot.closes_at, lot.falls_at);
}

bool is_running(const Lot& lot) {
  return lot.state == State::open || lot.state == State::revealing;
}

std::optional<Reason> why_closed(const Lot& lot) {
  switch (lot.state) {
    case State::scheduled:
      return Reason::not_open_yet;
    case State::open:
      return std::nullopt;
    case State::paused:
      return Reason::paused;
    case State::sold:
      return Reason::already_sold;
    case State::cancelled:
      return Reason::cancelled;
    case State::revealing:
    case State::unsold:
      break;
  }
  return Reason::closed;
}

bool is_currency(std::string_view code, const Currency& currency) {
  if (code.empty()) return true;
  const auto named = currency_from(code);
  return named && *named == currency;
}

// ---- Time ---------------------------------------------------------------------------------------

std::chrono::milliseconds elapsed(const Lot& lot, LogTime time) {
  return std::max(time - lot.opens_at - lot.stood_still, std::chrono::milliseconds{0});
}

void set_dutch_price(Lot& lot, LogTime time) {
  const auto [price, falls_after] = dutch_price(dutch_rules(lot.terms), elapsed(lot, time));
  lot.dutch_price = price;
  lot.falls_at = falls_after ? lot.opens_at + lot.stood_still + *falls_after : LogTime{};
}

void stand_still(Lot& lot, std::chrono::milliseconds by) {
  if (lot.state == State::revealing) {
    lot.reveal_ends_at = lot.reveal_ends_at + by;
    return;
  }
  lot.closes_at = lot.closes_at + by;
  if (lot.terms.format != Format::dutch) return;
  lot.stood_still += by;
  if (lot.falls_at != LogTime{}) lot.falls_at = lot.falls_at + by;
}

std::chrono::milliseconds close_softly(Lot& lot, LogTime time) {
  const LogTime end = time + lot.terms.soft_close;
  if (lot.terms.soft_close.count() == 0 || end <= lot.closes_at) return {};
  const auto by = end - lot.closes_at;
  lot.closes_at = end;
  return by;
}

std::optional<Sale> sale_of(const Lot& lot) {
  if (lot.terms.format == Format::dutch) return std::nullopt;
  if (lot.terms.format == Format::english) {
    return close_english(english_rules(lot.terms), lot.board);
  }
  std::vector<SealedBid> bids;
  for (const auto& [bidder, offer] : lot.sealed) {
    if (offer.revealed) bids.push_back({bidder, *offer.revealed, offer.committed});
  }
  return settle_sealed(
      {.format = lot.terms.format, .start = lot.terms.start, .reserve = lot.terms.reserve}, bids);
}

}  // namespace muster::auction
