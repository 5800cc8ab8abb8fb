// Units come and go, and say how it stands with them.
#include <algorithm>
#include <utility>

#include "mobility/mobility.h"
#include "muster/check.h"

namespace muster::mobility {
namespace {

std::string in_words(const UnitId& id) {
  return std::string(name_of(id.kind)) + " " + id.id;
}

bool is_with_patient(UnitState state) {
  return state == UnitState::on_scene || state == UnitState::transporting ||
         state == UnitState::at_hospital;
}

}  // namespace

// ---- Who they are -------------------------------------------------------------------------------

Result<const Unit*> Mobility::own(const UnitId& id, CommandRef command) const {
  const Unit* const unit = find(id);
  if (unit == nullptr) {
    return Error{ErrorCode::not_found,
                 "there is no " + in_words(id) + "; sign it on, or list the units"};
  }
  if (unit->session != command.session) {
    return Error{ErrorCode::permission_denied, "only " + in_words(id) + " itself says that"};
  }
  return unit;
}

std::string Mobility::free_id(Kind kind) const {
  return std::string(id_prefix(kind)) + "_" + std::to_string(free_numbers_.at(kind).lowest_free());
}

Mobility::Handled Mobility::handle(const SignOn& request, CommandRef command,
                                   service::Output& output) {
  if (const auto place = map_.locate(request.place); !place) return place.error();
  if (const Unit* const before = find(request.unit)) {
    if (before->session == command.session) return receipt(*before, true);
    return Error{ErrorCode::already_exists, in_words(request.unit) + " is there already; " +
                                                free_id(request.unit.kind) + " is free"};
  }
  if (const auto other = by_session_.find(command.session); other != by_session_.end()) {
    return Error{ErrorCode::failed_precondition,
                 "this session is " + in_words(other->second) + "; sign that off first"};
  }
  if (units_.size() >= options_.units_max) {
    return Error{ErrorCode::resource_exhausted, "there are " + std::to_string(units_.size()) +
                                                    " units, the limit of a group; sign some off"};
  }
  UnitPart& part = units_[request.unit].unit.write();
  part.unit = {.id = request.unit,
               .session = command.session,
               .place = request.place,
               .placed = command.time,
               .capabilities = request.capabilities,
               .since = command.time};
  Unit& unit = part.unit;
  switch (request.unit.kind) {
    case Kind::car:
      // It may be back after a loss, and its crash is still the same one.
      if (const auto open = open_of_car_.find(request.unit.id); open != open_of_car_.end()) {
        unit.role = Car{.incident = open->second};
        unit.state = UnitState::crashed;
      }
      break;
    case Kind::ambulance:
      unit.role = Ambulance{.on_duty_since = command.time};
      unit.state = UnitState::available;
      break;
    case Kind::hospital:
      unit.role = Hospital{.free_beds = request.beds};
      break;
    case Kind::traffic_light:
      unit.role = Light{};
      break;
  }
  raise(unit);
  by_session_.emplace(command.session, request.unit);
  free_numbers_.at(request.unit.kind).take(request.unit);
  changed(request.unit);
  tell(unit, output);
  return receipt(unit);
}

Mobility::Handled Mobility::handle(const SignOff& request, CommandRef command,
                                   service::Output& output) {
  const auto unit = own(request.unit, command);
  if (!unit) return unit.error();
  remove(request.unit, output);
  return receipt();
}

void Mobility::session_ended(SessionId session, Position /*at*/, LogTime now,
                             service::Output& output) {
  house_.write().seen = now;
  const auto found = by_session_.find(session);
  if (found == by_session_.end()) return;
  const UnitId id = found->second;
  remove(id, output);
}

void Mobility::remove(const UnitId& id, service::Output& output) {
  if (id.kind == Kind::ambulance) {
    const auto incident = std::get<Ambulance>(find(id)->role).incident;
    if (incident && find(*incident)->state == IncidentState::handed_over) {
      finish(*incident, StepKind::closed, Cause::ambulance_lost, output);
    } else if (incident) {
      // Who took the patient left him where it was seen last, if that was on this map.
      const Geographic place = find(id)->place;
      if (find(*incident)->state == IncidentState::transporting && map_.locate(place)) {
        change(*incident).pickup = place;
      }
      put_back(*incident, Cause::ambulance_lost, output);
    }
    set_ambulance(id.id, UnitState::off_duty, {}, output);
  } else if (id.kind == Kind::hospital) {
    const auto promised = std::get<Hospital>(find(id)->role).promised;
    for (const auto& [incident, is_real] : promised) {
      lose_bed(incident, Cause::hospital_lost, output);
    }
  } else if (id.kind == Kind::traffic_light) {
    const auto wishes = std::get<Light>(find(id)->role).wishes;
    for (const Granting& wish : wishes) end_wish(id.id, wish.ambulance, output);
  }
  const Unit unit = *find(id);
  if (const auto due = units_.at(id).due) units_due_.erase({*due, id});
  by_session_.erase(unit.session);
  units_.erase(id);
  free_numbers_.at(unit.id.kind).give_back(unit.id);
  available_.erase(id.kind == Kind::ambulance ? id.id : "");
  output.publish(units_topic, encode(UnitEvent{.unit = unit, .gone = true}));
}

// ---- What is found from them --------------------------------------------------------------------

void Mobility::changed(const UnitId& id) {
  KeptUnit& kept = units_.at(id);
  const Unit& unit = kept.unit.read().unit;
  if (id.kind == Kind::ambulance) {
    if (unit.state == UnitState::available) {
      available_.insert(id.id);
    } else {
      available_.erase(id.id);
    }
  }
  if (const auto* const light = std::get_if<Light>(&unit.role)) {
    std::optional<LogTime> due;
    for (const Granting& wish : light->wishes) {
      if (!due || wish.until < *due) due = wish.until;
    }
    if (kept.due != due) {
      if (kept.due) units_due_.erase({*kept.due, id});
      if (due) units_due_.emplace(*due, id);
      kept.due = due;
    }
  }
}

void Mobility::tell(const Unit& unit, service::Output& output) {
  output.publish(units_topic, encode(UnitEvent{.unit = unit}));
}

void Mobility::order(const UnitId& to, const Order& order, service::Output& output) {
  output.publish(unit_topic(to), encode(order));
}

// ---- Ambulances ---------------------------------------------------------------------------------

void Mobility::set_ambulance(const std::string& id, UnitState state,
                             std::optional<IncidentId> incident, service::Output& output) {
  const UnitId unit_id{Kind::ambulance, id};
  if (find(unit_id) == nullptr) return;
  const LogTime now = house_.read().seen;
  Unit& unit = change(unit_id);
  auto& ambulance = std::get<Ambulance>(unit.role);
  Figures& figures = house_.write().figures;
  const bool is_busy = incident.has_value();
  if (ambulance.busy_since && !is_busy) {
    figures.busy_ms += static_cast<std::uint64_t>((now - *ambulance.busy_since).count());
    ambulance.busy_since.reset();
  }
  if (is_busy && !ambulance.busy_since) ambulance.busy_since = now;
  const bool is_on_duty = state != UnitState::off_duty;
  if (ambulance.on_duty_since && !is_on_duty) {
    figures.on_duty_ms += static_cast<std::uint64_t>((now - *ambulance.on_duty_since).count());
    ambulance.on_duty_since.reset();
  }
  if (is_on_duty && !ambulance.on_duty_since) ambulance.on_duty_since = now;
  ambulance.incident = incident;
  if (unit.state != state) unit.since = now;
  unit.state = state;
  raise(unit);
  changed(unit_id);
  tell(unit, output);
}

Mobility::Handled Mobility::handle(const Duty& request, CommandRef command,
                                   service::Output& output) {
  const UnitId id{Kind::ambulance, request.ambulance};
  const auto found = own(id, command);
  if (!found) return found.error();
  const Unit& unit = **found;
  if (request.on == (unit.state != UnitState::off_duty)) return receipt(unit, true);
  if (request.on) {
    set_ambulance(id.id, UnitState::available, {}, output);
    return receipt(*find(id));
  }
  if (is_with_patient(unit.state)) {
    return Error{ErrorCode::failed_precondition,
                 "it has a patient: hand over first, and be available"};
  }
  const auto incident = std::get<Ambulance>(unit.role).incident;
  if (incident) {
    put_back(*incident, Cause::gave_up, output);
    stand_down(id.id, *incident, output);
  }
  set_ambulance(id.id, UnitState::off_duty, {}, output);
  return receipt(*find(id));
}

// ---- Hospitals ----------------------------------------------------------------------------------

Mobility::Handled Mobility::handle(const Beds& request, CommandRef command,
                                   service::Output& output) {
  const UnitId id{Kind::hospital, request.hospital};
  const auto found = own(id, command);
  if (!found) return found.error();
  const auto& before = std::get<Hospital>((*found)->role);
  std::int64_t free = before.free_beds;
  if (request.free) free = *request.free;
  if (request.change) free += *request.change;
  if (free < 0) {
    return Error{ErrorCode::invalid_argument, "there are " + std::to_string(before.free_beds) +
                                                  " free beds; no hospital has fewer than 0"};
  }
  if (free > beds_max) {
    return Error{ErrorCode::invalid_argument, "a hospital has at most 10000 free beds"};
  }
  const bool diversion = request.diversion.value_or(before.diversion);
  if (free == before.free_beds && diversion == before.diversion) return receipt(**found, true);
  Unit& unit = change(id);
  auto& hospital = std::get<Hospital>(unit.role);
  hospital.free_beds = static_cast<std::uint32_t>(free);
  hospital.diversion = diversion;
  raise(unit);
  tell(unit, output);
  return receipt(unit);
}

}  // namespace muster::mobility
