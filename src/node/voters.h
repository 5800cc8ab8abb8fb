// Who should vote: the next change of roles, as a pure function of what the leader sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "muster/ids.h"
#include "raft/configuration.h"

namespace muster::node {

/// A member, as the leader sees it.
struct Standing {
  raft::MemberRole role{raft::MemberRole::standby};
  bool failed{false};     ///< Silent for longer than the failure timeout.
  bool stopped{false};    ///< It said goodbye, or was recorded as stopped, and is not back.
  bool caught_up{false};  ///< Keeps up with the log, and has for long enough to be relied on.
  bool answers{true};     ///< This leader, now. Who does not may be gone, though not failed.
  friend bool operator==(const Standing&, const Standing&) = default;
};

struct VoterRules {
  std::size_t voters_max{5};
  /// All voters lie on one machine, so a dead one can be proven dead: three may become two.
  bool one_machine{false};
  /// Voters are exchanged for standbys that rank better. Not with the rule `stable`.
  bool prefers_rank{true};
};

enum class RoleChangeKind : std::uint8_t { promote, demote };
struct RoleChange {
  ServerNumber server;
  RoleChangeKind kind{RoleChangeKind::promote};
  friend bool operator==(const RoleChange&, const RoleChange&) = default;
};

/// How many of so many members vote: 1, 2, 3, 3, 5, 5, … of 1, 2, 3, 4, 5, 6, …, at most
/// `voters_max`. An even number tolerates no more losses than the odd one below it.
std::size_t voters_for(std::size_t members, std::size_t voters_max);

/// The next change of one role, or nothing if all is as it should be:
/// - one that stops gives up its vote while another voter remains;
/// - too few voters that live: the best-ranked standby that keeps up is promoted;
/// - a failed voter is replaced, the standby first; without a standby it stays a voter, except
///   that two failed ones of five or more leave together, and on one machine one of three;
/// - a standby that ranks better than a voter is promoted; then the worst-ranked is too many.
/// Each step keeps a majority of living voters before and after; a demotion, of answering ones
/// after it. `ranking` has all members, best first; the leader is never demoted here.
std::optional<RoleChange> next_role_change(const std::map<ServerNumber, Standing>& members,
                                           const std::vector<ServerNumber>& ranking,
                                           ServerNumber leader, const VoterRules& rules);

}  // namespace muster::node
