// The simulator's chat: what its checkers hold, and that they see what is wrong.
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "sim/chat_checkers.h"
#include "sim/violation.h"
#include "sim/world.h"

namespace muster::sim {
namespace {

using namespace std::chrono_literals;

Scenario quiet_chat() {
  Scenario scenario = draw({.seed = 7, .profile = "calm", .servers = 3, .length = 8s});
  scenario.founders = 3;
  scenario.founders_start = {};
  scenario.limits.expect = 3;
  scenario.strict_founding = true;
  scenario.load.clients = 4;
  scenario.chat = {.on = true, .share = 0.8, .departures = 0};
  return scenario;
}

TEST(ChatWorldTest, AllIsToldToWhomeverItIsForWhenNothingGoesWrong) {
  World world(quiet_chat(), false);
  const Summary summary = world.run();
  EXPECT_EQ(summary.restarts, 0U);
  EXPECT_GE(summary.chat_lines, 200U);
  EXPECT_GE(summary.chat_lines_heard, 200U);
  EXPECT_GE(summary.chat_refusals, 50U);
}

/// A chat told by hand, and one who follows a room of it.
class ChatFollowerTest : public testing::Test {
 protected:
  static constexpr auto topic = "chat/den";

  void happens(std::uint64_t index, const std::string& text, bool has_place = true) {
    const Bytes bytes = chat::encode(line(text));
    ChatDeed deed{.time = {static_cast<std::int64_t>(index)}};
    if (has_place) deed.position = Position{{index}, 0};
    deed.events.push_back({topic, line(text), crc32c(bytes)});
    topics_.told(deed);
    topics_.shown(deed, topic, "[" + text + "] ann");
  }
  static chat::Line line(const std::string& text) {
    return {.kind = chat::Kind::message, .room = "den", .from = "ann", .text = text};
  }
  /// What is violated when the follower is told this, or nothing.
  std::string told(const session::TopicNews& news) {
    try {
      follower_.told(news);
    } catch (const Violation& violation) {
      return violation.invariant();
    }
    return "";
  }
  std::string told(std::uint64_t index, const std::string& text) {
    const session::Event event{.position = {.command = Position{{index}, 0}, .sub = 0},
                               .time = {},
                               .payload = SharedBytes(chat::encode(line(text)))};
    return told(session::TopicEvents{topic, {event}});
  }
  std::string told_gap(std::uint64_t index, const std::string& subject) {
    const chat::RoomState state{.room = "den", .topic = subject, .people = {"ann"}};
    return told(session::TopicGap{topic, {index}, SharedBytes(chat::encode(state))});
  }
  std::string reached(std::uint64_t index) { return told(session::TopicReached{topic, {index}}); }

  ChatTopics topics_;
  ChatFollower follower_{1, topics_};
};

TEST_F(ChatFollowerTest, IsToldFromItsPlaceOnEachOnceAndInOrder) {
  happens(5, "before");
  happens(7, "one");
  happens(8, "two");
  follower_.follow(topic, Position{{7}, 0});
  EXPECT_FALSE(follower_.complete());
  EXPECT_EQ(told(7, "one"), "");
  EXPECT_EQ(told(8, "two"), "");
  EXPECT_TRUE(follower_.complete());
  EXPECT_EQ(reached(9), "");
  EXPECT_EQ(told(8, "two"), "each line once");
}

TEST_F(ChatFollowerTest, SeesThatALineIsMissing) {
  happens(7, "one");
  happens(8, "two");
  happens(9, "three");
  follower_.follow(topic, Position{{7}, 0});
  EXPECT_EQ(told(7, "one"), "");
  EXPECT_EQ(reached(8), "each line once");
  EXPECT_EQ(told(9, "three"), "each line once");
}

TEST_F(ChatFollowerTest, SeesThatTheFirstLineIsMissing) {
  happens(7, "one");
  happens(8, "two");
  follower_.follow(topic, Position{{7}, 0});
  EXPECT_EQ(reached(7), "each line once");
  EXPECT_EQ(told(8, "two"), "each line once");
}

TEST_F(ChatFollowerTest, SeesALineThatNobodyTold) {
  happens(7, "one");
  follower_.follow(topic, Position{{7}, 0});
  EXPECT_EQ(told(7, "another"), "each line once");
}

TEST_F(ChatFollowerTest, GoesOnAfterAGapWithWhatCameThen) {
  happens(7, "one");
  happens(8, "two");
  happens(0, "of a session's end", false);
  happens(12, "three");
  follower_.follow(topic, Position{{7}, 0});
  EXPECT_EQ(told(7, "one"), "");
  EXPECT_EQ(told_gap(9, "two"), "");
  EXPECT_EQ(told(10, "of a session's end"), "");
  EXPECT_EQ(told(12, "three"), "");
  EXPECT_TRUE(follower_.complete());
}

TEST_F(ChatFollowerTest, IsNotMisledByTheSameOfBefore) {
  happens(7, "comes");
  happens(0, "goes", false);
  happens(9, "comes");
  happens(0, "goes", false);
  happens(12, "comes");
  follower_.follow(topic, Position{{10}, 0});
  EXPECT_EQ(told(11, "goes"), "");
  EXPECT_EQ(told(12, "comes"), "");
  EXPECT_TRUE(follower_.complete());
}

TEST_F(ChatFollowerTest, SeesAGapWithAStateThatNeverWas) {
  happens(7, "one");
  happens(8, "two");
  happens(12, "three");
  follower_.follow(topic, Position{{7}, 0});
  EXPECT_EQ(told_gap(9, "one"), "each line once");
  EXPECT_EQ(told_gap(9, "three"), "each line once");
}

/// The rules by hand: what a machine did against what it should have done.
class ChatCheckersTest : public testing::Test {
 protected:
  static SessionId session(std::uint64_t number) {
    return {Uuid::make_v7(std::chrono::milliseconds{1}, number, number)};
  }
  /// What is violated by a machine that does this, or nothing.
  std::string does(std::uint64_t who, const chat::Request& request,
                   const std::vector<chat::Reason>& refusals,
                   const std::vector<std::pair<std::string, chat::Line>>& lines,
                   const std::string& name) {
    ChatDeed deed{.position = Position{{++index_}, 0},
                  .time = {static_cast<std::int64_t>(index_)},
                  .session = session(who),
                  .request = request,
                  .receipt = chat::Receipt{.name = name}};
    for (const chat::Reason reason : refusals)
      deed.receipt->refusals.push_back({.reason = reason, .message = {}});
    for (const auto& [topic, line] : lines) {
      deed.events.push_back({topic, line, crc32c(chat::encode(line))});
    }
    try {
      checkers_.seen(0, deed);
    } catch (const Violation& violation) {
      return violation.invariant();
    }
    return "";
  }
  std::string enters(std::uint64_t who, const std::string& name) {
    return does(who, chat::SignIn{.name = name, .inbox = "inbox" + name}, {},
                {{"chat/!" + name, {.kind = chat::Kind::online, .from = name}}}, name);
  }
  std::string joins(std::uint64_t who, const std::string& name) {
    return does(who, chat::Join{"den"}, {},
                {{"chat/den", {.kind = chat::Kind::join, .room = "den", .from = name}}}, name);
  }

  ChatCheckers checkers_{chat::Chat::Options{}};
  std::uint64_t index_{0};
};

TEST_F(ChatCheckersTest, WhatTheRulesSayIsRightAndAllElseIsNot) {
  EXPECT_EQ(enters(1, "ann"), "");
  EXPECT_EQ(enters(2, "bob"), "");
  EXPECT_EQ(joins(1, "ann"), "");
  EXPECT_EQ(joins(2, "bob"), "");
  EXPECT_EQ(checkers_.model.room("den"), "den +  0 [] ann/o bob/");
  const chat::Kick kick{"den", "ann", "out"};
  EXPECT_EQ(does(2, kick, {chat::Reason::needs_operator}, {}, "bob"), "");
  EXPECT_EQ(
      does(2, kick, {},
           {{"chat/den",
             {.kind = chat::Kind::kick, .room = "den", .from = "bob", .to = "ann", .text = "out"}}},
           "bob"),
      "rules of the chat");
}

TEST_F(ChatCheckersTest, TwoMachinesTellTheSame) {
  ChatDeed deed{.position = Position{{1}, 0},
                .session = session(1),
                .request = chat::Join{"den"},
                .receipt = chat::Receipt{},
                .checksum = 17};
  deed.receipt->refusals.push_back({.reason = chat::Reason::not_signed_in, .message = {}});
  checkers_.seen(0, deed);
  checkers_.seen(1, deed);
  deed.checksum = 18;
  EXPECT_THROW(checkers_.seen(1, deed), Violation);
}

}  // namespace
}  // namespace muster::sim
