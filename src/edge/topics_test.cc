// Followers of topics: each event once and in order, whoever is slow, late or was elsewhere.
#include "edge/topics.h"

#include <gtest/gtest.h>

#include "replica/session_control.h"

namespace muster::edge::topics_test {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr LinkId ann{10};
constexpr LinkId bob{11};

// A state that is always the number of letters in the topic's name.
class Counter final : public service::Machine {
 public:
  ServiceId id() const override { return {2}; }
  std::string_view name() const override { return "counter"; }
  void apply(const service::Command&, service::Output& output) override { output.reply({}); }
  Result<Bytes> topic_state(std::string_view topic) const override {
    if (topic == "nobody's") return Machine::topic_state(topic);
    const std::string text = std::to_string(topic.size());
    return Bytes(as_bytes(text).begin(), as_bytes(text).end());
  }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}
};

std::string to_text(const wire::EventPosition& position) {
  return std::to_string(position.command.index.value) + "." +
         std::to_string(position.command.ordinal) +
         (position.sub == 0 ? "" : "/" + std::to_string(position.sub));
}

std::string to_line(const SendFrame& sent) {
  Bytes body;
  for (const SharedBytes& part : sent.body) {
    body.insert(body.end(), part.view().begin(), part.view().end());
  }
  std::string line = std::to_string(sent.link.value) + " ";
  switch (sent.type) {
    case wire::FrameType::events: {
      const auto events = wire::EventsView::parse(body).value();
      line += std::string(events.topic()) + ":";
      for (const wire::EventView event : events) line += " " + to_text(event.position);
      return line;
    }
    case wire::FrameType::reached: {
      const auto reached = wire::ReachedView::parse(body).value();
      return line + std::string(reached.topic) + " reached " + std::to_string(reached.index.value);
    }
    case wire::FrameType::gap: {
      const auto gap = wire::GapView::parse(body).value();
      return line + std::string(gap.topic) + " gap " + std::to_string(gap.index.value) + " " +
             (gap.error ? std::string(name_of(*gap.error)) : std::string(as_text(gap.payload)));
    }
    default:
      return line + (sent.type == wire::FrameType::ping ? "ping" : "?");
  }
}

class TopicsTest : public testing::Test {
 protected:
  // Applies one entry, which gives the topic an event for each of the ordinals.
  void apply(const std::vector<std::pair<std::string, std::uint32_t>>& events,
             std::size_t payload_bytes = 1) {
    step();
    std::vector<replica::Event> all;
    for (const auto& [topic, ordinal] : events) {
      all.push_back({.topic = topic,
                     .position = {.command = {state_.applied(), ordinal}, .sub = 0},
                     .time = {},
                     .payload = SharedBytes(Bytes(payload_bytes))});
    }
    topics_->applied(all, state_);
  }
  // The state goes on without a word of it here.
  void step() {
    state_.apply(
        {.term = {1}, .index = state_.applied() + 1, .kind = EntryKind::empty, .payload = {}});
  }
  void follow(LinkId link, const std::string& topic, std::uint64_t index,
              std::uint32_t ordinal = 0) {
    wire::Follow request;
    request.set_topic(topic);
    request.set_from_index(index);
    request.set_from_ordinal(ordinal);
    ASSERT_TRUE(topics_->follow(link, request, state_, now_).has_value());
  }
  void follow_from_now(LinkId link, const std::string& topic) {
    wire::Follow request;
    request.set_topic(topic);
    request.set_from_now(true);
    ASSERT_TRUE(topics_->follow(link, request, state_, now_).has_value());
  }
  Lines sent() {
    Lines lines;
    for (const LinkOutput& output : std::exchange(outputs_, {})) {
      lines.push_back(to_line(std::get<SendFrame>(output)));
    }
    return lines;
  }
  void limits(const Topics::Options& options) {
    topics_ = std::make_unique<Topics>(options, outputs_);
  }

  Instant now_{1s};
  std::vector<LinkOutput> outputs_;
  std::unique_ptr<Topics> topics_{std::make_unique<Topics>(Topics::Options{}, outputs_)};
  replica::Replica state_{{}, [] {
                            std::vector<std::unique_ptr<service::Machine>> machines;
                            machines.push_back(std::make_unique<Counter>());
                            return machines;
                          }};
};

TEST_F(TopicsTest, TellWhatComesFromNowOnInOneFrameATurn) {
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  EXPECT_EQ(sent(), Lines{"10 a reached 1"});
  apply({{"a", 0}, {"b", 1}, {"a", 2}});
  EXPECT_EQ(sent(), Lines{"10 a: 2.0 2.2"});
}

TEST_F(TopicsTest, AllFollowersGetTheSameBytes) {
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  follow_from_now(bob, "a");
  outputs_.clear();
  apply({{"a", 0}});
  ASSERT_EQ(outputs_.size(), 2U);
  const auto& first = std::get<SendFrame>(outputs_[0]).body;
  const auto& second = std::get<SendFrame>(outputs_[1]).body;
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].view().data(), second.at(0).view().data());
}

TEST_F(TopicsTest, BeginAnywhereInWhatIsKept) {
  apply({{"a", 0}});
  apply({{"a", 0}, {"a", 1}, {"a", 2}});
  apply({{"a", 0}});
  follow(ann, "a", 0);
  EXPECT_EQ(sent(), (Lines{"10 a: 1.0", "10 a: 2.0 2.1 2.2", "10 a: 3.0", "10 a reached 3"}));
  follow(bob, "a", 2, 1);
  EXPECT_EQ(sent(), (Lines{"11 a: 2.1 2.2", "11 a: 3.0", "11 a reached 3"}));
}

TEST_F(TopicsTest, WaitForAPlaceThatWasNotAppliedYet) {
  apply({{"a", 0}});
  follow(ann, "a", 3, 1);
  apply({{"a", 0}});
  EXPECT_EQ(sent(), Lines{});
  topics_->tick(now_ += 4s);
  EXPECT_EQ(sent(), Lines{"10 a reached 2"});
  apply({{"a", 0}, {"a", 1}});
  EXPECT_EQ(sent(), Lines{"10 a: 3.1"});
}

TEST_F(TopicsTest, TellTheStateForWhatIsNoLongerKept) {
  limits({.events_per_topic_max = 2});
  for (int i = 0; i < 4; ++i) apply({{"room", 0}});
  follow(ann, "room", 2);
  EXPECT_EQ(sent(), (Lines{"10 room gap 4 4", "10 room reached 4"}));
  follow(bob, "room", 3);
  EXPECT_EQ(sent(), (Lines{"11 room: 3.0", "11 room: 4.0", "11 room reached 4"}));
  apply({{"room", 0}});
  EXPECT_EQ(sent(), (Lines{"10 room: 5.0", "11 room: 5.0"}));
}

TEST_F(TopicsTest, ForgetTheOldestOfAllBeyondTheBytes) {
  limits({.bytes_max = 3'000});
  apply({{"a", 0}}, 1'000);
  apply({{"b", 0}}, 1'000);
  EXPECT_EQ(topics_->topics_kept(), 2U);
  apply({{"b", 0}}, 1'000);
  EXPECT_EQ(topics_->topics_kept(), 1U);
  EXPECT_LE(topics_->bytes_kept(), 3'000U);
  follow(ann, "a", 1);
  EXPECT_EQ(sent(), (Lines{"10 a gap 3 1", "10 a reached 3"}));
  follow(bob, "a", 2);  // Nothing of it is missing.
  EXPECT_EQ(sent(), Lines{"11 a reached 3"});
}

TEST_F(TopicsTest, ForgetTopicsBeyondTheirNumber) {
  limits({.topics_max = 2});
  apply({{"a", 0}, {"b", 1}, {"c", 2}});
  EXPECT_EQ(topics_->topics_kept(), 2U);
  follow(ann, "c", 1);
  EXPECT_EQ(sent(), (Lines{"10 c: 1.2", "10 c reached 1"}));
}

TEST_F(TopicsTest, TellOfAGapWithoutAStateWhereNobodyHasOne) {
  limits({.events_per_topic_max = 1});
  apply({{"nobody's", 0}});
  apply({{"nobody's", 0}});
  follow(ann, "nobody's", 1);
  EXPECT_EQ(sent(), (Lines{"10 nobody's gap 2 NOT_FOUND", "10 nobody's reached 2"}));
}

TEST_F(TopicsTest, TellFollowersTheStateAfterASnapshot) {
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  follow(bob, "a", 9);
  sent();
  step();
  step();
  topics_->restored(state_);
  EXPECT_EQ(sent(), (Lines{"10 a gap 3 1", "10 a reached 3"}));
  apply({{"a", 0}});
  EXPECT_EQ(sent(), Lines{"10 a: 4.0"});
}

TEST_F(TopicsTest, TakeNoEventsThatASnapshotStandsFor) {
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  sent();
  step();
  topics_->restored(state_);
  sent();
  topics_->applied({{"a", {.command = {{2}, 0}, .sub = 0}, {}, {}}}, state_);
  EXPECT_EQ(sent(), Lines{});
  EXPECT_EQ(topics_->topics_kept(), 0U);
}

TEST_F(TopicsTest, ClaimNothingOfWhatCameBeforeTheirFirstEvents) {
  step();
  step();
  apply({{"a", 0}});
  follow(ann, "a", 1);
  EXPECT_EQ(sent(), (Lines{"10 a gap 3 1", "10 a reached 3"}));
}

TEST_F(TopicsTest, SendNoMoreThanAWindowUntilTheClientAnswers) {
  limits({.window_bytes = 4'000});
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  sent();
  for (int i = 0; i < 6; ++i) apply({{"a", 0}}, 1'000);
  EXPECT_EQ(sent(), (Lines{"10 a: 2.0", "10 ping", "10 a: 3.0", "10 ping", "10 a: 4.0", "10 ping",
                           "10 a: 5.0", "10 ping"}));
  topics_->tick(now_ += 4s);
  EXPECT_EQ(sent(), Lines{});
  topics_->answered(ann, state_);
  EXPECT_EQ(sent(), (Lines{"10 a: 6.0", "10 ping"}));
  topics_->answered(ann, state_);
  EXPECT_EQ(sent(), (Lines{"10 a: 7.0", "10 ping"}));
  topics_->answered(ann, state_);
  apply({{"a", 0}});
  EXPECT_EQ(sent(), Lines{"10 a: 8.0"});
}

TEST_F(TopicsTest, TellASlowClientOfAGapWhenItsPlaceIsForgotten) {
  limits({.events_per_topic_max = 2, .window_bytes = 1'000});
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  for (int i = 0; i < 5; ++i) apply({{"a", 0}}, 1'000);
  EXPECT_EQ(sent(), (Lines{"10 a reached 1", "10 a: 2.0", "10 ping"}));
  topics_->answered(ann, state_);
  EXPECT_EQ(sent(), (Lines{"10 a gap 6 1", "10 a reached 6"}));
}

TEST_F(TopicsTest, AnAnswerToNothingOpensNoWindow) {
  limits({.window_bytes = 1'000});
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  topics_->answered(ann, state_);
  topics_->answered(bob, state_);
  apply({{"a", 0}}, 1'000);
  apply({{"a", 0}}, 1'000);
  EXPECT_EQ(sent(), (Lines{"10 a reached 1", "10 a: 2.0", "10 ping"}));
}

TEST_F(TopicsTest, MarkHowFarTheyToldAlsoWhenNothingHappens) {
  apply({{"a", 0}});
  follow_from_now(ann, "quiet");
  sent();
  EXPECT_EQ(topics_->deadline(), now_ + 4s);
  apply({{"a", 0}});
  topics_->tick(now_ += 4s);
  EXPECT_EQ(sent(), Lines{"10 quiet reached 2"});
  EXPECT_EQ(topics_->deadline(), now_ + 4s);
}

TEST_F(TopicsTest, TellNothingAfterUnfollowOrTheEndOfALink) {
  apply({{"a", 0}});
  follow_from_now(ann, "a");
  follow_from_now(ann, "b");
  follow_from_now(bob, "a");
  sent();
  topics_->unfollow(ann, "a");
  apply({{"a", 0}, {"b", 1}});
  EXPECT_EQ(sent(), (Lines{"11 a: 2.0", "10 b: 2.1"}));
  topics_->link_closed(bob);
  topics_->link_closed(ann);
  apply({{"a", 0}, {"b", 1}});
  topics_->tick(now_ += 4s);
  EXPECT_EQ(sent(), Lines{});
  EXPECT_EQ(topics_->links(), std::vector<LinkId>{});
}

TEST_F(TopicsTest, RefuseFollowersBeyondTheLimits) {
  limits({.follows_max = wire::link_topics_max + 1});
  for (std::size_t i = 0; i < wire::link_topics_max; ++i) {
    follow_from_now(ann, "t" + std::to_string(i));
  }
  follow_from_now(ann, "t0");  // Anew: that is no more.
  wire::Follow request;
  request.set_topic("more");
  EXPECT_EQ(topics_->follow(ann, request, state_, now_).error().code,
            ErrorCode::resource_exhausted);
  follow_from_now(bob, "t0");
  EXPECT_EQ(topics_->follow(bob, request, state_, now_).error().code,
            ErrorCode::resource_exhausted);
  request.set_topic("");
  EXPECT_EQ(topics_->follow(bob, request, state_, now_).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::edge::topics_test
