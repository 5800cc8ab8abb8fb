// Parts back to the state. What could not have been written is refused.
#include <algorithm>
#include <utility>

#include "mobility/mobility.h"
#include "mobility/part_tags.h"
#include "mobility/schema_values.h"

namespace muster::mobility {
namespace {

// Bounds on what is read, far outside of all that is possible, so that nothing overflows.
constexpr std::int64_t time_bound = std::int64_t{1} << 52U;

Error damaged() {
  return {ErrorCode::internal, "the bytes are no part of the mobility service's state"};
}

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
    const Geographic place{.latitude = latitude, .longitude = reader_.integer<std::int32_t>()};
    expect(is_on_globe(place));
    return place;
  }
  /// Of a unit.
  std::string id() {
    std::string id = reader_.text();
    expect(to_id(id).has_value());
    return id;
  }
  /// Of a unit, if there is one.
  std::string id_if() {
    std::string id = reader_.text();
    expect(id.empty() || to_id(id));
    return id;
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
  wish.ambulance = reader.id();
  wish.incident = reader.incident();
  wish.severity = reader.value(Severity::critical, Severity::minor);
  wish.asked = reader.position();
  wish.way.from.value = reader.integer<std::uint32_t>();
  wish.way.to.value = reader.integer<std::uint32_t>();
  wish.status = reader.value(PreemptionStatus::requested, PreemptionStatus::max_presence);
  wish.until = reader.time();
  wish.granted_at = reader.time_if();
  wish.was_granted = reader.flag();
  return wish;
}

Light read_light(PartReader& reader) {
  Light light{.last_order = reader.integer<std::uint32_t>()};
  const auto wishes = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < wishes && reader.ok(); ++i) {
    light.wishes.push_back(read_wish(reader));
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
  step.unit = reader.id_if();
  step.cause = reader.value(Cause::none, Cause::by_operator);
  step.over_capacity = reader.flag();
  return step;
}

}  // namespace

Result<void> Mobility::restore(BytesView part) {
  Reader reader(part);
  const auto tag = reader.integer<std::uint8_t>();
  // Units, incidents, the map, the house, and nothing after that.
  const bool is_one_of_many = tag == unit_tag || tag == incident_tag;
  const bool is_next = tag == house_tag ? restored_tag_ == atlas_tag : restored_tag_ < tag;
  if (!is_next && !(is_one_of_many && restored_tag_ == tag)) return damaged();
  restored_tag_ = tag;
  switch (tag) {
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
  unit.id.id = reader.id();
  unit.session = SessionId{bytes.uuid()};
  unit.place = reader.place();
  unit.placed = reader.time();
  unit.capabilities = reader.integer<std::uint32_t>();
  unit.state = reader.value(UnitState::present, UnitState::at_hospital);
  unit.since = reader.time();
  unit.version = reader.integer<std::uint64_t>();
  if (reader.ok()) read_role(reader, unit);
  const bool is_next = units_.empty() || units_.rbegin()->first < unit.id;
  if (!reader.finished() || !is_next || by_session_.contains(unit.session)) return damaged();
  const UnitId id = unit.id;
  by_session_.emplace(unit.session, id);
  free_numbers_.at(id.kind).take(id);
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
  incident.car = reader.id();
  incident.severity = reader.value(Severity::critical, Severity::minor);
  incident.occupants = reader.integer<std::uint32_t>();
  incident.place = reader.place();
  incident.pickup = reader.place();
  incident.reported = reader.time();
  incident.state = reader.value(IncidentState::waiting, IncidentState::cancelled);
  incident.ambulance = reader.id_if();
  incident.order = reader.integer<std::uint32_t>();
  incident.hospital = reader.id_if();
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
  reader.expect(incident.occupants <= occupants_max);
  const IncidentId id = incident.id;
  const bool is_next = incidents_.empty() || incidents_.rbegin()->first < id;
  const bool is_second = !is_over(incident.state) && open_of_car_.contains(incident.car);
  if (!reader.finished() || !is_next || is_second) return damaged();
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
  const bool is_begun = atlas.next.size() < atlas.next_total;
  const bool is_none = atlas.next.empty() && atlas.next_total == 0;
  reader.expect((is_begun || is_none) && atlas.next_total <= RoadMap::bytes_max);
  if (!reader.finished()) return damaged();
  if (atlas.map.empty()) return {};
  if (wire::sha256(atlas.map) != atlas.digest) return damaged();
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
  house.versions = reader.integer<std::uint64_t>();
  if (!house.figures.restore(bytes) || !reader.finished()) return damaged();
  return is_consistent() ? Result<void>{} : damaged();
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
  for (auto& [kind, numbers] : free_numbers_) numbers = FreeNumbers(options_.units_max);
  open_of_car_.clear();
  restored_tag_ = 0;
}

}  // namespace muster::mobility
