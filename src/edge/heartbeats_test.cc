#include "edge/heartbeats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::edge::heartbeats_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const SessionId fast{Uuid::make_v7(milliseconds{1}, 7, 1)};
const SessionId slow{Uuid::make_v7(milliseconds{1}, 7, 2)};
constexpr wire::HeartbeatTimes fast_times{milliseconds{15}, seconds{2}};
constexpr wire::HeartbeatTimes slow_times{seconds{1}, seconds{10}};

class HeartbeatsTest : public ::testing::Test {
 protected:
  explicit HeartbeatsTest(Heartbeats::Options options = {})
      : heartbeats_(std::move(options), telemetry_) {}

  // As the loop does: never later than asked for.
  void pass(Duration time) {
    const Instant end = now_ + time;
    while (heartbeats_.deadline() && *heartbeats_.deadline() <= end) {
      now_ = std::max(now_, *heartbeats_.deadline());
      heartbeats_.tick(now_);
      for (const SessionId session : heartbeats_.take_silent()) silent_.push_back(session);
    }
    now_ = end;
  }
  void beat(std::uint64_t counter, const std::optional<wire::HeartbeatKey>& key = {},
            BytesView payload = {}) {
    heartbeats_.datagram(
        wire::encode_heartbeat(
            {.session = fast, .epoch = {1}, .counter = counter, .payload = payload}, key),
        now_);
  }
  // Heartbeats every 15 ms, and something on the connection every 400 ms.
  void live(Duration time) {
    for (const Instant end = now_ + time; now_ < end;) {
      beat(++counter_);
      if (counter_ % 27 == 0) heartbeats_.connection_heard(fast, now_);
      pass(milliseconds{15});
    }
  }

  Telemetry telemetry_{{}};
  Heartbeats heartbeats_;
  Instant now_{seconds{100}};
  std::uint64_t counter_{0};
  std::vector<SessionId> silent_;
};

TEST_F(HeartbeatsTest, WhoIsHeardStays) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  live(seconds{30});
  EXPECT_EQ(heartbeats_.suspects(), 0U);
  EXPECT_THAT(silent_, IsEmpty());
  EXPECT_EQ(heartbeats_.counts().datagrams, 2'000U);
}

TEST_F(HeartbeatsTest, WhoIsSilentIsSuspectedAndThenGone) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  live(seconds{1});
  pass(milliseconds{480});
  EXPECT_EQ(heartbeats_.suspects(), 0U);
  pass(milliseconds{40});
  EXPECT_EQ(heartbeats_.suspects(), 1U);
  pass(milliseconds{1'450});
  EXPECT_THAT(silent_, IsEmpty());
  pass(milliseconds{50});
  EXPECT_THAT(silent_, ElementsAre(fast));
  EXPECT_EQ(heartbeats_.suspects(), 0U);
  EXPECT_EQ(heartbeats_.watched(), 0U);
}

TEST_F(HeartbeatsTest, EachHasTimesOfItsOwn) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  heartbeats_.watch(slow, Epoch{1}, slow_times, now_);
  pass(milliseconds{4'990});
  EXPECT_THAT(silent_, ElementsAre(fast));
  EXPECT_EQ(heartbeats_.suspects(), 0U);
  pass(milliseconds{30});
  EXPECT_EQ(heartbeats_.suspects(), 1U);
  pass(milliseconds{5'000});
  EXPECT_THAT(silent_, ElementsAre(fast, slow));
}

TEST_F(HeartbeatsTest, OneSignOfLifeEndsASuspicion) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  pass(milliseconds{700});
  EXPECT_EQ(heartbeats_.suspects(), 1U);
  EXPECT_TRUE(telemetry_.find(wire::TelemetryKind::suspect_session,
                              std::as_bytes(std::span(fast.uuid.bytes))));
  beat(1);
  EXPECT_EQ(heartbeats_.suspects(), 0U);
  EXPECT_FALSE(telemetry_.find(wire::TelemetryKind::suspect_session,
                               std::as_bytes(std::span(fast.uuid.bytes))));
  pass(milliseconds{700});
  EXPECT_EQ(heartbeats_.suspects(), 1U);
  heartbeats_.connection_heard(fast, now_);
  EXPECT_EQ(heartbeats_.suspects(), 0U);
  pass(milliseconds{1'990});
  EXPECT_THAT(silent_, IsEmpty());
}

// Its commands can't come through: it is not to be thought well of.
TEST_F(HeartbeatsTest, DatagramsDoNotCountWhenTheConnectionIsSilent) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  for (int i = 0; i < 400; ++i) {
    beat(++counter_);
    pass(milliseconds{15});
  }
  EXPECT_THAT(silent_, ElementsAre(fast));
}

TEST_F(HeartbeatsTest, OldDoubledAndForeignDatagramsDoNotCount) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  beat(5);
  beat(5);
  beat(4);
  heartbeats_.datagram(wire::encode_heartbeat({.session = fast, .epoch = {2}, .counter = 9}, {}),
                       now_);
  heartbeats_.datagram(wire::encode_heartbeat({.session = slow, .epoch = {1}, .counter = 9}, {}),
                       now_);
  heartbeats_.datagram(as_bytes("what is this"), now_);
  EXPECT_EQ(heartbeats_.counts().datagrams, 1U);
  EXPECT_EQ(heartbeats_.counts().refused, 5U);
}

TEST_F(HeartbeatsTest, OneOverTheConnectionIsToldWhetherDatagramsPass) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  const auto body = [](std::uint64_t counter, Epoch epoch = {1}) {
    return wire::encode_heartbeat(
        {.session = fast, .epoch = epoch, .counter = counter, .wants_answer = true}, {});
  };
  EXPECT_EQ(heartbeats_.frame(fast, body(1), now_), (wire::HeartbeatHeard{1, 0}));
  beat(2);
  EXPECT_EQ(heartbeats_.frame(fast, body(3), now_), (wire::HeartbeatHeard{3, 2}));
  const Bytes plain = wire::encode_heartbeat({.session = fast, .epoch = {1}, .counter = 4}, {});
  EXPECT_EQ(heartbeats_.frame(fast, plain, now_), std::nullopt);
  EXPECT_EQ(heartbeats_.counts().over_connection, 3U);
  EXPECT_EQ(heartbeats_.frame(slow, body(4), now_), std::nullopt);
  EXPECT_EQ(heartbeats_.frame(fast, body(4, Epoch{2}), now_), std::nullopt);
  EXPECT_EQ(heartbeats_.frame(fast, as_bytes("no heartbeat"), now_), std::nullopt);
}

TEST_F(HeartbeatsTest, OneOverTheConnectionIsASignOfLifeWhateverItSays) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  now_ += seconds{1};
  EXPECT_EQ(heartbeats_.silence(fast, now_), seconds{1});
  heartbeats_.frame(fast, as_bytes("no heartbeat"), now_);
  EXPECT_EQ(heartbeats_.silence(fast, now_), Duration{});
}

// A process that was stopped for a while finds all timers due before it reads a single datagram.
TEST_F(HeartbeatsTest, SilenceWhileTheServerDidNotRunIsNobodys) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  live(seconds{1});
  now_ += seconds{60};
  pass(milliseconds{350});
  EXPECT_EQ(heartbeats_.suspects(), 0U);
  live(seconds{3});
  EXPECT_THAT(silent_, IsEmpty());
  pass(milliseconds{2'050});
  EXPECT_THAT(silent_, ElementsAre(fast));
}

TEST_F(HeartbeatsTest, AServerThatStallsAgainAndAgainStillEndsWhoIsGone) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  for (int i = 0; i < 8; ++i) {
    pass(milliseconds{300});
    now_ += milliseconds{700};
  }
  EXPECT_THAT(silent_, ElementsAre(fast));
}

TEST_F(HeartbeatsTest, PayloadsBecomeTelemetryTheNewestOnly) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  const BytesView key = std::as_bytes(std::span(fast.uuid.bytes));
  beat(2, {}, as_bytes("new"));
  static_cast<void>(heartbeats_.frame(
      fast,
      wire::encode_heartbeat(
          {.session = fast, .epoch = {1}, .counter = 1, .payload = as_bytes("old")}, {}),
      now_));
  const auto known = telemetry_.find(wire::TelemetryKind::client_payload, key);
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(as_text(known->value), "new");
  EXPECT_EQ(known->stamp, (wire::TelemetryStamp{Epoch{1}, 2}));
  heartbeats_.forget(fast);
  EXPECT_FALSE(telemetry_.find(wire::TelemetryKind::client_payload, key));
}

TEST_F(HeartbeatsTest, PlacesAreUsedAgain) {
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const SessionId session{Uuid::make_v7(milliseconds{1}, 8, i)};
    heartbeats_.watch(session, Epoch{1}, fast_times, now_);
    heartbeats_.forget(session);
  }
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  EXPECT_EQ(heartbeats_.watched(), 1U);
  pass(milliseconds{100});
  EXPECT_EQ(heartbeats_.silence(fast, now_), milliseconds{100});
}

class SecretHeartbeatsTest : public HeartbeatsTest {
 protected:
  SecretHeartbeatsTest() : HeartbeatsTest({.secret = secret()}) {}
  static Bytes secret() { return Bytes(16, std::byte{0x42}); }
};

TEST_F(SecretHeartbeatsTest, OnlyTheKeyOfThisAttachmentCounts) {
  heartbeats_.watch(fast, Epoch{1}, fast_times, now_);
  beat(1);
  beat(2, wire::heartbeat_key(secret(), fast, Epoch{2}));
  beat(3, wire::heartbeat_key(Bytes(16, std::byte{0x43}), fast, Epoch{1}));
  EXPECT_EQ(heartbeats_.counts().datagrams, 0U);
  beat(1, wire::heartbeat_key(secret(), fast, Epoch{1}));
  EXPECT_EQ(heartbeats_.counts().datagrams, 1U);
}

}  // namespace
}  // namespace muster::edge::heartbeats_test
