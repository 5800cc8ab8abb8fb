// What is told of the auction's state: answers to queries, and what stands for missed events.
#include <algorithm>
#include <utility>

#include "auction/auction.h"

namespace muster::auction {
namespace {

// Answers stay below what a message may have.
constexpr std::size_t lots_bytes_max = std::size_t{400} * 1024;
constexpr std::size_t history_entries_max = 1'024;

/// At least what the lot takes in an answer.
std::size_t bytes_of(const LotView& view) {
  constexpr std::size_t fixed = 512;
  constexpr std::size_t step = 24;
  return fixed + view.terms.title.size() + step * view.terms.increments.size();
}

Error no_such_lot(LotId lot) {
  return {ErrorCode::not_found, "there is no lot " + to_text(lot) +
                                    ", or it is kept no longer; list the lots for their ids"};
}

/// Walks through what was accepted and what was refused, in the order of the log.
class HistoryWalk {
 public:
  HistoryWalk(const Record& record, std::optional<Position> after, bool with_refused)
      : record_(record) {
    const auto is_past = [&](const Entry& entry) { return !after || entry.position > *after; };
    while (part_ < record_.parts.size() && !is_past(entries().back())) ++part_;
    while (accepted() != nullptr && !is_past(*accepted())) ++entry_;
    refused_ = with_refused ? 0 : record_.refused.size();
    while (refused_ < record_.refused.size() && !is_past(record_.refused[refused_])) ++refused_;
  }

  /// The next line, or null at the end.
  const Entry* next() {
    const Entry* const a = accepted();
    const Entry* const r = refused_ < record_.refused.size() ? &record_.refused[refused_] : nullptr;
    if (r != nullptr && (a == nullptr || r->position < a->position)) {
      ++refused_;
      return r;
    }
    if (a != nullptr && ++entry_ == entries().size()) {
      entry_ = 0;
      ++part_;
    }
    return a;
  }

 private:
  const std::vector<Entry>& entries() const { return record_.parts[part_].read().entries; }
  const Entry* accepted() const {
    return part_ < record_.parts.size() ? &entries()[entry_] : nullptr;
  }

  const Record& record_;
  std::size_t part_{0};
  std::size_t entry_{0};
  std::size_t refused_{0};
};

}  // namespace

Result<Bytes> Auction::topic_state(std::string_view topic) const {
  constexpr std::string_view prefix = "auction/";
  if (topic == lots_topic) return answer(AskLots{.over = false});
  if (!topic.starts_with(prefix)) return Machine::topic_state(topic);
  const auto lot = parse_lot(topic.substr(prefix.size()));
  return lot ? answer(AskLot{*lot}) : Machine::topic_state(topic);
}

Result<Bytes> Auction::query(BytesView request) const {
  const auto query = decode_query(request);
  if (!query) return query.error();
  return std::visit([this](const auto& one) { return answer(one); }, *query);
}

Result<Bytes> Auction::answer(const AskLots& query) const {
  Lots lots;
  std::size_t bytes = 0;
  auto next = query.after ? lots_.upper_bound(*query.after) : lots_.begin();
  for (; next != lots_.end(); ++next) {
    const Lot& lot = next->second.lot.read();
    if (!query.over && is_over(lot.state)) continue;
    LotView view = view_of(lot);
    bytes += bytes_of(view);
    lots.complete = bytes <= lots_bytes_max && (query.count == 0 || lots.lots.size() < query.count);
    if (!lots.complete) break;
    lots.lots.push_back(std::move(view));
  }
  return encode(lots);
}

Result<Bytes> Auction::answer(const AskLot& query) const {
  const Lot* const lot = find(query.lot);
  if (lot == nullptr) return no_such_lot(query.lot);
  return encode(view_of(*lot));
}

Result<Bytes> Auction::answer(const AskHistory& query) const {
  const Lot* const lot = find(query.lot);
  if (lot == nullptr) return no_such_lot(query.lot);
  const Record& record = lot->record;
  History history{.lot = lot->id,
                  .currency = lot->terms.currency,
                  .first_kept = record.first_kept,
                  .before_kept = record.before_kept,
                  .refused_dropped = record.refused_count - record.refused.size(),
                  .status = status_of(*lot)};
  const std::size_t most = query.count == 0
                               ? history_entries_max
                               : std::min<std::size_t>(query.count, history_entries_max);
  HistoryWalk walk(record, query.after, query.refused);
  while (const Entry* const entry = walk.next()) {
    history.complete = history.entries.size() < most;
    if (!history.complete) break;
    history.entries.push_back(*entry);
  }
  return encode(history);
}

// ---- What is settled at home --------------------------------------------------------------------

std::optional<Reason> Auction::why_lost(const Bid& bid, const Lot& lot) {
  if (lot.seller == bid.bidder) return Reason::own_lot;
  if (lot.state >= State::revealing) return why_closed(lot);
  if (is_sealed(lot.terms.format)) return Reason::wrong_format;
  if (!is_currency(bid.currency, lot.terms.currency)) return Reason::wrong_currency;
  if (lot.terms.format == Format::dutch) {
    return bid.price < lot.terms.floor ? std::optional(Reason::too_low) : std::nullopt;
  }
  const EnglishTurn turn =
      play_english(english_rules(lot.terms), lot.board, EnglishBid{bid.bidder, bid.price, bid.max});
  if (turn.reason == Reason::too_low) return turn.reason;
  // Not whether a maximum would be raised: that would let anybody find out a hidden one.
  if (turn.reason == Reason::own_standing_bid && bid.key.empty()) return turn.reason;
  return std::nullopt;
}

std::optional<Reason> Auction::why_lost(const Commit& commit, const Lot& lot) {
  if (lot.seller == commit.bidder) return Reason::own_lot;
  if (lot.state >= State::revealing) return why_closed(lot);
  if (!is_sealed(lot.terms.format)) return Reason::wrong_format;
  return std::nullopt;
}

Result<Bytes> Auction::answer(const Check& query) const {
  const Request request = std::visit([](const auto& bid) -> Request { return bid; }, query.bid);
  if (auto valid = validate(request); !valid) return valid.error();
  Verdict verdict;
  const LotId id = std::visit([](const auto& bid) { return bid.lot; }, query.bid);
  if (const Lot* const lot = find(id)) {
    verdict.status = status_of(*lot);
    verdict.currency = lot->terms.currency;
  }
  verdict.receipt = repeated_receipt(request, house_.read().seen);
  ++bids_checked_;
  if (verdict.receipt) {
    ++bids_settled_;
    verdict.settled = true;
    verdict.reason = verdict.receipt->reason;
    return encode(verdict);
  }
  std::optional<Reason> lost;
  if (const Lot* const lot = find(id)) {
    lost = std::visit([&](const auto& bid) { return why_lost(bid, *lot); }, query.bid);
  } else if (id.opened <= house_.read().applied) {
    lost = Reason::unknown_lot;
  }
  verdict.settled = lost.has_value();
  if (lost) ++bids_settled_;
  verdict.reason = lost.value_or(Reason::accepted);
  return encode(verdict);
}

}  // namespace muster::auction
