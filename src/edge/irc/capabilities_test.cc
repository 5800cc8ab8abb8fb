#include "edge/irc/capabilities.h"

#include <gtest/gtest.h>

namespace muster::edge::irc::capabilities_test {
namespace {

TEST(IrcCapabilitiesTest, ARequestIsGrantedAsAWholeOrNotAtAll) {
  const auto some = with_changes({}, "batch  server-time");
  ASSERT_TRUE(some);
  EXPECT_EQ(to_text(*some), "batch server-time");
  EXPECT_EQ(to_text(*with_changes(*some, "-batch away-notify")), "away-notify server-time");
  EXPECT_FALSE(with_changes(*some, "setname sasl"));
  EXPECT_EQ(with_changes(*some, ""), some);
}

TEST(IrcCapabilitiesTest, AllThatAreOfferedCanBeHad) {
  const auto all = with_changes({}, offered_capabilities(false));
  ASSERT_TRUE(all);
  EXPECT_EQ(to_text(*all), offered_capabilities(false));
}

TEST(IrcCapabilitiesTest, OnlyThoseThatChangeEventsAreTraits) {
  EXPECT_EQ(with_changes({}, "batch echo-message labeled-response multi-prefix")->traits(), 0U);
  EXPECT_NE(with_changes({}, "server-time")->traits(), with_changes({}, "message-tags")->traits());
}

}  // namespace
}  // namespace muster::edge::irc::capabilities_test
