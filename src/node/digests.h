// Comparing the states of servers: equal logs must give equal states.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/ids.h"
#include "wire/muster.pb.h"

namespace muster::node {

/// Finds a server whose state is not that of the others, through a broken memory, a service that is
/// not deterministic, or another program (invariant: state is a function of the log). Two digests
/// are compared: one over everything applied, kept along the way and looked at every
/// `rolling_interval` entries, and one over the whole encoded state at each checkpoint.
///
/// Pure. Thread-safety: none.
class Digests {
 public:
  static constexpr std::uint64_t rolling_interval = 256;
  static constexpr std::size_t checks_max = 64;  ///< Places kept of each kind; the oldest go.
  static constexpr std::size_t servers_max = 64;

  explicit Digests(ServerNumber self) : self_(self) {}

  /// An entry was applied. Free unless its index is one that is looked at.
  void applied(LogIndex index, std::uint64_t digest);
  /// The whole state at a checkpoint was encoded.
  void encoded(LogIndex index, std::uint64_t digest);
  /// What another server says. Bytes from outside: items beyond the limits are ignored.
  void told(ServerNumber server, const wire::StateDigests& digests);
  /// The own ones that were not told yet, or nothing.
  std::optional<wire::StateDigests> to_tell();

  struct Verdict {
    LogIndex index;
    bool whole{false};
    bool outvoted{false};          ///< A majority of the voters agrees on another state than this.
    std::set<ServerNumber> same;   ///< As this server.
    std::set<ServerNumber> other;  ///< Than this server.
  };
  /// A disagreement that was not given before, if there is one.
  std::optional<Verdict> judge(const std::set<ServerNumber>& voters);

 private:
  struct Place {
    LogIndex index;
    bool whole{false};
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Check {
    std::map<ServerNumber, std::uint64_t> digests{};
    bool told{false};
    std::size_t disagreeing{0};  // As it was given last.
  };

  Check* check_at(Place place);

  ServerNumber self_;
  std::map<Place, Check> checks_;
};

/// In plain words: where the states differ and whose.
std::string words_for(const Digests::Verdict& verdict,
                      const std::map<ServerNumber, std::string>& names);

}  // namespace muster::node
