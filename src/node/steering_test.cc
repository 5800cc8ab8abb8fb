// What operators ask of a group, and where in the log they are told it stands.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "node/testing/nodes.h"
#include "wire/control.h"
#include "wire/methods.pb.h"

namespace muster::node::steering_test {
namespace {

using namespace std::chrono_literals;

class SteeringNodesTest : public TwoNodes {
 protected:
  SteeringNodesTest() {
    step(first, LinkOpened{.link = client_link, .address = "c:1"});
    // `b` ranks higher and is handed the leadership; from there on nothing happens by itself.
    EXPECT_TRUE(run_until([&] { return status(first).leader() == "b"; }));
    pass(1s);
    step(second, LinkOpened{.link = operator_link, .address = "c:2"});
  }

  static constexpr LinkId operator_link{client_link.value + 1};

  /// What the leader, `b`, answers.
  wire::Steered steer(const wire::Steer& what) {
    told_.erase(wire::FrameType::steered);
    say(second, operator_link, wire::FrameType::steer, wire::encode(what));
    EXPECT_TRUE(run_until([&] { return told_.contains(wire::FrameType::steered); }));
    return wire::decode<wire::Steered>(told_.at(wire::FrameType::steered)).value();
  }
  /// What the topic `group` has at this place; empty: nothing.
  std::string text_at(std::uint64_t index, std::uint32_t ordinal) {
    wire::Invoke request;
    request.set_method("history");
    const auto invoked =
        ask<wire::Invoked>(second, wire::FrameType::invoke, request, wire::FrameType::invoked);
    const auto history = wire::decode<wire::TopicHistory>(as_bytes(invoked.result())).value();
    for (const wire::KeptEvent& event : history.events()) {
      if (event.index() == index && event.ordinal() == ordinal) return event.text();
    }
    return {};
  }
  std::string text_at(const wire::Steered& steered) {
    return text_at(steered.index(), steered.ordinal());
  }
  static wire::Steer voters(const std::string& count) {
    wire::Steer what;
    (*what.mutable_set()->mutable_values())["voters"] = count;
    return what;
  }
};

TEST_F(SteeringNodesTest, TheAnswerHasThePlaceOfWhatWasWritten) {
  wire::Steer what;
  what.set_drain("a");
  const wire::Steered drained = steer(what);
  EXPECT_EQ(drained.message(), "a is drained; clients that move: 0");
  EXPECT_EQ(text_at(drained), "a is drained: its clients move to others, and none come");
  const wire::Steered set = steer(voters("3"));
  EXPECT_EQ(text_at(set), "settings: voters from 5 to 3");
  EXPECT_GT(set.index(), drained.index());
}

TEST_F(SteeringNodesTest, WishesOfOneTurnHaveOrdinalsOfTheirOwn) {
  step(second, LinkOpened{.link = LinkId{operator_link.value + 1}, .address = "c:3"});
  wire::Steer drain;
  drain.set_drain("a");
  say(second, LinkId{operator_link.value + 1}, wire::FrameType::steer, wire::encode(drain));
  const wire::Steered set = steer(voters("3"));
  EXPECT_EQ(set.ordinal(), 1U);
  EXPECT_EQ(text_at(set), "settings: voters from 5 to 3");
}

TEST_F(SteeringNodesTest, WhatIsSoAlreadyIsNotWritten) {
  const std::uint64_t before = status(second).commit_index();
  wire::Steer undrain;
  undrain.set_undrain("a");
  wire::Steer stay;
  stay.set_transfer("b");
  std::vector<std::string> said;
  for (const wire::Steer& what : {undrain, stay, voters("5")}) {
    const wire::Steered steered = steer(what);
    said.push_back(steered.message().substr(0, 30));
    EXPECT_EQ(steered.index(), 0U) << steered.message();
    EXPECT_EQ(steered.ordinal(), 0U);
  }
  EXPECT_EQ(said, (std::vector<std::string>{"a takes clients already", "b leads already, and stays",
                                            "these are the settings already"}));
  EXPECT_EQ(status(second).commit_index(), before);
}

TEST_F(SteeringNodesTest, ATransferIsAtTheElectionThatItBrought) {
  wire::Steer what;
  what.set_transfer("a");
  const wire::Steered steered = steer(what);
  EXPECT_EQ(steered.message(), "a leads");
  EXPECT_TRUE(text_at(steered).starts_with("election: cause=transfer:a candidates=a,b leader=a"))
      << text_at(steered);
}

TEST_F(SteeringNodesTest, ALeaveIsWhereTheMemberLeft) {
  wire::Steer what;
  what.set_leave("a");
  const wire::Steered steered = steer(what);
  EXPECT_EQ(steered.message(), "a has left");
  EXPECT_TRUE(text_at(steered).starts_with("a left")) << text_at(steered);
}

class RemovalTest : public ThreeNodes {
 protected:
  RemovalTest() {
    EXPECT_TRUE(run_until([&] { return status(first).leader() == "c"; }));
    pass(1s);
    step(third, LinkOpened{.link = client_link, .address = "c:1"});
  }

  /// Why the leader, `c`, does not remove this server; empty: it does.
  std::string refusal(const std::string& name) {
    told_.clear();
    wire::Steer what;
    what.set_remove(name);
    say(third, client_link, wire::FrameType::steer, wire::encode(what));
    EXPECT_TRUE(run_until([&] { return !told_.empty(); }));
    if (!told_.contains(wire::FrameType::refused)) return {};
    return wire::decode<wire::Refused>(told_.at(wire::FrameType::refused)).value().message();
  }
};

TEST_F(RemovalTest, ADeadVoterIsRemovedIfTheOthersDecideWithoutIt) {
  die(first);
  EXPECT_EQ(refusal("a"), "");
  EXPECT_EQ(voters_seen_by(second), 2U);
}

TEST_F(RemovalTest, NobodyIsRemovedIfTheOthersCouldNotDecideWithoutIt) {
  die(first);
  die(second);
  EXPECT_EQ(refusal("a"),
            "without a the group would need 2 of 2 voters, of which these do not answer: b; start "
            "them or a first");
}

TEST_F(RemovalTest, WhoAnswersIsNotRemoved) {
  EXPECT_EQ(refusal("a"),
            "a is alive: stop it first, or let it go in good order with muster leave a");
}

}  // namespace
}  // namespace muster::node::steering_test
