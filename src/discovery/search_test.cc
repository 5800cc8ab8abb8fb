// A client's half of discovery: when it asks, which server it prefers, what it says if there is
// none.
#include "discovery/search.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace muster::discovery::search_test {
namespace {

using namespace std::chrono_literals;
using Times = std::vector<Duration>;
using Names = std::vector<std::string>;

const Instant start{1h};
const std::string group_id = "017f22e2-79b0-7cc3-98c4-ffffffffffff";

/// A server of a running group with a leader, named by one letter.
wire::Beacon beacon_of(char name, const std::function<void(wire::Beacon&)>& change = {}) {
  wire::Beacon beacon;
  beacon.set_group("g");
  beacon.set_group_id(group_id);
  beacon.set_server_id(std::string("017f22e2-79b0-7cc3-98c4-00000000000") + name);
  beacon.set_name(std::string(1, name));
  beacon.set_client_address(std::string(1, name) + ":8888");
  beacon.set_peer_address(std::string(1, name) + ":8889");
  beacon.set_phase(wire::Phase::RUNNING);
  beacon.set_leader_number(1);
  if (change) change(beacon);
  return beacon;
}

Names names(const Search& search) {
  Names all;
  for (const Candidate& candidate : search.candidates()) all.push_back(candidate.beacon.name());
  return all;
}

Times probe_times(Search& search, Duration end) {
  Times times;
  while (search.deadline() <= start + end) {
    const Instant now = search.deadline();
    search.tick(now);
    for (std::size_t i = search.take_probes().size(); i > 0; --i) times.push_back(now - start);
  }
  return times;
}

TEST(SearchTest, AsksThreeTimesWithDoubledPausesWithinTheTimeout) {
  Search search({.timeout = 700ms}, start);
  EXPECT_EQ(probe_times(search, 1h), (Times{0ms, 100ms, 300ms}));
  EXPECT_EQ(search.statistics().probes, 3);
  EXPECT_TRUE(search.timed_out(start + 700ms));
  EXPECT_EQ(search.deadline(), Instant::max());
}

TEST(SearchTest, TheTimeoutIsADeadline) {
  Search search({.rounds = 1}, start);
  search.tick(start);
  EXPECT_EQ(search.deadline(), start + 3s);
  EXPECT_FALSE(search.done(start + 3s - 1us));
  EXPECT_TRUE(search.done(start + 3s));
}

TEST(SearchTest, GoesOnEverMoreSeldomIfItIsTo) {
  Search search({.goes_on = true}, start);
  const Times times = probe_times(search, 60s);
  ASSERT_GT(times.size(), 12);
  Duration last = 3s;
  Duration longest = 1s;
  for (std::size_t i = 3; i < times.size(); ++i) {
    EXPECT_GE(times[i] - last, longest / 2) << i;
    EXPECT_LE(times[i] - last, longest) << i;
    longest = std::min<Duration>(longest * 2, 5s);
    last = times[i];
  }
}

TEST(SearchTest, ClientsOfALostServerDoNotComeBackTogether) {
  std::set<Duration> seventh;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Search search({.goes_on = true, .seed = seed}, start);
    seventh.insert(probe_times(search, 60s).at(6));
  }
  EXPECT_EQ(seventh.size(), 20);
}

TEST(SearchTest, NamesTheGroupAndAFreshNonceInEachProbe) {
  Search search({.group = "g", .timeout = 700ms}, start);
  search.tick(start);
  search.tick(start + 100ms);
  const std::vector<wire::Probe> probes = search.take_probes();
  ASSERT_EQ(probes.size(), 2);
  EXPECT_EQ(probes[0].group(), "g");
  EXPECT_EQ(probes[0].server_id(), "");
  EXPECT_NE(probes[0].nonce(), 0);
  EXPECT_NE(probes[0].nonce(), probes[1].nonce());
}

TEST(SearchTest, CollectsEachServerOnceWithItsNewestBeacon) {
  Search search({}, start);
  search.heard(beacon_of('a'), false, start);
  search.heard(beacon_of('a', [](wire::Beacon& beacon) { beacon.set_term(7); }), false, start);
  search.heard(beacon_of('b'), false, start);
  ASSERT_EQ(search.candidates().size(), 2);
  EXPECT_EQ(search.statistics(), (Search::Statistics{.probes = 1, .answers = 3, .duplicates = 1}));
  for (const Candidate& candidate : search.candidates()) {
    EXPECT_EQ(candidate.beacon.term(), candidate.beacon.name() == "a" ? 7 : 0);
  }
}

TEST(SearchTest, TakesTheGroupByNameOrById) {
  for (const std::string& group : {std::string("g"), group_id, std::string()}) {
    Search search({.group = group}, start);
    search.heard(beacon_of('a'), false, start);
    EXPECT_EQ(names(search), Names{"a"}) << group;
  }
  Search search({.group = "other"}, start);
  search.heard(beacon_of('a'), false, start);
  EXPECT_EQ(names(search), Names{});
  EXPECT_EQ(search.statistics().others, 1);
  EXPECT_EQ(search.statistics().answers, 0);
}

TEST(SearchTest, PrefersServersOfARunningGroupWithALeader) {
  Search search({}, start);
  search.heard(beacon_of('a', [](wire::Beacon& beacon) { beacon.clear_leader_number(); }), true,
               start);
  search.heard(
      beacon_of('b', [](wire::Beacon& beacon) { beacon.set_phase(wire::Phase::STOPPING); }), true,
      start);
  search.heard(beacon_of('c', [](wire::Beacon& beacon) { beacon.set_clients(1'000); }), false,
               start);
  EXPECT_EQ(names(search).front(), "c");
  EXPECT_TRUE(search.candidates()[0].usable());
  EXPECT_FALSE(search.candidates()[1].usable());
  EXPECT_FALSE(search.candidates()[2].usable());
}

TEST(SearchTest, PrefersItsZoneThenFewerClientsThenItsMachine) {
  const auto heard_by = [](const std::string& zone) {
    Search search({.zone = zone}, start);
    const auto with = [](const std::string& in, std::uint64_t clients) {
      return [=](wire::Beacon& beacon) {
        beacon.set_zone(in);
        beacon.set_clients(clients);
      };
    };
    search.heard(beacon_of('a', with("east", 3)), false, start);
    search.heard(beacon_of('b', with("west", 2)), false, start);
    search.heard(beacon_of('c', with("west", 2)), true, start);
    search.heard(beacon_of('d', with("west", 1)), false, start);
    return names(search);
  };
  EXPECT_EQ(heard_by(""), (Names{"d", "c", "b", "a"}));
  EXPECT_EQ(heard_by("east"), (Names{"a", "d", "c", "b"}));
}

TEST(SearchTest, SpreadsClientsOverServersThatAreAlike) {
  std::set<std::string> first;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Search search({.seed = seed}, start);
    for (const char name : {'a', 'b', 'c'}) search.heard(beacon_of(name), false, start);
    first.insert(names(search).front());
    EXPECT_EQ(names(search), names(search));
  }
  EXPECT_EQ(first, (std::set<std::string>{"a", "b", "c"}));
}

TEST(SearchTest, PrefersAnAddressOfThisMachine) {
  const auto at = [](const std::string& host) {
    return beacon_of('a', [&](wire::Beacon& beacon) { beacon.set_client_address(host + ":8888"); });
  };
  Search search({}, start);
  search.heard(at("10.0.0.1"), false, start);
  search.heard(at("192.168.0.1"), false, start);
  EXPECT_EQ(search.candidates()[0].client_address, "10.0.0.1:8888");
  search.heard(at("127.0.0.1"), true, start);
  search.heard(at("10.0.0.1"), false, start);
  EXPECT_EQ(search.candidates()[0].client_address, "127.0.0.1:8888");
  EXPECT_EQ(search.candidates()[0].beacon.client_address(), "127.0.0.1:8888");
  EXPECT_TRUE(search.candidates()[0].from_here);
}

TEST(SearchTest, FollowsAServerThatMovedOrWhoseFirstWayIsSilent) {
  const auto at = [](const std::string& address) {
    return beacon_of('a', [&](wire::Beacon& beacon) { beacon.set_client_address(address); });
  };
  Search search({.timeout = 3s, .goes_on = true}, start);
  search.heard(at("10.0.0.1:8888"), false, start);
  search.heard(at("10.0.0.1:9000"), false, start + 1s);
  EXPECT_EQ(search.candidates()[0].client_address, "10.0.0.1:9000");
  search.heard(at("192.168.0.1:9000"), false, start + 4s - 1us);
  EXPECT_EQ(search.candidates()[0].client_address, "10.0.0.1:9000");
  search.heard(at("192.168.0.1:9000"), false, start + 4s);
  EXPECT_EQ(search.candidates()[0].client_address, "192.168.0.1:9000");

  search.heard(at("127.0.0.1:9000"), true, start + 5s);
  search.heard(at("192.168.0.1:9000"), false, start + 6s);
  search.heard(at("127.0.0.1:9100"), true, start + 6s);
  EXPECT_EQ(search.candidates()[0].client_address, "127.0.0.1:9100");
  search.heard(at("192.168.0.1:9100"), false, start + 9s);
  EXPECT_EQ(search.candidates()[0].client_address, "192.168.0.1:9100");
  EXPECT_FALSE(search.candidates()[0].from_here);
}

TEST(SearchTest, IsDoneAMomentAfterTheFirstUsableServerAnswered) {
  Search search({.timeout = 7s, .gather = 50ms}, start);
  search.heard(beacon_of('a', [](wire::Beacon& beacon) { beacon.clear_leader_number(); }), false,
               start + 10ms);
  EXPECT_FALSE(search.done(start + 6s)) << "no leader there yet";
  search.heard(beacon_of('b'), false, start + 20ms);
  search.heard(beacon_of('c'), false, start + 60ms);
  EXPECT_EQ(search.deadline(), start + 70ms);
  EXPECT_FALSE(search.done(start + 69ms));
  EXPECT_TRUE(search.done(start + 70ms));
}

TEST(SearchTest, RemembersNoMoreServersThanItMay) {
  Search search({.servers_max = 2}, start);
  for (const char name : {'a', 'b', 'c'}) search.heard(beacon_of(name), false, start);
  EXPECT_EQ(search.candidates().size(), 2);
  EXPECT_EQ(search.statistics().answers, 2);
}

TEST(SearchTest, PassesOverAnIdThatIsNone) {
  Search search({}, start);
  search.heard(beacon_of('a', [](wire::Beacon& beacon) { beacon.set_server_id("a"); }), false,
               start);
  EXPECT_EQ(names(search), Names{});
}

TEST(SearchTest, SaysWhyNoServerWasFound) {
  Search search({.group = "g", .timeout = 2'500ms}, start);
  probe_times(search, 1h);
  EXPECT_EQ(search.failure(), "no server of group g answered 3 probes in 2.5 s");

  search.heard(beacon_of('a', [](wire::Beacon& beacon) { beacon.set_group("h"); }), false,
               start + 3s);
  search.foreign("give the same --secret-file to all");
  EXPECT_EQ(search.failure(),
            "no server of group g answered 3 probes in 2.5 s; servers of group h did: name it "
            "with --group; 1 datagram could not be taken: give the same --secret-file to all");

  Search any({.timeout = 3s, .rounds = 1}, start);
  probe_times(any, 1h);
  EXPECT_EQ(any.failure(), "no server answered 1 probe in 3 s");
}

}  // namespace
}  // namespace muster::discovery::search_test
