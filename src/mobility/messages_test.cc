// Everything that is said survives its bytes, and what cannot be is refused.
#include "mobility/messages.h"

#include <gtest/gtest.h>

#include "mobility/fix.h"
#include "mobility/mobility.pb.h"
#include "mobility/testing.h"
#include "wire/control.h"

namespace muster::mobility::messages_test {
namespace {

using namespace std::chrono_literals;

const IncidentId some_incident{{.index = {17}, .ordinal = 3}};
const Geographic some_place{.latitude = 487'758'000, .longitude = -91'829'000};

TEST(MessagesTest, RequestsSurviveTheirBytes) {
  const wire::Sha256 digest = wire::sha256(as_bytes("map"));
  for (const Request& request : {
           Request{SignOn{ambulance("a"), some_place, all_capabilities, beds_max}},
           Request{SignOn{.unit = light("l")}},
           Request{SignOff{hospital("h")}},
           Request{Report{"c", some_place, Severity::critical, occupants_max}},
           Request{Report{.car = "c", .occupants = 0}},
           Request{Progress{"a", some_incident, 5, StepKind::closed, some_place}},
           Request{Progress{.ambulance = "a"}},
           Request{Duty{"a", false}},
           Request{Beds{.hospital = "h", .free = 0, .diversion = false}},
           Request{Beds{.hospital = "h", .change = -7}},
           Request{Signal{"l", 4, PreemptionStatus::max_presence}},
           Request{Cancel{"c", some_incident, "key"}},
           Request{Cancel{.incident = some_incident}},
           Request{MapPart{digest, 5, 1, {std::byte{7}}}},
           Request{Assign{some_incident, 2, "a", 9, 61s}},
           Request{Reserve{some_incident, 2, "h", 9, true, 24h, Cause::by_operator}},
           Request{Preempt{"l", "a", 9, Way{{1}, {2}}, 5s, 20s}},
           Request{Preempt{.light = "l", .ambulance = "a"}},
           Request{Locate{{{ambulance("a"), 9, some_place}, {car("c"), 0, {}}}}},
           Request{Locate{}},
       }) {
    EXPECT_EQ(decode_request(encode(request)).value(), request);
  }
}

TEST(MessagesTest, WhatIsToldSurvivesItsBytes) {
  const Receipt receipt{.position = {{1}, 2},
                        .time = {3},
                        .incident = some_incident,
                        .step = 4,
                        .repeated = true,
                        .state = UnitState::at_hospital,
                        .free_beds = 5};
  EXPECT_EQ(decode_receipt(encode(receipt)).value(), receipt);
  EXPECT_EQ(decode_receipt(encode(Receipt{})).value(), Receipt{});
  const Order order{.kind = OrderKind::patient_arrived,
                    .incident = some_incident,
                    .step = 6,
                    .unit = "h",
                    .place = some_place,
                    .severity = Severity::minor,
                    .occupants = 2,
                    .travel = 90s,
                    .over_capacity = true,
                    .way = {{1}, {2}},
                    .lease = 15s};
  EXPECT_EQ(decode_order(encode(order)).value(), order);
  const std::vector<Order> orders{order, Order{}};
  EXPECT_EQ(decode_orders(encode(orders)).value(), orders);
  const std::vector<Approach> approaches{{"a", some_place, 15'000}, {}};
  EXPECT_EQ(decode_approaches(encode(approaches)).value(), approaches);
  EXPECT_EQ(decode_approach(encode(approaches.front())).value(), approaches.front());
  const MapAnswer map{"a city", {wire::sha256(as_bytes("x")), 9, 3, {std::byte{1}}}};
  EXPECT_EQ(decode_map_answer(encode(map)).value(), map);
  const FiguresSummary figures{.incidents = 1,
                               .open = 2,
                               .waiting = 3,
                               .closed = 4,
                               .cancelled = 5,
                               .repeated_reports = 6,
                               .queued = 7,
                               .reassigned = 8,
                               .diverted = 9,
                               .over_capacity = 10,
                               .responses = 11,
                               .response_mean = 12s,
                               .response_p50 = 13s,
                               .response_p90 = 14s,
                               .responses_within_7_min = 15,
                               .responses_within_15_min = 16,
                               .hospital_mean = 17s,
                               .hospital_p90 = 18s,
                               .busy_ms = 19,
                               .on_duty_ms = 20,
                               .preemptions = 21,
                               .preemptions_granted = 22,
                               .preempted_ms = 23};
  EXPECT_EQ(decode_figures(encode(figures)).value(), figures);
}

TEST(MessagesTest, QueriesSurviveTheirBytes) {
  for (const Query& query :
       {Query{AskIncidents{true, some_incident, 5}}, Query{AskIncidents{}},
        Query{AskIncident{some_incident}}, Query{AskUnits{Kind::hospital, car("c"), 7}},
        Query{AskUnits{}}, Query{AskFigures{}}, Query{AskMap{128}}}) {
    EXPECT_EQ(decode_query(encode(query)).value(), query);
  }
}

TEST(MessagesTest, AFixSurvivesItsBytesAndNothingElsePassesForOne) {
  const Fix fix{some_place, 1'389};
  const Bytes bytes = encode(fix);
  EXPECT_EQ(bytes.size(), fix_bytes);
  EXPECT_EQ(decode_fix(bytes), fix);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_fix(BytesView(bytes).first(size)), std::nullopt);
  }
  EXPECT_EQ(decode_fix(encode(Fix{.place = {.latitude = 900'000'001}})), std::nullopt);
  EXPECT_EQ(decode_fix(encode(Fix{.place = {.longitude = -1'800'000'001}})), std::nullopt);
}

template <class Message>
std::string refusal(const Message& message) {
  const auto request = decode_request(wire::encode(message));
  if (request) return "none";
  EXPECT_EQ(request.error().code, ErrorCode::invalid_argument);
  return request.error().message;
}

TEST(MessagesTest, WhatCannotBeWhateverTheStateIsRefused) {
  schema::Command command;
  EXPECT_EQ(refusal(command),
            "the command says nothing that this version of the mobility service knows");
  auto* const progress = command.mutable_progress();
  progress->set_ambulance("a");
  for (const int step : {0, 1, 2, 3, 6 + 256, 5 + 65'536, -251, 14}) {
    progress->set_reached(static_cast<schema::StepKind::Value>(step));
    EXPECT_NE(refusal(command), "none") << step;
  }
  progress->set_reached(schema::StepKind::ACCEPTED);
  EXPECT_EQ(refusal(command), "none");
  for (const std::string id : {"", " ", "a b", "#a", "a\n", "\x1b[2J"}) {
    progress->set_ambulance(id);
    EXPECT_NE(refusal(command), "none") << id;
  }
  progress->set_ambulance(std::string(64, 'a'));
  EXPECT_EQ(refusal(command), "none");
  progress->set_ambulance(std::string(65, 'a'));
  EXPECT_NE(refusal(command), "none");
  auto* const sign_on = command.mutable_sign_on();
  sign_on->mutable_unit()->set_kind(schema::Kind::CAR);
  sign_on->mutable_unit()->set_id("c");
  sign_on->mutable_place();
  sign_on->set_capabilities(4);
  EXPECT_EQ(refusal(command), "this version of the mobility service knows no such capability");
  sign_on->set_capabilities(3);
  sign_on->set_beds(10'001);
  EXPECT_EQ(refusal(command), "a hospital has at most 10000 free beds");
  sign_on->set_beds(10'000);
  sign_on->mutable_place()->set_latitude_e7(900'000'001);
  EXPECT_EQ(refusal(command), "a place is beyond 90 degrees of latitude or 180 of longitude");
  auto* const beds = command.mutable_beds();
  beds->set_hospital("h");
  EXPECT_EQ(refusal(command),
            "say how many beds are free, or whether the hospital is on diversion");
  beds->set_free(-1);
  EXPECT_EQ(refusal(command), "no hospital has fewer than 0 free beds");
  beds->set_free(1);
  beds->set_change(1);
  EXPECT_EQ(refusal(command), "give a number of free beds or a change, not both");
  auto* const signal = command.mutable_signal();
  signal->set_light("l");
  signal->set_status(schema::Preemption::REQUESTED);
  EXPECT_NE(refusal(command), "none");
  signal->set_status(schema::Preemption::WATCH_OTHER_TRAFFIC);
  EXPECT_EQ(refusal(command), "a light does not decide who comes first");
  auto* const report = command.mutable_report();
  report->set_car("c");
  EXPECT_NE(refusal(command), "none");  // No severity.
  report->set_severity(schema::Severity::MINOR);
  report->set_occupants(256);
  EXPECT_EQ(refusal(command), "a car has at most 255 occupants");
  auto* const part = command.mutable_map_part();
  part->set_digest("short");
  EXPECT_EQ(refusal(command), "a map's digest has 32 bytes");
  part->set_digest(std::string(32, 'd'));
  EXPECT_EQ(refusal(command), "a piece of a map has 1 to 131072 bytes");
  part->set_bytes(std::string(131'073, 'b'));
  EXPECT_EQ(refusal(command), "a piece of a map has 1 to 131072 bytes");
  Locate many;
  many.units.resize(257, {car("c"), 0, {}});
  EXPECT_EQ(decode_request(encode(Request{many})).error().message,
            "one command locates at most 256 units");
}

TEST(MessagesTest, AnswersHaveAsManyAsFit) {
  const std::string id(64, 'x');
  Units units;
  for (int i = 0; i < 8'000; ++i) {
    units.units.push_back({.id = ambulance(id),
                           .session = SessionId{Uuid::make_v7(1ms, 1, 1)},
                           .role = Ambulance{.incident = some_incident}});
  }
  for (const std::size_t most : {answer_bytes_max, state_bytes_max}) {
    const Bytes bytes = encode(units, most);
    EXPECT_LE(bytes.size(), most + 2);
    EXPECT_GT(bytes.size(), most - most / 20);
    EXPECT_TRUE(decode_units(bytes).value().more);
  }
  units.units.resize(256);
  EXPECT_FALSE(decode_units(encode(units)).value().more);
  Incident incident{.id = some_incident, .car = id};
  for (std::uint32_t i = 1; i <= 128; ++i) incident.steps.push_back({.index = i, .unit = id});
  EXPECT_EQ(decode_incidents(encode(Incidents{.incidents = {incident, incident}}, 1)).value(),
            (Incidents{.incidents = {incident}, .more = true}));
  const Bytes orders = encode(std::vector<Order>(
      4'096, Order{.incident = some_incident, .unit = id, .place = some_place, .travel = 24h}));
  EXPECT_EQ(decode_orders(orders).value().size(), 4'096U);
}

}  // namespace
}  // namespace muster::mobility::messages_test
