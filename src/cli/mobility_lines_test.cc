// What people and scripts are shown of units, incidents and figures.
#include "cli/mobility_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli::mobility_lines_test {
namespace {

using mobility::Cause;
using mobility::IncidentState;
using mobility::StepKind;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr LogTime noon{1'764'158'400'000};  // 2025-11-26T12:00:00Z.
constexpr mobility::Geographic market{.latitude = 487'758'000, .longitude = 91'829'000};

mobility::Incident crash() {
  mobility::Incident incident{.id = {{LogIndex{17}, 2}},
                              .car = "car_1",
                              .occupants = 2,
                              .place = market,
                              .pickup = market,
                              .reported = noon,
                              .state = IncidentState::waiting,
                              .ambulance = "",
                              .hospital = "north"};
  incident.steps = {
      {.index = 1, .kind = StepKind::reported, .follows = 0, .time = noon, .unit = "car_1"},
      {.index = 2,
       .kind = StepKind::queued,
       .follows = 1,
       .time = noon + 92s,
       .unit = "ambulance_3",
       .cause = Cause::ambulance_lost}};
  return incident;
}

TEST(MobilityLinesTest, APlaceHasSevenDigitsAndItsHemispheres) {
  EXPECT_EQ(place_text(market), "48.7758000 N 9.1829000 E");
  EXPECT_EQ(place_text({.latitude = -1, .longitude = -1'800'000'000}), "0.0000001 S 180.0000000 W");
}

TEST(MobilityLinesTest, AStepHasTheTimeSinceTheReportItsUnitAndItsCause) {
  const mobility::Incident incident = crash();
  EXPECT_EQ(step_text(incident.steps[0], noon), "+0:00    reported      car_1");
  EXPECT_EQ(step_text(incident.steps[1], noon),
            "+1:32    queued        ambulance_3  (the ambulance was lost)");
}

TEST(MobilityLinesTest, AnIncidentAsJsonHasThePromisedFieldsAndTheSchemasNames) {
  EXPECT_EQ(
      incident_json(crash()),
      R"({"id":"17.2","index":17,"ordinal":2,"car":"car_1","state":"WAITING","ambulance":"",)"
      R"("hospital":"north","overCapacity":false,"severity":"SERIOUS","occupants":2,)"
      R"("reported":"2025-11-26T12:00:00.000Z","latitude":48.7758000,"longitude":9.1829000,"steps":[)"
      R"({"index":1,"kind":"REPORTED","follows":0,"time":"2025-11-26T12:00:00.000Z","unit":"car_1",)"
      R"("cause":"NONE","overCapacity":false},)"
      R"({"index":2,"kind":"QUEUED","follows":1,"time":"2025-11-26T12:01:32.000Z",)"
      R"("unit":"ambulance_3","cause":"AMBULANCE_LOST","overCapacity":false}],"stepsDropped":0})");
}

TEST(MobilityLinesTest, AnIncidentForPeopleSaysWhereThePatientIsIfNotAtTheCrash) {
  mobility::Incident incident = crash();
  incident.pickup.latitude += 10'000;
  incident.steps_dropped = 3;
  EXPECT_THAT(
      incident_lines(incident, noon),
      ElementsAre("incident 17.2: waiting", HasSubstr("serious, 2 people, reported "),
                  "at 48.7758000 N 9.1829000 E", "the patient is at 48.7768000 N 9.1829000 E",
                  "   1  +0:00    reported      car_1",
                  "   2  +1:32    queued        ambulance_3  (the ambulance was lost)",
                  "3 steps in between are not kept"));
}

TEST(MobilityLinesTest, AUnitAsJsonHasAllFieldsWhateverItsKind) {
  const mobility::Unit light{.id = {mobility::Kind::traffic_light, "traffic_light_1"},
                             .place = market,
                             .since = noon,
                             .role = mobility::Light{}};
  EXPECT_EQ(unit_json(light),
            R"({"id":"traffic_light_1","kind":"TRAFFIC_LIGHT","state":"PRESENT",)"
            R"("latitude":48.7758000,"longitude":9.1829000,"since":"2025-11-26T12:00:00.000Z",)"
            R"("incident":"","freeBeds":0,"diversion":false,"preemption":"","preemptedBy":""})");
}

TEST(MobilityLinesTest, AUnitForPeopleSaysWhatItsKindHasToSay) {
  const mobility::Unit hospital{.id = {mobility::Kind::hospital, "north"},
                                .place = market,
                                .role = mobility::Hospital{.free_beds = 1, .diversion = true}};
  mobility::Granting wish{.order = 4, .ambulance = "ambulance_3"};
  wish.status = mobility::PreemptionStatus::granted;
  const mobility::Unit light{.id = {mobility::Kind::traffic_light, "l"},
                             .place = market,
                             .role = mobility::Light{.last_order = 4, .wishes = {wish}}};
  const auto rows = unit_rows({hospital, light});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].back(), "1 free bed, on diversion");
  EXPECT_EQ(rows[2].back(), "ambulance_3: granted");
}

TEST(MobilityLinesTest, AnOrderAsJsonHasItsPlaceInTheLogAndTheSchemasName) {
  const mobility::Order order{.kind = mobility::OrderKind::go_to_scene,
                              .incident = {{LogIndex{17}, 0}},
                              .step = 2,
                              .unit = "car_1",
                              .place = market,
                              .occupants = 1,
                              .travel = 1'500ms};
  EXPECT_EQ(order_json(order, {LogIndex{18}, 1}),
            R"({"event":"order","index":18,"ordinal":1,"kind":"GO_TO_SCENE","incident":"17.0",)"
            R"("step":2,"unit":"car_1","latitude":48.7758000,"longitude":9.1829000,)"
            R"("severity":"SERIOUS","occupants":1,"travelMs":1500,"overCapacity":false,)"
            R"("leaseMs":0})");
}

TEST(MobilityLinesTest, FiguresAsCsvAreALineOfNamesAndOneOfValues) {
  mobility::FiguresSummary figures{.incidents = 3, .open = 1};
  figures.response_mean = 61s;
  figures.busy_ms = 1;
  figures.on_duty_ms = 3;
  const std::string csv = figures_csv(figures);
  EXPECT_EQ(csv.substr(csv.find("\r\n")),
            "\r\n3,1,0,0,0,0,0,0,0,0,0,61000,0,0,0,0,0,0,0.3333,0,0,0");
  EXPECT_THAT(csv, testing::StartsWith("incidents,open,waiting,closed,cancelled,"));
  EXPECT_THAT(figures_json(figures), HasSubstr(R"("responseMeanMs":61000,)"));
}

TEST(MobilityLinesTest, FiguresOfNothingAreNoZeroTimes) {
  const auto lines = figures_lines({});
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[1], "response time  - (no ambulance was on a scene yet)");
  EXPECT_EQ(lines[2], "targets        - within 7 minutes, - within 15");
  for (const std::string& line : lines) EXPECT_LE(line.size(), 80U) << line;
}

}  // namespace
}  // namespace muster::cli::mobility_lines_test
