#include "mobility/schema_values.h"

#include <algorithm>

#include "wire/control.h"
#include "wire/plain_text.h"
#include "wire/timestamp.h"

namespace muster::mobility {
namespace {

using wire::put_time;
using wire::to_time;

constexpr Milliseconds span_max = std::chrono::hours{24};

void put_step(const Step& step, schema::Step& out) {
  out.set_index(step.index);
  out.set_kind(static_cast<schema::StepKind::Value>(step.kind));
  out.set_follows(step.follows);
  put_time(step.time, *out.mutable_time());
  out.set_unit(step.unit);
  out.set_cause(static_cast<schema::Cause::Value>(step.cause));
  out.set_over_capacity(step.over_capacity);
}

Result<Step> to_step(const schema::Step& step) {
  const auto kind = to_value(step.kind(), StepKind::reported, StepKind::cancelled, "step");
  if (!kind) return kind.error();
  const auto cause = to_value(step.cause(), Cause::none, Cause::by_operator, "cause");
  if (!cause) return cause.error();
  return Step{.index = step.index(),
              .kind = *kind,
              .follows = step.follows(),
              .time = to_time(step.time()),
              .unit = step.unit(),
              .cause = *cause,
              .over_capacity = step.over_capacity()};
}

void put_granting(const Granting& wish, schema::Granting& out) {
  out.set_order(wish.order);
  out.set_ambulance(wish.ambulance);
  put_incident_id(wish.incident, *out.mutable_incident());
  out.set_status(static_cast<schema::Preemption::Value>(wish.status));
  put_way(wish.way, *out.mutable_way());
  put_time(wish.until, *out.mutable_until());
}

Result<Granting> to_granting(const schema::Granting& wish) {
  const auto status = to_value(wish.status(), PreemptionStatus::requested,
                               PreemptionStatus::max_presence, "preemption");
  if (!status) return status.error();
  return Granting{.order = wish.order(),
                  .ambulance = wish.ambulance(),
                  .incident = to_incident_id(wish.incident()),
                  .way = to_way(wish.way()),
                  .status = *status,
                  .until = to_time(wish.until())};
}

struct PutRole {
  schema::Unit& out;
  void put(const std::optional<IncidentId>& incident) const {
    if (incident) put_incident_id(*incident, *out.mutable_incident());
  }
  void operator()(const Car& car) const { put(car.incident); }
  void operator()(const Ambulance& ambulance) const { put(ambulance.incident); }
  void operator()(const Hospital& hospital) const {
    out.set_free_beds(hospital.free_beds);
    out.set_beds_promised(static_cast<std::uint32_t>(hospital.promised.size()));
    out.set_diversion(hospital.diversion);
  }
  void operator()(const Light& light) const {
    for (const Granting& wish : light.wishes) put_granting(wish, *out.add_preemptions());
  }
};

Result<void> read_role(const schema::Unit& from, Unit& unit) {
  std::optional<IncidentId> incident;
  if (from.has_incident()) incident = to_incident_id(from.incident());
  switch (unit.id.kind) {
    case Kind::car:
      unit.role = Car{.incident = incident};
      return {};
    case Kind::ambulance:
      unit.role = Ambulance{.incident = incident};
      return {};
    case Kind::hospital:
      unit.role = Hospital{.free_beds = from.free_beds(), .diversion = from.diversion()};
      return {};
    case Kind::traffic_light:
      break;
  }
  Light light;
  for (const schema::Granting& one : from.preemptions()) {
    auto wish = to_granting(one);
    if (!wish) return wish.error();
    light.last_order = std::max(light.last_order, wish->order);
    light.wishes.push_back(std::move(*wish));
  }
  unit.role = std::move(light);
  return {};
}

}  // namespace

void put_incident_id(IncidentId id, schema::Position& out) {
  out.set_index(id.position.index.value);
  out.set_ordinal(id.position.ordinal);
}
IncidentId to_incident_id(const schema::Position& id) {
  return {{.index = {id.index()}, .ordinal = id.ordinal()}};
}

bool is_on_globe(Geographic place) {
  constexpr std::int32_t latitude_max = 90 * units_per_degree;
  constexpr std::int32_t longitude_max = 180 * units_per_degree;
  return place.latitude >= -latitude_max && place.latitude <= latitude_max &&
         place.longitude >= -longitude_max && place.longitude <= longitude_max;
}

void put_place(Geographic place, schema::Place& out) {
  out.set_latitude_e7(place.latitude);
  out.set_longitude_e7(place.longitude);
}
Result<Geographic> to_place(const schema::Place& place) {
  const Geographic out{.latitude = place.latitude_e7(), .longitude = place.longitude_e7()};
  if (is_on_globe(out)) return out;
  return Error{ErrorCode::invalid_argument,
               "a place is beyond 90 degrees of latitude or 180 of longitude"};
}

void put_unit_id(const UnitId& id, schema::UnitId& out) {
  out.set_kind(static_cast<schema::Kind::Value>(id.kind));
  out.set_id(id.id);
}
Result<std::string> to_id(const std::string& id) {
  if (auto valid = wire::validate_plain_word("the id", id, unit_id_bytes_max, "#"); !valid) {
    return valid.error();
  }
  return id;
}
Result<UnitId> to_unit_id(const schema::UnitId& id) {
  const auto kind = to_value(id.kind(), Kind::car, Kind::traffic_light, "kind of unit");
  if (!kind) return kind.error();
  auto text = to_id(id.id());
  if (!text) return text.error();
  return UnitId{.kind = *kind, .id = std::move(*text)};
}

void put_way(Way way, schema::Way& out) {
  out.set_from(way.from.value);
  out.set_to(way.to.value);
}
Way to_way(const schema::Way& way) {
  return {.from = {way.from()}, .to = {way.to()}};
}

std::uint64_t to_ms(Milliseconds time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
}
Milliseconds from_ms(std::uint64_t ms) {
  return Milliseconds{static_cast<std::int64_t>(std::min<std::uint64_t>(ms, to_ms(span_max)))};
}

void put_incident(const Incident& incident, schema::Incident& out) {
  put_incident_id(incident.id, *out.mutable_id());
  out.set_car(incident.car);
  out.set_state(static_cast<schema::IncidentState::Value>(incident.state));
  out.set_ambulance(incident.ambulance);
  out.set_hospital(incident.hospital);
  for (const Step& step : incident.steps) put_step(step, *out.add_steps());
  out.set_steps_dropped(incident.steps_dropped);
  out.set_severity(static_cast<schema::Severity::Value>(incident.severity));
  out.set_occupants(incident.occupants);
  put_place(incident.place, *out.mutable_place());
  put_place(incident.pickup, *out.mutable_pickup());
  put_time(incident.reported, *out.mutable_reported());
  out.set_over_capacity(incident.over_capacity);
}

Result<Incident> to_incident(const schema::Incident& incident) {
  const auto state = to_value(incident.state(), IncidentState::waiting, IncidentState::cancelled,
                              "state of an incident");
  if (!state) return state.error();
  const auto severity =
      to_value(incident.severity(), Severity::critical, Severity::minor, "severity");
  if (!severity) return severity.error();
  const auto place = to_place(incident.place());
  if (!place) return place.error();
  const auto pickup = to_place(incident.pickup());
  if (!pickup) return pickup.error();
  Incident out{.id = to_incident_id(incident.id()),
               .car = incident.car(),
               .severity = *severity,
               .occupants = incident.occupants(),
               .place = *place,
               .pickup = *pickup,
               .reported = to_time(incident.reported()),
               .state = *state,
               .ambulance = incident.ambulance(),
               .hospital = incident.hospital(),
               .over_capacity = incident.over_capacity(),
               .steps_dropped = incident.steps_dropped()};
  for (const schema::Step& one : incident.steps()) {
    auto step = to_step(one);
    if (!step) return step.error();
    out.steps.push_back(std::move(*step));
  }
  return out;
}

void put_unit(const Unit& unit, schema::Unit& out) {
  put_unit_id(unit.id, *out.mutable_unit());
  out.set_state(static_cast<schema::UnitState::Value>(unit.state));
  out.set_version(unit.version);
  put_place(unit.place, *out.mutable_place());
  put_time(unit.placed, *out.mutable_placed());
  put_time(unit.since, *out.mutable_since());
  out.set_capabilities(unit.capabilities);
  std::visit(PutRole{out}, unit.role);
  out.set_session(unit.session.uuid.to_string());
}

Result<Unit> to_unit(const schema::Unit& unit) {
  auto id = to_unit_id(unit.unit());
  if (!id) return id.error();
  const auto state =
      to_value(unit.state(), UnitState::present, UnitState::at_hospital, "state of a unit");
  if (!state) return state.error();
  const auto place = to_place(unit.place());
  if (!place) return place.error();
  const auto session = wire::parse_id<SessionId>(unit.session());
  if (!session) return session.error();
  Unit out{.id = std::move(*id),
           .session = *session,
           .place = *place,
           .placed = to_time(unit.placed()),
           .capabilities = unit.capabilities(),
           .state = *state,
           .since = to_time(unit.since()),
           .version = unit.version()};
  if (auto role = read_role(unit, out); !role) return role.error();
  return out;
}

void put_order(const Order& order, schema::Order& out) {
  out.set_kind(static_cast<schema::OrderKind::Value>(order.kind));
  put_incident_id(order.incident, *out.mutable_incident());
  out.set_step(order.step);
  out.set_unit(order.unit);
  put_place(order.place, *out.mutable_place());
  out.set_severity(static_cast<schema::Severity::Value>(order.severity));
  out.set_occupants(order.occupants);
  out.set_travel_ms(to_ms(order.travel));
  out.set_over_capacity(order.over_capacity);
  put_way(order.way, *out.mutable_way());
  out.set_lease_ms(to_ms(order.lease));
}

Result<Order> to_order(const schema::Order& order) {
  const auto kind =
      to_value(order.kind(), OrderKind::go_to_scene, OrderKind::patient_arrived, "order");
  if (!kind) return kind.error();
  const auto severity = to_value(order.severity(), Severity::critical, Severity::minor, "severity");
  if (!severity) return severity.error();
  const auto place = to_place(order.place());
  if (!place) return place.error();
  return Order{.kind = *kind,
               .incident = to_incident_id(order.incident()),
               .step = order.step(),
               .unit = order.unit(),
               .place = *place,
               .severity = *severity,
               .occupants = order.occupants(),
               .travel = from_ms(order.travel_ms()),
               .over_capacity = order.over_capacity(),
               .way = to_way(order.way()),
               .lease = from_ms(order.lease_ms())};
}

}  // namespace muster::mobility
