#include "wire/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/testing.h"

namespace muster::wire::heartbeat_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::from_hex;
using testing::to_hex;

const SessionId session{Uuid{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}};
const HeartbeatKey key{.low = 0x0706050403020100U, .high = 0x0f0e0d0c0b0a0908U};

Bytes example(const std::optional<HeartbeatKey>& with, BytesView payload = as_bytes("here")) {
  return encode_heartbeat({.session = session, .epoch = {7}, .counter = 0x0102, .payload = payload},
                          with);
}

TEST(Heartbeat, HasThisLayout) {
  EXPECT_EQ(to_hex(example({})),
            "8d4d4801"
            "00"
            "04"
            "0000"
            "0102030405060708090a0b0c0d0e0f10"
            "07000000"
            "0201000000000000"
            "68657265");
}

TEST(Heartbeat, IsReadAsItWasWritten) {
  const Bytes bytes = example({});
  const auto view = HeartbeatView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->heartbeat().session, session);
  EXPECT_EQ(view->heartbeat().epoch, Epoch{7});
  EXPECT_EQ(view->heartbeat().counter, 0x0102U);
  EXPECT_EQ(as_text(view->heartbeat().payload), "here");
  EXPECT_FALSE(view->is_proven_by(key));
}

TEST(Heartbeat, MayAskForAnAnswer) {
  const Bytes bytes =
      encode_heartbeat({.session = session, .epoch = {7}, .counter = 1, .wants_answer = true}, key);
  EXPECT_EQ(bytes[4], std::byte{3});
  EXPECT_TRUE(HeartbeatView::parse(bytes)->heartbeat().wants_answer);
  EXPECT_FALSE(HeartbeatView::parse(example(key))->heartbeat().wants_answer);
  Bytes unknown = bytes;
  unknown[4] = std::byte{5};
  EXPECT_FALSE(HeartbeatView::parse(unknown).has_value());
}

// The vector of the paper's appendix A: key 00 01 .. 0f, message 00 01 .. 0e.
TEST(Heartbeat, ItsDigestIsSipHash) {
  EXPECT_EQ(siphash(key, from_hex("000102030405060708090a0b0c0d0e")), 0xa129ca6149be45e5U);
  EXPECT_EQ(siphash(key, {}), 0x726fdb47dd0e0e31U);
}

TEST(Heartbeat, IsProvenByItsKeyAlone) {
  const Bytes bytes = example(key);
  const auto view = HeartbeatView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->is_proven_by(key));
  EXPECT_FALSE(view->is_proven_by({.low = key.low, .high = key.high + 1}));
}

TEST(Heartbeat, WithAnyBitChangedItIsNotProven) {
  const Bytes bytes = example(key);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes changed = bytes;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto view = HeartbeatView::parse(changed);
    EXPECT_FALSE(view && view->is_proven_by(key)) << "bit " << bit;
  }
}

TEST(Heartbeat, EachAttachmentHasAKeyOfItsOwn) {
  const Bytes secret = from_hex("736563726574");
  const HeartbeatKey made = heartbeat_key(secret, session, Epoch{7});
  EXPECT_EQ(heartbeat_key(secret, session, Epoch{7}), made);
  EXPECT_NE(heartbeat_key(secret, session, Epoch{8}), made);
  EXPECT_NE(heartbeat_key(secret, SessionId{Uuid{{1}}}, Epoch{7}), made);
  EXPECT_NE(heartbeat_key(from_hex("736563726575"), session, Epoch{7}), made);
}

TEST(Heartbeat, CarriesUpTo64BytesOfPayload) {
  const Bytes payload(heartbeat_payload_bytes_max, std::byte{0x5a});
  const Bytes bytes = example(key, payload);
  EXPECT_EQ(bytes.size(), heartbeat_bytes_max);
  ASSERT_TRUE(HeartbeatView::parse(bytes).has_value());
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  longer[5] = std::byte{65};
  EXPECT_FALSE(HeartbeatView::parse(longer).has_value());
}

TEST(Heartbeat, SurvivesDamage) {
  EXPECT_TRUE(testing::survives_damage(
      example(key), 1, [](BytesView bytes) { return HeartbeatView::parse(bytes).has_value(); }));
  EXPECT_TRUE(testing::survives_damage(encode_heartbeat_heard({1, 2}), 2, [](BytesView bytes) {
    return decode_heartbeat_heard(bytes).has_value();
  }));
}

TEST(Heartbeat, ItsAnswerIsReadAsItWasWritten) {
  const HeartbeatHeard heard{.counter = 17, .by_datagram = 16};
  EXPECT_EQ(decode_heartbeat_heard(encode_heartbeat_heard(heard)).value(), heard);
}

TEST(HeartbeatTimes, AreWithinBounds) {
  EXPECT_EQ(to_heartbeat_times(15, 0).value(), (HeartbeatTimes{milliseconds{15}, {}}));
  EXPECT_EQ(to_heartbeat_times(0, 0).value(), HeartbeatTimes{});
  EXPECT_EQ(to_heartbeat_times(60'000, 86'400'000).value(),
            (HeartbeatTimes{seconds{60}, std::chrono::hours{24}}));
  EXPECT_EQ(to_heartbeat_times(14, 0).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(to_heartbeat_times(60'001, 0).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(to_heartbeat_times(15, 86'400'001).error().code, ErrorCode::invalid_argument);
}

TEST(HeartbeatTimes, NoTimeoutIsShorterThanTenIntervalsOrTwoSeconds) {
  EXPECT_EQ(to_heartbeat_times(15, 100).value().timeout, seconds{2});
  EXPECT_EQ(to_heartbeat_times(1'000, 100).value().timeout, seconds{10});
  EXPECT_EQ(to_heartbeat_times(1'000, 25'000).value().timeout, seconds{25});
  EXPECT_EQ(suspect_after(milliseconds{15}), milliseconds{500});
  EXPECT_EQ(suspect_after(seconds{1}), seconds{5});
}

TEST(HeartbeatTimes, TheConnectionIsUsedOftenEnoughThatNobodyIsSuspected) {
  EXPECT_EQ(connection_interval({milliseconds{15}, seconds{2}}), milliseconds{400});
  EXPECT_EQ(connection_interval({milliseconds{15}, seconds{10}}), seconds{1});
  EXPECT_EQ(connection_interval({seconds{60}, seconds{600}}), seconds{60});
}

}  // namespace
}  // namespace muster::wire::heartbeat_test
