// What the auction shows to people and to scripts.
#include "cli/auction_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace muster::cli::auction_lines_test {
namespace {

using auction::Act;
using auction::Entry;
using auction::Happening;
using auction::Price;
using auction::Reason;
using auction::State;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr LogTime noon{1'764'158'400'000};  // 2025-11-26T12:00:00Z.
const auction::LotId lot_id{{LogIndex{17}, 0}};
const auction::Currency euro{"EUR", 2};

auction::Hash hash_of(std::uint8_t byte) {
  auction::Hash hash;
  hash.fill(std::byte{byte});
  return hash;
}

/// `byte` in hexadecimal, 32 times.
std::string hex(const std::string& byte) {
  std::string text;
  for (int i = 0; i < 32; ++i) text += byte;
  return text;
}

auction::LotView chair() {
  auction::LotView lot{.lot = lot_id, .seller = "sel", .created = noon};
  lot.terms = {.title = "An old chair",
               .currency = euro,
               .start = {1'000},
               .increments = {{.from = {}, .by = {50}}, {.from = {2'000}, .by = {100}}},
               .soft_close = 30s,
               .duration = 60s};
  lot.status.state = State::open;
  lot.status.asking = {1'000};
  lot.status.opens_at = noon;
  lot.status.closes_at = noon + 60s;
  lot.status.head = hash_of(0xab);
  return lot;
}

/// Two bids later, ann's stands.
auction::LotView chair_with_bids() {
  auction::LotView lot = chair();
  lot.status.standing = Price{1'350};
  lot.status.standing_bidder = "ann";
  lot.status.asking = {1'400};
  lot.status.bids = 2;
  return lot;
}

auction::LotView chair_sold() {
  auction::LotView lot = chair_with_bids();
  lot.status.state = State::sold;
  lot.status.winner = "ann";
  lot.status.paid = Price{1'350};
  return lot;
}

Entry bid(const std::string& bidder, std::uint64_t minor) {
  Entry entry{.number = 2,
              .position = {LogIndex{26}, 1},
              .time = noon + 5s,
              .bidder = bidder,
              .price = {minor},
              .standing = Price{1'350},
              .standing_bidder = "ann"};
  entry.hash = hash_of(0xcd);
  return entry;
}

class AuctionLinesTest : public testing::Test {
 protected:
  AuctionLinesTest() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

TEST_F(AuctionLinesTest, TimesHaveADateOnlyWhereTheyNeedOne) {
  EXPECT_EQ(time_text(noon, noon), "12:00:00");
  EXPECT_EQ(time_text(noon + 11h, noon), "23:00:00");
  EXPECT_EQ(time_text(noon + 13h, noon), "2025-11-27 01:00");
  EXPECT_EQ(span_text(-1s), "0s");
  EXPECT_EQ(span_text(59'999ms), "59s");
  EXPECT_EQ(span_text(125s), "2m05s");
  EXPECT_EQ(span_text(3h + 10min), "3h10m");
  EXPECT_EQ(span_text(28h), "1d04h");
}

TEST_F(AuctionLinesTest, ALotIsShownWithItsTermsAndHowItStands) {
  EXPECT_THAT(
      lot_lines(chair(), noon + 1s),
      ElementsAre("17.0  An old chair", "  english auction of sel, OPEN, closes 12:01:00 (in 59s)",
                  "  asks for at least 10.00 EUR",
                  "  increment 0.00:0.50,20.00:1.00, soft close 30s",
                  "  0 entries in the record, 0 refused; head abababababababab"));
  auction::LotView lot = chair_with_bids();
  lot.status.bids = 1;
  lot.status.has_reserve = true;
  lot.status.buy_now = Price{9'000};
  EXPECT_THAT(
      lot_lines(lot, noon + 1s),
      ElementsAre("17.0  An old chair", "  english auction of sel, OPEN, closes 12:01:00 (in 59s)",
                  "  stands at 13.50 EUR by ann", "  asks for at least 14.00 EUR",
                  "  increment 0.00:0.50,20.00:1.00, soft close 30s", "  the reserve is not met",
                  "  buy now for 90.00 EUR",
                  "  1 entry in the record, 0 refused; head abababababababab"));
  EXPECT_THAT(lot_lines(chair_sold(), noon + 90s),
              ElementsAre("17.0  An old chair", "  english auction of sel, SOLD, closed 12:01:00",
                          "  sold to ann for 13.50 EUR",
                          "  2 entries in the record, 0 refused; head abababababababab"));
}

TEST_F(AuctionLinesTest, OtherFormatsHaveOtherTerms) {
  auction::LotView lot = chair();
  lot.terms.format = auction::Format::dutch;
  lot.terms.increments.clear();
  lot.terms.soft_close = 0s;
  lot.terms.step = {100};
  lot.terms.every = 1'500ms;
  lot.terms.floor = {500};
  EXPECT_EQ(lot_lines(lot, noon).at(3), "  falls by 1.00 EUR every 1.5s down to 5.00 EUR");

  lot = chair();
  lot.terms.format = auction::Format::vickrey;
  lot.terms.increments.clear();
  lot.terms.soft_close = 0s;
  lot.status.has_reserve = true;
  lot.status.sealed = 1;
  EXPECT_THAT(lot_lines(lot, noon),
              ElementsAre("17.0  An old chair",
                          "  vickrey auction of sel, OPEN, closes 12:01:00 (in 1m00s)",
                          "  asks for at least 10.00 EUR", "  there is a reserve",
                          "  1 sealed bid, 0 revealed",
                          "  0 entries in the record, 0 refused; head abababababababab"));
  lot.status.state = State::revealing;
  lot.status.reveal_ends_at = noon + 10min;
  EXPECT_EQ(lot_lines(lot, noon).at(1),
            "  vickrey auction of sel, REVEALING, bids may be revealed until 12:10:00");
  lot.status.state = State::unsold;
  EXPECT_EQ(lot_lines(lot, noon).at(2), "  the reserve is not met");
}

TEST_F(AuctionLinesTest, TheListHasARowForEachLot) {
  EXPECT_THAT(
      lot_rows({chair(), chair_sold()}, noon),
      ElementsAre(
          Row{"ID", "STATE", "FORMAT", "STANDING", "BIDDER", "BIDS", "CLOSES", "TITLE"},
          Row{"17.0", "OPEN", "english", "-", "-", "0", "12:01:00", "An old chair"},
          Row{"17.0", "SOLD", "english", "13.50 EUR", "ann", "2", "12:01:00", "An old chair"}));
}

TEST_F(AuctionLinesTest, AsJsonALotHasAllItsFieldsAlsoThoseThatAreEmpty) {
  EXPECT_EQ(lot_json(chair()),
            R"({"id":"17.0","title":"An old chair","format":"english","currency":"EUR",)"
            R"("seller":"sel","start":"10.00","increments":"0.00:0.50,20.00:1.00","floor":null,)"
            R"("step":null,"everyMs":0,"softCloseMs":30000,"revealWindowMs":0,)"
            R"("extendOnOutage":true,"state":"OPEN","standing":null,"standingBidder":"",)"
            R"("asking":"10.00","winner":"","price":null,"bids":0,"refused":0,)"
            R"("hasReserve":false,"reserveMet":false,"buyNow":null,)"
            R"("opensAt":"2025-11-26T12:00:00.000Z","closesAt":"2025-11-26T12:01:00.000Z",)"
            R"("revealEndsAt":null,"sealed":0,"revealed":0,"head":")" +
                hex("ab") + R"(","createdAt":"2025-11-26T12:00:00.000Z"})");
  EXPECT_THAT(lot_json(chair_sold()),
              HasSubstr(R"("standing":"13.50","standingBidder":"ann","asking":"14.00",)"
                        R"("winner":"ann","price":"13.50","bids":2)"));
}

TEST_F(AuctionLinesTest, AReceiptSaysWhatBecameOfTheBid) {
  BidAnswer answer;
  answer.receipt = {.position = {LogIndex{26}, 1}, .time = noon, .lot = lot_id, .number = 2};
  answer.receipt.hash = hash_of(0xcd);
  answer.receipt.currency = euro;
  answer.receipt.own_max = Price{1'500};
  answer.receipt.status = chair_with_bids().status;
  EXPECT_THAT(
      receipt_lines(answer, noon),
      ElementsAre("accepted", "stands at 13.50 EUR by ann; closes 12:01:00 (in 1m00s)",
                  "your maximum is 15.00 EUR", "receipt: index 26.1, number 2, " + hex("cd")));
  EXPECT_THAT(receipt_json(answer),
              testing::StartsWith(R"({"id":"17.0","accepted":true,"reason":"ACCEPTED",)"
                                  R"("message":"accepted","atHome":false,"repeated":false,)"
                                  R"("index":26,"ordinal":1,"time":"2025-11-26T12:00:00.000Z",)"
                                  R"("number":2,"hash":")" +
                                  hex("cd") + R"(","ownMax":"15.00","currency":"EUR",)"));
  answer.receipt.repeated = true;
  EXPECT_EQ(receipt_lines(answer, noon).front(),
            "accepted (said before with this key: nothing was done again)");
}

TEST_F(AuctionLinesTest, ARefusalSaysWhatIsAskedAndWhetherItIsInTheLog) {
  BidAnswer answer;
  answer.at_home = true;
  answer.receipt = {.lot = lot_id, .reason = Reason::too_low, .currency = euro};
  answer.receipt.status = chair_with_bids().status;
  EXPECT_THAT(
      receipt_lines(answer, noon),
      ElementsAre("the bid is below what is asked; bid at least the asking price: 14.00 EUR",
                  "stands at 13.50 EUR by ann; closes 12:01:00 (in 1m00s)",
                  "refused at its home; it is not in the log"));
  EXPECT_THAT(receipt_json(answer), HasSubstr(R"("accepted":false,"reason":"TOO_LOW")"));
  EXPECT_THAT(receipt_json(answer),
              HasSubstr(R"("atHome":true,"repeated":false,"index":0,"ordinal":0,"time":null,)"
                        R"("number":0,"hash":"","ownMax":null)"));
  answer.at_home = false;
  answer.receipt.position = {LogIndex{30}, 0};
  answer.receipt.status = chair_sold().status;
  answer.receipt.reason = Reason::already_sold;
  EXPECT_THAT(receipt_lines(answer, noon + 90s),
              ElementsAre("the lot is sold; look for another one",
                          "sold to ann for 13.50 EUR; closed 12:01:00", "index 30.0"));
}

TEST_F(AuctionLinesTest, EachKindOfEntryReadsAsASentence) {
  const auto text = [](const Entry& entry) { return entry_text(entry, euro, noon); };
  EXPECT_EQ(text(bid("ann", 1'350)), "12:00:05  ann          13.50 EUR");
  EXPECT_EQ(text(bid("ann", 1'200)), "12:00:05  ann          12.00 EUR  stands at 13.50");
  EXPECT_EQ(text(bid("bob", 1'300)), "12:00:05  bob          13.00 EUR  outbid by ann at 13.50");
  Entry entry = bid("bob", 1'300);
  entry.reason = Reason::too_low;
  EXPECT_EQ(text(entry), "12:00:05  bob          13.00 EUR  refused: TOO_LOW");
  entry = bid("ann", 1'350);
  entry.act = Act::buy_now;
  EXPECT_EQ(text(entry), "12:00:05  ann          13.50 EUR (buy now)");
  entry.standing.reset();
  entry.act = Act::take;
  EXPECT_EQ(text(entry), "12:00:05  ann          13.50 EUR (took it)");
  entry.act = Act::reveal;
  EXPECT_EQ(text(entry), "12:00:05  ann          13.50 EUR (revealed)");
  entry.act = Act::commit;
  EXPECT_EQ(text(entry), "12:00:05  ann          a sealed bid");
  entry.act = Act::retract;
  EXPECT_EQ(text(entry), "12:00:05  ann          took the bid back");
}

TEST_F(AuctionLinesTest, EntriesAsJsonAndCsvHaveTheSame) {
  EXPECT_EQ(entry_json(bid("bob", 1'300), euro),
            R"({"index":26,"ordinal":1,"number":2,"time":"2025-11-26T12:00:05.000Z","act":"BID",)"
            R"("bidder":"bob","price":"13.00","currency":"EUR","accepted":true,)"
            R"("reason":"ACCEPTED","standing":"13.50","standingBidder":"ann","commitment":"",)"
            R"("hash":")" +
                hex("cd") + R"("})");
  EXPECT_EQ(history_csv_heading(),
            "index,ordinal,number,time,act,bidder,price,currency,accepted,reason,standing,"
            "standing_bidder,commitment,hash");
  EXPECT_EQ(
      entry_csv(bid("bob", 1'300), euro),
      "26,1,2,2025-11-26T12:00:05.000Z,BID,bob,13.00,EUR,true,ACCEPTED,13.50,ann,," + hex("cd"));
  Entry sealed = bid("a,\"b\"", 0);
  sealed.act = Act::commit;
  sealed.standing.reset();
  sealed.standing_bidder.clear();
  sealed.commitment = hash_of(0x01);
  EXPECT_EQ(entry_csv(sealed, euro),
            "26,1,2,2025-11-26T12:00:05.000Z,COMMIT,\"a,\"\"b\"\"\",,EUR,true,ACCEPTED,,," +
                hex("01") + "," + hex("cd"));
  EXPECT_THAT(entry_json(sealed, euro), HasSubstr(R"("price":null)"));
}

TEST_F(AuctionLinesTest, ARevealThatCameTooEarlyShowsNoPrice) {
  Entry entry = bid("bob", 0);
  entry.act = Act::reveal;
  entry.reason = Reason::not_revealing_yet;
  entry.number = 0;
  EXPECT_EQ(entry_text(entry, euro, noon),
            "12:00:05  bob          a price that is kept secret (revealed)  refused: "
            "NOT_REVEALING_YET");
  EXPECT_THAT(entry_json(entry, euro), HasSubstr(R"("bidder":"bob","price":null)"));
  EXPECT_THAT(entry_csv(entry, euro), HasSubstr("REVEAL,bob,,EUR,false,NOT_REVEALING_YET"));
}

TEST_F(AuctionLinesTest, WhatHappensToALotReadsAsASentence) {
  auction::LotEvent event{.what = Happening::bid, .lot = lot_id, .currency = euro};
  event.status = chair_with_bids().status;
  event.entry = bid("bob", 1'300);
  EXPECT_EQ(event_text(event, noon), "12:00:05  bob          13.00 EUR  outbid by ann at 13.50");
  EXPECT_THAT(event_json(event, {.command = {LogIndex{26}, 1}, .number = 3}, noon),
              testing::StartsWith(R"({"index":26,"ordinal":1,"event":3,)"
                                  R"("time":"2025-11-26T12:00:00.000Z","id":"17.0","what":"BID",)"
                                  R"("entry":{"index":26,)"));
  event.entry.reset();
  event.what = Happening::extended;
  event.by = 700ms;
  EXPECT_EQ(event_text(event, noon), "12:00:00  extended by 0.7s: closes 12:01:00 (in 1m00s)");
  event.by = 6'250ms;
  EXPECT_EQ(event_text(event, noon), "12:00:00  extended by 6.2s: closes 12:01:00 (in 1m00s)");
  event.by = 90s;
  EXPECT_EQ(event_text(event, noon), "12:00:00  extended by 1m30s: closes 12:01:00 (in 1m00s)");
  EXPECT_THAT(event_json(event, {}, noon), HasSubstr(R"("entry":null,"byMs":90000,)"));
  event.what = Happening::stepped;
  EXPECT_EQ(event_text(event, noon), "12:00:00  asks for 14.00 EUR now");
  event.what = Happening::opened;
  EXPECT_EQ(event_text(event, noon), "12:00:00  OPENED; closes 12:01:00 (in 1m00s)");
  event.what = Happening::paused;
  event.status.state = State::paused;
  EXPECT_EQ(event_text(event, noon), "12:00:00  PAUSED; paused");
  event.what = Happening::ended;
  event.status = chair_sold().status;
  EXPECT_EQ(event_text(event, noon), "12:00:00  sold to ann for 13.50 EUR");
  event.status.winner.clear();
  event.status.state = State::unsold;
  EXPECT_EQ(event_text(event, noon), "12:00:00  UNSOLD");
}

}  // namespace
}  // namespace muster::cli::auction_lines_test
