#include "mobility/router.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "muster/check.h"

namespace muster::mobility {
namespace {

/// Of a part of an edge, rounded up.
Milliseconds part_of(const Edge& edge, std::uint32_t length_cm) {
  Edge part = edge;
  part.length_cm = length_cm;
  return part.travel_time();
}

}  // namespace

Router::Router(const Network& network, const Options& options)
    : network_(network), options_(options), reached_(network.nodes().size()) {
  check(options.kept_max > 0 && options.signal_wait.count() >= 0);
}

std::optional<Route> Router::route(const OnEdge& from, const OnEdge& to) {
  const Edge& first = network_.edge(from.edge);
  const Edge& last = network_.edge(to.edge);
  check(from.offset_cm <= first.length_cm && to.offset_cm <= last.length_cm);
  if (from.edge == to.edge && from.offset_cm <= to.offset_cm) {
    return Route{.edges = {from.edge}, .time = part_of(first, to.offset_cm - from.offset_cm)};
  }
  const Way& between = way_between(first.to, last.from);
  if (!between) return std::nullopt;
  Route route{.edges = {from.edge}, .time = part_of(first, first.length_cm - from.offset_cm)};
  route.edges.insert(route.edges.end(), between->edges.begin(), between->edges.end());
  route.edges.push_back(to.edge);
  route.time += between->time + part_of(last, to.offset_cm);
  return route;
}

const Router::Way& Router::way_between(NodeIndex from, NodeIndex to) {
  const Ends ends{from, to};
  const auto found = kept_.find(ends);
  if (found != kept_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front().second;
  }
  if (kept_.size() == options_.kept_max) {
    kept_.erase(recent_.back().first);
    recent_.pop_back();
  }
  recent_.emplace_front(ends, search(from, to));
  kept_.emplace(ends, recent_.begin());
  return recent_.front().second;
}

Milliseconds Router::wait_at(NodeIndex node) const {
  return network_.node(node).has_signal ? options_.signal_wait : Milliseconds{};
}

// Nobody is faster than the top speed, and no road is shorter than its straight line.
Milliseconds Router::least_between(NodeIndex from, NodeIndex to) const {
  const std::int64_t straight = distance(network_.node(from).place, network_.node(to).place);
  return Milliseconds{1'000 * straight / network_.top_speed_cm_s()};
}

// A time is that after the wait at the node. A node is taken up again when a faster way to it is
// found, so that rounding can't make a way seem the fastest that is not.
Router::Way Router::search(NodeIndex from, NodeIndex to) {
  for (const NodeIndex node : touched_) reached_[node.value] = {};
  touched_.clear();
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open;
  const auto reach = [&](NodeIndex node, Milliseconds time, std::optional<EdgeIndex> by) {
    Reached& reached = reached_[node.value];
    if (reached.known && reached.time <= time) return;
    if (!reached.known) touched_.push_back(node);
    reached = {.time = time, .by = by, .known = true};
    open.push({.least = time + least_between(node, to), .time = time, .node = node});
  };
  reach(from, wait_at(from), std::nullopt);
  while (!open.empty()) {
    const Open next = open.top();
    open.pop();
    if (next.time > reached_[next.node.value].time) continue;
    if (next.node == to) return trace(from, to);
    for (const EdgeIndex index : network_.leaving(next.node)) {
      const Edge& edge = network_.edge(index);
      reach(edge.to, next.time + edge.travel_time() + wait_at(edge.to), index);
    }
  }
  return std::nullopt;
}

Router::Way Router::trace(NodeIndex from, NodeIndex to) const {
  Route route{.edges = {}, .time = reached_[to.value].time};
  for (NodeIndex node = to; node != from;) {
    const EdgeIndex by = *reached_[node.value].by;
    route.edges.push_back(by);
    node = network_.edge(by).from;
  }
  std::ranges::reverse(route.edges);
  return route;
}

}  // namespace muster::mobility
