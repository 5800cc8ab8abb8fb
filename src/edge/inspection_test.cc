// What operators are told of clients: what waits and since when, and the events that are kept.
#include <gtest/gtest.h>

#include "edge/edge.h"
#include "edge/testing/home.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::edge::inspection_test {
namespace {

using namespace std::chrono_literals;

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
const SessionId bob{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 2)};

class InspectionTest : public HomeTest {
 protected:
  void open(LinkId link, SessionId session) {
    edge_.link_opened(link, now_, "10.0.0.1:5");
    frame(link, wire::FrameType::open_session, wire::encode(opening(session)));
  }
  void commands(LinkId link, std::uint64_t first, int count) {
    wire::BatchBuilder builder({.session = ann, .epoch = {1}, .first_sequence = {first}});
    for (int i = 0; i < count; ++i) EXPECT_TRUE(builder.add(ServiceId{2}, as_bytes("x")));
    frame(link, wire::FrameType::commands, std::move(builder).finish());
  }
  /// Events of 1, 2, 3 … bytes.
  void publish(std::size_t count) {
    std::vector<replica::Event> events;
    for (std::size_t index = 1; index <= count; ++index) {
      events.push_back({.topic = "t",
                        .position = wire::beginning_of(LogIndex{index}),
                        .time = {1'000},
                        .payload = SharedBytes::copy_of(as_bytes(std::string(index, 'x')))});
    }
    edge_.events(events, state_);
  }
};

TEST_F(InspectionTest, TellsWhatWaitsAndSinceWhen) {
  open({10}, ann);
  now_ += 5ms;
  attached(ann);
  EXPECT_EQ(edge_.held_back(now_, 10).total(), 0U);
  commands({10}, 1, 2);
  now_ += 20ms;
  commands({10}, 3, 1);
  open({11}, bob);
  now_ += 30ms;
  const wire::HeldBackList list = edge_.held_back(now_, 10);
  ASSERT_EQ(list.waiting_size(), 2);
  EXPECT_EQ(list.waiting(0).kind(), wire::HeldBack::COMMANDS);
  EXPECT_EQ(list.waiting(0).session(), ann.uuid.to_string());
  EXPECT_EQ(list.waiting(0).first(), 1U);
  EXPECT_EQ(list.waiting(0).count(), 3U);
  EXPECT_EQ(list.waiting(0).age_ms(), 50U);
  EXPECT_EQ(list.waiting(1).kind(), wire::HeldBack::SESSION);
  EXPECT_EQ(list.waiting(1).age_ms(), 30U);
  EXPECT_EQ(edge_.batches_taken(), 2U);
  EXPECT_EQ(edge_.attachment(ann, now_)->unanswered, 3U);
  EXPECT_EQ(edge_.attachment(ann, now_)->silent, 30ms);
  EXPECT_EQ(edge_.attachment(ann, now_)->attached, 55ms);
  EXPECT_EQ(edge_.attachment(ann, now_)->address, "10.0.0.1:5");
  const wire::HeldBackList first = edge_.held_back(now_, 1);
  EXPECT_EQ(first.waiting_size(), 1);
  EXPECT_EQ(first.total(), 2U);
}

TEST_F(InspectionTest, TellsOfReadsAndFollowersThatWait) {
  edge_.link_opened({10}, now_);
  wire::Read read;
  read.set_linearizable(true);
  frame({10}, wire::FrameType::read, wire::encode(read));
  wire::Follow follow;
  follow.set_topic("t");
  follow.set_from_index(9);
  frame({10}, wire::FrameType::follow, wire::encode(follow));
  now_ += 7ms;
  const wire::HeldBackList list = edge_.held_back(now_, 10);
  ASSERT_EQ(list.waiting_size(), 2);
  EXPECT_EQ(list.waiting(0).kind(), wire::HeldBack::READ);
  EXPECT_EQ(list.waiting(0).age_ms(), 7U);
  EXPECT_EQ(list.waiting(1).kind(), wire::HeldBack::FOLLOW);
  EXPECT_EQ(list.waiting(1).topic(), "t");
  EXPECT_EQ(list.waiting(1).waits_for(), "index 9");
}

TEST_F(InspectionTest, GivesTheLastEventsOfATopic) {
  publish(4);
  const wire::TopicHistory last = edge_.topics().history("t", 2, 100);
  EXPECT_EQ(last.kept(), 4U);
  ASSERT_EQ(last.events_size(), 2);
  EXPECT_EQ(last.events(0).index(), 3U);
  EXPECT_EQ(last.events(1).payload(), "xxxx");
  EXPECT_EQ(last.events(1).time().seconds(), 1);
  const wire::TopicHistory small = edge_.topics().history("t", 9, 7);
  ASSERT_EQ(small.events_size(), 2);
  const wire::TopicHistory tiny = edge_.topics().history("t", 9, 3);
  ASSERT_EQ(tiny.events_size(), 1);
  EXPECT_EQ(tiny.events(0).text(), "4 bytes, too many to be shown");
  EXPECT_EQ(edge_.topics().history("none", 9, 100).events_size(), 0);
}

}  // namespace
}  // namespace muster::edge::inspection_test
