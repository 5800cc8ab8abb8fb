#include "mobility/sumo_light.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace muster::mobility {
namespace {

using Link = SumoLight::Link;

bool goes(char state) {
  return state == 'G' || state == 'g';
}

bool has_yellow(const SumoLight::Phase& phase) {
  return phase.state.find_first_of("yYu") != std::string::npos;
}

bool fits_links(const SumoLight& light) {
  if (light.links.empty() || light.links.size() > SumoLight::links_max) return false;
  if (light.phases.size() > SumoLight::phases_max) return false;
  const auto link_fits = [&](const Link& link) {
    return link.request < light.foes.size() &&
           std::ranges::all_of(light.phases, [&](const SumoLight::Phase& phase) {
             return link.signal < phase.state.size();
           });
  };
  return std::ranges::all_of(light.links, link_fits) &&
         std::ranges::all_of(
             light.foes, [&](const std::string& foes) { return foes.size() == light.foes.size(); });
}

/// Of each link a number that it shares with those that any of the keys joins it with.
class Groups {
 public:
  explicit Groups(std::size_t count) : parents_(count) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }
  template <class Key>
  void join_by(const std::vector<Link>& links, Key key) {
    std::map<decltype(key(links.front())), std::size_t> first;
    for (std::size_t i = 0; i < links.size(); ++i) {
      const auto [found, is_new] = first.try_emplace(key(links[i]), i);
      if (!is_new) join(found->second, i);
    }
  }
  /// From 0 on, by the first link of each.
  std::vector<std::size_t> numbers() {
    std::vector<std::size_t> of(parents_.size());
    std::map<std::size_t, std::size_t> numbers;
    for (std::size_t i = 0; i < of.size(); ++i) {
      of[i] = numbers.try_emplace(root(i), numbers.size()).first->second;
    }
    return of;
  }

 private:
  std::size_t root(std::size_t link) {
    while (parents_[link] != link) link = parents_[link] = parents_[parents_[link]];
    return link;
  }
  void join(std::size_t a, std::size_t b) { parents_[root(b)] = root(a); }

  std::vector<std::size_t> parents_;
};

/// Of each link its movement.
std::vector<std::size_t> movements_of(const std::vector<Link>& links) {
  Groups groups(links.size());
  groups.join_by(links, [](const Link& link) { return link.signal; });
  groups.join_by(links, [](const Link& link) { return std::pair(link.from, link.to); });
  std::vector<std::size_t> movements = groups.numbers();
  if (std::ranges::max(movements) < SignalPlan::movements_max) return movements;
  groups.join_by(links, [](const Link& link) { return link.from; });
  return groups.numbers();
}

/// Whether their ways cross, and the programme does not have one of them give way to the other.
bool exclude(const SumoLight& light, const Link& a, const Link& b) {
  const auto is_foe = [&](const Link& of, const Link& other) {
    const std::string& foes = light.foes[of.request];
    return foes[foes.size() - 1 - other.request] == '1';
  };
  if (!is_foe(a, b) && !is_foe(b, a)) return false;
  bool give_way = false;
  for (const SumoLight::Phase& phase : light.phases) {
    const char first = phase.state[a.signal];
    const char second = phase.state[b.signal];
    if (first == 'G' && second == 'G') return true;
    give_way = give_way || (goes(first) && goes(second));
  }
  return !give_way;
}

std::vector<Movements> sumo_conflicts(const SumoLight& light,
                                      const std::vector<std::size_t>& movements) {
  std::vector<Movements> conflicts(std::ranges::max(movements) + 1);
  for (std::size_t i = 0; i < light.links.size(); ++i) {
    for (std::size_t j = i + 1; j < light.links.size(); ++j) {
      const std::size_t a = movements[i];
      const std::size_t b = movements[j];
      const bool is_known = a == b || (conflicts[a] & only(b)) != 0;
      if (is_known || !exclude(light, light.links[i], light.links[j])) continue;
      conflicts[a] |= only(b);
      conflicts[b] |= only(a);
    }
  }
  return conflicts;
}

Movements greens_of(const SumoLight& light, const SumoLight::Phase& phase,
                    const std::vector<std::size_t>& movements) {
  Movements green = 0;
  Movements stopped = 0;
  for (std::size_t i = 0; i < light.links.size(); ++i) {
    Movements& these = goes(phase.state[light.links[i].signal]) ? green : stopped;
    these |= only(movements[i]);
  }
  return green & ~stopped;
}

std::vector<SignalPlan::Phase> sumo_phases(const SumoLight& light,
                                           const std::vector<std::size_t>& movements,
                                           Duration least_green) {
  std::vector<SignalPlan::Phase> phases;
  for (const SumoLight::Phase& phase : light.phases) {
    if (has_yellow(phase)) continue;
    const Movements green = greens_of(light, phase, movements);
    if (green == 0) continue;
    if (phases.empty() || phases.back().green != green) phases.push_back({.green = green});
    phases.back().length += std::clamp(phase.length, Duration::zero(), SignalPlan::time_max);
  }
  for (SignalPlan::Phase& phase : phases) {
    phase.length = std::clamp(phase.length, least_green, SignalPlan::time_max);
  }
  return phases;
}

std::vector<Crossing::Way> ways_of(const SumoLight& light,
                                   const std::vector<std::size_t>& movements) {
  std::map<std::pair<EdgeIndex, std::optional<EdgeIndex>>, std::size_t> ways;
  std::map<EdgeIndex, std::size_t> last_signal;
  for (std::size_t i = 0; i < light.links.size(); ++i) {
    const Link& link = light.links[i];
    ways[{link.from, link.to}] = movements[i];
    const auto [last, is_first] = last_signal.try_emplace(link.from, link.signal);
    if (!is_first && link.signal < last->second) continue;
    last->second = link.signal;
    ways[{link.from, std::nullopt}] = movements[i];
  }
  std::vector<Crossing::Way> of;
  of.reserve(ways.size());
  for (const auto& [ends, movement] : ways) {
    of.push_back(
        {.from = ends.first, .to = ends.second, .movement = static_cast<std::uint8_t>(movement)});
  }
  return of;
}

}  // namespace

std::optional<Crossing> crossing_of(const Network& network, const SumoLight& light) {
  if (!fits_links(light)) return std::nullopt;
  const std::vector<std::size_t> movements = movements_of(light.links);
  if (std::ranges::max(movements) >= SignalPlan::movements_max) return std::nullopt;
  Crossing crossing{.node = light.node};
  crossing.plan.conflicts = sumo_conflicts(light, movements);
  crossing.plan.phases = sumo_phases(light, movements, crossing.plan.least_green);
  crossing.ways = ways_of(light, movements);
  if (!validate(network, crossing)) return std::nullopt;
  return crossing;
}

}  // namespace muster::mobility
