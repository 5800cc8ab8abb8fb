// A whole city without a network: the service, its dispatcher, and units that act by themselves.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "mobility/actor.h"
#include "mobility/dispatcher.h"

namespace muster::mobility::city_test {
namespace {

using namespace std::chrono_literals;

/// One log, one clock; commands take effect at once, heartbeats are heard at once.
class Town final : public service::Output, public service::LiveValues {
 public:
  Town() : router_(standard_map().network(), Router::Options{}) {}

  void reply(BytesView payload) override { answer_ = decode_receipt(payload).value(); }
  void refuse(ErrorCode code, std::string_view message) override {
    answer_ = Error{code, std::string(message)};
  }
  void publish(std::string_view topic, BytesView event) override {
    events_.emplace_back(std::string(topic), Bytes(event.begin(), event.end()));
  }
  std::optional<service::LiveValue> find(SessionId session) const override {
    const auto found = fixes_.find(session);
    if (found == fixes_.end()) return std::nullopt;
    return service::LiveValue{.value = found->second, .age = Duration{0}};
  }

  ActorPlace place(std::uint32_t edge) {
    return {
        .map = standard_map(), .router = router_, .at = {.edge = {edge}}, .pace = 10, .now = now};
  }
  template <class One, class... Arguments>
  One& add(Arguments&&... arguments) {
    auto made = std::make_unique<One>(std::forward<Arguments>(arguments)...);
    One& one = *made;
    const std::uint64_t number = actors_.size() + 1;
    const SessionId session{Uuid::make_v7(1ms, number, number)};
    const SignOn sign_on = one.sign_on();
    actors_.push_back({std::move(made), session, sign_on.unit});
    EXPECT_TRUE(carry_out(session, encode(Request{sign_on})));
    one.signed_on();
    return one;
  }
  Result<Receipt> carry_out(SessionId session, const Bytes& payload, bool system = false) {
    ++position_.index.value;
    city.apply({.position = position_,
                .time = log_time(),
                .session = session,
                .payload = payload,
                .system = system},
               *this);
    Result<Receipt> answer = answer_;
    tell();
    return answer;
  }
  void pass(Duration time, Duration step = 100ms) {
    for (const Instant end = now + time; now < end;) {
      now += step;
      if (city.deadline() && *city.deadline() <= log_time()) city.expire(log_time(), *this);
      tell();
      for (auto& one : actors_) {
        if (one.session == SessionId{}) continue;
        fixes_[one.session] = encode(one.actor->fix());
        for (const Request& request : one.actor->advance(now)) {
          one.actor->answered(request, carry_out(one.session, encode(request)), now);
        }
      }
      for (const service::Advice& advice : dispatcher.advise(city, *this, now)) {
        if (!carry_out({}, advice.command, true)) ++stale;
      }
    }
  }
  void lose(const UnitId& unit) {
    for (auto& one : actors_) {
      if (one.unit != unit) continue;
      fixes_.erase(one.session);
      city.session_ended(std::exchange(one.session, {}), {}, log_time(), *this);
    }
    tell();
  }
  /// As after a gap in what was told.
  void say_what_stands() {
    for (auto& one : actors_) {
      if (one.session == SessionId{}) continue;
      const Bytes state = city.topic_state(unit_topic(one.unit)).value();
      one.actor->hear_all(decode_orders(state).value(), now);
    }
  }
  LogTime log_time() const { return {now.time_since_epoch() / 1ms}; }

  Mobility city;
  Dispatcher dispatcher;
  Instant now{1h};
  std::size_t stale{0};
  bool deaf{false};  // No ambulance is told anything.

 private:
  struct One {
    std::unique_ptr<Actor> actor;
    SessionId session;
    UnitId unit;
  };

  void tell() {
    for (const auto& [topic, event] : std::exchange(events_, {})) {
      for (auto& one : actors_) {
        if (one.session == SessionId{}) continue;
        if (deaf && one.unit.kind == Kind::ambulance) continue;
        if (topic == unit_topic(one.unit)) one.actor->hear(decode_order(event).value(), now);
        if (topic == way_topic) one.actor->hear(decode_approach(event).value(), now);
      }
    }
  }

  Router router_;
  std::vector<One> actors_;
  std::map<SessionId, Bytes> fixes_;
  std::vector<std::pair<std::string, Bytes>> events_;
  Result<Receipt> answer_{Receipt{}};
  Position position_{};
};

std::vector<StepKind> kinds(const Incident& incident) {
  std::vector<StepKind> out;
  for (const Step& step : incident.steps) out.push_back(step.kind);
  return out;
}

class CityTest : public testing::Test {
 protected:
  CityTest() {
    const auto crossings = standard_map().crossings();
    for (std::size_t i = 0; i < crossings.size(); ++i) {
      town.add<LightActor>("traffic_light_" + std::to_string(i + 1), town.place(0),
                           crossings[i].node);
    }
    town.add<HospitalActor>("hospital_1", town.place(20), 2, Capabilities{0});
    town.add<HospitalActor>("hospital_2", town.place(200), 20, trauma_centre);
    car = &town.add<CarActor>("car_1", town.place(150), 1);
    other_car = &town.add<CarActor>("car_2", town.place(300), 2);
    town.add<AmbulanceActor>("ambulance_1", town.place(5), Capabilities{0});
    town.add<AmbulanceActor>("ambulance_2", town.place(340), advanced_life_support);
  }
  const Incident& first() const { return *town.city.find(*town.city.open_incidents().begin()); }
  FiguresSummary figures() const {
    return decode_figures(town.city.query(encode(Query{AskFigures{}})).value()).value();
  }

  Town town;
  CarActor* car{nullptr};
  CarActor* other_car{nullptr};
};

TEST_F(CityTest, ACrashGoesFromTheReportToAClosedIncident) {
  car->crash(Severity::serious, 2);
  town.pass(1s);
  ASSERT_EQ(town.city.open_incidents().size(), 1U);
  const IncidentId id = first().id;
  town.pass(10min);
  const std::vector<StepKind> expected{
      StepKind::reported,     StepKind::assigned,     StepKind::accepted,    StepKind::on_scene,
      StepKind::bed_reserved, StepKind::transporting, StepKind::handed_over, StepKind::closed};
  EXPECT_EQ(kinds(*town.city.find(id)), expected);
  EXPECT_EQ(town.city.find(id)->state, IncidentState::closed);
  EXPECT_EQ(town.stale, 0U);
  EXPECT_GT(figures().preemptions_granted, 0U);
  EXPECT_EQ(figures().responses, 1U);
}

TEST_F(CityTest, AnAmbulanceThatIsLostIsReplacedAndTheBedIsKept) {
  car->crash(Severity::serious, 1);
  while (town.city.open_incidents().empty() || first().state != IncidentState::transporting) {
    town.pass(1s);
  }
  const IncidentId id = first().id;
  const std::string hospital = first().hospital;
  town.lose({Kind::ambulance, first().ambulance});
  EXPECT_EQ(first().state, IncidentState::waiting);
  EXPECT_EQ(first().hospital, hospital);
  town.pass(20min);
  const std::vector<StepKind> expected{
      StepKind::reported,     StepKind::assigned,     StepKind::accepted,     StepKind::on_scene,
      StepKind::bed_reserved, StepKind::transporting, StepKind::queued,       StepKind::reassigned,
      StepKind::accepted,     StepKind::on_scene,     StepKind::transporting, StepKind::handed_over,
      StepKind::closed};
  EXPECT_EQ(kinds(*town.city.find(id)), expected);
}

TEST_F(CityTest, AHospitalThatIsLostIsReplacedAndTheAmbulanceTold) {
  car->crash(Severity::critical, 1);
  while (town.city.open_incidents().empty() || first().state != IncidentState::transporting) {
    town.pass(1s);
  }
  const IncidentId id = first().id;
  EXPECT_EQ(first().hospital, "hospital_2");  // The trauma centre.
  town.lose({Kind::hospital, "hospital_2"});
  town.pass(20min);
  const std::vector<StepKind> expected{
      StepKind::reported,     StepKind::assigned,     StepKind::accepted, StepKind::on_scene,
      StepKind::bed_reserved, StepKind::transporting, StepKind::bed_lost, StepKind::diverted,
      StepKind::handed_over,  StepKind::closed};
  EXPECT_EQ(kinds(*town.city.find(id)), expected);
  EXPECT_EQ(town.city.find(id)->hospital, "hospital_1");
}

TEST_F(CityTest, WhoDidNotHearItsOrderInTimeReportsBackWhenItIsTold) {
  town.lose({Kind::ambulance, "ambulance_2"});
  town.deaf = true;
  car->crash(Severity::serious, 1);
  town.pass(35s);
  const Unit* const ambulance = town.city.find({Kind::ambulance, "ambulance_1"});
  EXPECT_EQ(ambulance->state, UnitState::off_duty);
  EXPECT_EQ(first().state, IncidentState::waiting);
  town.deaf = false;
  town.say_what_stands();
  town.pass(1s);
  EXPECT_EQ(first().ambulance, "ambulance_1");
}

TEST_F(CityTest, MoreIncidentsThanAmbulancesAreQueuedAndAllAreClosed) {
  town.lose({Kind::ambulance, "ambulance_2"});
  car->crash(Severity::minor, 1);
  town.pass(1s);
  other_car->crash(Severity::critical, 4);
  town.pass(1s);
  EXPECT_EQ(town.city.waiting().size(), 1U);
  town.pass(30min);
  EXPECT_TRUE(town.city.open_incidents().empty());
  EXPECT_EQ(figures().closed, 2U);
  EXPECT_EQ(figures().queued, 1U);
}

}  // namespace
}  // namespace muster::mobility::city_test
