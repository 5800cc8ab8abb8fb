// Events, queries and their answers as bytes.
#include <utility>

#include "auction/messages.h"
#include "auction/schema_values.h"
#include "wire/control.h"

namespace muster::auction {
namespace {

/// No silence is longer, and no time plus one overflows.
constexpr std::chrono::milliseconds silence_max = 1'000 * lot_time_max;

void put(const AskLots& query, schema::Query& out) {
  schema::AskLots& lots = *out.mutable_lots();
  if (query.after) put_lot(*query.after, *lots.mutable_after());
  lots.set_count(query.count);
  lots.set_over(query.over);
}
void put(const AskLot& query, schema::Query& out) {
  put_lot(query.lot, *out.mutable_lot()->mutable_lot());
}
void put(const AskHistory& query, schema::Query& out) {
  schema::AskHistory& history = *out.mutable_history();
  put_lot(query.lot, *history.mutable_lot());
  if (query.after) put_lot({*query.after}, *history.mutable_after());
  history.set_count(query.count);
  history.set_refused(query.refused);
}
void put(const Check& query, schema::Query& out) {
  std::visit([&](const auto& bid) { put_command(bid, *out.mutable_check()); }, query.bid);
}

Result<Query> read_check(const schema::Command& command) {
  auto request = to_request(command);
  if (!request) return request.error();
  if (auto* const bid = std::get_if<Bid>(&*request)) return Query{Check{std::move(*bid)}};
  if (auto* const commit = std::get_if<Commit>(&*request)) return Query{Check{std::move(*commit)}};
  return Error{ErrorCode::invalid_argument,
               "only bids and sealed bids can be checked; send the command itself"};
}

void put_view(const LotView& view, schema::LotView& out) {
  put_lot(view.lot, *out.mutable_lot());
  out.set_seller(view.seller);
  put_time(view.created, *out.mutable_created());
  put_terms(view.terms, *out.mutable_terms());
  put_status(view.status, *out.mutable_status());
}

Result<LotView> to_view(const schema::LotView& view) {
  auto terms = to_terms(view.terms());
  if (!terms) return terms.error();
  auto status = to_status(view.status());
  if (!status) return status.error();
  return LotView{.lot = to_lot(view.lot()),
                 .seller = view.seller(),
                 .created = to_time(view.created()),
                 .terms = std::move(*terms),
                 .status = std::move(*status)};
}

}  // namespace

std::string_view name_of(Happening what) {
  constexpr std::array<std::string_view, 10> names{"UNKNOWN",   "SCHEDULED", "OPENED", "BID",
                                                   "STEPPED",   "EXTENDED",  "PAUSED", "RESUMED",
                                                   "REVEALING", "ENDED"};
  return names.at(static_cast<std::size_t>(what));
}

Bytes encode(const LotEvent& event) {
  schema::LotEvent out;
  out.set_what(static_cast<schema::Happening::Value>(event.what));
  put_lot(event.lot, *out.mutable_lot());
  out.set_title(event.title);
  out.set_currency(event.currency.code);
  if (event.entry) put_entry(*event.entry, *out.mutable_entry());
  out.set_by_ms(to_ms(event.by));
  put_status(event.status, *out.mutable_status());
  return wire::encode(out);
}

Result<LotEvent> decode_event(BytesView bytes) {
  const auto event = wire::decode<schema::LotEvent>(bytes);
  if (!event) return event.error();
  const auto what = to_value(event->what(), Happening::ended, "event");
  if (!what) return what.error();
  const auto currency = currency_from(event->currency());
  if (!currency) return currency.error();
  auto status = to_status(event->status());
  if (!status) return status.error();
  LotEvent out{.what = *what,
               .lot = to_lot(event->lot()),
               .title = event->title(),
               .currency = *currency,
               .by = from_ms(event->by_ms(), silence_max),
               .status = std::move(*status)};
  if (event->has_entry()) {
    auto entry = to_entry(event->entry());
    if (!entry) return entry.error();
    out.entry = std::move(*entry);
  }
  return out;
}

Bytes encode(const Query& query) {
  schema::Query out;
  std::visit([&](const auto& one) { put(one, out); }, query);
  return wire::encode(out);
}

Result<Query> decode_query(BytesView bytes) {
  const auto query = wire::decode<schema::Query>(bytes);
  if (!query) return query.error();
  switch (query->what_case()) {
    case schema::Query::kLots: {
      AskLots lots{.count = query->lots().count(), .over = query->lots().over()};
      if (query->lots().has_after()) lots.after = to_lot(query->lots().after());
      return Query{lots};
    }
    case schema::Query::kLot:
      return Query{AskLot{to_lot(query->lot().lot())}};
    case schema::Query::kHistory: {
      AskHistory history{.lot = to_lot(query->history().lot()),
                         .count = query->history().count(),
                         .refused = query->history().refused()};
      if (query->history().has_after()) history.after = to_lot(query->history().after()).opened;
      return Query{history};
    }
    case schema::Query::kCheck:
      return read_check(query->check());
    case schema::Query::WHAT_NOT_SET:
      break;
  }
  return Error{ErrorCode::invalid_argument,
               "this version of the auction service knows no such query"};
}

Bytes encode(const LotView& view) {
  schema::LotView out;
  put_view(view, out);
  return wire::encode(out);
}

Result<LotView> decode_lot(BytesView bytes) {
  const auto view = wire::decode<schema::LotView>(bytes);
  if (!view) return view.error();
  return to_view(*view);
}

Bytes encode(const Lots& lots) {
  schema::Lots out;
  for (const LotView& view : lots.lots) put_view(view, *out.add_lots());
  out.set_complete(lots.complete);
  return wire::encode(out);
}

Result<Lots> decode_lots(BytesView bytes) {
  const auto lots = wire::decode<schema::Lots>(bytes);
  if (!lots) return lots.error();
  Lots out{.complete = lots->complete()};
  for (const schema::LotView& view : lots->lots()) {
    auto read = to_view(view);
    if (!read) return read.error();
    out.lots.push_back(std::move(*read));
  }
  return out;
}

Bytes encode(const History& history) {
  schema::History out;
  put_lot(history.lot, *out.mutable_lot());
  out.set_currency(history.currency.code);
  for (const Entry& entry : history.entries) put_entry(entry, *out.add_entries());
  out.set_complete(history.complete);
  out.set_first_kept(history.first_kept);
  out.set_before_kept(to_field(history.before_kept));
  out.set_refused_dropped(history.refused_dropped);
  put_status(history.status, *out.mutable_status());
  return wire::encode(out);
}

Result<History> decode_history(BytesView bytes) {
  const auto history = wire::decode<schema::History>(bytes);
  if (!history) return history.error();
  const auto currency = currency_from(history->currency());
  if (!currency) return currency.error();
  const auto before = from_field(history->before_kept());
  if (!before) return before.error();
  auto status = to_status(history->status());
  if (!status) return status.error();
  History out{.lot = to_lot(history->lot()),
              .currency = *currency,
              .complete = history->complete(),
              .first_kept = history->first_kept(),
              .before_kept = *before,
              .refused_dropped = history->refused_dropped(),
              .status = std::move(*status)};
  for (const schema::Entry& entry : history->entries()) {
    auto read = to_entry(entry);
    if (!read) return read.error();
    out.entries.push_back(std::move(*read));
  }
  return out;
}

Bytes encode(const Verdict& verdict) {
  schema::Verdict out;
  out.set_settled(verdict.settled);
  out.set_reason(static_cast<schema::Reason::Value>(verdict.reason));
  if (verdict.receipt) put_receipt(*verdict.receipt, *out.mutable_receipt());
  if (verdict.status) put_status(*verdict.status, *out.mutable_status());
  out.set_currency(verdict.currency.code);
  return wire::encode(out);
}

Result<Verdict> decode_verdict(BytesView bytes) {
  const auto verdict = wire::decode<schema::Verdict>(bytes);
  if (!verdict) return verdict.error();
  const auto reason = to_reason(verdict->reason());
  if (!reason) return reason.error();
  const auto currency = currency_from(verdict->currency());
  if (!currency) return currency.error();
  Verdict out{.settled = verdict->settled(), .reason = *reason, .currency = *currency};
  if (verdict->has_receipt()) {
    auto receipt = to_receipt(verdict->receipt());
    if (!receipt) return receipt.error();
    out.receipt = std::move(*receipt);
  }
  if (verdict->has_status()) {
    auto status = to_status(verdict->status());
    if (!status) return status.error();
    out.status = std::move(*status);
  }
  return out;
}

}  // namespace muster::auction
