// The state as parts: units by kind and id, incidents by id, the map, and the house, which is last.
// A state has one form: texts have their length before them, what is optional a byte 0 or 1.
#include <algorithm>
#include <utility>

#include "mobility/mobility.h"

namespace muster::mobility {
namespace {

constexpr std::uint8_t unit_tag = 1;
constexpr std::uint8_t incident_tag = 2;
constexpr std::uint8_t atlas_tag = 3;
constexpr std::uint8_t house_tag = 4;

// Bounds on what is read, far outside of all that is possible, so that nothing overflows.
constexpr std::int64_t time_bound = std::int64_t{1} << 52U;

Error damaged() {
  return {ErrorCode::internal, "the bytes are no part of the mobility service's state"};
}

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
    }
  }
};

// ---- Reading ------------------------------------------------------------------------------------

/// Reads what the parts are made of, and remembers whether all of it was possible.
class PartReader {
 public:
  explicit PartReader(Reader& reader) : reader_(reader) {}

  bool finished() const { return good_ && reader_.finished(); }
  bool ok() const { return good_ && reader_.ok(); }
  void expect(bool holds) { good_ = good_ && holds; }

  template <std::integral Integer>
  Integer integer() {
    return reader_.integer<Integer>();
  }
  std::string text() { return reader_.text(); }
  bool flag() {
    const auto value = reader_.integer<std::uint8_t>();
    expect(value <= 1);
    return value == 1;
  }
  template <class Enum>
  Enum value(Enum first, Enum last) {
    const auto number = reader_.integer<std::uint8_t>();
    expect(number >= static_cast<std::uint8_t>(first) && number <= static_cast<std::uint8_t>(last));
    return static_cast<Enum>(number);
  }
  LogTime time() {
    const LogTime time{reader_.integer<std::int64_t>()};
    expect(time.milliseconds > -time_bound && time.milliseconds < time_bound);
    return time;
  }
  Position position() {
    const LogIndex index{reader_.integer<std::uint64_t>()};
    return {.index = index, .ordinal = reader_.integer<std::uint32_t>()};
  }
  IncidentId incident() { return {position()}; }
  Geographic place() {
    const auto latitude = reader_.integer<std::int32_t>();
    return {.latitude = latitude, .longitude = reader_.integer<std::int32_t>()};
  }
  std::optional<LogTime> time_if() { return flag() ? std::optional(time()) : std::nullopt; }
  std::optional<IncidentId> incident_if() {
    return flag() ? std::optional(incident()) : std::nullopt;
  }

 private:
  Reader& reader_;
  bool good_{true};
};

Hospital read_hospital(PartReader& reader) {
  Hospital hospital{.free_beds = reader.integer<std::uint32_t>()};
  hospital.diversion = reader.flag();
  const auto promised = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < promised && reader.ok(); ++i) {
    const IncidentId incident = reader.incident();
    reader.expect(hospital.promised.empty() || hospital.promised.rbegin()->first < incident);
    hospital.promised.emplace(incident, reader.flag());
  }
  reader.expect(hospital.free_beds <= beds_max);
  return hospital;
}

Granting read_wish(PartReader& reader) {
  Granting wish;
  wish.order = reader.integer<std::uint32_t>();
  wish.ambulance = reader.text();
  wish.incident = reader.incident();
  wish.severity = reader.value(Severity::critical, Severity::minor);
  wish.asked = reader.position();
  wish.way.from.value = reader.integer<std::uint32_t>();
  wish.way.to.value = reader.integer<std::uint32_t>();
  wish.status = reader.value(PreemptionStatus::requested, PreemptionStatus::max_presence);
  wish.until = reader.time();
  wish.granted_at = reader.time_if();
  return wish;
}

Light read_light(PartReader& reader) {
  Light light{.last_order = reader.integer<std::uint32_t>()};
  const auto wishes = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < wishes && reader.ok(); ++i) {
    light.wishes.push_back(read_wish(reader));
    reader.expect(light.wishes.back().order <= light.last_order);
  }
  return light;
}

void read_role(PartReader& reader, Unit& unit) {
  switch (unit.id.kind) {
    case Kind::car:
      unit.role = Car{.incident = reader.incident_if()};
      break;
    case Kind::ambulance: {
      Ambulance ambulance{.incident = reader.incident_if()};
      ambulance.on_duty_since = reader.time_if();
      ambulance.busy_since = reader.time_if();
      unit.role = ambulance;
      break;
    }
    case Kind::hospital:
      unit.role = read_hospital(reader);
      break;
    case Kind::traffic_light:
      unit.role = read_light(reader);
      break;
  }
}

Step read_step(PartReader& reader) {
  Step step{.index = reader.integer<std::uint32_t>()};
  step.kind = reader.value(StepKind::reported, StepKind::cancelled);
  step.follows = reader.integer<std::uint32_t>();
  step.time = reader.time();
  step.unit = reader.text();
  step.cause = reader.value(Cause::none, Cause::by_operator);
  step.over_capacity = reader.flag();
  return step;
}

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

// ---- And back -----------------------------------------------------------------------------------

Result<void> Mobility::restore(BytesView part) {
  if (restored_whole_) return damaged();
  Reader reader(part);
  switch (reader.integer<std::uint8_t>()) {
    case unit_tag:
      return restore_unit(reader);
    case incident_tag:
      return restore_incident(reader);
    case atlas_tag:
      return restore_atlas(reader);
    case house_tag:
      return restore_house(reader);
    default:
      return damaged();
  }
}

Result<void> Mobility::restore_unit(Reader& bytes) {
  PartReader reader(bytes);
  Unit unit;
  unit.id.kind = reader.value(Kind::car, Kind::traffic_light);
  unit.id.id = reader.text();
  unit.session = SessionId{bytes.uuid()};
  unit.place = reader.place();
  unit.placed = reader.time();
  unit.capabilities = reader.integer<std::uint32_t>();
  unit.state = reader.value(UnitState::present, UnitState::at_hospital);
  unit.since = reader.time();
  unit.version = reader.integer<std::uint64_t>();
  if (reader.ok()) read_role(reader, unit);
  const bool is_new = !units_.contains(unit.id) && !by_session_.contains(unit.session);
  if (!reader.finished() || !is_new) return damaged();
  const UnitId id = unit.id;
  by_session_.emplace(unit.session, id);
  if (const auto* const light = std::get_if<Light>(&unit.role)) {
    for (const Granting& wish : light->wishes) lights_of_[wish.ambulance].insert(id.id);
  }
  units_[id].unit.write().unit = std::move(unit);
  changed(id);
  return {};
}

Result<void> Mobility::restore_incident(Reader& bytes) {
  PartReader reader(bytes);
  Incident incident{.id = reader.incident()};
  incident.car = reader.text();
  incident.severity = reader.value(Severity::critical, Severity::minor);
  incident.occupants = reader.integer<std::uint32_t>();
  incident.place = reader.place();
  incident.pickup = reader.place();
  incident.reported = reader.time();
  incident.state = reader.value(IncidentState::waiting, IncidentState::cancelled);
  incident.ambulance = reader.text();
  incident.order = reader.integer<std::uint32_t>();
  incident.hospital = reader.text();
  incident.over_capacity = reader.flag();
  incident.reassignments = reader.integer<std::uint32_t>();
  incident.accept_by = reader.time();
  incident.bed_until = reader.time();
  incident.on_scene_at = reader.time_if();
  incident.handed_over_at = reader.time();
  incident.over_at = reader.time();
  incident.steps_dropped = reader.integer<std::uint32_t>();
  const auto steps = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < steps && reader.ok(); ++i) {
    incident.steps.push_back(read_step(reader));
  }
  reader.expect(incident.occupants <= occupants_max && !incident.steps.empty());
  if (!reader.finished() || incidents_.contains(incident.id)) return damaged();
  const IncidentId id = incident.id;
  incidents_[id].incident.write().incident = std::move(incident);
  changed(id);
  return {};
}

Result<void> Mobility::restore_atlas(Reader& bytes) {
  PartReader reader(bytes);
  Atlas& atlas = atlas_.write();
  const BytesView map = bytes.sized();
  atlas.map.assign(map.begin(), map.end());
  for (wire::Sha256* const digest : {&atlas.digest, &atlas.next_digest}) {
    const BytesView from = bytes.raw(digest->size());
    if (!from.empty()) std::ranges::copy(from, digest->begin());
  }
  atlas.next_total = reader.integer<std::uint64_t>();
  const BytesView next = bytes.sized();
  atlas.next.assign(next.begin(), next.end());
  if (!reader.finished()) return damaged();
  if (atlas.map.empty()) return {};
  auto decoded = RoadMap::decode(atlas.map);
  if (!decoded) return damaged();
  map_ = std::move(*decoded);
  return {};
}

Result<void> Mobility::restore_house(Reader& bytes) {
  PartReader reader(bytes);
  House& house = house_.write();
  house.seen = reader.time();
  house.at = reader.position();
  if (!house.figures.restore(bytes) || !reader.finished()) return damaged();
  restored_whole_ = true;
  return is_consistent() ? Result<void>{} : damaged();
}

bool Mobility::is_consistent() const {
  for (const auto& [id, kept] : units_) {
    const Unit& unit = kept.unit.read().unit;
    if (const auto* const ambulance = std::get_if<Ambulance>(&unit.role)) {
      const bool is_busy = unit.state >= UnitState::assigned;
      if (is_busy != ambulance->incident.has_value()) return false;
      if (is_busy && find(*ambulance->incident) == nullptr) return false;
    } else if (const auto* const hospital = std::get_if<Hospital>(&unit.role)) {
      for (const auto& [incident, is_real] : hospital->promised) {
        if (find(incident) == nullptr) return false;
      }
    }
  }
  return true;
}

void Mobility::clear() {
  units_.clear();
  incidents_.clear();
  atlas_ = {};
  house_ = {};
  map_ = standard_map();
  by_session_.clear();
  open_.clear();
  waiting_.clear();
  over_.clear();
  available_.clear();
  lights_of_.clear();
  incidents_due_.clear();
  units_due_.clear();
  restored_whole_ = false;
}

}  // namespace muster::mobility
