// A road network: nodes, directed edges between them, and what is near.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mobility/place.h"
#include "muster/error.h"

namespace muster::mobility {

using Milliseconds = std::chrono::milliseconds;

/// Positions in the lists of a network.
struct NodeIndex {
  std::uint32_t value{};
  friend auto operator<=>(NodeIndex, NodeIndex) = default;
};
struct EdgeIndex {
  std::uint32_t value{};
  friend auto operator<=>(EdgeIndex, EdgeIndex) = default;
};

struct Node {
  Place place{};
  bool has_signal{false};  ///< Who passes may have to wait.
  friend bool operator==(const Node&, const Node&) = default;
};

/// A road in one direction, straight from node to node.
struct Edge {
  NodeIndex from{};
  NodeIndex to{};
  std::uint32_t length_cm{};  ///< Along the road: at least the distance of its ends.
  std::uint32_t speed_cm_s{};
  std::uint8_t lanes{1};
  friend bool operator==(const Edge&, const Edge&) = default;

  /// At the allowed speed, rounded up.
  Milliseconds travel_time() const;
};

/// A place on an edge, and how far what was asked for is from it.
struct OnEdge {
  EdgeIndex edge{};
  std::uint32_t offset_cm{};  ///< From the edge's beginning, along it.
  std::int64_t distance_cm{};
  friend bool operator==(const OnEdge&, const OnEdge&) = default;
};

/// Roads of a city. Built once, then never changed, so that any number of threads may read it.
class Network {
 public:
  static constexpr std::size_t nodes_max = 200'000;
  static constexpr std::size_t edges_max = 800'000;
  static constexpr std::uint32_t speed_max_cm_s = 10'000;  ///< 360 km/h.
  static constexpr std::uint32_t length_max_cm = 10'000'000;
  static constexpr std::size_t squares_edges_max = 16'000'000;

  /// Errors: INVALID_ARGUMENT naming the node or edge that can't be (beyond the plane, unknown
  /// ends, no length or speed, shorter than straight); RESOURCE_EXHAUSTED beyond the limits, also
  /// if so many edges are so long that the index of what is near would be.
  [[nodiscard]] static Result<Network> build(std::vector<Node> nodes, std::vector<Edge> edges);

  std::span<const Node> nodes() const { return nodes_; }
  std::span<const Edge> edges() const { return edges_; }
  const Node& node(NodeIndex index) const;
  const Edge& edge(EdgeIndex index) const;
  /// The edges that begin there, by ascending index.
  std::span<const EdgeIndex> leaving(NodeIndex node) const;
  /// Those that end there, likewise.
  std::span<const EdgeIndex> arriving(NodeIndex node) const;
  /// The greatest allowed speed: nobody is faster.
  std::uint32_t top_speed_cm_s() const { return top_speed_cm_s_; }

  /// The edge that is nearest to a place, if one is within `within_cm`; of equally near ones that
  /// with the lowest index. Cost: the edges of the squares around it.
  std::optional<OnEdge> nearest(Place place, std::int64_t within_cm) const;
  /// Where that is.
  Place place_of(const OnEdge& on) const;

 private:
  /// Edges by square of the plane: each is in all squares that its bounding box touches.
  struct Squares {
    Place origin{};
    std::int64_t side_cm{1};
    std::int64_t columns{0};
    std::int64_t rows{0};
    std::vector<std::uint32_t> begins{};  // Of each square in `edges`, and the end.
    std::vector<EdgeIndex> edges{};
  };

  /// Edges by the node at one of their ends.
  struct Ends {
    std::vector<std::uint32_t> begins{};  // Of each node in `edges`, and the end.
    std::vector<EdgeIndex> edges{};
    std::span<const EdgeIndex> of(NodeIndex node) const;
  };

  Network() = default;
  Ends index_ends(NodeIndex Edge::*end) const;
  [[nodiscard]] Result<void> index_squares();
  template <class Visit>
  void for_each_square(const Edge& edge, Visit visit) const;
  OnEdge project(Place place, EdgeIndex index) const;

  std::vector<Node> nodes_{};
  std::vector<Edge> edges_{};
  Ends leaving_{};
  Ends arriving_{};
  std::uint32_t top_speed_cm_s_{0};
  Squares squares_{};
};

}  // namespace muster::mobility
