// The layout of replies, byte by byte, and its limits.
#include "wire/replies.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/testing.h"

namespace muster::wire::replies_test {
namespace {

using testing::from_hex;
using testing::to_hex;

const std::string two_replies =
    "0500000000000000"
    "02000000"
    "02000000"
    "00"
    "02"
    "0000"
    "0900000000000000"
    "03000000"
    "6f6b"
    "02000000"
    "04"
    "01"
    "0000"
    "0000000000000000"
    "00000000"
    "6e6f";

TEST(RepliesTest, HaveTheLayoutOfTheHeader) {
  RepliesBuilder builder(SequenceNumber{5});
  ASSERT_TRUE(builder.add(Position{LogIndex{9}, 3}, as_bytes("ok")));
  ASSERT_TRUE(builder.add(Position{}, Error{ErrorCode::failed_precondition, "no"}));
  EXPECT_EQ(to_hex(std::move(builder).finish()), two_replies);
}

TEST(RepliesTest, ReadWhatWasBuilt) {
  const Bytes bytes = from_hex(two_replies);
  const RepliesView replies = RepliesView::parse(bytes).value();
  EXPECT_EQ(replies.first_sequence(), SequenceNumber{5});
  EXPECT_EQ(replies.size(), 2U);
  auto reply = replies.begin();
  EXPECT_EQ((*reply).error, std::nullopt);
  EXPECT_EQ((*reply).outcome, Outcome::applied);
  EXPECT_EQ((*reply).position, (Position{LogIndex{9}, 3}));
  EXPECT_EQ(as_text((*reply).payload), "ok");
  ++reply;
  EXPECT_EQ((*reply).error, ErrorCode::failed_precondition);
  EXPECT_EQ((*reply).outcome, Outcome::not_applied);
  EXPECT_EQ(as_text((*reply).payload), "no");
  EXPECT_EQ(++reply, replies.end());
}

TEST(RepliesTest, TakeAPayloadOfTheLimit) {
  RepliesBuilder builder(SequenceNumber{1});
  ASSERT_TRUE(builder.add(Position{LogIndex{1}, 0}, Bytes(reply_bytes_max)));
  const Bytes bytes = std::move(builder).finish();
  const RepliesView replies = RepliesView::parse(bytes).value();
  EXPECT_EQ((*replies.begin()).payload.size(), reply_bytes_max);
}

TEST(RepliesTest, StayWithinAFrame) {
  RepliesBuilder builder(SequenceNumber{1});
  const Bytes large(reply_bytes_max);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(builder.add(Position{LogIndex{1}, 0}, large));
  EXPECT_FALSE(builder.add(Position{LogIndex{1}, 0}, large));
  EXPECT_EQ(builder.size(), 3U);
  EXPECT_LE(std::move(builder).finish().size(), frame_body_bytes_max);
}

TEST(RepliesTest, AreNoMoreThanAnEntryHasCommands) {
  RepliesBuilder builder(SequenceNumber{1});
  for (std::uint32_t i = 0; i < entry_commands_max; ++i) {
    ASSERT_TRUE(builder.add(Position{LogIndex{1}, i}, BytesView()));
  }
  EXPECT_FALSE(builder.add(Position{LogIndex{1}, 0}, BytesView()));
  const Bytes bytes = std::move(builder).finish();
  EXPECT_EQ(RepliesView::parse(bytes)->size(), entry_commands_max);
}

TEST(RepliesTest, CutAMessageBeyondTheLimit) {
  RepliesBuilder builder(SequenceNumber{1});
  ASSERT_TRUE(
      builder.add(Position{}, Error{ErrorCode::internal, std::string(reply_bytes_max + 1, 'x')}));
  const Bytes bytes = std::move(builder).finish();
  EXPECT_EQ((*RepliesView::parse(bytes)->begin()).payload.size(), reply_bytes_max);
}

TEST(RepliesTest, RefuseSuccessThatWasNotApplied) {
  Bytes bytes = from_hex(two_replies);
  bytes[replies_header_bytes + 5] = std::byte{1};
  EXPECT_EQ(RepliesView::parse(bytes).error().code, ErrorCode::invalid_argument);
}

TEST(RepliesTest, SurviveDamage) {
  EXPECT_TRUE(testing::survives_damage(from_hex(two_replies), 3, [](BytesView bytes) {
    const Result<RepliesView> replies = RepliesView::parse(bytes);
    if (!replies) return false;
    std::uint32_t count = 0;
    for (const ReplyView reply : *replies) count += reply.payload.size() <= reply_bytes_max;
    EXPECT_EQ(count, replies->size());
    return true;
  }));
}

}  // namespace
}  // namespace muster::wire::replies_test
