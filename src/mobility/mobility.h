// Connected mobility as a service: units, incidents, beds and green waves, as the log has them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "mobility/figures.h"
#include "mobility/free_numbers.h"
#include "mobility/messages.h"
#include "mobility/road_map.h"
#include "mobility/values.h"
#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::mobility {

inline constexpr ServiceId service_id{5};

/// Each event is an incident with its newest step; the state is an `Incidents` of those not over.
/// If not all have room in it, it has `more`, and the rest is there for asking; so have `Units`.
inline constexpr std::string_view incidents_topic = "mobility/incidents";
/// Each event is a `UnitEvent`; the state is a `Units`. Places of those that drive are told on
/// `way_topic` only.
inline constexpr std::string_view units_topic = "mobility/units";
/// Each event is an `Approach`; the state is the list of those.
inline constexpr std::string_view way_topic = "mobility/way";
/// What a unit is to do: `mobility/ambulance/ambulance_1`. Each event is an `Order`; the state is
/// the list of those that stand.
std::string unit_topic(const UnitId& unit);

/// What a group has until it was sent another one: a grid of 12 by 8 crossings at `default_origin`.
const RoadMap& standard_map();

/// The dispatch of a city. Commands: `Request`; the reply to one that was carried out is a
/// `Receipt`.
///
/// **Units** are sessions that signed on as a car, an ambulance, a hospital or a traffic light,
/// under an id that no other of the kind has. Only the unit's own session speaks for it. When the
/// session ends the unit is gone: a car's incident goes on; an ambulance's waits for another one,
/// and keeps its bed; a hospital's are to be diverted; what was asked of a light is void.
///
/// **Incidents** are chains of steps, each following the one before (`StepKind`). A report makes
/// one, unless the car has one that is not over, or had one close by within `repeat_window`: then
/// it is that one; a car itself that took it back means another. An ambulance takes the steps from
/// `accepted` to `closed` in their order, under the order that gave it the incident.
///
/// **Decisions** (`Assign`, `Reserve`, `Preempt`, `Locate`) are commands of the leader's advisor
/// alone. Each names the incident's last step and the version of the unit it chose; if one of them
/// has moved it is refused with ABORTED and changes nothing. So of two leaders' decisions one at
/// most holds, an ambulance has one incident at most, and no more beds are promised than are free.
/// A unit's version moves with everything but its place, a light's wishes, and the promises of a
/// hospital: their number is looked at itself. No two states of units have had the same one, so a
/// unit that signs on again is another one. Over capacity a bed is promised only if no hospital
/// that takes patients has a free one.
///
/// **Beds** are leases: promised when the hospital is chosen, taken when the patient is handed
/// over, free again when the incident goes elsewhere or ends, or after `bed_lease`.
///
/// **Lights.** Of the ambulances that want one light's green, that with the worst case has it; of
/// equals, who asked first. The others wait (`watch_other_traffic`). A wish ends with its lease,
/// when it is taken back, or with the drive.
///
/// **Time** is log time. An ambulance that does not accept within `accept_time` is taken off duty,
/// and the incident waits for another one.
///
/// **Map.** `standard_map` until another one is sent (`MapPart`), which is refused while an
/// incident is open. Places must be on it.
///
/// Refusals: NOT_FOUND for what is not there, ALREADY_EXISTS for a taken id, PERMISSION_DENIED for
/// who may not, FAILED_PRECONDITION for a step that is not next, ABORTED for stale decisions,
/// RESOURCE_EXHAUSTED at limits, INVALID_ARGUMENT for the rest.
///
/// Cost: O(log n) a command, of orders for lights and beds over capacity O(what they choose from).
class Mobility final : public service::Machine {
 public:
  /// The same on all servers of a group.
  struct Options {
    std::size_t units_max{8'000};
    std::size_t open_incidents_max{4'096};
    std::size_t over_kept{10'000};     ///< Incidents that are over; the oldest go. At least 1.
    std::size_t steps_kept{128};       ///< Of an incident,
    std::size_t first_steps_kept{16};  ///< of them so many first ones; those behind them go.
    std::size_t wishes_max{8};         ///< At one light.
    std::uint32_t reassignments_max{3};
    Milliseconds accept_time{std::chrono::seconds{30}};
    Milliseconds bed_lease{std::chrono::minutes{30}};
    Milliseconds repeat_window{std::chrono::minutes{2}};
    std::int64_t repeat_distance_cm{10'000};
    Milliseconds green_lease_max{std::chrono::minutes{2}};
    std::uint32_t approach_radius_cm{15'000};
  };

  Mobility() : Mobility(Options{}) {}
  explicit Mobility(const Options& options);

  ServiceId id() const override { return service_id; }
  std::string_view name() const override { return "mobility"; }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override;
  void expire(LogTime now, service::Output& output) override;
  void session_ended(SessionId session, Position at, LogTime now, service::Output& output) override;
  Result<Bytes> topic_state(std::string_view topic) const override;
  Result<Bytes> query(BytesView request) const override;
  service::FrozenParts freeze() const override;
  [[nodiscard]] Result<void> restore(BytesView part) override;
  void clear() override;
  std::unique_ptr<service::Advisor> make_advisor() const override;
  /// `mobility.cancel INCIDENT`.
  std::vector<service::OperatorCommand> operator_commands() const override;
  Result<Bytes> operator_command(std::string_view name, std::span<const std::string> arguments,
                                 std::string_view key) const override;
  Result<std::string> operator_outcome(BytesView reply) const override;

  // What an advisor sees.

  const Options& options() const { return options_; }
  const RoadMap& map() const { return map_; }
  const Incident* find(IncidentId id) const;
  const Unit* find(const UnitId& id) const;
  /// Of those that are not over.
  const std::set<IncidentId>& open_incidents() const { return open_; }
  /// Those that no ambulance has, the most urgent first: by severity, occupants, and report.
  struct Urgency {
    Severity severity{};
    std::uint32_t spared{};  ///< `occupants_max` less the occupants.
    IncidentId id{};
    friend auto operator<=>(const Urgency&, const Urgency&) = default;
  };
  const std::set<Urgency>& waiting() const { return waiting_; }
  /// The ids of ambulances that can take one.
  const std::set<std::string>& available() const { return available_; }
  /// The ids of a kind, ascending.
  std::vector<std::string> ids_of(Kind kind) const;
  /// Lights at which this ambulance has a wish.
  std::set<std::string> lights_asked_for(const std::string& ambulance) const;
  LogTime now() const { return house_.read().seen; }

 private:
  using CommandRef = const service::Command&;
  struct UnitPart final : service::Part {
    Unit unit{};
    void encode(Bytes& out) const override;
  };
  struct IncidentPart final : service::Part {
    Incident incident{};
    void encode(Bytes& out) const override;
  };
  /// The map as bytes, and what has come of the next one.
  struct Atlas final : service::Part {
    Bytes map{};  // Empty: the grid.
    wire::Sha256 digest{};
    wire::Sha256 next_digest{};
    std::uint64_t next_total{0};
    Bytes next{};
    void encode(Bytes& out) const override;
  };
  /// What there is one of.
  struct House final : service::Part {
    LogTime seen{};
    Position at{};              // Of what is carried out.
    std::uint64_t versions{0};  // That units were given.
    Figures figures{};
    void encode(Bytes& out) const override;
  };
  struct KeptUnit {
    service::CopyOnWrite<UnitPart> unit;
    std::optional<LogTime> due{};
  };
  struct KeptIncident {
    service::CopyOnWrite<IncidentPart> incident;
    std::optional<LogTime> due{};
  };

  // Commands. Errors are refusals.
  using Handled = Result<Receipt>;
  Handled handle(const SignOn& request, CommandRef command, service::Output& output);
  Handled handle(const SignOff& request, CommandRef command, service::Output& output);
  Handled handle(const Report& request, CommandRef command, service::Output& output);
  Handled handle(const Progress& request, CommandRef command, service::Output& output);
  Handled handle(const Duty& request, CommandRef command, service::Output& output);
  Handled handle(const Beds& request, CommandRef command, service::Output& output);
  Handled handle(const Signal& request, CommandRef command, service::Output& output);
  Handled handle(const Cancel& request, CommandRef command, service::Output& output);
  Handled handle(const MapPart& request, CommandRef command, service::Output& output);
  Handled handle(const Assign& request, CommandRef command, service::Output& output);
  Handled handle(const Reserve& request, CommandRef command, service::Output& output);
  Handled handle(const Preempt& request, CommandRef command, service::Output& output);
  Handled handle(const Locate& request, CommandRef command, service::Output& output);
  Receipt receipt() const;
  Receipt receipt(const Incident& incident, bool repeated = false) const;
  Receipt receipt(const Unit& unit, bool repeated = false) const;

  // Units.
  /// The session's own unit. Errors: NOT_FOUND, PERMISSION_DENIED.
  Result<const Unit*> own(const UnitId& id, CommandRef command) const;
  std::string free_id(Kind kind) const;
  Unit& change(const UnitId& id) { return units_.at(id).unit.write().unit; }
  /// It gets a version that none has had.
  void raise(Unit& unit) { unit.version = ++house_.write().versions; }
  void changed(const UnitId& id);
  void tell(const Unit& unit, service::Output& output);
  void order(const UnitId& to, const Order& order, service::Output& output);
  void remove(const UnitId& id, service::Output& output);
  void set_ambulance(const std::string& id, UnitState state, std::optional<IncidentId> incident,
                     service::Output& output);

  // Incidents.
  Incident& change(IncidentId id) { return incidents_.at(id).incident.write().incident; }
  void changed(IncidentId id);
  /// Appends it to the chain and tells it.
  void add_step(IncidentId id, Step step, service::Output& output);
  /// The incident that a report of this car, there, is about already.
  const Incident* same_as(const Unit& car, Geographic place, bool by_itself) const;
  /// It waits for another ambulance. The state of the one that had it is the caller's to set.
  void put_back(IncidentId id, Cause cause, service::Output& output);
  void stand_down(const std::string& ambulance, IncidentId id, service::Output& output);
  void finish(IncidentId id, StepKind kind, Cause cause, service::Output& output);
  void release_bed(IncidentId id, service::Output& output);
  void lose_bed(IncidentId id, Cause cause, service::Output& output);
  void make_room();
  void take_step(IncidentId id, StepKind reached, service::Output& output);

  // Lights.
  /// Lets whoever comes first have the light, and tells it if that is another one than before. To
  /// tell others is the caller's.
  void settle(const std::string& light, service::Output& output);
  void tell_light(const std::string& light, service::Output& output);
  void end_wish(const std::string& light, const std::string& ambulance, service::Output& output);
  void end_wishes_of(const std::string& ambulance, service::Output& output);
  /// It does not hold the light any more.
  void end_green(Granting& wish);

  Result<Bytes> answer(const AskIncidents& query) const;
  Result<Bytes> answer(const AskIncident& query) const;
  Result<Bytes> answer(const AskUnits& query) const;
  Result<Bytes> answer(const AskFigures& query) const;
  Result<Bytes> answer(const AskMap& query) const;
  std::vector<Order> standing_orders(const Unit& unit) const;
  Order order_to_scene(const Incident& incident) const;
  Order order_to_hospital(const Incident& incident) const;
  Order order_to_expect(const Incident& incident) const;
  std::vector<Approach> approaches() const;

  [[nodiscard]] Result<void> restore_unit(Reader& reader);
  [[nodiscard]] Result<void> restore_incident(Reader& reader);
  [[nodiscard]] Result<void> restore_atlas(Reader& reader);
  [[nodiscard]] Result<void> restore_house(Reader& reader);
  /// What refers to another part finds it there, and nothing is beyond its limit.
  bool is_consistent() const;
  bool is_consistent(const Unit& unit) const;
  bool is_consistent(const Unit& unit, const Ambulance& ambulance) const;
  bool is_consistent(const Unit& unit, const Hospital& hospital) const;
  bool is_consistent(const Light& light) const;
  bool is_consistent(const Incident& incident) const;

  const Options options_;
  std::map<UnitId, KeptUnit> units_{};
  std::map<IncidentId, KeptIncident> incidents_{};
  service::CopyOnWrite<Atlas> atlas_{};
  service::CopyOnWrite<House> house_{};
  // Found again from the parts.
  RoadMap map_;
  std::map<SessionId, UnitId> by_session_{};
  std::map<Kind, FreeNumbers> free_numbers_{};
  std::map<std::string, IncidentId> open_of_car_{};
  std::set<IncidentId> open_{};
  std::set<Urgency> waiting_{};
  std::set<std::pair<LogTime, IncidentId>> over_{};
  std::set<std::string> available_{};
  std::map<std::string, std::set<std::string>> lights_of_{};  // That an ambulance has wishes at.
  std::set<std::pair<LogTime, IncidentId>> incidents_due_{};
  std::set<std::pair<LogTime, UnitId>> units_due_{};
  std::uint8_t restored_tag_{0};  // Of the part restored last.
};

}  // namespace muster::mobility
