// Auctions in the simulator: what the checkers see, and a leader that dies around every close.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sim/auction_checkers.h"
#include "sim/violation.h"
#include "sim/world.h"

namespace muster::sim {
namespace {

using namespace std::chrono_literals;
using auction::LotId;

/// Three servers, to which nothing happens by chance, with lots that close while they run.
Scenario quiet_sale() {
  Scenario scenario = draw({.seed = 5, .profile = "calm", .servers = 3, .length = 8s});
  scenario.founders = 3;
  scenario.founders_start = {};
  scenario.limits.expect = 3;
  scenario.strict_founding = true;
  scenario.limits.log_bytes_between_snapshots = 8'192;
  scenario.limits.raft = node::Options{}.raft;
  scenario.limits.raft.compaction_tail_entries = 8;
  scenario.auctions = {.on = true, .share = 0.6, .steering = 0, .lots_at_once = 3, .lots_max = 5};
  return scenario;
}

TEST(AuctionWorldTest, LotsCloseWhenNothingGoesWrong) {
  World world(quiet_sale(), false);
  const Summary summary = world.run();
  EXPECT_EQ(summary.lots, 5U);
  EXPECT_EQ(summary.restarts, 0U);
  EXPECT_LE(summary.late_max, 50ms);
  EXPECT_EQ(world.ends().size(), 5U);
}

// The leader dies when it has stored, or committed, each of the entries around each close: the
// checkers hold that the lot closes once, not before its time, and to the same winner everywhere.
TEST(AuctionWorldTest, ALeaderThatDiesAtAnyEntryAroundACloseChangesNothingOfIt) {
  World undisturbed(quiet_sale(), false);
  undisturbed.run();
  std::set<LogIndex> places;
  for (const LogIndex end : undisturbed.ends()) {
    for (std::uint64_t at = end.value - 4; at <= end.value + 2; ++at) places.insert(LogIndex{at});
  }
  ASSERT_GE(places.size(), 20U);
  for (const LogIndex place : places) {
    for (const bool committed : {false, true}) {
      Scenario scenario = quiet_sale();
      scenario.leader_dies = LeaderDies{.at = place, .committed = committed};
      SCOPED_TRACE("at entry " + std::to_string(place.value) + (committed ? ", committed" : ""));
      try {
        const Summary summary = World(scenario, false).run();
        // Behind the last end there need not be an entry.
        EXPECT_EQ(summary.restarts, place > undisturbed.ends().back() ? summary.restarts : 1U);
        EXPECT_GE(summary.lots, 5U);
        EXPECT_LE(summary.late_max, 2s);
      } catch (const Violation& violation) {
        ADD_FAILURE() << violation.invariant() << ": " << violation.what();
      }
    }
  }
}

/// A house with one lot, told by hand.
struct Told {
  explicit Told(auction::Terms terms) {
    auction::Receipt receipt{.position = lot.opened, .time = now, .lot = lot};
    receipt.status.state = auction::State::open;
    receipt.status.closes_at = now + 1'000ms;
    receipt.status.asking = terms.start;
    AuctionDeed deed{.position = lot.opened, .time = now, .receipt = receipt};
    deed.request = auction::Open{"sue", std::move(terms)};
    deed.events.push_back(
        {.what = auction::Happening::opened, .lot = lot, .status = receipt.status});
    status = receipt.status;
    checkers.seen(0, std::move(deed));
  }
  /// What is violated when this happens, or nothing.
  std::string happens(auction::Happening what, std::chrono::milliseconds by = {}) {
    AuctionDeed deed{.time = now, .checksum = 1};
    deed.events.push_back({.what = what, .lot = lot, .by = by, .status = status});
    try {
      checkers.seen(0, std::move(deed));
    } catch (const Violation& violation) {
      return violation.invariant() + ": " + violation.what();
    }
    return "";
  }

  AuctionCheckers checkers{auction::Auction::Options{}};
  const LotId lot{Position{LogIndex{7}, 0}};
  LogTime now{1'000'000};
  auction::Status status;
};

auction::Terms terms_of(auction::Format format) {
  auction::Terms terms{.title = "a lot", .format = format, .start = {100}};
  terms.increments = {{auction::Price{}, {10}}};
  return terms;
}

TEST(AuctionCheckersTest, ALotThatEndsBeforeItsTimeIsSeen) {
  Told told(terms_of(auction::Format::english));
  told.now = told.now + 999ms;
  told.status.state = auction::State::unsold;
  EXPECT_EQ(told.happens(auction::Happening::ended), "on time: lot 7.0 ended before its time");
}

TEST(AuctionCheckersTest, ALotThatEndsAtItsTimeAndThenAgainIsSeen) {
  Told told(terms_of(auction::Format::english));
  told.now = told.now + 1'000ms;
  told.status.state = auction::State::unsold;
  EXPECT_EQ(told.happens(auction::Happening::ended), "");
  told.now = told.now + 1ms;
  EXPECT_EQ(told.happens(auction::Happening::ended), "on time: lot 7.0 goes on after its end");
}

TEST(AuctionCheckersTest, AWinnerWithoutABidIsSeen) {
  Told told(terms_of(auction::Format::english));
  told.now = told.now + 1'000ms;
  told.status.state = auction::State::sold;
  told.status.winner = "bob";
  told.status.paid = auction::Price{100};
  EXPECT_EQ(told.happens(auction::Happening::ended),
            "the rule of the sale: lot 7.0 ended SOLD to \"bob\" for 100; the rule says nobody");
}

TEST(AuctionCheckersTest, ASilenceMustBeTold) {
  Told told(terms_of(auction::Format::english));
  told.now = told.now + 6'000ms;
  told.status.state = auction::State::unsold;
  EXPECT_EQ(told.happens(auction::Happening::ended),
            "on time: lot 7.0 was not extended by a silence before it");
}

TEST(AuctionCheckersTest, ASilenceCountsOnce) {
  Told told(terms_of(auction::Format::english));
  told.now = told.now + 6'000ms;
  told.status.closes_at = told.status.closes_at + 12'000ms;
  EXPECT_EQ(told.happens(auction::Happening::extended, 6'000ms),
            "on time: lot 7.0 was extended by 6000 ms as was told, and by 12000 ms in truth");
  Told right(terms_of(auction::Format::english));
  right.now = right.now + 6'000ms;
  right.status.closes_at = right.status.closes_at + 6'000ms;
  EXPECT_EQ(right.happens(auction::Happening::extended, 6'000ms), "");
}

TEST(AuctionCheckersTest, AFallingPriceIsSeen) {
  Told told(terms_of(auction::Format::english));
  told.now = told.now + 1ms;
  told.status.asking = auction::Price{99};
  EXPECT_EQ(told.happens(auction::Happening::paused),
            "prices rise: the price of lot 7.0 fell from 100");
}

TEST(AuctionCheckersTest, ASecretPriceIsSeenInsideOfOtherBytes) {
  SealedStaySealed sealed;
  const LotId lot{Position{LogIndex{7}, 0}};
  auction::LotEvent event{.lot = lot};
  event.status.standing = auction::Price{(std::uint64_t{1} << 43U) + 7};
  sealed.committed(lot, auction::Price{(std::uint64_t{1} << 43U) + 8});
  EXPECT_NO_THROW(sealed.seen(0, lot, encode(event)));
  event.status.standing->minor += 1;
  EXPECT_THROW(sealed.seen(0, lot, encode(event)), Violation);
}

}  // namespace
}  // namespace muster::sim
