#include "mobility/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "muster/check.h"

namespace muster::mobility {
namespace {

constexpr std::array<std::string_view, 5> kind_names{"", "Car", "Ambulance", "Hospital",
                                                     "TrafficLight"};
constexpr std::array<std::string_view, 5> prefixes{"", "car", "ambulance", "hospital",
                                                   "traffic_light"};
constexpr std::array<std::string_view, 4> severity_names{"", "critical", "serious", "minor"};
constexpr std::array<std::string_view, 9> incident_state_names{
    "",       "waiting",  "assigned", "accepted", "on scene", "transporting", "handed over",
    "closed", "cancelled"};
constexpr std::array<std::string_view, 14> step_names{
    "",         "reported",     "queued",   "assigned", "reassigned",   "accepted",
    "on scene", "bed reserved", "diverted", "bed lost", "transporting", "handed over",
    "closed",   "cancelled"};
constexpr std::array<std::string_view, 11> cause_names{"",
                                                       "no ambulance is free",
                                                       "the ambulance was lost",
                                                       "the ambulance did not accept",
                                                       "the ambulance gave it up",
                                                       "a better one is free",
                                                       "the hospital was lost",
                                                       "the hospital is on diversion",
                                                       "the bed's lease ended",
                                                       "false alarm",
                                                       "by an operator"};
constexpr std::array<std::string_view, 10> unit_state_names{
    "",         "present",  "crashed",  "off duty",     "available",
    "assigned", "accepted", "on scene", "transporting", "at hospital"};
constexpr std::array<std::string_view, 7> preemption_names{
    "", "requested", "processing", "watch other traffic", "granted", "rejected", "max presence"};

template <class Names, class Value>
std::string_view name_in(const Names& names, Value value) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string_view name_of(Kind kind) {
  return name_in(kind_names, kind);
}
std::string_view id_prefix(Kind kind) {
  return name_in(prefixes, kind);
}
std::string_view name_of(Severity severity) {
  return name_in(severity_names, severity);
}
std::string_view name_of(IncidentState state) {
  return name_in(incident_state_names, state);
}
std::string_view name_of(StepKind kind) {
  return name_in(step_names, kind);
}
std::string_view name_of(Cause cause) {
  return name_in(cause_names, cause);
}
std::string_view name_of(UnitState state) {
  return name_in(unit_state_names, state);
}
std::string_view name_of(PreemptionStatus status) {
  return name_in(preemption_names, status);
}

IncidentState state_after(StepKind reached) {
  switch (reached) {
    case StepKind::accepted:
      return IncidentState::accepted;
    case StepKind::on_scene:
      return IncidentState::on_scene;
    case StepKind::transporting:
      return IncidentState::transporting;
    case StepKind::handed_over:
      return IncidentState::handed_over;
    default:
      break;
  }
  check(reached == StepKind::closed);
  return IncidentState::closed;
}

Result<Kind> kind_from(std::string_view text) {
  const auto same = [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  };
  for (std::size_t at = 1; at < kind_names.size(); ++at) {
    if (std::ranges::equal(kind_names[at], text, same) ||
        std::ranges::equal(prefixes[at], text, same)) {
      return static_cast<Kind>(at);
    }
  }
  return Error{ErrorCode::invalid_argument,
               "there is no such kind; it is Ambulance, Car, TrafficLight or Hospital"};
}

Result<Severity> severity_from(std::string_view text) {
  const auto found = std::ranges::find(severity_names.begin() + 1, severity_names.end(), text);
  if (found != severity_names.end()) {
    return static_cast<Severity>(found - severity_names.begin());
  }
  return Error{ErrorCode::invalid_argument,
               "there is no such severity; it is critical, serious or minor"};
}

std::string to_text(IncidentId id) {
  return std::to_string(id.position.index.value) + "." + std::to_string(id.position.ordinal);
}

Result<IncidentId> incident_id_from(std::string_view text) {
  IncidentId id;
  const char* const end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, id.position.index.value);
  if (index.ec == std::errc{} && index.ptr != end && *index.ptr == '.') {
    const auto ordinal = std::from_chars(index.ptr + 1, end, id.position.ordinal);
    if (ordinal.ec == std::errc{} && ordinal.ptr == end && to_text(id) == text) return id;
  }
  return Error{ErrorCode::invalid_argument,
               "an incident's id is two numbers and a point, such as 17.0; list the incidents for "
               "theirs"};
}

}  // namespace muster::mobility
