// Bytes that are no command, query or part of a snapshot are refused; what is restored is written
// in the same bytes, and goes on.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "mobility/dispatcher.h"
#include "mobility/fix.h"
#include "mobility/testing.h"
#include "muster/check.h"

using namespace muster;

namespace {

/// The bytes as a snapshot: each part with its length before it.
void restore(BytesView bytes) {
  mobility::Town town({.over_kept = 2, .steps_kept = 6, .first_steps_kept = 2});
  Reader reader(bytes);
  std::vector<Bytes> parts;
  while (reader.ok() && !reader.rest().empty()) {
    const BytesView part = reader.sized();
    if (!town.city.restore(part)) return;
    parts.emplace_back(part.begin(), part.end());
  }
  if (parts.empty() || parts.back().front() != std::byte{4}) return;  // Cut off.
  check(mobility::frozen(town.city) == parts);
  mobility::Dispatcher dispatcher;
  for (const auto& advice : dispatcher.advise(town.city, mobility::Said{}, Instant{})) {
    town.command(advice.command, {}, true);
  }
  for (int i = 0; i < 100 && town.city.deadline(); ++i) {
    town.time = std::max(town.time, *town.city.deadline());
    town.city.expire(town.time, town.heard);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  static_cast<void>(mobility::decode_receipt(bytes));
  static_cast<void>(mobility::decode_incident_event(bytes));
  static_cast<void>(mobility::decode_unit_event(bytes));
  static_cast<void>(mobility::decode_orders(bytes));
  static_cast<void>(mobility::decode_approaches(bytes));
  static_cast<void>(mobility::decode_incidents(bytes));
  static_cast<void>(mobility::decode_units(bytes));
  static_cast<void>(mobility::decode_map_answer(bytes));
  static_cast<void>(mobility::decode_figures(bytes));
  static_cast<void>(mobility::decode_fix(bytes));

  mobility::Town town;
  populate(town);
  town.bring(town.crash("car_1"), "ambulance_1", mobility::IncidentState::transporting);
  town.preempt("traffic_light_1", "ambulance_1");
  for (const auto& unit : {mobility::ambulance("ambulance_1"), mobility::car("car_1")}) {
    check(town.command(bytes, town.session_of(unit)) != "not one reply");
  }
  check(town.command(bytes, {}, true) != "not one reply");
  static_cast<void>(town.city.query(bytes));
  static_cast<void>(town.city.topic_state(as_text(bytes)));
  check(is_as_told(town));
  restore(bytes);
  return 0;
}
