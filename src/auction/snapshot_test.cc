// An auction's snapshot gives the same auction again, and nothing else passes for one.
#include <gtest/gtest.h>

#include "auction/testing.h"
#include "base/random.h"

namespace muster::auction::snapshot_test {
namespace {

using namespace std::chrono_literals;

const Auction::Options small{
    .entries_kept = 4, .entries_per_part = 2, .refused_kept = 2, .keys_per_part = 2};

/// Something of everything: each format, in each state, with records that have lost their oldest.
void populate(Saleroom& here) {
  const LotId sold = here.open(Saleroom::english());
  Terms rich = Saleroom::english();
  rich.increments = {{Price{}, {50}}, {{1'500}, {100}}};
  rich.reserve = Price{3'000};
  rich.buy_now = Price{9'000};
  rich.soft_close = 10s;
  rich.duration = {};
  rich.closes_at = here.time + 2h;
  const LotId open = here.open(rich);
  const LotId paused = here.open(Saleroom::english(), "tom");
  const LotId vickrey = here.open(Saleroom::sealed());
  const LotId first = here.open(Saleroom::sealed(Format::sealed_first));
  here.commit(vickrey, "ann", 500, 1);
  here.commit(vickrey, "bob", 700, 2);
  here.commit(first, "ann", 500, 1);
  for (std::uint64_t i = 0; i < 8; ++i) {
    here.bid(sold, i % 2 == 0 ? "ann" : "bob", 1'000 + 100 * i, {}, std::to_string(i));
    here.bid(open, "ann", i);
  }
  here.bid(open, "ann", 1'000, 2'000);
  here.bid(open, "bob", 1'100, 2'900);
  here.steer(paused, Steering::pause, {}, "tom");
  here.wait(60s);
  here.reveal(vickrey, "ann", 500, 1);
  const LotId dutch = here.open(Saleroom::dutch());
  here.wait(15s);
  here.steer(dutch, Steering::pause);
  here.wait(5s);
  here.steer(dutch, Steering::resume);
  const LotId taken = here.open(Saleroom::dutch());
  here.bid(taken, "cat", 20'000);
  here.steer(here.open(Saleroom::english()), Steering::cancel);
  Terms later = Saleroom::english();
  later.opens_at = here.time + 1h;
  here.command(Open{"sue", later, "key"});
  here.take_events();
  here.told.replies.clear();
}

bool restore(Auction& auction, const std::vector<Bytes>& parts) {
  auction.clear();
  for (const Bytes& part : parts) {
    const Result<void> restored = auction.restore(part);
    if (restored) continue;
    EXPECT_EQ(restored.error().code, ErrorCode::internal);
    return false;
  }
  return true;
}

TEST(AuctionSnapshotTest, ARestoredAuctionGoesOnAsTheOneItWasTakenOf) {
  Saleroom here(small);
  populate(here);
  Saleroom there(small);
  ASSERT_TRUE(restore(there.auction, here.frozen()));
  EXPECT_EQ(there.frozen(), here.frozen());
  EXPECT_EQ(there.auction.deadline(), here.auction.deadline());
  there.position = here.position;
  there.time = here.time;
  const std::vector<LotView> lots = here.lots().lots;
  ASSERT_EQ(lots.size(), 9U);
  for (Saleroom* each : {&here, &there}) {
    for (const LotView& view : lots) {
      each->bid(view.lot, "bob", 2'500, 4'000, "7");
      each->reveal(view.lot, "bob", 700, 2);
      each->steer(view.lot, Steering::resume, {}, "tom");
    }
    each->bid(lots[0].lot, "bob", 1'700, {}, "7");
    each->wait(20s);
    each->stop(1h);
    each->wait(3h);
  }
  EXPECT_EQ(there.told.replies, here.told.replies);
  EXPECT_EQ(there.told.raw_events, here.told.raw_events);
  EXPECT_EQ(there.frozen(), here.frozen());
  EXPECT_EQ(there.told.replies.back(), "again ok");
  for (const LotView& view : lots) EXPECT_TRUE(is_chain(there.history(view.lot)));
}

TEST(AuctionSnapshotTest, LotsThatEndedWhileTheyWerePausedCanBeRestored) {
  for (const Steering what : {Steering::close, Steering::cancel}) {
    Saleroom here(small);
    const LotId english = here.open(Saleroom::english());
    const LotId vickrey = here.open(Saleroom::sealed());
    here.commit(vickrey, "ann", 500);
    for (const LotId lot : {english, vickrey}) {
      EXPECT_EQ(here.steer(lot, Steering::pause), "ok");
      EXPECT_EQ(here.steer(lot, what), "ok");
    }
    Saleroom there(small);
    ASSERT_TRUE(restore(there.auction, here.frozen()));
    EXPECT_EQ(there.frozen(), here.frozen());
  }
}

TEST(AuctionSnapshotTest, AFrozenStateDoesNotSeeLaterCommands) {
  Saleroom here(small);
  populate(here);
  const std::vector<Bytes> before = here.frozen();
  const service::FrozenParts frozen = here.auction.freeze();
  for (const LotView& view : here.lots().lots) {
    here.bid(view.lot, "dan", 3'000, {}, "new");
    here.reveal(view.lot, "bob", 700, 2);
  }
  here.wait(3h);
  std::vector<Bytes> encoded;
  for (const auto& part : frozen) part->encode(encoded.emplace_back());
  EXPECT_EQ(encoded, before);
  EXPECT_NE(here.frozen(), before);
}

TEST(AuctionSnapshotTest, PartsThatAreCutOffOrHaveMoreBehindThemAreRefused) {
  Saleroom here(small);
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  Auction auction(small);
  for (std::size_t damaged = 0; damaged < whole.size(); ++damaged) {
    for (std::size_t kept = 0; kept < whole[damaged].size(); ++kept) {
      std::vector<Bytes> parts = whole;
      parts[damaged].resize(kept);
      EXPECT_FALSE(restore(auction, parts)) << "part " << damaged << " cut to " << kept;
    }
    std::vector<Bytes> parts = whole;
    parts[damaged].push_back(std::byte{0});
    EXPECT_FALSE(restore(auction, parts)) << "part " << damaged;
  }
}

TEST(AuctionSnapshotTest, WhateverIsRestoredIsWrittenInTheSameBytes) {
  Saleroom here(small);
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  std::size_t refused = 0;
  for (std::size_t part = 0; part < whole.size(); ++part) {
    for (std::size_t at = 0; at < whole[part].size(); ++at) {
      std::vector<Bytes> parts = whole;
      parts[part][at] ^= std::byte{0x81};
      Saleroom there(small);
      if (restore(there.auction, parts)) {
        EXPECT_EQ(there.frozen(), parts) << "part " << part << " byte " << at;
        there.time = here.time;
        there.wait(1s);
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1'000U);
}

TEST(AuctionSnapshotTest, ARecordThatWasChangedIsRefused) {
  Saleroom here;
  const LotId lot = here.open(Saleroom::english());
  for (std::uint64_t i = 0; i < 5; ++i) here.bid(lot, i % 2 == 0 ? "ann" : "bob", 1'000 + i * 100);
  const std::vector<Bytes> whole = here.frozen();
  ASSERT_EQ(whole.size(), 3U);
  for (std::size_t at = 0; at < whole[0].size(); ++at) {
    std::vector<Bytes> parts = whole;
    parts[0][at] ^= std::byte{0x01};
    Auction auction;
    EXPECT_FALSE(restore(auction, parts)) << "byte " << at;
  }
}

TEST(AuctionSnapshotTest, PartsInAnotherOrderOrTwiceOrLeftOutAreRefused) {
  Saleroom here(small);
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  Auction auction(small);
  const auto is_whole_lot = [](const Bytes& part) { return part.front() == std::byte{2}; };
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    std::vector<Bytes> swapped = whole;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_FALSE(restore(auction, swapped)) << i;
    std::vector<Bytes> twice = whole;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), whole[i]);
    EXPECT_FALSE(restore(auction, twice)) << i;
    if (is_whole_lot(whole[i]) || whole[i].front() == std::byte{3}) continue;
    std::vector<Bytes> less = whole;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(restore(auction, less)) << i;
  }
}

TEST(AuctionSnapshotTest, StateBeyondTheLimitsIsRefused) {
  Saleroom here(small);
  populate(here);
  const std::vector<Bytes> whole = here.frozen();
  const auto with = [](auto change) {
    Auction::Options options = small;
    change(options);
    return options;
  };
  for (const Auction::Options& options :
       {with([](auto& it) { it.lots_max = 8; }), with([](auto& it) { it.entries_kept = 1; }),
        with([](auto& it) { it.entries_per_part = 1; }),
        with([](auto& it) { it.refused_kept = 1; }),
        with([](auto& it) { it.sealed_bidders_max = 1; }), with([](auto& it) { it.keys_max = 8; }),
        with([](auto& it) { it.keys_per_part = 1; })}) {
    Auction auction(options);
    EXPECT_FALSE(restore(auction, whole));
  }
  Auction auction(small);
  EXPECT_TRUE(restore(auction, whole));
}

TEST(AuctionSnapshotTest, AnAuctionThatHasForgottenItsKeysIsRestoredAsItIs) {
  Saleroom here(small);
  const LotId lot = here.open(Saleroom::english());
  here.bid(lot, "ann", 1'000, {}, "k1");
  here.bid(lot, "bob", 1'100, {}, "k2");
  here.wait(25h);
  here.bid(lot, "ann", 1'000);
  Saleroom there(small);
  ASSERT_TRUE(restore(there.auction, here.frozen()));
  there.position = here.position;
  there.time = here.time;
  for (Saleroom* each : {&here, &there}) each->bid(lot, "ann", 1'000, {}, "k1");
  EXPECT_EQ(there.frozen(), here.frozen());
}

TEST(AuctionSnapshotTest, AnEmptyAuctionIsRestoredToo) {
  Saleroom here;
  Saleroom there;
  EXPECT_TRUE(restore(there.auction, here.frozen()));
  EXPECT_EQ(there.frozen(), here.frozen());
  EXPECT_EQ(there.auction.deadline(), std::nullopt);
}

}  // namespace
}  // namespace muster::auction::snapshot_test
