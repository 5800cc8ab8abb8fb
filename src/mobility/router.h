// Ways through a road network, the fastest first and only.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "mobility/network.h"

namespace muster::mobility {

/// From one place on a road to another.
struct Route {
  std::vector<EdgeIndex> edges{};  ///< The first and the last one are taken in part.
  Milliseconds time{};
  friend bool operator==(const Route&, const Route&) = default;
};

/// Finds the fastest way by A* (Hart, Nilsson, Raphael 1968) with the straight line at the
/// network's top speed as the least that is left. A crossing with a signal costs its expected wait.
/// Of equally fast ways it always takes the same one. Ways between crossings are kept, up to
/// `kept_max`; those used longest ago go.
///
/// Thread-safety: none. Cost: O(edges log nodes) for a way that is not kept, in memory that is
/// used again.
class Router {
 public:
  struct Options {
    Milliseconds signal_wait{10'000};
    std::size_t kept_max{65'536};
  };

  /// Precondition: `network` outlives it.
  Router(const Network& network, const Options& options);

  /// Nothing if no road leads there. Precondition: both places are on the network.
  std::optional<Route> route(const OnEdge& from, const OnEdge& to);
  std::size_t kept() const { return kept_.size(); }

 private:
  /// Between two crossings; none: there is none.
  using Way = std::optional<Route>;
  using Ends = std::pair<NodeIndex, NodeIndex>;
  struct Reached {
    Milliseconds time{};
    std::optional<EdgeIndex> by{};
    bool known{false};
  };
  struct Open {
    Milliseconds least{};  // Of a whole way through it.
    Milliseconds time{};
    NodeIndex node{};
    friend bool operator>(const Open& a, const Open& b) {
      return std::tie(a.least, a.node) > std::tie(b.least, b.node);
    }
  };

  const Way& way_between(NodeIndex from, NodeIndex to);
  Way search(NodeIndex from, NodeIndex to);
  Way trace(NodeIndex from, NodeIndex to) const;
  Milliseconds wait_at(NodeIndex node) const;
  Milliseconds least_between(NodeIndex from, NodeIndex to) const;

  const Network& network_;
  const Options options_;
  std::vector<Reached> reached_;              // Of each node in the search under way.
  std::vector<NodeIndex> touched_;            // Those that are known there.
  std::list<std::pair<Ends, Way>> recent_{};  // The one used last first.
  std::map<Ends, std::list<std::pair<Ends, Way>>::iterator> kept_{};
};

}  // namespace muster::mobility
