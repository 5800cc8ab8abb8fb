// The order in which a client tries servers, and how long it waits.
#include "session/servers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace muster::session::servers_test {
namespace {

using namespace std::chrono_literals;
using Addresses = std::vector<std::string>;

const Servers::Options options{.backoff_min = 50ms, .backoff_max = 400ms, .addresses_max = 3};

TEST(ServersTest, LeavesOutAddressesThatAreNoneOrNamedTwice) {
  const Servers servers(options, {"a:1", "", "a:1", std::string(300, 'x'), "b:1"});
  EXPECT_EQ(servers.addresses(), (Addresses{"a:1", "b:1"}));
}

TEST(ServersTest, GoesRoundAndRound) {
  Servers servers(options, {"a:1", "b:1"});
  EXPECT_EQ(servers.next(), "a:1");
  EXPECT_EQ(servers.next(), "b:1");
  EXPECT_EQ(servers.next(), "a:1");
}

TEST(ServersTest, GoesOnBehindTheOneTriedOutOfTurn) {
  Servers servers(options, {"a:1", "b:1", "c:1"});
  servers.tried("b:1");
  EXPECT_EQ(servers.next(), "c:1");
}

TEST(ServersTest, GoesOnAnywhereButAtTheOneThatWasLost) {
  Random random(1);
  std::map<std::string, int> first;
  for (int i = 0; i < 3'000; ++i) {
    Servers servers({}, {"a:1", "b:1", "c:1", "d:1"});
    servers.lost("b:1", random);
    ++first[servers.next()];
  }
  EXPECT_EQ(first.size(), 3U);
  EXPECT_FALSE(first.contains("b:1"));
  for (const auto& [address, count] : first) {
    EXPECT_GT(count, 900) << address;
    EXPECT_LT(count, 1'100) << address;
  }
}

TEST(ServersTest, MakesRoomByForgettingTheOldestLearntNeverASeed) {
  Servers servers(options, {"a:1"});
  for (const char* address : {"b:1", "c:1", "d:1"}) servers.learn(address);
  EXPECT_EQ(servers.addresses(), (Addresses{"a:1", "c:1", "d:1"}));

  Servers full(options, {"a:1", "b:1", "c:1"});
  full.learn("d:1");
  EXPECT_EQ(full.addresses(), (Addresses{"a:1", "b:1", "c:1"}));
}

TEST(ServersTest, WaitsOnlyBetweenRoundsAndLongerEachTimeUpToTheLimit) {
  Servers servers(options, {"a:1"});
  Random random(1);
  EXPECT_EQ(servers.pause(random), 0ms);
  for (const Duration limit :
       {Duration(50ms), Duration(100ms), Duration(200ms), Duration(400ms), Duration(400ms)}) {
    static_cast<void>(servers.next());
    const Duration wait = servers.pause(random);
    EXPECT_GE(wait, limit / 2);
    EXPECT_LE(wait, limit);
  }
  servers.succeeded();
  EXPECT_EQ(servers.pause(random), 0ms);
  static_cast<void>(servers.next());
  EXPECT_LE(servers.pause(random), 50ms);
}

}  // namespace
}  // namespace muster::session::servers_test
