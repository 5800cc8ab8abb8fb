// Every message survives its bytes, and bytes that are none are refused.
#include "auction/messages.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "auction/auction.pb.h"
#include "auction/testing.h"
#include "wire/control.h"

namespace muster::auction::messages_test {
namespace {

using namespace std::chrono_literals;

const LotId lot{{.index = {17}, .ordinal = 3}};

Hash hash_of(std::string_view text) {
  return wire::sha256(as_bytes(text));
}

Terms full_terms() {
  return {.title = "a bicycle, nearly new",
          .format = Format::english,
          .currency = {"BHD", 3},
          .start = {1},
          .increments = {{{0}, {5}}, {{100}, {10}}},
          .reserve = Price{0},
          .buy_now = Price{7},
          .floor = {2},
          .step = {3},
          .every = 4ms,
          .soft_close = 5ms,
          .reveal_window = 6ms,
          .extend_on_outage = false,
          .opens_at = LogTime{1'001},
          .duration = 7ms,
          .closes_at = LogTime{-1'999}};
}

Status full_status() {
  return {.state = State::revealing,
          .standing = Price{0},
          .standing_bidder = "ann",
          .asking = {2},
          .has_reserve = true,
          .reserve_met = true,
          .buy_now = Price{3},
          .bids = 4,
          .refused = 5,
          .opens_at = {6},
          .closes_at = {7},
          .reveal_ends_at = {8},
          .next_step_at = {9},
          .sealed = 10,
          .revealed = 11,
          .winner = "bob",
          .paid = Price{12},
          .head = hash_of("head")};
}

Entry full_entry() {
  return {.number = 1,
          .position = {.index = {2}, .ordinal = 3},
          .time = {4},
          .act = Act::commit,
          .bidder = "ann",
          .price = {5},
          .commitment = hash_of("commitment"),
          .reason = Reason::too_low,
          .standing = Price{6},
          .standing_bidder = "bob",
          .hash = hash_of("entry")};
}

Receipt full_receipt() {
  return {.position = {.index = {1}, .ordinal = 2},
          .time = {3},
          .repeated = true,
          .lot = lot,
          .reason = last_reason,
          .number = 4,
          .hash = hash_of("receipt"),
          .price = {5},
          .own_max = Price{6},
          .currency = {"JPY", 0},
          .status = full_status()};
}

TEST(MessagesTest, RequestsSurviveTheirBytes) {
  for (const Request& request :
       {Request{Open{"sue", full_terms(), "key"}}, Request{Open{"sue", Terms{}, ""}},
        Request{Bid{lot, "ann", {1}, Price{2}, "EUR", "key"}},
        Request{Bid{.lot = lot, .bidder = "ann", .price = {1}}},
        Request{Commit{lot, "ann", hash_of("x"), "key"}},
        Request{Reveal{lot, "ann", {1}, hash_of("nonce"), "key"}},
        Request{Reveal{lot, "ann", {1}, Nonce{}, ""}}, Request{Retract{lot, "ann", "key"}},
        Request{Steer{lot, "sue", Steering::cancel, 5s, "key"}}}) {
    EXPECT_EQ(decode_request(encode(request)).value(), request);
  }
}

TEST(MessagesTest, ReceiptsEventsAndAnswersSurviveTheirBytes) {
  EXPECT_EQ(decode_receipt(encode(full_receipt())).value(), full_receipt());
  EXPECT_EQ(decode_receipt(encode(Receipt{})).value(), Receipt{});
  const LotEvent event{.what = Happening::ended,
                       .lot = lot,
                       .title = "a bicycle",
                       .currency = {"JPY", 0},
                       .entry = full_entry(),
                       .by = 5s,
                       .status = full_status()};
  EXPECT_EQ(decode_event(encode(event)).value(), event);
  EXPECT_EQ(decode_event(encode(LotEvent{})).value(), LotEvent{});
  const LotEvent after_years{.what = Happening::extended, .by = 7 * lot_time_max};
  EXPECT_EQ(decode_event(encode(after_years)).value(), after_years);
  const LotView view{lot, "sue", {5}, full_terms(), full_status()};
  EXPECT_EQ(decode_lot(encode(view)).value(), view);
  const Lots lots{.lots = {view, LotView{}}, .complete = false};
  EXPECT_EQ(decode_lots(encode(lots)).value(), lots);
  const History history{.lot = lot,
                        .currency = {"BHD", 3},
                        .entries = {full_entry(), Entry{}},
                        .complete = false,
                        .first_kept = 7,
                        .before_kept = hash_of("before"),
                        .refused_dropped = 8,
                        .status = full_status()};
  EXPECT_EQ(decode_history(encode(history)).value(), history);
  const Verdict verdict{.settled = true,
                        .reason = Reason::own_lot,
                        .receipt = full_receipt(),
                        .status = full_status(),
                        .currency = {"JPY", 0}};
  EXPECT_EQ(decode_verdict(encode(verdict)).value(), verdict);
  EXPECT_EQ(decode_verdict(encode(Verdict{})).value(), Verdict{});
}

TEST(MessagesTest, QueriesSurviveTheirBytes) {
  for (const Query& query :
       {Query{AskLots{}}, Query{AskLots{lot, 5, false}}, Query{AskLot{lot}}, Query{AskHistory{lot}},
        Query{AskHistory{lot, Position{.index = {4}, .ordinal = 5}, 6, false}},
        Query{Check{Bid{lot, "ann", {1}, Price{2}, "EUR", "key"}}},
        Query{Check{Commit{lot, "ann", hash_of("x"), "key"}}}}) {
    EXPECT_EQ(decode_query(encode(query)).value(), query);
  }
}

TEST(MessagesTest, EveryReasonHasANameACodeAndWords) {
  std::set<std::string_view> names;
  for (int value = 0; value <= static_cast<int>(last_reason); ++value) {
    const auto reason = static_cast<Reason>(value);
    names.insert(name_of(reason));
    EXPECT_FALSE(explain(reason).empty());
    if (reason != Reason::accepted) {
      EXPECT_NE(code_of(reason), ErrorCode::internal) << name_of(reason);
    }
    EXPECT_EQ(name_of(reason),
              schema::Reason::Value_Name(static_cast<schema::Reason::Value>(value)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last_reason) + 1);
}

TEST(MessagesTest, NamesAreThoseOfTheSchema) {
  for (int value = 1; value <= 7; ++value) {
    EXPECT_EQ(name_of(static_cast<State>(value)),
              schema::State::Value_Name(static_cast<schema::State::Value>(value)));
  }
  for (int value = 1; value <= 6; ++value) {
    EXPECT_EQ(name_of(static_cast<Act>(value)),
              schema::Act::Value_Name(static_cast<schema::Act::Value>(value)));
  }
  for (int value = 1; value <= 9; ++value) {
    EXPECT_EQ(name_of(static_cast<Happening>(value)),
              schema::Happening::Value_Name(static_cast<schema::Happening::Value>(value)));
  }
  EXPECT_EQ(name_of(Steering::extend), "extend");
}

template <class Message>
bool is_invalid(const Message& message) {
  const auto request = decode_request(wire::encode(message));
  return !request && request.error().code == ErrorCode::invalid_argument;
}

TEST(MessagesTest, WhatThisVersionDoesNotKnowIsRefused) {
  schema::Command command;
  EXPECT_TRUE(is_invalid(command));
  command.mutable_open()->mutable_terms()->set_currency("EUR");
  EXPECT_TRUE(is_invalid(command));  // No format.
  command.mutable_open()->mutable_terms()->set_format(schema::Format::ENGLISH);
  EXPECT_FALSE(is_invalid(command));
  command.mutable_open()->mutable_terms()->set_format(static_cast<schema::Format::Value>(5));
  EXPECT_TRUE(is_invalid(command));
  command.mutable_open()->mutable_terms()->set_format(schema::Format::DUTCH);
  command.mutable_open()->mutable_terms()->set_currency("XYZ");
  EXPECT_TRUE(is_invalid(command));
  command.mutable_commit()->set_commitment("31 bytes are too few for a hash");
  EXPECT_TRUE(is_invalid(command));
  command.mutable_reveal()->set_nonce(std::string(33, 'n'));
  EXPECT_TRUE(is_invalid(command));
  command.mutable_steer();
  EXPECT_TRUE(is_invalid(command));
  command.mutable_steer()->set_what(static_cast<schema::Steering::Value>(6));
  EXPECT_TRUE(is_invalid(command));
  schema::Query query;
  query.mutable_check()->mutable_retract()->set_bidder("ann");
  EXPECT_EQ(decode_query(wire::encode(query)).error().code, ErrorCode::invalid_argument);
}

TEST(MessagesTest, SpansBeyondAllLimitsStayBeyondThem) {
  schema::Command command;
  command.mutable_steer()->set_what(schema::Steering::EXTEND);
  command.mutable_steer()->set_by_ms(~std::uint64_t{0});
  const Request request = decode_request(wire::encode(command)).value();
  EXPECT_GT(std::get<Steer>(request).by, lot_time_max);
  EXPECT_FALSE(validate(request));
}

TEST(MessagesTest, ATitleOfAMegabyteIsRefused) {
  schema::Command command;
  command.mutable_open()->mutable_terms()->set_title(std::string(std::size_t{1} << 20U, 't'));
  std::string bytes;
  ASSERT_TRUE(command.SerializeToString(&bytes));
  EXPECT_EQ(decode_request(as_bytes(bytes)).error().code, ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace muster::auction::messages_test
