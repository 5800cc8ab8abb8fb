#include "sim/unit_load.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"
#include "sim/violation.h"

namespace muster::sim {

namespace {

using mobility::Incident;
using mobility::Kind;
using mobility::Order;
using mobility::OrderKind;
using mobility::Progress;
using mobility::StepKind;
using mobility::Unit;
using std::chrono::milliseconds;

constexpr Duration sign_on_again = milliseconds(200);
constexpr Duration back_on_duty = milliseconds(300);
constexpr std::size_t heard_max = 8;

mobility::Severity any_severity(Random& random) {
  return static_cast<mobility::Severity>(1 + random.below(3));
}

}  // namespace

UnitLoad::UnitLoad(std::uint32_t client, const Scenario& scenario, MobilityCheckers& checkers,
                   Instant now)
    : options_(scenario.mobility),
      checkers_(checkers),
      random_(scenario.seed * 0x9e3779b97f4a7c15U + 2'000 + client),
      router_(mobility::standard_map().network(), mobility::Router::Options{}),
      actor_(make_actor(client, scenario, now)),
      id_(actor_->sign_on().unit) {}

mobility::OnEdge UnitLoad::somewhere() {
  const std::size_t edges = mobility::standard_map().network().edges().size();
  return {.edge = {static_cast<std::uint32_t>(random_.below(edges))}};
}

namespace {

/// In the middle, where most come through.
const mobility::Crossing& crossing_of_light(std::size_t number) {
  const auto crossings = mobility::standard_map().crossings();
  return crossings[crossings.size() / 2 + number];
}

/// Right behind the first light: who goes there goes over its crossing.
mobility::OnEdge behind_light() {
  const auto edges = mobility::standard_map().network().edges();
  const auto edge = std::ranges::find(edges, crossing_of_light(0).node, &mobility::Edge::from);
  return {.edge = {static_cast<std::uint32_t>(edge - edges.begin())}, .offset_cm = 1'000};
}

}  // namespace

std::unique_ptr<mobility::Actor> UnitLoad::make_actor(std::uint32_t client,
                                                      const Scenario& scenario, Instant now) {
  const MobilityOptions& city = scenario.mobility;
  mobility::ActorPlace place{.map = mobility::standard_map(),
                             .router = router_,
                             .at = somewhere(),
                             .pace = city.pace,
                             .now = now};
  std::size_t number = client - 1;
  const auto id = [&](Kind kind) {
    return std::string(mobility::id_prefix(kind)) + "_" + std::to_string(number + 1);
  };
  if (number < city.cars) {
    auto car = std::make_unique<mobility::CarActor>(id(Kind::car), place, random_.next());
    car_ = car.get();
    return car;
  }
  number -= city.cars;
  const bool is_special = random_.chance(0.5);
  if (number < city.ambulances) {
    return std::make_unique<mobility::AmbulanceActor>(
        id(Kind::ambulance), place, is_special ? mobility::advanced_life_support : 0);
  }
  number -= city.ambulances;
  if (number < city.hospitals) {
    const auto beds = static_cast<std::uint32_t>(1 + random_.below(3));
    if (random_.chance(0.8)) place.at = behind_light();
    return std::make_unique<mobility::HospitalActor>(id(Kind::hospital), place, beds,
                                                     is_special ? mobility::trauma_centre : 0);
  }
  number -= city.hospitals;
  check(number < city.lights);
  crossing_ = &crossing_of_light(number);
  auto light =
      std::make_unique<mobility::LightActor>(id(Kind::traffic_light), place, crossing_->node);
  light_ = light.get();
  return light;
}

std::vector<std::string> UnitLoad::topics() const {
  std::vector<std::string> out{mobility::unit_topic(id_)};
  if (id_.kind == Kind::car) {
    out.emplace_back(mobility::way_topic);
    out.emplace_back(mobility::incidents_topic);
  }
  return out;
}

void UnitLoad::session_began() {
  signed_on_ = false;
  sign_on_at_.reset();
  taken_.clear();
  seen_.clear();
  heard_.clear();
}

bool UnitLoad::happens(double per_second) {
  return random_.chance(per_second * static_cast<double>(apart / milliseconds(1)) / 1'000);
}

bool UnitLoad::departs() {
  return !calm_ && happens(options_.departures);
}

// ---- What it says -------------------------------------------------------------------------------

std::vector<UnitLoad::Said> UnitLoad::advance(Instant now) {
  std::vector<Said> out;
  if (light_ != nullptr) check_lights();
  if (!signed_on_) {
    if (sign_on_at_ && now < *sign_on_at_) return out;
    sign_on_at_ = Instant::max();  // Until it is answered.
    out.push_back({.request = actor_->sign_on()});
    return out;
  }
  for (mobility::Request& request : actor_->advance(now)) {
    const auto* const said = std::get_if<Progress>(&request);
    if (said != nullptr && taken_.contains({said->incident, said->order, said->reached})) {
      throw Violation("each step once", id_.id + " takes the step to " +
                                            std::string(name_of(said->reached)) + " of incident " +
                                            to_text(said->incident) + " twice");
    }
    out.push_back({.request = std::move(request), .by_actor = true});
  }
  act_at_will(out, now);
  return out;
}

void UnitLoad::act_at_will(std::vector<Said>& out, Instant now) {
  // Who was taken off duty for not answering reports back.
  if (off_duty_since_ && now - *off_duty_since_ > back_on_duty) {
    off_duty_since_ = now;
    out.push_back({.request = mobility::Duty{.ambulance = id_.id, .on = true}});
  }
  if (calm_) return;
  if (car_ != nullptr && crashes_ < options_.crashes_max && happens(options_.crashes)) {
    ++crashes_;
    car_->crash(any_severity(random_), static_cast<std::uint32_t>(random_.below(4)));
  }
  if (happens(options_.nonsense)) {
    out.push_back({.request = random_.chance(0.3) ? forged() : nonsense()});
  }
  if (!heard_.empty() && happens(options_.whims)) {
    actor_->hear(heard_[random_.below(heard_.size())], now);  // Once more.
  }
  if (!happens(options_.whims)) return;
  if (auto will = whim()) out.push_back({.request = std::move(*will)});
}

std::optional<mobility::Request> UnitLoad::whim() {
  if (random_.chance(0.1)) return mobility::SignOff{.unit = id_};
  if (id_.kind == Kind::ambulance) {
    return mobility::Duty{.ambulance = id_.id, .on = random_.chance(0.3)};
  }
  if (id_.kind == Kind::hospital) {
    mobility::Beds said{.hospital = id_.id};
    said.diversion = random_.chance(0.4);
    if (random_.chance(0.5)) said.free = static_cast<std::int32_t>(random_.below(3));
    return said;
  }
  const Incident* const incident = car_ == nullptr ? nullptr : any_incident();
  if (incident == nullptr) return std::nullopt;
  return mobility::Cancel{.car = id_.id, .incident = incident->id};
}

const Incident* UnitLoad::any_incident() {
  const auto& all = checkers_.story.incidents;
  if (all.empty()) return nullptr;
  const std::uint64_t back = random_.below(std::min<std::size_t>(all.size(), 4));
  return &std::prev(all.end(), static_cast<std::ptrdiff_t>(back + 1))->second.now;
}

const Unit* UnitLoad::any_unit(Kind kind) {
  std::vector<const Unit*> all;
  for (const auto& [id, unit] : checkers_.story.units) {
    if (id.kind == kind) all.push_back(&unit);
  }
  return all.empty() ? nullptr : all[random_.below(all.size())];
}

// Steps out of order, of old orders, of others; places off the map; what nobody ever was.
mobility::Request UnitLoad::nonsense() {
  const Incident* const incident = any_incident();
  const Unit* const ambulance = any_unit(Kind::ambulance);
  const bool own = random_.chance(0.7) && id_.kind == Kind::ambulance;
  const std::string who = own || ambulance == nullptr ? id_.id : ambulance->id.id;
  switch (random_.below(7)) {
    case 0:
      return mobility::Report{.car = "car_99"};
    case 1:
      return mobility::Report{.car = "car_1", .place = mobility::Geographic{}};
    case 2:
      return mobility::Beds{.hospital = "hospital_1", .change = -9'999};
    case 3:
      return mobility::Signal{.light = "traffic_light_1", .order = 99'999};
    case 4:
      return mobility::SignOn{.unit = {Kind::ambulance, who},
                              .place = mobility::standard_map().geographic(somewhere())};
    default:
      break;
  }
  if (incident == nullptr) return mobility::Duty{.ambulance = "ambulance_99"};
  const auto back = static_cast<std::uint32_t>(random_.below(2));
  constexpr StepKind reached[] = {StepKind::accepted, StepKind::on_scene, StepKind::transporting,
                                  StepKind::handed_over, StepKind::closed};
  return Progress{.ambulance = who,
                  .incident = incident->id,
                  .order = incident->order - std::min(incident->order, back),
                  .reached = reached[random_.below(std::size(reached))]};
}

// What only the leader may decide, such that it would take effect.
mobility::Request UnitLoad::forged() {
  const Incident* const incident = any_incident();
  const Unit* const ambulance = any_unit(Kind::ambulance);
  const Unit* const hospital = any_unit(Kind::hospital);
  const Unit* const light = any_unit(Kind::traffic_light);
  const std::uint64_t draw = random_.below(4);
  if (draw == 0 && incident != nullptr && ambulance != nullptr) {
    return mobility::Assign{.incident = incident->id,
                            .follows = incident->last_step(),
                            .ambulance = ambulance->id.id,
                            .ambulance_version = ambulance->version};
  }
  if (draw == 1 && incident != nullptr && hospital != nullptr) {
    return mobility::Reserve{.incident = incident->id,
                             .follows = incident->last_step(),
                             .hospital = hospital->id.id,
                             .hospital_version = hospital->version};
  }
  if (draw == 2 && ambulance != nullptr && light != nullptr) {
    return mobility::Preempt{.light = light->id.id,
                             .ambulance = ambulance->id.id,
                             .ambulance_version = ambulance->version,
                             .way = mobility::Way{},
                             .lease = milliseconds(1'000)};
  }
  return mobility::Locate{
      .units = {{.unit = id_, .place = mobility::standard_map().geographic(somewhere())}}};
}

// ---- What it is told ----------------------------------------------------------------------------

bool UnitLoad::answered(const Said& what, const Result<mobility::Receipt>& receipt, Instant now) {
  const mobility::Request& request = what.request;
  const auto* const comes = std::get_if<mobility::SignOn>(&request);
  if (comes != nullptr && comes->unit == id_ && !signed_on_) {
    sign_on_at_ = now + sign_on_again;
    if (!receipt) return false;
    signed_on_ = true;
    seen_.clear();  // All from here on is told, perhaps again.
    actor_->signed_on();
    off_duty_since_.reset();
    return true;
  }
  if (receipt && std::holds_alternative<mobility::SignOff>(request)) {
    session_began();  // It comes back in the same one.
    sign_on_at_ = now + sign_on_again;
    return false;
  }
  const auto* const said = std::get_if<Progress>(&request);
  const auto* const report = std::get_if<mobility::Report>(&request);
  if (receipt && report != nullptr) checkers_.reports.acknowledged(*report, *receipt);
  if (receipt && said != nullptr && what.by_actor) {
    taken_.insert({said->incident, said->order, said->reached});
  }
  if (receipt && receipt->state && std::holds_alternative<mobility::Duty>(request)) {
    off_duty_since_.reset();
    if (*receipt->state == mobility::UnitState::off_duty) off_duty_since_ = now;
  }
  // Whoever happens to say that it takes an order knows of it from then on.
  const bool is_luck = receipt && said != nullptr && !what.by_actor && unheard_ &&
                       unheard_->incident == said->incident && unheard_->step == said->order;
  if (is_luck) actor_->hear(*std::exchange(unheard_, {}), now);
  if (what.by_actor) actor_->answered(request, receipt, now);
  return false;
}

void UnitLoad::told(const session::TopicNews& news, Instant now) {
  if (const auto* const events = std::get_if<session::TopicEvents>(&news)) {
    told_events(*events, now);
  } else if (const auto* const gap = std::get_if<session::TopicGap>(&news)) {
    told_gap(*gap, now);
  }
}

void UnitLoad::told_events(const session::TopicEvents& news, Instant now) {
  for (const session::Event& event : news.events) {
    const BytesView bytes = event.payload.view();
    if (news.topic == mobility::incidents_topic) {
      const Incident incident = mobility::decode_incident_event(bytes).value();
      checkers_.chains.shown(id_.id, incident);
      const auto [seen, first] = seen_.emplace(incident.id, incident.last_step());
      if (!first && incident.last_step() != ++seen->second) {
        throw Violation("chains stay", id_.id + " was told step " +
                                           std::to_string(incident.last_step()) + " of incident " +
                                           to_text(incident.id) + " instead of " +
                                           std::to_string(seen->second));
      }
    } else if (news.topic == mobility::way_topic) {
      actor_->hear(mobility::decode_approach(bytes).value(), now);
    } else {
      hear(mobility::decode_order(bytes).value(), now);
    }
  }
}

void UnitLoad::told_gap(const session::TopicGap& news, Instant now) {
  if (!news.state) {
    throw Violation("told is so", id_.id + " was told of a gap in " + news.topic +
                                      " without the state: " + news.state.error().message);
  }
  const BytesView bytes = news.state->view();
  if (news.topic == mobility::incidents_topic) {
    seen_.clear();
    for (const Incident& incident : mobility::decode_incidents(bytes).value().incidents) {
      checkers_.chains.shown(id_.id, incident);
      seen_[incident.id] = incident.last_step();
    }
  } else if (news.topic == mobility::way_topic) {
    for (const auto& one : mobility::decode_approaches(bytes).value()) actor_->hear(one, now);
  } else {
    const auto orders = mobility::decode_orders(bytes).value();
    if (orders.empty() && id_.kind == Kind::ambulance) off_duty_since_ = now;  // Perhaps.
    actor_->hear_all(orders, now);
  }
}

void UnitLoad::hear(const Order& order, Instant now) {
  // Who is silent is taken off duty by the group, in its time.
  if (order.kind == OrderKind::stand_down) off_duty_since_ = now;
  if (order.kind == OrderKind::go_to_scene && !calm_ && random_.chance(options_.unheard)) {
    unheard_ = order;
    return;
  }
  if (heard_.size() == heard_max) heard_.erase(heard_.begin());
  heard_.push_back(order);
  actor_->hear(order, now);
}

void UnitLoad::check_lights() const {
  const mobility::Movements greens = light_->controller().greens();
  for (std::size_t movement = 0; movement < crossing_->plan.conflicts.size(); ++movement) {
    const bool is_green = (greens & mobility::only(movement)) != 0;
    if (!is_green || (crossing_->plan.conflicts[movement] & greens) == 0) continue;
    throw Violation("no conflicting greens", id_.id + " has green for movement " +
                                                 std::to_string(movement) + " and against it");
  }
}

}  // namespace muster::sim
