// Datagrams of discovery: their bytes, their proof, and everything that must not pass.
#include "wire/datagram.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/control.h"
#include "wire/json.h"
#include "wire/testing.h"

namespace muster::wire::datagram_test {
namespace {

const Bytes no_secret;
const std::string secret_text = "secret";
const BytesView secret = as_bytes(secret_text);
constexpr std::size_t header_bytes = 12;
enum class Kind : std::uint8_t { probe = 1, beacon = 2 };

Probe small_probe() {
  Probe probe;
  probe.set_group("g");
  probe.set_nonce(7);
  return probe;
}

Beacon small_beacon() {
  Beacon beacon;
  beacon.set_group("g");
  beacon.set_server_id("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  beacon.set_name("a");
  beacon.set_client_address(":8888");
  beacon.set_peer_address(":8889");
  return beacon;
}

/// Every field as large as its limit allows.
Beacon largest_beacon() {
  Beacon beacon;
  beacon.set_group(std::string(name_bytes_max, 'g'));
  beacon.set_group_id("ffffffff-79b0-7cc3-98c4-dc0c0c07398f");
  beacon.set_server_id("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  beacon.set_number(0xffffffff);
  beacon.set_name(std::string(name_bytes_max, 'n'));
  beacon.set_host(std::string(name_bytes_max, 'h'));
  std::string address(address_bytes_max - 5, 'c');
  address.append(":8888");
  beacon.set_client_address(address);
  beacon.set_peer_address(address);
  beacon.set_role(Role::LEADER);
  beacon.set_leader_number(0xffffffff);
  beacon.set_leader(std::string(name_bytes_max, 'l'));
  beacon.set_term(~std::uint64_t{0});
  beacon.set_clients(~std::uint64_t{0});
  beacon.set_version(std::string(name_bytes_max, 'v'));
  beacon.set_phase(Phase::DISSOLVED);
  beacon.set_zone(std::string(name_bytes_max, 'z'));
  beacon.set_nonce(~std::uint64_t{0});
  return beacon;
}

ErrorCode refusal(BytesView bytes, BytesView with) {
  const Result<Datagram> decoded = decode_datagram(bytes, with);
  return decoded ? ErrorCode{} : decoded.error().code;
}

TEST(DatagramTest, ReadsWhatWasWrittenWithAndWithoutASecret) {
  for (const BytesView with : {BytesView(no_secret), secret}) {
    const Bytes probe = encode_probe(small_probe(), with).value();
    EXPECT_EQ(to_json(std::get<Probe>(decode_datagram(probe, with).value())),
              to_json(small_probe()));
    const Bytes beacon = encode_beacon(largest_beacon(), with).value();
    EXPECT_EQ(to_json(std::get<Beacon>(decode_datagram(beacon, with).value())),
              to_json(largest_beacon()));
  }
}

// The digest was computed by another program (Python's hmac).
TEST(DatagramTest, HasTheseBytes) {
  const Bytes bytes = encode_probe(small_probe(), secret).value();
  EXPECT_EQ(testing::to_hex(BytesView(bytes).first(17)),
            "8d4d5544010101000500"
            "00000a01671807");
  EXPECT_EQ(testing::to_hex(BytesView(bytes).last(32)),
            "d0857967d1a1386a0420adb8485c26b92e1dfead1a0beed123b514e7938f5cf7");
}

TEST(DatagramTest, NoAnswerIsLargerThanTheProbe) {
  EXPECT_EQ(encode_probe(small_probe(), no_secret)->size(), 1'200);
  EXPECT_EQ(encode_probe(small_probe(), secret)->size(), 1'200);
  EXPECT_EQ(encode_probe(Probe(), secret)->size(), 1'200);
  EXPECT_EQ(encode_beacon(largest_beacon(), secret)->size(), 1'095);
  EXPECT_EQ(encode_beacon(small_beacon(), no_secret)->size(), 70);
}

TEST(DatagramTest, TellsWhatIsNotOursFromAnotherVersionAndFromAMissingOrWrongProof) {
  const Bytes open = encode_beacon(small_beacon(), no_secret).value();
  const Bytes proven = encode_beacon(small_beacon(), secret).value();
  EXPECT_EQ(refusal(as_bytes("M-SEARCH * HTTP/1.1"), secret), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(open, secret), ErrorCode::unauthenticated);
  EXPECT_EQ(refusal(proven, no_secret), ErrorCode::unauthenticated);
  EXPECT_EQ(refusal(proven, as_bytes("another")), ErrorCode::unauthenticated);

  Bytes newer = open;
  newer[4] = std::byte{2};
  EXPECT_EQ(refusal(newer, no_secret), ErrorCode::unimplemented);
  EXPECT_EQ(refusal(BytesView(newer).first(5), no_secret), ErrorCode::unimplemented);
}

TEST(DatagramTest, SaysWhatTheOperatorCanDo) {
  const Bytes proven = encode_beacon(small_beacon(), secret).value();
  EXPECT_EQ(decode_datagram(proven, no_secret).error().message,
            "a datagram is proven with a secret, and there is none here; give the same "
            "--secret-file to all servers and clients of the group");
}

TEST(DatagramTest, RefusesEveryPrefix) {
  for (const BytesView with : {BytesView(no_secret), secret}) {
    for (const Bytes& whole : {encode_probe(small_probe(), with).value(),
                               encode_beacon(largest_beacon(), with).value()}) {
      for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(refusal(BytesView(whole).first(size), with), ErrorCode::invalid_argument) << size;
      }
    }
  }
}

TEST(DatagramTest, RefusesEveryFlippedBitOfAProvenOne) {
  for (Bytes bytes : {encode_probe(small_probe(), secret).value(),
                      encode_beacon(small_beacon(), secret).value()}) {
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const auto mask = static_cast<std::byte>(1U << (bit % 8));
      bytes[bit / 8] ^= mask;
      EXPECT_NE(refusal(bytes, secret), ErrorCode{}) << "bit " << bit;
      bytes[bit / 8] ^= mask;
    }
    EXPECT_EQ(refusal(bytes, secret), ErrorCode{});
  }
}

TEST(DatagramTest, RefusesEveryFlippedBitOfAHeaderOrPaddingWithoutASecret) {
  Bytes bytes = encode_probe(small_probe(), no_secret).value();
  const std::size_t payload_end = header_bytes + encode(small_probe()).size();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    if (bit / 8 >= header_bytes && bit / 8 < payload_end) continue;
    const auto mask = static_cast<std::byte>(1U << (bit % 8));
    bytes[bit / 8] ^= mask;
    EXPECT_NE(refusal(bytes, no_secret), ErrorCode{}) << "bit " << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST(DatagramTest, SurvivesDamage) {
  for (const BytesView with : {BytesView(no_secret), secret}) {
    const auto passes = [&](BytesView bytes) {
      claimed_group(bytes);
      return decode_datagram(bytes, with).has_value();
    };
    EXPECT_TRUE(testing::survives_damage(encode_beacon(largest_beacon(), with).value(), 1, passes));
    EXPECT_TRUE(testing::survives_damage(encode_probe(small_probe(), with).value(), 2, passes));
  }
}

TEST(DatagramTest, RefusesAProbeThatIsSmallerOrLargerThanItsAnswerMayBe) {
  Bytes bytes = encode_probe(small_probe(), no_secret).value();
  bytes.pop_back();
  EXPECT_EQ(refusal(bytes, no_secret), ErrorCode::invalid_argument);
  bytes.resize(datagram_bytes_max + 1);
  EXPECT_EQ(refusal(bytes, no_secret), ErrorCode::invalid_argument);
}

TEST(DatagramTest, RefusesABeaconWithBytesBehind) {
  Bytes bytes = encode_beacon(small_beacon(), no_secret).value();
  bytes.push_back(std::byte{0});
  EXPECT_EQ(refusal(bytes, no_secret), ErrorCode::invalid_argument);
}

/// Beacons of which one field is beyond what it may be.
std::vector<std::pair<std::string, Beacon>> faulty_beacons() {
  std::vector<std::pair<std::string, Beacon>> all;
  const auto add = [&](const std::string& what, const auto& spoil) {
    Beacon beacon = small_beacon();
    spoil(beacon);
    all.emplace_back(what, beacon);
  };
  const std::string too_long(name_bytes_max + 1, 'n');
  add("no group", [](Beacon& beacon) { beacon.clear_group(); });
  add("group too long", [&](Beacon& beacon) { beacon.set_group(too_long); });
  add("group with a line break", [](Beacon& beacon) { beacon.set_group("a\nb"); });
  add("group id", [](Beacon& beacon) { beacon.set_group_id("1"); });
  add("no server id", [](Beacon& beacon) { beacon.clear_server_id(); });
  add("nil server id", [](Beacon& beacon) { beacon.set_server_id(Uuid{}.to_string()); });
  add("no name", [](Beacon& beacon) { beacon.clear_name(); });
  add("host too long", [&](Beacon& beacon) { beacon.set_host(too_long); });
  add("leader too long", [&](Beacon& beacon) { beacon.set_leader(too_long); });
  add("version too long", [&](Beacon& beacon) { beacon.set_version(too_long); });
  add("zone with a control character", [](Beacon& beacon) { beacon.set_zone("\x1b[2J"); });
  for (const std::string& address :
       {std::string(), std::string("a"), std::string("a:"), std::string("a:0"),
        std::string("a:65536"), std::string("a:123456"), std::string("a:1b"), std::string("a b:1"),
        std::string(address_bytes_max, 'a').append(":1")}) {
    add("client address " + address, [&](Beacon& beacon) { beacon.set_client_address(address); });
    add("peer address " + address, [&](Beacon& beacon) { beacon.set_peer_address(address); });
  }
  return all;
}

/// A datagram without a secret, as a sender who checks nothing would make it.
Bytes unchecked(Kind kind, const Bytes& payload) {
  Bytes bytes = testing::from_hex("8d4d5544010000000000 0000");
  bytes[5] = static_cast<std::byte>(kind);
  bytes[8] = static_cast<std::byte>(payload.size() & 0xffU);
  bytes[9] = static_cast<std::byte>(payload.size() >> 8U);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  if (kind == Kind::probe) bytes.resize(datagram_bytes_max);
  return bytes;
}

TEST(DatagramTest, RefusesFieldsBeyondTheirLimitsBothWays) {
  ASSERT_EQ(refusal(unchecked(Kind::beacon, encode(small_beacon())), no_secret), ErrorCode{});
  for (const auto& [what, beacon] : faulty_beacons()) {
    EXPECT_EQ(encode_beacon(beacon, no_secret).error().code, ErrorCode::invalid_argument) << what;
    EXPECT_EQ(refusal(unchecked(Kind::beacon, encode(beacon)), no_secret),
              ErrorCode::invalid_argument)
        << what;
  }
  ASSERT_EQ(refusal(unchecked(Kind::probe, encode(small_probe())), no_secret), ErrorCode{});
  for (const auto& [group, server] :
       {std::pair("#1", ""), std::pair("", "1"), std::pair(" g", "")}) {
    Probe probe;
    probe.set_group(group);
    probe.set_server_id(server);
    EXPECT_EQ(encode_probe(probe, no_secret).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(refusal(unchecked(Kind::probe, encode(probe)), no_secret),
              ErrorCode::invalid_argument);
  }
}

TEST(DatagramTest, ABeaconThatWouldBecomeLargerThanAProbeIsNotSent) {
  Beacon beacon = largest_beacon();
  // Fields of a later schema, kept as they came: number 999, 200 bytes.
  beacon.GetReflection()->MutableUnknownFields(&beacon)->AddLengthDelimited(999,
                                                                            std::string(200, 'u'));
  EXPECT_EQ(encode_beacon(beacon, secret).error(),
            (Error{ErrorCode::invalid_argument,
                   "a datagram would pass 1200 bytes; choose shorter names"}));
}

TEST(DatagramTest, TellsWhichGroupABeaconClaimsWithoutAProof) {
  EXPECT_EQ(claimed_group(encode_beacon(small_beacon(), secret).value()), "g");
  EXPECT_EQ(claimed_group(encode_beacon(small_beacon(), no_secret).value()), "g");
  EXPECT_EQ(claimed_group(encode_probe(small_probe(), secret).value()), std::nullopt);
  EXPECT_EQ(claimed_group(as_bytes("anything")), std::nullopt);
}

}  // namespace
}  // namespace muster::wire::datagram_test
