// What there is in a city: units, incidents and their steps, as the log has them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mobility/network.h"
#include "mobility/place.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::mobility {

// The values of all enums are part of the schema and of snapshots: append only.

/// What takes part.
enum class Kind : std::uint8_t { car = 1, ambulance = 2, hospital = 3, traffic_light = 4 };
/// `Car`, `Ambulance`, `Hospital`, `TrafficLight`.
std::string_view name_of(Kind kind);
/// In any case. Errors: INVALID_ARGUMENT, which names the kinds.
[[nodiscard]] Result<Kind> kind_from(std::string_view text);
/// What ids of that kind begin with if nobody gave one: `traffic_light`.
std::string_view id_prefix(Kind kind);

/// Ids are unique per kind.
struct UnitId {
  Kind kind{Kind::car};
  std::string id{};
  friend auto operator<=>(const UnitId&, const UnitId&) = default;
};

/// An incident's id is the place of its report in the log, written `17.0`.
struct IncidentId {
  Position position{};
  friend auto operator<=>(const IncidentId&, const IncidentId&) = default;
};
std::string to_text(IncidentId id);
/// Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<IncidentId> incident_id_from(std::string_view text);

/// What a unit can do beyond its kind: a set of bits.
using Capabilities = std::uint32_t;
constexpr Capabilities advanced_life_support = 1;  ///< Of ambulances.
constexpr Capabilities trauma_centre = 2;          ///< Of hospitals.
constexpr Capabilities all_capabilities = 3;

/// How bad it is, as the call says (an eCall has the occupants, EN 15722; the rest is asked).
enum class Severity : std::uint8_t { critical = 1, serious = 2, minor = 3 };
std::string_view name_of(Severity severity);
[[nodiscard]] Result<Severity> severity_from(std::string_view text);
constexpr std::uint32_t occupants_max = 255;
constexpr std::uint32_t beds_max = 10'000;  ///< Free ones of a hospital.

// ---- Incidents ----------------------------------------------------------------------------------

enum class IncidentState : std::uint8_t {
  waiting = 1,       ///< No ambulance has it.
  assigned = 2,      ///< One was told.
  accepted = 3,      ///< It is on its way.
  on_scene = 4,      ///< It is there.
  transporting = 5,  ///< It brings the patient to the hospital.
  handed_over = 6,   ///< The hospital has the patient; the ambulance is still there.
  closed = 7,
  cancelled = 8,
};
std::string_view name_of(IncidentState state);
constexpr bool is_over(IncidentState state) {
  return state >= IncidentState::closed;
}

/// What happened to an incident.
enum class StepKind : std::uint8_t {
  reported = 1,
  queued = 2,      ///< It waits for an ambulance; `Cause` says why.
  assigned = 3,    ///< To its first ambulance,
  reassigned = 4,  ///< or to another one.
  accepted = 5,
  on_scene = 6,
  bed_reserved = 7,  ///< The first hospital is chosen, and holds a bed,
  diverted = 8,      ///< or another one.
  bed_lost = 9,      ///< The hospital has gone, or the lease of the bed has ended.
  transporting = 10,
  handed_over = 11,  ///< The bed is confirmed.
  closed = 12,       ///< The ambulance is free again.
  cancelled = 13,
};
std::string_view name_of(StepKind kind);
/// What an ambulance's step makes of its incident. Precondition: it is one of those that an
/// ambulance takes, from `accepted` to `closed`, without those of beds.
IncidentState state_after(StepKind reached);

enum class Cause : std::uint8_t {
  none = 0,
  none_free = 1,       ///< All ambulances have an incident.
  ambulance_lost = 2,  ///< Its session ended.
  not_accepted = 3,    ///< It did not answer its order in time.
  gave_up = 4,         ///< It went off duty, or says it can't.
  better = 5,          ///< Another one is so much nearer, or has a bed.
  hospital_lost = 6,
  hospital_on_diversion = 7,
  lease_expired = 8,
  false_alarm = 9,
  by_operator = 10,
};
std::string_view name_of(Cause cause);

/// A link of an incident's chain: each follows the one with the index before.
struct Step {
  std::uint32_t index{0};  ///< From 1.
  StepKind kind{StepKind::reported};
  std::uint32_t follows{0};  ///< The step that it follows; 0: none, it is the first.
  LogTime time{};
  std::string unit{};  ///< The ambulance, or of beds the hospital.
  Cause cause{Cause::none};
  bool over_capacity{false};  ///< The hospital had no free bed, and nor had any other.
  friend bool operator==(const Step&, const Step&) = default;
};

struct Incident {
  IncidentId id{};
  std::string car{};
  Severity severity{Severity::serious};
  std::uint32_t occupants{1};
  Geographic place{};
  Geographic pickup{};  ///< Where the patient is: where an ambulance was lost that had taken him.
  LogTime reported{};
  IncidentState state{IncidentState::waiting};
  std::string ambulance{};               ///< That has it now.
  std::uint32_t order{0};                ///< The step by which it has.
  std::string hospital{};                ///< That holds a bed, or has the patient.
  bool over_capacity{false};             ///< Without a free bed.
  std::uint32_t reassignments{0};        ///< For a better ambulance.
  LogTime accept_by{};                   ///< While it is assigned.
  LogTime bed_until{};                   ///< While a hospital is chosen and the patient not there.
  std::optional<LogTime> on_scene_at{};  ///< When the first ambulance was.
  LogTime handed_over_at{};
  LogTime over_at{};
  std::vector<Step> steps{};
  std::uint32_t steps_dropped{0};  ///< Behind the first few.
  friend bool operator==(const Incident&, const Incident&) = default;

  std::uint32_t last_step() const {
    return steps_dropped + static_cast<std::uint32_t>(steps.size());
  }
};

// ---- Units --------------------------------------------------------------------------------------

enum class UnitState : std::uint8_t {
  present = 1,    ///< A car that drives, a hospital, a light.
  crashed = 2,    ///< A car with an incident that is not over.
  off_duty = 3,   ///< Ambulances:
  available = 4,  ///< nothing to do,
  assigned = 5,   ///< and as their incident.
  accepted = 6,
  on_scene = 7,
  transporting = 8,
  at_hospital = 9,  ///< It has handed over.
};
std::string_view name_of(UnitState state);

struct Car {
  std::optional<IncidentId> incident{};  ///< The one reported last.
  friend bool operator==(const Car&, const Car&) = default;
};
struct Ambulance {
  std::optional<IncidentId> incident{};
  std::optional<LogTime> on_duty_since{};
  std::optional<LogTime> busy_since{};
  friend bool operator==(const Ambulance&, const Ambulance&) = default;
};
struct Hospital {
  std::uint32_t free_beds{0};  ///< Neither taken nor promised.
  bool diversion{false};       ///< It wants no ambulances.
  /// Held beds, by whom for; the value: it is a real one, not over capacity.
  std::map<IncidentId, bool> promised{};
  friend bool operator==(const Hospital&, const Hospital&) = default;
};

/// Over a crossing: from an edge of the map to another.
struct Way {
  EdgeIndex from{};
  EdgeIndex to{};
  friend auto operator<=>(const Way&, const Way&) = default;
};
/// What became of the wish for a green (SAE J2735, DE_PrioritizationResponseStatus).
enum class PreemptionStatus : std::uint8_t {
  requested = 1,            ///< The light was told.
  processing = 2,           ///< It is on its way to green.
  watch_other_traffic = 3,  ///< Another ambulance comes first.
  granted = 4,
  rejected = 5,      ///< There is no such way.
  max_presence = 6,  ///< It was green for as long as may be.
};
std::string_view name_of(PreemptionStatus status);
struct Granting {
  /// The light's own count, of when it was told last; 0: another one has the light, or it is done.
  std::uint32_t order{0};
  std::string ambulance{};
  IncidentId incident{};
  Severity severity{Severity::serious};
  Position asked{};  ///< When it was asked first.
  Way way{};
  PreemptionStatus status{PreemptionStatus::requested};
  LogTime until{};                      ///< Its lease.
  std::optional<LogTime> granted_at{};  ///< Since when it is green for it.
  bool was_granted{false};              ///< It was, and is counted.
  friend bool operator==(const Granting&, const Granting&) = default;
};
struct Light {
  std::uint32_t last_order{0};
  std::vector<Granting> wishes{};  ///< The first one has the light.
  friend bool operator==(const Light&, const Light&) = default;
};

struct Unit {
  UnitId id{};
  SessionId session{};
  Geographic place{};  ///< As last logged.
  LogTime placed{};
  Capabilities capabilities{0};
  UnitState state{UnitState::present};
  LogTime since{};           ///< That it is in this state.
  std::uint64_t version{0};  ///< Another one when anything but the place changes; see `Mobility`.
  std::variant<Car, Ambulance, Hospital, Light> role{};
  friend bool operator==(const Unit&, const Unit&) = default;
};

}  // namespace muster::mobility
