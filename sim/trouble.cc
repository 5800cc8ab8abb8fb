#include "sim/trouble.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/core.h"

namespace muster::sim {

namespace {

/// Beside faults.
struct Trouble {
  std::string_view name;
  bool (*drawn)(const Scenario&);
  void (*leave_out)(Scenario&);
};

constexpr std::uint32_t usual_priority = 100;

const std::array<Trouble, 13> others{{
    {"operator", [](const Scenario& s) { return s.steering.rate > 0 || s.steering.drains > 0; },
     [](Scenario& s) { s.steering = {}; }},
    {"joiners", [](const Scenario& s) { return s.founders < s.servers; },
     [](Scenario& s) { s.founders = s.servers; }},
    {"auctions", [](const Scenario& s) { return s.auctions.on; },
     [](Scenario& s) { s.auctions.on = false; }},
    {"mobility", [](const Scenario& s) { return s.mobility.on; },
     [](Scenario& s) { s.mobility.on = false; }},
    {"chat", [](const Scenario& s) { return s.chat.on; }, [](Scenario& s) { s.chat.on = false; }},
    // Behind the city, which needs all of its units.
    {"clients", [](const Scenario& s) { return s.load.clients > 1 && !s.mobility.on; },
     [](Scenario& s) {
       if (!s.mobility.on) s.load.clients = 1;
     }},
    {"deadly-steps", [](const Scenario& s) { return s.mobility.on && s.mobility.deadly_steps > 0; },
     [](Scenario& s) { s.mobility.deadly_steps = 0; }},
    {"split-at-start", [](const Scenario& s) { return s.split_at_start; },
     [](Scenario& s) { s.split_at_start = false; }},
    {"loose-frames", [](const Scenario& s) { return s.network.datagrams; },
     [](Scenario& s) { s.network.datagrams = false; }},
    {"late-frames", [](const Scenario& s) { return s.network.spike_chance > 0; },
     [](Scenario& s) { s.network.spike_chance = 0; }},
    {"lost-datagrams",
     [](const Scenario& s) { return s.datagrams.loss > 0 || s.datagrams.duplication > 0; },
     [](Scenario& s) { s.datagrams.loss = s.datagrams.duplication = 0; }},
    {"wrong-clock", [](const Scenario& s) { return s.wrong_clock.has_value(); },
     [](Scenario& s) { s.wrong_clock.reset(); }},
    {"small-limits", [](const Scenario& s) { return s.roomy_limits.has_value(); },
     [](Scenario& s) {
       if (!s.roomy_limits) return;
       s.limits = *std::exchange(s.roomy_limits, std::nullopt);
       s.load.bytes_in_flight_max = LoadOptions{}.bytes_in_flight_max;
     }},
}};

Fault fault_at(std::size_t at) {
  return Fault{static_cast<std::uint8_t>(at)};
}

}  // namespace

std::vector<std::string_view> troubles(std::string_view profile) {
  if (profile == core_profile) return raft::testing::RandomLife::troubles();
  std::vector<std::string_view> names;
  names.reserve(fault_count + others.size());
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    names.push_back(name_of(fault_at(fault)));
  }
  for (const Trouble& one : others) names.push_back(one.name);
  return names;
}

std::vector<std::string> troubles_drawn(const Request& request) {
  if (request.profile == core_profile) return CoreWorld(request, false).troubles();
  const Scenario scenario = draw(request);
  std::vector<std::string> names;
  names.reserve(fault_count + others.size());
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    if (scenario.rates[fault] > 0) names.emplace_back(name_of(fault_at(fault)));
  }
  for (const Trouble& one : others) {
    if (one.drawn(scenario)) names.emplace_back(one.name);
  }
  return names;
}

void leave_out(Scenario& scenario, const std::set<std::string>& names) {
  const auto is_out = [&](std::string_view name) { return names.contains(std::string(name)); };
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    if (is_out(name_of(fault_at(fault)))) scenario.rates[fault] = 0;
  }
  for (const Trouble& one : others) {
    if (is_out(one.name)) one.leave_out(scenario);
  }
}

}  // namespace muster::sim
