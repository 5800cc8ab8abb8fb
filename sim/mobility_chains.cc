// What may happen to incidents, beds and lights, and what is due.
#include <algorithm>
#include <array>
#include <tuple>

#include "sim/mobility_checkers.h"
#include "sim/violation.h"

namespace muster::sim {

namespace {

using mobility::Cause;
using mobility::Granting;
using mobility::Incident;
using mobility::IncidentId;
using mobility::IncidentState;
using mobility::Kind;
using mobility::Mobility;
using mobility::PreemptionStatus;
using mobility::Step;
using mobility::StepKind;
using mobility::Unit;
using mobility::UnitId;

[[noreturn]] void fail_chain(const Incident& told, const std::string& what) {
  throw Violation("chains stay", name(told.id) + " " + what + " at its step " +
                                     std::to_string(told.last_step()) + ", " +
                                     std::string(name_of(told.steps.back().kind)));
}

/// What a step makes of an incident in this state; nothing: it may not follow.
std::optional<IncidentState> after(IncidentState state, StepKind kind, bool has_hospital) {
  using S = IncidentState;
  const auto among = [&](S first, S last) { return state >= first && state <= last; };
  const auto from = [](bool may, S to) { return may ? std::optional(to) : std::nullopt; };
  switch (kind) {
    case StepKind::reported:
      return std::nullopt;
    case StepKind::queued:
      return from(among(S::waiting, S::transporting), S::waiting);
    case StepKind::assigned:
      return from(state == S::waiting, S::assigned);
    case StepKind::reassigned:
      return from(among(S::waiting, S::accepted), S::assigned);
    case StepKind::accepted:
      return from(state == S::assigned, S::accepted);
    case StepKind::on_scene:
      return from(state == S::accepted, S::on_scene);
    case StepKind::bed_reserved:
    case StepKind::diverted:
      return from(among(S::accepted, S::transporting), state);
    case StepKind::bed_lost:
      return from(among(S::waiting, S::transporting) && has_hospital, state);
    case StepKind::transporting:
      return from(state == S::on_scene && has_hospital, S::transporting);
    case StepKind::handed_over:
      return from(state == S::transporting && has_hospital, S::handed_over);
    case StepKind::closed:
      return from(state == S::handed_over, S::closed);
    case StepKind::cancelled:
      return from(among(S::waiting, S::on_scene), S::cancelled);
  }
  return std::nullopt;
}

}  // namespace

// ---- Chains -------------------------------------------------------------------------------------

void ChainsStay::seen(const CityDeed& deed, const Incident& told) const {
  if (told.steps.size() != 1) fail_chain(told, "was told with more than its newest step");
  const Step& step = told.steps.back();
  const auto before = before_.incidents.find(told.id);
  const std::size_t length = before == before_.incidents.end() ? 0 : before->second.steps.size();
  const bool is_next = step.index == length + 1 && step.follows == length &&
                       told.last_step() == step.index && step.time == deed.time;
  if (!is_next) fail_chain(told, "does not follow " + std::to_string(length) + " steps");
  if (length > 0) return may_follow(deed, before->second.now, told);
  const bool begins = step.kind == StepKind::reported && told.state == IncidentState::waiting &&
                      deed.position == told.id.position && told.ambulance.empty();
  if (!begins) fail_chain(told, "does not begin with its report");
}

void ChainsStay::may_follow(const CityDeed& deed, const Incident& before,
                            const Incident& told) const {
  const Step& step = told.steps.back();
  const auto next = after(before.state, step.kind, !before.hospital.empty());
  if (!next || *next != told.state) {
    fail_chain(told, "was " + std::string(name_of(before.state)) + " and is " +
                         std::string(name_of(told.state)));
  }
  if (!is_due_to(deed, before, step)) fail_chain(told, "was moved by who may not");
  std::string ambulance = before.ambulance;
  if (step.kind == StepKind::queued) ambulance.clear();
  if (gives(step)) ambulance = step.unit;
  std::string hospital = before.hospital;
  if (step.kind == StepKind::bed_lost || step.kind == StepKind::cancelled) hospital.clear();
  const bool is_promised = step.kind == StepKind::bed_reserved || step.kind == StepKind::diverted;
  if (is_promised) hospital = step.unit;
  if (told.ambulance != ambulance || told.hospital != hospital) {
    fail_chain(told, "has another ambulance or hospital than the step says");
  }
  const auto& steps = before_.incidents.at(told.id).steps;
  const bool is_first = step.kind == StepKind::assigned || step.kind == StepKind::bed_reserved;
  const bool was_there = std::ranges::find(steps, step.kind, &Step::kind) != steps.end();
  if (is_first && was_there) fail_chain(told, "says that for the second time");
}

// Who takes the step is who may: its ambulance by its order, the leader, or time.
bool ChainsStay::is_due_to(const CityDeed& deed, const Incident& before, const Step& step) const {
  const auto is_of = [&]<class One>(const One*) {
    return deed.request && std::holds_alternative<One>(*deed.request);
  };
  const bool has_gone = deed.ended || is_of(static_cast<const mobility::SignOff*>(nullptr));
  switch (step.kind) {
    case StepKind::assigned:
    case StepKind::reassigned:
      return deed.of_leader && is_of(static_cast<const mobility::Assign*>(nullptr));
    case StepKind::bed_reserved:
    case StepKind::diverted:
      return deed.of_leader && is_of(static_cast<const mobility::Reserve*>(nullptr));
    case StepKind::cancelled:
      return is_of(static_cast<const mobility::Cancel*>(nullptr));
    case StepKind::bed_lost:
      return step.cause == Cause::hospital_lost ? has_gone : !deed.position && !deed.ended;
    case StepKind::queued:
      if (step.cause == Cause::none_free) {
        return is_of(static_cast<const mobility::Report*>(nullptr));
      }
      if (step.cause == Cause::not_accepted) {
        return before.state == IncidentState::assigned &&
               before_.incidents.at(before.id).steps.at(before.order - 1).time + accept_time_ <=
                   deed.time;
      }
      if (step.cause == Cause::gave_up) return is_of(static_cast<const mobility::Duty*>(nullptr));
      return step.cause == Cause::ambulance_lost && has_gone;
    case StepKind::closed:
      if (step.cause == Cause::ambulance_lost) return has_gone;
      break;
    default:
      break;
  }
  const auto* const said = deed.request ? std::get_if<mobility::Progress>(&*deed.request) : nullptr;
  const Unit* const unit = before_.find({Kind::ambulance, before.ambulance});
  return said != nullptr && unit != nullptr && unit->session == deed.session &&
         said->incident == before.id && said->order == before.order && said->reached == step.kind;
}

void ChainsStay::shown(const std::string& to, const Incident& incident) const {
  const auto known = before_.incidents.find(incident.id);
  const bool is_known =
      known != before_.incidents.end() && incident.last_step() <= known->second.steps.size();
  if (!is_known)
    throw Violation("chains stay",
                    to + " sees more of " + name(incident.id) + " than there is in the log");
  for (const Step& step : incident.steps) {
    const auto& steps = known->second.steps;
    if (step.index > 0 && step.index <= steps.size() && steps[step.index - 1] == step) continue;
    throw Violation("chains stay", to + " sees another step " + std::to_string(step.index) +
                                       " of " + name(incident.id));
  }
}

void ChainsStay::found(std::size_t server, const Incident& incident) const {
  const std::string who = "server " + std::to_string(server);
  shown(who, incident);
  const auto& known = before_.incidents.at(incident.id);
  if (incident.last_step() == known.steps.size() && incident.state == known.now.state) return;
  throw Violation("chains stay", who + " does not have all of " + name(incident.id));
}

// ---- Beds ---------------------------------------------------------------------------------------

void BedsKept::seen(const CityDeed& deed) {
  if (!deed.receipt || deed.receipt->repeated || !deed.request) return;
  if (const auto* const comes = std::get_if<mobility::SignOn>(&*deed.request)) {
    if (comes->unit.kind == Kind::hospital) accounts_[comes->unit.id] = {.free = comes->beds};
  }
  const auto* const beds = std::get_if<mobility::Beds>(&*deed.request);
  if (beds == nullptr) return;
  Account& account = accounts_[beds->hospital];
  account.free = beds->free.value_or(account.free) + beds->change.value_or(0);
  account.diversion = beds->diversion.value_or(account.diversion);
}

void BedsKept::give_back(const std::string& hospital, IncidentId incident) {
  const auto account = accounts_.find(hospital);
  if (account == accounts_.end()) return;  // It has gone.
  const auto promise = account->second.promised.find(incident);
  if (promise == account->second.promised.end()) return;
  if (promise->second) ++account->second.free;
  account->second.promised.erase(promise);
}

void BedsKept::promise(const Incident& told) {
  const bool is_real = !told.over_capacity;
  const auto account = accounts_.find(told.hospital);
  if (account == accounts_.end()) {
    throw Violation("beds are kept", "Hospital " + told.hospital + ", which is not there, is to " +
                                         "have the patient of " + name(told.id));
  }
  if (is_real && !takes(account->second)) {
    throw Violation("beds are kept",
                    "Hospital " + told.hospital + " has no bed for " + name(told.id));
  }
  const bool any_takes =
      std::ranges::any_of(accounts_, [](const auto& one) { return takes(one.second); });
  if (!is_real && any_takes) {
    throw Violation("beds are kept", name(told.id) + " is over capacity while there is a free bed");
  }
  if (is_real) --account->second.free;
  account->second.promised[told.id] = is_real;
}

void BedsKept::seen(const Incident& told) {
  const auto before = before_.incidents.find(told.id);
  const std::string hospital =
      before == before_.incidents.end() ? std::string() : before->second.now.hospital;
  switch (told.steps.back().kind) {
    case StepKind::bed_reserved:
    case StepKind::diverted:
      give_back(hospital, told.id);
      return promise(told);
    case StepKind::bed_lost:
    case StepKind::cancelled:
      return give_back(hospital, told.id);
    case StepKind::handed_over: {
      const auto account = accounts_.find(hospital);
      const bool is_held =
          account != accounts_.end() && account->second.promised.erase(told.id) > 0;
      if (is_held) return;  // It stays taken.
      throw Violation("beds are kept",
                      name(told.id) + " was handed over where it had no promise of a bed");
    }
    default:
      break;
  }
}

void BedsKept::done(const Mobility& city) const {
  for (const std::string& id : city.ids_of(Kind::hospital)) {
    const auto& is = std::get<mobility::Hospital>(city.find(UnitId{Kind::hospital, id})->role);
    const auto account = accounts_.find(id);
    const bool same = account != accounts_.end() && account->second.free == is.free_beds &&
                      account->second.diversion == is.diversion &&
                      account->second.promised == is.promised;
    if (same) continue;
    throw Violation(
        "beds are kept",
        "Hospital " + id + " has " + std::to_string(is.free_beds) + " free beds and " +
            std::to_string(is.promised.size()) + " promised, by what it said " +
            std::to_string(account == accounts_.end() ? 0 : account->second.free) + " and " +
            std::to_string(account == accounts_.end() ? 0 : account->second.promised.size()));
  }
}

// ---- Lights -------------------------------------------------------------------------------------

void OneHolder::done(const Mobility& city) const {
  for (const std::string& id : city.ids_of(Kind::traffic_light)) {
    const auto& light = std::get<mobility::Light>(city.find(UnitId{Kind::traffic_light, id})->role);
    const auto fail = [&](const std::string& what) {
      throw Violation("one holder", "TrafficLight " + id + " " + what);
    };
    const auto is_open = [](const Granting& wish) {
      return wish.status != PreemptionStatus::rejected &&
             wish.status != PreemptionStatus::max_presence;
    };
    const auto rank = [&](const Granting& wish) {
      return std::tuple(!is_open(wish), wish.severity, wish.asked);
    };
    for (const Granting& wish : light.wishes) {
      const bool is_first = &wish == &light.wishes.front();
      const bool is_granted = wish.status != PreemptionStatus::watch_other_traffic && is_open(wish);
      if (!is_first && (wish.order != 0 || is_granted)) fail("is of more than one ambulance");
      if (is_first && is_open(wish) && wish.order == 0)
        fail("is of nobody though it is wished for");
      if (rank(wish) < rank(light.wishes.front())) fail("is not of the worst case");
      if (wish.order > light.last_order) fail("has an order that it was never told");
      const Unit* const unit = city.find(UnitId{Kind::ambulance, wish.ambulance});
      if (unit == nullptr) fail("is wished for by an ambulance that has gone");
      if (std::get<mobility::Ambulance>(unit->role).incident == wish.incident) continue;
      fail("is wished for by an ambulance that is with another incident");
    }
  }
}

// ---- Time ---------------------------------------------------------------------------------------

// Time passes before the commands of an entry.
void InTime::done(const CityDeed& deed, const Mobility& city) const {
  if (!deed.position) return;
  for (const IncidentId id : city.open_incidents()) {
    const Incident& incident = *city.find(id);
    if (incident.state == IncidentState::assigned && incident.accept_by < deed.time) {
      throw Violation("in time", name(id) + " is still with " + incident.ambulance +
                                     ", which did not accept it in time");
    }
    const bool is_promised =
        !incident.hospital.empty() && incident.state < IncidentState::handed_over;
    if (is_promised && incident.bed_until < deed.time) {
      throw Violation("in time", name(id) + " still has a bed whose time is over");
    }
  }
  for (const std::string& id : city.ids_of(Kind::traffic_light)) {
    const auto& light = std::get<mobility::Light>(city.find(UnitId{Kind::traffic_light, id})->role);
    for (const Granting& wish : light.wishes) {
      if (wish.until >= deed.time) continue;
      throw Violation("in time", "TrafficLight " + id + " is still wished for by " +
                                     wish.ambulance + ", whose time is over");
    }
  }
}

}  // namespace muster::sim
