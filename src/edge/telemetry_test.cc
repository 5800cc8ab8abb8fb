#include "edge/telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace muster::edge::telemetry_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using wire::TelemetryKind;
using wire::TelemetryStamp;

constexpr ServerNumber one{1};
constexpr ServerNumber two{2};
constexpr TelemetryKind kind = TelemetryKind::client_payload;

class TelemetryTest : public ::testing::Test {
 protected:
  void put(const std::string& key, TelemetryStamp stamp, const std::string& value) {
    telemetry_.put({.kind = kind, .key = as_bytes(key), .stamp = stamp, .value = as_bytes(value)},
                   now_);
  }
  std::string known(const std::string& key) const {
    const auto found = telemetry_.find(kind, as_bytes(key));
    return found ? std::string(as_text(found->value)) : "";
  }
  // What `server` is told in one frame; empty: nothing.
  std::map<std::string, std::string> told(ServerNumber server) {
    telemetry_.tick(now_);
    std::map<std::string, std::string> values;
    for (const Telemetry::ToSend& sent : telemetry_.take_frames()) {
      if (sent.server != server || sent.frame.empty()) continue;
      const auto parsed = wire::parse_telemetry(sent.frame.view());
      EXPECT_TRUE(parsed.has_value());
      for (const auto& value : *parsed) {
        values[std::string(as_text(value.key))] = as_text(value.value);
      }
    }
    return values;
  }
  void answer(ServerNumber server) { EXPECT_TRUE(telemetry_.take(server, {}, now_)); }
  void from(ServerNumber server, const std::string& key, TelemetryStamp stamp,
            const std::string& value) {
    wire::TelemetryBuilder builder;
    EXPECT_TRUE(builder.add(
        {.kind = kind, .key = as_bytes(key), .stamp = stamp, .value = as_bytes(value)}));
    EXPECT_TRUE(telemetry_.take(server, std::move(builder).finish(), now_));
  }

  Telemetry telemetry_{{.values_max = 4, .bytes_max = 100}};
  Instant now_{seconds{1}};
};

TEST_F(TelemetryTest, TheNewestByEpochThenCounterStays) {
  put("a", {Epoch{1}, 5}, "first");
  put("a", {Epoch{1}, 4}, "older");
  put("a", {Epoch{1}, 5}, "equal");
  EXPECT_EQ(known("a"), "first");
  telemetry_.peer_arrived(one, now_);
  from(one, "a", {Epoch{2}, 1}, "moved");
  EXPECT_EQ(known("a"), "moved");
  put("a", {Epoch{1}, 6}, "late");
  EXPECT_EQ(known("a"), "moved");
}

TEST_F(TelemetryTest, AServerThatArrivesIsToldAllThatIsOwnThenWhatChanges) {
  put("a", {Epoch{1}, 1}, "x");
  put("b", {Epoch{1}, 1}, "y");
  telemetry_.peer_arrived(one, now_);
  telemetry_.peer_arrived(two, now_);
  from(two, "c", {Epoch{1}, 1}, "z");
  EXPECT_THAT(told(one), ElementsAre(Pair("a", "x"), Pair("b", "y")));
  answer(one);
  now_ += milliseconds{100};
  EXPECT_THAT(told(one), IsEmpty());
  put("b", {Epoch{1}, 2}, "y2");
  EXPECT_THAT(told(one), ElementsAre(Pair("b", "y2")));
}

TEST_F(TelemetryTest, WhatChangesOftenIsToldOnceAnInterval) {
  telemetry_.peer_arrived(one, now_);
  put("a", {Epoch{1}, 1}, "1");
  EXPECT_THAT(told(one), ElementsAre(Pair("a", "1")));
  answer(one);
  for (std::uint64_t i = 2; i < 100; ++i) put("a", {Epoch{1}, i}, std::to_string(i));
  EXPECT_EQ(telemetry_.deadline(), now_ + milliseconds{100});
  EXPECT_THAT(told(one), IsEmpty());
  now_ += milliseconds{100};
  EXPECT_THAT(told(one), ElementsAre(Pair("a", "99")));
}

TEST_F(TelemetryTest, WhoHasNotTakenItInIsToldNoMore) {
  telemetry_.peer_arrived(one, now_);
  put("a", {Epoch{1}, 1}, "1");
  EXPECT_THAT(told(one), ElementsAre(Pair("a", "1")));
  now_ += seconds{4};
  put("a", {Epoch{1}, 2}, "2");
  EXPECT_THAT(told(one), IsEmpty());
  EXPECT_EQ(telemetry_.deadline(), now_ + seconds{1});
  answer(one);
  put("a", {Epoch{1}, 3}, "3");
  EXPECT_THAT(told(one), ElementsAre(Pair("a", "3")));
}

TEST_F(TelemetryTest, WhatIsNeverAnsweredIsToldAgainInFull) {
  put("a", {Epoch{1}, 1}, "1");
  put("b", {Epoch{1}, 1}, "2");
  telemetry_.peer_arrived(one, now_);
  EXPECT_EQ(told(one).size(), 2U);
  now_ += milliseconds{4'999};
  EXPECT_THAT(told(one), IsEmpty());
  now_ += milliseconds{1};
  EXPECT_EQ(told(one).size(), 2U);
}

TEST_F(TelemetryTest, WhatCameIsAnswered) {
  telemetry_.peer_arrived(one, now_);
  from(one, "a", {Epoch{1}, 1}, "x");
  const auto frames = telemetry_.take_frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].server, one);
  EXPECT_TRUE(frames[0].frame.empty());
}

TEST_F(TelemetryTest, WhatHasGoneIsToldAndForgottenLater) {
  telemetry_.peer_arrived(one, now_);
  put("a", {Epoch{1}, 1}, "1");
  EXPECT_EQ(told(one).size(), 1U);
  answer(one);
  now_ += seconds{1};
  telemetry_.remove(kind, as_bytes("a"), {Epoch{1}, 2});
  EXPECT_EQ(known("a"), "");
  EXPECT_THAT(told(one), ElementsAre(Pair("a", "")));
  put("a", {Epoch{1}, 1}, "late");
  EXPECT_EQ(known("a"), "");
  now_ += seconds{60};
  telemetry_.tick(now_);
  EXPECT_EQ(telemetry_.size(), 0U);
  EXPECT_EQ(telemetry_.bytes(), 0U);
}

TEST_F(TelemetryTest, AServerThatComesBackBeginsAnew) {
  telemetry_.peer_arrived(one, now_);
  from(one, "a", {Epoch{1}, 1'000}, "before");
  telemetry_.peer_left(one, now_);
  EXPECT_EQ(known("a"), "before");
  telemetry_.peer_arrived(one, now_);
  EXPECT_EQ(known("a"), "");
  from(one, "a", {Epoch{1}, 1}, "after");
  EXPECT_EQ(known("a"), "after");
}

TEST_F(TelemetryTest, WhatCameFromAServerThatStaysAwayIsForgotten) {
  telemetry_.peer_arrived(one, now_);
  from(one, "a", {Epoch{1}, 1}, "x");
  telemetry_.peer_left(one, now_);
  now_ += seconds{29};
  telemetry_.tick(now_);
  EXPECT_EQ(known("a"), "x");
  now_ += seconds{15};
  telemetry_.tick(now_);
  EXPECT_EQ(telemetry_.size(), 0U);
}

TEST_F(TelemetryTest, BeyondALimitValuesAreDropped) {
  for (const std::string key : {"a", "b", "c", "d", "e"}) put(key, {Epoch{1}, 1}, "x");
  EXPECT_EQ(telemetry_.size(), 4U);
  EXPECT_EQ(known("e"), "");
  put("a", {Epoch{1}, 2}, std::string(94, 'x'));
  EXPECT_EQ(known("a"), "x");
  put("a", {Epoch{1}, 2}, std::string(93, 'x'));
  EXPECT_EQ(known("a").size(), 93U);
  EXPECT_EQ(telemetry_.bytes(), 100U);
  EXPECT_EQ(telemetry_.dropped(), 2U);
}

TEST_F(TelemetryTest, AMalformedFrameChangesNothing) {
  telemetry_.peer_arrived(one, now_);
  EXPECT_EQ(telemetry_.take(one, as_bytes("not a frame"), now_).error().code,
            ErrorCode::invalid_argument);
  EXPECT_THAT(telemetry_.take_frames(), IsEmpty());
}

}  // namespace
}  // namespace muster::edge::telemetry_test
