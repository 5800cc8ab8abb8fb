#include "auction/schema_values.h"

#include <algorithm>
#include <cstring>

namespace muster::auction {
namespace {

std::optional<LogTime> time_if(bool is_there, const google::protobuf::Timestamp& time) {
  return is_there ? std::optional(to_time(time)) : std::nullopt;
}

std::optional<Price> price_if(bool is_there, std::uint64_t minor) {
  return is_there ? std::optional(Price{minor}) : std::nullopt;
}

void put_time_unless_none(LogTime time, google::protobuf::Timestamp* (schema::Status::*field)(),
                          schema::Status& out) {
  if (time != LogTime{}) put_time(time, *(out.*field)());
}

}  // namespace

void put_lot(LotId lot, schema::Position& out) {
  out.set_index(lot.opened.index.value);
  out.set_ordinal(lot.opened.ordinal);
}

LotId to_lot(const schema::Position& lot) {
  return {{.index = {lot.index()}, .ordinal = lot.ordinal()}};
}

std::uint64_t to_ms(std::chrono::milliseconds span) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(span.count(), 0));
}

std::chrono::milliseconds from_ms(std::uint64_t ms, std::chrono::milliseconds most) {
  const std::uint64_t more = to_ms(most) + 1;
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(ms, more))};
}

std::string to_field(const std::array<std::byte, 32>& bytes) {
  if (bytes == std::array<std::byte, 32>{}) return {};
  return std::string(as_text(bytes));
}

Result<std::array<std::byte, 32>> from_field(std::string_view field) {
  std::array<std::byte, 32> bytes{};
  if (field.empty()) return bytes;
  if (field.size() != bytes.size()) {
    return Error{ErrorCode::invalid_argument,
                 "a hash or nonce has " + std::to_string(field.size()) + " bytes; send 32 of them"};
  }
  std::memcpy(bytes.data(), field.data(), bytes.size());
  return bytes;
}

Result<Reason> to_reason(int value) {
  if (value == 0) return Reason::accepted;
  return to_value(value, last_reason, "reason");
}

void put_terms(const Terms& terms, schema::Terms& out) {
  out.set_title(terms.title);
  out.set_format(static_cast<schema::Format::Value>(terms.format));
  out.set_currency(terms.currency.code);
  out.set_start(terms.start.minor);
  for (const Step& step : terms.increments) {
    schema::Step& put = *out.add_increments();
    put.set_from(step.from.minor);
    put.set_by(step.by.minor);
  }
  if (terms.reserve) out.set_reserve(terms.reserve->minor);
  if (terms.buy_now) out.set_buy_now(terms.buy_now->minor);
  out.set_floor(terms.floor.minor);
  out.set_step(terms.step.minor);
  out.set_every_ms(to_ms(terms.every));
  out.set_soft_close_ms(to_ms(terms.soft_close));
  out.set_reveal_window_ms(to_ms(terms.reveal_window));
  out.set_extend_on_outage(terms.extend_on_outage);
  if (terms.opens_at) put_time(*terms.opens_at, *out.mutable_opens_at());
  out.set_duration_ms(to_ms(terms.duration));
  if (terms.closes_at) put_time(*terms.closes_at, *out.mutable_closes_at());
}

Result<Terms> to_terms(const schema::Terms& terms) {
  const auto format = to_value(terms.format(), Format::vickrey, "format");
  if (!format) return format.error();
  const auto currency = currency_from(terms.currency());
  if (!currency) return currency.error();
  Terms out{.title = terms.title(),
            .format = *format,
            .currency = *currency,
            .start = {terms.start()},
            .reserve = price_if(terms.has_reserve(), terms.reserve()),
            .buy_now = price_if(terms.has_buy_now(), terms.buy_now()),
            .floor = {terms.floor()},
            .step = {terms.step()},
            .every = from_ms(terms.every_ms()),
            .soft_close = from_ms(terms.soft_close_ms()),
            .reveal_window = from_ms(terms.reveal_window_ms()),
            .extend_on_outage = terms.extend_on_outage(),
            .opens_at = time_if(terms.has_opens_at(), terms.opens_at()),
            .duration = from_ms(terms.duration_ms()),
            .closes_at = time_if(terms.has_closes_at(), terms.closes_at())};
  for (const schema::Step& step : terms.increments()) {
    out.increments.push_back({.from = {step.from()}, .by = {step.by()}});
  }
  return out;
}

void put_status(const Status& status, schema::Status& out) {
  out.set_state(static_cast<schema::State::Value>(status.state));
  if (status.standing) out.set_standing(status.standing->minor);
  out.set_standing_bidder(status.standing_bidder);
  out.set_asking(status.asking.minor);
  out.set_has_reserve(status.has_reserve);
  out.set_reserve_met(status.reserve_met);
  if (status.buy_now) out.set_buy_now(status.buy_now->minor);
  out.set_bids(status.bids);
  out.set_refused(status.refused);
  put_time_unless_none(status.opens_at, &schema::Status::mutable_opens_at, out);
  put_time_unless_none(status.closes_at, &schema::Status::mutable_closes_at, out);
  put_time_unless_none(status.reveal_ends_at, &schema::Status::mutable_reveal_ends_at, out);
  put_time_unless_none(status.next_step_at, &schema::Status::mutable_next_step_at, out);
  out.set_sealed(status.sealed);
  out.set_revealed(status.revealed);
  out.set_winner(status.winner);
  if (status.paid) out.set_paid(status.paid->minor);
  out.set_head(to_field(status.head));
}

Result<Status> to_status(const schema::Status& status) {
  const auto state = to_value(status.state(), State::cancelled, "state");
  if (!state) return state.error();
  const auto head = from_field(status.head());
  if (!head) return head.error();
  return Status{.state = *state,
                .standing = price_if(status.has_standing(), status.standing()),
                .standing_bidder = status.standing_bidder(),
                .asking = {status.asking()},
                .has_reserve = status.has_reserve(),
                .reserve_met = status.reserve_met(),
                .buy_now = price_if(status.has_buy_now(), status.buy_now()),
                .bids = status.bids(),
                .refused = status.refused(),
                .opens_at = to_time(status.opens_at()),
                .closes_at = to_time(status.closes_at()),
                .reveal_ends_at = to_time(status.reveal_ends_at()),
                .next_step_at = to_time(status.next_step_at()),
                .sealed = status.sealed(),
                .revealed = status.revealed(),
                .winner = status.winner(),
                .paid = price_if(status.has_paid(), status.paid()),
                .head = *head};
}

void put_entry(const Entry& entry, schema::Entry& out) {
  out.set_index(entry.position.index.value);
  out.set_ordinal(entry.position.ordinal);
  out.set_number(entry.number);
  put_time(entry.time, *out.mutable_time());
  out.set_act(static_cast<schema::Act::Value>(entry.act));
  out.set_bidder(entry.bidder);
  out.set_price(entry.price.minor);
  out.set_commitment(to_field(entry.commitment));
  out.set_reason(static_cast<schema::Reason::Value>(entry.reason));
  if (entry.standing) out.set_standing(entry.standing->minor);
  out.set_standing_bidder(entry.standing_bidder);
  out.set_hash(to_field(entry.hash));
}

Result<Entry> to_entry(const schema::Entry& entry) {
  const auto act = to_value(entry.act(), Act::retract, "act");
  if (!act) return act.error();
  const auto reason = to_reason(entry.reason());
  if (!reason) return reason.error();
  const auto commitment = from_field(entry.commitment());
  if (!commitment) return commitment.error();
  const auto hash = from_field(entry.hash());
  if (!hash) return hash.error();
  return Entry{.number = entry.number(),
               .position = {.index = {entry.index()}, .ordinal = entry.ordinal()},
               .time = to_time(entry.time()),
               .act = *act,
               .bidder = entry.bidder(),
               .price = {entry.price()},
               .commitment = *commitment,
               .reason = *reason,
               .standing = price_if(entry.has_standing(), entry.standing()),
               .standing_bidder = entry.standing_bidder(),
               .hash = *hash};
}

void put_receipt(const Receipt& receipt, schema::Receipt& out) {
  out.set_index(receipt.position.index.value);
  out.set_ordinal(receipt.position.ordinal);
  put_time(receipt.time, *out.mutable_time());
  out.set_repeated(receipt.repeated);
  put_lot(receipt.lot, *out.mutable_lot());
  out.set_reason(static_cast<schema::Reason::Value>(receipt.reason));
  out.set_number(receipt.number);
  out.set_hash(to_field(receipt.hash));
  out.set_price(receipt.price.minor);
  if (receipt.own_max) out.set_own_max(receipt.own_max->minor);
  out.set_currency(receipt.currency.code);
  put_status(receipt.status, *out.mutable_status());
}

Result<Receipt> to_receipt(const schema::Receipt& receipt) {
  const auto reason = to_reason(receipt.reason());
  if (!reason) return reason.error();
  const auto hash = from_field(receipt.hash());
  if (!hash) return hash.error();
  const auto currency = currency_from(receipt.currency());
  if (!currency) return currency.error();
  const auto status = to_status(receipt.status());
  if (!status) return status.error();
  return Receipt{.position = {.index = {receipt.index()}, .ordinal = receipt.ordinal()},
                 .time = to_time(receipt.time()),
                 .repeated = receipt.repeated(),
                 .lot = to_lot(receipt.lot()),
                 .reason = *reason,
                 .number = receipt.number(),
                 .hash = *hash,
                 .price = {receipt.price()},
                 .own_max = price_if(receipt.has_own_max(), receipt.own_max()),
                 .currency = *currency,
                 .status = *status};
}

}  // namespace muster::auction
