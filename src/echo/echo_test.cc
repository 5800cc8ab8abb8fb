// Echo says back what it is told and keeps an exact tally of each session.
#include "echo/echo.h"

#include <gtest/gtest.h>

namespace muster::echo {
namespace {

class Replies final : public service::Output {
 public:
  void reply(BytesView payload) override { replies.emplace_back(as_text(payload)); }
  void refuse(ErrorCode, std::string_view message) override { replies.emplace_back(message); }
  void publish(std::string_view, BytesView) override {}
  std::vector<std::string> replies;
};

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
const SessionId bob{Uuid::make_v7(std::chrono::milliseconds{2}, 2, 2)};

void say(Echo& echo, SessionId session, std::string_view text, Replies& replies) {
  echo.apply({.position = {}, .time = {}, .session = session, .payload = as_bytes(text)}, replies);
}
Tally tally(const Echo& echo, SessionId session) {
  return read_tally(echo.query(tally_query(session)).value()).value();
}

TEST(EchoTest, SaysBackAndCountsBySession) {
  Echo echo;
  Replies replies;
  say(echo, ann, "one", replies);
  say(echo, bob, "two", replies);
  say(echo, ann, "three", replies);
  EXPECT_EQ(replies.replies, (std::vector<std::string>{"one", "two", "three"}));
  Tally expected;
  expected.add(as_bytes("one"));
  expected.add(as_bytes("three"));
  EXPECT_EQ(tally(echo, ann), expected);
  EXPECT_EQ(tally(echo, ann).count, 2U);
}

TEST(EchoTest, ForgetsASessionThatEnded) {
  Echo echo;
  Replies replies;
  say(echo, ann, "one", replies);
  echo.session_ended(ann, {}, {}, replies);
  EXPECT_EQ(tally(echo, ann), Tally{});
}

TEST(EchoTest, TheChainTellsOrderApart) {
  Tally ab;
  ab.add(as_bytes("a"));
  ab.add(as_bytes("b"));
  Tally ba;
  ba.add(as_bytes("b"));
  ba.add(as_bytes("a"));
  EXPECT_NE(ab, ba);
}

TEST(EchoTest, AFrozenStateDoesNotSeeLaterCommands) {
  Echo echo;
  Replies replies;
  say(echo, ann, "one", replies);
  const service::FrozenParts frozen = echo.freeze();
  const Tally before = tally(echo, ann);
  say(echo, ann, "two", replies);

  Echo restored;
  for (const auto& part : frozen) {
    Bytes bytes;
    part->encode(bytes);
    ASSERT_TRUE(restored.restore(bytes));
  }
  EXPECT_EQ(tally(restored, ann), before);
  EXPECT_NE(tally(echo, ann), before);
}

TEST(EchoTest, RefusesQueriesAndPartsOfTheWrongSize) {
  Echo echo;
  EXPECT_EQ(echo.query(as_bytes("short")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(echo.restore(as_bytes("short")).error().code, ErrorCode::internal);
  EXPECT_EQ(read_tally(as_bytes("short")).error().code, ErrorCode::internal);
}

}  // namespace
}  // namespace muster::echo
