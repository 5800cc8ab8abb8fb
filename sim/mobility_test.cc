// Cities in the simulator: what the checkers see, and a leader that dies at every step of
// incidents.
#include <gtest/gtest.h>

#include <set>

#include "sim/mobility_checkers.h"
#include "sim/violation.h"
#include "sim/world.h"

namespace muster::sim {
namespace {

using namespace std::chrono_literals;
using mobility::Incident;
using mobility::IncidentState;
using mobility::Kind;
using mobility::StepKind;

/// Three servers, to which nothing happens by chance, and a car that crashes.
Scenario quiet_city() {
  Scenario scenario = draw({.seed = 5, .profile = "calm", .servers = 3, .length = 8s});
  scenario.founders = 3;
  scenario.founders_start = {};
  scenario.limits.expect = 3;
  scenario.strict_founding = true;
  scenario.limits.log_bytes_between_snapshots = 8'192;
  scenario.limits.raft = node::Options{}.raft;
  scenario.limits.raft.compaction_tail_entries = 8;
  scenario.mobility = {.on = true,
                       .cars = 1,
                       .ambulances = 2,
                       .hospitals = 1,
                       .lights = 1,
                       .crashes = 0.5,
                       .crashes_max = 1,
                       .whims = 0,
                       .nonsense = 0,
                       .departures = 0,
                       .unheard = 0,
                       .late = 0};
  scenario.load.clients = scenario.mobility.units();
  scenario.load.think_max = 400ms;
  return scenario;
}

std::vector<StepKind> kinds(const CityStory& city) {
  std::vector<StepKind> out;
  for (const auto& [id, chain] : city.incidents) {
    for (const mobility::Step& step : chain.steps) out.push_back(step.kind);
  }
  return out;
}

const std::vector<StepKind> whole_chain{
    StepKind::reported,     StepKind::assigned,     StepKind::accepted,    StepKind::on_scene,
    StepKind::bed_reserved, StepKind::transporting, StepKind::handed_over, StepKind::closed};

TEST(CityWorldTest, AnIncidentGoesItsWayWhenNothingGoesWrong) {
  World world(quiet_city(), false);
  const Summary summary = world.run();
  EXPECT_EQ(kinds(world.city()), whole_chain);
  EXPECT_EQ(summary.restarts, 0U);
  EXPECT_EQ(world.incident_steps().size(), whole_chain.size());
}

TEST(CityWorldTest, TheSameSeedGivesTheSameDigest) {
  const Scenario scenario = draw({.seed = 7, .profile = "mobility", .servers = 3, .length = 6s});
  const Summary once = World(scenario, false).run();
  const Summary again = World(scenario, false).run();
  EXPECT_EQ(once.digest, again.digest);
  EXPECT_EQ(once.steps, again.steps);
}

// The leader dies when it has stored, or committed, each of the entries around each step: the
// incident goes its way all the same, once.
TEST(CityWorldTest, ALeaderThatDiesAtAnyStepOfAnIncidentChangesNothingOfIt) {
  World undisturbed(quiet_city(), false);
  undisturbed.run();
  std::set<LogIndex> places;
  for (const LogIndex step : undisturbed.incident_steps()) {
    for (std::uint64_t at = step.value - 1; at <= step.value + 2; ++at) places.insert(LogIndex{at});
  }
  ASSERT_GE(places.size(), 16U);
  for (const LogIndex place : places) {
    for (const bool committed : {false, true}) {
      Scenario scenario = quiet_city();
      scenario.leader_dies = LeaderDies{.at = place, .committed = committed};
      SCOPED_TRACE("at entry " + std::to_string(place.value) + (committed ? ", committed" : ""));
      try {
        World world(scenario, false);
        EXPECT_EQ(world.run().restarts, 1U);
        EXPECT_EQ(kinds(world.city()), whole_chain);
      } catch (const Violation& violation) {
        ADD_FAILURE() << violation.invariant() << ": " << violation.what();
      }
    }
  }
}

/// A city of a hospital with one bed, an ambulance and a car, told by hand.
class ToldTest : public testing::Test {
 protected:
  ToldTest() {
    const auto signs_on = [&](mobility::SignOn request, auto role) {
      CityDeed deed = next(Request{request});
      mobility::Unit unit{.id = request.unit, .session = session_, .role = role};
      if (request.unit.kind == Kind::ambulance) unit.state = mobility::UnitState::available;
      deed.events.emplace_back(mobility::UnitEvent{.unit = unit});
      EXPECT_EQ(happens(deed), "");
    };
    signs_on({.unit = {Kind::ambulance, "ambulance_1"}},
             mobility::Ambulance{.on_duty_since = LogTime{}});
    CityDeed deed = next(Request{mobility::Report{.car = "car_1"}});
    incident_.id = {*deed.position};
    incident_.car = "car_1";
    EXPECT_EQ(steps(deed, StepKind::reported, IncidentState::waiting), "");
  }
  using Request = mobility::Request;

  CityDeed next(Request request, bool of_leader = false) {
    ++index_;
    CityDeed deed{.position = Position{LogIndex{index_}, 0}, .time = LogTime{1'000}};
    deed.session = session_;
    deed.of_leader = of_leader;
    deed.request = std::move(request);
    deed.receipt = mobility::Receipt{};
    return deed;
  }
  /// What is violated by what clients and followers are told of it.
  std::string happens(const CityDeed& deed) {
    try {
      decisions_.seen(deed);
      for (const CityEvent& event : deed.events) {
        if (const auto* const unit = std::get_if<mobility::UnitEvent>(&event)) {
          story_.units[unit->unit.id] = unit->unit;
        } else if (const auto* const told = std::get_if<Incident>(&event)) {
          chains_.seen(deed, *told);
          auto& chain = story_.incidents[told->id];
          chain.now = *told;
          chain.now.order = gives(told->steps.back()) ? told->last_step() : chain.now.order;
          chain.steps.push_back(told->steps.back());
        }
      }
    } catch (const Violation& violation) {
      return violation.invariant() + ": " + violation.what();
    }
    return "";
  }
  std::string steps(CityDeed deed, StepKind kind, IncidentState state) {
    const auto index = static_cast<std::uint32_t>(story_.incidents[incident_.id].steps.size() + 1);
    if (index == 1) story_.incidents.clear();
    incident_.state = state;
    incident_.steps_dropped = index - 1;
    incident_.steps = {
        {.index = index, .kind = kind, .follows = index - 1, .time = deed.time, .unit = "x"}};
    incident_.steps.back().unit = incident_.ambulance;
    deed.events.emplace_back(incident_);
    return happens(deed);
  }
  CityDeed assigned(std::uint32_t follows = 1, bool of_leader = true) {
    return next(Request{mobility::Assign{
                    .incident = incident_.id, .follows = follows, .ambulance = "ambulance_1"}},
                of_leader);
  }

  const SessionId session_{Uuid::make_v7(1ms, 1, 1)};
  std::uint64_t index_{10};
  Incident incident_{};
  CityStory story_;
  LeaderDecides decisions_{story_};
  ChainsStay chains_{story_, mobility::Mobility::Options{}};
};

TEST_F(ToldTest, ADecisionOfTheLeaderThatFitsIsRight) {
  incident_.ambulance = "ambulance_1";
  EXPECT_EQ(steps(assigned(), StepKind::assigned, IncidentState::assigned), "");
}

TEST_F(ToldTest, ADecisionThatDoesNotFollowTheLastStepIsSeen) {
  incident_.ambulance = "ambulance_1";
  EXPECT_EQ(
      steps(assigned(2), StepKind::assigned, IncidentState::assigned),
      "decisions fit: one was carried out that does not follow the last step of incident 12.0");
}

TEST_F(ToldTest, ADecisionOfAClientIsSeen) {
  incident_.ambulance = "ambulance_1";
  EXPECT_EQ(steps(assigned(1, false), StepKind::assigned, IncidentState::assigned),
            "only the leader decides: a client's word decided something");
}

TEST_F(ToldTest, AStepThatIsLeftOutIsSeen) {
  EXPECT_EQ(steps(next(Request{mobility::Progress{}}), StepKind::on_scene, IncidentState::on_scene),
            "chains stay: incident 12.0 was waiting and is on scene at its step 2, on scene");
}

TEST_F(ToldTest, AStepOfAnotherOrderIsSeen) {
  incident_.ambulance = "ambulance_1";
  EXPECT_EQ(steps(assigned(), StepKind::assigned, IncidentState::assigned), "");
  const mobility::Progress said{.ambulance = "ambulance_1", .incident = incident_.id, .order = 1};
  EXPECT_EQ(steps(next(Request{said}), StepKind::accepted, IncidentState::accepted),
            "chains stay: incident 12.0 was moved by who may not at its step 3, accepted");
}

TEST_F(ToldTest, AChainThatIsShownOtherwiseIsSeen) {
  Incident shown = story_.incidents.at(incident_.id).now;
  EXPECT_NO_THROW(chains_.shown("car_1", shown));
  shown.steps.back().unit = "car_2";
  EXPECT_THROW(chains_.shown("car_1", shown), Violation);
}

}  // namespace
}  // namespace muster::sim
