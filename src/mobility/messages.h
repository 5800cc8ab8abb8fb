// What clients, the leader's advisor and the mobility service say to each other, as values and as
// bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mobility/figures.h"
#include "mobility/values.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "wire/sha256.h"

namespace muster::mobility {

// ---- Commands of clients ------------------------------------------------------------------------

/// The session is this unit from now on.
struct SignOn {
  UnitId unit{};
  Geographic place{};
  Capabilities capabilities{0};
  std::uint32_t beds{0};  ///< Free ones, of a hospital.
  friend bool operator==(const SignOn&, const SignOn&) = default;
};
struct SignOff {
  UnitId unit{};
  friend bool operator==(const SignOff&, const SignOff&) = default;
};
/// A crash, by the car itself or by somebody who saw it.
struct Report {
  std::string car{};
  std::optional<Geographic> place{};  ///< None: where the car is, as last logged.
  Severity severity{Severity::serious};
  std::uint32_t occupants{1};
  friend bool operator==(const Report&, const Report&) = default;
};
/// How far an ambulance has come with its incident: `accepted`, `on_scene`, `transporting`,
/// `handed_over`, or `closed`: available again.
struct Progress {
  std::string ambulance{};
  IncidentId incident{};
  std::uint32_t order{0};  ///< The step that gave it to the ambulance.
  StepKind reached{StepKind::accepted};
  std::optional<Geographic> place{};
  friend bool operator==(const Progress&, const Progress&) = default;
};
struct Duty {
  std::string ambulance{};
  bool on{true};
  friend bool operator==(const Duty&, const Duty&) = default;
};
/// Of a hospital's free beds a new number or a change, or whether it is on diversion.
struct Beds {
  std::string hospital{};
  std::optional<std::int32_t> free{};
  std::optional<std::int32_t> change{};
  std::optional<bool> diversion{};
  friend bool operator==(const Beds&, const Beds&) = default;
};
/// What a light says of an order to give green.
struct Signal {
  std::string light{};
  std::uint32_t order{0};
  PreemptionStatus status{PreemptionStatus::processing};
  friend bool operator==(const Signal&, const Signal&) = default;
};
/// A false alarm, by the car that reported it; or an operator, by a command of the leader's.
struct Cancel {
  std::string car{};
  IncidentId incident{};
  std::string key{};  ///< Makes an operator's commands differ.
  friend bool operator==(const Cancel&, const Cancel&) = default;
};
/// A piece of an encoded `RoadMap`, in order. When all are there it is the map.
struct MapPart {
  wire::Sha256 digest{};  ///< Of the whole.
  std::uint64_t total_bytes{0};
  std::uint64_t offset{0};
  Bytes bytes{};
  friend bool operator==(const MapPart&, const MapPart&) = default;
};
constexpr std::size_t map_part_bytes_max = 128 * 1024;

// ---- Commands of the leader's advisor -----------------------------------------------------------
//
// They name what they assumed: the incident's last step, and the versions of units.

struct Assign {
  IncidentId incident{};
  std::uint32_t follows{0};
  std::string ambulance{};
  std::uint64_t ambulance_version{0};
  Milliseconds travel{};
  friend bool operator==(const Assign&, const Assign&) = default;
};
struct Reserve {
  IncidentId incident{};
  std::uint32_t follows{0};
  std::string hospital{};
  std::uint64_t hospital_version{0};
  bool over_capacity{false};
  Milliseconds travel{};
  Cause cause{Cause::none};  ///< Of a diversion.
  friend bool operator==(const Reserve&, const Reserve&) = default;
};
/// Asks a light for a green, renews that, or takes it back.
struct Preempt {
  std::string light{};
  std::string ambulance{};
  std::uint64_t ambulance_version{0};
  std::optional<Way> way{};  ///< None: the light is passed.
  Milliseconds arrives{};    ///< From now.
  Milliseconds lease{};
  friend bool operator==(const Preempt&, const Preempt&) = default;
};
/// Where units were, as their heartbeats said.
struct Locate {
  struct One {
    UnitId unit{};
    std::uint64_t version{0};
    Geographic place{};
    friend bool operator==(const One&, const One&) = default;
  };
  std::vector<One> units{};
  friend bool operator==(const Locate&, const Locate&) = default;
};
constexpr std::size_t locate_units_max = 256;

using Request = std::variant<SignOn, SignOff, Report, Progress, Duty, Beds, Signal, Cancel, MapPart,
                             Assign, Reserve, Preempt, Locate>;
/// The payload of a command for service `service_id`.
Bytes encode(const Request& request);
/// Errors: INVALID_ARGUMENT for what is no command, or can't be one whatever the state.
[[nodiscard]] Result<Request> decode_request(BytesView bytes);

/// The answer to a command that was carried out.
struct Receipt {
  Position position{};
  LogTime time{};
  IncidentId incident{};  ///< Of a report, progress, cancelling and decisions.
  std::uint32_t step{0};  ///< The incident's last one now. Of `Preempt`: the light's order.
  bool repeated{false};   ///< It was so already: nothing changed.
  std::optional<UnitState> state{};  ///< Of the unit that it is about.
  std::uint32_t free_beds{0};
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
Bytes encode(const Receipt& receipt);
[[nodiscard]] Result<Receipt> decode_receipt(BytesView bytes);

// ---- Events -------------------------------------------------------------------------------------

/// On `incidents_topic`: the incident with its newest step only. The topic's state is an
/// `Incidents` of those that are not over.
Bytes encode_incident_event(const Incident& incident);
[[nodiscard]] Result<Incident> decode_incident_event(BytesView bytes);

/// On `units_topic`. The topic's state is a `Units`.
struct UnitEvent {
  Unit unit{};
  bool gone{false};
  friend bool operator==(const UnitEvent&, const UnitEvent&) = default;
};
Bytes encode(const UnitEvent& event);
[[nodiscard]] Result<UnitEvent> decode_unit_event(BytesView bytes);

enum class OrderKind : std::uint8_t {
  go_to_scene = 1,      ///< Ambulance: `place`, `severity`, `occupants`.
  stand_down = 2,       ///< Ambulance: the incident is not yours any more.
  go_to_hospital = 3,   ///< Ambulance: `unit` at `place`, now or when the patient is on board.
  expect_patient = 4,   ///< Hospital: a bed is promised; `unit` brings the patient.
  expect_nobody = 5,    ///< Hospital: the promise is void.
  give_green = 6,       ///< Light: for `way`, no longer than `lease` from when it is heard.
  take_green_back = 7,  ///< Light.
  patient_arrived = 8,  ///< Hospital: the bed is taken.
};
std::string_view name_of(OrderKind kind);
/// What a unit is to do, on its own topic, which has the orders that stand as its state (`Orders`).
/// Whoever has seen an order of that kind, incident and step ignores it; of lights the step is
/// their own count, whatever the incident.
struct Order {
  OrderKind kind{OrderKind::go_to_scene};
  IncidentId incident{};
  std::uint32_t step{0};
  std::string unit{};
  Geographic place{};
  Severity severity{Severity::serious};
  std::uint32_t occupants{0};
  Milliseconds travel{};
  bool over_capacity{false};
  Way way{};
  Milliseconds lease{};
  friend bool operator==(const Order&, const Order&) = default;
};
Bytes encode(const Order& order);
[[nodiscard]] Result<Order> decode_order(BytesView bytes);
Bytes encode(const std::vector<Order>& orders);
[[nodiscard]] Result<std::vector<Order>> decode_orders(BytesView bytes);

/// On `way_topic`: an ambulance comes; who is within the radius gives way. The topic's state is the
/// list of those that are under way.
struct Approach {
  std::string ambulance{};
  Geographic place{};
  std::uint32_t radius_cm{0};
  friend bool operator==(const Approach&, const Approach&) = default;
};
Bytes encode(const Approach& approach);
[[nodiscard]] Result<Approach> decode_approach(BytesView bytes);
Bytes encode(const std::vector<Approach>& approaches);
[[nodiscard]] Result<std::vector<Approach>> decode_approaches(BytesView bytes);

// ---- Queries ------------------------------------------------------------------------------------

constexpr std::uint32_t listed_max = 256;  ///< Units or incidents in one answer, if they are
constexpr std::size_t answer_bytes_max = 200 * 1024;  ///< not longer than this,
constexpr std::size_t state_bytes_max = 480 * 1024;   ///< or, in the state of a topic, this.

/// Incidents by ascending id; the answer is an `Incidents`.
struct AskIncidents {
  bool open_only{false};
  IncidentId after{};
  std::uint32_t most{listed_max};  ///< 0 or above `listed_max`: that.
  friend bool operator==(const AskIncidents&, const AskIncidents&) = default;
};
/// One, with its steps; the answer is an `Incidents` of one. Errors: NOT_FOUND.
struct AskIncident {
  IncidentId id{};
  friend bool operator==(const AskIncident&, const AskIncident&) = default;
};
/// Units by kind and id; the answer is a `Units`.
struct AskUnits {
  std::optional<Kind> kind{};
  std::optional<UnitId> after{};
  std::uint32_t most{listed_max};
  friend bool operator==(const AskUnits&, const AskUnits&) = default;
};
/// The answer is a `FiguresSummary`.
struct AskFigures {
  friend bool operator==(const AskFigures&, const AskFigures&) = default;
};
/// A piece of the map from there on; the answer is a `MapAnswer`.
struct AskMap {
  std::uint64_t offset{0};
  friend bool operator==(const AskMap&, const AskMap&) = default;
};
using Query = std::variant<AskIncidents, AskIncident, AskUnits, AskFigures, AskMap>;
Bytes encode(const Query& query);
[[nodiscard]] Result<Query> decode_query(BytesView bytes);

struct Incidents {
  std::vector<Incident> incidents{};
  bool more{false};  ///< There are further ones behind the last.
  friend bool operator==(const Incidents&, const Incidents&) = default;
};
/// What does not fit is left out, and there is `more`; at least one is always in it.
Bytes encode(const Incidents& incidents, std::size_t bytes_max = answer_bytes_max);
[[nodiscard]] Result<Incidents> decode_incidents(BytesView bytes);

struct Units {
  std::vector<Unit> units{};
  bool more{false};
  friend bool operator==(const Units&, const Units&) = default;
};
Bytes encode(const Units& units, std::size_t bytes_max = answer_bytes_max);
[[nodiscard]] Result<Units> decode_units(BytesView bytes);

struct MapAnswer {
  std::string name{};
  MapPart part{};
  friend bool operator==(const MapAnswer&, const MapAnswer&) = default;
};
Bytes encode(const MapAnswer& answer);
[[nodiscard]] Result<MapAnswer> decode_map_answer(BytesView bytes);

Bytes encode(const FiguresSummary& figures);
[[nodiscard]] Result<FiguresSummary> decode_figures(BytesView bytes);

}  // namespace muster::mobility
