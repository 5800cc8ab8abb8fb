#include "mobility/mobility.h"

#include <algorithm>
#include <array>
#include <utility>

#include "muster/check.h"

namespace muster::mobility {
namespace {

/// Only the leader's advisor may say that.
template <class One>
constexpr bool is_decision = std::is_same_v<One, Assign> || std::is_same_v<One, Reserve> ||
                             std::is_same_v<One, Preempt> || std::is_same_v<One, Locate>;

constexpr std::string_view cancel_command = "mobility.cancel";

}  // namespace

std::string unit_topic(const UnitId& unit) {
  return "mobility/" + std::string(id_prefix(unit.kind)) + "/" + unit.id;
}

const RoadMap& standard_map() {
  static const RoadMap map = RoadMap::grid(GridOptions{}, default_origin).value();
  return map;
}

Mobility::Mobility(const Options& options) : options_(options), map_(standard_map()) {
  check(options.first_steps_kept > 0 && options.first_steps_kept < options.steps_kept);
  check(options.wishes_max > 0 && options.over_kept > 0);
  for (const Kind kind : {Kind::car, Kind::ambulance, Kind::hospital, Kind::traffic_light}) {
    free_numbers_.emplace(kind, FreeNumbers(options.units_max));
  }
}

const Incident* Mobility::find(IncidentId id) const {
  const auto found = incidents_.find(id);
  return found == incidents_.end() ? nullptr : &found->second.incident.read().incident;
}

const Unit* Mobility::find(const UnitId& id) const {
  const auto found = units_.find(id);
  return found == units_.end() ? nullptr : &found->second.unit.read().unit;
}

std::vector<std::string> Mobility::ids_of(Kind kind) const {
  std::vector<std::string> ids;
  for (auto at = units_.lower_bound({.kind = kind}); at != units_.end(); ++at) {
    if (at->first.kind != kind) break;
    ids.push_back(at->first.id);
  }
  return ids;
}

// ---- Commands -----------------------------------------------------------------------------------

void Mobility::apply(const service::Command& command, service::Output& output) {
  House& house = house_.write();
  house.seen = command.time;
  house.at = command.position;
  const auto request = decode_request(command.payload);
  if (!request) return output.refuse(request.error().code, request.error().message);
  const Handled handled = std::visit(
      [&]<class One>(const One& one) -> Handled {
        if (is_decision<One> && !command.system) {
          return Error{ErrorCode::permission_denied,
                       "only the leader decides that; report what you see instead"};
        }
        return handle(one, command, output);
      },
      *request);
  if (!handled) return output.refuse(handled.error().code, handled.error().message);
  output.reply(encode(*handled));
}

Receipt Mobility::receipt() const {
  return {.position = house_.read().at, .time = house_.read().seen};
}

Receipt Mobility::receipt(const Incident& incident, bool repeated) const {
  Receipt out = receipt();
  out.incident = incident.id;
  out.step = incident.last_step();
  out.repeated = repeated;
  return out;
}

Receipt Mobility::receipt(const Unit& unit, bool repeated) const {
  Receipt out = receipt();
  out.state = unit.state;
  out.repeated = repeated;
  if (const auto* const hospital = std::get_if<Hospital>(&unit.role)) {
    out.free_beds = hospital->free_beds;
  }
  return out;
}

// ---- Time ---------------------------------------------------------------------------------------

std::optional<LogTime> Mobility::deadline() const {
  std::optional<LogTime> first;
  if (!incidents_due_.empty()) first = incidents_due_.begin()->first;
  if (!units_due_.empty() && (!first || units_due_.begin()->first < *first)) {
    first = units_due_.begin()->first;
  }
  return first;
}

void Mobility::expire(LogTime now, service::Output& output) {
  house_.write().seen = now;
  while (!incidents_due_.empty() && incidents_due_.begin()->first <= now) {
    const IncidentId id = incidents_due_.begin()->second;
    const Incident& incident = *find(id);
    if (incident.state == IncidentState::assigned && incident.accept_by <= now) {
      const std::string silent = incident.ambulance;
      put_back(id, Cause::not_accepted, output);
      stand_down(silent, id, output);
      set_ambulance(silent, UnitState::off_duty, {}, output);
    } else {
      lose_bed(id, Cause::lease_expired, output);
    }
  }
  while (!units_due_.empty() && units_due_.begin()->first <= now) {
    const UnitId id = units_due_.begin()->second;
    const auto& wishes = std::get<Light>(find(id)->role).wishes;
    const auto late =
        std::ranges::find_if(wishes, [&](const Granting& one) { return one.until <= now; });
    check(late != wishes.end());
    end_wish(id.id, std::string(late->ambulance), output);
  }
}

// ---- What operators do --------------------------------------------------------------------------

std::vector<service::OperatorCommand> Mobility::operator_commands() const {
  return {{.name = std::string(cancel_command),
           .help = "ends an incident that was none",
           .arguments = {"INCIDENT"}}};
}

Result<Bytes> Mobility::operator_command(std::string_view name,
                                         std::span<const std::string> arguments,
                                         std::string_view key) const {
  check(name == cancel_command && arguments.size() == 1);
  const auto incident = incident_id_from(arguments.front());
  if (!incident) return incident.error();
  return encode(Request{Cancel{.incident = *incident, .key = std::string(key)}});
}

Result<std::string> Mobility::operator_outcome(BytesView reply) const {
  const auto receipt = decode_receipt(reply);
  if (!receipt) return receipt.error();
  return "incident " + to_text(receipt->incident) + " is cancelled";
}

}  // namespace muster::mobility
