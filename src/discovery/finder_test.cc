// A server's half of discovery, second by second.
#include "discovery/finder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "wire/control.h"

namespace muster::discovery::finder_test {
namespace {

using namespace std::chrono_literals;
using Times = std::vector<Duration>;

const Instant start{1h};
const std::string own_id = "017f22e2-79b0-7cc3-98c4-000000000000";
const std::string group_id = "017f22e2-79b0-7cc3-98c4-ffffffffffff";

std::string id_of(unsigned n) {
  std::string digits = std::to_string(n);
  return "017f22e2-79b0-7cc3-98c4-" + std::string(12 - digits.size(), '0') + digits;
}
ServerId server(unsigned n) {
  return wire::parse_id<ServerId>(id_of(n)).value();
}

wire::Beacon own_beacon() {
  wire::Beacon beacon;
  beacon.set_group("g");
  beacon.set_server_id(own_id);
  beacon.set_name("own");
  beacon.set_client_address(":8888");
  beacon.set_peer_address(":8889");
  return beacon;
}
wire::Beacon formed_beacon() {
  wire::Beacon beacon = own_beacon();
  beacon.set_group_id(group_id);
  return beacon;
}
wire::Beacon beacon_of(unsigned n, const std::string& host) {
  wire::Beacon beacon = own_beacon();
  beacon.set_server_id(id_of(n));
  beacon.set_client_address(host + ":8888");
  beacon.set_peer_address(host + ":8889");
  return beacon;
}
wire::Probe probe_of(const std::string& group, std::uint64_t nonce) {
  wire::Probe probe;
  probe.set_group(group);
  probe.set_nonce(nonce);
  return probe;
}

/// A finder whose deadlines are kept, and when it sent what.
struct Course {
  explicit Course(const Finder::Options& options = {}) : finder(options, start) {}

  void collect(Instant now) {
    for (std::size_t i = finder.take_probes().size(); i > 0; --i) probes.push_back(now - start);
    for (const Announcement& one : finder.take_announcements()) {
      if (one.to.empty()) announcements.push_back(now - start);
    }
  }
  void own(const wire::Beacon& beacon, Duration at) {
    finder.set_own(beacon, start + at);
    collect(start + at);
  }
  void until(Duration end) {
    while (finder.deadline() <= start + end) {
      const Instant now = finder.deadline();
      finder.tick(now);
      collect(now);
      ASSERT_GT(finder.deadline(), now) << "it would spin";
    }
    finder.tick(start + end);
  }

  Finder finder;
  Times probes;
  Times announcements;
};

TEST(FinderTest, ProbesFourTimesWithDoubledPausesAndIsThenSettled) {
  Course course;
  course.own(own_beacon(), 0ms);
  EXPECT_EQ(course.finder.statistics().phase(), wire::Discovery::SEARCHING);
  course.until(1'499ms);
  EXPECT_EQ(course.probes, (Times{0ms, 100ms, 300ms, 700ms}));
  EXPECT_TRUE(course.finder.searching(start + 1'499ms));
  course.until(1'500ms);
  EXPECT_FALSE(course.finder.searching(start + 1'500ms));
  EXPECT_EQ(course.finder.statistics().phase(), wire::Discovery::SETTLED);
  EXPECT_EQ(course.finder.statistics().attempts(), 4);
}

TEST(FinderTest, PausesFollowFromTheWindowAndTheAttempts) {
  Course course({.window = 700ms, .attempts = 3});
  course.own(own_beacon(), 0ms);
  course.until(699ms);
  EXPECT_EQ(course.probes, (Times{0ms, 100ms, 300ms}));
}

TEST(FinderTest, WithoutAttemptsItOnlyListensAndTells) {
  Course course({.window = 500ms, .attempts = 0});
  course.own(own_beacon(), 0ms);
  course.until(1s);
  EXPECT_EQ(course.probes, Times{});
  EXPECT_EQ(course.announcements.front(), 0ms);
  EXPECT_EQ(course.finder.statistics().attempts(), 0);
}

TEST(FinderTest, TheEndOfTheWindowIsADeadlineAlsoWhenNothingIsSentThen) {
  Course course({.window = 1500ms, .attempts = 1, .beacon_interval = 1h});
  course.own(own_beacon(), 0ms);
  EXPECT_EQ(course.finder.deadline(), start + 1'500ms);
}

TEST(FinderTest, AProbeThatIsLateIsNotFollowedByAnotherAtOnce) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.tick(start + 305ms);
  EXPECT_EQ(finder.take_probes().size(), 2);
  finder.tick(start + 306ms);
  EXPECT_EQ(finder.take_probes().size(), 0);
  finder.tick(start + 355ms);
  EXPECT_EQ(finder.take_probes().size(), 1);
  EXPECT_EQ(finder.statistics().attempts(), 3);
}

TEST(FinderTest, NamesItselfAndAFreshNonceInEachProbe) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.tick(start + 100ms);
  const std::vector<wire::Probe> probes = finder.take_probes();
  ASSERT_EQ(probes.size(), 2);
  EXPECT_EQ(probes[0].group(), "g");
  EXPECT_EQ(probes[0].server_id(), own_id);
  EXPECT_NE(probes[0].nonce(), 0);
  EXPECT_NE(probes[0].nonce(), probes[1].nonce());
}

TEST(FinderTest, WithoutAGroupItProbesOnEverMoreSeldom) {
  Course course;
  course.own(own_beacon(), 0ms);
  course.until(60s);
  ASSERT_GT(course.probes.size(), 8);
  Duration last = 1500ms;
  Duration longest = 1s;
  for (std::size_t i = 4; i < course.probes.size(); ++i) {
    const Duration pause = course.probes[i] - last;
    EXPECT_GE(pause, longest * 3 / 4) << i;
    EXPECT_LE(pause, longest) << i;
    longest = std::min<Duration>(longest * 2, 5s);
    last = course.probes[i];
  }
  EXPECT_EQ(course.finder.statistics().attempts(), 4) << "only those of the window";
}

TEST(FinderTest, WithAGroupItProbesSeldom) {
  Course course;
  course.own(formed_beacon(), 0ms);
  course.until(100s);
  ASSERT_EQ(course.probes.size(), 7);
  EXPECT_GE(course.probes[4], 1500ms + 27s);
  EXPECT_LE(course.probes[4], 1500ms + 33s);
}

TEST(FinderTest, WhoLosesItsGroupSearchesForAnotherSoon) {
  Course course;
  course.own(formed_beacon(), 0ms);
  course.until(10s);
  course.own(own_beacon(), 10s);
  course.until(11s);
  ASSERT_EQ(course.probes.size(), 5);
  EXPECT_GE(course.probes[4], 10'750ms);
}

TEST(FinderTest, AnnouncesItselfEachIntervalWithALittleChance) {
  Course course;
  course.own(formed_beacon(), 0ms);
  course.until(100s);
  EXPECT_EQ(course.announcements.front(), 0ms);
  EXPECT_GE(course.announcements.size(), 91);
  EXPECT_LE(course.announcements.size(), 112);
  std::set<Duration> pauses;
  for (std::size_t i = 1; i < course.announcements.size(); ++i) {
    const Duration pause = course.announcements[i] - course.announcements[i - 1];
    EXPECT_GE(pause, 900ms);
    EXPECT_LE(pause, 1100ms);
    pauses.insert(pause);
  }
  EXPECT_GT(pauses.size(), 90);
}

TEST(FinderTest, SaysNothingBeforeItKnowsWhatItIs) {
  Course course;
  course.until(5s);
  course.finder.heard(beacon_of(1, "b"), false, start + 5s);
  course.finder.probed(probe_of("", 1), "c:1", start + 5s);
  course.collect(start + 5s);
  EXPECT_EQ(course.probes, Times{});
  EXPECT_EQ(course.announcements, Times{});
  EXPECT_EQ(course.finder.take_announcements().size(), 0);
}

TEST(FinderTest, AnnouncesNewsAtOnceButNotMoreThanTenTimesPerInterval) {
  Course course;
  course.own(own_beacon(), 0ms);
  course.until(500ms);
  ASSERT_EQ(course.announcements, (Times{0ms}));
  wire::Beacon changed = formed_beacon();
  course.own(changed, 500ms);
  changed.set_term(1);
  course.own(changed, 510ms);
  changed.set_role(wire::Role::LEADER);
  course.own(changed, 520ms);
  course.until(700ms);
  EXPECT_EQ(course.announcements, (Times{0ms, 500ms, 600ms}));
}

TEST(FinderTest, WhatIsAnnouncedLateIsTheNewest) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.take_announcements();
  wire::Beacon changed = formed_beacon();
  for (std::uint64_t term = 1; term <= 3; ++term) {
    changed.set_term(term);
    finder.set_own(changed, start + 10ms);
  }
  finder.tick(start + 100ms);
  const std::vector<Announcement> sent = finder.take_announcements();
  ASSERT_EQ(sent.size(), 1);
  EXPECT_EQ(sent[0].beacon.term(), 3);
  EXPECT_EQ(sent[0].to, "");
}

TEST(FinderTest, LoadAloneIsNoNews) {
  Course course;
  course.own(own_beacon(), 0ms);
  wire::Beacon busier = own_beacon();
  busier.set_clients(7);
  course.own(busier, 500ms);
  EXPECT_EQ(course.announcements, (Times{0ms}));
  course.finder.tick(start + 1'100ms);
  EXPECT_EQ(course.finder.take_announcements().at(0).beacon.clients(), 7);
}

TEST(FinderTest, AnswersWhoAsksForAnyGroupOrThisOneByNameOrId) {
  Finder finder({}, start);
  finder.set_own(formed_beacon(), start);
  finder.take_announcements();
  finder.probed(probe_of("", 11), "c:1", start);
  finder.probed(probe_of("g", 12), "c:2", start);
  finder.probed(probe_of(group_id, 13), "c:3", start);
  finder.probed(probe_of("other", 14), "c:4", start);
  std::vector<std::string> answers;
  for (const Announcement& one : finder.take_announcements()) {
    answers.push_back(one.to + " " + std::to_string(one.beacon.nonce()));
  }
  EXPECT_EQ(answers, (std::vector<std::string>{"c:1 11", "c:2 12", "c:3 13"}));
}

TEST(FinderTest, NeverAnswersItself) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.take_announcements();
  wire::Probe own = probe_of("g", 1);
  own.set_server_id(own_id);
  finder.probed(own, "c:1", start);
  EXPECT_EQ(finder.take_announcements().size(), 0);
}

TEST(FinderTest, AnswersOneHostAndAllTogetherOnlySoOften) {
  Finder finder({.answers_per_second = 30, .answers_to_one_per_second = 20}, start);
  finder.set_own(own_beacon(), start);
  finder.take_announcements();
  for (int port = 1; port <= 100; ++port) {
    finder.probed(probe_of("g", 1), "c:" + std::to_string(port), start);
  }
  EXPECT_EQ(finder.take_announcements().size(), 20);
  for (int host = 1; host <= 100; ++host) {
    finder.probed(probe_of("g", 1), std::to_string(host) + ":1", start);
  }
  EXPECT_EQ(finder.take_announcements().size(), 10);
}

TEST(FinderTest, KnowsAServerOnceHoweverOftenItIsHeard) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  for (int i = 0; i < 3; ++i) finder.heard(beacon_of(1, "b"), false, start + i * 1ms);
  finder.heard(beacon_of(2, "c"), false, start);
  ASSERT_EQ(finder.sightings().size(), 2);
  const Sighting& first = finder.sightings().begin()->second;
  EXPECT_EQ(first.server, server(1));
  EXPECT_EQ(first.peer_address, "b:8889");
  EXPECT_EQ(first.heard_at, start + 2ms);
  EXPECT_EQ(finder.statistics().answers(), 4);
  EXPECT_EQ(finder.statistics().duplicates(), 2);
}

TEST(FinderTest, CountsDuplicatesOnlyWhileItSearches) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.heard(beacon_of(1, "b"), false, start);
  finder.heard(beacon_of(1, "b"), false, start + 2s);
  EXPECT_EQ(finder.statistics().answers(), 2);
  EXPECT_EQ(finder.statistics().duplicates(), 0);
}

TEST(FinderTest, PassesOverItselfOtherGroupsAndIdsThatAreNone) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.heard(own_beacon(), false, start);
  wire::Beacon other = beacon_of(1, "b");
  other.set_group("other");
  finder.heard(other, false, start);
  wire::Beacon nobody = beacon_of(1, "b");
  nobody.set_server_id("nobody");
  finder.heard(nobody, false, start);
  EXPECT_EQ(finder.sightings().size(), 0);
  EXPECT_EQ(finder.statistics().answers(), 0);
}

TEST(FinderTest, KeepsTheNewestBeacon) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  wire::Beacon beacon = beacon_of(1, "b");
  beacon.set_nonce(5);
  finder.heard(beacon, false, start);
  beacon.set_term(9);
  finder.heard(beacon, false, start + 1s);
  ASSERT_NE(finder.find(server(1)), nullptr);
  EXPECT_EQ(finder.find(server(1))->beacon.term(), 9);
  EXPECT_EQ(finder.find(server(1))->beacon.nonce(), 0);
  EXPECT_EQ(finder.find(server(2)), nullptr);
}

TEST(FinderTest, PrefersAnAddressOfThisMachine) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.heard(beacon_of(1, "10.0.0.1"), false, start);
  finder.heard(beacon_of(1, "127.0.0.1"), true, start + 1ms);
  finder.heard(beacon_of(1, "10.0.0.1"), false, start + 2ms);
  const Sighting* const sighting = finder.find(server(1));
  EXPECT_TRUE(sighting->from_here);
  EXPECT_EQ(sighting->peer_address, "127.0.0.1:8889");
  EXPECT_EQ(sighting->beacon.peer_address(), "127.0.0.1:8889");
  EXPECT_EQ(sighting->beacon.client_address(), "127.0.0.1:8888");
}

TEST(FinderTest, KeepsTheFirstOfTwoWaysUntilItIsSilent) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.heard(beacon_of(1, "10.0.0.1"), false, start);
  for (const Duration at : {1s, 2s}) finder.heard(beacon_of(1, "192.168.0.1"), false, start + at);
  EXPECT_EQ(finder.find(server(1))->peer_address, "10.0.0.1:8889");
  finder.heard(beacon_of(1, "192.168.0.1"), false, start + 3s);
  EXPECT_EQ(finder.find(server(1))->peer_address, "192.168.0.1:8889");
}

TEST(FinderTest, GivesUpAnAddressOfThisMachineThatIsSilent) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.heard(beacon_of(1, "127.0.0.1"), true, start);
  finder.heard(beacon_of(1, "10.0.0.1"), false, start + 3s);
  EXPECT_EQ(finder.find(server(1))->peer_address, "10.0.0.1:8889");
  EXPECT_FALSE(finder.find(server(1))->from_here);
}

TEST(FinderTest, FollowsAServerToAnotherPortAtOnce) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  finder.heard(beacon_of(1, "b"), false, start);
  wire::Beacon moved = beacon_of(1, "b");
  moved.set_peer_address("b:9001");
  finder.heard(moved, false, start + 10ms);
  EXPECT_EQ(finder.find(server(1))->peer_address, "b:9001");
}

TEST(FinderTest, ForgetsAServerThatWasSilentForTenIntervalsAtLeastTenSeconds) {
  for (const auto& [interval, silence] :
       {std::pair<Duration, Duration>(100ms, 10s), std::pair<Duration, Duration>(2s, 20s)}) {
    Course course({.beacon_interval = interval});
    course.own(formed_beacon(), 0ms);
    course.finder.heard(beacon_of(1, "b"), false, start + 1s);
    course.until(1s + silence - 1us);
    EXPECT_EQ(course.finder.sightings().size(), 1);
    EXPECT_EQ(course.finder.deadline(), start + 1s + silence);
    course.until(1s + silence);
    EXPECT_EQ(course.finder.sightings().size(), 0);
  }
}

TEST(FinderTest, TellsOnceThatAServerWasSeenFirstHasMovedOrWasForgotten) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  EXPECT_FALSE(finder.take_moves());
  finder.heard(beacon_of(1, "b"), false, start);
  EXPECT_TRUE(finder.take_moves());
  EXPECT_FALSE(finder.take_moves());
  wire::Beacon busier = beacon_of(1, "b");
  busier.set_clients(7);
  finder.heard(busier, false, start + 1s);
  EXPECT_FALSE(finder.take_moves()) << "it said something else, from where it was";
  wire::Beacon moved = beacon_of(1, "b");
  moved.set_peer_address("b:9001");
  finder.heard(moved, false, start + 2s);
  EXPECT_TRUE(finder.take_moves());
  finder.tick(start + 12s - 1us);
  EXPECT_FALSE(finder.take_moves());
  finder.tick(start + 12s);
  EXPECT_TRUE(finder.take_moves());
  EXPECT_EQ(finder.sightings().size(), 0);
}

TEST(FinderTest, RemembersNoMoreServersThanItMay) {
  Finder finder({.servers_max = 2}, start);
  finder.set_own(own_beacon(), start);
  for (unsigned n = 1; n <= 3; ++n) finder.heard(beacon_of(n, "b"), false, start);
  EXPECT_EQ(finder.sightings().size(), 2);
  EXPECT_EQ(finder.find(server(3)), nullptr);
  EXPECT_EQ(finder.statistics().answers(), 2);
  finder.heard(beacon_of(2, "b"), false, start + 1s);
  finder.heard(beacon_of(3, "b"), false, start + 10s);
  EXPECT_NE(finder.find(server(3)), nullptr) << "server 1 was silent and made room";
}

TEST(FinderTest, TellsOfAForeignHostOnceInTenMinutes) {
  Finder finder({}, start);
  finder.set_own(own_beacon(), start);
  EXPECT_TRUE(finder.foreign("b:1", start));
  EXPECT_FALSE(finder.foreign("b:2", start + 9min));
  EXPECT_TRUE(finder.foreign("c:1", start + 9min));
  EXPECT_TRUE(finder.foreign("b:1", start + 10min));
  EXPECT_EQ(finder.statistics().foreign(), 4);
}

TEST(FinderTest, OffItNeitherSpeaksNorHearsNorSearches) {
  Course course({.on = false});
  course.own(own_beacon(), 0ms);
  course.finder.heard(beacon_of(1, "b"), false, start);
  course.finder.probed(probe_of("", 1), "c:1", start);
  EXPECT_FALSE(course.finder.foreign("b:1", start));
  course.collect(start);
  EXPECT_EQ(course.finder.deadline(), Instant::max());
  EXPECT_FALSE(course.finder.searching(start));
  EXPECT_EQ(course.finder.sightings().size(), 0);
  EXPECT_EQ(course.probes, Times{});
  EXPECT_EQ(course.announcements, Times{});
  EXPECT_EQ(course.finder.statistics().phase(), wire::Discovery::OFF);
}

TEST(FinderTest, TheSameSeedGivesTheSameCourse) {
  Times first;
  for (int round = 0; round < 2; ++round) {
    Course course({.seed = 42});
    course.own(own_beacon(), 0ms);
    course.until(60s);
    course.probes.insert(course.probes.end(), course.announcements.begin(),
                         course.announcements.end());
    if (round == 0) first = course.probes;
    EXPECT_EQ(course.probes, first);
  }
}

}  // namespace
}  // namespace muster::discovery::finder_test
