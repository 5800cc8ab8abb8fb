// Configurations: majorities, single changes, and their form in the log.
#include "raft/configuration.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace muster::raft::configuration_test {
namespace {

Configuration example() {
  Configuration configuration;
  configuration.members = {{ServerNumber{0}, MemberRole::voter},
                           {ServerNumber{7}, MemberRole::standby},
                           {ServerNumber{9}, MemberRole::voter},
                           {ServerNumber{12}, MemberRole::voter},
                           {ServerNumber{13}, MemberRole::voter}};
  return configuration;
}

TEST(ConfigurationTest, CountsVotersOnly) {
  EXPECT_EQ(example().voter_count(), 4U);
  EXPECT_EQ(example().majority(), 3U);
  EXPECT_TRUE(example().is_voter(ServerNumber{0}));
  EXPECT_FALSE(example().is_voter(ServerNumber{7}));
  EXPECT_TRUE(example().contains(ServerNumber{7}));
  EXPECT_FALSE(example().contains(ServerNumber{8}));
}

TEST(ConfigurationTest, CountsChangesOfVotersInBothDirections) {
  Configuration next = example();
  next.members[ServerNumber{8}] = MemberRole::standby;
  EXPECT_EQ(voters_changed(example(), next), 0U);
  next.members[ServerNumber{9}] = MemberRole::standby;
  EXPECT_EQ(voters_changed(example(), next), 1U);
  next.members[ServerNumber{7}] = MemberRole::voter;
  EXPECT_EQ(voters_changed(example(), next), 2U);
}

TEST(ConfigurationTest, IsReadAsItWasWritten) {
  const Bytes payload = encode_configuration(example(), as_bytes("names"));
  const auto decoded = decode_configuration(payload);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->configuration, example());
  EXPECT_EQ(as_text(decoded->annotation), "names");
}

TEST(ConfigurationTest, RefusesWhatIsCutOrHasNoVoter) {
  const Bytes payload = encode_configuration(example(), {});
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(decode_configuration(BytesView(payload).first(size)).has_value()) << size;
  }
  EXPECT_EQ(decode_configuration(encode_configuration({}, {})).error().message,
            "a configuration entry without a voter");
}

TEST(ConfigurationTest, DecodingAnyBytesIsHarmlessAndExact) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    Bytes payload = encode_configuration(example(), as_bytes("note"));
    for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips)
      payload[random.below(payload.size())] = static_cast<std::byte>(random.below(256));
    const auto decoded = decode_configuration(payload);
    if (!decoded) continue;
    EXPECT_EQ(encode_configuration(decoded->configuration, decoded->annotation), payload);
  }
}

}  // namespace
}  // namespace muster::raft::configuration_test
