// What must hold of an auction whatever people do: one winner who pays what the rule says, a record
// in the order of the log that misses nothing, an end that comes once and never early.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "auction/testing.h"
#include "base/random.h"
#include "base/testing/rounds.h"

namespace muster::auction::property_test {
namespace {

using std::chrono::milliseconds;

/// What was acknowledged about a lot, as its clients remember it.
struct Remembered {
  std::vector<Receipt> accepted{};
  Price standing{};
  Price asking{};
  LogTime closes_at{};
  std::size_t ends{0};
};

struct Evening {
  explicit Evening(std::uint64_t seed) : random(seed) {}

  Terms some_terms() {
    Terms terms;
    switch (random.below(4)) {
      case 0:
        terms = Saleroom::dutch();
        break;
      case 1:
        terms = Saleroom::sealed(random.below(2) == 0 ? Format::vickrey : Format::sealed_first);
        break;
      default:
        terms = Saleroom::english(random.below(500), 1 + random.below(100));
        terms.soft_close = milliseconds{random.below(2) * 10'000};
        if (random.below(2) == 0) terms.reserve = Price{terms.start.minor + random.below(2'000)};
        if (random.below(3) == 0)
          terms.buy_now = Price{terms.start.minor + 2'000 + random.below(2'000)};
    }
    terms.extend_on_outage = random.below(3) != 0;
    if (random.below(4) == 0) terms.opens_at = room.time + milliseconds{random.below(30'000)};
    return terms;
  }

  void open() {
    room.command(Open{"sue", some_terms()});
    const LotId lot = room.told.receipt.lot;
    lots[lot] = {.closes_at = room.status(lot).closes_at};
  }

  LotId some_lot() {
    auto at = lots.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(lots.size())));
    return at->first;
  }

  void act() {
    const LotId lot = some_lot();
    const std::string bidder(1, static_cast<char>('a' + random.below(5)));
    const std::uint64_t price = random.below(12'000);
    std::string said;
    switch (random.below(9)) {
      case 0:
        said = room.command(Retract{lot, bidder});
        break;
      case 1:
        said = room.commit(lot, bidder, price % 1'000);
        if (said == "ok") sealed[{lot, bidder}] = price % 1'000;
        break;
      case 2:
      case 3:
        said = room.reveal(lot, bidder, sealed[{lot, bidder}]);
        break;
      case 4:
        said = room.bid(lot, bidder, price, price + random.below(2'000));
        break;
      default:
        said = room.bid(lot, bidder, room.status(lot).asking.minor + random.below(150));
    }
    if (said == "ok") lots[lot].accepted.push_back(room.told.receipt);
  }

  void turn() {
    switch (random.below(12)) {
      case 0:
        return room.wait(milliseconds{random.below(20'000)});
      case 1:
        return room.stop(milliseconds{random.below(30'000)});
      case 2:
        if (lots.size() < 6) return open();
        return;
      case 3: {
        const std::uint64_t what = 1 + random.below(25);
        if (what > 5) return;
        room.steer(some_lot(), static_cast<Steering>(what),
                   milliseconds{100 + random.below(9'000)});
        return;
      }
      default:
        act();
    }
  }

  Random random;
  Saleroom room{};
  std::map<LotId, Remembered> lots{};
  std::map<std::pair<LotId, std::string>, std::uint64_t> sealed{};
};

/// The events since the last look: who ends does so once.
void count_ends(Evening& evening) {
  for (const Bytes& bytes : evening.room.told.raw_events) {
    const LotEvent event = decode_event(bytes).value();
    if (event.what == Happening::ended && event.title.empty()) ++evening.lots[event.lot].ends;
  }
  evening.room.take_events();
}

void check_prices(const Evening& evening, LotId lot, Remembered& before) {
  const Status now = evening.room.status(lot);
  if (evening.room.view(lot).terms.format == Format::english) {
    ASSERT_GE(now.asking, before.asking);
    if (now.standing && now.state != State::sold) {
      ASSERT_GE(*now.standing, before.standing);
    }
    before.standing = now.standing.value_or(before.standing);
    before.asking = now.asking;
  }
  if (now.state == State::open) {
    ASSERT_GT(now.closes_at, evening.room.time);
  }
}

/// Every acknowledged act is in the record once, at its number, and the record is a chain.
void check_record(const Evening& evening, LotId lot, const Remembered& remembered) {
  const History history = evening.room.history(lot);
  ASSERT_TRUE(is_chain(history));
  ASSERT_TRUE(std::ranges::is_sorted(history.entries, {}, &Entry::position));
  std::vector<Entry> accepted = history.entries;
  std::erase_if(accepted, [](const Entry& entry) { return entry.number == 0; });
  ASSERT_EQ(accepted.size(), remembered.accepted.size());
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    ASSERT_EQ(accepted[i].number, remembered.accepted[i].number);
    ASSERT_EQ(accepted[i].position, remembered.accepted[i].position);
    ASSERT_EQ(accepted[i].hash, remembered.accepted[i].hash);
    ASSERT_EQ(accepted[i].time, remembered.accepted[i].time);
  }
}

/// The winner made an accepted act, and pays what the record says.
void check_winner(const Evening& evening, LotId lot) {
  const LotView view = evening.room.view(lot);
  const History history = evening.room.history(lot);
  if (view.status.state != State::sold) {
    ASSERT_EQ(view.status.winner, "");
    return;
  }
  std::vector<Entry> accepted = history.entries;
  std::erase_if(accepted, [](const Entry& entry) { return entry.number == 0; });
  ASSERT_FALSE(accepted.empty());
  if (!is_sealed(view.terms.format)) {
    ASSERT_EQ(view.status.winner, accepted.back().standing_bidder);
    ASSERT_EQ(view.status.paid, accepted.back().standing);
    return;
  }
  std::vector<SealedBid> bids;
  for (const Entry& entry : accepted) {
    if (entry.act != Act::reveal) continue;
    const auto committed = std::ranges::find_if(accepted.rbegin(), accepted.rend(), [&](auto& it) {
      return it.act == Act::commit && it.bidder == entry.bidder;
    });
    ASSERT_NE(committed, accepted.rend());
    ASSERT_EQ(committed->commitment, seal(lot, entry.bidder, entry.price, Saleroom::nonce(1)));
    bids.push_back({entry.bidder, entry.price, committed->position});
  }
  ASSERT_EQ(settle_sealed({.format = view.terms.format, .start = view.terms.start}, bids),
            (Sale{view.status.winner, view.status.paid.value()}));
}

TEST(AuctionPropertyTest, WhateverPeopleDoTheRecordIsWholeAndTheWinnerPaysWhatTheRuleSays) {
  std::map<State, std::size_t> ended;
  for (std::uint64_t seed = 1; seed <= rounds(150); ++seed) {
    Evening evening(seed);
    evening.open();
    for (int i = 0; i < 150; ++i) {
      evening.turn();
      count_ends(evening);
      for (auto& [lot, remembered] : evening.lots) check_prices(evening, lot, remembered);
      if (HasFatalFailure()) FAIL() << "seed " << seed << " turn " << i;
    }
    for (const auto& [lot, remembered] : evening.lots) evening.room.steer(lot, Steering::resume);
    evening.room.wait(std::chrono::hours{24});
    count_ends(evening);
    for (const auto& [lot, remembered] : evening.lots) {
      check_record(evening, lot, remembered);
      check_winner(evening, lot);
      EXPECT_EQ(remembered.ends, 1U) << seed;
      ++ended[evening.room.status(lot).state];
      if (HasFatalFailure()) FAIL() << "seed " << seed << " lot " << to_text(lot);
    }
  }
  EXPECT_EQ(ended.size(), 3U);
  EXPECT_GT(ended[State::sold], rounds(200));
}

TEST(AuctionPropertyTest, ServersThatApplyTheSameAreTheSame) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Evening one(seed);
    Evening two(seed);
    for (Evening* each : {&one, &two}) {
      each->open();
      for (int i = 0; i < 100; ++i) each->turn();
    }
    EXPECT_EQ(one.room.frozen(), two.room.frozen());
    EXPECT_EQ(one.room.told.raw_events, two.room.told.raw_events);
    EXPECT_EQ(one.room.told.replies, two.room.told.replies);
  }
}

// A server that was restored from a snapshot in the middle goes on as those that were not.
TEST(AuctionPropertyTest, ARestoredServerStaysTheSame) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Evening one(seed);
    Evening two(seed);
    one.open();
    two.open();
    for (int i = 0; i < 100; ++i) {
      one.turn();
      two.turn();
      if (i % 10 != 0) continue;
      const std::vector<Bytes> parts = two.room.frozen();
      two.room.auction.clear();
      for (const Bytes& part : parts) ASSERT_TRUE(two.room.auction.restore(part)) << seed;
      ASSERT_EQ(two.room.frozen(), parts);
    }
    EXPECT_EQ(one.room.frozen(), two.room.frozen()) << seed;
    EXPECT_EQ(one.room.told.raw_events, two.room.told.raw_events) << seed;
    EXPECT_EQ(one.room.auction.deadline(), two.room.auction.deadline()) << seed;
  }
}

}  // namespace
}  // namespace muster::auction::property_test
