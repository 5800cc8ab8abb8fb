// Events, queries and their answers as bytes.
#include <array>
#include <cstring>
#include <utility>

#include "mobility/messages.h"
#include "mobility/schema_values.h"
#include "wire/control.h"

namespace muster::mobility {
namespace {

constexpr std::array<std::string_view, 9> order_names{"",
                                                      "go to the scene",
                                                      "stand down",
                                                      "go to the hospital",
                                                      "expect a patient",
                                                      "expect nobody",
                                                      "give green",
                                                      "take green back",
                                                      "patient arrived"};

void put(const AskIncidents& query, schema::Query& out) {
  schema::AskIncidents& ask = *out.mutable_incidents();
  ask.set_open_only(query.open_only);
  put_incident_id(query.after, *ask.mutable_after());
  ask.set_most(query.most);
}
void put(const AskIncident& query, schema::Query& out) {
  put_incident_id(query.id, *out.mutable_incident()->mutable_id());
}
void put(const AskUnits& query, schema::Query& out) {
  schema::AskUnits& ask = *out.mutable_units();
  if (query.kind) ask.set_kind(static_cast<schema::Kind::Value>(*query.kind));
  if (query.after) put_unit_id(*query.after, *ask.mutable_after());
  ask.set_most(query.most);
}
void put(const AskFigures&, schema::Query& out) {
  out.mutable_figures();
}
void put(const AskMap& query, schema::Query& out) {
  out.mutable_map()->set_offset(query.offset);
}

Result<Query> read(const schema::AskUnits& ask) {
  AskUnits out{.most = ask.most()};
  if (ask.kind() != schema::Kind::UNKNOWN) {
    const auto kind = to_value(ask.kind(), Kind::car, Kind::traffic_light, "kind of unit");
    if (!kind) return kind.error();
    out.kind = *kind;
  }
  if (ask.has_after()) {
    auto after = to_unit_id(ask.after());
    if (!after) return after.error();
    out.after = std::move(*after);
  }
  return Query{std::move(out)};
}

void put_approach(const Approach& approach, schema::Approach& out) {
  out.set_ambulance(approach.ambulance);
  put_place(approach.place, *out.mutable_place());
  out.set_radius_cm(approach.radius_cm);
}
Result<Approach> to_approach(const schema::Approach& approach) {
  const auto place = to_place(approach.place());
  if (!place) return place.error();
  return Approach{
      .ambulance = approach.ambulance(), .place = *place, .radius_cm = approach.radius_cm()};
}

/// Adds one after the other, as long as they fit. False if not all did.
template <class Values, class List, class Put>
bool put_all(const Values& from, List& out, std::size_t bytes_max, Put put) {
  constexpr std::size_t framing = 6;  // Of each.
  std::size_t bytes = 0;
  for (const auto& one : from) {
    put(one, *out.Add());
    bytes += out.rbegin()->ByteSizeLong() + framing;
    if (bytes <= bytes_max || out.size() == 1) continue;
    out.RemoveLast();
    return false;
  }
  return true;
}

/// Calls `read` for each of `from`, and gives what it gave.
template <class Value, class List, class Read>
Result<std::vector<Value>> read_all(const List& from, Read read) {
  std::vector<Value> out;
  for (const auto& one : from) {
    auto value = read(one);
    if (!value) return value.error();
    out.push_back(std::move(*value));
  }
  return out;
}

}  // namespace

std::string_view name_of(OrderKind kind) {
  return order_names.at(static_cast<std::size_t>(kind));
}

// ---- Events -------------------------------------------------------------------------------------

Bytes encode_incident_event(const Incident& incident) {
  schema::IncidentEvent message;
  put_incident(incident, *message.mutable_incident());
  auto& steps = *message.mutable_incident()->mutable_steps();
  const int earlier = steps.size() - 1;
  if (earlier > 0) steps.DeleteSubrange(0, earlier);
  message.mutable_incident()->set_steps_dropped(incident.last_step() -
                                                static_cast<std::uint32_t>(steps.size()));
  return wire::encode(message);
}
Result<Incident> decode_incident_event(BytesView bytes) {
  const auto message = wire::decode<schema::IncidentEvent>(bytes);
  if (!message) return message.error();
  return to_incident(message->incident());
}

Bytes encode(const UnitEvent& event) {
  schema::UnitEvent message;
  put_unit(event.unit, *message.mutable_unit());
  message.set_gone(event.gone);
  return wire::encode(message);
}
Result<UnitEvent> decode_unit_event(BytesView bytes) {
  const auto message = wire::decode<schema::UnitEvent>(bytes);
  if (!message) return message.error();
  auto unit = to_unit(message->unit());
  if (!unit) return unit.error();
  return UnitEvent{.unit = std::move(*unit), .gone = message->gone()};
}

Bytes encode(const Order& order) {
  schema::Order message;
  put_order(order, message);
  return wire::encode(message);
}
Result<Order> decode_order(BytesView bytes) {
  const auto message = wire::decode<schema::Order>(bytes);
  if (!message) return message.error();
  return to_order(*message);
}
Bytes encode(const std::vector<Order>& orders) {
  schema::Orders message;
  for (const Order& order : orders) put_order(order, *message.add_orders());
  return wire::encode(message);
}
Result<std::vector<Order>> decode_orders(BytesView bytes) {
  const auto message = wire::decode<schema::Orders>(bytes);
  if (!message) return message.error();
  return read_all<Order>(message->orders(), to_order);
}

Bytes encode(const Approach& approach) {
  schema::Approach message;
  put_approach(approach, message);
  return wire::encode(message);
}
Result<Approach> decode_approach(BytesView bytes) {
  const auto message = wire::decode<schema::Approach>(bytes);
  if (!message) return message.error();
  return to_approach(*message);
}
Bytes encode(const std::vector<Approach>& approaches) {
  schema::Approaches message;
  for (const Approach& one : approaches) put_approach(one, *message.add_approaches());
  return wire::encode(message);
}
Result<std::vector<Approach>> decode_approaches(BytesView bytes) {
  const auto message = wire::decode<schema::Approaches>(bytes);
  if (!message) return message.error();
  return read_all<Approach>(message->approaches(), to_approach);
}

// ---- Queries ------------------------------------------------------------------------------------

Bytes encode(const Query& query) {
  schema::Query message;
  std::visit([&](const auto& one) { put(one, message); }, query);
  return wire::encode(message);
}

Result<Query> decode_query(BytesView bytes) {
  const auto message = wire::decode<schema::Query>(bytes);
  if (!message) return message.error();
  switch (message->what_case()) {
    case schema::Query::kIncidents:
      return Query{AskIncidents{.open_only = message->incidents().open_only(),
                                .after = to_incident_id(message->incidents().after()),
                                .most = message->incidents().most()}};
    case schema::Query::kIncident:
      return Query{AskIncident{to_incident_id(message->incident().id())}};
    case schema::Query::kUnits:
      return read(message->units());
    case schema::Query::kFigures:
      return Query{AskFigures{}};
    case schema::Query::kMap:
      return Query{AskMap{message->map().offset()}};
    case schema::Query::WHAT_NOT_SET:
      break;
  }
  return Error{ErrorCode::invalid_argument,
               "the query asks nothing that this version of the mobility service knows"};
}

Bytes encode(const Incidents& incidents, std::size_t bytes_max) {
  schema::Incidents message;
  const auto add = [&](const Incident& one, schema::Incident& out) { put_incident(one, out); };
  const bool fits = put_all(incidents.incidents, *message.mutable_incidents(), bytes_max, add);
  message.set_more(incidents.more || !fits);
  return wire::encode(message);
}
Result<Incidents> decode_incidents(BytesView bytes) {
  const auto message = wire::decode<schema::Incidents>(bytes);
  if (!message) return message.error();
  auto incidents = read_all<Incident>(message->incidents(), to_incident);
  if (!incidents) return incidents.error();
  return Incidents{.incidents = std::move(*incidents), .more = message->more()};
}

Bytes encode(const Units& units, std::size_t bytes_max) {
  schema::Units message;
  const auto add = [&](const Unit& one, schema::Unit& out) { put_unit(one, out); };
  const bool fits = put_all(units.units, *message.mutable_units(), bytes_max, add);
  message.set_more(units.more || !fits);
  return wire::encode(message);
}
Result<Units> decode_units(BytesView bytes) {
  const auto message = wire::decode<schema::Units>(bytes);
  if (!message) return message.error();
  auto units = read_all<Unit>(message->units(), to_unit);
  if (!units) return units.error();
  return Units{.units = std::move(*units), .more = message->more()};
}

Bytes encode(const MapAnswer& answer) {
  schema::MapAnswer message;
  message.set_name(answer.name);
  message.set_digest(std::string(as_text(answer.part.digest)));
  message.set_total_bytes(answer.part.total_bytes);
  message.set_offset(answer.part.offset);
  message.set_bytes(std::string(as_text(answer.part.bytes)));
  return wire::encode(message);
}
Result<MapAnswer> decode_map_answer(BytesView bytes) {
  const auto message = wire::decode<schema::MapAnswer>(bytes);
  if (!message) return message.error();
  MapAnswer answer{.name = message->name(),
                   .part = {.total_bytes = message->total_bytes(), .offset = message->offset()}};
  if (message->digest().size() != answer.part.digest.size()) {
    return Error{ErrorCode::invalid_argument, "a map's digest has 32 bytes"};
  }
  std::memcpy(answer.part.digest.data(), message->digest().data(), answer.part.digest.size());
  const BytesView piece = as_bytes(message->bytes());
  answer.part.bytes.assign(piece.begin(), piece.end());
  return answer;
}

Bytes encode(const FiguresSummary& figures) {
  schema::Figures out;
  out.set_incidents(figures.incidents);
  out.set_open(figures.open);
  out.set_waiting(figures.waiting);
  out.set_closed(figures.closed);
  out.set_cancelled(figures.cancelled);
  out.set_repeated_reports(figures.repeated_reports);
  out.set_queued(figures.queued);
  out.set_reassigned(figures.reassigned);
  out.set_diverted(figures.diverted);
  out.set_over_capacity(figures.over_capacity);
  out.set_responses(figures.responses);
  out.set_response_mean_ms(to_ms(figures.response_mean));
  out.set_response_p50_ms(to_ms(figures.response_p50));
  out.set_response_p90_ms(to_ms(figures.response_p90));
  out.set_responses_within_7_min(figures.responses_within_7_min);
  out.set_responses_within_15_min(figures.responses_within_15_min);
  out.set_hospital_mean_ms(to_ms(figures.hospital_mean));
  out.set_hospital_p90_ms(to_ms(figures.hospital_p90));
  out.set_busy_ms(figures.busy_ms);
  out.set_on_duty_ms(figures.on_duty_ms);
  out.set_preemptions(figures.preemptions);
  out.set_preemptions_granted(figures.preemptions_granted);
  out.set_preempted_ms(figures.preempted_ms);
  return wire::encode(out);
}

Result<FiguresSummary> decode_figures(BytesView bytes) {
  const auto message = wire::decode<schema::Figures>(bytes);
  if (!message) return message.error();
  return FiguresSummary{.incidents = message->incidents(),
                        .open = message->open(),
                        .waiting = message->waiting(),
                        .closed = message->closed(),
                        .cancelled = message->cancelled(),
                        .repeated_reports = message->repeated_reports(),
                        .queued = message->queued(),
                        .reassigned = message->reassigned(),
                        .diverted = message->diverted(),
                        .over_capacity = message->over_capacity(),
                        .responses = message->responses(),
                        .response_mean = from_ms(message->response_mean_ms()),
                        .response_p50 = from_ms(message->response_p50_ms()),
                        .response_p90 = from_ms(message->response_p90_ms()),
                        .responses_within_7_min = message->responses_within_7_min(),
                        .responses_within_15_min = message->responses_within_15_min(),
                        .hospital_mean = from_ms(message->hospital_mean_ms()),
                        .hospital_p90 = from_ms(message->hospital_p90_ms()),
                        .busy_ms = message->busy_ms(),
                        .on_duty_ms = message->on_duty_ms(),
                        .preemptions = message->preemptions(),
                        .preemptions_granted = message->preemptions_granted(),
                        .preempted_ms = message->preempted_ms()};
}

}  // namespace muster::mobility
