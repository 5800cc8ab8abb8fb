// Lots from their opening to their end, and the time that makes it so.
#include "auction/auction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auction/testing.h"

namespace muster::auction::auction_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST(AuctionTest, ALotIsCalledByThePlaceOfItsCommandAndSoldAtItsClose) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  EXPECT_EQ(to_text(lot), "101.0");
  EXPECT_EQ(here.bid(lot, "ann", 1'000), "ok");
  EXPECT_EQ(here.bid(lot, "bob", 1'099), "TOO_LOW");
  EXPECT_EQ(here.bid(lot, "bob", 1'100), "ok");
  EXPECT_EQ(here.where(lot), "OPEN: bob 1100, asking 1200");
  here.wait(60s);
  EXPECT_EQ(here.where(lot), "SOLD: bob 1100");
  EXPECT_EQ(here.bid(lot, "ann", 9'000), "ALREADY_SOLD");
  EXPECT_THAT(
      here.take_events(),
      ElementsAre("auction/101.0 OPENED", "auction/lots OPENED", "auction/101.0 BID ann: ann 1000",
                  "auction/101.0 BID bob: bob 1100", "auction/101.0 ENDED: bob 1100, SOLD",
                  "auction/lots ENDED: bob 1100, SOLD"));
  EXPECT_EQ(here.told.event.title, "a bicycle");
}

TEST(AuctionTest, ALotOpensAtItsTimeAndNotBefore) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.opens_at = here.time + 10s;
  const LotId lot = here.open(terms);
  EXPECT_EQ(here.where(lot), "SCHEDULED, asking 1000");
  EXPECT_EQ(here.auction.deadline(), here.time + 10s);
  here.wait(9'999ms);
  EXPECT_EQ(here.bid(lot, "ann", 1'000), "NOT_OPEN_YET");
  here.wait(1ms);
  EXPECT_EQ(here.bid(lot, "ann", 1'000), "ok");
  EXPECT_EQ(here.status(lot).closes_at, *terms.opens_at + 60s);
  EXPECT_THAT(here.take_events(), ElementsAre("auction/101.0 SCHEDULED", "auction/lots SCHEDULED",
                                              "auction/101.0 OPENED", "auction/lots OPENED",
                                              "auction/101.0 BID ann: ann 1000"));
}

TEST(AuctionTest, ABidAtTheTimeOfTheCloseIsLateThoughNobodyClosedTheLotYet) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  here.bid(lot, "ann", 1'000);
  here.wait(59'999ms);
  EXPECT_EQ(here.bid(lot, "bob", 1'100), "ok");
  here.time = here.time + 1ms;  // And no `expire`.
  EXPECT_EQ(here.bid(lot, "cat", 1'200), "ALREADY_SOLD");
  EXPECT_EQ(here.where(lot), "SOLD: bob 1100");
  EXPECT_EQ(here.status(lot).closes_at, here.time);
}

TEST(AuctionTest, ALotEndsOnceAndIsUnsoldWithoutABidThatIsEnough) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.reserve = Price{5'000};
  const LotId lot = here.open(terms);
  here.bid(lot, "ann", 1'000, 4'999);
  EXPECT_FALSE(here.status(lot).reserve_met);
  here.take_events();
  here.wait(1h);
  EXPECT_THAT(here.take_events(), ElementsAre("auction/101.0 ENDED: ann 1000, UNSOLD",
                                              "auction/lots ENDED: ann 1000, UNSOLD"));
  EXPECT_EQ(here.bid(lot, "bob", 6'000), "CLOSED");
  EXPECT_EQ(here.auction.deadline(), std::nullopt);
}

TEST(AuctionTest, ASoftCloseLeavesItsTimeAfterALateBid) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.soft_close = 10s;
  const LotId lot = here.open(terms);
  const LogTime end = here.time + 60s;
  here.wait(50s);
  here.bid(lot, "ann", 1'000);  // 10 s are left: enough.
  EXPECT_EQ(here.status(lot).closes_at, end);
  here.wait(1s);
  here.bid(lot, "bob", 1'100, 5'000);
  EXPECT_EQ(here.status(lot).closes_at, end + 1s);
  EXPECT_EQ(here.told.receipt.status.closes_at, end + 1s);
  EXPECT_EQ(here.told.events.back(), "auction/101.0 EXTENDED 1000: bob 1100");
  here.wait(9s);
  here.bid(lot, "ann", 1'200);  // The proxy answers: the price moved.
  EXPECT_EQ(here.where(lot), "OPEN: bob 1300, asking 1400");
  EXPECT_EQ(here.status(lot).closes_at, end + 10s);
  here.wait(9s);
  here.bid(lot, "bob", 1'100, 6'000);  // Nobody sees a raised maximum.
  here.bid(lot, "ann", 1'300);         // Refused.
  EXPECT_EQ(here.status(lot).closes_at, end + 10s);
  here.wait(999ms);
  EXPECT_EQ(here.where(lot), "OPEN: bob 1300, asking 1400");
  here.wait(1ms);
  EXPECT_EQ(here.where(lot), "SOLD: bob 1300");
}

TEST(AuctionTest, ARetractionLeavesNobodyStandingAndTimeToBidAgain) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.soft_close = 10s;
  const LotId lot = here.open(terms);
  here.bid(lot, "ann", 1'000);
  here.bid(lot, "bob", 2'000);
  here.wait(59s);
  EXPECT_EQ(here.command(Retract{lot, "ann"}), "NO_STANDING_BID");
  EXPECT_EQ(here.command(Retract{lot, "bob"}), "ok");
  EXPECT_EQ(here.where(lot), "OPEN, asking 2100");
  EXPECT_EQ(here.status(lot).closes_at, here.time + 10s);
  EXPECT_EQ(here.bid(lot, "ann", 2'100), "ok");
  here.wait(10s);
  EXPECT_EQ(here.where(lot), "SOLD: ann 2100");
  EXPECT_EQ(here.command(Retract{lot, "ann"}), "ALREADY_SOLD");
}

TEST(AuctionTest, BuyingNowEndsTheLot) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.buy_now = Price{9'000};
  const LotId lot = here.open(terms);
  EXPECT_EQ(here.status(lot).buy_now, Price{9'000});
  here.wait(5s);
  EXPECT_EQ(here.bid(lot, "ann", 9'500), "ok");
  EXPECT_EQ(here.told.receipt.price, Price{9'000});
  EXPECT_EQ(here.told.receipt.status.state, State::sold);
  EXPECT_EQ(here.where(lot), "SOLD: ann 9000");
  EXPECT_EQ(here.history(lot).entries.back().act, Act::buy_now);
  EXPECT_EQ(here.status(lot).closes_at, here.time);
  EXPECT_TRUE(is_chain(here.history(lot)));
  EXPECT_EQ(here.bid(lot, "bob", 9'500), "ALREADY_SOLD");

  const LotId other = here.open(terms);
  here.bid(other, "ann", 1'000);
  EXPECT_EQ(here.status(other).buy_now, std::nullopt);
}

TEST(AuctionTest, ADutchPriceFallsWithTimeUntilSomebodyTakesIt) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::dutch());
  EXPECT_EQ(here.where(lot), "OPEN, asking 10000");
  EXPECT_EQ(here.status(lot).next_step_at, here.time + 10s);
  EXPECT_EQ(here.bid(lot, "ann", 9'999), "TOO_LOW");
  here.take_events();
  here.wait(25s);
  EXPECT_THAT(here.take_events(), ElementsAre("auction/101.0 STEPPED", "auction/101.0 STEPPED"));
  EXPECT_EQ(here.where(lot), "OPEN, asking 8000");
  EXPECT_EQ(here.bid(lot, "ann", 8'500), "ok");
  EXPECT_EQ(here.where(lot), "SOLD: ann 8000");
  EXPECT_EQ(here.told.receipt.price, Price{8'000});
  EXPECT_EQ(here.bid(lot, "bob", 9'000), "ALREADY_SOLD");
  EXPECT_TRUE(is_chain(here.history(lot)));
}

TEST(AuctionTest, ADutchLotIsUnsoldWhenTheFloorHasHadItsTurn) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::dutch());
  here.wait(89'999ms);
  EXPECT_EQ(here.where(lot), "OPEN, asking 2000");
  EXPECT_EQ(here.status(lot).next_step_at, LogTime{});
  here.wait(1ms);
  EXPECT_EQ(here.where(lot), "UNSOLD");
}

TEST(AuctionTest, ADutchBidCountsAtThePriceOfItsTimeThoughNoStepWasTakenYet) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::dutch());
  here.time = here.time + 2s;
  here.auction.expire(here.time, here.told);
  here.time = here.time + 4s;
  here.auction.expire(here.time, here.told);
  here.time = here.time + 4s;
  EXPECT_EQ(here.bid(lot, "ann", 9'000), "ok");
  EXPECT_EQ(here.where(lot), "SOLD: ann 9000");
}

// ---- Outages ------------------------------------------------------------------------------------

TEST(AuctionTest, AStopOfTheGroupBeforeTheCloseDoesNotCount) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const LogTime end = here.time + 60s;
  here.wait(50s);
  here.take_events();
  here.stop(30s);
  EXPECT_THAT(here.take_events(), ElementsAre("auction/101.0 EXTENDED 30000"));
  EXPECT_EQ(here.status(lot).closes_at, end + 30s);
  EXPECT_EQ(here.bid(lot, "ann", 1'000), "ok");
  here.wait(10s);
  EXPECT_EQ(here.where(lot), "SOLD: ann 1000");
}

TEST(AuctionTest, AStopIsNoticedByABidAsWell) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  here.wait(59s);
  here.time = here.time + 1h;
  EXPECT_EQ(here.bid(lot, "ann", 1'000), "ok");
  EXPECT_EQ(here.status(lot).closes_at, here.time + 1s);
}

TEST(AuctionTest, UpToFiveSecondsAreNoStop) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const LogTime end = here.time + 60s;
  here.wait(10s);
  here.stop(5'000ms);
  EXPECT_EQ(here.status(lot).closes_at, end);
  here.stop(5'001ms);
  EXPECT_EQ(here.status(lot).closes_at, end + 5'001ms);
}

TEST(AuctionTest, ASellerMayChooseThatTheCloseStands) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.extend_on_outage = false;
  const LotId lot = here.open(terms);
  const LogTime end = here.time + 60s;
  here.bid(lot, "ann", 1'000);
  here.wait(30s);
  here.stop(1h);
  EXPECT_EQ(here.where(lot), "SOLD: ann 1000");
  EXPECT_EQ(here.status(lot).closes_at, end);
}

TEST(AuctionTest, DutchStepsAndTheEndOfRevealingMoveByAStopToo) {
  Saleroom here;
  const LotId dutch = here.open(Saleroom::dutch());
  const LotId sealed = here.open(Saleroom::sealed());
  here.commit(sealed, "ann", 500);
  here.wait(65s);  // The sealed one is revealing, for 25 s more.
  EXPECT_EQ(here.where(dutch), "OPEN, asking 4000");
  here.stop(100s);
  EXPECT_EQ(here.where(dutch), "OPEN, asking 4000");
  EXPECT_EQ(here.where(sealed), "REVEALING, asking 100");
  here.wait(4'999ms);
  EXPECT_EQ(here.where(dutch), "OPEN, asking 4000");
  here.wait(1ms);
  EXPECT_EQ(here.where(dutch), "OPEN, asking 3000");
  here.wait(19'999ms);
  EXPECT_EQ(here.where(sealed), "REVEALING, asking 100");
  here.wait(1ms);
  EXPECT_EQ(here.where(sealed), "UNSOLD");
  EXPECT_EQ(here.where(dutch), "UNSOLD");
}

TEST(AuctionTest, ALotThatShouldHaveOpenedDuringAStopHasItsWholeTime) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.opens_at = here.time + 10s;
  const LotId lot = here.open(terms);
  terms.extend_on_outage = false;
  const LotId other = here.open(terms);
  here.stop(2min);
  EXPECT_EQ(here.where(lot), "OPEN, asking 1000");
  EXPECT_EQ(here.status(lot).closes_at, here.time + 60s);
  EXPECT_EQ(here.where(other), "UNSOLD");
}

TEST(AuctionTest, ALotThatOpensFiveSecondsLateHasLostThem) {
  Saleroom here;
  Terms terms = Saleroom::english();
  terms.opens_at = here.time + 10s;
  const LotId first = here.open(terms);
  terms.opens_at = here.time + 9'999ms;
  const LotId second = here.open(terms);
  here.stop(15s);
  EXPECT_EQ(here.status(first).closes_at, here.time + 55s);
  EXPECT_EQ(here.status(second).closes_at, here.time + 60s);
}

TEST(AuctionTest, SignsOfTimeAreAskedForOnlyWhileALotIsRunning) {
  Saleroom here;
  EXPECT_EQ(here.auction.deadline(), std::nullopt);
  const LotId lot = here.open(Saleroom::english());
  EXPECT_EQ(here.auction.deadline(), here.time + 1s);
  here.steer(lot, Steering::pause);
  EXPECT_EQ(here.auction.deadline(), std::nullopt);
  here.steer(lot, Steering::resume);
  EXPECT_EQ(here.auction.deadline(), here.time + 1s);
  here.steer(lot, Steering::cancel);
  EXPECT_EQ(here.auction.deadline(), std::nullopt);
  here.stop(1h);
  const LotId next = here.open(Saleroom::english());
  EXPECT_EQ(here.status(next).closes_at, here.time + 60s);
}

// ---- What sellers do ----------------------------------------------------------------------------

TEST(AuctionTest, TimeStandsStillWhileALotIsPaused) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  const LotId dutch = here.open(Saleroom::dutch());
  here.wait(15s);
  EXPECT_EQ(here.steer(lot, Steering::pause), "ok");
  EXPECT_EQ(here.steer(dutch, Steering::pause), "ok");
  EXPECT_EQ(here.steer(lot, Steering::pause), "WRONG_STATE");
  EXPECT_EQ(here.bid(lot, "ann", 1'000), "PAUSED");
  here.wait(1h);
  EXPECT_EQ(here.steer(lot, Steering::resume), "ok");
  EXPECT_EQ(here.steer(dutch, Steering::resume), "ok");
  EXPECT_EQ(here.steer(lot, Steering::resume), "WRONG_STATE");
  EXPECT_EQ(here.bid(lot, "ann", 1'000), "ok");
  EXPECT_EQ(here.where(dutch), "OPEN, asking 9000");
  here.wait(4'999ms);
  EXPECT_EQ(here.where(dutch), "OPEN, asking 9000");
  here.wait(1ms);
  EXPECT_EQ(here.where(dutch), "OPEN, asking 8000");
  here.wait(39'999ms);
  EXPECT_EQ(here.where(lot), "OPEN: ann 1000, asking 1100");
  here.wait(1ms);
  EXPECT_EQ(here.where(lot), "SOLD: ann 1000");
}

TEST(AuctionTest, SellersExtendCloseAndCancelTheirLots) {
  Saleroom here;
  const LotId first = here.open(Saleroom::english());
  const LotId second = here.open(Saleroom::english());
  here.bid(first, "ann", 1'000);
  here.bid(second, "ann", 1'000);
  const LogTime end = here.status(first).closes_at;
  EXPECT_EQ(here.steer(first, Steering::extend, 30s), "ok");
  EXPECT_EQ(here.status(first).closes_at, end + 30s);
  EXPECT_THAT(here.steer(first, Steering::extend, 0s), StartsWith("INVALID_ARGUMENT: a lot is"));
  EXPECT_EQ(here.steer(first, Steering::extend, lot_time_max), "ok");
  EXPECT_THAT(here.steer(first, Steering::extend, lot_time_max),
              StartsWith("INVALID_ARGUMENT: the lot would go on"));
  EXPECT_EQ(here.steer(first, Steering::close), "ok");
  EXPECT_EQ(here.where(first), "SOLD: ann 1000");
  EXPECT_EQ(here.steer(second, Steering::cancel), "ok");
  EXPECT_EQ(here.where(second), "CANCELLED");
  EXPECT_EQ(here.bid(second, "bob", 1'100), "CANCELLED");
  for (const Steering what :
       {Steering::pause, Steering::resume, Steering::close, Steering::cancel}) {
    EXPECT_EQ(here.steer(first, what), "WRONG_STATE");
  }
  EXPECT_EQ(here.steer(first, Steering::extend, 1s), "WRONG_STATE");
}

TEST(AuctionTest, OnlyTheSellerOrTheLeaderItselfSteersALot) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  EXPECT_EQ(here.steer(lot, Steering::pause, {}, "ann"), "NOT_THE_SELLER");
  EXPECT_EQ(here.command(Steer{.lot = lot, .seller = "", .what = Steering::pause}),
            "NOT_THE_SELLER");
  EXPECT_EQ(here.where(lot), "OPEN, asking 1000");
  EXPECT_EQ(here.command(Steer{.lot = lot, .seller = "", .what = Steering::pause}, true), "ok");
  EXPECT_EQ(here.where(lot), "PAUSED, asking 1000");
  EXPECT_EQ(here.steer(LotId{{.index = {9}}}, Steering::pause), "UNKNOWN_LOT");
}

// ---- Limits -------------------------------------------------------------------------------------

TEST(AuctionTest, LotsThatAreOverMakeRoomForNewOnes) {
  Saleroom here(Auction::Options{.lots_max = 2});
  const LotId first = here.open(Saleroom::english());
  const LotId second = here.open(Saleroom::english());
  EXPECT_EQ(here.command(Open{"sue", Saleroom::english()}), "TOO_MANY_LOTS");
  here.steer(second, Steering::cancel);
  here.wait(1s);
  here.steer(first, Steering::cancel);
  EXPECT_EQ(here.command(Open{"sue", Saleroom::english()}), "TOO_MANY_LOTS");
  here.wait(1h - 1s);
  EXPECT_EQ(here.command(Open{"sue", Saleroom::english()}), "ok");  // For the second: over first.
  EXPECT_EQ(here.lots().lots.size(), 2U);
  EXPECT_EQ(here.where(first), "CANCELLED");
  EXPECT_EQ(here.bid(second, "ann", 1'000), "UNKNOWN_LOT");
  EXPECT_EQ(here.command(Open{"sue", Saleroom::english()}), "TOO_MANY_LOTS");
}

}  // namespace
}  // namespace muster::auction::auction_test
