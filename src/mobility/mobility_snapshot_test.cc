// A city's snapshot gives the same city again, and nothing else passes for one.
#include <gtest/gtest.h>

#include "mobility/testing.h"

namespace muster::mobility::mobility_snapshot_test {
namespace {

using namespace std::chrono_literals;

const Mobility::Options small{.over_kept = 2, .steps_kept = 6, .first_steps_kept = 2};

/// Something of everything: an incident in each state, wishes, promises, and half a map.
void live_through_a_day(Town& town) {
  populate(town);
  for (std::uint32_t i = 4; i <= 6; ++i) {
    town.sign_on(ambulance("ambulance_" + std::to_string(i)), Town::crossing(i, 1));
    town.sign_on(car("car_" + std::to_string(i)), Town::crossing(i, 5));
  }
  town.bring(town.crash("car_1"), "ambulance_1", IncidentState::closed);
  town.by(car("car_2"), Cancel{.car = "car_2", .incident = town.crash("car_2")});
  town.wait(3min);
  Bytes map = RoadMap::grid({.columns = 2, .rows = 2}, default_origin).value().encode();
  const wire::Sha256 digest = wire::sha256(map);
  const std::uint64_t total = map.size();
  map.resize(map.size() / 2);
  town.by(car("car_1"), MapPart{.digest = digest, .total_bytes = total, .bytes = map});
  town.bring(town.crash("car_1"), "ambulance_1", IncidentState::handed_over);
  town.bring(town.crash("car_2"), "ambulance_2", IncidentState::transporting, "hospital_2");
  const IncidentId moved = town.crash("car_3", Severity::critical);
  town.bring(moved, "ambulance_3", IncidentState::transporting, "hospital_2");
  town.lose(ambulance("ambulance_3"));
  town.bring(moved, "ambulance_4", IncidentState::accepted);
  town.crash("car_4", Severity::minor);
  town.assign(town.crash("car_5"), "ambulance_5");
  town.preempt("traffic_light_1", "ambulance_2");
  town.says("traffic_light_1", PreemptionStatus::granted);
  town.preempt("traffic_light_1", "ambulance_4");
  town.says("traffic_light_1", PreemptionStatus::processing);
  town.preempt("traffic_light_2", "ambulance_4");
  town.says("traffic_light_2", PreemptionStatus::granted);
  town.heard = {};
}

bool restore(Mobility& city, const std::vector<Bytes>& parts) {
  city.clear();
  for (const Bytes& part : parts) {
    const Result<void> restored = city.restore(part);
    if (restored) continue;
    EXPECT_EQ(restored.error().code, ErrorCode::internal);
    return false;
  }
  return true;
}
/// A snapshot ends with the house; its reader knows how many parts there are.
bool is_whole(const std::vector<Bytes>& parts) {
  return !parts.empty() && parts.back().front() == std::byte{4};
}

/// Whatever anybody could say next, of all that there is.
void go_on(Town& town) {
  const std::set<IncidentId> open = town.city.open_incidents();
  for (const IncidentId id : open) {
    const std::string by = town.city.find(id)->ambulance;
    if (by.empty()) town.assign(id, "ambulance_6");
    for (const StepKind step : {StepKind::accepted, StepKind::on_scene, StepKind::transporting,
                                StepKind::handed_over, StepKind::closed}) {
      town.progress(town.city.find(id) == nullptr ? by : town.city.find(id)->ambulance, id, step);
      if (town.city.find(id) != nullptr) town.reserve(id, "hospital_1");
    }
    town.wait(20s);
  }
  for (const char* const at : {"traffic_light_1", "traffic_light_2"}) {
    if (town.city.find(light(at)) != nullptr) town.says(at, PreemptionStatus::granted);
  }
  for (const UnitId& id : {ambulance("ambulance_2"), hospital("hospital_1"), car("car_4")}) {
    town.lose(id);
  }
  for (const IncidentId id : open) town.decide(Cancel{.incident = id});
  town.stop(1h);
  town.wait(2h);
}

TEST(MobilitySnapshotTest, ARestoredCityGoesOnAsTheOneItWasTakenOf) {
  Town here(small);
  live_through_a_day(here);
  Town there(small);
  ASSERT_TRUE(restore(there.city, frozen(here.city)));
  EXPECT_EQ(frozen(there.city), frozen(here.city));
  EXPECT_EQ(there.city.deadline(), here.city.deadline());
  EXPECT_EQ(there.city.available(), here.city.available());
  EXPECT_EQ(there.city.waiting(), here.city.waiting());
  EXPECT_EQ(there.city.lights_asked_for("ambulance_4"), here.city.lights_asked_for("ambulance_4"));
  there.position = here.position;
  there.time = here.time;
  there.sessions = here.sessions;
  there.sessions_made = here.sessions_made;
  for (Town* each : {&here, &there}) go_on(*each);
  EXPECT_EQ(there.heard.replies, here.heard.replies);
  EXPECT_EQ(there.heard.raw_events, here.heard.raw_events);
  EXPECT_EQ(frozen(there.city), frozen(here.city));
  EXPECT_EQ(here.figures().open, 0U);
}

TEST(MobilitySnapshotTest, AFrozenStateDoesNotSeeLaterCommands) {
  Town here(small);
  live_through_a_day(here);
  const std::vector<Bytes> before = frozen(here.city);
  const service::FrozenParts parts = here.city.freeze();
  go_on(here);
  std::vector<Bytes> encoded;
  for (const auto& part : parts) part->encode(encoded.emplace_back());
  EXPECT_EQ(encoded, before);
  EXPECT_NE(frozen(here.city), before);
}

TEST(MobilitySnapshotTest, PartsThatAreCutOffOrHaveMoreBehindThemAreRefused) {
  Town here(small);
  live_through_a_day(here);
  const std::vector<Bytes> whole = frozen(here.city);
  Mobility city(small);
  for (std::size_t damaged = 0; damaged < whole.size(); ++damaged) {
    for (std::size_t kept = 0; kept < whole[damaged].size(); kept += kept < 400 ? 1 : 97) {
      std::vector<Bytes> parts = whole;
      parts[damaged].resize(kept);
      EXPECT_FALSE(restore(city, parts)) << "part " << damaged << " cut to " << kept;
    }
    std::vector<Bytes> parts = whole;
    parts[damaged].push_back(std::byte{0});
    EXPECT_FALSE(restore(city, parts)) << "part " << damaged;
  }
}

TEST(MobilitySnapshotTest, WhateverIsRestoredIsWrittenInTheSameBytesAndGoesOn) {
  Town here(small);
  live_through_a_day(here);
  const std::vector<Bytes> whole = frozen(here.city);
  std::size_t refused = 0;
  for (std::size_t part = 0; part < whole.size(); ++part) {
    for (std::size_t at = 0; at < whole[part].size(); ++at) {
      std::vector<Bytes> parts = whole;
      parts[part][at] ^= at % 2 == 0 ? std::byte{0x01} : std::byte{0x80};
      Town there(small);
      if (!restore(there.city, parts)) {
        ++refused;
        continue;
      }
      ASSERT_EQ(frozen(there.city), parts) << "part " << part << " byte " << at;
      there.position = here.position;
      there.time = here.time;
      there.sessions = here.sessions;
      go_on(there);
    }
  }
  EXPECT_GT(refused, 1'000U);
}

TEST(MobilitySnapshotTest, PartsInAnotherOrderOrTwiceAreRefusedAndOnesLeftOutIfOthersNeedThem) {
  Town here(small);
  live_through_a_day(here);
  const std::vector<Bytes> whole = frozen(here.city);
  std::size_t harmless = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Mobility city(small);
    std::vector<Bytes> twice = whole;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), whole[i]);
    EXPECT_FALSE(restore(city, twice)) << i;
    if (i + 1 < whole.size()) {
      std::vector<Bytes> swapped = whole;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_FALSE(restore(city, swapped)) << i;
    }
    std::vector<Bytes> less = whole;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    Town there(small);
    if (!is_whole(less) || !restore(there.city, less)) continue;
    ++harmless;
    there.position = here.position;
    there.time = here.time;
    there.sessions = here.sessions;
    go_on(there);
  }
  // Cars, who has nothing to do (an ambulance, a hospital), lights, and incidents that are over.
  EXPECT_EQ(harmless, 6U + 2U + 2U + 2U);
}

TEST(MobilitySnapshotTest, StateBeyondTheLimitsIsRefused) {
  Town here(small);
  live_through_a_day(here);
  const std::vector<Bytes> whole = frozen(here.city);
  const auto with = [](auto change) {
    Mobility::Options options = small;
    change(options);
    return options;
  };
  for (const Mobility::Options& options :
       {with([](auto& it) { it.units_max = 10; }),
        with([](auto& it) { it.open_incidents_max = 2; }), with([](auto& it) { it.over_kept = 1; }),
        with([](auto& it) { it.steps_kept = 5; }), with([](auto& it) { it.wishes_max = 1; })}) {
    Mobility city(options);
    EXPECT_FALSE(restore(city, whole));
  }
  Mobility city(small);
  EXPECT_TRUE(restore(city, whole));
}

TEST(MobilitySnapshotTest, AnotherMapIsRestoredToo) {
  Town here;
  const RoadMap map = RoadMap::grid({.columns = 3, .rows = 3}, default_origin).value();
  const Bytes bytes = map.encode();
  EXPECT_EQ(
      here.by(car("c"),
              MapPart{.digest = wire::sha256(bytes), .total_bytes = bytes.size(), .bytes = bytes}),
      "ok");
  Town there;
  ASSERT_TRUE(restore(there.city, frozen(here.city)));
  EXPECT_EQ(there.city.map().name(), "grid 3x3");
  there.city.clear();
  EXPECT_EQ(there.city.map().name(), "grid 12x8");
  EXPECT_EQ(frozen(there.city), frozen(Mobility{}));
}

}  // namespace
}  // namespace muster::mobility::mobility_snapshot_test
