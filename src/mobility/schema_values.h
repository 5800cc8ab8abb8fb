// Between the schema's messages and the values that several of the service's messages share.
#pragma once

#include <string>
#include <string_view>

#include "mobility/messages.h"
#include "mobility/mobility.pb.h"

namespace muster::mobility {

constexpr std::size_t unit_id_bytes_max = 64;

void put_incident_id(IncidentId id, schema::Position& out);
IncidentId to_incident_id(const schema::Position& id);
bool is_on_globe(Geographic place);
void put_place(Geographic place, schema::Place& out);
void put_unit_id(const UnitId& id, schema::UnitId& out);
void put_way(Way way, schema::Way& out);
Way to_way(const schema::Way& way);
std::uint64_t to_ms(Milliseconds time);
/// More than a day is a day.
Milliseconds from_ms(std::uint64_t ms);

// Errors of all: INVALID_ARGUMENT for what can't be: places off the globe, ids that are none,
// values of enums that this version does not know.

[[nodiscard]] Result<Geographic> to_place(const schema::Place& place);
/// A word that people can be shown, of at most `unit_id_bytes_max` bytes.
[[nodiscard]] Result<std::string> to_id(const std::string& id);
[[nodiscard]] Result<UnitId> to_unit_id(const schema::UnitId& id);

void put_incident(const Incident& incident, schema::Incident& out);
[[nodiscard]] Result<Incident> to_incident(const schema::Incident& incident);
void put_unit(const Unit& unit, schema::Unit& out);
[[nodiscard]] Result<Unit> to_unit(const schema::Unit& unit);
void put_order(const Order& order, schema::Order& out);
[[nodiscard]] Result<Order> to_order(const schema::Order& order);

/// The schema's value as the C++ one, whose values are `first` to `last`.
template <class Value>
Result<Value> to_value(int value, Value first, Value last, std::string_view what) {
  if (value >= static_cast<int>(first) && value <= static_cast<int>(last)) {
    return static_cast<Value>(value);
  }
  return Error{ErrorCode::invalid_argument,
               "this version of the mobility service knows no such " + std::string(what)};
}

}  // namespace muster::mobility
