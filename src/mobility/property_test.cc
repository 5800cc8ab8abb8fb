// What must hold of a city whatever its units, its dispatchers and time do: no ambulance has two
// incidents, no bed two patients, no light two holders, and who follows the topics knows it all.
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "base/testing/rounds.h"
#include "mobility/dispatcher.h"
#include "mobility/testing.h"

namespace muster::mobility::property_test {
namespace {

using std::chrono::milliseconds;

constexpr std::array all_kinds{Kind::car, Kind::ambulance, Kind::hospital, Kind::traffic_light};

struct Life {
  explicit Life(std::uint64_t seed, const Mobility::Options& limits = {})
      : random(seed), town(limits) {}

  UnitId some(Kind kind) {
    const std::uint64_t most = kind == Kind::hospital ? 3 : 5;
    return {kind, std::string(id_prefix(kind)) + "_" + std::to_string(1 + random.below(most))};
  }
  UnitId some() { return some(all_kinds[random.below(all_kinds.size())]); }
  Geographic somewhere() {
    if (random.below(40) == 0) return Town::off_the_map();
    return Town::crossing(static_cast<std::uint32_t>(random.below(12)),
                          static_cast<std::uint32_t>(random.below(8)));
  }
  IncidentId some_incident() {
    const auto& all = town.city.open_incidents();
    if (all.empty() || random.below(20) == 0) return {{.index = {101 + random.below(50)}}};
    auto at = all.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(all.size())));
    return *at;
  }
  std::uint64_t version_of(const UnitId& id) {
    const Unit* const unit = town.city.find(id);
    return unit == nullptr || random.below(10) == 0 ? random.below(50) : unit->version;
  }
  std::uint32_t last_step_of(IncidentId id) {
    const Incident* const incident = town.city.find(id);
    return incident == nullptr || random.below(10) == 0
               ? static_cast<std::uint32_t>(random.below(10))
               : incident->last_step();
  }

  void progress() {
    const UnitId id = some(Kind::ambulance);
    const Unit* const unit = town.city.find(id);
    Progress said{.ambulance = id.id, .incident = some_incident()};
    const auto own = unit == nullptr ? std::nullopt : std::get<Ambulance>(unit->role).incident;
    if (own && random.below(10) != 0) said.incident = *own;
    const Incident* const incident = town.city.find(said.incident);
    constexpr std::array steps{StepKind::accepted, StepKind::on_scene, StepKind::transporting,
                               StepKind::handed_over, StepKind::closed};
    std::size_t next = random.below(steps.size());
    if (incident != nullptr && random.below(8) != 0) {
      said.order = incident->order;
      const int done =
          static_cast<int>(incident->state) - static_cast<int>(IncidentState::assigned);
      if (done >= 0 && done < 5) next = static_cast<std::size_t>(done);
    }
    said.reached = steps[next];
    if (random.below(2) == 0) said.place = somewhere();
    town.by(id, said);
  }

  void beds() {
    said_beds = true;
    const UnitId id = some(Kind::hospital);
    Beds said{.hospital = id.id};
    switch (random.below(3)) {
      case 0:
        said.free = static_cast<std::int32_t>(random.below(4));
        break;
      case 1:
        said.change = static_cast<std::int32_t>(random.below(5)) - 2;
        break;
      default:
        said.diversion = random.below(2) == 0;
    }
    town.by(id, said);
  }

  /// What a leader would not say, or not any more.
  void nonsense() {
    const IncidentId incident = some_incident();
    const UnitId whom = some(Kind::ambulance);
    switch (random.below(5)) {
      case 0:
        town.decide(Assign{.incident = incident,
                           .follows = last_step_of(incident),
                           .ambulance = whom.id,
                           .ambulance_version = version_of(whom)});
        return;
      case 1: {
        const UnitId at = some(Kind::hospital);
        town.decide(Reserve{.incident = incident,
                            .follows = last_step_of(incident),
                            .hospital = at.id,
                            .hospital_version = version_of(at),
                            .over_capacity = random.below(2) == 0});
        return;
      }
      case 2:
      case 3: {
        UnitId driver = whom;
        for (const Approach& one :
             decode_approaches(town.city.topic_state(way_topic).value()).value()) {
          if (random.below(2) == 0) driver = ambulance(one.ambulance);
        }
        Preempt asked{.light = some(Kind::traffic_light).id,
                      .ambulance = driver.id,
                      .ambulance_version = version_of(driver),
                      .lease = milliseconds{random.below(60'000)}};
        if (random.below(4) != 0)
          asked.way = Way{{static_cast<std::uint32_t>(random.below(4))}, {}};
        town.decide(asked);
        return;
      }
      default:
        town.decide(
            Locate{.units = {{.unit = whom, .version = version_of(whom), .place = somewhere()}}});
    }
  }

  void say_of_light() {
    UnitId id = some(Kind::traffic_light);
    for (const std::string& each : town.city.ids_of(Kind::traffic_light)) {
      if (!town.role<Light>(light(each)).wishes.empty() && random.below(2) == 0) id = light(each);
    }
    if (town.city.find(id) == nullptr) return;
    const std::uint32_t last = town.role<Light>(id).last_order;
    constexpr std::array statuses{PreemptionStatus::processing, PreemptionStatus::granted,
                                  PreemptionStatus::granted, PreemptionStatus::rejected,
                                  PreemptionStatus::max_presence};
    const auto order =
        random.below(5) == 0 ? static_cast<std::uint32_t>(random.below(last + 2)) : last;
    town.says(id.id, statuses[random.below(statuses.size())], order);
  }

  void ask_dispatcher() {
    for (const auto& [unit, session] : town.sessions) {
      if (random.below(2) == 0) live_values.say(session, somewhere());
    }
    now += std::chrono::milliseconds{100 * (1 + random.below(60))};
    Dispatcher& one = random.below(2) == 0 ? leader : old_leader;
    for (service::Advice& advice : one.advise(town.city, live_values, now)) {
      advices.push_back(std::move(advice.command));
    }
    while (advices.size() > 30) advices.erase(advices.begin());
  }

  /// Late, in any order, and now and then twice.
  void apply_advice() {
    if (advices.empty()) return;
    const auto at = advices.begin() + static_cast<std::ptrdiff_t>(random.below(advices.size()));
    const Bytes advice = *at;
    if (random.below(5) != 0) advices.erase(at);
    town.command(advice, {}, true);
  }

  void cancel() {
    const IncidentId incident = some_incident();
    const Incident* const known = town.city.find(incident);
    const std::string id =
        known == nullptr || random.below(8) == 0 ? some(Kind::car).id : known->car;
    if (random.below(3) == 0) {
      town.decide(Cancel{.incident = incident});
    } else {
      town.by(car(id), Cancel{.car = id, .incident = incident});
    }
  }

  void turn() {
    switch (random.below(26)) {
      case 0: {
        const UnitId id = some();
        if (town.city.find(id) != nullptr) town.lose(id);
        return;
      }
      case 1: {
        const UnitId id = some();
        town.by(id, SignOff{id});
        return;
      }
      case 2:
      case 3:
      case 4: {
        const UnitId id = some();
        town.sign_on(id, somewhere(), static_cast<std::uint32_t>(random.below(3)),
                     static_cast<Capabilities>(random.below(4)));
        return;
      }
      case 5: {
        const UnitId id = some(Kind::car);
        Report report{.car = id.id, .severity = static_cast<Severity>(1 + random.below(3))};
        if (random.below(3) == 0) report.place = somewhere();
        town.by(random.below(2) == 0 ? id : some(Kind::car), report);
        return;
      }
      case 6: {
        const UnitId id = some(Kind::ambulance);
        town.by(id, Duty{.ambulance = id.id, .on = random.below(4) != 0});
        return;
      }
      case 7:
        return beds();
      case 8:
        if (random.below(3) == 0) cancel();
        return;
      case 9:
      case 20:
        return nonsense();
      case 10:
      case 21:
        return say_of_light();
      case 11:
        return town.wait(milliseconds{random.below(20'000)});
      case 12:
        return town.stop(milliseconds{random.below(random.below(10) == 0 ? 2'000'000 : 20'000)});
      case 13:
      case 14:
      case 15:
        return ask_dispatcher();
      case 16:
      case 17:
      case 18:
      case 19:
        return apply_advice();
      default:
        progress();
    }
  }

  Random random;
  Town town;
  Dispatcher leader{};
  Dispatcher old_leader{};
  Said live_values{};
  Instant now{};
  std::vector<Bytes> advices{};
  bool said_beds{false};
};

// ---- What must hold -----------------------------------------------------------------------------

void check_ambulances(const Mobility& city) {
  std::map<IncidentId, std::string> had_by;
  for (const std::string& id : city.ids_of(Kind::ambulance)) {
    const Unit& unit = *city.find(ambulance(id));
    const auto& incident = std::get<Ambulance>(unit.role).incident;
    ASSERT_EQ(incident.has_value(), unit.state >= UnitState::assigned) << id;
    ASSERT_EQ(city.available().contains(id), unit.state == UnitState::available) << id;
    if (!incident) continue;
    ASSERT_TRUE(had_by.emplace(*incident, id).second) << id;
    ASSERT_NE(city.find(*incident), nullptr) << id;
    ASSERT_EQ(city.find(*incident)->ambulance, id);
  }
  for (const IncidentId id : city.open_incidents()) {
    const Incident& incident = *city.find(id);
    const std::string by = had_by.contains(id) ? had_by.at(id) : "";
    ASSERT_EQ(incident.ambulance, by) << to_text(id);
    ASSERT_EQ(incident.state == IncidentState::waiting, by.empty()) << to_text(id);
  }
}

void check_lights(const Mobility& city) {
  for (const std::string& id : city.ids_of(Kind::traffic_light)) {
    const auto& wishes = std::get<Light>(city.find(light(id))->role).wishes;
    std::set<std::string> ambulances;
    for (const Granting& wish : wishes) {
      ASSERT_TRUE(ambulances.insert(wish.ambulance).second) << id;
      ASSERT_TRUE(wish.order == 0 || &wish == &wishes.front()) << id;
      ASSERT_TRUE(city.lights_asked_for(wish.ambulance).contains(id));
      const Unit* const unit = city.find(ambulance(wish.ambulance));
      ASSERT_NE(unit, nullptr);
      ASSERT_EQ(std::get<Ambulance>(unit->role).incident, wish.incident);
    }
  }
}

/// Beds that a hospital has, free or kept for somebody.
using BedCounts = std::map<std::pair<std::string, SessionId>, std::int64_t>;
BedCounts count_beds(const Mobility& city) {
  BedCounts counts;
  for (const std::string& id : city.ids_of(Kind::hospital)) {
    const Unit& unit = *city.find(hospital(id));
    const auto& ward = std::get<Hospital>(unit.role);
    std::int64_t& count = counts[{id, unit.session}];
    count = ward.free_beds;
    for (const auto& [incident, is_real] : ward.promised) count += is_real ? 1 : 0;
  }
  return counts;
}
bool any_takes(const Mobility& city) {
  return std::ranges::any_of(city.ids_of(Kind::hospital), [&](const std::string& id) {
    const auto& ward = std::get<Hospital>(city.find(hospital(id))->role);
    return ward.free_beds > 0 && !ward.diversion;
  });
}

/// Follows the chains by what is told of them.
struct Chains {
  struct Known {
    std::uint32_t last{0};
    IncidentState state{IncidentState::waiting};
  };

  static bool is_legal(IncidentState before, const Step& step, IncidentState after) {
    const auto was = [&](auto... states) { return ((before == states) || ...); };
    switch (step.kind) {
      case StepKind::reported:
        return step.index == 1 && after == IncidentState::waiting;
      case StepKind::queued:
        return before < IncidentState::handed_over && after == IncidentState::waiting;
      case StepKind::assigned:
      case StepKind::reassigned:
        return before <= IncidentState::accepted && after == IncidentState::assigned;
      case StepKind::accepted:
        return was(IncidentState::assigned) && after == IncidentState::accepted;
      case StepKind::on_scene:
        return was(IncidentState::accepted) && after == IncidentState::on_scene;
      case StepKind::bed_reserved:
      case StepKind::diverted:
        return after == before && before >= IncidentState::accepted &&
               before <= IncidentState::transporting;
      case StepKind::bed_lost:
        return after == before && before < IncidentState::handed_over;
      case StepKind::transporting:
        return was(IncidentState::on_scene) && after == IncidentState::transporting;
      case StepKind::handed_over:
        return was(IncidentState::transporting) && after == IncidentState::handed_over;
      case StepKind::closed:
        return was(IncidentState::handed_over) && after == IncidentState::closed;
      case StepKind::cancelled:
        return before < IncidentState::transporting && after == IncidentState::cancelled;
    }
    return false;
  }

  /// Takes in the events, and gives the steps that had no bed.
  void hear(Heard& heard) {
    for (const auto& [topic, bytes] : heard.raw_events) {
      if (topic != incidents_topic) continue;
      const Incident incident = decode_incident_event(bytes).value();
      ASSERT_EQ(incident.steps.size(), 1U);
      const Step& step = incident.steps.back();
      Known& before = known[incident.id];
      ASSERT_EQ(step.index, before.last + 1) << to_text(incident.id);
      ASSERT_EQ(step.follows, before.last) << to_text(incident.id);
      ASSERT_TRUE(is_legal(before.state, step, incident.state))
          << to_text(incident.id) << " " << name_of(before.state) << " " << in_words(step);
      const bool chooses = step.kind == StepKind::bed_reserved || step.kind == StepKind::diverted;
      if (chooses && step.over_capacity) ++without_bed;
      if (step.kind == StepKind::handed_over && !step.over_capacity) ++beds_taken;
      ++kinds[step.kind];
      before = {step.index, incident.state};
    }
    heard.raw_events.clear();
  }

  std::map<IncidentId, Known> known{};
  std::map<StepKind, std::size_t> kinds{};
  std::size_t without_bed{0};
  std::size_t beds_taken{0};
};

/// One thing happens, and all of it holds.
void live(Life& life, Chains& chains) {
  const BedCounts before = count_beds(life.town.city);
  const bool took = any_takes(life.town.city);
  const std::size_t without_bed = chains.without_bed;
  const std::size_t beds_taken = chains.beds_taken;
  life.said_beds = false;
  life.turn();
  chains.hear(life.town.heard);
  if (::testing::Test::HasFatalFailure()) return;
  check_ambulances(life.town.city);
  check_lights(life.town.city);
  ASSERT_TRUE(is_as_told(life.town));
  if (took) {
    ASSERT_EQ(chains.without_bed, without_bed);
  }
  std::int64_t difference = 0;
  for (const auto& [at, count] : count_beds(life.town.city)) {
    if (const auto known = before.find(at); known != before.end()) {
      difference += count - known->second;
    }
  }
  if (!life.said_beds) {
    ASSERT_EQ(-difference, static_cast<std::int64_t>(chains.beds_taken - beds_taken));
  }
}

TEST(MobilityPropertyTest, WhateverHappensNoAmbulanceBedOrLightIsGivenTwice) {
  std::map<StepKind, std::size_t> kinds;
  std::size_t without_bed = 0;
  FiguresSummary sum;
  for (std::uint64_t seed = 1; seed <= rounds(80); ++seed) {
    Life life(seed);
    Chains chains;
    for (int i = 0; i < 600; ++i) {
      live(life, chains);
      if (HasFatalFailure()) FAIL() << "seed " << seed << " turn " << i;
    }
    for (const auto& [kind, count] : chains.kinds) kinds[kind] += count;
    without_bed += chains.without_bed;
    const FiguresSummary figures = life.town.figures();
    EXPECT_EQ(figures.open, life.town.city.open_incidents().size());
    EXPECT_EQ(figures.incidents, figures.open + figures.closed + figures.cancelled) << seed;
    EXPECT_EQ(figures.incidents, chains.known.size()) << seed;
    EXPECT_EQ(figures.queued, chains.kinds[StepKind::queued]) << seed;
    EXPECT_EQ(figures.reassigned, chains.kinds[StepKind::reassigned]) << seed;
    EXPECT_EQ(figures.diverted, chains.kinds[StepKind::diverted]) << seed;
    EXPECT_EQ(figures.over_capacity, chains.without_bed) << seed;
    EXPECT_LE(figures.preemptions_granted, figures.preemptions) << seed;
    EXPECT_LE(figures.busy_ms, figures.on_duty_ms) << seed;
    sum.preemptions_granted += figures.preemptions_granted;
  }
  // All of it did happen.
  EXPECT_EQ(kinds.size(), 13U);
  for (const auto& [kind, count] : kinds) EXPECT_GT(count, rounds(20)) << name_of(kind);
  EXPECT_GT(without_bed, rounds(20));
  EXPECT_GT(sum.preemptions_granted, rounds(10));
}

TEST(MobilityPropertyTest, AtItsLimitsACityHoldsTheSame) {
  const Mobility::Options small{.units_max = 9,
                                .open_incidents_max = 3,
                                .over_kept = 1,
                                .steps_kept = 6,
                                .first_steps_kept = 2,
                                .wishes_max = 1,
                                .reassignments_max = 1};
  for (std::uint64_t seed = 100; seed < 100 + rounds(32); ++seed) {
    Life life(seed, small);
    Chains chains;
    for (int i = 0; i < 600; ++i) {
      live(life, chains);
      if (HasFatalFailure()) FAIL() << "seed " << seed << " turn " << i;
      const std::size_t open = life.town.city.open_incidents().size();
      ASSERT_LE(open, 3U);
      ASSERT_LE(life.town.incidents().incidents.size(), open + 1);
      ASSERT_LE(life.town.units().units.size(), 9U);
    }
  }
}

TEST(MobilityPropertyTest, ServersThatApplyTheSameAreTheSameAndSoAreThoseThatWereRestored) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    Life here(seed);
    Life there(seed);
    for (int i = 0; i < 400; ++i) {
      here.turn();
      there.turn();
      if (i % 20 != 0) continue;
      const std::vector<Bytes> parts = frozen(here.town.city);
      ASSERT_EQ(frozen(there.town.city), parts) << seed << " turn " << i;
      // The other one goes on as what it was restored to.
      there.town.city.clear();
      for (const Bytes& part : parts)
        ASSERT_TRUE(there.town.city.restore(part)) << seed << " " << i;
      ASSERT_EQ(frozen(there.town.city), parts) << seed;
      ASSERT_EQ(there.town.city.deadline(), here.town.city.deadline()) << seed;
    }
    ASSERT_EQ(there.town.heard.replies, here.town.heard.replies) << seed;
    ASSERT_EQ(there.town.heard.raw_events, here.town.heard.raw_events) << seed;
  }
}

/// Ambulances do what they are told, the dispatcher what it should, and nobody goes.
void calm_down(Life& life) {
  for (const UnitId& id : {ambulance("ambulance_1"), hospital("hospital_1")}) {
    life.town.sign_on(id, Town::crossing(3, 3), 3);
    life.town.by(id, Duty{.ambulance = id.id, .on = true});
    life.town.by(id, Beds{.hospital = id.id, .free = 50, .diversion = false});
  }
  Dispatcher dispatcher;
  for (int round = 0; round < 400 && !life.town.city.open_incidents().empty(); ++round) {
    life.now += std::chrono::seconds{1};
    for (const service::Advice& advice : dispatcher.advise(life.town.city, Said{}, life.now)) {
      life.town.command(advice.command, {}, true);
    }
    for (const std::string& id : life.town.city.ids_of(Kind::ambulance)) {
      const Unit& unit = *life.town.city.find(ambulance(id));
      const auto incident = std::get<Ambulance>(unit.role).incident;
      if (!incident) continue;
      constexpr std::array steps{StepKind::accepted, StepKind::on_scene, StepKind::transporting,
                                 StepKind::handed_over, StepKind::closed};
      const int done = static_cast<int>(unit.state) - static_cast<int>(UnitState::assigned);
      life.town.progress(id, *incident, steps.at(static_cast<std::size_t>(done)));
    }
    life.town.wait(std::chrono::seconds{1});
  }
}

TEST(MobilityPropertyTest, WhenTheCityCalmsDownEveryIncidentComesToItsEnd) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Life life(seed);
    for (int i = 0; i < 300; ++i) life.turn();
    calm_down(life);
    EXPECT_EQ(life.town.figures().open, 0U) << seed;
    for (const std::string& id : life.town.city.ids_of(Kind::traffic_light)) {
      EXPECT_EQ(life.town.standing(light(id)), std::vector<std::string>{}) << seed;
    }
    for (const std::string& id : life.town.city.ids_of(Kind::hospital)) {
      EXPECT_EQ(life.town.standing(hospital(id)), std::vector<std::string>{}) << seed;
    }
    life.town.wait(std::chrono::hours{1});
    EXPECT_EQ(life.town.city.deadline(), std::nullopt) << seed;
  }
}

}  // namespace
}  // namespace muster::mobility::property_test
