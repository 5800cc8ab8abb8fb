// A crossing with a light: which of the light's movements leads from which road to which.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "mobility/network.h"
#include "mobility/signal.h"
#include "muster/error.h"

namespace muster::mobility {

struct Crossing {
  static constexpr std::size_t ways_max = 4'096;

  /// Whoever arrives by `from` and leaves by `to`, or by any road that no other way names, follows
  /// the light of `movement`.
  struct Way {
    EdgeIndex from{};
    std::optional<EdgeIndex> to{};
    std::uint8_t movement{};
    friend auto operator<=>(const Way&, const Way&) = default;
  };

  NodeIndex node{};
  SignalPlan plan{};
  std::vector<Way> ways{};  ///< Ascending, no two from and to the same.

  /// Nothing if the crossing has no light for them. Cost: logarithmic.
  std::optional<std::size_t> movement_of(EdgeIndex from, EdgeIndex to) const;
  friend bool operator==(const Crossing&, const Crossing&) = default;
};

/// Errors: INVALID_ARGUMENT naming the node: it has no signal, a way does not lead over it or names
/// a movement that the plan has not, ways are not ascending, the plan is not valid (see
/// `validate(SignalPlan)`) or has a time that is no whole number of milliseconds;
/// RESOURCE_EXHAUSTED beyond `ways_max`.
[[nodiscard]] Result<void> validate(const Network& network, const Crossing& crossing);

/// For a light without a programme. Each road that arrives is a movement; two of them conflict
/// unless they come from opposite directions, give or take 30 degrees, as those who turn across can
/// give way. Phases of 20 s each, roads that do not conflict together. Roads from one direction are
/// one movement. From more than `SignalPlan::movements_max` directions, neighbouring ones share
/// movements, which all conflict. Nothing if the node has no signal, no road arrives there or
/// more than `Crossing::ways_max` do.
std::optional<Crossing> make_crossing(const Network& network, NodeIndex node);

}  // namespace muster::mobility
