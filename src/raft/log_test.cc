// The log: terms as runs, what is durable, what is in memory, and membership that goes with it.
#include "raft/log.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace muster::raft::log_test {
namespace {

constexpr ServerNumber ann{1};
constexpr ServerNumber bob{2};

Configuration voters(std::initializer_list<ServerNumber> servers) {
  Configuration configuration;
  for (const ServerNumber server : servers) configuration.members[server] = MemberRole::voter;
  return configuration;
}

constexpr std::size_t roomy = 1U << 20U;

/// A log after nothing, with entries of these terms and one byte each.
Log log_of(std::initializer_list<std::uint64_t> terms, std::size_t cache_bytes_max = roomy) {
  Log log({}, {}, cache_bytes_max);
  for (const std::uint64_t term : terms) {
    log.append({Term{term}, log.last_index() + 1, EntryKind::commands,
                SharedBytes::copy_of(as_bytes("x"))});
  }
  return log;
}

Entry membership(Term term, LogIndex index, const Configuration& configuration) {
  return {term, index, EntryKind::configuration,
          SharedBytes(encode_configuration(configuration, {}))};
}

TEST(LogTest, KnowsTheTermOfEveryEntryFromItsBaseOn) {
  const Log log = log_of({1, 1, 3, 3, 7});
  EXPECT_EQ(log.term_at(LogIndex{0}), Term{0});
  EXPECT_EQ(log.term_at(LogIndex{2}), Term{1});
  EXPECT_EQ(log.term_at(LogIndex{3}), Term{3});
  EXPECT_EQ(log.term_at(LogIndex{5}), Term{7});
  EXPECT_EQ(log.term_at(LogIndex{6}), std::nullopt);
}

TEST(LogTest, FindsTheLastEntryOfAnEarlierTerm) {
  const Log log = log_of({1, 1, 3, 3, 7});
  EXPECT_EQ(log.last_index_with_term_at_most(Term{2}, LogIndex{5}), LogIndex{2});
  EXPECT_EQ(log.last_index_with_term_at_most(Term{3}, LogIndex{5}), LogIndex{4});
  EXPECT_EQ(log.last_index_with_term_at_most(Term{3}, LogIndex{3}), LogIndex{3});
  EXPECT_EQ(log.last_index_with_term_at_most(Term{0}, LogIndex{5}), LogIndex{0});
}

TEST(LogTest, TruncationTakesTermsEntriesDurabilityAndMembershipBack) {
  Log log({}, {}, roomy);
  log.append(membership(Term{1}, LogIndex{1}, voters({ann})));
  log.append(membership(Term{2}, LogIndex{2}, voters({ann, bob})));
  EXPECT_EQ(log.take_unstored().size(), 2U);
  EXPECT_TRUE(log.stored(Term{2}, LogIndex{2}));
  log.truncate_from(LogIndex{2});
  EXPECT_EQ(log.last_index(), LogIndex{1});
  EXPECT_EQ(log.last_term(), Term{1});
  EXPECT_EQ(log.stored_index(), LogIndex{1});
  EXPECT_EQ(log.configuration(), voters({ann}));
  EXPECT_EQ(log.configuration_index(), LogIndex{1});
}

TEST(LogTest, AReportOfTheDiskCountsOnlyForTheEntryThatIsThere) {
  Log log = log_of({1, 2, 2});
  EXPECT_EQ(log.take_unstored().size(), 3U);
  log.truncate_from(LogIndex{2});
  log.append({Term{3}, LogIndex{2}, EntryKind::empty, {}});
  EXPECT_FALSE(log.stored(Term{2}, LogIndex{2}));
  EXPECT_FALSE(log.stored(Term{2}, LogIndex{3}));
  EXPECT_EQ(log.stored_index(), LogIndex{0});
  EXPECT_EQ(log.take_unstored().front().index, LogIndex{2});
  EXPECT_TRUE(log.stored(Term{3}, LogIndex{2}));
  EXPECT_EQ(log.stored_index(), LogIndex{2});
}

TEST(LogTest, OnlyWhatIsStoredAndAppliedIsDroppedFromMemory) {
  Log log = log_of({1, 1, 1, 1}, 0);
  EXPECT_EQ(log.take_unstored().size(), 4U);
  log.applied(LogIndex{2});
  EXPECT_EQ(log.cache_first(), LogIndex{1});
  EXPECT_TRUE(log.stored(Term{1}, LogIndex{3}));
  EXPECT_EQ(log.cache_first(), LogIndex{3});
  EXPECT_EQ(log.evictable_bytes(), 0U);
  log.applied(LogIndex{4});
  EXPECT_EQ(log.cache_first(), LogIndex{4});
  EXPECT_EQ(log.term_at(LogIndex{2}), Term{1});
  EXPECT_EQ(log.cached(LogIndex{4}).term, Term{1});
}

TEST(LogTest, WhatIsAppendedMakesRoomForItself) {
  const std::size_t one = log_of({1}).cached(LogIndex{1}).payload.size() + sizeof(Entry);
  Log log = log_of({1, 1}, 3 * one);
  log.take_unstored();
  EXPECT_TRUE(log.stored(Term{1}, LogIndex{2}));
  log.applied(LogIndex{2});
  EXPECT_EQ(log.evictable_bytes(), 2 * one);
  for (std::uint64_t index = 3; index <= 5; ++index) {
    log.append(
        {Term{1}, LogIndex{index}, EntryKind::commands, SharedBytes::copy_of(as_bytes("x"))});
    EXPECT_LE(log.evictable_bytes(), 3 * one);
  }
  EXPECT_EQ(log.cache_first(), LogIndex{3});
}

TEST(LogTest, CompactionKeepsTheTermOfTheBaseAndTheMembershipInForce) {
  Log log({}, {}, roomy);
  log.append(membership(Term{1}, LogIndex{1}, voters({ann})));
  log.append(membership(Term{1}, LogIndex{2}, voters({ann, bob})));
  log.append({Term{4}, LogIndex{3}, EntryKind::empty, {}});
  log.compact(LogIndex{2});
  EXPECT_EQ(log.first_index(), LogIndex{3});
  EXPECT_EQ(log.term_at(LogIndex{1}), std::nullopt);
  EXPECT_EQ(log.term_at(LogIndex{2}), Term{1});
  EXPECT_EQ(log.configuration_at(LogIndex{2}).configuration, voters({ann, bob}));
  EXPECT_EQ(log.configuration_index(), LogIndex{2});
}

TEST(LogTest, KnowsTheMembershipsInForceSinceAnEntry) {
  Log log({}, {}, roomy);
  const auto since = [&](std::uint64_t index) { return log.configurations_since(LogIndex{index}); };
  using All = std::vector<Configuration>;
  log.append(membership(Term{1}, LogIndex{1}, voters({ann})));
  log.append({Term{1}, LogIndex{2}, EntryKind::empty, {}});
  log.append(membership(Term{1}, LogIndex{3}, voters({ann, bob})));
  log.append({Term{1}, LogIndex{4}, EntryKind::empty, {}});
  EXPECT_EQ(since(1), (All{voters({ann}), voters({ann, bob})}));
  EXPECT_EQ(since(2), since(1));
  EXPECT_EQ(since(3), All{voters({ann, bob})});
  EXPECT_EQ(since(4), since(3));
  log.compact(LogIndex{4});
  EXPECT_EQ(since(4), All{voters({ann, bob})});
  EXPECT_EQ(since(2), All{});  // Nobody knows any more.
}

TEST(LogTest, ASnapshotReplacesAllThereIs) {
  Log log = log_of({1, 1, 1});
  log.reset({LogIndex{9}, Term{5}, voters({bob}), LogIndex{4}});
  EXPECT_EQ(log.last_index(), LogIndex{9});
  EXPECT_EQ(log.term_at(LogIndex{9}), Term{5});
  EXPECT_EQ(log.term_at(LogIndex{3}), std::nullopt);
  EXPECT_EQ(log.configuration(), voters({bob}));
  EXPECT_TRUE(log.take_unstored().empty());
}

}  // namespace
}  // namespace muster::raft::log_test
