#include "mobility/dispatcher.h"

#include <algorithm>
#include <utility>

#include "mobility/fix.h"
#include "muster/check.h"

namespace muster::mobility {
namespace {

std::string subject_of(IncidentId incident) {
  return "incident " + to_text(incident);
}

const Hospital& hospital_of(const Unit& unit) {
  return std::get<Hospital>(unit.role);
}

}  // namespace

std::vector<service::Advice> Dispatcher::advise(const service::Machine& applied,
                                                const service::LiveValues& live, Instant now) {
  check(applied.id() == service_id);
  const View view{.city = static_cast<const Mobility&>(applied), .live = live, .now = now};
  follow_map(view.city);
  const auto is_old = [&](const auto& one) {
    return now - one.second.at >= options_.proposed_anew;
  };
  std::erase_if(proposed_, is_old);
  std::erase_if(looked_at_, is_old);
  Advices out;
  assign(view, out);
  choose_hospitals(view, out);
  if (now >= next_improvement_) {
    next_improvement_ = now + options_.better_every;
    improve(view, out);
  }
  if (now >= next_wave_) {
    next_wave_ = now + options_.wave_every;
    ask_lights(view, out);
  }
  if (now >= next_places_) {
    next_places_ = now + options_.locate_every;
    log_places(view, out);
  }
  return out;
}

std::unique_ptr<service::Advisor> Mobility::make_advisor() const {
  return std::make_unique<Dispatcher>();
}

// ---- Places -------------------------------------------------------------------------------------

void Dispatcher::follow_map(const Mobility& city) {
  // Copies of a map share it, so that it is the same one if its network is.
  if (map_ && &map_->network() == &city.map().network()) return;
  router_.reset();
  map_ = city.map();
  router_.emplace(map_->network(), Router::Options{});
  sited_.clear();
}

std::optional<OnEdge> Dispatcher::on_map(Geographic place) const {
  const auto located = map_->locate(place);
  return located ? std::optional(*located) : std::nullopt;
}

std::optional<OnEdge> Dispatcher::place_of(const Unit& unit, const View& view,
                                           bool fresh_only) const {
  const auto said = view.live.find(unit.session);
  if (said && said->age <= options_.fix_age_max) {
    const auto fix = decode_fix(said->value);
    const auto at = fix ? on_map(fix->place) : std::nullopt;
    if (at) return at;
  }
  return fresh_only ? std::nullopt : on_map(unit.place);
}

std::vector<Dispatcher::Candidate> Dispatcher::candidates(const View& view) const {
  std::vector<Candidate> out;
  for (const std::string& id : view.city.available()) {
    const Unit& unit = *view.city.find({Kind::ambulance, id});
    const auto before = proposed_.find(id);
    if (before != proposed_.end() && before->second.version == unit.version) continue;
    if (const auto at = place_of(unit, view)) out.push_back({.unit = &unit, .at = *at});
  }
  return out;
}

// ---- Ambulances ---------------------------------------------------------------------------------

std::optional<Dispatcher::Nearest> Dispatcher::nearest_of(const std::vector<Candidate>& candidates,
                                                          const OnEdge& to, Severity severity) {
  const Place goal = map_->network().place_of(to);
  std::vector<std::pair<std::int64_t, const Candidate*>> by_distance;
  by_distance.reserve(candidates.size());
  for (const Candidate& one : candidates) {
    by_distance.emplace_back(distance(map_->network().place_of(one.at), goal), &one);
  }
  const std::size_t compared = std::min(options_.compared_max, by_distance.size());
  const auto closer = [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second->unit->id) < std::tie(b.first, b.second->unit->id);
  };
  std::ranges::partial_sort(by_distance,
                            by_distance.begin() + static_cast<std::ptrdiff_t>(compared), closer);
  std::optional<Nearest> best;
  for (std::size_t i = 0; i < compared; ++i) {
    const Candidate& one = *by_distance[i].second;
    const auto route = router_->route(one.at, to);
    if (!route) continue;
    const bool is_lacking =
        severity == Severity::critical && (one.unit->capabilities & advanced_life_support) == 0;
    const Milliseconds cost =
        route->time + (is_lacking ? options_.advanced_worth : Milliseconds{0});
    if (best && best->cost <= cost) continue;
    best = Nearest{.candidate = &one, .travel = route->time, .cost = cost};
  }
  return best;
}

void Dispatcher::assign(const View& view, Advices& out) {
  if (view.city.waiting().empty() || view.city.available().empty()) return;
  std::vector<Candidate> free = candidates(view);
  std::size_t decisions = 0;
  for (const Mobility::Urgency& urgency : view.city.waiting()) {
    if (free.empty() || decisions >= options_.decisions_max) return;
    const Incident& incident = *view.city.find(urgency.id);
    // One whose ambulance is on its way through the log must not take another one each time, and
    // one that can't be reached must not keep the others from being looked at.
    const auto before = looked_at_.find(urgency.id);
    if (before != looked_at_.end() && before->second.version == incident.last_step()) continue;
    looked_at_[urgency.id] = {.version = incident.last_step(), .at = view.now};
    ++decisions;
    const auto to = on_map(incident.pickup);
    if (!to) continue;
    const auto best = nearest_of(free, *to, incident.severity);
    if (!best) continue;
    const Unit& unit = *best->candidate->unit;
    proposed_[unit.id.id] = {.version = unit.version, .at = view.now};
    out.push_back({.subject = subject_of(incident.id),
                   .command = encode(Request{Assign{.incident = incident.id,
                                                    .follows = incident.last_step(),
                                                    .ambulance = unit.id.id,
                                                    .ambulance_version = unit.version,
                                                    .travel = best->travel}})});
    free.erase(free.begin() + (best->candidate - free.data()));
  }
}

void Dispatcher::improve(const View& view, Advices& out) {
  if (!view.city.waiting().empty() || view.city.available().empty()) return;
  std::vector<Candidate> free = candidates(view);
  // So many a time, and all in turn: the first ones must not keep the others from being looked at.
  const std::set<IncidentId>& open = view.city.open_incidents();
  auto at = open.upper_bound(improved_last_);
  std::size_t looked_at = 0;
  for (std::size_t i = 0; i < open.size(); ++i, ++at) {
    if (free.empty() || looked_at >= options_.decisions_max) return;
    if (at == open.end()) at = open.begin();
    improved_last_ = *at;
    if (improve(*view.city.find(*at), free, view, out)) ++looked_at;
  }
}

/// False if there was nothing to look at.
bool Dispatcher::improve(const Incident& incident, std::vector<Candidate>& free, const View& view,
                         Advices& out) {
  const bool is_on_its_way =
      incident.state == IncidentState::assigned || incident.state == IncidentState::accepted;
  if (!is_on_its_way) return false;
  if (incident.reassignments >= view.city.options().reassignments_max) return false;
  const auto to = on_map(incident.pickup);
  const auto from = place_of(*view.city.find({Kind::ambulance, incident.ambulance}), view);
  if (!to || !from) return false;
  const auto left = router_->route(*from, *to);
  const auto best = nearest_of(free, *to, incident.severity);
  if (!left || !best) return true;
  const Milliseconds gain = left->time - best->cost;
  const bool is_worth_it =
      gain >= options_.better_least && gain * 100 >= left->time * options_.better_percent;
  if (!is_worth_it) return true;
  const Unit& unit = *best->candidate->unit;
  proposed_[unit.id.id] = {.version = unit.version, .at = view.now};
  out.push_back({.subject = subject_of(incident.id),
                 .command = encode(Request{Assign{.incident = incident.id,
                                                  .follows = incident.last_step(),
                                                  .ambulance = unit.id.id,
                                                  .ambulance_version = unit.version,
                                                  .travel = best->travel}})});
  free.erase(free.begin() + (best->candidate - free.data()));
  return true;
}

// ---- Hospitals ----------------------------------------------------------------------------------

std::vector<Dispatcher::Ward> Dispatcher::wards(const View& view) const {
  std::vector<Ward> out;
  for (const std::string& id : view.city.ids_of(Kind::hospital)) {
    const Unit& unit = *view.city.find({Kind::hospital, id});
    const auto at = on_map(unit.place);
    if (!at) continue;
    out.push_back({.unit = &unit,
                   .at = *at,
                   .free = hospital_of(unit).free_beds,
                   .promised = static_cast<std::int64_t>(hospital_of(unit).promised.size())});
  }
  return out;
}

void Dispatcher::choose_hospitals(const View& view, Advices& out) {
  std::optional<std::vector<Ward>> wards_if_needed;
  const std::size_t before = out.size();
  for (const IncidentId id : view.city.open_incidents()) {
    if (out.size() - before >= options_.decisions_max) return;
    const Incident& incident = *view.city.find(id);
    const bool is_with_patient =
        incident.state == IncidentState::on_scene || incident.state == IncidentState::transporting;
    if (!is_with_patient) continue;
    const Unit* const hospital =
        incident.hospital.empty() ? nullptr : view.city.find({Kind::hospital, incident.hospital});
    Cause cause = Cause::none;
    if (hospital == nullptr) {
      const Step& last = incident.steps.back();
      if (last.kind == StepKind::bed_lost) cause = last.cause;
    } else if (hospital_of(*hospital).diversion) {
      cause = Cause::hospital_on_diversion;
    } else if (incident.over_capacity) {
      cause = Cause::better;
    } else {
      continue;
    }
    if (!wards_if_needed) wards_if_needed = wards(view);
    choose_hospital(incident, cause, *wards_if_needed, view, out);
  }
}

void Dispatcher::choose_hospital(const Incident& incident, Cause cause, std::vector<Ward>& wards,
                                 const View& view, Advices& out) {
  const Unit& ambulance = *view.city.find({Kind::ambulance, incident.ambulance});
  const auto from = incident.state == IncidentState::on_scene ? on_map(incident.pickup)
                                                              : place_of(ambulance, view);
  if (!from) return;
  const auto takes = [](const Ward& ward) {
    return ward.free > 0 && !hospital_of(*ward.unit).diversion;
  };
  const bool is_over_capacity = std::ranges::none_of(wards, takes);
  // Nothing is gained by going from one that has no bed to another.
  if (is_over_capacity && !incident.hospital.empty()) return;
  Ward* best = nullptr;
  Milliseconds best_cost{};
  Milliseconds best_travel{};
  for (Ward& ward : wards) {
    if (!is_over_capacity && !takes(ward)) continue;
    const auto route = router_->route(*from, ward.at);
    if (!route) continue;
    const bool is_lacking =
        incident.severity == Severity::critical && (ward.unit->capabilities & trauma_centre) == 0;
    Milliseconds cost = route->time + options_.incoming_wait * ward.promised;
    if (is_lacking) cost += options_.trauma_worth;
    // That it wants none counts like being full, but it can't be first choice among equals.
    if (is_over_capacity && hospital_of(*ward.unit).diversion) cost += options_.over_capacity_wait;
    if (best != nullptr && best_cost <= cost) continue;
    best = &ward;
    best_cost = cost;
    best_travel = route->time;
  }
  if (best == nullptr || best->unit->id.id == incident.hospital) return;
  --best->free;
  ++best->promised;
  out.push_back({.subject = subject_of(incident.id),
                 .command = encode(Request{Reserve{.incident = incident.id,
                                                   .follows = incident.last_step(),
                                                   .hospital = best->unit->id.id,
                                                   .hospital_version = best->unit->version,
                                                   .over_capacity = is_over_capacity,
                                                   .travel = best_travel,
                                                   .cause = cause}})});
}

}  // namespace muster::mobility
