// The layout of what followers of a topic are told, byte by byte, and its limits.
#include "wire/events.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "wire/testing.h"

namespace muster::wire::events_test {
namespace {

using testing::from_hex;
using testing::to_hex;

const std::string topic_hex =
    "0300"
    "0000"
    "612f62";  // a/b

const std::string two_events = topic_hex +
                               "02000000"
                               "0900000000000000"
                               "03000000"
                               "00000000"
                               "e803000000000000"
                               "6869"
                               "00000000"
                               "0900000000000000"
                               "03000000"
                               "01000000"
                               "e803000000000000";

EventPosition place(std::uint64_t index, std::uint32_t ordinal, std::uint32_t sub) {
  return {.command = {.index = {index}, .ordinal = ordinal}, .sub = sub};
}

TEST(EventsTest, HaveTheLayoutOfTheHeader) {
  EventsBuilder builder("a/b");
  EXPECT_TRUE(builder.empty());
  ASSERT_TRUE(builder.add({place(9, 3, 0), LogTime{1'000}, as_bytes("hi")}));
  ASSERT_TRUE(builder.add({place(9, 3, 1), LogTime{1'000}, {}}));
  EXPECT_EQ(to_hex(std::move(builder).finish()), two_events);
}

TEST(EventsTest, ReadWhatWasBuilt) {
  const Bytes bytes = from_hex(two_events);
  const EventsView events = EventsView::parse(bytes).value();
  EXPECT_EQ(events.topic(), "a/b");
  auto event = events.begin();
  EXPECT_EQ((*event).position, place(9, 3, 0));
  EXPECT_EQ((*event).time, LogTime{1'000});
  EXPECT_EQ(as_text((*event).payload), "hi");
  ++event;
  EXPECT_EQ((*event).position, place(9, 3, 1));
  EXPECT_TRUE((*event).payload.empty());
  EXPECT_EQ(event.rest().size(), event_header_bytes);
  EXPECT_EQ(++event, events.end());
}

TEST(EventsTest, PlacesAreOrderedByEntryOrdinalAndNumber) {
  EXPECT_LT(beginning_of({9}), after(beginning_of({9})));
  EXPECT_LT(after(place(9, 3, 7)), place(9, 4, 0));
  EXPECT_LT(place(9, 9, 9), beginning_of({10}));
}

TEST(EventsTest, AreRefusedWhenCutOffAnywhereButBetweenTwo) {
  const Bytes whole = from_hex(two_events);
  const std::size_t one_event = topic_hex.size() / 2 + event_header_bytes + 2;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (size == one_event) continue;
    const auto events = EventsView::parse(BytesView(whole).first(size));
    ASSERT_FALSE(events.has_value()) << size;
    EXPECT_EQ(events.error().code, ErrorCode::invalid_argument) << size;
  }
}

TEST(EventsTest, AreRefusedOutOfOrder) {
  EventsBuilder builder("t");
  ASSERT_TRUE(builder.add({place(9, 3, 1), {}, {}}));
  ASSERT_TRUE(builder.add({place(9, 3, 1), {}, {}}));
  EXPECT_EQ(EventsView::parse(std::move(builder).finish()).error().code,
            ErrorCode::invalid_argument);
}

TEST(EventsTest, TakeAPayloadOfTheLimitAndRefuseALongerOne) {
  const Bytes payload(event_bytes_max);
  EventsBuilder builder("t");
  ASSERT_TRUE(builder.add({place(1, 0, 0), {}, payload}));
  EXPECT_FALSE(builder.add({place(1, 0, 1), {}, payload}));  // The frame is full.
  Bytes body = std::move(builder).finish();
  EXPECT_TRUE(EventsView::parse(body).has_value());
  body.push_back({});
  const auto length = static_cast<std::uint32_t>(event_bytes_max + 1);
  std::memcpy(body.data() + events_header_bytes + 1, &length, sizeof(length));
  EXPECT_EQ(EventsView::parse(body).error().code, ErrorCode::resource_exhausted);
}

TEST(EventsTest, RefuseTopicsThatCanNotBe) {
  EXPECT_TRUE(validate_topic(std::string(topic_bytes_max, 'x')).has_value());
  EXPECT_FALSE(validate_topic(std::string(topic_bytes_max + 1, 'x')).has_value());
  EXPECT_FALSE(validate_topic("").has_value());
  EXPECT_FALSE(validate_topic("a\nb").has_value());
  EXPECT_FALSE(validate_topic("\xff").has_value());
  const Bytes nameless = from_hex("00000000" + std::string(16, '0'));
  EXPECT_EQ(ReachedView::parse(nameless).error().code, ErrorCode::invalid_argument);
}

TEST(ReachedTest, HasTheLayoutOfTheHeader) {
  const Bytes bytes = encode_reached("a/b", {7});
  EXPECT_EQ(to_hex(bytes), topic_hex + "0700000000000000");
  const ReachedView reached = ReachedView::parse(bytes).value();
  EXPECT_EQ(reached.topic, "a/b");
  EXPECT_EQ(reached.index, LogIndex{7});
  EXPECT_FALSE(ReachedView::parse(BytesView(bytes).first(bytes.size() - 1)).has_value());
}

TEST(GapTest, CarriesTheStateOrWhyThereIsNone) {
  const Bytes bytes = encode_gap("a/b", {7}, Bytes{std::byte{5}});
  EXPECT_EQ(to_hex(bytes), topic_hex + "0700000000000000" + "00000000" + "05");
  const GapView gap = GapView::parse(bytes).value();
  EXPECT_EQ(gap.topic, "a/b");
  EXPECT_EQ(gap.index, LogIndex{7});
  EXPECT_EQ(gap.error, std::nullopt);
  EXPECT_EQ(gap.payload.size(), 1U);

  const Bytes refused = encode_gap("a/b", {7}, Error{ErrorCode::not_found, "none"});
  EXPECT_EQ(GapView::parse(refused).value().error, ErrorCode::not_found);
  EXPECT_EQ(as_text(GapView::parse(refused).value().payload), "none");
}

TEST(GapTest, SaysThatAStateBeyondTheLimitIsNotTold) {
  const Bytes at_limit = encode_gap("t", {7}, Bytes(topic_state_bytes_max));
  EXPECT_EQ(GapView::parse(at_limit).value().payload.size(), topic_state_bytes_max);
  const Bytes beyond = encode_gap("t", {7}, Bytes(topic_state_bytes_max + 1));
  EXPECT_EQ(GapView::parse(beyond).value().error, ErrorCode::resource_exhausted);
}

TEST(GapTest, RefusesACodeThatIsNone) {
  const Bytes bytes = from_hex(topic_hex + "0700000000000000" + "ff000000");
  EXPECT_EQ(GapView::parse(bytes).error().code, ErrorCode::invalid_argument);
  const Bytes wide = from_hex(topic_hex + "0700000000000000" + "04010000");
  EXPECT_EQ(GapView::parse(wide).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::wire::events_test
