#include "cli/auction_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli::auction_audit_test {
namespace {

using auction::Entry;
using auction::Reason;

const auction::LotId lot{{LogIndex{17}, 0}};

/// A record of `count` bids, ann and bob in turn, each at the place 100 + its number.
auction::History record(std::uint64_t count) {
  auction::History history{.lot = lot};
  auction::Hash hash = auction::chain_start(lot);
  for (std::uint64_t number = 1; number <= count; ++number) {
    Entry entry{.number = number,
                .position = {LogIndex{100 + number}, 0},
                .time = {static_cast<std::int64_t>(number)},
                .bidder = number % 2 == 1 ? "ann" : "bob",
                .price = {number * 100},
                .standing = auction::Price{number * 100}};
    entry.standing_bidder = entry.bidder;
    entry.hash = hash = auction::chain_next(hash, lot, entry);
    history.entries.push_back(entry);
  }
  history.status.bids = count;
  history.status.head = hash;
  history.status.state = auction::State::sold;
  history.status.winner = count % 2 == 1 ? "ann" : "bob";
  history.status.paid = auction::Price{count * 100};
  return history;
}

auction::Receipt receipt_of(const Entry& entry) {
  return {.position = entry.position, .lot = lot, .number = entry.number, .hash = entry.hash};
}

Receipts receipts_of(const auction::History& history) {
  Receipts receipts;
  for (const Entry& entry : history.entries) receipts.accepted.push_back(receipt_of(entry));
  return receipts;
}

TEST(ChainTest, AnUntouchedRecordFits) {
  EXPECT_EQ(fault_in_chain(record(0)), "");
  EXPECT_EQ(fault_in_chain(record(5)), "");
}

TEST(ChainTest, RefusedBidsAreNoPartOfIt) {
  auction::History history = record(3);
  history.entries.insert(history.entries.begin() + 1,
                         Entry{.position = {LogIndex{101}, 5}, .reason = Reason::too_low});
  EXPECT_EQ(fault_in_chain(history), "");
}

TEST(ChainTest, AChangedAMissingAndAMovedEntryAreSeen) {
  auction::History changed = record(5);
  changed.entries[2].price.minor += 1;
  EXPECT_EQ(fault_in_chain(changed), "the hash of entry 3 does not fit");
  auction::History missing = record(5);
  missing.entries.erase(missing.entries.begin() + 1);
  EXPECT_EQ(fault_in_chain(missing), "entry 2 is missing: 3 follows 1");
  auction::History cut = record(5);
  cut.entries.pop_back();
  EXPECT_EQ(fault_in_chain(cut), "the head is not the hash of the last entry");
  auction::History moved = record(5);
  std::swap(moved.entries[1].bidder, moved.entries[2].bidder);
  EXPECT_EQ(fault_in_chain(moved), "the hash of entry 2 does not fit");
}

TEST(ChainTest, ARecordThatBeginsLaterGoesOnFromTheHashBefore) {
  auction::History history = record(5);
  history.first_kept = 3;
  history.before_kept = history.entries[1].hash;
  history.entries.erase(history.entries.begin(), history.entries.begin() + 2);
  EXPECT_EQ(fault_in_chain(history), "");
  history.before_kept[0] ^= std::byte{1};
  EXPECT_EQ(fault_in_chain(history), "the hash of entry 3 does not fit");
}

TEST(ChainTest, ServersAreComparedAsFarAsBothHaveIt) {
  const auction::History longer = record(5);
  auction::History shorter = record(3);
  EXPECT_EQ(fault_between(longer, shorter), "");
  shorter.entries[1].hash[0] ^= std::byte{1};
  EXPECT_EQ(fault_between(longer, shorter), "entry 2 differs");
  EXPECT_EQ(fault_between(shorter, longer), "entry 2 differs");
}

TEST(AuditTest, EveryReceiptIsInTheRecordOnce) {
  const auction::History history = record(4);
  const AuditOutcome outcome = audit(history, receipts_of(history));
  EXPECT_TRUE(outcome.well());
  EXPECT_EQ(outcome.acknowledged, 4U);
}

TEST(AuditTest, AReceiptThatTheRecordLacksIsLost) {
  Receipts receipts = receipts_of(record(4));
  EXPECT_EQ(audit(record(3), receipts).lost, 1U);
  receipts = receipts_of(record(4));
  receipts.accepted[0].hash[0] ^= std::byte{1};
  EXPECT_EQ(audit(record(4), receipts).lost, 1U);
  receipts = receipts_of(record(4));
  receipts.accepted.push_back(receipts.accepted[0]);
  EXPECT_EQ(audit(record(4), receipts).lost, 1U);
}

TEST(AuditTest, WhatNobodyBidIsSurplusUnlessItMayBeABidOfUnknownOutcome) {
  Receipts receipts = receipts_of(record(4));
  receipts.accepted.pop_back();
  EXPECT_EQ(audit(record(4), receipts).surplus, 1U);
  receipts.unknown["ann"] = 1;
  EXPECT_EQ(audit(record(4), receipts).surplus, 1U);
  receipts.unknown["bob"] = 1;
  EXPECT_EQ(audit(record(4), receipts).surplus, 0U);
}

TEST(AuditTest, ALotThatIsOverHasOneWinnerIfItIsSold) {
  auction::History history = record(2);
  history.status.winner = "ann";
  EXPECT_THAT(
      audit(history, receipts_of(history)).faults,
      testing::ElementsAre("the winner is not whose bid stood last, or pays something else"));
  history.status.winner = "bob";
  history.status.paid = auction::Price{100};
  EXPECT_FALSE(audit(history, receipts_of(history)).well());
  history.status.winner.clear();
  EXPECT_FALSE(audit(history, receipts_of(history)).well());
  history.status.state = auction::State::unsold;
  EXPECT_TRUE(audit(history, receipts_of(history)).well());
  history.status.state = auction::State::open;
  EXPECT_THAT(audit(history, receipts_of(history)).faults,
              testing::ElementsAre("the lot is not over"));
}

}  // namespace
}  // namespace muster::cli::auction_audit_test
