#include "cli/mobility_lines.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "cli/auction_lines.h"
#include "mobility/mobility.pb.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

using Milliseconds = std::chrono::milliseconds;

std::string degrees(std::int32_t units) {
  const auto whole = std::abs(std::int64_t{units});
  return fmt::format("{}{}.{:07}", units < 0 ? "-" : "", whole / mobility::units_per_degree,
                     whole % mobility::units_per_degree);
}

std::string since_text(Milliseconds time) {
  const auto seconds = time.count() / 1'000;
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

/// As the schema has it: `ON_SCENE`.
template <class Enum, class Value>
std::string name_in(Value value) {
  return Enum::Value_Name(static_cast<typename Enum::Value>(value));
}

std::string steps_json(const mobility::Incident& incident) {
  std::string steps = "[";
  for (const mobility::Step& step : incident.steps) {
    if (steps.size() > 1) steps += ",";
    steps += JsonLine()
                 .add("index", step.index)
                 .add("kind", schema_name(step.kind))
                 .add("follows", step.follows)
                 .add_json("time", wire::json_time(step.time))
                 .add("unit", step.unit)
                 .add("cause", name_in<mobility::schema::Cause>(step.cause))
                 .add("overCapacity", step.over_capacity)
                 .text();
  }
  return steps + "]";
}

/// Of 1,000, as `93.4 %`; `-` of nothing.
std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

JsonLine& add_place(JsonLine& line, mobility::Geographic place) {
  return line.add_json("latitude", degrees(place.latitude))
      .add_json("longitude", degrees(place.longitude));
}

std::string role_text(const mobility::Unit& unit) {
  if (const auto* const hospital = std::get_if<mobility::Hospital>(&unit.role)) {
    return beds_text(hospital->free_beds, hospital->diversion);
  }
  if (const auto* const light = std::get_if<mobility::Light>(&unit.role)) {
    if (light->wishes.empty()) return "";
    const mobility::Granting& first = light->wishes.front();
    return fmt::format("{}: {}", first.ambulance, name_of(first.status));
  }
  std::optional<mobility::IncidentId> incident;
  if (const auto* const car = std::get_if<mobility::Car>(&unit.role)) incident = car->incident;
  if (const auto* const ambulance = std::get_if<mobility::Ambulance>(&unit.role)) {
    incident = ambulance->incident;
  }
  return incident ? "incident " + to_text(*incident) : "";
}

std::string response_text(const mobility::FiguresSummary& figures) {
  if (figures.responses == 0) return "response time  - (no ambulance was on a scene yet)";
  return fmt::format("response time  mean {}, median {}, 90 % within {} ({} of them)",
                     since_text(figures.response_mean), since_text(figures.response_p50),
                     since_text(figures.response_p90), figures.responses);
}

/// Names and values, numbers as they are.
std::vector<std::pair<std::string, std::string>> figures_fields(
    const mobility::FiguresSummary& figures) {
  const auto number = [](auto value) { return std::to_string(value); };
  return {
      {"incidents", number(figures.incidents)},
      {"open", number(figures.open)},
      {"waiting", number(figures.waiting)},
      {"closed", number(figures.closed)},
      {"cancelled", number(figures.cancelled)},
      {"repeatedReports", number(figures.repeated_reports)},
      {"queued", number(figures.queued)},
      {"reassigned", number(figures.reassigned)},
      {"diverted", number(figures.diverted)},
      {"overCapacity", number(figures.over_capacity)},
      {"responses", number(figures.responses)},
      {"responseMeanMs", number(figures.response_mean.count())},
      {"responseP50Ms", number(figures.response_p50.count())},
      {"responseP90Ms", number(figures.response_p90.count())},
      {"responsesWithin7Min", number(figures.responses_within_7_min)},
      {"responsesWithin15Min", number(figures.responses_within_15_min)},
      {"timeAtHospitalMeanMs", number(figures.hospital_mean.count())},
      {"timeAtHospitalP90Ms", number(figures.hospital_p90.count())},
      {"utilisation", fmt::format("{:.4f}", share(figures.busy_ms, figures.on_duty_ms))},
      {"preemptions", number(figures.preemptions)},
      {"preemptionsGranted", number(figures.preemptions_granted)},
      {"preemptedMs", number(figures.preempted_ms)},
  };
}

}  // namespace

std::string schema_name(mobility::Kind kind) {
  return name_in<mobility::schema::Kind>(kind);
}
std::string schema_name(mobility::StepKind kind) {
  return name_in<mobility::schema::StepKind>(kind);
}

std::string beds_text(std::uint32_t free, bool diversion) {
  return fmt::format("{} free {}{}", free, free == 1 ? "bed" : "beds",
                     diversion ? ", on diversion" : "");
}

std::string place_text(mobility::Geographic place) {
  return fmt::format("{} {} {} {}", degrees(std::abs(place.latitude)),
                     place.latitude < 0 ? 'S' : 'N', degrees(std::abs(place.longitude)),
                     place.longitude < 0 ? 'W' : 'E');
}

// ---- For people ---------------------------------------------------------------------------------

std::vector<Row> incident_rows(const std::vector<mobility::Incident>& incidents, LogTime now) {
  std::vector<Row> rows{
      {"INCIDENT", "REPORTED", "SEVERITY", "CAR", "STATE", "AMBULANCE", "HOSPITAL", "STEPS"}};
  for (const mobility::Incident& one : incidents) {
    rows.push_back(
        {to_text(one.id), time_text(one.reported, now), std::string(name_of(one.severity)), one.car,
         std::string(name_of(one.state)), one.ambulance.empty() ? "-" : one.ambulance,
         one.hospital.empty() ? "-" : one.hospital + (one.over_capacity ? " (over)" : ""),
         std::to_string(one.last_step())});
  }
  return rows;
}

std::vector<Row> unit_rows(const std::vector<mobility::Unit>& units) {
  std::vector<Row> rows{{"KIND", "ID", "STATE", "PLACE", ""}};
  for (const mobility::Unit& one : units) {
    rows.push_back({std::string(name_of(one.id.kind)), one.id.id, std::string(name_of(one.state)),
                    place_text(one.place), role_text(one)});
  }
  return rows;
}

std::string step_text(const mobility::Step& step, LogTime reported) {
  std::string text = fmt::format("+{:<7} {:<13} {}", since_text(step.time - reported),
                                 name_of(step.kind), step.unit);
  if (step.cause != mobility::Cause::none) text += fmt::format("  ({})", name_of(step.cause));
  if (step.over_capacity) text += "  (over capacity)";
  return text;
}

std::vector<std::string> incident_lines(const mobility::Incident& incident, LogTime now) {
  std::vector<std::string> lines{
      fmt::format("incident {}: {}", to_text(incident.id), name_of(incident.state)),
      fmt::format("{}, {} {}, reported {} by {}", name_of(incident.severity), incident.occupants,
                  incident.occupants == 1 ? "person" : "people", time_text(incident.reported, now),
                  incident.car),
      "at " + place_text(incident.place)};
  if (incident.pickup != incident.place) {
    lines.push_back("the patient is at " + place_text(incident.pickup));
  }
  for (const mobility::Step& step : incident.steps) {
    lines.push_back(fmt::format("{:>4}  {}", step.index, step_text(step, incident.reported)));
  }
  if (incident.steps_dropped > 0) {
    lines.push_back(fmt::format("{} steps in between are not kept", incident.steps_dropped));
  }
  return lines;
}

std::vector<std::string> figures_lines(const mobility::FiguresSummary& figures) {
  return {
      fmt::format("incidents      {} ({} open, {} of them waiting; {} closed, {} cancelled)",
                  figures.incidents, figures.open, figures.waiting, figures.closed,
                  figures.cancelled),
      response_text(figures),
      fmt::format("targets        {} within 7 minutes, {} within 15",
                  share_text(figures.responses_within_7_min, figures.responses),
                  share_text(figures.responses_within_15_min, figures.responses)),
      fmt::format("at hospital    mean {}, 90 % within {}", since_text(figures.hospital_mean),
                  since_text(figures.hospital_p90)),
      fmt::format("utilisation    {} of the time on duty",
                  share_text(figures.busy_ms, figures.on_duty_ms)),
      fmt::format("dispatch       {} queued, {} reassigned, {} diverted, {} over capacity, {} "
                  "repeated",
                  figures.queued, figures.reassigned, figures.diverted, figures.over_capacity,
                  figures.repeated_reports),
      fmt::format("lights         {} asked for green, {} granted, {} s held up for others",
                  figures.preemptions, figures.preemptions_granted, figures.preempted_ms / 1'000),
  };
}

// ---- For programs -------------------------------------------------------------------------------

std::string incident_json(const mobility::Incident& incident) {
  JsonLine line;
  line.add("id", to_text(incident.id))
      .add("index", incident.id.position.index.value)
      .add("ordinal", incident.id.position.ordinal)
      .add("car", incident.car)
      .add("state", name_in<mobility::schema::IncidentState>(incident.state))
      .add("ambulance", incident.ambulance)
      .add("hospital", incident.hospital)
      .add("overCapacity", incident.over_capacity)
      .add("severity", name_in<mobility::schema::Severity>(incident.severity))
      .add("occupants", incident.occupants)
      .add_json("reported", wire::json_time(incident.reported));
  add_place(line, incident.place);
  return line.add_json("steps", steps_json(incident))
      .add("stepsDropped", incident.steps_dropped)
      .text();
}

std::string unit_json(const mobility::Unit& unit) {
  JsonLine line;
  line.add("id", unit.id.id)
      .add("kind", schema_name(unit.id.kind))
      .add("state", name_in<mobility::schema::UnitState>(unit.state));
  add_place(line, unit.place);
  line.add_json("since", wire::json_time(unit.since));
  std::string incident;
  if (const auto* const car = std::get_if<mobility::Car>(&unit.role)) {
    if (car->incident) incident = to_text(*car->incident);
  } else if (const auto* const ambulance = std::get_if<mobility::Ambulance>(&unit.role)) {
    if (ambulance->incident) incident = to_text(*ambulance->incident);
  }
  const auto* const hospital = std::get_if<mobility::Hospital>(&unit.role);
  const auto* const light = std::get_if<mobility::Light>(&unit.role);
  const bool is_asked = light != nullptr && !light->wishes.empty();
  return line.add("incident", incident)
      .add("freeBeds", hospital == nullptr ? 0U : hospital->free_beds)
      .add("diversion", hospital != nullptr && hospital->diversion)
      .add("preemption",
           is_asked ? name_in<mobility::schema::Preemption>(light->wishes.front().status) : "")
      .add("preemptedBy", is_asked ? light->wishes.front().ambulance : "")
      .text();
}

JsonLine receipt_line(std::string_view event, const mobility::Receipt& receipt) {
  JsonLine line;
  line.add("event", event)
      .add("index", receipt.position.index.value)
      .add("ordinal", receipt.position.ordinal)
      .add_json("time", wire::json_time(receipt.time));
  return line;
}

std::string order_json(const mobility::Order& order, Position at) {
  JsonLine line;
  line.add("event", "order")
      .add("index", at.index.value)
      .add("ordinal", at.ordinal)
      .add("kind", name_in<mobility::schema::OrderKind>(order.kind))
      .add("incident", to_text(order.incident))
      .add("step", order.step)
      .add("unit", order.unit);
  return add_place(line, order.place)
      .add("severity", name_in<mobility::schema::Severity>(order.severity))
      .add("occupants", order.occupants)
      .add("travelMs", order.travel.count())
      .add("overCapacity", order.over_capacity)
      .add("leaseMs", order.lease.count())
      .text();
}

std::string figures_json(const mobility::FiguresSummary& figures) {
  JsonLine line;
  for (const auto& [name, value] : figures_fields(figures)) line.add_json(name, value);
  return line.text();
}

std::string figures_csv(const mobility::FiguresSummary& figures) {
  std::string names;
  std::string values;
  for (const auto& [name, value] : figures_fields(figures)) {
    names += (names.empty() ? "" : ",") + name;
    values += (values.empty() ? "" : ",") + value;
  }
  return names + "\r\n" + values;
}

}  // namespace muster::cli
