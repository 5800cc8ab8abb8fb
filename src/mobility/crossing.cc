#include "mobility/crossing.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>

namespace muster::mobility {
namespace {

constexpr Duration green_time = std::chrono::seconds{20};

/// The way that a road leads, in centimetres.
struct Direction {
  std::int64_t x{};
  std::int64_t y{};
};

// At most 2 * (2e8)^2, so that a small multiple fits as well.
std::int64_t dot(Direction a, Direction b) {
  return a.x * b.x + a.y * b.y;
}
std::int64_t cross(Direction a, Direction b) {
  return a.x * b.y - a.y * b.x;
}

/// Going round from east to north: whether it is in the second half.
bool is_later_half(Direction direction) {
  return direction.y < 0 || (direction.y == 0 && direction.x < 0);
}

/// Both ends of a road may lie in one place: such roads come first.
bool comes_before(Direction a, Direction b) {
  const auto is_none = [](Direction direction) { return direction.x == 0 && direction.y == 0; };
  if (is_none(a) || is_none(b)) return is_none(a) && !is_none(b);
  if (is_later_half(a) != is_later_half(b)) return is_later_half(b);
  return cross(a, b) > 0;
}

/// Opposite give or take 30 degrees, the tangent of which is about 4/7.
bool are_opposite(Direction a, Direction b) {
  return dot(a, b) < 0 && std::abs(cross(a, b)) * 7 <= -dot(a, b) * 4;
}

Direction direction_of(const Network& network, EdgeIndex index) {
  const Edge& edge = network.edge(index);
  const Place from = network.node(edge.from).place;
  const Place to = network.node(edge.to).place;
  return {std::int64_t{to.x} - from.x, std::int64_t{to.y} - from.y};
}

/// Roads that come from one direction.
struct Arrivals {
  Direction direction{};
  std::vector<EdgeIndex> roads{};
};

/// By direction, those from the same one together.
std::vector<Arrivals> approaches_to(const Network& network, NodeIndex node) {
  std::vector<std::pair<Direction, EdgeIndex>> roads;
  for (const EdgeIndex index : network.arriving(node)) {
    roads.emplace_back(direction_of(network, index), index);
  }
  std::ranges::stable_sort(
      roads, [](const auto& a, const auto& b) { return comes_before(a.first, b.first); });
  std::vector<Arrivals> approaches;
  for (const auto& [direction, index] : roads) {
    if (approaches.empty() || comes_before(approaches.back().direction, direction)) {
      approaches.push_back({.direction = direction});
    }
    approaches.back().roads.push_back(index);
  }
  return approaches;
}

std::vector<Movements> conflicts_of(const std::vector<Arrivals>& approaches) {
  const std::size_t count = std::min(approaches.size(), SignalPlan::movements_max);
  std::vector<Movements> conflicts(count);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      // Who shares a movement comes from several directions: then nobody else goes.
      const bool is_shared = approaches.size() > count;
      const bool may_go =
          a == b || (!is_shared && are_opposite(approaches[a].direction, approaches[b].direction));
      if (!may_go) conflicts[a] |= only(b);
    }
  }
  return conflicts;
}

/// Each movement is in one phase, with those of the later ones that conflict with none in it.
std::vector<SignalPlan::Phase> phases_of(const std::vector<Movements>& conflicts) {
  std::vector<SignalPlan::Phase> phases;
  Movements placed = 0;
  for (std::size_t first = 0; first < conflicts.size(); ++first) {
    if ((placed & only(first)) != 0) continue;
    SignalPlan::Phase phase{.green = only(first), .length = green_time};
    for (std::size_t next = first + 1; next < conflicts.size(); ++next) {
      const bool fits = (placed & only(next)) == 0 && (conflicts[next] & phase.green) == 0;
      if (fits) phase.green |= only(next);
    }
    placed |= phase.green;
    phases.push_back(phase);
  }
  return phases;
}

Error wrong_crossing(NodeIndex node, const std::string& why) {
  return {ErrorCode::invalid_argument,
          "the crossing at node " + std::to_string(node.value) + " " + why};
}

bool is_whole(const SignalPlan& plan) {
  const auto whole = [](Duration time) { return time % Milliseconds{1} == Duration::zero(); };
  return whole(plan.yellow) && whole(plan.all_red) && whole(plan.least_green) &&
         whole(plan.most_presence) &&
         std::ranges::all_of(plan.phases, whole, &SignalPlan::Phase::length);
}

bool leads_over(const Network& network, const Crossing& crossing, const Crossing::Way& way) {
  const auto is_edge = [&](EdgeIndex edge) { return edge.value < network.edges().size(); };
  if (!is_edge(way.from) || network.edge(way.from).to != crossing.node) return false;
  return !way.to || (is_edge(*way.to) && network.edge(*way.to).from == crossing.node);
}

}  // namespace

std::optional<std::size_t> Crossing::movement_of(EdgeIndex from, EdgeIndex to) const {
  const auto find = [&](std::optional<EdgeIndex> end) -> std::optional<std::size_t> {
    const auto found = std::ranges::lower_bound(ways, Way{.from = from, .to = end});
    if (found == ways.end() || found->from != from || found->to != end) return std::nullopt;
    return found->movement;
  };
  if (const auto exact = find(to)) return exact;
  return find(std::nullopt);
}

Result<void> validate(const Network& network, const Crossing& crossing) {
  const NodeIndex node = crossing.node;
  if (node.value >= network.nodes().size()) return wrong_crossing(node, "is not in the network");
  if (!network.node(node).has_signal) return wrong_crossing(node, "has no signal");
  if (crossing.ways.size() > Crossing::ways_max) {
    return Error{ErrorCode::resource_exhausted,
                 wrong_crossing(node, "has more than 4,096 ways over it").message};
  }
  if (auto valid = validate(crossing.plan); !valid) {
    return wrong_crossing(node, "has a light that can't be: " + valid.error().message);
  }
  if (!is_whole(crossing.plan)) return wrong_crossing(node, "needs times of whole milliseconds");
  const Crossing::Way* before = nullptr;
  for (const Crossing::Way& way : crossing.ways) {
    if (!leads_over(network, crossing, way))
      return wrong_crossing(node, "has a way that passes elsewhere");
    if (way.movement >= crossing.plan.conflicts.size()) {
      return wrong_crossing(node, "has a way with a movement that its light has not");
    }
    if (before != nullptr && std::tie(before->from, before->to) >= std::tie(way.from, way.to)) {
      return wrong_crossing(node, "needs its ways ascending, each once");
    }
    before = &way;
  }
  return {};
}

std::optional<Crossing> make_crossing(const Network& network, NodeIndex node) {
  const std::size_t roads = network.arriving(node).size();
  const bool fits = network.node(node).has_signal && roads > 0 && roads <= Crossing::ways_max;
  if (!fits) return std::nullopt;
  const std::vector<Arrivals> approaches = approaches_to(network, node);
  Crossing crossing{.node = node};
  crossing.plan.conflicts = conflicts_of(approaches);
  crossing.plan.phases = phases_of(crossing.plan.conflicts);
  for (std::size_t i = 0; i < approaches.size(); ++i) {
    const std::size_t movement = i * crossing.plan.conflicts.size() / approaches.size();
    for (const EdgeIndex road : approaches[i].roads) {
      crossing.ways.push_back({.from = road, .movement = static_cast<std::uint8_t>(movement)});
    }
  }
  std::ranges::sort(crossing.ways);
  return crossing;
}

}  // namespace muster::mobility
