#include "mobility/network.h"

#include <algorithm>
#include <string>
#include <utility>

#include "muster/check.h"

namespace muster::mobility {
namespace {

constexpr std::int64_t least_side_cm = 10'000;  // Of a square: 100 m.
constexpr std::int64_t squares_along_max = 512;

Error wrong_edge(std::size_t index, const std::string& why) {
  return {ErrorCode::invalid_argument, "edge " + std::to_string(index) + " " + why};
}

Result<void> check_edge(const std::vector<Node>& nodes, const Edge& edge, std::size_t index) {
  if (edge.from.value >= nodes.size() || edge.to.value >= nodes.size()) {
    return wrong_edge(index, "names a node that there is not");
  }
  if (edge.from == edge.to) return wrong_edge(index, "ends where it begins");
  if (edge.speed_cm_s == 0 || edge.speed_cm_s > Network::speed_max_cm_s) {
    return wrong_edge(index, "needs a speed above 0 and of at most 100 m/s");
  }
  if (edge.lanes == 0) return wrong_edge(index, "has no lane");
  const std::int64_t straight = distance(nodes[edge.from.value].place, nodes[edge.to.value].place);
  if (edge.length_cm == 0 || edge.length_cm > Network::length_max_cm || edge.length_cm < straight) {
    return wrong_edge(index, "needs a length from that of its straight line to 100 km");
  }
  return {};
}

}  // namespace

Milliseconds Edge::travel_time() const {
  const std::uint64_t thousandfold = std::uint64_t{1'000} * length_cm;
  return Milliseconds{static_cast<std::int64_t>((thousandfold + speed_cm_s - 1) / speed_cm_s)};
}

Result<Network> Network::build(std::vector<Node> nodes, std::vector<Edge> edges) {
  if (nodes.size() > nodes_max || edges.size() > edges_max) {
    return Error{ErrorCode::resource_exhausted,
                 "a network has at most 200,000 nodes and 800,000 edges: cut the map"};
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Place place = nodes[i].place;
    if (std::max(std::abs(std::int64_t{place.x}), std::abs(std::int64_t{place.y})) > place_max) {
      return Error{ErrorCode::invalid_argument,
                   "node " + std::to_string(i) + " is more than 1,000 km from the origin"};
    }
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (auto valid = check_edge(nodes, edges[i], i); !valid) return valid.error();
  }
  if (edges.empty()) return Error{ErrorCode::invalid_argument, "a network needs an edge"};
  Network network;
  network.nodes_ = std::move(nodes);
  network.edges_ = std::move(edges);
  network.top_speed_cm_s_ = std::ranges::max(network.edges_, {}, &Edge::speed_cm_s).speed_cm_s;
  network.leaving_ = network.index_ends(&Edge::from);
  network.arriving_ = network.index_ends(&Edge::to);
  if (auto indexed = network.index_squares(); !indexed) return indexed.error();
  return network;
}

const Node& Network::node(NodeIndex index) const {
  check(index.value < nodes_.size());
  return nodes_[index.value];
}

const Edge& Network::edge(EdgeIndex index) const {
  check(index.value < edges_.size());
  return edges_[index.value];
}

std::span<const EdgeIndex> Network::leaving(NodeIndex node) const {
  return leaving_.of(node);
}

std::span<const EdgeIndex> Network::arriving(NodeIndex node) const {
  return arriving_.of(node);
}

std::span<const EdgeIndex> Network::Ends::of(NodeIndex node) const {
  check(std::size_t{node.value} + 1 < begins.size());
  return std::span(edges).subspan(begins[node.value], begins[node.value + 1] - begins[node.value]);
}

Network::Ends Network::index_ends(NodeIndex Edge::*end) const {
  Ends ends;
  ends.begins.assign(nodes_.size() + 1, 0);
  for (const Edge& edge : edges_) ++ends.begins[(edge.*end).value + 1];
  for (std::size_t i = 1; i < ends.begins.size(); ++i) ends.begins[i] += ends.begins[i - 1];
  ends.edges.resize(edges_.size());
  std::vector<std::uint32_t> next = ends.begins;
  for (std::uint32_t i = 0; i < edges_.size(); ++i) {
    ends.edges[next[(edges_[i].*end).value]++] = EdgeIndex{i};
  }
  return ends;
}

template <class Visit>
void Network::for_each_square(const Edge& edge, Visit visit) const {
  const Place a = nodes_[edge.from.value].place;
  const Place b = nodes_[edge.to.value].place;
  const auto along = [this](std::int32_t value, std::int32_t origin) {
    return (std::int64_t{value} - origin) / squares_.side_cm;
  };
  const std::int64_t left = along(std::min(a.x, b.x), squares_.origin.x);
  const std::int64_t right = along(std::max(a.x, b.x), squares_.origin.x);
  const std::int64_t low = along(std::min(a.y, b.y), squares_.origin.y);
  const std::int64_t high = along(std::max(a.y, b.y), squares_.origin.y);
  for (std::int64_t row = low; row <= high; ++row) {
    for (std::int64_t column = left; column <= right; ++column) {
      visit(static_cast<std::size_t>(row * squares_.columns + column));
    }
  }
}

Result<void> Network::index_squares() {
  Place low = nodes_[edges_.front().from.value].place;
  Place high = low;
  for (const Node& node : nodes_) {
    low = {std::min(low.x, node.place.x), std::min(low.y, node.place.y)};
    high = {std::max(high.x, node.place.x), std::max(high.y, node.place.y)};
  }
  const std::int64_t width = std::int64_t{high.x} - low.x;
  const std::int64_t height = std::int64_t{high.y} - low.y;
  squares_.origin = low;
  squares_.side_cm = std::max(least_side_cm, std::max(width, height) / squares_along_max + 1);
  squares_.columns = width / squares_.side_cm + 1;
  squares_.rows = height / squares_.side_cm + 1;
  squares_.begins.assign(static_cast<std::size_t>(squares_.columns * squares_.rows) + 1, 0);
  std::size_t count = 0;
  for (const Edge& edge : edges_) {
    for_each_square(edge, [&](std::size_t square) {
      ++squares_.begins[square + 1];
      ++count;
    });
    if (count > squares_edges_max) {
      return Error{ErrorCode::resource_exhausted,
                   "too many roads are too long for their map: cut them, or the map"};
    }
  }
  for (std::size_t i = 1; i < squares_.begins.size(); ++i) {
    squares_.begins[i] += squares_.begins[i - 1];
  }
  squares_.edges.resize(squares_.begins.back());
  std::vector<std::uint32_t> next = squares_.begins;
  for (std::uint32_t i = 0; i < edges_.size(); ++i) {
    for_each_square(edges_[i],
                    [&](std::size_t square) { squares_.edges[next[square]++] = EdgeIndex{i}; });
  }
  return {};
}

OnEdge Network::project(Place place, EdgeIndex index) const {
  const Edge& edge = edges_[index.value];
  const Place a = nodes_[edge.from.value].place;
  const Place b = nodes_[edge.to.value].place;
  const std::int64_t dx = std::int64_t{b.x} - a.x;
  const std::int64_t dy = std::int64_t{b.y} - a.y;
  const std::int64_t whole = dx * dx + dy * dy;
  const std::int64_t part = (std::int64_t{place.x} - a.x) * dx + (std::int64_t{place.y} - a.y) * dy;
  // In thousandths of a thousandth of the edge; both ends of a road of no length are one place.
  constexpr std::int64_t fine = 1'000'000;
  __extension__ using Wide = __int128;
  const std::int64_t share =
      whole == 0
          ? 0
          : std::clamp<std::int64_t>(static_cast<std::int64_t>(Wide{part} * fine / whole), 0, fine);
  OnEdge on{.edge = index,
            .offset_cm = static_cast<std::uint32_t>(std::uint64_t{edge.length_cm} *
                                                    static_cast<std::uint64_t>(share) / fine),
            .distance_cm = 0};
  const Place foot{static_cast<std::int32_t>(a.x + dx * share / fine),
                   static_cast<std::int32_t>(a.y + dy * share / fine)};
  on.distance_cm = distance(place, foot);
  return on;
}

std::optional<OnEdge> Network::nearest(Place place, std::int64_t within_cm) const {
  check(within_cm >= 0);
  const auto square_at = [this](std::int64_t value, std::int32_t origin, std::int64_t count) {
    const std::int64_t relative = value - origin;
    return std::clamp<std::int64_t>(relative < 0 ? 0 : relative / squares_.side_cm, 0, count - 1);
  };
  const std::int64_t left = square_at(place.x - within_cm, squares_.origin.x, squares_.columns);
  const std::int64_t right = square_at(place.x + within_cm, squares_.origin.x, squares_.columns);
  const std::int64_t low = square_at(place.y - within_cm, squares_.origin.y, squares_.rows);
  const std::int64_t high = square_at(place.y + within_cm, squares_.origin.y, squares_.rows);
  std::optional<OnEdge> best;
  for (std::int64_t row = low; row <= high; ++row) {
    for (std::int64_t column = left; column <= right; ++column) {
      const auto square = static_cast<std::size_t>(row * squares_.columns + column);
      for (std::uint32_t i = squares_.begins[square]; i < squares_.begins[square + 1]; ++i) {
        const OnEdge on = project(place, squares_.edges[i]);
        if (on.distance_cm > within_cm) continue;
        const bool nearer = !best || on.distance_cm < best->distance_cm ||
                            (on.distance_cm == best->distance_cm && on.edge < best->edge);
        if (nearer) best = on;
      }
    }
  }
  return best;
}

Place Network::place_of(const OnEdge& on) const {
  const Edge& road = edge(on.edge);
  check(on.offset_cm <= road.length_cm);
  const Place a = nodes_[road.from.value].place;
  const Place b = nodes_[road.to.value].place;
  const auto between = [&](std::int32_t from, std::int32_t to) {
    const std::int64_t whole = std::int64_t{to} - from;
    return static_cast<std::int32_t>(from + whole * on.offset_cm / road.length_cm);
  };
  return {between(a.x, b.x), between(a.y, b.y)};
}

}  // namespace muster::mobility
