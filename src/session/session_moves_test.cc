// A session that is asked to move: served by one server until the other has taken it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/session.h"
#include "wire/batch.h"
#include "wire/replies.h"

namespace muster::session::session_moves_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::FrameType;
using Lines = std::vector<std::string>;

constexpr LinkId old_link{1};
constexpr LinkId new_link{2};
const std::string our_group = "018f0000-0000-7000-8000-0000000000a1";
const std::string other_group = "018f0000-0000-7000-8000-0000000000a2";

class SessionMovesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static_cast<void>(session_.ready(now_));
    session_.connected(old_link, now_);
    hello(old_link);
    opened(old_link, 0);
    static_cast<void>(session_.ready(now_));
  }
  void receive(LinkId link, FrameType type, const google::protobuf::MessageLite& message) {
    session_.frame(link, type, SharedBytes(wire::encode(message)), now_);
  }
  void hello(LinkId link, const std::string& group = our_group) {
    wire::ServerHello message;
    message.set_group_id(group);
    receive(link, FrameType::server_hello, message);
  }
  void opened(LinkId link, std::uint64_t last) {
    wire::SessionOpened message;
    message.set_last_sequence(last);
    receive(link, FrameType::session_opened, message);
  }
  void ask_to_move(const std::string& address = "b:1") {
    wire::Redirect redirect;
    redirect.set_address(address);
    redirect.set_keep_until_moved(true);
    receive(old_link, FrameType::redirect, redirect);
  }
  void call(std::string_view payload) {
    ASSERT_TRUE(session_.call({7}, SharedBytes::copy_of(as_bytes(payload)), now_, now_ + 10s));
  }
  void answer(LinkId link, std::uint64_t first) {
    wire::RepliesBuilder builder({first});
    ASSERT_TRUE(builder.add(Position{}, as_bytes("ok")));
    session_.frame(link, FrameType::replies, SharedBytes(std::move(builder).finish()), now_);
  }
  /// What is to be done now: `LINK what`.
  Lines ready() {
    const Ready ready = session_.ready(now_);
    Lines lines;
    for (const Dial& dial : ready.dial) lines.push_back("dial " + dial.address);
    for (const Outgoing& out : ready.send) {
      std::string line = std::to_string(out.link.value) + " ";
      line += wire::name_of(out.frame.type);
      if (out.frame.type == FrameType::commands) {
        const auto batch = wire::BatchView::parse_from_client(out.frame.body.view()).value();
        line += " " + std::to_string(batch.header().first_sequence.value) + "+" +
                std::to_string(batch.size());
      }
      lines.push_back(line);
    }
    for (const LinkId link : ready.close) lines.push_back(std::to_string(link.value) + " close");
    for (const StateChange& change : ready.changes) {
      constexpr std::array names{"connected", "lost", "opened", "resumed", "ended"};
      lines.push_back(std::string(names.at(static_cast<std::size_t>(change.kind))) + " " +
                      change.address);
    }
    for (const CompletedCall& call : ready.calls) {
      lines.push_back("call " + std::to_string(call.sequence.value) +
                      (call.result ? " ok" : " failed"));
    }
    return lines;
  }

  Instant now_{1s};
  Session session_{{.id = {{{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xaa}}},
                    .name = "ann",
                    .seeds = {"a:1"}}};
};

TEST_F(SessionMovesTest, TheOldLinkServesUntilTheSessionIsAttachedThere) {
  call("x");
  EXPECT_THAT(ready(), ElementsAre("1 commands 1+1"));
  ask_to_move();
  EXPECT_THAT(ready(), ElementsAre("dial b:1"));
  session_.connected(new_link, now_);
  call("y");
  EXPECT_THAT(ready(), ElementsAre("1 commands 2+1"));
  hello(new_link);
  EXPECT_THAT(ready(), ElementsAre("2 resume_session"));
  answer(old_link, 1);
  call("z");
  EXPECT_THAT(ready(), ElementsAre("1 commands 3+1", "call 1 ok"));
  opened(new_link, 3);
  EXPECT_THAT(ready(), ElementsAre("2 commands 2+2", "1 close", "resumed b:1"));
  answer(new_link, 2);
  answer(new_link, 3);
  EXPECT_THAT(ready(), ElementsAre("call 2 ok", "call 3 ok"));
  EXPECT_EQ(session_.server(), "b:1");
  EXPECT_EQ(session_.epoch(), Epoch{2});
}

TEST_F(SessionMovesTest, TheOldServerMayLetGoFirst) {
  ask_to_move();
  static_cast<void>(ready());
  session_.connected(new_link, now_);
  hello(new_link);
  static_cast<void>(ready());
  session_.disconnected(old_link, now_);
  call("x");
  EXPECT_THAT(ready(), IsEmpty());  // It is no loss, and nothing is dialled.
  opened(new_link, 0);
  EXPECT_THAT(ready(), ElementsAre("2 commands 1+1", "resumed b:1"));
}

TEST_F(SessionMovesTest, ALossBeforeTheHelloIsMadeGoodThere) {
  ask_to_move();
  static_cast<void>(ready());
  session_.disconnected(old_link, now_);
  EXPECT_THAT(ready(), IsEmpty());
  session_.connected(new_link, now_);
  hello(new_link);
  EXPECT_THAT(ready(), ElementsAre("2 resume_session", "connected b:1"));
  opened(new_link, 0);
  EXPECT_THAT(ready(), ElementsAre("resumed b:1"));
}

TEST_F(SessionMovesTest, ATargetThatCannotBeHadCostsNothing) {
  ask_to_move();
  static_cast<void>(ready());
  session_.disconnected(new_link, now_);
  call("x");
  EXPECT_THAT(ready(), ElementsAre("1 commands 1+1"));
  ask_to_move("c:1");
  EXPECT_THAT(ready(), ElementsAre("dial c:1"));
}

TEST_F(SessionMovesTest, ATargetThatRefusesOrIsOfAnotherGroupIsGivenUp) {
  ask_to_move();
  static_cast<void>(ready());
  session_.connected(new_link, now_);
  hello(new_link, other_group);
  EXPECT_THAT(ready(), ElementsAre("2 close"));
  ask_to_move();
  static_cast<void>(ready());
  session_.connected({3}, now_);
  hello({3});
  static_cast<void>(ready());
  receive({3}, FrameType::refused, wire::to_refused({ErrorCode::resource_exhausted, "full"}));
  EXPECT_THAT(ready(), ElementsAre("1 resume_session", "3 close"));
  EXPECT_EQ(session_.server(), "a:1");
}

TEST_F(SessionMovesTest, WhatWasAskedForThereIsTakenBackHere) {
  call("x");
  ask_to_move();
  static_cast<void>(ready());
  session_.connected(new_link, now_);
  hello(new_link);
  EXPECT_THAT(ready(), ElementsAre("2 resume_session"));
  session_.disconnected(new_link, now_);
  call("y");
  EXPECT_THAT(ready(), ElementsAre("1 resume_session"));
  answer(old_link, 1);
  EXPECT_THAT(ready(), ElementsAre("call 1 ok"));
  opened(old_link, 1);
  EXPECT_THAT(ready(), ElementsAre("1 commands 2+1", "resumed a:1"));
  EXPECT_EQ(session_.epoch(), Epoch{3});
  ask_to_move();
  EXPECT_THAT(ready(), ElementsAre("dial b:1"));
}

TEST_F(SessionMovesTest, ATargetThatDoesNotAnswerIsGivenUp) {
  ask_to_move();
  static_cast<void>(ready());
  now_ += 3s;
  session_.frame(old_link, FrameType::pong, {}, now_);
  session_.tick(now_);
  EXPECT_THAT(ready(), ElementsAre("2 close"));
  EXPECT_EQ(session_.server(), "a:1");
}

TEST_F(SessionMovesTest, OneMoveAtATimeAndNoneToWhereItIs) {
  ask_to_move("a:1");
  EXPECT_THAT(ready(), IsEmpty());
  ask_to_move("b:1");
  ask_to_move("c:1");
  EXPECT_THAT(ready(), ElementsAre("dial b:1"));
}

TEST_F(SessionMovesTest, AnEndClosesBothLinks) {
  ask_to_move();
  static_cast<void>(ready());
  session_.end(now_);
  EXPECT_THAT(ready(), ElementsAre("1 end_session", "1 close", "2 close", "ended a:1"));
}

TEST_F(SessionMovesTest, WhoOnlyFollowsGoesOnThereAtTheHello) {
  Session session({.id = session_.id(), .name = "ann", .seeds = {"a:1"}, .only_follows = true});
  ASSERT_TRUE(session.follow("group", std::nullopt));
  const auto frame = [&](LinkId link, FrameType type, const google::protobuf::MessageLite& one) {
    session.frame(link, type, SharedBytes(wire::encode(one)), now_);
  };
  wire::ServerHello hello;
  hello.set_group_id(our_group);
  static_cast<void>(session.ready(now_));
  session.connected(old_link, now_);
  frame(old_link, FrameType::server_hello, hello);
  EXPECT_EQ(session.ready(now_).send.size(), 1U);
  wire::Redirect redirect;
  redirect.set_address("b:1");
  redirect.set_keep_until_moved(true);
  frame(old_link, FrameType::redirect, redirect);
  static_cast<void>(session.ready(now_));
  session.connected(new_link, now_);
  frame(new_link, FrameType::server_hello, hello);
  const Ready moved = session.ready(now_);
  ASSERT_EQ(moved.send.size(), 1U);
  EXPECT_EQ(moved.send[0].link, new_link);
  EXPECT_EQ(moved.send[0].frame.type, FrameType::follow);
  EXPECT_EQ(moved.close, std::vector<LinkId>{old_link});
}

TEST(SessionNameTest, ATakenNameEndsTheSessionAndSaysWhichIsFree) {
  const Instant now{1s};
  Session session({.id = {{{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xaa}}},
                   .name = "car_1",
                   .seeds = {"a:1"},
                   .name_rule = wire::NameRule::UNIQUE});
  static_cast<void>(session.ready(now));
  session.connected(old_link, now);
  session.frame(old_link, FrameType::server_hello, SharedBytes(wire::encode(wire::ServerHello{})),
                now);
  static_cast<void>(session.ready(now));
  session.frame(old_link, FrameType::refused,
                SharedBytes(wire::encode(wire::to_refused(
                    {ErrorCode::already_exists, "the name car_1 is taken; car_2 is free"}))),
                now);
  EXPECT_TRUE(session.ended());
  EXPECT_EQ(session.last_error()->code, ErrorCode::already_exists);
}

TEST(SessionNameTest, IsTheOneThatTheGroupGave) {
  const Instant now{1s};
  Session session({.id = {{{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xaa}}},
                   .name = "car",
                   .seeds = {"a:1"},
                   .name_rule = wire::NameRule::NUMBERED});
  EXPECT_EQ(session.name(), "car");
  static_cast<void>(session.ready(now));
  session.connected(old_link, now);
  session.frame(old_link, FrameType::server_hello, SharedBytes(wire::encode(wire::ServerHello{})),
                now);
  wire::SessionOpened opened;
  opened.set_name("car_4");
  session.frame(old_link, FrameType::session_opened, SharedBytes(wire::encode(opened)), now);
  EXPECT_EQ(session.name(), "car_4");
}

}  // namespace
}  // namespace muster::session::session_moves_test
