// The light of a crossing from what a SUMO network says about it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "mobility/crossing.h"
#include "mobility/network.h"

namespace muster::mobility {

/// A junction with a programme. SUMO regulates each lane's way over a junction (a link) by itself;
/// see "Networks/SUMO Road Networks" and "Simulation/Traffic Lights" of its documentation.
struct SumoLight {
  static constexpr std::size_t links_max = 256;  ///< Of a junction, as SUMO has it.
  static constexpr std::size_t phases_max = 256;

  struct Link {
    EdgeIndex from{};
    EdgeIndex to{};
    std::size_t signal{};   ///< Its letter in the states of phases, from the left.
    std::size_t request{};  ///< Its number among the junction's requests.
  };
  struct Phase {
    Duration length{};
    std::string state{};  ///< `G` goes first, `g` gives way to foes, others do not go.
  };

  NodeIndex node{};
  std::vector<Link> links{};
  /// Of each request: `1` for those that cross it, from the right.
  std::vector<std::string> foes{};
  std::vector<Phase> phases{};
};

/// Links between the same two roads, or with the same signal, are one movement; if there are more
/// of these than a plan may have, all links of a road are. A movement is green when all its links
/// are. Movements conflict if a link of one is a foe of one of the other, unless the programme lets
/// both go and one of them give way. Phases with a yellow, and those in which nothing goes, are
/// left out, as the controller has its own; equal ones after each other are one, none is shorter
/// than the least green. A turn that the programme does not know has the last movement of its road.
///
/// Nothing if that is no valid crossing: the programme has greens that cross each other, or does
/// not fit its links, or one of its numbers is beyond a limit.
std::optional<Crossing> crossing_of(const Network& network, const SumoLight& light);

}  // namespace muster::mobility
