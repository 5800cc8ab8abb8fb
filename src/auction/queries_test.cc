// What is told of lots, page by page, and what a home can settle by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auction/testing.h"
#include "base/random.h"

namespace muster::auction::queries_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(QueriesTest, LotsAreListedInTheirOrderPageByPage) {
  Saleroom here;
  std::vector<LotId> opened(5);
  for (LotId& lot : opened) lot = here.open(Saleroom::english());
  here.steer(opened[1], Steering::cancel);
  const auto ids = [](const Lots& lots) {
    std::vector<LotId> found;
    for (const LotView& view : lots.lots) found.push_back(view.lot);
    return found;
  };
  EXPECT_EQ(ids(here.lots()), opened);
  EXPECT_TRUE(here.lots().complete);
  const Lots first = here.lots({.count = 2});
  EXPECT_THAT(ids(first), ElementsAre(opened[0], opened[1]));
  EXPECT_FALSE(first.complete);
  const Lots last = here.lots({.after = opened[2], .count = 2});
  EXPECT_THAT(ids(last), ElementsAre(opened[3], opened[4]));
  EXPECT_TRUE(last.complete);
  const Lots going_on = decode_lots(here.auction.topic_state(lots_topic).value()).value();
  EXPECT_THAT(ids(going_on), ElementsAre(opened[0], opened[2], opened[3], opened[4]));
}

TEST(QueriesTest, ManyLongLotsFitIntoSeveralAnswers) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.title = std::string(title_bytes_max, 't');
  terms.increments.clear();
  for (std::uint64_t i = 0; i < increment_steps_max; ++i) {
    terms.increments.push_back({{i * (price_max.minor / 100)}, {price_max.minor - i}});
  }
  for (int i = 0; i < 400; ++i) here.open(terms, std::string(bidder_bytes_max, 's'));
  AskLots asked;
  std::size_t pages = 0;
  std::size_t lots = 0;
  for (bool complete = false; !complete; ++pages) {
    const Bytes bytes = here.auction.query(encode(Query{asked})).value();
    EXPECT_LT(bytes.size(), std::size_t{512} * 1024);
    const Lots page = decode_lots(bytes).value();
    lots += page.lots.size();
    asked.after = page.lots.back().lot;
    complete = page.complete;
  }
  EXPECT_EQ(lots, 400U);
  EXPECT_EQ(pages, 3U);
}

TEST(QueriesTest, AViewHasTheTermsButNotTheReserve) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.reserve = Price{5'000};
  const LotId lot = here.open(terms);
  const LotView view = here.view(lot);
  EXPECT_EQ(view.seller, "sue");
  EXPECT_EQ(view.created, here.time);
  EXPECT_TRUE(view.status.has_reserve);
  terms.reserve.reset();
  EXPECT_EQ(view.terms, terms);
  EXPECT_EQ(decode_lot(here.auction.topic_state(lot_topic(lot)).value()).value(), view);
}

TEST(QueriesTest, WhatIsNotThereIsNotFound) {
  Saleroom here;
  here.open(Saleroom::english());
  const LotId none{{.index = {9}}};
  const auto code = [&](const Query& query) {
    return here.auction.query(encode(query)).error().code;
  };
  EXPECT_EQ(code(AskLot{none}), ErrorCode::not_found);
  EXPECT_EQ(code(AskHistory{.lot = none}), ErrorCode::not_found);
  for (const char* topic : {"auction/9.0", "auction/", "auction/x", "auction/9", "auction/09.0",
                            "auction/9.0 ", "chat/lobby", ""}) {
    EXPECT_EQ(here.auction.topic_state(topic).error().code, ErrorCode::not_found) << topic;
  }
  EXPECT_EQ(here.auction.query(as_bytes("\xff")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(here.auction.query({}).error().code, ErrorCode::invalid_argument);
}

TEST(QueriesTest, AHistoryIsReadPageByPageInTheOrderOfTheLog) {
  Saleroom here(Auction::Options{.entries_kept = 100, .entries_per_part = 4});
  const LotId lot = here.open(Saleroom::english(0, 1));
  Random random(1);
  for (std::uint64_t i = 0; i < 60; ++i) {
    here.bid(lot, i % 2 == 0 ? "ann" : "bob", random.below(2) == 0 ? 0 : i);
  }
  const History whole = here.history(lot);
  EXPECT_EQ(whole.entries.size(), 60U);
  EXPECT_TRUE(is_chain(whole));
  EXPECT_TRUE(std::ranges::is_sorted(whole.entries, {}, &Entry::position));
  for (const bool refused : {true, false}) {
    std::vector<Entry> expected = whole.entries;
    if (!refused) std::erase_if(expected, [](const Entry& entry) { return entry.number == 0; });
    for (std::uint32_t size = 1; size <= 61; size += 4) {
      AskHistory asked{.lot = lot, .count = size, .refused = refused};
      std::vector<Entry> read;
      for (bool complete = false; !complete;) {
        const History page = here.history(asked);
        EXPECT_LE(page.entries.size(), size);
        read.insert(read.end(), page.entries.begin(), page.entries.end());
        if (!page.entries.empty()) asked.after = page.entries.back().position;
        complete = page.complete;
      }
      EXPECT_EQ(read, expected) << size;
    }
  }
}

TEST(QueriesTest, AHistoryHasAtMostSoManyLinesAtOnce) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english(0, 1));
  for (std::uint64_t i = 0; i < 1'025; ++i) here.bid(lot, i % 2 == 0 ? "ann" : "bob", i);
  EXPECT_EQ(here.history(lot).entries.size(), 1'024U);
  EXPECT_FALSE(here.history(lot).complete);
  EXPECT_EQ(here.history({.lot = lot, .count = 5'000}).entries.size(), 1'024U);
}

// ---- What is settled at home --------------------------------------------------------------------

Check check_bid(LotId lot, const std::string& bidder, std::uint64_t price,
                std::optional<std::uint64_t> max = {}, const std::string& key = {}) {
  Bid bid{.lot = lot, .bidder = bidder, .price = {price}, .key = key};
  if (max) bid.max = Price{*max};
  return {bid};
}

TEST(QueriesTest, AHomeSettlesWhatIsSurelyLost) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const LotId sealed = here.open(Saleroom::sealed());
  EXPECT_EQ(here.verdict(check_bid(lot, "ann", 999)), "TOO_LOW");
  EXPECT_EQ(here.verdict(check_bid(lot, "ann", 1'000)), "go on");
  EXPECT_EQ(here.verdict(check_bid(lot, "ann", 1, 1'000)), "go on");
  EXPECT_EQ(here.verdict(check_bid(lot, "sue", 1'000)), "OWN_LOT");
  here.bid(lot, "ann", 1'000, 5'000);
  EXPECT_EQ(here.verdict(check_bid(lot, "bob", 1'099)), "TOO_LOW");
  EXPECT_EQ(here.verdict(check_bid(lot, "bob", 1'100)), "go on");
  EXPECT_EQ(here.verdict(check_bid(lot, "ann", 2'000)), "OWN_STANDING_BID");
  EXPECT_EQ(here.check(check_bid(lot, "bob", 1'099)).status, here.status(lot));
  EXPECT_EQ(here.verdict({Bid{.lot = lot, .bidder = "bob", .price = {2'000}, .currency = "USD"}}),
            "WRONG_CURRENCY");
  EXPECT_EQ(here.verdict(check_bid(sealed, "bob", 2'000)), "WRONG_FORMAT");
  EXPECT_EQ(here.verdict({Commit{lot, "bob", chain_start(lot)}}), "WRONG_FORMAT");
  EXPECT_EQ(here.verdict({Commit{sealed, "sue", chain_start(lot)}}), "OWN_LOT");
  EXPECT_EQ(here.verdict({Commit{sealed, "bob", chain_start(lot)}}), "go on");
  here.wait(60s);
  EXPECT_EQ(here.verdict(check_bid(lot, "bob", 9'000)), "ALREADY_SOLD");
  EXPECT_EQ(here.verdict({Commit{sealed, "bob", chain_start(lot)}}), "CLOSED");
}

TEST(QueriesTest, AHomeCountsWhatItSettles) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const auto check = [&](std::uint64_t price) {
    static_cast<void>(here.check({Bid{.lot = lot, .bidder = "ann", .price = {price}}}));
  };
  check(1);
  check(2);
  check(5'000);
  const auto counters = here.auction.counters();
  ASSERT_EQ(counters.size(), 2U);
  EXPECT_EQ(counters[0].name, "auction bids checked");
  EXPECT_EQ(counters[0].value, 3U);
  EXPECT_EQ(counters[1].name, "auction bids settled at home");
  EXPECT_EQ(counters[1].value, 2U);
}

TEST(QueriesTest, AHomeLeavesToTheLogWhatMayChange) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.opens_at = here.time + 10s;
  const LotId later = here.open(terms);
  EXPECT_EQ(here.verdict(check_bid(later, "ann", 1'000)), "go on");
  EXPECT_EQ(here.verdict(check_bid(later, "ann", 999)), "TOO_LOW");
  const LotId dutch = here.open(Saleroom::dutch());
  EXPECT_EQ(here.verdict(check_bid(dutch, "ann", 2'000)), "go on");
  EXPECT_EQ(here.verdict(check_bid(dutch, "ann", 1'999)), "TOO_LOW");
  here.steer(dutch, Steering::pause);
  EXPECT_EQ(here.verdict(check_bid(dutch, "ann", 10'000)), "go on");
}

TEST(QueriesTest, ALotIsUnknownOnlyWhereALaterCommandWasSeen) {
  Saleroom here;
  here.open(Saleroom::english());
  EXPECT_EQ(here.verdict(check_bid(LotId{{.index = {100}}}, "ann", 1'000)), "UNKNOWN_LOT");
  EXPECT_EQ(here.verdict(check_bid(LotId{{.index = {102}}}, "ann", 1'000)), "go on");
  here.open(Saleroom::english());
  EXPECT_EQ(here.verdict(check_bid(LotId{{.index = {102}}}, "ann", 1'000)), "go on");
  EXPECT_EQ(here.verdict(check_bid(LotId{{.index = {101}, .ordinal = 1}}, "ann", 1'000)),
            "UNKNOWN_LOT");
}

TEST(QueriesTest, ACheckDoesNotTellWhereAHiddenMaximumIs) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  here.bid(lot, "ann", 1'000, 5'000);
  for (const std::uint64_t max : {1'000, 4'999, 5'000, 5'001, 9'000}) {
    EXPECT_EQ(here.verdict(check_bid(lot, "ann", 900, max)), "go on") << max;
    EXPECT_EQ(here.verdict(check_bid(lot, "ann", max)), "OWN_STANDING_BID") << max;
    EXPECT_EQ(here.verdict(check_bid(lot, "bob", max)), max < 1'100 ? "TOO_LOW" : "go on") << max;
  }
}

TEST(QueriesTest, AHomeRepeatsTheReceiptOfAKeyThatItKnows) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  here.bid(lot, "ann", 1'000, {}, "k1");
  const Receipt first = here.told.receipt;
  here.bid(lot, "bob", 1'100);
  EXPECT_EQ(here.verdict(check_bid(lot, "ann", 1'000, {}, "k1")), "again ACCEPTED");
  Receipt again = here.check(check_bid(lot, "ann", 1'000, {}, "k1")).receipt.value();
  EXPECT_TRUE(again.repeated);
  again.repeated = false;
  EXPECT_EQ(again, first);
  EXPECT_EQ(here.verdict(check_bid(lot, "ann", 1'050, {}, "k2")), "TOO_LOW");
  EXPECT_EQ(here.verdict(check_bid(lot, "bob", 1'200, {}, "k2")), "go on");  // Perhaps on its way.
}

TEST(QueriesTest, WhatCanBeNoBidIsRefused) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  EXPECT_EQ(here.auction.query(encode(Query{check_bid(lot, "a b", 1)})).error().code,
            ErrorCode::invalid_argument);
}

/// Some bid by somebody.
Bid some_bid(const std::vector<LotId>& lots, Random& random) {
  Bid bid{.lot = lots[random.below(lots.size())],
          .bidder = std::string(1, static_cast<char>('a' + random.below(5))),
          .price = {random.below(4'000)}};
  if (random.below(3) == 0) bid.max = Price{bid.price.minor + random.below(2'000)};
  if (random.below(20) == 0) bid.currency = "USD";
  return bid;
}

// The promise of `Check`: what a home settles, no log accepts, whatever comes in between.
TEST(QueriesTest, WhatAHomeSettlesIsNotAcceptedLaterWhateverComesBefore) {
  std::size_t settled = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Saleroom here;
    Terms terms = Saleroom::english();
    terms.reserve = Price{1'500};
    terms.buy_now = Price{3'000};
    const std::vector<LotId> lots{here.open(Saleroom::english()), here.open(terms),
                                  here.open(Saleroom::dutch()), here.open(Saleroom::sealed())};
    for (int i = 0; i < 40; ++i) {
      const Bid bid = some_bid(lots, random);
      const Verdict verdict = here.check({bid});
      const bool is_lost = verdict.settled && verdict.reason != Reason::own_standing_bid;
      for (std::uint64_t others = random.below(4); others > 0; --others) {
        const Bid other = some_bid(lots, random);
        switch (random.below(8)) {
          case 0:
            here.command(Retract{other.lot, other.bidder});
            break;
          case 1:
            here.steer(other.lot, random.below(2) == 0 ? Steering::pause : Steering::resume);
            break;
          case 2:
            here.wait(std::chrono::milliseconds{random.below(3'000)});
            break;
          default:
            here.command(other);
        }
      }
      const std::string outcome = here.command(bid);
      settled += is_lost ? 1 : 0;
      EXPECT_FALSE(is_lost && outcome == "ok")
          << "seed " << seed << " bid " << i << " " << name_of(verdict.reason);
    }
  }
  EXPECT_GT(settled, 2'000U);
}

}  // namespace
}  // namespace muster::auction::queries_test
