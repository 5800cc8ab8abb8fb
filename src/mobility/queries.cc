// What can be asked, and what followers are told to begin with.
#include <algorithm>
#include <utility>

#include "mobility/mobility.h"
#include "wire/limits.h"

namespace muster::mobility {
namespace {

std::size_t bounded(std::uint32_t most) {
  return most == 0 || most > listed_max ? listed_max : most;
}

}  // namespace

Result<Bytes> Mobility::query(BytesView request) const {
  const auto query = decode_query(request);
  if (!query) return query.error();
  return std::visit([&](const auto& one) { return answer(one); }, *query);
}

Result<Bytes> Mobility::answer(const AskIncidents& query) const {
  Incidents out;
  // Long chains fill an answer before there are many of them.
  constexpr std::size_t steps_max = 4'096;
  std::size_t steps = 0;
  for (auto at = incidents_.upper_bound(query.after); at != incidents_.end(); ++at) {
    const Incident& incident = at->second.incident.read().incident;
    if (query.open_only && is_over(incident.state)) continue;
    if (out.incidents.size() >= bounded(query.most) || steps >= steps_max) {
      out.more = true;
      break;
    }
    steps += incident.steps.size();
    out.incidents.push_back(incident);
  }
  return encode(out);
}

Result<Bytes> Mobility::answer(const AskIncident& query) const {
  const Incident* const incident = find(query.id);
  if (incident == nullptr) {
    return Error{ErrorCode::not_found, "there is no incident " + to_text(query.id) +
                                           "; list them, those that are long over are not kept"};
  }
  return encode(Incidents{.incidents = {*incident}});
}

Result<Bytes> Mobility::answer(const AskUnits& query) const {
  Units out;
  auto at = query.after ? units_.upper_bound(*query.after) : units_.begin();
  if (query.kind && !query.after) at = units_.lower_bound({.kind = *query.kind});
  for (; at != units_.end(); ++at) {
    if (query.kind && at->first.kind != *query.kind) {
      if (at->first.kind > *query.kind) break;
      continue;
    }
    if (out.units.size() >= bounded(query.most)) {
      out.more = true;
      break;
    }
    out.units.push_back(at->second.unit.read().unit);
  }
  return encode(out);
}

Result<Bytes> Mobility::answer(const AskFigures&) const {
  const House& house = house_.read();
  const Figures& figures = house.figures;
  FiguresSummary out{.incidents = figures.incidents,
                     .open = open_.size(),
                     .waiting = waiting_.size(),
                     .closed = figures.closed,
                     .cancelled = figures.cancelled,
                     .repeated_reports = figures.repeated_reports,
                     .queued = figures.queued,
                     .reassigned = figures.reassigned,
                     .diverted = figures.diverted,
                     .over_capacity = figures.over_capacity,
                     .responses = figures.response.count(),
                     .response_mean = figures.response.mean(),
                     .response_p50 = figures.response.percentile(50),
                     .response_p90 = figures.response.percentile(90),
                     .responses_within_7_min = figures.response.within(7 * 60),
                     .responses_within_15_min = figures.response.within(15 * 60),
                     .hospital_mean = figures.at_hospital.mean(),
                     .hospital_p90 = figures.at_hospital.percentile(90),
                     .busy_ms = figures.busy_ms,
                     .on_duty_ms = figures.on_duty_ms,
                     .preemptions = figures.preemptions,
                     .preemptions_granted = figures.preemptions_granted,
                     .preempted_ms = figures.preempted_ms};
  const auto since = [&](const std::optional<LogTime>& time) {
    return time ? static_cast<std::uint64_t>((house.seen - *time).count()) : 0;
  };
  for (auto at = units_.lower_bound({.kind = Kind::ambulance}); at != units_.end(); ++at) {
    const auto* const ambulance = std::get_if<Ambulance>(&at->second.unit.read().unit.role);
    if (ambulance == nullptr) break;
    out.busy_ms += since(ambulance->busy_since);
    out.on_duty_ms += since(ambulance->on_duty_since);
  }
  return encode(out);
}

Result<Bytes> Mobility::answer(const AskMap& query) const {
  const Atlas& atlas = atlas_.read();
  const Bytes encoded = atlas.map.empty() ? map_.encode() : Bytes{};
  const Bytes& map = atlas.map.empty() ? encoded : atlas.map;
  if (query.offset > map.size()) {
    return Error{ErrorCode::invalid_argument,
                 "the map has " + std::to_string(map.size()) + " bytes; ask from 0 on"};
  }
  const wire::Sha256 digest = atlas.map.empty() ? wire::sha256(map) : atlas.digest;
  const std::size_t size = std::min(map_part_bytes_max, map.size() - query.offset);
  const auto begin = map.begin() + static_cast<std::ptrdiff_t>(query.offset);
  return encode(MapAnswer{.name = map_.name(),
                          .part = {.digest = digest,
                                   .total_bytes = map.size(),
                                   .offset = query.offset,
                                   .bytes = {begin, begin + static_cast<std::ptrdiff_t>(size)}}});
}

Result<Bytes> Mobility::topic_state(std::string_view topic) const {
  if (topic == incidents_topic) {
    Incidents out;
    // The newest step of each: the rest can be asked.
    for (const IncidentId id : open_) {
      Incident incident = *find(id);
      const std::uint32_t last = incident.last_step();
      incident.steps.erase(incident.steps.begin(), incident.steps.end() - 1);
      incident.steps_dropped = last - 1;
      out.incidents.push_back(std::move(incident));
    }
    return encode(out, state_bytes_max);
  }
  if (topic == units_topic) {
    Units out;
    for (const auto& [id, kept] : units_) out.units.push_back(kept.unit.read().unit);
    return encode(out, state_bytes_max);
  }
  if (topic == way_topic) return encode(approaches());
  for (const Kind kind : {Kind::car, Kind::ambulance, Kind::hospital, Kind::traffic_light}) {
    const std::string prefix = unit_topic({.kind = kind});
    if (!topic.starts_with(prefix)) continue;
    // Who is not there yet has no orders.
    const Unit* const unit = find({kind, std::string(topic.substr(prefix.size()))});
    return encode(unit == nullptr ? std::vector<Order>{} : standing_orders(*unit));
  }
  return Machine::topic_state(topic);
}

}  // namespace muster::mobility
