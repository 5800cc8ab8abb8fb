// Lights: one ambulance at a time, the worst case first, and what lights say of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mobility/testing.h"

namespace muster::mobility::lights_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string here = "traffic_light_1";

struct LightsTest : ::testing::Test {
  LightsTest() {
    populate(town);
    serious = drive("car_1", "ambulance_1", Severity::serious);
    critical = drive("car_2", "ambulance_2", Severity::critical);
  }
  IncidentId drive(const std::string& whose, const std::string& by, Severity severity) {
    const IncidentId id = town.crash(whose, severity);
    town.assign(id, by);
    town.progress(by, id, StepKind::accepted);
    return id;
  }
  Town town;
  IncidentId serious;
  IncidentId critical;
};

TEST_F(LightsTest, ALightIsAskedSaysHowFarItIsAndIsGivenBack) {
  EXPECT_EQ(town.preempt(here, "ambulance_1"), "ok");
  EXPECT_THAT(town.wishes(here), ElementsAre("ambulance_1 requested/1"));
  EXPECT_EQ(town.heard.last_order[unit_topic(light(here))].lease, 30s);
  EXPECT_EQ(town.says(here, PreemptionStatus::processing), "ok");
  EXPECT_EQ(town.says(here, PreemptionStatus::processing), "again");
  town.wait(3s);
  EXPECT_EQ(town.says(here, PreemptionStatus::granted), "ok");
  town.wait(10s);
  EXPECT_EQ(town.preempt(here, "ambulance_1", std::nullopt), "ok");
  EXPECT_THAT(town.wishes(here), IsEmpty());
  EXPECT_EQ(town.preempt(here, "ambulance_1", std::nullopt), "ok");
  EXPECT_EQ(town.take_orders(light(here)).size(), 2U);
  EXPECT_EQ(town.heard.last_order[unit_topic(light(here))].kind, OrderKind::take_green_back);
  EXPECT_THAT(town.standing(light(here)), IsEmpty());
  const FiguresSummary figures = town.figures();
  EXPECT_EQ(figures.preemptions, 1U);
  EXPECT_EQ(figures.preemptions_granted, 1U);
  EXPECT_EQ(figures.preempted_ms, 10'000U);
  EXPECT_TRUE(is_as_told(town));
}

TEST_F(LightsTest, TheWorstCaseComesFirstAndOfEqualsWhoAskedFirst) {
  const IncidentId also = drive("car_3", "ambulance_3", Severity::critical);
  town.preempt(here, "ambulance_1");
  town.says(here, PreemptionStatus::granted);
  town.wait(4s);
  town.preempt(here, "ambulance_3");
  town.preempt(here, "ambulance_2");
  EXPECT_THAT(town.wishes(here),
              ElementsAre("ambulance_3 requested/2", "ambulance_2 watch other traffic/0",
                          "ambulance_1 watch other traffic/0"));
  EXPECT_EQ(town.figures().preempted_ms, 4'000U);
  EXPECT_TRUE(is_as_told(town));
  town.progress("ambulance_3", also, StepKind::on_scene);
  EXPECT_THAT(town.wishes(here),
              ElementsAre("ambulance_2 requested/3", "ambulance_1 watch other traffic/0"));
  town.preempt(here, "ambulance_2", std::nullopt);
  EXPECT_EQ(town.says(here, PreemptionStatus::granted), "ok");
  EXPECT_THAT(town.wishes(here), ElementsAre("ambulance_1 granted/4"));
  EXPECT_EQ(town.figures().preemptions_granted, 1U);  // Once, though it was green twice.
}

TEST_F(LightsTest, AWishEndsWithItsLeaseUnlessItIsRenewed) {
  town.preempt(here, "ambulance_1", Way{{0}, {4}}, 10s);
  town.says(here, PreemptionStatus::granted);
  EXPECT_EQ(town.city.deadline(), town.time + 10s);
  town.wait(9s);
  EXPECT_EQ(town.preempt(here, "ambulance_1", Way{{0}, {4}}, 10s), "ok");
  EXPECT_THAT(town.wishes(here), ElementsAre("ambulance_1 granted/2"));
  town.wait(9'999ms);
  EXPECT_EQ(town.wishes(here).size(), 1U);
  town.wait(1ms);
  EXPECT_THAT(town.wishes(here), IsEmpty());
  EXPECT_THAT(town.city.lights_asked_for("ambulance_1"), IsEmpty());
  EXPECT_THAT(town.take_orders(light(here)).back(), StartsWith("take green back"));
  town.preempt(here, "ambulance_1", Way{{0}, {4}}, 24h);
  EXPECT_EQ(town.city.deadline(), town.time + 2min);
}

TEST_F(LightsTest, ALightThatCannotOrNoLongerGivesGreenLetsTheNextOneHaveIt) {
  for (const PreemptionStatus status :
       {PreemptionStatus::rejected, PreemptionStatus::max_presence}) {
    town.preempt(here, "ambulance_1");
    town.preempt(here, "ambulance_2");
    town.says(here, PreemptionStatus::granted);
    EXPECT_EQ(town.says(here, status), "ok");
    const std::uint32_t order = town.role<Light>(light(here)).last_order;
    EXPECT_THAT(town.wishes(here),
                ElementsAre("ambulance_1 requested/" + std::to_string(order),
                            "ambulance_2 " + std::string(name_of(status)) + "/0"));
    EXPECT_EQ(town.says(here, PreemptionStatus::granted, order - 1), "again");
    town.says(here, status);
    EXPECT_THAT(town.standing(light(here)), IsEmpty());
    // The same way again is no other wish, another one is.
    town.preempt(here, "ambulance_2");
    EXPECT_THAT(town.standing(light(here)), IsEmpty());
    town.preempt(here, "ambulance_2", Way{{1}, {4}});
    EXPECT_EQ(town.wishes(here).front(), "ambulance_2 requested/" + std::to_string(order + 1));
    town.preempt(here, "ambulance_1", std::nullopt);
    town.preempt(here, "ambulance_2", std::nullopt);
    EXPECT_TRUE(is_as_told(town));
  }
}

TEST_F(LightsTest, AnotherWayOverTheCrossingIsNotGreenYet) {
  town.preempt(here, "ambulance_1");
  town.says(here, PreemptionStatus::granted);
  town.wait(5s);
  town.preempt(here, "ambulance_1", Way{{1}, {4}});
  EXPECT_THAT(town.wishes(here), ElementsAre("ambulance_1 requested/2"));
  town.wait(5s);
  EXPECT_EQ(town.says(here, PreemptionStatus::granted), "ok");
  EXPECT_EQ(town.figures().preempted_ms, 5'000U);
}

TEST(LightsEndTest, WhateverEndsADriveEndsItsWishes) {
  using What = void (*)(Town&, IncidentId);
  const std::vector<std::pair<const char*, What>> endings{
      {"on scene",
       [](Town& town, IncidentId id) { town.progress("ambulance_1", id, StepKind::on_scene); }},
      {"lost", [](Town& town, IncidentId) { town.lose(ambulance("ambulance_1")); }},
      {"light lost", [](Town& town, IncidentId) { town.lose(light(here)); }},
      {"off duty",
       [](Town& town, IncidentId) {
         town.by(ambulance("ambulance_1"), Duty{.ambulance = "ambulance_1", .on = false});
       }},
      {"better", [](Town& town, IncidentId id) { town.assign(id, "ambulance_2"); }},
      {"cancelled",
       [](Town& town, IncidentId id) {
         town.by(car("car_1"), Cancel{.car = "car_1", .incident = id});
       }},
      {"lease", [](Town& town, IncidentId) { town.stop(1h); }}};
  for (const auto& [name, end] : endings) {
    Town town;
    populate(town);
    const IncidentId id = town.crash("car_1");
    town.bring(id, "ambulance_1", IncidentState::accepted);
    town.preempt(here, "ambulance_1");
    town.says(here, PreemptionStatus::granted);
    end(town, id);
    EXPECT_THAT(town.city.lights_asked_for("ambulance_1"), IsEmpty()) << name;
    if (town.city.find(light(here)) != nullptr) {
      EXPECT_THAT(town.wishes(here), IsEmpty()) << name;
    }
    EXPECT_EQ(town.take_orders(light(here)).back(), "take green back 111.0/2 ambulance_1") << name;
    town.wait(1h);
    EXPECT_EQ(town.city.deadline(), std::nullopt) << name;
    EXPECT_TRUE(is_as_told(town)) << name;
  }
}

TEST_F(LightsTest, HandingOverEndsTheWishesOfTheWayToTheHospital) {
  town.bring(serious, "ambulance_1", IncidentState::transporting);
  EXPECT_EQ(town.preempt(here, "ambulance_1"), "ok");
  town.progress("ambulance_1", serious, StepKind::handed_over);
  EXPECT_THAT(town.wishes(here), IsEmpty());
}

TEST_F(LightsTest, WhatCannotBeAskedOrSaidIsRefused) {
  EXPECT_EQ(town.preempt("traffic_light_9", "ambulance_1"),
            "NOT_FOUND: there is no TrafficLight traffic_light_9");
  EXPECT_EQ(town.preempt(here, "ambulance_9"), "NOT_FOUND: the ambulance has gone");
  EXPECT_EQ(town.preempt(here, "ambulance_3"), "ABORTED: ambulance_3 has changed; look again");
  const Preempt old{
      .light = here, .ambulance = "ambulance_1", .ambulance_version = 1, .way = Way{}};
  EXPECT_EQ(town.decide(old), "ABORTED: ambulance_1 has changed; look again");
  EXPECT_THAT(town.says("traffic_light_9", PreemptionStatus::granted, 1), StartsWith("NOT_FOUND"));
}

TEST_F(LightsTest, OnlyTheLightItselfSpeaksAndOnlyOfOrdersThatWere) {
  town.preempt(here, "ambulance_1");
  const Signal said{.light = here, .order = 1, .status = PreemptionStatus::granted};
  EXPECT_EQ(town.by(light("traffic_light_2"), said),
            "PERMISSION_DENIED: only TrafficLight traffic_light_1 itself says that");
  EXPECT_EQ(town.says(here, PreemptionStatus::granted, 2),
            "INVALID_ARGUMENT: there was no order of that number yet");
  EXPECT_EQ(town.says(here, PreemptionStatus::granted, 0),
            "INVALID_ARGUMENT: there was no order of that number yet");
  EXPECT_THAT(town.wishes(here), ElementsAre("ambulance_1 requested/1"));
}

TEST(LightsLimitTest, ALightTakesSoManyWishesAndNoMore) {
  Town town(Mobility::Options{.wishes_max = 1});
  populate(town);
  for (const char* const number : {"1", "2"}) {
    const IncidentId id = town.crash(std::string("car_") + number);
    town.bring(id, std::string("ambulance_") + number, IncidentState::accepted);
  }
  EXPECT_EQ(town.preempt(here, "ambulance_1"), "ok");
  EXPECT_EQ(town.preempt(here, "ambulance_2"),
            "RESOURCE_EXHAUSTED: 1 ambulances want traffic_light_1 already; it takes no more");
  EXPECT_EQ(town.preempt(here, "ambulance_1"), "ok");
  EXPECT_THAT(town.city.lights_asked_for("ambulance_2"), IsEmpty());
}

}  // namespace
}  // namespace muster::mobility::lights_test
