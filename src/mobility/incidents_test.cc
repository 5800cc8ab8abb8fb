// Incidents from the report to the hospital, and what becomes of them when somebody is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mobility/testing.h"

namespace muster::mobility::incidents_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct IncidentsTest : ::testing::Test {
  IncidentsTest() {
    populate(town);
    town.take_steps();
  }
  Town town;
};

TEST_F(IncidentsTest, ACrashGoesItsWayToTheHospital) {
  const IncidentId id = town.crash("car_1");
  EXPECT_EQ(to_text(id), "111.0");
  EXPECT_EQ(town.state(car("car_1")), "crashed");
  town.wait(10s);
  EXPECT_EQ(town.assign(id, "ambulance_1"), "ok");
  EXPECT_EQ(town.state(ambulance("ambulance_1")), "assigned");
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::accepted), "ok");
  town.wait(60s);
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::on_scene), "ok");
  EXPECT_EQ(town.reserve(id, "hospital_1"), "ok");
  EXPECT_EQ(town.beds("hospital_1"), "1 free, 1 promised");
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::transporting), "ok");
  town.wait(120s);
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::handed_over), "ok");
  EXPECT_EQ(town.beds("hospital_1"), "1 free, 0 promised");
  EXPECT_EQ(town.state(ambulance("ambulance_1")), "at hospital");
  town.wait(30s);
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::closed), "ok");
  EXPECT_EQ(town.state(ambulance("ambulance_1")), "available");
  EXPECT_EQ(town.state(car("car_1")), "present");
  EXPECT_EQ(town.state(id), "closed");
  EXPECT_THAT(town.chain(id), ElementsAre("1 reported car_1", "2 assigned ambulance_1",
                                          "3 accepted ambulance_1", "4 on scene ambulance_1",
                                          "5 bed reserved hospital_1", "6 transporting ambulance_1",
                                          "7 handed over hospital_1", "8 closed ambulance_1"));
  EXPECT_THAT(
      town.take_orders(ambulance("ambulance_1")),
      ElementsAre("go to the scene 111.0/2 car_1", "go to the hospital 111.0/5 hospital_1"));
  EXPECT_THAT(
      town.take_orders(hospital("hospital_1")),
      ElementsAre("expect a patient 111.0/5 ambulance_1", "patient arrived 111.0/7 ambulance_1"));
  const FiguresSummary figures = town.figures();
  EXPECT_EQ(figures.response_mean, 70s);
  EXPECT_EQ(figures.hospital_mean, 30s);
  EXPECT_EQ(figures.busy_ms, 210'000U);
  EXPECT_EQ(figures.on_duty_ms, 3 * 220'000U);
  EXPECT_TRUE(is_as_told(town));
}

TEST_F(IncidentsTest, AnAmbulanceTakesItsStepsInTheirOrderAndEachOnce) {
  constexpr std::array steps{StepKind::accepted, StepKind::on_scene, StepKind::transporting,
                             StepKind::handed_over, StepKind::closed};
  for (int state = static_cast<int>(IncidentState::assigned);
       state <= static_cast<int>(IncidentState::closed); ++state) {
    for (int step = 0; step < 5; ++step) {
      Town each;
      populate(each);
      const IncidentId id = each.crash("car_1");
      each.assign(id, "ambulance_1");
      ASSERT_EQ(each.bring(id, "ambulance_1", static_cast<IncidentState>(state)), "ok");
      if (each.city.find(id)->state == IncidentState::on_scene) each.reserve(id, "hospital_1");
      const int next = state - static_cast<int>(IncidentState::assigned);
      const std::string said = each.progress("ambulance_1", id, steps.at(std::size_t(step)));
      const std::string expected = step < next    ? "again"
                                   : step == next ? "ok"
                                                  : "FAILED_PRECONDITION";
      EXPECT_THAT(said, StartsWith(expected)) << state << " " << step;
    }
  }
}

TEST_F(IncidentsTest, OnlyTheOrderThatStandsLetsAnAmbulanceGoOn) {
  const IncidentId id = town.crash("car_1");
  town.assign(id, "ambulance_1");
  const UnitId one = ambulance("ambulance_1");
  Progress said{.ambulance = "ambulance_1", .incident = id, .order = 1};
  EXPECT_EQ(
      town.by(one, said),
      "FAILED_PRECONDITION: incident 111.0 is not ambulance_1's by that order any more; stand "
      "down");
  said.order = 2;
  EXPECT_EQ(town.by(ambulance("ambulance_2"), said),
            "PERMISSION_DENIED: only Ambulance ambulance_1 itself says that");
  said.ambulance = "ambulance_2";
  EXPECT_THAT(town.by(ambulance("ambulance_2"), said), StartsWith("FAILED_PRECONDITION"));
  said.ambulance = "ambulance_9";
  EXPECT_THAT(town.by(one, said), StartsWith("NOT_FOUND: there is no Ambulance ambulance_9"));
  said = {.ambulance = "ambulance_1", .incident = {{.index = {7}}}, .order = 2};
  EXPECT_EQ(town.by(one, said), "NOT_FOUND: there is no incident 7.0");
  EXPECT_EQ(town.chain(id).size(), 2U);
}

TEST_F(IncidentsTest, TwoLeadersNeverSendTwoAmbulancesToOneIncidentNorOneToTwo) {
  const IncidentId first = town.crash("car_1");
  const IncidentId second = town.crash("car_2");
  const auto version = town.city.find(ambulance("ambulance_1"))->version;
  const Assign old{.incident = first,
                   .follows = 1,
                   .ambulance = "ambulance_2",
                   .ambulance_version = town.city.find(ambulance("ambulance_2"))->version};
  EXPECT_EQ(town.assign(first, "ambulance_1"), "ok");
  EXPECT_EQ(town.decide(old), "ABORTED: incident 111.0 has gone on to step 2; look again");
  EXPECT_EQ(town.decide(Assign{.incident = second,
                               .follows = 1,
                               .ambulance = "ambulance_1",
                               .ambulance_version = version}),
            "ABORTED: Ambulance ambulance_1 has changed; look again");
  EXPECT_EQ(town.assign(second, "ambulance_1"),
            "ABORTED: ambulance_1 is not available; look again");
  EXPECT_EQ(town.assign(second, "ambulance_7"), "NOT_FOUND: the unit has gone");
  EXPECT_EQ(town.assign({{.index = {1}}}, "ambulance_2"), "NOT_FOUND: the incident is not there");
  EXPECT_EQ(town.state(second), "waiting");
}

TEST_F(IncidentsTest, ADecisionAboutAnAmbulanceThatWasLostIsNotAboutTheNextOneOfItsName) {
  const IncidentId id = town.crash("car_1");
  const Assign old{.incident = id,
                   .follows = 1,
                   .ambulance = "ambulance_1",
                   .ambulance_version = town.city.find(ambulance("ambulance_1"))->version};
  town.lose(ambulance("ambulance_1"));
  EXPECT_EQ(town.sign_on(ambulance("ambulance_1"), Town::crossing(11, 7)), "ok");
  EXPECT_EQ(town.decide(old), "ABORTED: Ambulance ambulance_1 has changed; look again");
}

TEST_F(IncidentsTest, AnAmbulanceThatIsLostLeavesItsIncidentWaitingUnlessItHasHandedOver) {
  const std::map<IncidentState, std::string> after{{IncidentState::assigned, "waiting"},
                                                   {IncidentState::accepted, "waiting"},
                                                   {IncidentState::on_scene, "waiting"},
                                                   {IncidentState::transporting, "waiting"},
                                                   {IncidentState::handed_over, "closed"}};
  for (const auto& [state, expected] : after) {
    for (const bool signs_off : {true, false}) {
      Town each;
      populate(each);
      const IncidentId id = each.crash("car_1");
      each.assign(id, "ambulance_1");
      each.bring(id, "ambulance_1", state);
      each.decide(Locate{.units = {{.unit = ambulance("ambulance_1"),
                                    .version = each.city.find(ambulance("ambulance_1"))->version,
                                    .place = Town::crossing(9, 3)}}});
      const UnitId one = ambulance("ambulance_1");
      if (signs_off) {
        EXPECT_EQ(each.by(one, SignOff{one}), "ok");
      } else {
        each.lose(one);
      }
      EXPECT_EQ(each.state(id), expected);
      EXPECT_EQ(each.state(one), "gone");
      const bool has_bed = state == IncidentState::transporting;
      EXPECT_EQ(each.beds("hospital_1").substr(8), has_bed ? "1 promised" : "0 promised");
      EXPECT_EQ(each.city.find(id)->pickup,
                has_bed ? Town::crossing(9, 3) : each.city.find(id)->place);
      EXPECT_EQ(each.city.waiting().size(), expected == "waiting" ? 1U : 0U);
      EXPECT_TRUE(is_as_told(each));
    }
  }
}

TEST_F(IncidentsTest, TheNextAmbulanceTakesThePatientToTheBedThatIsKept) {
  const IncidentId id = town.crash("car_1");
  town.bring(id, "ambulance_1", IncidentState::transporting);
  town.lose(ambulance("ambulance_1"));
  EXPECT_EQ(town.assign(id, "ambulance_2"), "ok");
  EXPECT_THAT(
      town.take_orders(ambulance("ambulance_2")),
      ElementsAre("go to the scene 111.0/8 car_1", "go to the hospital 111.0/8 hospital_1"));
  EXPECT_EQ(town.progress("ambulance_2", id, StepKind::accepted), "ok");
  EXPECT_EQ(town.progress("ambulance_2", id, StepKind::on_scene), "ok");
  EXPECT_EQ(town.progress("ambulance_2", id, StepKind::transporting), "ok");
  EXPECT_EQ(town.progress("ambulance_2", id, StepKind::handed_over), "ok");
  EXPECT_EQ(town.beds("hospital_1"), "1 free, 0 promised");
  EXPECT_EQ(town.figures().reassigned, 1U);
  EXPECT_EQ(town.figures().responses, 1U);
}

TEST_F(IncidentsTest, AHospitalThatIsLostOnTheWayIsNotArrivedAt) {
  const IncidentId id = town.crash("car_1");
  town.bring(id, "ambulance_1", IncidentState::transporting);
  town.lose(hospital("hospital_1"));
  EXPECT_EQ(town.chain(id).back(), "7 bed lost hospital_1: the hospital was lost");
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::handed_over),
            "FAILED_PRECONDITION: no hospital is chosen; wait for the order to go to one");
  EXPECT_EQ(town.reserve(id, "hospital_2", false, Cause::hospital_lost), "ok");
  EXPECT_EQ(town.chain(id).back(), "8 diverted hospital_2: the hospital was lost");
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::handed_over), "ok");
  EXPECT_EQ(town.figures().diverted, 1U);
}

TEST_F(IncidentsTest, AHospitalThatIsLostAfterHandingOverChangesNothing) {
  const IncidentId id = town.crash("car_1");
  town.bring(id, "ambulance_1", IncidentState::handed_over);
  town.lose(hospital("hospital_1"));
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::closed), "ok");
  EXPECT_EQ(town.state(id), "closed");
}

TEST_F(IncidentsTest, AnAmbulanceThatDoesNotAcceptGoesOffDutyAndTheIncidentWaits) {
  const IncidentId id = town.crash("car_1");
  town.assign(id, "ambulance_1");
  EXPECT_EQ(town.city.deadline(), town.time + 30s);
  town.wait(29'999ms);
  EXPECT_EQ(town.state(id), "assigned");
  town.wait(1ms);
  EXPECT_EQ(town.chain(id).back(), "3 queued ambulance_1: the ambulance did not accept");
  EXPECT_EQ(town.state(ambulance("ambulance_1")), "off duty");
  EXPECT_EQ(town.take_orders(ambulance("ambulance_1")).back(), "stand down 111.0/3");
  EXPECT_EQ(town.city.deadline(), std::nullopt);
  const UnitId one = ambulance("ambulance_1");
  EXPECT_EQ(town.by(one, Duty{.ambulance = "ambulance_1", .on = true}), "ok");
  EXPECT_EQ(town.assign(id, "ambulance_1"), "ok");
}

TEST_F(IncidentsTest, ABedIsFreeAgainWhenItsLeaseEndsAndTransportRenewsIt) {
  const IncidentId id = town.crash("car_1");
  town.bring(id, "ambulance_1", IncidentState::on_scene);
  town.reserve(id, "hospital_1");
  town.wait(29min);
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::transporting), "ok");
  town.wait(29min);
  EXPECT_EQ(town.beds("hospital_1"), "1 free, 1 promised");
  town.wait(1min);
  EXPECT_EQ(town.beds("hospital_1"), "2 free, 0 promised");
  EXPECT_EQ(town.chain(id).back(), "7 bed lost hospital_1: the bed's lease ended");
  EXPECT_EQ(town.take_orders(hospital("hospital_1")).back(), "expect nobody 111.0/6");
  EXPECT_THAT(town.progress("ambulance_1", id, StepKind::handed_over),
              StartsWith("FAILED_PRECONDITION"));
  EXPECT_EQ(town.reserve(id, "hospital_1", false, Cause::lease_expired), "ok");
  EXPECT_EQ(town.progress("ambulance_1", id, StepKind::handed_over), "ok");
}

TEST_F(IncidentsTest, ABetterAmbulanceTakesOverUntilTheIncidentWasGivenOnOftenEnough) {
  const IncidentId id = town.crash("car_1");
  town.assign(id, "ambulance_1");
  town.progress("ambulance_1", id, StepKind::accepted);
  EXPECT_EQ(town.assign(id, "ambulance_2"), "ok");
  EXPECT_EQ(town.chain(id).back(), "4 reassigned ambulance_2: a better one is free");
  EXPECT_EQ(town.state(ambulance("ambulance_1")), "available");
  EXPECT_EQ(town.take_orders(ambulance("ambulance_1")).back(), "stand down 111.0/4");
  EXPECT_THAT(town.standing(ambulance("ambulance_1")), IsEmpty());
  EXPECT_EQ(town.assign(id, "ambulance_1"), "ok");
  EXPECT_EQ(town.assign(id, "ambulance_3"), "ok");
  EXPECT_EQ(town.assign(id, "ambulance_1"),
            "FAILED_PRECONDITION: incident 111.0 was given on for a better ambulance 3 times, and "
            "now stays");
  town.bring(id, "ambulance_3", IncidentState::on_scene);
  EXPECT_EQ(town.assign(id, "ambulance_1"), "ABORTED: incident 111.0 is on scene; look again");
}

TEST_F(IncidentsTest, AFalseAlarmIsTakenBackByItsCarOrAnOperatorBeforeThePatientIsOnBoard) {
  for (int state = 1; state <= static_cast<int>(IncidentState::handed_over); ++state) {
    for (const bool by_operator : {true, false}) {
      Town each;
      populate(each);
      const IncidentId id = each.crash("car_1");
      if (state > 1) each.assign(id, "ambulance_1");
      each.bring(id, "ambulance_1", static_cast<IncidentState>(state));
      if (state == static_cast<int>(IncidentState::on_scene)) each.reserve(id, "hospital_1");
      const Cancel cancel{.car = by_operator ? "" : "car_1", .incident = id};
      const std::string said = by_operator ? each.decide(cancel) : each.by(car("car_1"), cancel);
      const bool may = state < static_cast<int>(IncidentState::transporting);
      EXPECT_THAT(said, StartsWith(may ? "ok" : "FAILED_PRECONDITION")) << state;
      if (!may) continue;
      EXPECT_EQ(each.state(ambulance("ambulance_1")), "available");
      EXPECT_EQ(each.beds("hospital_1"), "2 free, 0 promised");
      EXPECT_EQ(each.state(car("car_1")), "present");
      EXPECT_THAT(each.chain(id).back(),
                  HasSubstr(by_operator ? ": by an operator" : ": false alarm"));
      EXPECT_EQ(each.by(car("car_1"), Cancel{.car = "car_1", .incident = id}), "again");
      EXPECT_TRUE(is_as_told(each));
    }
  }
}

TEST_F(IncidentsTest, NobodyElseTakesAnIncidentBack) {
  const IncidentId id = town.crash("car_1");
  EXPECT_EQ(town.by(car("car_2"), Cancel{.car = "car_2", .incident = id}),
            "PERMISSION_DENIED: only the car that reported it takes it back");
  EXPECT_EQ(town.by(car("car_2"), Cancel{.car = "car_1", .incident = id}),
            "PERMISSION_DENIED: only Car car_1 itself says that");
  EXPECT_THAT(town.by(car("car_2"), Cancel{.incident = id}), StartsWith("NOT_FOUND"));
  EXPECT_EQ(town.by(car("car_1"), Cancel{.car = "car_1", .incident = {}}),
            "NOT_FOUND: there is no incident 0.0");
  const auto bytes = town.city.operator_command("mobility.cancel", std::array{to_text(id)}, "k");
  EXPECT_EQ(town.command(bytes.value(), {}, true), "ok");
  EXPECT_EQ(town.city.operator_outcome(encode(town.heard.receipt)).value(),
            "incident 111.0 is cancelled");
  EXPECT_EQ(town.city.operator_command("mobility.cancel", std::array<std::string, 1>{"17"}, "k")
                .error()
                .code,
            ErrorCode::invalid_argument);
}

// ---- Reports ------------------------------------------------------------------------------------

TEST_F(IncidentsTest, TenThousandReportsOfOneCrashAreOneIncident) {
  const IncidentId id = town.crash("car_1");
  for (int i = 1; i < 10'000; ++i) {
    ASSERT_EQ(town.command(encode(Request{Report{.car = "car_1"}}), town.next_session()), "again");
    ASSERT_EQ(town.heard.receipt.incident, id);
  }
  EXPECT_EQ(town.take_steps().size(), 1U);
  EXPECT_EQ(town.figures().repeated_reports, 9'999U);
  EXPECT_EQ(town.figures().incidents, 1U);
}

TEST_F(IncidentsTest, AReportAfterTheEndIsTheSameIncidentOnlyCloseByAndSoon) {
  const auto after = [](std::chrono::milliseconds time, Geographic place) {
    Town each;
    populate(each);
    const IncidentId id = each.crash("car_1");
    each.bring(id, "ambulance_1", IncidentState::closed);
    each.wait(time);
    return each.by(car("car_2"), Report{.car = "car_1", .place = place});
  };
  const Geographic here = Town::crossing(1, 5);
  const Geographic there = Town::crossing(2, 5);
  EXPECT_EQ(after(2min, here), "again");
  EXPECT_EQ(after(2min + 1ms, here), "ok");
  EXPECT_EQ(after(1s, there), "ok");
}

TEST_F(IncidentsTest, ACarThatTookAFalseAlarmBackCanReportAgainAtOnce) {
  const IncidentId id = town.crash("car_1");
  town.by(car("car_1"), Cancel{.car = "car_1", .incident = id});
  EXPECT_EQ(town.by(car("car_2"), Report{.car = "car_1"}), "again");
  EXPECT_EQ(town.by(car("car_1"), Report{.car = "car_1"}), "ok");
  EXPECT_EQ(town.figures().open, 1U);
}

TEST_F(IncidentsTest, ACarThatIsBackAfterALossStillHasItsIncident) {
  const IncidentId id = town.crash("car_1");
  town.lose(car("car_1"));
  EXPECT_EQ(town.state(id), "waiting");
  EXPECT_EQ(town.sign_on(car("car_1"), Town::crossing(1, 5)), "ok");
  EXPECT_EQ(town.state(car("car_1")), "crashed");
  EXPECT_EQ(town.by(car("car_1"), Report{.car = "car_1"}), "again");
  EXPECT_EQ(town.heard.receipt.incident, id);
  EXPECT_EQ(town.by(car("car_1"), Cancel{.car = "car_1", .incident = id}), "ok");
  EXPECT_EQ(town.state(car("car_1")), "present");
}

TEST_F(IncidentsTest, WhatCannotBeReportedIsRefused) {
  EXPECT_EQ(town.by(car("car_1"), Report{.car = "car_9"}),
            "NOT_FOUND: there is no Car car_9; list the units, or let it sign on");
  EXPECT_THAT(town.by(car("car_1"), Report{.car = "car_1", .place = Town::off_the_map()}),
              StartsWith("INVALID_ARGUMENT: no road of the map \"grid 12x8\" is within 500 m of"));
  EXPECT_EQ(town.figures().incidents, 0U);
}

TEST_F(IncidentsTest, WithoutAFreeAmbulanceAReportSaysSo) {
  for (int i = 1; i <= 3; ++i) {
    const std::string id = "ambulance_" + std::to_string(i);
    town.by(ambulance(id), Duty{.ambulance = id, .on = false});
  }
  const IncidentId id = town.crash("car_1");
  EXPECT_THAT(town.chain(id), ElementsAre("1 reported car_1", "2 queued: no ambulance is free"));
  EXPECT_EQ(town.figures().queued, 1U);
}

TEST_F(IncidentsTest, TheMostUrgentWaitsFirst) {
  const IncidentId minor = town.crash("car_1", Severity::minor);
  town.by(car("car_2"), Report{.car = "car_2", .severity = Severity::critical, .occupants = 1});
  const IncidentId one = town.heard.receipt.incident;
  town.by(car("car_3"), Report{.car = "car_3", .severity = Severity::critical, .occupants = 3});
  const IncidentId three = town.heard.receipt.incident;
  std::vector<IncidentId> order;
  for (const auto& urgency : town.city.waiting()) order.push_back(urgency.id);
  EXPECT_THAT(order, ElementsAre(three, one, minor));
}

}  // namespace
}  // namespace muster::mobility::incidents_test
