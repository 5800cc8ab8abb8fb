// Bids, their record, and what is refused with which reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auction/testing.h"

namespace muster::auction::bidding_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(BiddingTest, AReceiptSaysWhatBecameOfTheBid) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  here.bid(lot, "ann", 1'000, 5'000);
  const Receipt ann = here.told.receipt;
  EXPECT_EQ(ann.position, here.position);
  EXPECT_EQ(ann.time, here.time);
  EXPECT_EQ(ann.number, 1U);
  EXPECT_EQ(ann.price, Price{1'000});
  EXPECT_EQ(ann.own_max, Price{5'000});
  EXPECT_EQ(ann.hash, here.history(lot).entries[0].hash);
  EXPECT_EQ(ann.status, here.status(lot));
  here.bid(lot, "bob", 2'000, 3'000);
  const Receipt bob = here.told.receipt;
  EXPECT_EQ(bob.number, 2U);
  EXPECT_EQ(bob.own_max, std::nullopt);
  EXPECT_EQ(bob.status.standing_bidder, "ann");
  EXPECT_EQ(bob.status.standing, Price{3'100});
  EXPECT_EQ(bob.status.head, bob.hash);
  EXPECT_EQ(in_words(bob), "accepted");
  here.bid(lot, "bob", 3'100);
  EXPECT_EQ(here.told.receipt.number, 0U);
  EXPECT_EQ(here.told.receipt.hash, Hash{});
  EXPECT_EQ(in_words(here.told.receipt),
            "the bid is below what is asked; bid at least the asking price: 32.00 EUR");
}

TEST(BiddingTest, NoMaximumAndNoReserveIsInAnythingThatOthersCanSee) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.reserve = Price{77'777};
  const LotId lot = here.open(terms);
  here.bid(lot, "ann", 1'000, 66'666);
  here.bid(lot, "ann", 1'000, 66'667);
  here.bid(lot, "bob", 1'100);
  const Bytes view = here.auction.query(encode(Query{AskLot{lot}})).value();
  const Bytes history = here.auction.query(encode(Query{AskHistory{lot}})).value();
  const Bytes lots = here.auction.query(encode(Query{AskLots{}})).value();
  const Bytes state = here.auction.topic_state(lot_topic(lot)).value();
  std::vector<Bytes> seen = here.told.raw_events;
  seen.insert(seen.end(), {view, history, lots, state, encode(here.told.receipt)});
  // As protobuf writes the numbers, and as they are written in text.
  const auto varint = [](std::uint64_t number) {
    std::string text;
    for (; number >= 0x80; number >>= 7U) text += static_cast<char>((number & 0x7fU) | 0x80U);
    return text + static_cast<char>(number);
  };
  for (const Bytes& bytes : seen) {
    for (const std::uint64_t secret : {66'666, 66'667, 77'777}) {
      EXPECT_EQ(as_text(bytes).find(varint(secret)), std::string_view::npos) << secret;
    }
  }
  EXPECT_NE(as_text(history).find(varint(1'200)), std::string_view::npos);
  EXPECT_TRUE(here.status(lot).has_reserve);
}

TEST(BiddingTest, TheRecordIsInTheOrderOfTheLogAndItsHashesFollowFromEachOther) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  here.bid(lot, "ann", 1'000);
  here.bid(lot, "bob", 1'050);
  here.wait(1s);
  here.bid(lot, "bob", 1'100, 2'000);
  here.bid(lot, "ann", 1'500);
  here.command(Retract{lot, "bob"});
  const History history = here.history(lot);
  ASSERT_EQ(history.entries.size(), 5U);
  EXPECT_TRUE(is_chain(history));
  std::vector<std::string> lines;
  for (const Entry& entry : history.entries) {
    lines.push_back(std::to_string(entry.number) + " " + std::string(name_of(entry.act)) + " " +
                    entry.bidder + " " + std::to_string(entry.price.minor) + " " +
                    std::string(name_of(entry.reason)) + " -> " + entry.standing_bidder + " " +
                    std::to_string(entry.standing.value_or(Price{}).minor));
  }
  EXPECT_THAT(
      lines,
      ElementsAre("1 BID ann 1000 ACCEPTED -> ann 1000", "0 BID bob 1050 TOO_LOW -> ann 1000",
                  "2 BID bob 1100 ACCEPTED -> bob 1100", "3 BID ann 1500 ACCEPTED -> bob 1600",
                  "4 RETRACT bob 0 ACCEPTED ->  0"));
  EXPECT_EQ(history.status.bids, 4U);
  EXPECT_EQ(history.status.refused, 1U);
}

TEST(BiddingTest, AnyChangeToTheRecordBreaksItsChain) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  for (std::uint64_t i = 0; i < 5; ++i) here.bid(lot, i % 2 == 0 ? "ann" : "bob", 1'000 + i * 100);
  const History whole = here.history(lot);
  ASSERT_TRUE(is_chain(whole));
  const auto breaks = [&](auto change) {
    History changed = whole;
    change(changed);
    return !is_chain(changed);
  };
  EXPECT_TRUE(breaks([](History& it) { it.entries[2].price.minor += 1; }));
  EXPECT_TRUE(breaks([](History& it) { it.entries[2].bidder = "bob"; }));
  EXPECT_TRUE(breaks([](History& it) { it.entries[2].time.milliseconds += 1; }));
  EXPECT_TRUE(breaks([](History& it) { it.entries[2].position.ordinal += 1; }));
  EXPECT_TRUE(breaks([](History& it) { it.entries[2].act = Act::buy_now; }));
  EXPECT_TRUE(breaks([](History& it) { it.entries[2].standing_bidder = "bob"; }));
  EXPECT_TRUE(breaks([](History& it) { it.entries[2].standing.reset(); }));
  EXPECT_TRUE(breaks([](History& it) { it.entries.erase(it.entries.begin() + 2); }));
  EXPECT_TRUE(breaks([](History& it) { std::swap(it.entries[2], it.entries[3]); }));
  EXPECT_TRUE(breaks([](History& it) { it.lot.opened.ordinal = 1; }));
  EXPECT_TRUE(breaks([](History& it) { it.entries.pop_back(); }));
}

TEST(BiddingTest, EachRefusalHasItsReason) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const LotId dutch = here.open(Saleroom::dutch());
  const LotId sealed = here.open(Saleroom::sealed());
  EXPECT_EQ(here.bid(LotId{{.index = {9}}}, "ann", 1'000), "UNKNOWN_LOT");
  EXPECT_EQ(here.bid(lot, "sue", 1'000), "OWN_LOT");
  EXPECT_EQ(here.bid(lot, "ann", 999), "TOO_LOW");
  EXPECT_EQ(here.command(Bid{.lot = lot, .bidder = "ann", .price = {1'000}, .currency = "USD"}),
            "WRONG_CURRENCY");
  EXPECT_EQ(here.command(Bid{.lot = lot, .bidder = "ann", .price = {1'000}, .currency = "eur"}),
            "ok");
  EXPECT_EQ(here.bid(lot, "ann", 2'000), "OWN_STANDING_BID");
  EXPECT_EQ(here.bid(lot, "ann", 900, 1'000), "MAX_NOT_RAISED");
  EXPECT_EQ(here.bid(sealed, "ann", 1'000), "WRONG_FORMAT");
  EXPECT_EQ(here.commit(lot, "ann", 1'000), "WRONG_FORMAT");
  EXPECT_EQ(here.reveal(lot, "ann", 1'000), "WRONG_FORMAT");
  EXPECT_EQ(here.command(Retract{dutch, "ann"}), "WRONG_FORMAT");
  EXPECT_EQ(here.command(Retract{LotId{}, "ann"}), "UNKNOWN_LOT");
  EXPECT_EQ(here.bid(dutch, "sue", 10'000), "OWN_LOT");
  EXPECT_EQ(here.commit(sealed, "sue", 1'000), "OWN_LOT");
  EXPECT_EQ(here.status(lot).bids, 1U);
  EXPECT_EQ(here.status(lot).refused, 7U);
}

TEST(BiddingTest, WhatCanBeNoCommandIsRefusedWithoutAReceipt) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const auto bid = [&](const Bid& what) { return here.command(what); };
  EXPECT_THAT(bid({.lot = lot, .bidder = "", .price = {1}}),
              StartsWith("INVALID_ARGUMENT: a person"));
  EXPECT_THAT(bid({.lot = lot, .bidder = "a b", .price = {1}}), HasSubstr("must not have spaces"));
  EXPECT_THAT(bid({.lot = lot, .bidder = "\x1b[2J", .price = {1}}),
              HasSubstr("control characters"));
  EXPECT_THAT(bid({.lot = lot, .bidder = std::string(33, 'a'), .price = {1}}),
              HasSubstr("33 bytes"));
  EXPECT_THAT(bid({.lot = lot, .bidder = "ann", .price = {price_max.minor + 1}}),
              StartsWith("INVALID_ARGUMENT: the price is too large"));
  EXPECT_THAT(bid({.lot = lot, .bidder = "ann", .price = {1}, .max = Price{~std::uint64_t{0}}}),
              StartsWith("INVALID_ARGUMENT: the price is too large"));
  EXPECT_THAT(bid({.lot = lot, .bidder = "ann", .price = {2}, .max = Price{1}}),
              StartsWith("INVALID_ARGUMENT: the maximum is below"));
  EXPECT_THAT(bid({.lot = lot, .bidder = "ann", .price = {1}, .currency = "DEM"}),
              StartsWith("INVALID_ARGUMENT: this is no currency"));
  EXPECT_THAT(bid({.lot = lot, .bidder = "ann", .price = {1}, .key = std::string(65, 'k')}),
              StartsWith("INVALID_ARGUMENT: a key"));
  EXPECT_THAT(here.command(Commit{lot, "ann", Hash{}}), StartsWith("INVALID_ARGUMENT: a sealed"));
  EXPECT_THAT(here.command(as_bytes("\x07nonsense")), StartsWith("INVALID_ARGUMENT"));
  EXPECT_THAT(here.command(BytesView{}), StartsWith("INVALID_ARGUMENT"));
  EXPECT_EQ(here.status(lot).refused, 0U);
}

TEST(BiddingTest, TheRecordIsKeptWithinItsLimitAndStaysVerifiable) {
  Saleroom here(Auction::Options{.entries_kept = 8, .entries_per_part = 4});
  const LotId lot = here.open(Saleroom::english(0, 1));
  for (std::uint64_t i = 0; i < 30; ++i) {
    EXPECT_EQ(here.bid(lot, i % 2 == 0 ? "ann" : "bob", i), "ok");
    const History history = here.history(lot);
    EXPECT_TRUE(is_chain(history)) << i;
    EXPECT_EQ(history.entries.size(), history.status.bids + 1 - history.first_kept);
    EXPECT_LT(history.entries.size(), 12U);
    EXPECT_GE(history.entries.size(), std::min<std::uint64_t>(i + 1, 8));
  }
  EXPECT_EQ(here.history(lot).first_kept, 21U);
  EXPECT_EQ(here.status(lot).bids, 30U);
}

TEST(BiddingTest, TheRecordsOfAllLotsHaveALimitTogether) {
  Saleroom here(Auction::Options{.entries_kept = 100, .entries_per_part = 4, .entries_max = 20});
  const LotId first = here.open(Saleroom::english(0, 1));
  const LotId second = here.open(Saleroom::english(0, 1));
  const auto bid = [&](LotId lot, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
      EXPECT_EQ(here.bid(lot, i % 2 == 0 ? "ann" : "bob", here.status(lot).asking.minor), "ok");
      EXPECT_TRUE(is_chain(here.history(lot)));
    }
  };
  const auto kept = [&](LotId lot) { return here.history(lot).entries.size(); };
  bid(first, 12);
  bid(second, 8);
  EXPECT_EQ(kept(first) + kept(second), 20U);
  bid(second, 2);
  EXPECT_EQ(kept(first), 12U);
  EXPECT_EQ(kept(second), 6U);
  bid(first, 30);
  EXPECT_EQ(kept(first), 14U);
  EXPECT_EQ(kept(second), 6U);
  EXPECT_EQ(here.status(first).bids, 42U);
}

TEST(BiddingTest, RefusedBidsAreKeptWithinTheirLimit) {
  Saleroom here(Auction::Options{.refused_kept = 3});
  const LotId lot = here.open(Saleroom::english());
  for (std::uint64_t price = 1; price <= 10; ++price) here.bid(lot, "ann", price);
  const History history = here.history(lot);
  ASSERT_EQ(history.entries.size(), 3U);
  EXPECT_EQ(history.entries[0].price, Price{8});
  EXPECT_EQ(history.refused_dropped, 7U);
  EXPECT_EQ(history.status.refused, 10U);
}

// ---- Sealed bids --------------------------------------------------------------------------------

TEST(BiddingTest, AVickreyAuctionFromCommitmentsToItsPrice) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::sealed());
  EXPECT_EQ(here.commit(lot, "ann", 1'000, 1), "ok");
  EXPECT_EQ(here.commit(lot, "bob", 800, 2), "ok");
  EXPECT_EQ(here.commit(lot, "cat", 500, 3), "ok");
  EXPECT_EQ(here.reveal(lot, "ann", 1'000, 1), "NOT_REVEALING_YET");
  EXPECT_EQ(here.status(lot).sealed, 3U);
  here.take_events();
  here.wait(60s);
  EXPECT_THAT(here.take_events(), ElementsAre("auction/101.0 REVEALING", "auction/lots REVEALING"));
  EXPECT_EQ(here.status(lot).reveal_ends_at, here.time + 30s);
  EXPECT_EQ(here.commit(lot, "dan", 900), "CLOSED");
  EXPECT_EQ(here.reveal(lot, "ann", 1'001, 1), "COMMITMENT_MISMATCH");
  EXPECT_EQ(here.reveal(lot, "ann", 1'000, 2), "COMMITMENT_MISMATCH");
  EXPECT_EQ(here.reveal(lot, "dan", 900), "NOT_COMMITTED");
  EXPECT_EQ(here.reveal(lot, "ann", 1'000, 1), "ok");
  EXPECT_EQ(here.reveal(lot, "ann", 1'000, 1), "ALREADY_REVEALED");
  EXPECT_EQ(here.reveal(lot, "bob", 800, 2), "ok");
  here.wait(29'999ms);
  EXPECT_EQ(here.where(lot), "REVEALING, asking 100");
  here.wait(1ms);
  EXPECT_EQ(here.where(lot), "SOLD: ann 800");
  EXPECT_EQ(here.reveal(lot, "cat", 500, 3), "ALREADY_SOLD");
  EXPECT_TRUE(is_chain(here.history(lot)));
}

TEST(BiddingTest, WhoDoesNotRevealLosesTheBid) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::sealed(Format::sealed_first));
  here.commit(lot, "ann", 1'000, 1);
  here.commit(lot, "bob", 800, 2);
  here.wait(60s);
  here.reveal(lot, "bob", 800, 2);
  here.wait(30s);
  EXPECT_EQ(here.where(lot), "SOLD: bob 800");
}

TEST(BiddingTest, WhatIsSaidTooEarlyOfASealedBidIsRefusedWithoutTellingItsPrice) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::sealed(Format::sealed_first));
  here.commit(lot, "ann", 1'000, 1);
  EXPECT_EQ(here.reveal(lot, "ann", 1'000, 1), "NOT_REVEALING_YET");
  EXPECT_EQ(here.bid(lot, "bob", 900), "WRONG_FORMAT");
  EXPECT_EQ(here.told.receipt.price, Price{900});  // Only bob sees this.
  ASSERT_EQ(here.history(lot).entries.size(), 3U);
  for (const Entry& entry : here.history(lot).entries) EXPECT_EQ(entry.price, Price{});
  here.wait(60s);
  EXPECT_EQ(here.reveal(lot, "ann", 1'000, 1), "ok");
  EXPECT_EQ(here.history(lot).entries.back().price, Price{1'000});
}

TEST(BiddingTest, WhenAllAreRevealedTheLotEnds) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::sealed(Format::sealed_first));
  const LotId empty = here.open(Saleroom::sealed());
  here.commit(lot, "ann", 1'000, 1);
  here.commit(lot, "bob", 1'000, 2);
  here.wait(60s);
  EXPECT_EQ(here.where(empty), "UNSOLD");
  here.reveal(lot, "bob", 1'000, 2);
  EXPECT_EQ(here.where(lot), "REVEALING, asking 100");
  here.reveal(lot, "ann", 1'000, 1);
  EXPECT_EQ(here.told.receipt.status.state, State::sold);
  EXPECT_EQ(here.where(lot), "SOLD: ann 1000");  // Committed first.
}

TEST(BiddingTest, ALaterCommitmentTakesThePlaceOfTheFirstAndItsOrder) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::sealed(Format::sealed_first));
  here.commit(lot, "ann", 700, 1);
  here.commit(lot, "bob", 1'000, 2);
  here.commit(lot, "ann", 1'000, 3);
  EXPECT_EQ(here.status(lot).sealed, 2U);
  EXPECT_EQ(here.status(lot).bids, 3U);
  here.wait(60s);
  EXPECT_EQ(here.reveal(lot, "ann", 700, 1), "COMMITMENT_MISMATCH");
  here.reveal(lot, "ann", 1'000, 3);
  here.reveal(lot, "bob", 1'000, 2);
  EXPECT_EQ(here.where(lot), "SOLD: bob 1000");
}

TEST(BiddingTest, NobodyCanTakeAnothersCommitmentForAnOwnOne) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::sealed());
  const LotId other = here.open(Saleroom::sealed());
  const Hash ann = seal(lot, "ann", {1'000}, Saleroom::nonce(1));
  here.command(Commit{lot, "ann", ann});
  EXPECT_EQ(here.command(Commit{lot, "eve", ann}), "ok");
  EXPECT_EQ(here.command(Commit{other, "ann", ann}), "ok");
  here.wait(60s);
  EXPECT_EQ(here.reveal(lot, "eve", 1'000, 1), "COMMITMENT_MISMATCH");
  EXPECT_EQ(here.reveal(other, "ann", 1'000, 1), "COMMITMENT_MISMATCH");
}

TEST(BiddingTest, OnlySoManyCommitToBidsForALot) {
  Saleroom here(Auction::Options{.sealed_bidders_max = 2});
  const LotId lot = here.open(Saleroom::sealed());
  here.commit(lot, "ann", 1'000);
  here.commit(lot, "bob", 1'000);
  EXPECT_EQ(here.commit(lot, "cat", 1'000), "TOO_MANY_BIDDERS");
  EXPECT_EQ(here.commit(lot, "bob", 1'100), "ok");
}

// ---- Keys ---------------------------------------------------------------------------------------

TEST(BiddingTest, ABidWithAKeyCountsOnceWhoeverSendsItAgain) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  EXPECT_EQ(here.bid(lot, "ann", 1'000, {}, "k1"), "ok");
  const Receipt first = here.told.receipt;
  here.bid(lot, "bob", 1'100);
  here.wait(10s);
  EXPECT_EQ(here.bid(lot, "ann", 1'000, {}, "k1"), "again ok");
  Receipt again = here.told.receipt;
  EXPECT_TRUE(again.repeated);
  again.repeated = false;
  EXPECT_EQ(again, first);
  EXPECT_EQ(here.status(lot).bids, 2U);
  EXPECT_EQ(here.status(lot).refused, 0U);
}

TEST(BiddingTest, ARefusalIsRepeatedAsWell) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  EXPECT_EQ(here.bid(lot, "ann", 900, {}, "k1"), "TOO_LOW");
  EXPECT_EQ(here.bid(lot, "ann", 900, {}, "k1"), "again TOO_LOW");
  EXPECT_EQ(here.status(lot).refused, 1U);
}

TEST(BiddingTest, AKeyIsOfOnePersonOneLotAndOneCommand) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const LotId other = here.open(Saleroom::english());
  EXPECT_EQ(here.bid(lot, "ann", 1'000, {}, "k1"), "ok");
  EXPECT_EQ(here.bid(lot, "ann", 1'100, {}, "k1"), "KEY_REUSED");
  EXPECT_EQ(here.bid(lot, "ann", 1'000, 2'000, "k1"), "KEY_REUSED");
  EXPECT_EQ(here.command(Retract{lot, "ann", "k1"}), "KEY_REUSED");
  EXPECT_EQ(here.bid(lot, "bob", 1'100, {}, "k1"), "ok");
  EXPECT_EQ(here.bid(other, "ann", 1'000, {}, "k1"), "ok");
  EXPECT_EQ(here.status(lot).bids, 2U);
}

TEST(BiddingTest, AKeyKeepsALotFromBeingOpenedTwice) {
  Saleroom here;
  EXPECT_EQ(here.command(Open{"sue", Saleroom::english(), "k1"}), "ok");
  const LotId lot = here.told.receipt.lot;
  EXPECT_EQ(here.command(Open{"sue", Saleroom::english(), "k1"}), "again ok");
  EXPECT_EQ(here.told.receipt.lot, lot);
  EXPECT_EQ(here.command(Open{"sue", Saleroom::english(2'000), "k1"}), "KEY_REUSED");
  EXPECT_EQ(here.command(Open{"tom", Saleroom::english(), "k1"}), "ok");
  EXPECT_EQ(here.lots().lots.size(), 2U);
}

TEST(BiddingTest, AKeyIsForgottenAfterADay) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.duration = 30h;
  terms.extend_on_outage = false;
  const LotId lot = here.open(terms);
  here.bid(lot, "ann", 1'000, {}, "k1");
  here.stop(24h - 1ms);
  EXPECT_EQ(here.bid(lot, "ann", 1'000, {}, "k1"), "again ok");
  here.stop(1ms);
  EXPECT_EQ(here.bid(lot, "ann", 1'000, {}, "k1"), "OWN_STANDING_BID");
  EXPECT_EQ(here.bid(lot, "ann", 1'000, {}, "k1"), "again OWN_STANDING_BID");
}

TEST(BiddingTest, OnlySoManyKeysAreRememberedAndCommandsWithoutOneGoOn) {
  Saleroom here(Auction::Options{.keys_max = 4, .keys_per_part = 2});
  const LotId lot = here.open(Saleroom::english(0, 1));
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(here.bid(lot, i % 2 == 0 ? "ann" : "bob", i, {}, std::to_string(i)), "ok");
  }
  EXPECT_EQ(here.bid(lot, "ann", 10, {}, "new"), "TOO_MANY_KEYS");
  EXPECT_EQ(here.bid(lot, "ann", 0, {}, "0"), "again ok");
  EXPECT_EQ(here.bid(lot, "ann", 10), "ok");
  here.wait(24h);
  EXPECT_EQ(here.bid(lot, "ann", 10, {}, "new"), "ALREADY_SOLD");
}

}  // namespace
}  // namespace muster::auction::bidding_test
