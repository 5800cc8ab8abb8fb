// The lights on an ambulance's way, and where ambulances are.
#include <algorithm>
#include <utility>

#include "mobility/dispatcher.h"
#include "mobility/wishes.h"

namespace muster::mobility {

// ---- Lights -------------------------------------------------------------------------------------

std::map<NodeIndex, std::string> Dispatcher::lights_by_node(const View& view) {
  std::map<NodeIndex, std::string> out;
  std::map<std::string, Sited> sited;
  for (const std::string& id : view.city.ids_of(Kind::traffic_light)) {
    const Unit& unit = *view.city.find({Kind::traffic_light, id});
    auto before = sited_.find(id);
    Sited site{.place = unit.place};
    if (before != sited_.end() && before->second.place == unit.place) {
      site = before->second;
    } else if (const auto place = map_->projection().to_plane(unit.place)) {
      const Crossing* const crossing = map_->nearest_crossing(*place, options_.light_within_cm);
      if (crossing != nullptr) site.node = crossing->node;
    }
    if (site.node) out.emplace(*site.node, id);
    sited.emplace(id, site);
  }
  sited_ = std::move(sited);
  return out;
}

std::optional<OnEdge> Dispatcher::goal_of(const Unit& ambulance, const View& view) const {
  const auto& incident = std::get<Ambulance>(ambulance.role).incident;
  if (!incident) return std::nullopt;
  const Incident& known = *view.city.find(*incident);
  if (ambulance.state == UnitState::accepted) return on_map(known.pickup);
  const Unit* const hospital = view.city.find({Kind::hospital, known.hospital});
  return hospital == nullptr ? std::nullopt : on_map(hospital->place);
}

void Dispatcher::ask_lights(const View& view, Advices& out) {
  if (view.city.open_incidents().empty()) return;
  light_at_ = lights_by_node(view);
  if (light_at_.empty()) return;
  for (const std::string& id : view.city.ids_of(Kind::ambulance)) {
    const Unit& unit = *view.city.find({Kind::ambulance, id});
    if (drives(unit)) ask_lights_for(unit, view, out);
  }
}

void Dispatcher::ask_lights_for(const Unit& ambulance, const View& view, Advices& out) {
  const auto from = place_of(ambulance, view, true);
  const auto to = goal_of(ambulance, view);
  if (!from || !to) return;  // Nobody knows where it is: what it was granted ends by itself.
  const auto route = router_->route(*from, *to);
  if (!route) return;
  const auto ask = [&](const std::string& light, std::optional<Way> way, Milliseconds arrives) {
    const Milliseconds lease = way ? arrives + options_.wave_lease : Milliseconds{0};
    out.push_back({.subject = "light " + light + " for " + ambulance.id.id,
                   .command = encode(Request{Preempt{.light = light,
                                                     .ambulance = ambulance.id.id,
                                                     .ambulance_version = ambulance.version,
                                                     .way = way,
                                                     .arrives = arrives,
                                                     .lease = lease}})});
  };
  std::set<std::string> ahead;  // Also those that it is too early to ask.
  Milliseconds arrives{0};
  const Network& network = map_->network();
  for (std::size_t i = 0; i + 1 < route->edges.size(); ++i) {
    const Edge& edge = network.edge(route->edges[i]);
    const std::uint64_t whole = edge.length_cm;
    const std::uint64_t rest =
        i == 0 ? whole - std::min<std::uint64_t>(from->offset_cm, whole) : whole;
    arrives += Milliseconds{static_cast<std::int64_t>(
        static_cast<std::uint64_t>(edge.travel_time().count()) * rest / whole)};
    const auto light = light_at_.find(edge.to);
    if (light == light_at_.end()) continue;
    ahead.insert(light->second);
    if (arrives > options_.wave_ahead) continue;
    const Way way{.from = route->edges[i], .to = route->edges[i + 1]};
    const auto& wishes =
        std::get<Light>(view.city.find({Kind::traffic_light, light->second})->role).wishes;
    const auto wish = std::ranges::find(wishes, ambulance.id.id, &Granting::ambulance);
    const bool is_asked = wish != wishes.end() && wish->way == way &&
                          wish->until - view.city.now() > arrives + options_.wave_lease / 3;
    if (!is_asked) ask(light->second, way, arrives);
  }
  for (const std::string& light : view.city.lights_asked_for(ambulance.id.id)) {
    if (!ahead.contains(light)) ask(light, std::nullopt, Milliseconds{0});
  }
}

// ---- Places -------------------------------------------------------------------------------------

void Dispatcher::log_places(const View& view, Advices& out) {
  Locate places;
  const auto propose = [&] {
    if (places.units.empty()) return;
    out.push_back({.subject = "places from " + places.units.front().unit.id,
                   .command = encode(Request{std::exchange(places, {})})});
  };
  for (const std::string& id : view.city.ids_of(Kind::ambulance)) {
    const Unit& unit = *view.city.find({Kind::ambulance, id});
    if (!drives(unit)) continue;
    const auto at = place_of(unit, view, true);
    if (!at) continue;
    const Geographic place = map_->geographic(*at);
    if (place == unit.place) continue;
    places.units.push_back({.unit = unit.id, .version = unit.version, .place = place});
    if (places.units.size() == locate_units_max) propose();
  }
  propose();
}

}  // namespace muster::mobility
