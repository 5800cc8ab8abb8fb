// An incident's chain of steps, from the report to the hospital.
#include <algorithm>
#include <utility>

#include "mobility/mobility.h"
#include "muster/check.h"

namespace muster::mobility {
namespace {

UnitState unit_state_in(IncidentState state) {
  switch (state) {
    case IncidentState::assigned:
      return UnitState::assigned;
    case IncidentState::accepted:
      return UnitState::accepted;
    case IncidentState::on_scene:
      return UnitState::on_scene;
    case IncidentState::transporting:
      return UnitState::transporting;
    default:
      break;
  }
  check(state == IncidentState::handed_over);
  return UnitState::at_hospital;
}

Error not_next(const Incident& incident, StepKind reached) {
  std::string text = "incident " + to_text(incident.id) + " is " +
                     std::string(name_of(incident.state)) + "; " + std::string(name_of(reached)) +
                     " is not what comes next";
  return {ErrorCode::failed_precondition, std::move(text)};
}

}  // namespace

// ---- The chain ----------------------------------------------------------------------------------

void Mobility::add_step(IncidentId id, Step step, service::Output& output) {
  Incident& incident = change(id);
  step.follows = incident.last_step();
  step.index = step.follows + 1;
  step.time = house_.read().seen;
  incident.steps.push_back(std::move(step));
  if (incident.steps.size() > options_.steps_kept) {
    incident.steps.erase(incident.steps.begin() +
                         static_cast<std::ptrdiff_t>(options_.first_steps_kept));
    ++incident.steps_dropped;
  }
  changed(id);
  output.publish(incidents_topic, encode_incident_event(incident));
}

void Mobility::changed(IncidentId id) {
  KeptIncident& kept = incidents_.at(id);
  const Incident& incident = kept.incident.read().incident;
  std::optional<LogTime> due;
  if (incident.state == IncidentState::assigned) due = incident.accept_by;
  const bool is_promised =
      !incident.hospital.empty() && incident.state < IncidentState::handed_over;
  if (is_promised && (!due || incident.bed_until < *due)) due = incident.bed_until;
  if (kept.due != due) {
    if (kept.due) incidents_due_.erase({*kept.due, id});
    if (due) incidents_due_.emplace(*due, id);
    kept.due = due;
  }
  const Urgency urgency{incident.severity, occupants_max - incident.occupants, id};
  if (incident.state == IncidentState::waiting) {
    waiting_.insert(urgency);
  } else {
    waiting_.erase(urgency);
  }
  if (is_over(incident.state)) {
    open_.erase(id);
    open_of_car_.erase(incident.car);
    over_.emplace(incident.over_at, id);
  } else {
    open_.insert(id);
    open_of_car_.emplace(incident.car, id);
  }
}

void Mobility::make_room() {
  while (over_.size() >= options_.over_kept) {
    incidents_.erase(over_.begin()->second);
    over_.erase(over_.begin());
  }
}

// ---- Reports ------------------------------------------------------------------------------------

const Incident* Mobility::same_as(const Unit& car, Geographic place, bool by_itself) const {
  const auto last = std::get<Car>(car.role).incident;
  const Incident* const incident = last ? find(*last) : nullptr;
  if (incident == nullptr) return nullptr;
  if (!is_over(incident->state)) return incident;
  // Who took a false alarm back and now reports means it; others may not have heard of it.
  if (incident->state == IncidentState::cancelled && by_itself) return nullptr;
  if (house_.read().seen - incident->reported > options_.repeat_window) return nullptr;
  const Projection& projection = map_.projection();
  const auto here = projection.to_plane(place);
  const auto there = projection.to_plane(incident->place);
  const bool is_near = here && there && distance(*here, *there) <= options_.repeat_distance_cm;
  return is_near ? incident : nullptr;
}

Mobility::Handled Mobility::handle(const Report& request, CommandRef command,
                                   service::Output& output) {
  const UnitId car_id{Kind::car, request.car};
  const Unit* const car = find(car_id);
  if (car == nullptr) {
    return Error{ErrorCode::not_found,
                 "there is no Car " + request.car + "; list the units, or let it sign on"};
  }
  const Geographic place = request.place.value_or(car->place);
  if (const auto located = map_.locate(place); !located) return located.error();
  const bool by_itself = car->session == command.session;
  if (const Incident* const same = same_as(*car, place, by_itself)) {
    ++house_.write().figures.repeated_reports;
    return receipt(*same, true);
  }
  if (open_.size() >= options_.open_incidents_max) {
    return Error{ErrorCode::resource_exhausted,
                 "there are " + std::to_string(open_.size()) +
                     " open incidents, the limit of a group; report it again in a while"};
  }
  const IncidentId id{command.position};
  Incident& incident = incidents_[id].incident.write().incident;
  incident = {.id = id,
              .car = request.car,
              .severity = request.severity,
              .occupants = request.occupants,
              .place = place,
              .pickup = place,
              .reported = command.time};
  ++house_.write().figures.incidents;
  add_step(id, {.kind = StepKind::reported, .unit = request.car}, output);
  Unit& unit = change(car_id);
  std::get<Car>(unit.role).incident = id;
  unit.state = UnitState::crashed;
  unit.since = command.time;
  unit.place = place;
  unit.placed = command.time;
  raise(unit);
  tell(unit, output);
  if (available_.empty()) {
    ++house_.write().figures.queued;
    add_step(id, {.kind = StepKind::queued, .cause = Cause::none_free}, output);
  }
  return receipt(*find(id));
}

Mobility::Handled Mobility::handle(const Cancel& request, CommandRef command,
                                   service::Output& output) {
  const Incident* const incident = find(request.incident);
  if (incident == nullptr) {
    return Error{ErrorCode::not_found, "there is no incident " + to_text(request.incident)};
  }
  if (!command.system) {
    const auto car = own({Kind::car, request.car}, command);
    if (!car) return car.error();
    if (incident->car != request.car) {
      return Error{ErrorCode::permission_denied, "only the car that reported it takes it back"};
    }
  }
  if (incident->state == IncidentState::cancelled) return receipt(*incident, true);
  if (incident->state >= IncidentState::transporting) {
    return Error{ErrorCode::failed_precondition, "incident " + to_text(incident->id) + " is " +
                                                     std::string(name_of(incident->state)) +
                                                     ": it can't be taken back any more"};
  }
  const std::string ambulance = incident->ambulance;
  finish(request.incident, StepKind::cancelled,
         command.system ? Cause::by_operator : Cause::false_alarm, output);
  if (!ambulance.empty()) {
    stand_down(ambulance, request.incident, output);
    set_ambulance(ambulance, UnitState::available, {}, output);
  }
  return receipt(*find(request.incident));
}

// ---- What ambulances do -------------------------------------------------------------------------

Mobility::Handled Mobility::handle(const Progress& request, CommandRef command,
                                   service::Output& output) {
  const auto ambulance = own({Kind::ambulance, request.ambulance}, command);
  if (!ambulance) return ambulance.error();
  const Incident* const incident = find(request.incident);
  if (incident == nullptr) {
    return Error{ErrorCode::not_found, "there is no incident " + to_text(request.incident)};
  }
  const IncidentState next = state_after(request.reached);
  const bool is_own = incident->ambulance == request.ambulance && incident->order == request.order;
  if (is_own && incident->state >= next && incident->state != IncidentState::cancelled) {
    return receipt(*incident, true);
  }
  if (!is_own || is_over(incident->state)) {
    return Error{ErrorCode::failed_precondition, "incident " + to_text(incident->id) + " is not " +
                                                     request.ambulance +
                                                     "'s by that order any more; stand down"};
  }
  if (static_cast<int>(incident->state) + 1 != static_cast<int>(next)) {
    return not_next(*incident, request.reached);
  }
  // It may have been lost on the way to it, too.
  const bool needs_hospital =
      next == IncidentState::transporting || next == IncidentState::handed_over;
  if (needs_hospital && incident->hospital.empty()) {
    return Error{ErrorCode::failed_precondition,
                 "no hospital is chosen; wait for the order to go to one"};
  }
  // A receiver that errs must not hold up the step: a place off the map is left out.
  if (request.place && map_.locate(*request.place)) {
    Unit& unit = change(UnitId{Kind::ambulance, request.ambulance});
    unit.place = *request.place;
    unit.placed = command.time;
  }
  take_step(request.incident, request.reached, output);
  return receipt(*find(request.incident));
}

void Mobility::take_step(IncidentId id, StepKind reached, service::Output& output) {
  const std::string ambulance = find(id)->ambulance;
  if (reached == StepKind::closed) {
    const Incident& incident = *find(id);
    house_.write().figures.at_hospital.add(house_.read().seen - incident.handed_over_at);
    finish(id, StepKind::closed, Cause::none, output);
    return set_ambulance(ambulance, UnitState::available, {}, output);
  }
  Incident& incident = change(id);
  incident.state = state_after(reached);
  const LogTime now = house_.read().seen;
  std::string unit = ambulance;
  if (reached == StepKind::on_scene) {
    if (!incident.on_scene_at) house_.write().figures.response.add(now - incident.reported);
    if (!incident.on_scene_at) incident.on_scene_at = now;
    end_wishes_of(ambulance, output);
  } else if (reached == StepKind::transporting) {
    incident.bed_until = now + options_.bed_lease;
  } else if (reached == StepKind::handed_over) {
    incident.handed_over_at = now;
    unit = incident.hospital;
    // The bed is taken now, and not promised any more.
    Unit& hospital = change(UnitId{Kind::hospital, incident.hospital});
    std::get<Hospital>(hospital.role).promised.erase(id);
    tell(hospital, output);
    order(hospital.id,
          {.kind = OrderKind::patient_arrived,
           .incident = id,
           .step = incident.last_step() + 1,
           .unit = ambulance},
          output);
    end_wishes_of(ambulance, output);
  }
  add_step(id, {.kind = reached, .unit = unit, .over_capacity = incident.over_capacity}, output);
  set_ambulance(ambulance, unit_state_in(find(id)->state), id, output);
}

// ---- When things go wrong -----------------------------------------------------------------------

void Mobility::stand_down(const std::string& ambulance, IncidentId id, service::Output& output) {
  order({Kind::ambulance, ambulance},
        {.kind = OrderKind::stand_down, .incident = id, .step = find(id)->last_step()}, output);
}

void Mobility::put_back(IncidentId id, Cause cause, service::Output& output) {
  Incident& incident = change(id);
  const std::string ambulance = std::exchange(incident.ambulance, {});
  incident.state = IncidentState::waiting;
  ++house_.write().figures.queued;
  end_wishes_of(ambulance, output);
  add_step(id, {.kind = StepKind::queued, .unit = ambulance, .cause = cause}, output);
}

void Mobility::finish(IncidentId id, StepKind kind, Cause cause, service::Output& output) {
  const std::string ambulance = find(id)->ambulance;
  if (!ambulance.empty()) end_wishes_of(ambulance, output);
  if (kind == StepKind::cancelled) release_bed(id, output);
  Incident& incident = change(id);
  incident.state = kind == StepKind::cancelled ? IncidentState::cancelled : IncidentState::closed;
  incident.over_at = house_.read().seen;
  make_room();
  Figures& figures = house_.write().figures;
  ++(kind == StepKind::cancelled ? figures.cancelled : figures.closed);
  const UnitId car_id{Kind::car, incident.car};
  add_step(id, {.kind = kind, .unit = ambulance, .cause = cause}, output);
  const Unit* const car = find(car_id);
  if (car != nullptr && std::get<Car>(car->role).incident == id) {
    Unit& unit = change(car_id);
    unit.state = UnitState::present;
    unit.since = house_.read().seen;
    raise(unit);
    tell(unit, output);
  }
}

void Mobility::release_bed(IncidentId id, service::Output& output) {
  Incident& incident = change(id);
  const UnitId hospital_id{Kind::hospital, std::exchange(incident.hospital, {})};
  incident.over_capacity = false;
  if (find(hospital_id) == nullptr) return;
  Unit& unit = change(hospital_id);
  auto& hospital = std::get<Hospital>(unit.role);
  const auto promise = hospital.promised.find(id);
  if (promise == hospital.promised.end()) return;
  if (promise->second && hospital.free_beds < beds_max) ++hospital.free_beds;
  hospital.promised.erase(promise);
  tell(unit, output);
  order(hospital_id,
        {.kind = OrderKind::expect_nobody, .incident = id, .step = incident.last_step()}, output);
}

void Mobility::lose_bed(IncidentId id, Cause cause, service::Output& output) {
  const std::string hospital = find(id)->hospital;
  release_bed(id, output);
  add_step(id, {.kind = StepKind::bed_lost, .unit = hospital, .cause = cause}, output);
}

}  // namespace muster::mobility
