// Who has a light: ambulances that want its green, one at a time.
#include <algorithm>
#include <utility>

#include "mobility/mobility.h"
#include "mobility/wishes.h"
#include "muster/check.h"

namespace muster::mobility {

Mobility::Handled Mobility::handle(const Preempt& request, CommandRef command,
                                   service::Output& output) {
  const UnitId id{Kind::traffic_light, request.light};
  const Unit* const light = find(id);
  if (light == nullptr) return Error{ErrorCode::not_found, "there is no TrafficLight " + id.id};
  const Unit* const ambulance = find({Kind::ambulance, request.ambulance});
  if (!request.way) {
    end_wish(id.id, request.ambulance, output);
    return receipt();
  }
  if (ambulance == nullptr) return Error{ErrorCode::not_found, "the ambulance has gone"};
  if (ambulance->version != request.ambulance_version || !drives(*ambulance)) {
    return Error{ErrorCode::aborted, request.ambulance + " has changed; look again"};
  }
  auto& role = std::get<Light>(change(id).role);
  auto wish = std::ranges::find(role.wishes, request.ambulance, &Granting::ambulance);
  if (wish == role.wishes.end()) {
    if (role.wishes.size() >= options_.wishes_max) {
      return Error{ErrorCode::resource_exhausted, std::to_string(role.wishes.size()) +
                                                      " ambulances want " + id.id +
                                                      " already; it takes no more"};
    }
    const IncidentId incident = *std::get<Ambulance>(ambulance->role).incident;
    wish = role.wishes.insert(role.wishes.end(), {.ambulance = request.ambulance,
                                                  .incident = incident,
                                                  .severity = find(incident)->severity,
                                                  .asked = command.position,
                                                  .status = PreemptionStatus::watch_other_traffic});
    lights_of_[request.ambulance].insert(id.id);
    ++house_.write().figures.preemptions;
  }
  const Milliseconds lease = std::min(request.lease, options_.green_lease_max);
  // What was no way over the crossing may be one from another road.
  const bool is_new_way = wish->way != *request.way;
  if (is_new_way && !is_open(wish->status)) wish->status = PreemptionStatus::watch_other_traffic;
  if (is_new_way) end_green(*wish);
  wish->way = *request.way;
  wish->until = command.time + lease;
  const bool has_it = wish == role.wishes.begin() && wish->order != 0 && is_open(wish->status);
  if (has_it) {
    // Said anew, so that the light knows the new end.
    if (is_new_way) wish->status = PreemptionStatus::requested;
    wish->order = ++role.last_order;
    tell_light(id.id, output);
  }
  settle(id.id, output);
  tell(*find(id), output);
  Receipt out = receipt(*find(id));
  out.step = role.last_order;
  return out;
}

Mobility::Handled Mobility::handle(const Signal& request, CommandRef command,
                                   service::Output& output) {
  const UnitId id{Kind::traffic_light, request.light};
  const auto found = own(id, command);
  if (!found) return found.error();
  auto& role = std::get<Light>(change(id).role);
  if (request.order == 0 || request.order > role.last_order) {
    return Error{ErrorCode::invalid_argument, "there was no order of that number yet"};
  }
  const auto wish = std::ranges::find(role.wishes, request.order, &Granting::order);
  // It was taken back or given anew meanwhile; that is not the light's fault.
  const bool is_past = wish == role.wishes.end() || wish != role.wishes.begin();
  if (is_past || wish->status == request.status) return receipt(**found, true);
  if (request.status == PreemptionStatus::granted) {
    if (!wish->was_granted) ++house_.write().figures.preemptions_granted;
    wish->was_granted = true;
    wish->granted_at = command.time;
  } else {
    end_green(*wish);
  }
  if (!is_open(request.status)) wish->order = 0;
  wish->status = request.status;
  settle(id.id, output);
  tell(*find(id), output);
  return receipt(*find(id));
}

void Mobility::settle(const std::string& light, service::Output& output) {
  const UnitId id{Kind::traffic_light, light};
  auto& role = std::get<Light>(change(id).role);
  std::ranges::sort(role.wishes, comes_before);
  if (!role.wishes.empty() && is_open(role.wishes.front().status) &&
      role.wishes.front().order == 0) {
    for (Granting& other : role.wishes) {
      if (other.order == 0) continue;
      end_green(other);
      other.order = 0;
      other.status = PreemptionStatus::watch_other_traffic;
    }
    role.wishes.front().order = ++role.last_order;
    role.wishes.front().status = PreemptionStatus::requested;
    tell_light(light, output);
  }
  changed(id);
}

void Mobility::end_green(Granting& wish) {
  if (!wish.granted_at) return;
  const auto green = house_.read().seen - *wish.granted_at;
  house_.write().figures.preempted_ms += static_cast<std::uint64_t>(green.count());
  wish.granted_at.reset();
}

void Mobility::tell_light(const std::string& light, service::Output& output) {
  const Unit& unit = *find({Kind::traffic_light, light});
  for (const Order& one : standing_orders(unit)) order(unit.id, one, output);
}

void Mobility::end_wish(const std::string& light, const std::string& ambulance,
                        service::Output& output) {
  const UnitId id{Kind::traffic_light, light};
  if (find(id) == nullptr) return;
  auto& role = std::get<Light>(change(id).role);
  const auto wish = std::ranges::find(role.wishes, ambulance, &Granting::ambulance);
  if (wish == role.wishes.end()) return;
  end_green(*wish);
  const Granting ended = *wish;
  role.wishes.erase(wish);
  if (const auto lights = lights_of_.find(ambulance); lights != lights_of_.end()) {
    lights->second.erase(light);
    if (lights->second.empty()) lights_of_.erase(lights);
  }
  settle(light, output);
  const bool is_taken_over = !role.wishes.empty() && role.wishes.front().order != 0;
  if (ended.order != 0 && !is_taken_over) {
    order(id,
          {.kind = OrderKind::take_green_back,
           .incident = ended.incident,
           .step = ++role.last_order,
           .unit = ambulance},
          output);
  }
  tell(*find(id), output);
}

std::set<std::string> Mobility::lights_asked_for(const std::string& ambulance) const {
  const auto found = lights_of_.find(ambulance);
  return found == lights_of_.end() ? std::set<std::string>{} : found->second;
}

void Mobility::end_wishes_of(const std::string& ambulance, service::Output& output) {
  const auto found = lights_of_.find(ambulance);
  if (found == lights_of_.end()) return;
  const std::set<std::string> lights = found->second;
  for (const std::string& light : lights) end_wish(light, ambulance, output);
}

}  // namespace muster::mobility
