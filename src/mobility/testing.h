// For tests of the city: commands in, and what came of them as text.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mobility/fix.h"
#include "mobility/mobility.h"

namespace muster::mobility {

/// An order in a line: `go to the scene 17.0/3 car_1`.
inline std::string in_words(const Order& order) {
  std::string text(name_of(order.kind));
  text += " " + to_text(order.incident) + "/" + std::to_string(order.step);
  if (!order.unit.empty()) text += " " + order.unit;
  if (order.over_capacity) text += ", over capacity";
  return text;
}

/// A step in a line: `2 assigned ambulance_1`, and why.
inline std::string in_words(const Step& step) {
  std::string text = std::to_string(step.index) + " " + std::string(name_of(step.kind));
  if (!step.unit.empty()) text += " " + step.unit;
  if (step.cause != Cause::none) text += ": " + std::string(name_of(step.cause));
  if (step.over_capacity) text += ", over capacity";
  return text;
}

/// What a city gave, in words: replies as `ok`, `again` or `CODE: TEXT`, and events. It folds what
/// the topics say, as somebody does who follows them from the beginning.
class Heard final : public service::Output {
 public:
  void reply(BytesView payload) override {
    receipt = decode_receipt(payload).value();
    replies.emplace_back(receipt.repeated ? "again" : "ok");
  }
  void refuse(ErrorCode code, std::string_view message) override {
    replies.push_back(std::string(muster::name_of(code)) + ": " + std::string(message));
  }
  void publish(std::string_view topic, BytesView bytes) override {
    raw_events.emplace_back(std::string(topic), Bytes(bytes.begin(), bytes.end()));
    if (topic == incidents_topic) return take(decode_incident_event(bytes).value());
    if (topic == units_topic) return take(decode_unit_event(bytes).value());
    if (topic == way_topic) {
      approaches.push_back(decode_approach(bytes).value());
      return;
    }
    const Order order = decode_order(bytes).value();
    orders[std::string(topic)].push_back(in_words(order));
    last_order[std::string(topic)] = order;
  }

  std::vector<std::string> replies;
  Receipt receipt;
  std::vector<std::string> steps;
  std::vector<Approach> approaches;
  std::map<std::string, std::vector<std::string>> orders;
  std::map<std::string, Order> last_order;
  std::vector<std::pair<std::string, Bytes>> raw_events;
  std::map<IncidentId, Incident> open;
  std::map<UnitId, Unit> units;

 private:
  void take(const Incident& incident) {
    steps.push_back(to_text(incident.id) + "/" + in_words(incident.steps.back()));
    if (is_over(incident.state)) {
      open.erase(incident.id);
    } else {
      open[incident.id] = incident;
    }
  }
  void take(const UnitEvent& event) {
    if (event.gone) {
      units.erase(event.unit.id);
    } else {
      units[event.unit.id] = event.unit;
    }
  }
};

inline UnitId car(const std::string& id) {
  return {Kind::car, id};
}
inline UnitId ambulance(const std::string& id) {
  return {Kind::ambulance, id};
}
inline UnitId hospital(const std::string& id) {
  return {Kind::hospital, id};
}
inline UnitId light(const std::string& id) {
  return {Kind::traffic_light, id};
}

inline std::vector<Bytes> frozen(const Mobility& mobility) {
  std::vector<Bytes> parts;
  for (const auto& part : mobility.freeze()) part->encode(parts.emplace_back());
  return parts;
}

/// A city with a clock and a log of its own, on the standard grid. Each unit has a session of its
/// own; `crossing` is where units are.
struct Town {
  Town() = default;
  explicit Town(const Mobility::Options& limits) : city(limits) {}

  /// A crossing of the grid, whose streets are 150 m apart: column 0 to 11, row 0 to 7.
  static Geographic crossing(std::uint32_t column, std::uint32_t row) {
    const RoadMap& map = standard_map();
    const Node& node = map.network().node({row * GridOptions{}.columns + column});
    return map.projection().to_globe(node.place);
  }
  static Geographic off_the_map() { return {.latitude = 0, .longitude = 0}; }

  SessionId session_of(const UnitId& unit) {
    const auto [at, is_new] = sessions.try_emplace(unit);
    if (is_new) at->second = next_session();
    return at->second;
  }
  SessionId next_session() {
    return SessionId{Uuid::make_v7(std::chrono::milliseconds{1}, 1, ++sessions_made)};
  }

  /// What the reply was.
  std::string command(BytesView payload, SessionId session, bool system = false) {
    const std::size_t before = heard.replies.size();
    ++position.index.value;
    city.apply({.position = position,
                .time = time,
                .session = session,
                .payload = payload,
                .system = system},
               heard);
    return heard.replies.size() == before + 1 ? heard.replies.back() : "not one reply";
  }
  std::string by(const UnitId& unit, const Request& request) {
    return command(encode(request), session_of(unit));
  }
  /// As the leader.
  std::string decide(const Request& request) { return command(encode(request), {}, true); }

  std::string sign_on(const UnitId& unit, Geographic place, std::uint32_t beds = 0,
                      Capabilities capabilities = 0) {
    return by(unit,
              SignOn{.unit = unit, .place = place, .capabilities = capabilities, .beds = beds});
  }
  IncidentId crash(const std::string& id, Severity severity = Severity::serious) {
    by(car(id), Report{.car = id, .severity = severity});
    return heard.receipt.incident;
  }
  std::string assign(IncidentId incident, const std::string& to) {
    const Unit* const unit = city.find(ambulance(to));
    const Incident* const known = city.find(incident);
    return decide(Assign{.incident = incident,
                         .follows = known == nullptr ? 0 : known->last_step(),
                         .ambulance = to,
                         .ambulance_version = unit == nullptr ? 0 : unit->version});
  }
  std::string reserve(IncidentId incident, const std::string& at, bool over_capacity = false,
                      Cause cause = Cause::none) {
    const Unit* const unit = city.find(hospital(at));
    const Incident* const known = city.find(incident);
    return decide(Reserve{.incident = incident,
                          .follows = known == nullptr ? 0 : known->last_step(),
                          .hospital = at,
                          .hospital_version = unit == nullptr ? 0 : unit->version,
                          .over_capacity = over_capacity,
                          .cause = cause});
  }
  std::string preempt(const std::string& at, const std::string& for_whom,
                      std::optional<Way> way = Way{{0}, {4}},
                      std::chrono::milliseconds lease = std::chrono::seconds{30}) {
    const Unit* const unit = city.find(ambulance(for_whom));
    return decide(Preempt{.light = at,
                          .ambulance = for_whom,
                          .ambulance_version = unit == nullptr ? 0 : unit->version,
                          .way = way,
                          .lease = lease});
  }
  std::string says(const std::string& at, PreemptionStatus status) {
    return says(at, status, role<Light>(light(at)).last_order);
  }
  std::string says(const std::string& at, PreemptionStatus status, std::uint32_t order) {
    return by(light(at), Signal{.light = at, .order = order, .status = status});
  }
  /// By the order that gave it the incident.
  std::string progress(const std::string& by_whom, IncidentId incident, StepKind reached) {
    const Incident* const known = city.find(incident);
    return by(ambulance(by_whom), Progress{.ambulance = by_whom,
                                           .incident = incident,
                                           .order = known == nullptr ? 0 : known->order,
                                           .reached = reached});
  }
  /// The way of an incident until it is in this state; the first one that is refused is the result.
  std::string bring(IncidentId incident, const std::string& by_whom, IncidentState to,
                    const std::string& at = "hospital_1") {
    constexpr std::array steps{StepKind::accepted, StepKind::on_scene, StepKind::transporting,
                               StepKind::handed_over, StepKind::closed};
    std::string said =
        city.find(incident)->state == IncidentState::waiting && to > IncidentState::waiting
            ? assign(incident, by_whom)
            : "ok";
    for (const StepKind step : steps) {
      if ((said != "ok" && said != "again") || city.find(incident)->state >= to) return said;
      const bool needs_bed = city.find(incident)->hospital.empty();
      if (step == StepKind::transporting && needs_bed) said = reserve(incident, at);
      if (said == "ok" || said == "again") said = progress(by_whom, incident, step);
    }
    return said;
  }
  /// Its session ends; the next one under this id is another.
  void lose(const UnitId& unit) {
    const SessionId session = session_of(unit);
    sessions.erase(unit);
    ++position.index.value;
    city.session_ended(session, position, time, heard);
  }

  /// Time passes as a leader lets it: whatever is due is told at its time.
  void wait(std::chrono::milliseconds by) {
    const LogTime until = time + by;
    while (city.deadline() && *city.deadline() <= until) {
      time = std::max(time, *city.deadline());
      city.expire(time, heard);
    }
    time = until;
  }
  /// Time passes while there is no leader; then there is one.
  void stop(std::chrono::milliseconds by) {
    time = time + by;
    if (city.deadline() && *city.deadline() <= time) city.expire(time, heard);
  }

  /// The steps since the last call.
  std::vector<std::string> take_steps() { return std::exchange(heard.steps, {}); }
  /// The orders to a unit since the last call.
  std::vector<std::string> take_orders(const UnitId& unit) {
    return std::exchange(heard.orders[unit_topic(unit)], {});
  }
  std::vector<std::string> standing(const UnitId& unit) const {
    std::vector<std::string> out;
    for (const Order& one : decode_orders(city.topic_state(unit_topic(unit)).value()).value()) {
      out.push_back(in_words(one));
    }
    return out;
  }
  std::vector<std::string> chain(IncidentId incident) const {
    std::vector<std::string> out;
    for (const Step& step : city.find(incident)->steps) out.push_back(in_words(step));
    return out;
  }
  template <class Role>
  const Role& role(const UnitId& unit) const {
    return std::get<Role>(city.find(unit)->role);
  }
  std::string state(const UnitId& unit) const {
    const Unit* const found = city.find(unit);
    return found == nullptr ? "gone" : std::string(name_of(found->state));
  }
  std::string state(IncidentId incident) const {
    const Incident* const found = city.find(incident);
    return found == nullptr ? "gone" : std::string(name_of(found->state));
  }
  /// `FREE free, PROMISED promised`.
  std::string beds(const std::string& at) const {
    const auto& ward = role<Hospital>(hospital(at));
    return std::to_string(ward.free_beds) + " free, " + std::to_string(ward.promised.size()) +
           " promised";
  }
  /// Who wants a light, first the one that has it: `ambulance_1 granted/2`.
  std::vector<std::string> wishes(const std::string& at) const {
    std::vector<std::string> out;
    for (const Granting& wish : role<Light>(light(at)).wishes) {
      out.push_back(wish.ambulance + " " + std::string(name_of(wish.status)) + "/" +
                    std::to_string(wish.order));
    }
    return out;
  }
  FiguresSummary figures() const {
    return decode_figures(city.query(encode(Query{AskFigures{}})).value()).value();
  }
  Incidents incidents(const AskIncidents& asked = {}) const {
    return decode_incidents(city.query(encode(Query{asked})).value()).value();
  }
  Units units(const AskUnits& asked = {}) const {
    return decode_units(city.query(encode(Query{asked})).value()).value();
  }

  Mobility city;
  Position position{.index = {100}};
  LogTime time{1'000'000};
  std::map<UnitId, SessionId> sessions{};
  std::uint64_t sessions_made{0};
  Heard heard;
};

/// What units said with their heartbeats.
class Said final : public service::LiveValues {
 public:
  void say(SessionId session, Geographic place, Duration age = {}) {
    values_[session] = {encode(Fix{.place = place}), age};
  }
  void say(SessionId session, Bytes bytes) { values_[session] = {std::move(bytes), Duration{}}; }
  std::optional<service::LiveValue> find(SessionId session) const override {
    const auto found = values_.find(session);
    if (found == values_.end()) return std::nullopt;
    return service::LiveValue{.value = found->second.first, .age = found->second.second};
  }

 private:
  std::map<SessionId, std::pair<Bytes, Duration>> values_{};
};

/// Three ambulances, two hospitals with two beds each, two lights, three cars.
inline void populate(Town& town) {
  for (std::uint32_t i = 1; i <= 3; ++i) {
    town.sign_on(ambulance("ambulance_" + std::to_string(i)), Town::crossing(i, 1), 0,
                 i == 1 ? advanced_life_support : 0);
    town.sign_on(car("car_" + std::to_string(i)), Town::crossing(i, 5));
  }
  for (std::uint32_t i = 1; i <= 2; ++i) {
    town.sign_on(hospital("hospital_" + std::to_string(i)), Town::crossing(5 * i, 7), 2,
                 i == 1 ? trauma_centre : 0);
    town.sign_on(light("traffic_light_" + std::to_string(i)), Town::crossing(2 * i, 2));
  }
}

/// Whether what the topics said comes to what their state is. Places are told elsewhere.
inline bool is_as_told(const Town& town) {
  const auto without_place = [](Unit unit) {
    unit.place = {};
    unit.placed = {};
    return unit;
  };
  std::vector<Unit> told;
  for (const auto& [id, unit] : town.heard.units) told.push_back(without_place(unit));
  Units state = decode_units(town.city.topic_state(units_topic).value()).value();
  std::ranges::transform(state.units, state.units.begin(), without_place);
  std::vector<Incident> open;
  for (const auto& [id, incident] : town.heard.open) open.push_back(incident);
  const Incidents listed = decode_incidents(town.city.topic_state(incidents_topic).value()).value();
  return told == state.units && open == listed.incidents;
}

}  // namespace muster::mobility
