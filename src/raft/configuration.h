// Who belongs to the group and who counts for its majority, and how that is written into the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"

namespace muster::raft {

/// What a member is to consensus. The values are written to disk: never renumber.
enum class MemberRole : std::uint8_t {
  voter = 1,    ///< Votes, may lead, counts for the majority.
  standby = 2,  ///< Follows the log; neither votes are asked of it nor does it stand.
};

/// The members of the group. Empty: a server that belongs to no group yet.
struct Configuration {
  static constexpr std::size_t members_max = 1'024;  ///< Limit of what `decode` accepts.

  std::map<ServerNumber, MemberRole> members;

  bool contains(ServerNumber server) const { return members.contains(server); }
  bool is_voter(ServerNumber server) const;
  std::size_t voter_count() const;
  /// How many voters decide: more than half of them. Precondition: there is a voter.
  std::size_t majority() const { return voter_count() / 2 + 1; }
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

/// How many voters the one has that the other has not, counted in both directions. Single-server
/// changes (Raft dissertation, section 4.1) allow one.
std::size_t voters_changed(const Configuration& before, const Configuration& after);

/// The payload of an entry of kind `configuration`: a version, the members, then `annotation` as it
/// is. The annotation belongs to higher layers and means nothing to raft.
Bytes encode_configuration(const Configuration& configuration, BytesView annotation);

struct DecodedConfiguration {
  Configuration configuration;
  BytesView annotation;  ///< Points into the payload that was decoded.
};

/// Errors: `invalid_argument` for anything that `encode_configuration` does not write, and for a
/// configuration without a voter.
[[nodiscard]] Result<DecodedConfiguration> decode_configuration(BytesView payload);

}  // namespace muster::raft
