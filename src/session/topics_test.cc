// Topics across reconnects: each event once and in order, or told of a gap.
#include "session/topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/session.h"
#include "wire/control.h"

namespace muster::session::topics_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::FrameType;
using Lines = std::vector<std::string>;

const SessionId ann{{{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xaa}}};

wire::EventPosition place(std::uint64_t index, std::uint32_t ordinal = 0, std::uint32_t sub = 0) {
  return {.command = {.index = {index}, .ordinal = ordinal}, .sub = sub};
}

std::string to_text(const wire::EventPosition& position) {
  return std::to_string(position.command.index.value) + "." +
         std::to_string(position.command.ordinal) + "/" + std::to_string(position.sub);
}

std::string to_line(const TopicNews& news) {
  if (const auto* const events = std::get_if<TopicEvents>(&news)) {
    std::string line = events->topic + ":";
    for (const Event& event : events->events) line += " " + to_text(event.position);
    return line;
  }
  if (const auto* const reached = std::get_if<TopicReached>(&news)) {
    return reached->topic + " reached " + std::to_string(reached->index.value);
  }
  const auto& gap = std::get<TopicGap>(news);
  return gap.topic + " gap " + std::to_string(gap.index.value) + " " +
         (gap.state ? std::string(as_text(gap.state->view()))
                    : std::string(name_of(gap.state.error().code)));
}

std::string to_line(FrameType type, BytesView body) {
  if (type == FrameType::follow) {
    const auto follow = wire::decode<wire::Follow>(body).value();
    if (follow.from_now()) return "follow " + follow.topic() + " from now";
    return "follow " + follow.topic() + " from " +
           to_text(place(follow.from_index(), follow.from_ordinal(), follow.from_sub()));
  }
  if (type == FrameType::unfollow) {
    return "unfollow " + wire::decode<wire::Unfollow>(body).value().topic();
  }
  if (type == FrameType::ping) return "ping";
  return "frame " + std::to_string(static_cast<int>(type));
}

SharedBytes events(std::string_view topic, const std::vector<wire::EventPosition>& positions) {
  wire::EventsBuilder builder(topic);
  for (const auto& position : positions) EXPECT_TRUE(builder.add({position, {}, as_bytes("x")}));
  return SharedBytes(std::move(builder).finish());
}
SharedBytes reached(std::string_view topic, std::uint64_t index) {
  return SharedBytes(wire::encode_reached(topic, {index}));
}
SharedBytes gap(std::string_view topic, std::uint64_t index, const Result<Bytes>& state) {
  return SharedBytes(wire::encode_gap(topic, {index}, state));
}

const std::string our_group = "018f0000-0000-7000-8000-0000000000a1";
const std::string other_group = "018f0000-0000-7000-8000-0000000000a2";

SharedBytes hello_of(const std::string& group, const std::string& gone = {}) {
  wire::ServerHello hello;
  hello.set_group_id(group);
  if (!gone.empty()) hello.add_gone_groups(gone);
  return SharedBytes(wire::encode(hello));
}

class TopicsTest : public ::testing::Test {
 protected:
  /// What is sent and told now, in this order.
  Lines ready() {
    const Ready ready = session_.ready(now_);
    Lines lines;
    for (const Outgoing& out : ready.send) {
      lines.push_back(to_line(out.frame.type, out.frame.body.view()));
    }
    for (const TopicNews& news : ready.topics) lines.push_back(to_line(news));
    return lines;
  }
  /// A new link, and what is asked for on it.
  Lines connect(const SharedBytes& hello = hello_of(our_group)) {
    static_cast<void>(session_.ready(now_));
    ++link_.value;
    session_.connected(link_, now_);
    session_.frame(link_, FrameType::server_hello, hello, now_);
    return ready();
  }
  Lines reconnect(const SharedBytes& hello = hello_of(our_group)) {
    session_.disconnected(link_, now_);
    now_ += 10s;
    return connect(hello);
  }
  Lines receive(FrameType type, const SharedBytes& body) {
    session_.frame(link_, type, body, now_);
    return ready();
  }

  Instant now_{1s};
  LinkId link_;
  Session session_{{.id = ann, .seeds = {"a:1"}, .only_follows = true, .topics_max = 2}};
};

TEST_F(TopicsTest, NeedNoSession) {
  ASSERT_TRUE(session_.follow("a", std::nullopt).has_value());
  ASSERT_TRUE(session_.follow("b", place(7)).has_value());
  EXPECT_THAT(connect(), ElementsAre("follow a from now", "follow b from 7.0/0"));
  EXPECT_EQ(session_.call({7}, {}, now_, now_ + 1s).error().code, ErrorCode::failed_precondition);
  session_.end(now_);
  EXPECT_THAT(ready(), IsEmpty());
  EXPECT_EQ(session_.follow("c", std::nullopt).error().code, ErrorCode::aborted);
}

TEST_F(TopicsTest, GoOnAfterTheLastEventOnTheNextLink) {
  ASSERT_TRUE(session_.follow("a", std::nullopt).has_value());
  connect();
  EXPECT_THAT(receive(FrameType::events, events("a", {place(7, 2), place(7, 2, 1)})),
              ElementsAre("a: 7.2/0 7.2/1"));
  EXPECT_THAT(reconnect(), ElementsAre("follow a from 7.2/2"));
}

TEST_F(TopicsTest, GoOnAfterTheMarkOfAQuietTopic) {
  ASSERT_TRUE(session_.follow("a", std::nullopt).has_value());
  connect();
  EXPECT_THAT(receive(FrameType::reached, reached("a", 9)), ElementsAre("a reached 9"));
  EXPECT_THAT(reconnect(), ElementsAre("follow a from 10.0/0"));
  // The next server is behind: that takes nothing back.
  EXPECT_THAT(receive(FrameType::reached, reached("a", 4)), ElementsAre("a reached 4"));
  EXPECT_THAT(reconnect(), ElementsAre("follow a from 10.0/0"));
}

TEST_F(TopicsTest, TellNoEventTwice) {
  ASSERT_TRUE(session_.follow("a", place(1)).has_value());
  connect();
  receive(FrameType::events, events("a", {place(1), place(2)}));
  EXPECT_THAT(receive(FrameType::events, events("a", {place(1), place(2), place(3)})),
              ElementsAre("a: 3.0/0"));
  EXPECT_THAT(receive(FrameType::events, events("a", {place(3)})), IsEmpty());
}

TEST_F(TopicsTest, TellOfAGapAndGoOnBehindIt) {
  ASSERT_TRUE(session_.follow("a", place(1)).has_value());
  connect();
  EXPECT_THAT(receive(FrameType::gap, gap("a", 5, Bytes{std::byte{'s'}})),
              ElementsAre("a gap 5 s"));
  EXPECT_THAT(receive(FrameType::gap, gap("a", 5, Bytes{})), IsEmpty());
  EXPECT_THAT(receive(FrameType::gap, gap("a", 6, Error{ErrorCode::not_found, "no"})),
              ElementsAre("a gap 6 NOT_FOUND"));
  EXPECT_THAT(reconnect(), ElementsAre("follow a from 7.0/0"));
}

TEST_F(TopicsTest, AreNotAskedForAtAServerOfAnotherGroup) {
  ASSERT_TRUE(session_.follow("a", place(5)).has_value());
  connect();
  EXPECT_THAT(reconnect(hello_of(other_group)), IsEmpty());
  EXPECT_THAT(reconnect(), ElementsAre("follow a from 5.0/0"));
}

TEST_F(TopicsTest, TellOfAGapWhenTheGroupGaveWay) {
  ASSERT_TRUE(session_.follow("a", place(5)).has_value());
  connect();
  EXPECT_THAT(reconnect(hello_of(other_group, our_group)),
              ElementsAre("follow a from now", "a gap 0 ABORTED"));
  EXPECT_THAT(receive(FrameType::events, events("a", {place(2)})), ElementsAre("a: 2.0/0"));
  EXPECT_THAT(reconnect(hello_of(our_group)), IsEmpty());
}

TEST_F(TopicsTest, TellNothingOfATopicThatIsNotFollowed) {
  ASSERT_TRUE(session_.follow("a", place(1)).has_value());
  connect();
  EXPECT_THAT(receive(FrameType::events, events("b", {place(1)})), IsEmpty());
  EXPECT_THAT(receive(FrameType::reached, reached("b", 1)), IsEmpty());
  EXPECT_THAT(receive(FrameType::gap, gap("b", 1, Bytes{})), IsEmpty());
  EXPECT_TRUE(session_.server().has_value());
}

TEST_F(TopicsTest, FollowAnewOnlyWhenNothingOfBeforeIsUnderWay) {
  ASSERT_TRUE(session_.follow("a", place(5)).has_value());
  connect();
  receive(FrameType::events, events("a", {place(5)}));
  session_.unfollow("a");
  ASSERT_TRUE(session_.follow("a", place(1)).has_value());
  EXPECT_THAT(ready(), ElementsAre("unfollow a", "ping"));
  EXPECT_THAT(receive(FrameType::events, events("a", {place(6)})), IsEmpty());
  EXPECT_THAT(receive(FrameType::pong, {}), ElementsAre("follow a from 1.0/0"));
  EXPECT_THAT(receive(FrameType::events, events("a", {place(1)})), ElementsAre("a: 1.0/0"));
}

TEST_F(TopicsTest, HaveLimits) {
  ASSERT_TRUE(session_.follow("a", std::nullopt).has_value());
  EXPECT_EQ(session_.follow("a", std::nullopt).error().code, ErrorCode::already_exists);
  EXPECT_EQ(session_.follow("", std::nullopt).error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(session_.follow("b", std::nullopt).has_value());
  EXPECT_EQ(session_.follow("c", std::nullopt).error().code, ErrorCode::resource_exhausted);
  session_.unfollow("a");
  EXPECT_TRUE(session_.follow("c", std::nullopt).has_value());
}

TEST_F(TopicsTest, BytesThatMakeNoSenseCostTheLink) {
  ASSERT_TRUE(session_.follow("a", place(1)).has_value());
  connect();
  receive(FrameType::events, SharedBytes(Bytes(3)));
  EXPECT_FALSE(session_.server().has_value());
  now_ += 10s;
  EXPECT_THAT(connect(), ElementsAre("follow a from 1.0/0"));
}

TEST_F(TopicsTest, AreFollowedBesideASession) {
  Session session({.id = ann, .name = "ann", .seeds = {"a:1"}});
  ASSERT_TRUE(session.follow("a", std::nullopt).has_value());
  static_cast<void>(session.ready(now_));
  session.connected(LinkId{1}, now_);
  session.frame(LinkId{1}, FrameType::server_hello, hello_of(our_group), now_);
  const Ready ready = session.ready(now_);
  ASSERT_EQ(ready.send.size(), 2U);
  EXPECT_EQ(ready.send[0].frame.type, FrameType::open_session);
  EXPECT_EQ(ready.send[1].frame.type, FrameType::follow);
}

}  // namespace
}  // namespace muster::session::topics_test
