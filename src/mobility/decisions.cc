// What the leader's advisor decides, if what it assumed still holds.
#include <algorithm>
#include <utility>

#include "mobility/mobility.h"
#include "mobility/wishes.h"

namespace muster::mobility {
namespace {

Error stale(std::string what) {
  return {ErrorCode::aborted, std::move(what) + "; look again"};
}

Result<void> check_incident(const Incident* incident, std::uint32_t follows) {
  if (incident == nullptr) return Error{ErrorCode::not_found, "the incident is not there"};
  if (incident->last_step() != follows) {
    return stale("incident " + to_text(incident->id) + " has gone on to step " +
                 std::to_string(incident->last_step()));
  }
  return {};
}

Result<void> check_unit(const Unit* unit, std::uint64_t version) {
  if (unit == nullptr) return Error{ErrorCode::not_found, "the unit has gone"};
  if (unit->version != version) {
    return stale(std::string(name_of(unit->id.kind)) + " " + unit->id.id + " has changed");
  }
  return {};
}

}  // namespace

// ---- Ambulances ---------------------------------------------------------------------------------

Mobility::Handled Mobility::handle(const Assign& request, CommandRef, service::Output& output) {
  const Incident* const incident = find(request.incident);
  if (auto holds = check_incident(incident, request.follows); !holds) return holds.error();
  const UnitId id{Kind::ambulance, request.ambulance};
  const Unit* const unit = find(id);
  if (auto holds = check_unit(unit, request.ambulance_version); !holds) return holds.error();
  if (unit->state != UnitState::available) return stale(id.id + " is not available");
  if (incident->state > IncidentState::accepted) {
    return stale("incident " + to_text(incident->id) + " is " +
                 std::string(name_of(incident->state)));
  }
  const std::string before = incident->ambulance;
  if (!before.empty() && incident->reassignments >= options_.reassignments_max) {
    return Error{ErrorCode::failed_precondition,
                 "incident " + to_text(incident->id) + " was given on for a better ambulance " +
                     std::to_string(incident->reassignments) + " times, and now stays"};
  }
  if (!before.empty()) end_wishes_of(before, output);
  const bool is_first = incident->order == 0;  // Its steps may not go back so far.
  Incident& changing = change(request.incident);
  changing.ambulance = id.id;
  changing.state = IncidentState::assigned;
  changing.order = changing.last_step() + 1;
  changing.accept_by = house_.read().seen + options_.accept_time;
  if (!before.empty()) ++changing.reassignments;
  if (!is_first) ++house_.write().figures.reassigned;
  add_step(request.incident,
           {.kind = is_first ? StepKind::assigned : StepKind::reassigned,
            .unit = id.id,
            .cause = before.empty() ? Cause::none : Cause::better},
           output);
  if (!before.empty()) {
    stand_down(before, request.incident, output);
    set_ambulance(before, UnitState::available, {}, output);
  }
  set_ambulance(id.id, UnitState::assigned, request.incident, output);
  Order to_scene = order_to_scene(*find(request.incident));
  to_scene.travel = request.travel;
  order(id, to_scene, output);
  if (!find(request.incident)->hospital.empty()) {
    order(id, order_to_hospital(*find(request.incident)), output);
  }
  return receipt(*find(request.incident));
}

// ---- Beds ---------------------------------------------------------------------------------------

Mobility::Handled Mobility::handle(const Reserve& request, CommandRef, service::Output& output) {
  const Incident* const incident = find(request.incident);
  if (auto holds = check_incident(incident, request.follows); !holds) return holds.error();
  const UnitId id{Kind::hospital, request.hospital};
  const Unit* const unit = find(id);
  if (auto holds = check_unit(unit, request.hospital_version); !holds) return holds.error();
  const bool is_under_way =
      incident->state >= IncidentState::accepted && incident->state <= IncidentState::transporting;
  if (!is_under_way) {
    return stale("incident " + to_text(incident->id) + " is " +
                 std::string(name_of(incident->state)));
  }
  if (incident->hospital == id.id) return stale(id.id + " expects that patient already");
  const auto takes = [](const Unit& one) {
    const auto& hospital = std::get<Hospital>(one.role);
    return hospital.free_beds > 0 && !hospital.diversion;
  };
  if (!request.over_capacity && !takes(*unit)) return stale(id.id + " has no bed for it");
  if (request.over_capacity) {
    // What it holds itself would be free for it.
    const Unit* const held = find({Kind::hospital, incident->hospital});
    const bool has_bed =
        held != nullptr && !incident->over_capacity && !std::get<Hospital>(held->role).diversion;
    if (has_bed) return stale(incident->hospital + " has a bed for it");
    for (const std::string& other : ids_of(Kind::hospital)) {
      if (takes(*find({Kind::hospital, other}))) return stale(other + " has a free bed");
    }
  }
  const bool is_first = incident->bed_until == LogTime{};
  release_bed(request.incident, output);
  auto& hospital = std::get<Hospital>(change(id).role);
  if (!request.over_capacity) --hospital.free_beds;
  hospital.promised.emplace(request.incident, !request.over_capacity);
  tell(*find(id), output);
  Incident& changing = change(request.incident);
  changing.hospital = id.id;
  changing.over_capacity = request.over_capacity;
  changing.bed_until = house_.read().seen + options_.bed_lease;
  Figures& figures = house_.write().figures;
  if (request.over_capacity) ++figures.over_capacity;
  if (!is_first) ++figures.diverted;
  add_step(request.incident,
           {.kind = is_first ? StepKind::bed_reserved : StepKind::diverted,
            .unit = id.id,
            .cause = request.cause,
            .over_capacity = request.over_capacity},
           output);
  const Incident& now = *find(request.incident);
  Order expect = order_to_expect(now);
  expect.travel = request.travel;
  order(id, expect, output);
  Order go = order_to_hospital(now);
  go.travel = request.travel;
  order({Kind::ambulance, now.ambulance}, go, output);
  return receipt(now);
}

// ---- Places -------------------------------------------------------------------------------------

Mobility::Handled Mobility::handle(const Locate& request, CommandRef command,
                                   service::Output& output) {
  for (const Locate::One& one : request.units) {
    const Unit* const unit = find(one.unit);
    if (unit == nullptr || unit->version != one.version || !map_.locate(one.place)) continue;
    Unit& changing = change(one.unit);
    changing.place = one.place;
    changing.placed = command.time;
    if (!drives(changing)) continue;
    output.publish(way_topic, encode(Approach{.ambulance = one.unit.id,
                                              .place = one.place,
                                              .radius_cm = options_.approach_radius_cm}));
  }
  return receipt();
}

// ---- Orders -------------------------------------------------------------------------------------

Order Mobility::order_to_scene(const Incident& incident) const {
  return {.kind = OrderKind::go_to_scene,
          .incident = incident.id,
          .step = incident.order,
          .unit = incident.car,
          .place = incident.pickup,
          .severity = incident.severity,
          .occupants = incident.occupants};
}

namespace {

/// By which the hospital was chosen.
std::uint32_t bed_step(const Incident& incident) {
  for (auto step = incident.steps.rbegin(); step != incident.steps.rend(); ++step) {
    if (step->kind == StepKind::bed_reserved || step->kind == StepKind::diverted) {
      return step->index;
    }
  }
  return incident.order;  // It was so long ago that it was dropped.
}

}  // namespace

Order Mobility::order_to_hospital(const Incident& incident) const {
  const Unit* const hospital = find({Kind::hospital, incident.hospital});
  return {.kind = OrderKind::go_to_hospital,
          .incident = incident.id,
          .step = std::max(bed_step(incident), incident.order),
          .unit = incident.hospital,
          .place = hospital == nullptr ? Geographic{} : hospital->place,
          .severity = incident.severity,
          .occupants = incident.occupants,
          .over_capacity = incident.over_capacity};
}

Order Mobility::order_to_expect(const Incident& incident) const {
  return {.kind = OrderKind::expect_patient,
          .incident = incident.id,
          .step = bed_step(incident),
          .unit = incident.ambulance,
          .place = incident.pickup,
          .severity = incident.severity,
          .occupants = incident.occupants,
          .over_capacity = incident.over_capacity};
}

std::vector<Order> Mobility::standing_orders(const Unit& unit) const {
  std::vector<Order> orders;
  if (const auto* const ambulance = std::get_if<Ambulance>(&unit.role)) {
    if (!ambulance->incident) return orders;
    const Incident& incident = *find(*ambulance->incident);
    orders.push_back(order_to_scene(incident));
    if (!incident.hospital.empty()) orders.push_back(order_to_hospital(incident));
  } else if (const auto* const hospital = std::get_if<Hospital>(&unit.role)) {
    for (const auto& [incident, is_real] : hospital->promised) {
      orders.push_back(order_to_expect(*find(incident)));
    }
  } else if (const auto* const light = std::get_if<Light>(&unit.role)) {
    if (light->wishes.empty()) return orders;
    const Granting& first = light->wishes.front();
    const bool stands = first.status == PreemptionStatus::requested ||
                        first.status == PreemptionStatus::processing ||
                        first.status == PreemptionStatus::granted;
    if (!stands) return orders;
    orders.push_back({.kind = OrderKind::give_green,
                      .incident = first.incident,
                      .step = first.order,
                      .unit = first.ambulance,
                      .severity = first.severity,
                      .way = first.way,
                      .lease = std::max(first.until - house_.read().seen, Milliseconds{0})});
  }
  return orders;
}

std::vector<Approach> Mobility::approaches() const {
  std::vector<Approach> out;
  for (const std::string& id : ids_of(Kind::ambulance)) {
    const Unit& unit = *find({Kind::ambulance, id});
    if (!drives(unit)) continue;
    out.push_back({.ambulance = id, .place = unit.place, .radius_cm = options_.approach_radius_cm});
  }
  return out;
}

}  // namespace muster::mobility
