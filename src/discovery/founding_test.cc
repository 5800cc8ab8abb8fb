// Who founds: the rule, case by case.
#include "discovery/founding.h"

#include <gtest/gtest.h>

namespace muster::discovery {
namespace {

ServerId server(std::uint8_t n) {
  ServerId id;
  id.uuid.bytes[15] = n;
  return id;
}
GroupId group(std::uint8_t n) {
  GroupId id;
  id.uuid.bytes[15] = n;
  return id;
}
const ServerId a = server(1), b = server(2), c = server(3);

TEST(FoundingTest, TheSmallestIdFoundsWithAllThatHearEachOther) {
  const FoundingDecision decision =
      decide_founding(a, {{b, {.hears = {a, c}}}, {c, {.hears = {a, b}}}}, 3);
  EXPECT_EQ(decision, FoundingDecision(Found{{a, b, c}}));
}

TEST(FoundingTest, OthersWaitForTheInvitation) {
  const FoundingDecision decision =
      decide_founding(b, {{a, {.hears = {b, c}}}, {c, {.hears = {a, b}}}}, 3);
  EXPECT_EQ(decision, FoundingDecision(Wait{0}));
}

TEST(FoundingTest, WaitsUntilAsManyAsExpectedAreThere) {
  EXPECT_EQ(decide_founding(a, {{b, {.hears = {a}}}}, 3), FoundingDecision(Wait{1}));
  EXPECT_EQ(decide_founding(a, {}, 3), FoundingDecision(Wait{2}));
}

TEST(FoundingTest, WaitsUntilEachNamesTheOthers) {
  EXPECT_EQ(decide_founding(a, {{b, {.hears = {a}}}, {c, {.hears = {a, b}}}}, 3),
            FoundingDecision(Wait{0}));
  EXPECT_EQ(decide_founding(a, {{b, {.hears = {}}}}, 2), FoundingDecision(Wait{0}));
}

TEST(FoundingTest, AServerThatHearsNobodyFoundsAlone) {
  EXPECT_EQ(decide_founding(a, {}, 1), FoundingDecision(Found{{a}}));
}

TEST(FoundingTest, AFormedGroupIsJoinedTheSmallestIdFirst) {
  EXPECT_EQ(decide_founding(a, {{b, {.group = group(9)}}, {c, {.group = group(4)}}}, 1),
            FoundingDecision(Join{group(4)}));
}

}  // namespace
}  // namespace muster::discovery
