// Whether a restored state is one that commands can lead to, so that what relies on it may.
#include <algorithm>
#include <ranges>

#include "mobility/mobility.h"
#include "mobility/wishes.h"

namespace muster::mobility {
namespace {

/// The state of the ambulance that has it.
bool belong_together(IncidentState incident, UnitState ambulance) {
  const auto from = [](auto first, auto value) {
    return static_cast<int>(value) - static_cast<int>(first);
  };
  return !is_over(incident) && ambulance >= UnitState::assigned &&
         from(IncidentState::assigned, incident) == from(UnitState::assigned, ambulance);
}

bool is_chain(const Incident& incident, std::size_t first_steps_kept) {
  const std::vector<Step>& steps = incident.steps;
  if (steps.empty() || steps.front().kind != StepKind::reported) return false;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::uint64_t dropped = i < first_steps_kept ? 0 : incident.steps_dropped;
    if (steps[i].index != i + 1 + dropped || steps[i].follows != i + dropped) return false;
  }
  const StepKind last = steps.back().kind;
  return (last == StepKind::closed) == (incident.state == IncidentState::closed) &&
         (last == StepKind::cancelled) == (incident.state == IncidentState::cancelled);
}

bool needs_ambulance(IncidentState state) {
  return state >= IncidentState::assigned && !is_over(state);
}

}  // namespace

bool Mobility::is_consistent() const {
  const auto unit_fits = [&](const auto& one) {
    return is_consistent(one.second.unit.read().unit);
  };
  const auto incident_fits = [&](const auto& one) {
    return is_consistent(one.second.incident.read().incident);
  };
  return units_.size() <= options_.units_max && open_.size() <= options_.open_incidents_max &&
         over_.size() <= options_.over_kept && std::ranges::all_of(units_, unit_fits) &&
         std::ranges::all_of(incidents_, incident_fits);
}

bool Mobility::is_consistent(const Unit& unit) const {
  if (unit.version > house_.read().versions) return false;
  switch (unit.id.kind) {
    case Kind::car: {
      const auto open = open_of_car_.find(unit.id.id);
      const auto& last = std::get<Car>(unit.role).incident;
      if (open == open_of_car_.end()) return unit.state == UnitState::present;
      return unit.state == UnitState::crashed && last == open->second;
    }
    case Kind::ambulance:
      return is_consistent(unit, std::get<Ambulance>(unit.role));
    case Kind::hospital:
      return is_consistent(unit, std::get<Hospital>(unit.role));
    case Kind::traffic_light:
      break;
  }
  return unit.state == UnitState::present && is_consistent(std::get<Light>(unit.role));
}

bool Mobility::is_consistent(const Unit& unit, const Ambulance& ambulance) const {
  const LogTime seen = house_.read().seen;
  const bool is_on_duty = unit.state != UnitState::off_duty;
  if (unit.state < UnitState::off_duty || is_on_duty != ambulance.on_duty_since.has_value()) {
    return false;
  }
  if (ambulance.on_duty_since > seen || ambulance.busy_since > seen) return false;
  const bool is_busy = unit.state >= UnitState::assigned;
  if (is_busy != ambulance.incident.has_value() || is_busy != ambulance.busy_since.has_value()) {
    return false;
  }
  if (!is_busy) return true;
  const Incident* const incident = find(*ambulance.incident);
  return incident != nullptr && incident->ambulance == unit.id.id &&
         belong_together(incident->state, unit.state);
}

bool Mobility::is_consistent(const Unit& unit, const Hospital& hospital) const {
  const auto is_expected = [&](const auto& promise) {
    const Incident* const incident = find(promise.first);
    return incident != nullptr && incident->hospital == unit.id.id &&
           incident->state < IncidentState::handed_over &&
           incident->over_capacity == !promise.second;
  };
  return unit.state == UnitState::present && std::ranges::all_of(hospital.promised, is_expected);
}

bool Mobility::is_consistent(const Light& light) const {
  if (light.wishes.size() > options_.wishes_max) return false;
  std::set<std::string> ambulances;
  for (const Granting& wish : light.wishes) {
    const Unit* const ambulance = find({Kind::ambulance, wish.ambulance});
    if (ambulance == nullptr || !ambulances.insert(wish.ambulance).second) return false;
    if (!drives(*ambulance) || std::get<Ambulance>(ambulance->role).incident != wish.incident) {
      return false;
    }
    const Incident* const incident = find(wish.incident);
    if (incident == nullptr || incident->severity != wish.severity) return false;
    const bool is_first = &wish == &light.wishes.front();
    const bool has_it = is_first && is_open(wish.status);
    const bool waits = !has_it && is_open(wish.status);
    if (waits != (wish.status == PreemptionStatus::watch_other_traffic)) return false;
    if ((wish.order != 0) != has_it || wish.order > light.last_order) return false;
    if (wish.granted_at.has_value() != (wish.status == PreemptionStatus::granted)) return false;
    if (wish.granted_at && (!wish.was_granted || *wish.granted_at > house_.read().seen)) {
      return false;
    }
  }
  return std::ranges::is_sorted(light.wishes, comes_before);
}

bool Mobility::is_consistent(const Incident& incident) const {
  const House& house = house_.read();
  if (!is_chain(incident, options_.first_steps_kept)) return false;
  if (incident.steps.size() > options_.steps_kept || incident.id.position > house.at) return false;
  if (incident.reassignments > options_.reassignments_max) return false;
  if (incident.reported > house.seen || incident.handed_over_at > house.seen) return false;
  if (needs_ambulance(incident.state)) {
    const Unit* const ambulance = find({Kind::ambulance, incident.ambulance});
    if (ambulance == nullptr) return false;
    if (std::get<Ambulance>(ambulance->role).incident != incident.id) return false;
  } else if (incident.state == IncidentState::waiting && !incident.ambulance.empty()) {
    return false;
  }
  if (incident.hospital.empty()) {
    return !incident.over_capacity && incident.state != IncidentState::handed_over;
  }
  if (incident.state >= IncidentState::handed_over) {
    return incident.state != IncidentState::cancelled;
  }
  const Unit* const hospital = find({Kind::hospital, incident.hospital});
  return hospital != nullptr && std::get<Hospital>(hospital->role).promised.contains(incident.id);
}

}  // namespace muster::mobility
