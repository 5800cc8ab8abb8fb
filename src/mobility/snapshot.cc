// The state as parts: units by kind and id, incidents by id, the map, and the house, which is last.
// A state has one form: texts have their length before them, what is optional a byte 0 or 1.
#include <utility>

#include "mobility/mobility.h"
#include "mobility/part_tags.h"

namespace muster::mobility {
namespace {

// ---- Writing ------------------------------------------------------------------------------------

template <class Enum>
void write_value(Writer& writer, Enum value) {
  writer.integer(static_cast<std::uint8_t>(value));
}
void write(Writer& writer, LogTime time) {
  writer.integer(time.milliseconds);
}
void write(Writer& writer, Position position) {
  writer.integer(position.index.value);
  writer.integer(position.ordinal);
}
void write(Writer& writer, IncidentId id) {
  write(writer, id.position);
}
void write(Writer& writer, Geographic place) {
  writer.integer(place.latitude);
  writer.integer(place.longitude);
}
template <class Value>
void write(Writer& writer, const std::optional<Value>& value) {
  writer.integer(static_cast<std::uint8_t>(value.has_value()));
  if (value) write(writer, *value);
}

struct WriteRole {
  Writer& writer;
  void operator()(const Car& car) const { write(writer, car.incident); }
  void operator()(const Ambulance& ambulance) const {
    write(writer, ambulance.incident);
    write(writer, ambulance.on_duty_since);
    write(writer, ambulance.busy_since);
  }
  void operator()(const Hospital& hospital) const {
    writer.integer(hospital.free_beds);
    writer.integer(static_cast<std::uint8_t>(hospital.diversion));
    writer.integer(static_cast<std::uint32_t>(hospital.promised.size()));
    for (const auto& [incident, is_real] : hospital.promised) {
      write(writer, incident);
      writer.integer(static_cast<std::uint8_t>(is_real));
    }
  }
  void operator()(const Light& light) const {
    writer.integer(light.last_order);
    writer.integer(static_cast<std::uint32_t>(light.wishes.size()));
    for (const Granting& wish : light.wishes) {
      writer.integer(wish.order);
      writer.sized(wish.ambulance);
      write(writer, wish.incident);
      write_value(writer, wish.severity);
      write(writer, wish.asked);
      writer.integer(wish.way.from.value);
      writer.integer(wish.way.to.value);
      write_value(writer, wish.status);
      write(writer, wish.until);
      write(writer, wish.granted_at);
      writer.integer(static_cast<std::uint8_t>(wish.was_granted));
    }
  }
};

}  // namespace

// ---- Parts --------------------------------------------------------------------------------------

void Mobility::UnitPart::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(unit_tag);
  write_value(writer, unit.id.kind);
  writer.sized(unit.id.id);
  writer.uuid(unit.session.uuid);
  write(writer, unit.place);
  write(writer, unit.placed);
  writer.integer(unit.capabilities);
  write_value(writer, unit.state);
  write(writer, unit.since);
  writer.integer(unit.version);
  std::visit(WriteRole{writer}, unit.role);
}

void Mobility::IncidentPart::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(incident_tag);
  write(writer, incident.id);
  writer.sized(incident.car);
  write_value(writer, incident.severity);
  writer.integer(incident.occupants);
  write(writer, incident.place);
  write(writer, incident.pickup);
  write(writer, incident.reported);
  write_value(writer, incident.state);
  writer.sized(incident.ambulance);
  writer.integer(incident.order);
  writer.sized(incident.hospital);
  writer.integer(static_cast<std::uint8_t>(incident.over_capacity));
  writer.integer(incident.reassignments);
  write(writer, incident.accept_by);
  write(writer, incident.bed_until);
  write(writer, incident.on_scene_at);
  write(writer, incident.handed_over_at);
  write(writer, incident.over_at);
  writer.integer(incident.steps_dropped);
  writer.integer(static_cast<std::uint32_t>(incident.steps.size()));
  for (const Step& step : incident.steps) {
    writer.integer(step.index);
    write_value(writer, step.kind);
    writer.integer(step.follows);
    write(writer, step.time);
    writer.sized(step.unit);
    write_value(writer, step.cause);
    writer.integer(static_cast<std::uint8_t>(step.over_capacity));
  }
}

void Mobility::Atlas::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(atlas_tag);
  writer.sized(map);
  writer.raw(digest);
  writer.raw(next_digest);
  writer.integer(next_total);
  writer.sized(next);
}

void Mobility::House::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(house_tag);
  write(writer, seen);
  write(writer, at);
  writer.integer(versions);
  figures.encode(writer);
}

service::FrozenParts Mobility::freeze() const {
  service::FrozenParts parts;
  parts.reserve(units_.size() + incidents_.size() + 2);
  for (const auto& [id, kept] : units_) parts.push_back(kept.unit.share());
  for (const auto& [id, kept] : incidents_) parts.push_back(kept.incident.share());
  parts.push_back(atlas_.share());
  parts.push_back(house_.share());
  return parts;
}

}  // namespace muster::mobility
