#include "sim/mobility_checkers.h"

#include <algorithm>
#include <type_traits>

#include "sim/violation.h"

namespace muster::sim {

namespace {

using mobility::Assign;
using mobility::Incident;
using mobility::IncidentId;
using mobility::IncidentState;
using mobility::Kind;
using mobility::Mobility;
using mobility::OrderKind;
using mobility::Preempt;
using mobility::Reserve;
using mobility::Unit;
using mobility::UnitId;
using mobility::UnitState;

std::string server_name(std::size_t server) {
  return "server " + std::to_string(server);
}

bool is_decision(const mobility::Request& request) {
  return std::holds_alternative<Assign>(request) || std::holds_alternative<Reserve>(request) ||
         std::holds_alternative<Preempt>(request) ||
         std::holds_alternative<mobility::Locate>(request);
}

}  // namespace

std::string name(IncidentId id) {
  return "incident " + to_text(id);
}

std::string name(const UnitId& id) {
  return std::string(mobility::name_of(id.kind)) + " " + id.id;
}

// ---- Alike --------------------------------------------------------------------------------------

// Of a command the place in the log is enough, of a session's end the session; at one time at most
// one passing of time comes to a machine.
CitiesAlike::Name CitiesAlike::name_of(const CityDeed& deed) {
  if (deed.position) return {deed.position, std::nullopt, LogTime{}};
  if (deed.ended) return {std::nullopt, deed.ended, LogTime{}};
  return {std::nullopt, std::nullopt, deed.time};
}

bool CitiesAlike::seen(std::size_t server, const CityDeed& deed) {
  const auto [known, fresh] = deeds_.emplace(name_of(deed), deed.checksum);
  if (known->second == deed.checksum) return fresh;
  throw Violation("cities alike", server_name(server) +
                                      " told otherwise than another what happened at log time " +
                                      std::to_string(deed.time.milliseconds) + " ms");
}

// ---- Decisions ----------------------------------------------------------------------------------

void LeaderDecides::seen(const CityDeed& deed) const {
  if (!deed.request || !is_decision(*deed.request)) return;
  if (!deed.of_leader) {
    if (deed.refused == ErrorCode::permission_denied && deed.events.empty()) return;
    throw Violation("only the leader decides", "a client's word decided something");
  }
  if (!deed.receipt) return;
  if (const auto* const assign = std::get_if<Assign>(&*deed.request)) fits(*assign);
  if (const auto* const reserve = std::get_if<Reserve>(&*deed.request)) fits(*reserve);
  if (const auto* const preempt = std::get_if<Preempt>(&*deed.request)) fits(*preempt);
}

namespace {

void follows(const CityStory& before, IncidentId id, std::uint32_t step) {
  const auto found = before.incidents.find(id);
  if (found != before.incidents.end() && found->second.steps.size() == step) return;
  throw Violation("decisions fit",
                  "one was carried out that does not follow the last step of " + name(id));
}

const Unit& has_version(const CityStory& before, const UnitId& id, std::uint64_t version) {
  const Unit* const unit = before.find(id);
  if (unit != nullptr && unit->version == version) return *unit;
  throw Violation("decisions fit", "one was carried out though " + name(id) + " had changed");
}

}  // namespace

void LeaderDecides::fits(const Assign& decision) const {
  follows(before_, decision.incident, decision.follows);
  const UnitId id{Kind::ambulance, decision.ambulance};
  if (has_version(before_, id, decision.ambulance_version).state == UnitState::available) return;
  throw Violation("decisions fit", name(id) + " was given an incident though it has one");
}

void LeaderDecides::fits(const Reserve& decision) const {
  follows(before_, decision.incident, decision.follows);
  has_version(before_, {Kind::hospital, decision.hospital}, decision.hospital_version);
}

void LeaderDecides::fits(const Preempt& decision) const {
  if (!decision.way) return;
  has_version(before_, {Kind::ambulance, decision.ambulance}, decision.ambulance_version);
}

// ---- Ambulances ---------------------------------------------------------------------------------

void OneAmbulance::told(const ToldOrder& told) {
  const bool is_of_light =
      told.order.kind == OrderKind::give_green || told.order.kind == OrderKind::take_green_back;
  // Lights count their orders by themselves, and anew when they sign on again.
  const IncidentId incident = is_of_light ? IncidentId{} : told.order.incident;
  const OrderKind kind = is_of_light ? OrderKind::give_green : told.order.kind;
  const auto arrivals = is_of_light ? story_.arrivals.at(told.to) : std::uint64_t{0};
  if (orders_.insert({told.to, kind, incident, told.order.step, arrivals}).second) return;
  throw Violation("told once", name(told.to) + " was told order " +
                                   std::to_string(told.order.step) + " to " +
                                   std::string(name_of(told.order.kind)) + " twice");
}

void OneAmbulance::done(const Mobility& city) const {
  for (const std::string& id : city.ids_of(Kind::ambulance)) {
    const Unit& unit = *city.find(UnitId{Kind::ambulance, id});
    const auto& has = std::get<mobility::Ambulance>(unit.role).incident;
    const bool is_free = unit.state == UnitState::available || unit.state == UnitState::off_duty;
    if (is_free != !has) throw Violation("one ambulance", name(unit.id) + " is not what it does");
    if (!has) continue;
    const Incident* const incident = city.find(*has);
    if (incident != nullptr && incident->ambulance == id && !is_over(incident->state)) continue;
    throw Violation("one ambulance",
                    name(unit.id) + " is with " + name(*has) + ", which is not its own");
  }
  for (const IncidentId id : city.open_incidents()) {
    const Incident& incident = *city.find(id);
    const bool waits = incident.state == IncidentState::waiting;
    if (waits != incident.ambulance.empty()) {
      throw Violation("one ambulance", name(id) + " waits and has one");
    }
    if (waits) continue;
    const Unit* const unit = city.find(UnitId{Kind::ambulance, incident.ambulance});
    if (unit == nullptr) throw Violation("one ambulance", name(id) + " is with one that has gone");
    if (std::get<mobility::Ambulance>(unit->role).incident == id) continue;
    throw Violation("one ambulance",
                    name(id) + " is with " + name(unit->id) + ", which has another one");
  }
}

// ---- What is told -------------------------------------------------------------------------------

namespace {

/// As it would be told now, but for what need not be: where it is, and all wishes for a light.
Unit as_told(Unit is, const Unit& told) {
  is.place = told.place;
  is.placed = told.placed;
  if (is.id.kind == Kind::traffic_light) is.role = told.role;
  return mobility::decode_unit_event(mobility::encode(mobility::UnitEvent{.unit = is}))
      .value()
      .unit;
}

}  // namespace

void ToldIsSo::done(const Mobility& city) const {
  std::size_t units = 0;
  for (const Kind kind : {Kind::car, Kind::ambulance, Kind::hospital, Kind::traffic_light}) {
    for (const std::string& id : city.ids_of(kind)) {
      ++units;
      const Unit& is = *city.find(UnitId{kind, id});
      const Unit* const told = story_.find(is.id);
      if (told != nullptr && as_told(is, *told) == *told) continue;
      throw Violation("told is so", name(is.id) + " is otherwise than was told");
    }
  }
  if (units != story_.units.size()) throw Violation("told is so", "a unit that was told has gone");
  for (const IncidentId id : city.open_incidents()) {
    const auto told = story_.incidents.find(id);
    if (told != story_.incidents.end() && told->second.now.state == city.find(id)->state &&
        told->second.steps.size() == city.find(id)->last_step()) {
      continue;
    }
    throw Violation("told is so", name(id) + " is otherwise than was told");
  }
}

// ---- Reports ------------------------------------------------------------------------------------

void NoReportLost::acknowledged(const mobility::Report& report, const mobility::Receipt& receipt) {
  const auto known = story_.incidents.find(receipt.incident);
  if (known == story_.incidents.end() || known->second.now.car != report.car) {
    throw Violation("no report is lost", "what Car " + report.car + " was answered, " +
                                             name(receipt.incident) + ", is not in the log");
  }
  reported_.insert(receipt.incident);
}

void NoReportLost::found(std::size_t server, const Mobility& city) const {
  for (const IncidentId id : reported_) {
    if (city.find(id) != nullptr) continue;
    // The oldest of those that are over may be forgotten.
    const auto over = std::ranges::count_if(
        story_.incidents, [](const auto& one) { return is_over(one.second.now.state); });
    const bool may_go = static_cast<std::size_t>(over) > city.options().over_kept;
    if (may_go && is_over(story_.incidents.at(id).now.state)) continue;
    throw Violation("no report is lost", server_name(server) + " has no " + name(id));
  }
}

// ---- All of them --------------------------------------------------------------------------------

bool gives(const mobility::Step& step) {
  return step.kind == mobility::StepKind::assigned || step.kind == mobility::StepKind::reassigned;
}

void MobilityCheckers::go_on(const CityDeed& deed, const CityEvent& event) {
  if (const auto* const order = std::get_if<ToldOrder>(&event)) {
    ambulances.told(*order);
  } else if (const auto* const incident = std::get_if<Incident>(&event)) {
    chains.seen(deed, *incident);
    beds.seen(*incident);
    CityStory::Chain& chain = story.incidents[incident->id];
    const std::uint32_t before = chain.now.order;
    chain.steps.push_back(incident->steps.back());
    chain.now = *incident;
    chain.now.order = gives(chain.steps.back()) ? chain.steps.back().index : before;
    ++steps;
  } else {
    const auto& told_unit = std::get<mobility::UnitEvent>(event);
    if (told_unit.gone) {
      beds.gone(told_unit.unit);
      story.units.erase(told_unit.unit.id);
    } else {
      if (story.find(told_unit.unit.id) == nullptr) ++story.arrivals[told_unit.unit.id];
      story.units.insert_or_assign(told_unit.unit.id, told_unit.unit);
    }
  }
}

void MobilityCheckers::seen(std::size_t server, const CityDeed& deed, const Mobility& city) {
  if (!alike.seen(server, deed)) return;
  decisions.seen(deed);
  beds.seen(deed);
  for (const CityEvent& event : deed.events) go_on(deed, event);
  ambulances.done(city);
  beds.done(city);
  lights.done(city);
  in_time.done(deed, city);
  told.done(city);
}

void MobilityCheckers::found(std::size_t server, const Mobility& city) const {
  reports.found(server, city);
  for (const auto& [id, chain] : story.incidents) {
    if (const Incident* const incident = city.find(id)) chains.found(server, *incident);
  }
}

std::optional<std::string> MobilityCheckers::what_is_open() const {
  for (const auto& [id, chain] : story.incidents) {
    if (is_over(chain.now.state)) continue;
    return name(id) + " is " + std::string(name_of(chain.now.state));
  }
  return std::nullopt;
}

}  // namespace muster::sim
