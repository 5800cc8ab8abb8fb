#include "server/validation.h"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

using namespace std::chrono_literals;

std::string refusal(const node::Options& options) {
  const Result<void> valid = validate(options);
  if (valid) return "";
  EXPECT_EQ(valid.error().code, ErrorCode::invalid_argument);
  return valid.error().message;
}

TEST(Validation, TheDefaultsAreValid) {
  EXPECT_EQ(refusal({}), "");
}

TEST(Validation, AnElectionTimeoutOfThreeHeartbeatsIsTheShortest) {
  node::Options options;
  options.heartbeat_interval = 100ms;
  options.election_timeout = 300ms;
  EXPECT_EQ(refusal(options), "");
  options.election_timeout = 299ms;
  EXPECT_EQ(refusal(options),
            "election-timeout 299ms is below three heartbeats of 100ms: make it at least 300ms, or "
            "heartbeat-interval shorter");
}

TEST(Validation, NobodyFailsBeforeAnElectionBegins) {
  node::Options options;
  options.failure_timeout = options.election_timeout;
  EXPECT_EQ(refusal(options), "");
  options.failure_timeout -= 1ms;
  EXPECT_EQ(refusal(options),
            "failure-timeout 299ms is below election-timeout: make it at least 300ms");
}

TEST(Validation, NumbersHaveTheirRanges) {
  node::Options options;
  options.voters = 15;
  options.expect = 15;
  options.priority = 255;
  options.discovery_attempts = 16;
  EXPECT_EQ(refusal(options), "");
  options.voters = 16;
  EXPECT_EQ(refusal(options), "voters 16 is not from 1 to 15");
  options.voters = 0;
  EXPECT_EQ(refusal(options), "voters 0 is not from 1 to 15");
  options = {};
  options.expect = 16;
  EXPECT_EQ(refusal(options), "expect 16 is not from 1 to 15");
  options = {};
  options.priority = 256;
  EXPECT_EQ(refusal(options), "priority 256 is not from 0 to 255");
  options = {};
  options.discovery_attempts = 17;
  EXPECT_EQ(refusal(options), "discovery-attempts 17 is not from 1 to 16");
}

TEST(Validation, NamesAreThoseOfTheWire) {
  node::Options options;
  options.name = std::string(64, 'n');
  EXPECT_EQ(refusal(options), "");
  options.name += 'n';
  EXPECT_EQ(refusal(options).substr(0, 6), "name: ");
  options.name = "all";
  EXPECT_EQ(refusal(options),
            "name: all stands for every server where commands take a name; choose another");
  options.name = "7100";
  EXPECT_EQ(refusal(options),
            "name: 7100 stands for a port of this machine where commands take a name; choose "
            "another");
  options.name = "all7100";
  EXPECT_EQ(refusal(options), "");
  options = {};
  options.group = "";
  EXPECT_EQ(refusal(options).substr(0, 7), "group: ");
}

}  // namespace
}  // namespace muster::server
