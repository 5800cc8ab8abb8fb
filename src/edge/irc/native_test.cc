#include "edge/irc/native.h"

#include <gtest/gtest.h>

#include "wire/batch.h"
#include "wire/control.h"
#include "wire/replies.h"

namespace muster::edge::irc::native_test {
namespace {

const SessionId session{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
using Numbers = std::vector<std::uint64_t>;

/// First number and count of each batch, 0 for other frames.
Numbers batches(Native& native) {
  Numbers numbers;
  for (const wire::Frame& frame : native.take_frames()) {
    if (frame.type != wire::FrameType::commands) {
      numbers.push_back(0);
      continue;
    }
    const auto batch = wire::BatchView::parse_from_client(frame.body.view());
    numbers.push_back(batch->header().first_sequence.value);
    numbers.push_back(batch->size());
  }
  return numbers;
}

Bytes answers(std::uint64_t first, std::uint64_t last) {
  wire::RepliesBuilder replies({first});
  for (std::uint64_t i = first; i <= last; ++i) {
    EXPECT_TRUE(replies.add(Position{{i}, 0}, chat::encode(chat::Receipt{.position = {{i}, 0}})));
  }
  return std::move(replies).finish();
}

TEST(IrcNativeTest, CommandsOfATurnAreOneBatch) {
  Native native(session);
  EXPECT_EQ(native.send(chat::Join{"a"}), SequenceNumber{1});
  EXPECT_EQ(native.send(chat::Join{"b"}), SequenceNumber{2});
  EXPECT_EQ(batches(native), (Numbers{1, 2}));
  native.send(chat::Join{"c"});
  EXPECT_EQ(batches(native), (Numbers{3, 1}));
  EXPECT_EQ(batches(native), Numbers{});
}

TEST(IrcNativeTest, WhatIsSaidAfterACommandIsSentAfterIt) {
  Native native(session);
  native.send(chat::Join{"a"});
  native.ping();
  native.send(chat::Join{"b"});
  EXPECT_EQ(batches(native), (Numbers{1, 1, 0, 2, 1}));
}

TEST(IrcNativeTest, SendsAgainFromWhereItIsAsked) {
  Native native(session);
  for (const char* const room : {"a", "b", "c"}) native.send(chat::Join{room});
  native.take_frames();
  ASSERT_TRUE(native.take_replies(answers(1, 1)));
  wire::ResendFrom resend;
  resend.set_sequence(2);
  ASSERT_TRUE(native.take_resend(wire::encode(resend)));
  EXPECT_EQ(batches(native), (Numbers{2, 2}));
  resend.set_sequence(5);
  EXPECT_FALSE(native.take_resend(wire::encode(resend)));
}

TEST(IrcNativeTest, AnswersAreTakenOnce) {
  Native native(session);
  native.send(chat::Join{"a"});
  native.send(chat::Join{"b"});
  EXPECT_FALSE(native.answer_to({2}));
  ASSERT_TRUE(native.take_replies(answers(2, 2)));
  EXPECT_EQ(native.unanswered(), 2U);  // An earlier one is.
  ASSERT_TRUE(native.take_replies(answers(1, 2)));
  EXPECT_EQ(native.unanswered(), 0U);
  EXPECT_EQ((*native.answer_to({2}))->position, (Position{{2}, 0}));
  EXPECT_FALSE(native.answer_to({2}));
  EXPECT_FALSE(native.take_replies(answers(3, 3)));
}

TEST(IrcNativeTest, AnswersThatNobodyAsksForAreGivenAtOnce) {
  Native native(session);
  native.send_unasked(chat::Delivered{{{1}, 0}});
  const auto unasked = native.take_replies(answers(1, 1));
  ASSERT_TRUE(unasked);
  EXPECT_EQ(unasked->size(), 1U);
  EXPECT_FALSE(native.answer_to({1}));
}

TEST(IrcNativeTest, ReadsAreNumbered) {
  Native native(session);
  const std::uint64_t first = native.read(chat::AskRooms{});
  const std::uint64_t second = native.read(chat::AskRooms{});
  wire::ReadReply reply;
  reply.set_request_id(second);
  reply.set_index(9);
  reply.set_payload("x");
  ASSERT_TRUE(native.take_read_reply(wire::encode(reply)));
  EXPECT_FALSE(native.answer_to_read(first));
  EXPECT_EQ((*native.answer_to_read(second))->index, LogIndex{9});
  reply.set_request_id(first);
  reply.set_code(static_cast<std::uint32_t>(ErrorCode::not_found));
  ASSERT_TRUE(native.take_read_reply(wire::encode(reply)));
  EXPECT_EQ(native.answer_to_read(first)->error().code, ErrorCode::not_found);
  reply.set_request_id(3);
  EXPECT_FALSE(native.take_read_reply(wire::encode(reply)));
}

}  // namespace
}  // namespace muster::edge::irc::native_test
