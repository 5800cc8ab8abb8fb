// The city as a whole: who may decide, its limits, its map, and what can be asked of it.
#include "mobility/mobility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mobility/testing.h"
#include "wire/limits.h"

namespace muster::mobility::mobility_test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(MobilityTest, OnlyTheLeaderDecides) {
  Town town;
  populate(town);
  for (const Request& request :
       {Request{Assign{.ambulance = "a"}}, Request{Reserve{.hospital = "h"}},
        Request{Preempt{.light = "l", .ambulance = "a"}}, Request{Locate{}}}) {
    EXPECT_EQ(town.by(car("car_1"), request),
              "PERMISSION_DENIED: only the leader decides that; report what you see instead");
  }
  EXPECT_THAT(town.command(as_bytes("no command"), town.next_session()),
              StartsWith("INVALID_ARGUMENT"));
}

TEST(MobilityTest, SoManyIncidentsAreOpenAndSoManyThatAreOverAreKept) {
  Town town(Mobility::Options{.open_incidents_max = 2, .over_kept = 1});
  populate(town);
  const IncidentId first = town.crash("car_1");
  const IncidentId second = town.crash("car_2");
  EXPECT_EQ(town.by(car("car_3"), Report{.car = "car_3"}),
            "RESOURCE_EXHAUSTED: there are 2 open incidents, the limit of a group; report it again "
            "in a while");
  // The older one is over later, in the same millisecond.
  EXPECT_EQ(town.decide(Cancel{.incident = second}), "ok");
  EXPECT_EQ(town.decide(Cancel{.incident = first}), "ok");
  EXPECT_EQ(town.heard.receipt.incident, first);
  EXPECT_EQ(town.state(first), "cancelled");
  EXPECT_EQ(town.state(second), "gone");
  EXPECT_EQ(town.by(car("car_3"), Report{.car = "car_3"}), "ok");
}

TEST(MobilityTest, AChainKeepsItsFirstAndItsLastSteps) {
  Town town(Mobility::Options{.steps_kept = 4, .first_steps_kept = 2});
  populate(town);
  const IncidentId id = town.crash("car_1");
  for (int i = 0; i < 5; ++i) {
    town.assign(id, "ambulance_1");
    town.lose(ambulance("ambulance_1"));
    town.sign_on(ambulance("ambulance_1"), Town::crossing(1, 1));
  }
  const Incident& incident = *town.city.find(id);
  std::vector<std::uint32_t> kept;
  for (const Step& step : incident.steps) kept.push_back(step.index);
  EXPECT_EQ(kept, (std::vector<std::uint32_t>{1, 2, 10, 11}));
  EXPECT_EQ(incident.last_step(), 11U);
  EXPECT_EQ(incident.steps_dropped, 7U);
  EXPECT_TRUE(is_as_told(town));
}

TEST(MobilityTest, TopicsOfAFullCityAreToldAsFarAsTheyFit) {
  Town town;
  for (int i = 0; i < 6'000; ++i) {
    const UnitId id = car("car_" + std::string(50, 'x') + std::to_string(i));
    ASSERT_EQ(town.sign_on(id, Town::crossing(1, 1)), "ok");
    if (i < 4'096) {
      ASSERT_EQ(town.by(id, Report{.car = id.id}), "ok");
    }
    town.heard = {};
  }
  const Bytes units = town.city.topic_state(units_topic).value();
  EXPECT_LE(units.size(), wire::control_bytes_max);
  EXPECT_TRUE(decode_units(units).value().more);
  const Bytes incidents = town.city.topic_state(incidents_topic).value();
  EXPECT_LE(incidents.size(), wire::control_bytes_max);
  EXPECT_TRUE(decode_incidents(incidents).value().more);
}

// ---- The map ------------------------------------------------------------------------------------

struct MapTest : ::testing::Test {
  MapTest() {
    const RoadMap map = RoadMap::grid({.columns = 20, .rows = 20}, default_origin).value();
    bytes = map.encode();
  }
  std::string send(std::uint64_t offset, std::size_t size, std::string_view changed = "") {
    MapPart part{.digest = wire::sha256(bytes), .total_bytes = bytes.size(), .offset = offset};
    const std::size_t end = std::min(bytes.size(), static_cast<std::size_t>(offset) + size);
    for (std::size_t at = offset; at < end; ++at) part.bytes.push_back(bytes[at]);
    if (!changed.empty()) part.bytes.back() ^= std::byte{1};
    return town.by(car("car_1"), part);
  }
  Town town;
  Bytes bytes;
};

TEST_F(MapTest, AMapComesInPiecesAndIsTheMapWhenAllAreThere) {
  const std::size_t half = bytes.size() / 2;
  EXPECT_EQ(send(0, half), "ok");
  EXPECT_EQ(town.city.map().name(), "grid 12x8");
  EXPECT_EQ(send(half, bytes.size()), "ok");
  EXPECT_EQ(town.city.map().name(), "grid 20x20");
  EXPECT_EQ(send(0, 1), "again");
  Bytes asked;
  while (asked.size() < bytes.size()) {
    const MapAnswer answer =
        decode_map_answer(town.city.query(encode(Query{AskMap{asked.size()}})).value()).value();
    EXPECT_EQ(answer.name, "grid 20x20");
    EXPECT_EQ(answer.part.digest, wire::sha256(bytes));
    asked.insert(asked.end(), answer.part.bytes.begin(), answer.part.bytes.end());
  }
  EXPECT_EQ(asked, bytes);
  EXPECT_EQ(town.city.query(encode(Query{AskMap{bytes.size() + 1}})).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(MapTest, PiecesOutOfOrderOrOfAnotherMapAreRefused) {
  constexpr std::string_view not_next =
      "ABORTED: this is not the next piece of the map that is being sent; begin anew";
  EXPECT_EQ(send(5, 5), not_next);
  EXPECT_EQ(send(0, 10), "ok");
  EXPECT_EQ(send(5, 10), not_next);
  EXPECT_EQ(send(10, 10), "ok");
  EXPECT_EQ(send(10, 10), not_next);
  EXPECT_EQ(send(0, 10), "ok");
  EXPECT_EQ(send(10, bytes.size(), "changed"),
            "INVALID_ARGUMENT: the map does not have the digest it came with");
  EXPECT_EQ(send(10, 10), not_next);
  MapPart part{.total_bytes = 1, .bytes = Bytes(2)};
  EXPECT_EQ(town.by(car("c"), part), "INVALID_ARGUMENT: the pieces are more than the map");
  part.total_bytes = RoadMap::bytes_max + 1;
  EXPECT_THAT(town.by(car("c"), part), StartsWith("RESOURCE_EXHAUSTED: a map has at most 4194304"));
  part = {.digest = wire::sha256(Bytes(2)), .total_bytes = 2, .bytes = Bytes(2)};
  EXPECT_THAT(town.by(car("c"), part), StartsWith("INVALID_ARGUMENT"));
  EXPECT_EQ(town.city.map().name(), "grid 12x8");
}

TEST_F(MapTest, WhileAnIncidentIsOpenTheMapStays) {
  populate(town);
  EXPECT_EQ(send(0, 10), "ok");
  const IncidentId id = town.crash("car_1");
  EXPECT_EQ(send(10, bytes.size()),
            "FAILED_PRECONDITION: 1 incidents are open; change the map when they are over");
  town.decide(Cancel{.incident = id});
  EXPECT_EQ(send(10, bytes.size()), "ok");
}

TEST_F(MapTest, APatientWhoseAmbulanceIsLostIsNotLookedForOffTheMap) {
  populate(town);
  bytes = RoadMap::grid({}, {.latitude = 0, .longitude = 0}).value().encode();
  EXPECT_EQ(send(0, bytes.size()), "ok");
  const Geographic here{.latitude = 0, .longitude = 0};
  EXPECT_EQ(town.by(car("car_1"), Report{.car = "car_1", .place = here}), "ok");
  const IncidentId id = town.heard.receipt.incident;
  town.bring(id, "ambulance_1", IncidentState::transporting);
  town.lose(ambulance("ambulance_1"));
  EXPECT_EQ(town.city.find(id)->pickup, here);
}

// ---- Queries ------------------------------------------------------------------------------------

TEST(MobilityQueryTest, UnitsAreListedPageByPage) {
  Town town;
  populate(town);
  for (const std::optional<Kind> kind : {std::optional<Kind>{}, {Kind::ambulance}, {Kind::car}}) {
    std::vector<Unit> all;
    Units page{.more = true};
    while (page.more) {
      AskUnits ask{.kind = kind, .most = 2};
      if (!all.empty()) ask.after = all.back().id;
      page = town.units(ask);
      all.insert(all.end(), page.units.begin(), page.units.end());
      ASSERT_LE(page.units.size(), 2U);
    }
    EXPECT_EQ(all, town.units({.kind = kind}).units);
    EXPECT_EQ(all.size(), kind ? 3U : 10U);
  }
}

TEST(MobilityQueryTest, IncidentsAreListedPageByPageAndOneIsAskedByItsId) {
  Town town;
  populate(town);
  const IncidentId first = town.crash("car_1");
  const IncidentId second = town.crash("car_2");
  const IncidentId third = town.crash("car_3");
  town.decide(Cancel{.incident = second});
  EXPECT_EQ(town.incidents().incidents.size(), 3U);
  const Incidents open = town.incidents({.open_only = true, .most = 1});
  EXPECT_EQ(open.incidents.front().id, first);
  EXPECT_TRUE(open.more);
  const Incidents rest = town.incidents({.open_only = true, .after = first});
  ASSERT_EQ(rest.incidents.size(), 1U);
  EXPECT_EQ(rest.incidents.front().id, third);
  EXPECT_FALSE(rest.more);
  const auto one = town.city.query(encode(Query{AskIncident{second}}));
  EXPECT_EQ(decode_incidents(one.value()).value().incidents.front().state,
            IncidentState::cancelled);
  EXPECT_EQ(town.city.query(encode(Query{AskIncident{}})).error().code, ErrorCode::not_found);
  EXPECT_EQ(town.city.query(as_bytes("?")).error().code, ErrorCode::invalid_argument);
}

TEST(MobilityQueryTest, TopicsOfNobodyHaveNoOrdersAndOtherTopicsAreNone) {
  Town town;
  EXPECT_THAT(town.standing(ambulance("nobody")), IsEmpty());
  EXPECT_EQ(town.city.topic_state("mobility/elsewhere").error().code, ErrorCode::not_found);
  EXPECT_THAT(decode_approaches(town.city.topic_state(way_topic).value()).value(), IsEmpty());
}

}  // namespace
}  // namespace muster::mobility::mobility_test
