// What the dispatcher proposes, given what units say.
#include "mobility/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mobility/testing.h"

namespace muster::mobility::dispatcher_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct DispatcherTest : ::testing::Test {
  /// What is proposed now, in words; applied if wanted.
  std::vector<std::string> advise(bool applies = true) {
    now += 1s;
    std::vector<std::string> out;
    for (const service::Advice& advice : dispatcher.advise(town.city, said, now)) {
      const Request request = decode_request(advice.command).value();
      if (const auto* const one = std::get_if<Assign>(&request)) {
        out.push_back("assign " + one->ambulance);
      } else if (const auto* const bed = std::get_if<Reserve>(&request)) {
        out.push_back("reserve " + bed->hospital + (bed->over_capacity ? ", over capacity" : ""));
      } else if (const auto* const green = std::get_if<Preempt>(&request)) {
        out.push_back((green->way ? "ask " : "give back ") + green->light);
      } else {
        out.push_back("locate " + std::to_string(std::get<Locate>(request).units.size()));
      }
      if (applies) town.command(advice.command, {}, true);
    }
    return out;
  }
  void say(const UnitId& id, Geographic place, Duration age = {}) {
    said.say(town.session_of(id), place, age);
  }
  Town town;
  Dispatcher dispatcher;
  Said said;
  Instant now{};
};

TEST_F(DispatcherTest, TheNearestAmbulanceIsSentOnce) {
  town.sign_on(car("car_1"), Town::crossing(5, 5));
  town.sign_on(ambulance("near"), Town::crossing(5, 4));
  town.sign_on(ambulance("far"), Town::crossing(11, 0));
  const IncidentId id = town.crash("car_1");
  EXPECT_THAT(advise(false), ElementsAre("assign near"));
  now -= 500ms;
  EXPECT_THAT(advise(false), IsEmpty());  // That is on its way, and no reason to send another one.
  town.sign_on(car("car_2"), Town::crossing(5, 5));
  town.crash("car_2");
  now -= 900ms;
  EXPECT_THAT(advise(false), ElementsAre("assign far"));  // The other is spoken for a while.
  EXPECT_EQ(town.assign(id, "near"), "ok");
  EXPECT_THAT(advise(), ElementsAre("assign far"));
  EXPECT_THAT(advise(), IsEmpty());
}

TEST_F(DispatcherTest, FreshFixesCountAndStaleOrSillyOnesDoNot) {
  town.sign_on(car("car_1"), Town::crossing(5, 5));
  town.sign_on(ambulance("a"), Town::crossing(5, 0));
  town.sign_on(ambulance("b"), Town::crossing(5, 2));
  town.crash("car_1");
  say(ambulance("a"), Town::crossing(5, 5), 3s + 1us);
  EXPECT_THAT(advise(false), ElementsAre("assign b"));
  now += 2s;
  said.say(town.session_of(ambulance("a")), Bytes(64, std::byte{0xff}));
  EXPECT_THAT(advise(false), ElementsAre("assign b"));
  now += 2s;
  say(ambulance("a"), Town::off_the_map());
  EXPECT_THAT(advise(false), ElementsAre("assign b"));
  now += 2s;
  say(ambulance("a"), Town::crossing(5, 5), 3s);
  EXPECT_THAT(advise(false), ElementsAre("assign a"));
}

TEST_F(DispatcherTest, ACriticalCaseRatherGetsAdvancedLifeSupport) {
  for (const Severity severity : {Severity::critical, Severity::serious}) {
    Town each;
    each.sign_on(car("car_1"), Town::crossing(5, 5));
    each.sign_on(ambulance("basic"), Town::crossing(5, 4));
    each.sign_on(ambulance("advanced"), Town::crossing(5, 2), 0, advanced_life_support);
    each.crash("car_1", severity);
    Dispatcher one;
    const auto advices = one.advise(each.city, said, now);
    ASSERT_EQ(advices.size(), 1U);
    EXPECT_EQ(std::get<Assign>(decode_request(advices[0].command).value()).ambulance,
              severity == Severity::critical ? "advanced" : "basic");
  }
}

TEST_F(DispatcherTest, TheMostUrgentIsServedFirst) {
  for (const char* const id : {"car_1", "car_2"}) town.sign_on(car(id), Town::crossing(5, 5));
  town.sign_on(ambulance("only"), Town::crossing(5, 4));
  town.crash("car_1", Severity::minor);
  const IncidentId worse = town.crash("car_2", Severity::critical);
  EXPECT_THAT(advise(), ElementsAre("assign only"));
  EXPECT_EQ(town.city.find(worse)->ambulance, "only");
}

TEST_F(DispatcherTest, AnotherAmbulanceTakesOverOnlyIfThatIsWorthIt) {
  town.sign_on(car("car_1"), Town::crossing(11, 7));
  town.sign_on(ambulance("first"), Town::crossing(0, 0));
  const IncidentId id = town.crash("car_1");
  EXPECT_THAT(advise(), ElementsAre("assign first"));
  town.progress("first", id, StepKind::accepted);
  town.sign_on(ambulance("hardly"), Town::crossing(1, 0));
  now += 10s;
  EXPECT_THAT(advise(), IsEmpty());
  town.sign_on(ambulance("much"), Town::crossing(11, 6));
  now += 10s;
  EXPECT_THAT(advise(), ElementsAre("assign much"));
  EXPECT_EQ(town.state(ambulance("first")), "available");
  for (int i = 0; i < 20; ++i) {
    now += 10s;
    EXPECT_THAT(advise(), IsEmpty());
  }
  EXPECT_EQ(town.city.find(id)->reassignments, 1U);
}

struct WardsTest : DispatcherTest {
  WardsTest() {
    town.sign_on(car("car_1"), Town::crossing(5, 5));
    town.sign_on(ambulance("a"), Town::crossing(5, 5));
    town.sign_on(hospital("near"), Town::crossing(5, 6), 1);
    town.sign_on(hospital("far"), Town::crossing(0, 6), 1, trauma_centre);
  }
  IncidentId on_scene(Severity severity = Severity::serious) {
    const IncidentId id = town.crash("car_1", severity);
    town.bring(id, "a", IncidentState::on_scene);
    return id;
  }
  void set(const std::string& at, std::int32_t free, bool diversion = false) {
    town.by(hospital(at), Beds{.hospital = at, .free = free, .diversion = diversion});
  }
};

TEST_F(WardsTest, TheNearestHospitalThatTakesThePatientIsChosen) {
  on_scene();
  EXPECT_THAT(advise(false), ElementsAre("reserve near"));
  set("near", 1, true);
  EXPECT_THAT(advise(false), ElementsAre("reserve far"));
  set("near", 0);
  EXPECT_THAT(advise(), ElementsAre("reserve far"));
  EXPECT_THAT(advise(), IsEmpty());
}

TEST_F(WardsTest, ACriticalCaseRatherGoesToATraumaCentre) {
  on_scene(Severity::critical);
  EXPECT_THAT(advise(), ElementsAre("reserve far"));
}

TEST_F(WardsTest, WhenAllAreFullTheLeastBadOneIsChosenUntilAnotherHasABed) {
  const IncidentId id = on_scene();
  set("near", 0);
  set("far", 0);
  EXPECT_THAT(advise(), ElementsAre("reserve near, over capacity"));
  EXPECT_THAT(advise(), IsEmpty());
  set("far", 1);
  EXPECT_THAT(advise(), ElementsAre("reserve far"));
  EXPECT_EQ(town.chain(id).back(), "6 diverted far: a better one is free");
  EXPECT_THAT(advise(), IsEmpty());
}

TEST_F(WardsTest, DiversionAndLossSendThePatientElsewhere) {
  const IncidentId id = on_scene();
  advise();
  set("near", 1, true);
  EXPECT_THAT(advise(), ElementsAre("reserve far"));
  EXPECT_EQ(town.chain(id).back(), "6 diverted far: the hospital is on diversion");
  EXPECT_EQ(town.beds("near"), "2 free, 0 promised");
  town.lose(hospital("far"));
  EXPECT_THAT(advise(), ElementsAre("reserve near, over capacity"));
}

TEST_F(DispatcherTest, LightsAheadAreAskedOnceAndGivenBackWhenTheyArePassed) {
  town.sign_on(car("car_1"), Town::crossing(11, 2));
  town.sign_on(ambulance("a"), Town::crossing(0, 2));
  for (std::uint32_t i = 2; i <= 10; i += 2) {
    town.sign_on(light("at_" + std::to_string(i)), Town::crossing(i, 2));
  }
  const IncidentId id = town.crash("car_1");
  advise();
  town.progress("a", id, StepKind::accepted);
  EXPECT_THAT(advise(), IsEmpty());  // Nobody knows where it is.
  say(ambulance("a"), Town::crossing(1, 2));
  EXPECT_THAT(advise(), ElementsAre("ask at_2", "locate 1"));
  EXPECT_THAT(town.wishes("at_2"), ElementsAre("a requested/1"));
  EXPECT_THAT(advise(), IsEmpty());
  say(ambulance("a"), Town::crossing(3, 2));
  EXPECT_THAT(advise(), ElementsAre("ask at_4", "give back at_2", "locate 1"));
  EXPECT_THAT(town.wishes("at_2"), IsEmpty());
  EXPECT_EQ(town.heard.approaches.size(), 2U);
}

TEST_F(DispatcherTest, DecisionsOfOneAskingAreBounded) {
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(i);
    town.sign_on(car("c" + number), Town::crossing(5, 5));
    town.sign_on(ambulance("a" + number), Town::crossing(5, 4));
    town.crash("c" + number);
  }
  EXPECT_EQ(advise(false).size(), 32U);
  now -= 900ms;
  EXPECT_EQ(advise(false).size(), 28U);
}

TEST_F(DispatcherTest, WhatAnOldLeaderStillSaysChangesNothing) {
  for (const char* const id : {"1", "2"}) {
    town.sign_on(car(std::string("c") + id), Town::crossing(5, 5));
    town.sign_on(ambulance(std::string("a") + id), Town::crossing(5, 4));
    town.crash(std::string("c") + id);
  }
  Dispatcher old_leader;
  const auto late = old_leader.advise(town.city, said, now);
  EXPECT_EQ(late.size(), 2U);
  EXPECT_THAT(advise(), ElementsAre("assign a1", "assign a2"));
  const std::vector<Bytes> before = frozen(town.city);
  for (const service::Advice& advice : late) {
    EXPECT_EQ(town.command(advice.command, {}, true).substr(0, 7), "ABORTED");
  }
  EXPECT_EQ(town.figures().reassigned, 0U);
  std::vector<Bytes> after = frozen(town.city);
  after.back() = before.back();  // The house knows how late it is.
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace muster::mobility::dispatcher_test
