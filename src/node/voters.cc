#include "node/voters.h"

#include <algorithm>

namespace muster::node {
namespace {

class Planner {
 public:
  Planner(const std::map<ServerNumber, Standing>& members, const std::vector<ServerNumber>& ranking,
          ServerNumber leader, const VoterRules& rules)
      : members_(members), ranking_(ranking), leader_(leader), rules_(rules) {
    for (const auto& [number, standing] : members) {
      const bool lives = !standing.failed && !standing.stopped;
      if (lives) ++living_;
      if (!standing.stopped) ++present_;
      if (standing.role != raft::MemberRole::voter) continue;
      ++voters_;
      if (lives) ++living_voters_;
      if (!standing.failed && (!standing.stopped || standing.answers)) ++deciding_voters_;
      if (standing.failed && !standing.stopped) ++failed_voters_;
      if (standing.answers) ++answering_voters_;
    }
  }

  std::optional<RoleChange> next() const {
    if (const auto change = promotion()) return change;
    if (const auto change = farewell()) return change;
    if (const auto change = dismissal()) return change;
    return exchange();
  }

 private:
  bool lives(const Standing& standing) const { return !standing.failed && !standing.stopped; }
  bool votes(const Standing& standing) const { return standing.role == raft::MemberRole::voter; }

  // So many voters in all, so many of them alive: can they decide?
  static bool decides(std::size_t voters, std::size_t living) { return living >= voters / 2 + 1; }

  template <class Wanted>
  std::optional<ServerNumber> best(Wanted wanted) const {
    for (const ServerNumber number : ranking_) {
      if (wanted(number, members_.at(number))) return number;
    }
    return std::nullopt;
  }
  template <class Wanted>
  std::optional<ServerNumber> worst(Wanted wanted) const {
    for (auto number = ranking_.rbegin(); number != ranking_.rend(); ++number) {
      if (*number != leader_ && wanted(*number, members_.at(*number))) return *number;
    }
    return std::nullopt;
  }

  std::optional<RoleChange> promote(std::optional<ServerNumber> server) const {
    if (!server || !decides(voters_ + 1, deciding_voters_ + 1)) return std::nullopt;
    return RoleChange{*server, RoleChangeKind::promote};
  }
  // A voter that does not live takes nothing from those who decide.
  std::optional<RoleChange> demote(std::optional<ServerNumber> server) const {
    if (!server || voters_ < 2) return std::nullopt;
    const std::size_t living = living_voters_ - (lives(members_.at(*server)) ? 1 : 0);
    if (living == 0 || !decides(voters_ - 1, living)) return std::nullopt;
    const std::size_t answering = answering_voters_ - (members_.at(*server).answers ? 1 : 0);
    if (!decides(voters_ - 1, answering)) return std::nullopt;
    return RoleChange{*server, RoleChangeKind::demote};
  }

  std::optional<ServerNumber> standby_that_keeps_up() const {
    return best([&](ServerNumber, const Standing& standing) {
      return !votes(standing) && lives(standing) && standing.caught_up;
    });
  }

  std::optional<RoleChange> promotion() const {
    if (living_voters_ >= voters_for(living_, rules_.voters_max)) return std::nullopt;
    return promote(standby_that_keeps_up());
  }

  std::optional<RoleChange> farewell() const {
    return demote(worst([&](ServerNumber, const Standing& standing) {
      return votes(standing) && standing.stopped;
    }));
  }

  std::optional<RoleChange> dismissal() const {
    // A failed voter that nobody can replace keeps its seat; failed standbys give no reason for
    // one.
    const std::size_t counted = failed_voters_ > 0 ? present_ : living_;
    const std::size_t wanted = voters_for(counted, rules_.voters_max);
    const auto failed = worst([&](ServerNumber, const Standing& standing) {
      return votes(standing) && standing.failed && !standing.stopped;
    });
    if (failed) {
      const bool replaced = voters_ > wanted;
      const bool pair = voters_ >= 5 && failed_voters_ >= 2;
      const bool rest_of_pair = voters_ >= 4 && voters_ % 2 == 0;
      const bool provable = voters_ == 3 && rules_.one_machine;
      if (replaced || pair || rest_of_pair || provable) return demote(failed);
    }
    if (voters_ <= wanted) return std::nullopt;
    return demote(worst([&](ServerNumber, const Standing& standing) { return votes(standing); }));
  }

  std::optional<RoleChange> exchange() const {
    if (!rules_.prefers_rank || failed_voters_ > 0) return std::nullopt;
    const auto newcomer = standby_that_keeps_up();
    const auto last =
        worst([&](ServerNumber, const Standing& standing) { return votes(standing); });
    if (!newcomer || !last) return std::nullopt;
    if (std::ranges::find(ranking_, *last) < std::ranges::find(ranking_, *newcomer)) {
      return std::nullopt;
    }
    return promote(newcomer);
  }

  const std::map<ServerNumber, Standing>& members_;
  const std::vector<ServerNumber>& ranking_;
  ServerNumber leader_;
  VoterRules rules_;
  std::size_t living_{0};
  std::size_t present_{0};  // Not stopped.
  std::size_t voters_{0};
  std::size_t living_voters_{0};
  std::size_t deciding_voters_{0};  // Those that live, or stop and are still there.
  std::size_t answering_voters_{0};
  std::size_t failed_voters_{0};
};

}  // namespace

std::size_t voters_for(std::size_t members, std::size_t voters_max) {
  const std::size_t at_most = std::min(members, voters_max);
  if (at_most <= 2) return at_most;
  return at_most % 2 == 0 ? at_most - 1 : at_most;
}

std::optional<RoleChange> next_role_change(const std::map<ServerNumber, Standing>& members,
                                           const std::vector<ServerNumber>& ranking,
                                           ServerNumber leader, const VoterRules& rules) {
  return Planner(members, ranking, leader, rules).next();
}

}  // namespace muster::node
