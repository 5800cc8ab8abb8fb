// Units sign on, say how it stands with them, and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mobility/testing.h"

namespace muster::mobility::units_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(UnitsTest, AUnitIsThereOnceItsSessionSignedOnAndGoneWithIt) {
  Town town;
  const std::map<UnitId, std::string> states{{car("a"), "present"},
                                             {ambulance("a"), "available"},
                                             {hospital("a"), "present"},
                                             {light("a"), "present"}};
  for (const auto& [id, state] : states) {
    EXPECT_EQ(town.sign_on(id, Town::crossing(1, 1)), "ok");
    EXPECT_EQ(town.sign_on(id, Town::crossing(1, 1)), "again");
    EXPECT_EQ(town.state(id), state);
  }
  EXPECT_EQ(town.units().units.size(), 4U);
  EXPECT_TRUE(is_as_told(town));
  for (const auto& [id, state] : states) town.lose(id);
  EXPECT_THAT(town.units().units, IsEmpty());
  EXPECT_TRUE(is_as_told(town));
}

TEST(UnitsTest, ATakenIdIsRefusedWithTheLowestThatIsFree) {
  Town town;
  const auto refused = [&] {
    return town.command(
        encode(Request{SignOn{.unit = car("car_1"), .place = Town::crossing(0, 0)}}),
        town.next_session());
  };
  town.sign_on(car("car_1"), Town::crossing(0, 0));
  EXPECT_EQ(refused(), "ALREADY_EXISTS: Car car_1 is there already; car_2 is free");
  town.sign_on(car("car_2"), Town::crossing(0, 0));
  town.sign_on(car("car_4"), Town::crossing(0, 0));
  town.sign_on(car("car_03"), Town::crossing(0, 0));
  town.sign_on(ambulance("car_3"), Town::crossing(0, 0));
  EXPECT_EQ(refused(), "ALREADY_EXISTS: Car car_1 is there already; car_3 is free");
  town.sign_on(car("car_3"), Town::crossing(0, 0));
  EXPECT_EQ(refused(), "ALREADY_EXISTS: Car car_1 is there already; car_5 is free");
  town.lose(car("car_2"));
  EXPECT_EQ(refused(), "ALREADY_EXISTS: Car car_1 is there already; car_2 is free");
}

TEST(UnitsTest, AmongAsManyUnitsAsThereCanBeAnIdIsStillFree) {
  Town town(Mobility::Options{.units_max = 64});
  for (int i = 1; i <= 64; ++i) {
    ASSERT_EQ(town.sign_on(car("car_" + std::to_string(i)), Town::crossing(0, 0)), "ok");
  }
  const auto sign_on = [&](const UnitId& id) {
    return town.command(encode(Request{SignOn{.unit = id, .place = Town::crossing(0, 0)}}),
                        town.next_session());
  };
  EXPECT_EQ(sign_on(car("car_1")), "ALREADY_EXISTS: Car car_1 is there already; car_65 is free");
  EXPECT_EQ(sign_on(car("car_65")),
            "RESOURCE_EXHAUSTED: there are 64 units, the limit of a group; sign some off");
  town.by(car("car_7"), SignOff{car("car_7")});
  EXPECT_EQ(sign_on(car("car_1")), "ALREADY_EXISTS: Car car_1 is there already; car_7 is free");
  EXPECT_EQ(sign_on(car("car_99999999999999999999")), "ok");
}

TEST(UnitsTest, ASessionIsOneUnitAndOnlyItsOwn) {
  Town town;
  town.sign_on(car("car_1"), Town::crossing(0, 0));
  EXPECT_EQ(town.by(car("car_1"), SignOn{.unit = car("car_2"), .place = Town::crossing(0, 0)}),
            "FAILED_PRECONDITION: this session is Car car_1; sign that off first");
  EXPECT_EQ(town.by(car("car_2"), SignOff{car("car_1")}),
            "PERMISSION_DENIED: only Car car_1 itself says that");
  EXPECT_THAT(town.by(car("car_1"), SignOff{car("car_2")}), StartsWith("NOT_FOUND"));
  EXPECT_EQ(town.by(car("car_1"), SignOff{car("car_1")}), "ok");
  EXPECT_EQ(town.by(car("car_1"), SignOn{.unit = car("car_2"), .place = Town::crossing(0, 0)}),
            "ok");
}

TEST(UnitsTest, APlaceOffTheMapIsRefused) {
  Town town;
  EXPECT_THAT(town.sign_on(car("car_1"), Town::off_the_map()),
              StartsWith("INVALID_ARGUMENT: no road of the map"));
  EXPECT_THAT(town.units().units, IsEmpty());
}

TEST(UnitsTest, ASessionThatWasNoUnitEndsWithoutANoise) {
  Town town;
  populate(town);
  town.heard.raw_events.clear();
  town.city.session_ended(town.next_session(), {}, town.time, town.heard);
  EXPECT_THAT(town.heard.raw_events, IsEmpty());
}

// ---- Duty ---------------------------------------------------------------------------------------

TEST(UnitsTest, AnAmbulanceGoesOffDutyUnlessItHasAPatient) {
  for (int state = 1; state <= static_cast<int>(IncidentState::closed); ++state) {
    Town town;
    populate(town);
    const IncidentId id = town.crash("car_1");
    if (state > 1) town.assign(id, "ambulance_1");
    town.bring(id, "ambulance_1", static_cast<IncidentState>(state));
    town.take_orders(ambulance("ambulance_1"));
    const std::string said =
        town.by(ambulance("ambulance_1"), Duty{.ambulance = "ambulance_1", .on = false});
    const bool has_patient = state >= static_cast<int>(IncidentState::on_scene) &&
                             state <= static_cast<int>(IncidentState::handed_over);
    EXPECT_THAT(said, StartsWith(has_patient ? "FAILED_PRECONDITION: it has a patient" : "ok"));
    if (has_patient) continue;
    EXPECT_EQ(town.state(ambulance("ambulance_1")), "off duty");
    const bool had_job = state == static_cast<int>(IncidentState::assigned) ||
                         state == static_cast<int>(IncidentState::accepted);
    EXPECT_EQ(town.take_orders(ambulance("ambulance_1")).size(), had_job ? 1U : 0U);
    if (had_job) {
      EXPECT_EQ(town.chain(id).back().substr(2), "queued ambulance_1: the ambulance gave it up");
    }
    EXPECT_EQ(town.by(ambulance("ambulance_1"), Duty{.ambulance = "ambulance_1", .on = false}),
              "again");
    EXPECT_EQ(town.by(ambulance("ambulance_1"), Duty{.ambulance = "ambulance_1", .on = true}),
              "ok");
    EXPECT_EQ(town.state(ambulance("ambulance_1")), "available");
    EXPECT_TRUE(is_as_told(town));
  }
}

TEST(UnitsTest, WhoIsOffDutyGetsNoIncident) {
  Town town;
  populate(town);
  town.by(ambulance("ambulance_1"), Duty{.ambulance = "ambulance_1", .on = false});
  const IncidentId id = town.crash("car_1");
  EXPECT_EQ(town.assign(id, "ambulance_1"), "ABORTED: ambulance_1 is not available; look again");
  const LogTime began = town.time;
  town.wait(10s);
  town.by(ambulance("ambulance_1"), Duty{.ambulance = "ambulance_1", .on = true});
  town.wait(5s);
  EXPECT_EQ(town.city.find(ambulance("ambulance_1"))->since, began + 10s);
  town.by(car("car_1"), Report{.car = "car_1"});
  EXPECT_EQ(town.figures().on_duty_ms, 2 * 15'000U + 5'000U);
}

// ---- Beds ---------------------------------------------------------------------------------------

TEST(UnitsTest, AHospitalSaysHowManyBedsAreFreeAndWhetherItWantsAmbulances) {
  Town town;
  populate(town);
  const UnitId one = hospital("hospital_1");
  EXPECT_EQ(town.by(one, Beds{.hospital = "hospital_1", .free = 5}), "ok");
  EXPECT_EQ(town.heard.receipt.free_beds, 5U);
  EXPECT_EQ(town.by(one, Beds{.hospital = "hospital_1", .free = 5}), "again");
  EXPECT_EQ(town.by(one, Beds{.hospital = "hospital_1", .change = -2}), "ok");
  EXPECT_EQ(town.heard.receipt.free_beds, 3U);
  EXPECT_EQ(town.by(one, Beds{.hospital = "hospital_1", .change = -4}),
            "INVALID_ARGUMENT: there are 3 free beds; no hospital has fewer than 0");
  EXPECT_EQ(town.by(one, Beds{.hospital = "hospital_1", .change = 9'998}),
            "INVALID_ARGUMENT: a hospital has at most 10000 free beds");
  EXPECT_EQ(town.by(one, Beds{.hospital = "hospital_1", .change = 9'997}), "ok");
  EXPECT_EQ(town.by(one, Beds{.hospital = "hospital_1", .change = -10'000, .diversion = true}),
            "ok");
  EXPECT_TRUE(town.role<Hospital>(one).diversion);
  EXPECT_EQ(town.beds("hospital_1"), "0 free, 0 promised");
  EXPECT_EQ(town.by(hospital("hospital_2"), Beds{.hospital = "hospital_1", .free = 1}),
            "PERMISSION_DENIED: only Hospital hospital_1 itself says that");
  EXPECT_TRUE(is_as_told(town));
}

struct BedsTest : ::testing::Test {
  BedsTest() {
    populate(town);
    for (int i = 0; i < 3; ++i) {
      incidents.push_back(town.crash("car_" + std::to_string(i + 1)));
      town.bring(incidents.back(), "ambulance_" + std::to_string(i + 1), IncidentState::on_scene);
    }
  }
  void set(const std::string& at, std::int32_t free, bool diversion = false) {
    town.by(hospital(at), Beds{.hospital = at, .free = free, .diversion = diversion});
  }
  Town town;
  std::vector<IncidentId> incidents;
};

TEST_F(BedsTest, NoMoreBedsArePromisedThanAreFree) {
  EXPECT_EQ(town.reserve(incidents[0], "hospital_1"), "ok");
  EXPECT_EQ(town.reserve(incidents[1], "hospital_1"), "ok");
  EXPECT_EQ(town.reserve(incidents[2], "hospital_1"),
            "ABORTED: hospital_1 has no bed for it; look again");
  EXPECT_EQ(town.reserve(incidents[0], "hospital_1"),
            "ABORTED: hospital_1 expects that patient already; look again");
  EXPECT_EQ(town.beds("hospital_1"), "0 free, 2 promised");
  EXPECT_THAT(
      town.standing(hospital("hospital_1")),
      ElementsAre("expect a patient 111.0/5 ambulance_1", "expect a patient 115.0/5 ambulance_2"));
}

TEST_F(BedsTest, OverCapacityABedIsPromisedOnlyWhenAllAreFull) {
  set("hospital_1", 0);
  EXPECT_EQ(town.reserve(incidents[0], "hospital_1", true),
            "ABORTED: hospital_2 has a free bed; look again");
  set("hospital_2", 1, true);
  EXPECT_EQ(town.reserve(incidents[0], "hospital_1", true), "ok");
  EXPECT_EQ(town.beds("hospital_1"), "0 free, 1 promised");
  EXPECT_EQ(town.chain(incidents[0]).back(), "5 bed reserved hospital_1, over capacity");
  EXPECT_EQ(town.figures().over_capacity, 1U);
  // Such a promise gives no bed back that was none.
  set("hospital_2", 1);
  EXPECT_EQ(town.reserve(incidents[0], "hospital_2", false, Cause::better), "ok");
  EXPECT_EQ(town.beds("hospital_1"), "0 free, 0 promised");
  EXPECT_EQ(town.beds("hospital_2"), "0 free, 1 promised");
  EXPECT_EQ(town.take_orders(hospital("hospital_1")).back(), "expect nobody 111.0/5");
  EXPECT_EQ(town.figures().diverted, 1U);
}

TEST_F(BedsTest, WhoHasABedIsNotSentToOneThatHasNone) {
  set("hospital_1", 1);
  set("hospital_2", 0);
  EXPECT_EQ(town.reserve(incidents[0], "hospital_1"), "ok");
  EXPECT_EQ(town.reserve(incidents[0], "hospital_2", true),
            "ABORTED: hospital_1 has a bed for it; look again");
  set("hospital_1", 0, true);
  EXPECT_EQ(town.reserve(incidents[0], "hospital_2", true, Cause::hospital_on_diversion), "ok");
  EXPECT_EQ(town.beds("hospital_1"), "1 free, 0 promised");
}

TEST_F(BedsTest, ABedIsPromisedFromAcceptingUntilHandingOver) {
  const IncidentId id = incidents[0];
  town.bring(id, "ambulance_1", IncidentState::handed_over);
  EXPECT_EQ(town.reserve(id, "hospital_2"), "ABORTED: incident 111.0 is handed over; look again");
  town.bring(id, "ambulance_1", IncidentState::closed);
  town.wait(3min);
  const IncidentId next = town.crash("car_1");
  EXPECT_EQ(town.reserve(next, "hospital_2"),
            "ABORTED: incident " + to_text(next) + " is waiting; look again");
  EXPECT_EQ(town.reserve(next, "hospital_9"), "NOT_FOUND: the unit has gone");
  const Reserve old{.incident = incidents[1], .follows = 4, .hospital = "hospital_1"};
  EXPECT_EQ(town.decide(old), "ABORTED: Hospital hospital_1 has changed; look again");
}

}  // namespace
}  // namespace muster::mobility::units_test
