#include "node/digests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::node::digests_test {
namespace {

using testing::ElementsAre;

constexpr ServerNumber ann{1};
constexpr ServerNumber bob{2};
constexpr ServerNumber eve{3};
const std::set<ServerNumber> all{ann, bob, eve};

wire::StateDigests said(std::uint64_t index, std::uint64_t digest, bool whole = false) {
  wire::StateDigests digests;
  wire::StateDigests::Item& item = *digests.add_items();
  item.set_index(index);
  item.set_digest(digest);
  item.set_whole(whole);
  return digests;
}

class DigestsTest : public testing::Test {
 protected:
  Digests digests_{ann};
};

TEST_F(DigestsTest, EqualDigestsSayNothing) {
  digests_.applied(LogIndex{256}, 7);
  digests_.told(bob, said(256, 7));
  digests_.told(eve, said(256, 7));
  EXPECT_FALSE(digests_.judge(all));
}

TEST_F(DigestsTest, OneThatDiffersFromAMajorityIsOutvoted) {
  digests_.applied(LogIndex{256}, 7);
  digests_.told(bob, said(256, 8));
  digests_.told(eve, said(256, 8));
  const auto verdict = digests_.judge(all);
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(verdict->outvoted);
  EXPECT_FALSE(verdict->whole);
  EXPECT_EQ(verdict->index, LogIndex{256});
  EXPECT_THAT(verdict->same, ElementsAre(ann));
  EXPECT_THAT(verdict->other, ElementsAre(bob, eve));
  EXPECT_EQ(words_for(*verdict, {{ann, "ann"}, {bob, "bob"}}),
            "what was applied up to index 256 differs: ann have one, bob, #3 another");
}

TEST_F(DigestsTest, AMajorityIsOneOfAllVotersNotOfThoseHeard) {
  digests_.applied(LogIndex{256}, 7);
  digests_.told(bob, said(256, 8));
  const auto verdict = digests_.judge(all);
  ASSERT_TRUE(verdict);
  EXPECT_FALSE(verdict->outvoted);
  digests_.told(eve, said(256, 8));
  EXPECT_TRUE(digests_.judge(all)->outvoted);
}

TEST_F(DigestsTest, WithoutAMajorityForOneOtherStateNobodyIsOutvoted) {
  digests_.encoded(LogIndex{300}, 7);
  digests_.told(bob, said(300, 8, true));
  digests_.told(eve, said(300, 9, true));
  const auto verdict = digests_.judge(all);
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(verdict->whole);
  EXPECT_FALSE(verdict->outvoted);
}

TEST_F(DigestsTest, StandbysDoNotOutvote) {
  digests_.applied(LogIndex{256}, 7);
  digests_.told(bob, said(256, 8));
  digests_.told(eve, said(256, 8));
  EXPECT_FALSE(digests_.judge({ann, ServerNumber{4}, ServerNumber{5}})->outvoted);
}

TEST_F(DigestsTest, ADisagreementIsGivenOnceAndAgainWhenItGrows) {
  digests_.applied(LogIndex{256}, 7);
  digests_.told(bob, said(256, 8));
  EXPECT_TRUE(digests_.judge(all));
  EXPECT_FALSE(digests_.judge(all));
  digests_.told(bob, said(256, 8));
  EXPECT_FALSE(digests_.judge(all));
  digests_.told(eve, said(256, 9));
  EXPECT_TRUE(digests_.judge(all));
}

TEST_F(DigestsTest, OthersMayBeAhead) {
  digests_.told(bob, said(512, 8));
  digests_.told(eve, said(512, 8));
  EXPECT_FALSE(digests_.judge(all));
  digests_.applied(LogIndex{512}, 7);
  EXPECT_TRUE(digests_.judge(all)->outvoted);
}

TEST_F(DigestsTest, OnlySomeEntriesAreLookedAtAndEachIsToldOnce) {
  digests_.applied(LogIndex{255}, 1);
  EXPECT_FALSE(digests_.to_tell());
  digests_.applied(LogIndex{256}, 2);
  digests_.encoded(LogIndex{300}, 3);
  const auto told = digests_.to_tell();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->items().size(), 2);
  EXPECT_EQ(told->items(0).index(), 256U);
  EXPECT_EQ(told->items(0).digest(), 2U);
  EXPECT_TRUE(told->items(1).whole());
  EXPECT_FALSE(digests_.to_tell());
}

TEST_F(DigestsTest, TheOldestPlacesAreForgottenAtTheLimit) {
  digests_.applied(LogIndex{256}, 1);
  for (std::uint64_t i = 2; i <= 2 * Digests::checks_max; ++i) {
    digests_.told(bob, said(256 * i, i));
  }
  digests_.told(bob, said(256, 9));  // There is just room.
  EXPECT_TRUE(digests_.judge(all));
  digests_.told(bob, said(256 * (2 * Digests::checks_max + 1), 9));
  digests_.told(eve, said(256, 9));  // Gone, and older than all that is kept.
  EXPECT_FALSE(digests_.judge(all));
}

TEST_F(DigestsTest, PlacesNobodyLooksAtAreIgnored) {
  digests_.told(bob, said(255, 1));
  digests_.applied(LogIndex{255}, 2);
  EXPECT_FALSE(digests_.judge(all));
}

}  // namespace
}  // namespace muster::node::digests_test
