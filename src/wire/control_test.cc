// Control messages as bytes and as JSON.
#include "wire/control.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "muster/ids.h"
#include "wire/json.h"
#include "wire/testing.h"
#include "wire/utf8.h"

namespace muster::wire::control_test {
namespace {

TEST(ControlTest, ReadsWhatWasWritten) {
  PeerHello hello;
  hello.set_name("b");
  hello.add_sees("x");
  (*hello.mutable_tags())["rack"] = "7";
  const PeerHello again = decode<PeerHello>(encode(hello)).value();
  EXPECT_EQ(to_json(again), to_json(hello));
}

TEST(ControlTest, WritesMapsInTheOrderOfTheirKeys) {
  Member one;
  Member other;
  for (int i = 0; i < 20; ++i) (*one.mutable_tags())[std::to_string(i)] = "v";
  for (int i = 19; i >= 0; --i) (*other.mutable_tags())[std::to_string(i)] = "v";
  EXPECT_EQ(encode(one), encode(other));
}

TEST(ControlTest, RefusesWhatIsNoMessage) {
  EXPECT_EQ(decode<Status>(testing::from_hex("ff")).error().code, ErrorCode::invalid_argument);
}

TEST(ControlTest, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(decode<Goodbye>(testing::from_hex("0a01ff")).error().code, ErrorCode::invalid_argument);
}

TEST(ControlTest, RefusesAMessageBeyondTheLimit) {
  EXPECT_EQ(decode<Status>(Bytes(control_bytes_max + 1)).error().code,
            ErrorCode::resource_exhausted);
}

TEST(ControlTest, SurvivesDamage) {
  Members members;
  members.set_view(3);
  for (int i = 0; i < 3; ++i) members.add_members()->set_name("server");
  Random random(1);
  const Bytes valid = encode(members);
  for (int i = 0; i < 20'000; ++i) {
    Bytes damaged = valid;
    damaged[random.below(damaged.size())] = static_cast<std::byte>(random.below(256));
    const Result<Members> decoded = decode<Members>(damaged);
    if (decoded) {
      EXPECT_FALSE(to_json(*decoded).empty());
    }
  }
}

TEST(ControlTest, CarriesAnErrorBothWays) {
  const Error error{ErrorCode::unavailable, "no leader", Outcome::perhaps_applied};
  EXPECT_EQ(to_error(to_refused(error)), error);
}

TEST(ControlTest, ReadsAnErrorThatIsNoneInTheSafeWay) {
  Refused refused;
  refused.set_code(256 + 8);
  refused.set_outcome(77);
  EXPECT_EQ(to_error(refused), (Error{ErrorCode::internal, "", Outcome::perhaps_applied}));
}

TEST(ControlTest, ReadsIdsButNotNil) {
  const std::string text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  EXPECT_EQ(parse_id<ServerId>(text)->uuid.to_string(), text);
  EXPECT_EQ(parse_id<ServerId>(Uuid{}.to_string()).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(parse_id<ServerId>("a").error().code, ErrorCode::invalid_argument);
}

TEST(NameTest, MayHave64Bytes) {
  EXPECT_TRUE(validate_name(std::string(64, 'n')).has_value());
  EXPECT_TRUE(validate_name("Zürich 3").has_value());
}

TEST(NameTest, IsRefusedWhenItWouldMislead) {
  const std::string too_long(65, 'n');
  for (const std::string& name : {std::string(), too_long, std::string("a\nb"), std::string(" a"),
                                  std::string("a "), std::string("#3"), std::string("\xff")}) {
    EXPECT_EQ(validate_name(name).error().code, ErrorCode::invalid_argument) << name;
  }
}

TEST(Utf8Test, KnowsTheEdgesOfTheStandard) {
  for (const char* valid : {"\x7f", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf",
                            "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(valid)) << json_string(valid);
  }
  for (const char* invalid :
       {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(invalid)) << json_string(invalid);
  }
}

TEST(JsonTest, HasEveryFieldAndIntegersAsNumbers) {
  Status status;
  status.set_group("default");
  status.set_term(std::numeric_limits<std::uint64_t>::max());
  status.set_writable(true);
  status.set_role(Role::LEADER);
  EXPECT_EQ(to_json(status),
            R"({"group":"default","groupId":"","view":0,"term":18446744073709551615,"leader":"",)"
            R"("commitIndex":0,"phase":"STARTUP","writable":true,"reason":"","tolerates":0,)"
            R"("servers":0,"sessions":0,"server":"","serverId":"","number":0,"role":"LEADER",)"
            R"("appliedIndex":0,"firstIndex":0,"lastIndex":0,"digest":"","branch":"",)"
            R"("version":"","leaderNumber":null,"discovery":null,"settings":null,"drained":[]})");
}

TEST(JsonTest, PrintsListsMapsAndTimes) {
  Members members;
  members.set_view(2);
  MemberStatus& member = *members.add_members();
  (*member.mutable_tags())["b"] = "2";
  (*member.mutable_tags())["a"] = "1";
  member.mutable_joined()->set_seconds(1'709'210'096);
  member.mutable_joined()->set_nanos(7'000'000);
  EXPECT_EQ(to_json(members),
            R"({"view":2,"members":[{"number":0,"id":"","name":"","address":"","host":"",)"
            R"("role":"STANDBY","state":"UNKNOWN","clients":0,"zone":"","tags":{"a":"1","b":"2"},)"
            R"("joined":"2024-02-29T12:34:56.007Z","lastSeen":null,"peerAddress":"",)"
            R"("priority":0,"drained":false}],"sessions":[],"moreSessions":false,)"
            R"("index":0,"time":null,"number":0})");
}

TEST(JsonTest, PrintsBytesAsBase64) {
  Read read;
  for (const auto& [payload, expected] : {std::pair{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foobar", "Zm9vYmFy"}}) {
    read.set_payload(payload);
    EXPECT_EQ(to_json(read), R"({"requestId":0,"service":0,"linearizable":false,"payload":")" +
                                 std::string(expected) + "\"}");
  }
}

TEST(JsonTest, EscapesText) {
  EXPECT_EQ(json_string("a\"b\\c\n\t\x01\x7fé"), "\"a\\\"b\\\\c\\n\\t\\u0001\\u007fé\"");
  EXPECT_EQ(json_string("\xff"), "\"\xef\xbf\xbd\"");
}

TEST(JsonTest, PrintsAnEnumValueWithoutANameAsANumber) {
  StateChange change;
  change.set_state(static_cast<ServerState::Value>(99));
  EXPECT_EQ(to_json(change), R"({"number":0,"state":99,"cause":""})");
}

}  // namespace
}  // namespace muster::wire::control_test
