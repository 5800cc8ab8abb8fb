// How a server is set up, and what it starts from.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/entry.h"
#include "edge/edge.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "raft/options.h"
#include "replica/replica.h"
#include "storage/format/disk_job.h"
#include "wire/muster.pb.h"

namespace muster::node {

/// When this server may found a group (`--found`).
enum class FoundingMode : std::uint8_t {
  automatic,  ///< When as many as expected hear each other and no group answers.
  now,        ///< At once, alone.
  never,      ///< Only joins.
};

/// By which of two equal priorities a leader is preferred (`--election`).
enum class ElectionRule : std::uint8_t {
  highest_id,  ///< The higher number leads: by default the newest server.
  lowest_id,   ///< The lower number leads.
  stable,      ///< Whoever leads stays; the higher number when a leader is lost.
};

/// The fixed members of a group, all of them voters: nobody else is let in, and none loses its
/// vote.
struct MemberList {
  std::set<ServerNumber> numbers;  ///< Of all, this server's among them.
  ServerNumber own;
  std::string digest;  ///< Servers whose lists have different ones refuse each other.
};

struct Options {
  std::string group{"default"};
  std::string name;                  ///< Of this server, for people.
  std::string version{};             ///< Of the program; shown in `status`.
  std::string client_address;        ///< `HOST:PORT` that clients are told.
  std::string peer_address;          ///< `HOST:PORT` that other servers are told.
  std::vector<std::string> seeds{};  ///< Peer addresses to dial until a group is found.
  /// What beacons say instead of the two addresses above, when whoever hears them knows better: an
  /// empty host (":8888") stands for where the datagram came from. Empty: the addresses above.
  std::string announced_client_address{};
  std::string announced_peer_address{};
  std::string host{};                         ///< Of the machine, for people.
  std::string zone{};                         ///< Clients of the same zone are preferred.
  std::map<std::string, std::string> tags{};  ///< For people.
  /// How many servers found a group together; 0: this one and each seed that is another server,
  /// without seeds all that are heard when the discovery window is over.
  std::size_t expect{0};
  FoundingMode founding{FoundingMode::automatic};
  /// The group has these members, with these numbers, and is founded when all of them are linked.
  /// Their peer addresses are the seeds. Nothing: whoever is found.
  std::optional<MemberList> list{};
  bool discovery{false};  ///< Others are looked for by datagram and in files of this machine.
  Duration discovery_window{std::chrono::milliseconds{1500}};
  unsigned discovery_attempts{4};
  Duration beacon_interval{std::chrono::seconds{1}};

  // Settings of the group: the founder's. A member goes by the group's.
  ElectionRule election{ElectionRule::highest_id};
  std::size_t voters{5};  ///< At most so many members vote.
  Duration heartbeat_interval{std::chrono::milliseconds{50}};
  Duration election_timeout{std::chrono::milliseconds{300}};
  Duration failure_timeout{std::chrono::seconds{5}};   ///< Silence until a server counts as failed.
  Duration session_timeout{std::chrono::seconds{10}};  ///< Absence until a session ends.
  Duration handover_after{std::chrono::seconds{2}};  ///< Caught up for so long: leadership follows.
  Duration forget_after{std::chrono::hours{24}};     ///< A failed member without a vote is kept.
  /// Those of the settings that an operator typed (as `set` names them): it is said once when the
  /// group goes by others.
  std::set<std::string> settings_given{};

  std::uint32_t priority{100};  ///< 0 to 255; counts before the number in the order of preference.

  /// The newest behaviour of services that this program supports; raised with each change of what
  /// a command does.
  std::uint32_t behaviour_version{1};
  std::size_t log_bytes_between_snapshots{64 * 1'024 * 1'024};
  /// Limits of the consensus core. Its times and seed are those of this server, set above.
  raft::Options raft{};
  std::size_t stores_in_flight_max{2};  ///< Entries on their way to disk before batches wait.
  std::size_t queued_bytes_max{std::size_t{128} << 20U};  ///< Batches waiting to become entries.
  std::size_t moves_per_second{100};  ///< Clients that are asked to go elsewhere.
  std::size_t peer_links_max{256};    ///< Connections with other servers.
  /// Limits of what clients cost. The session timeout is the group's.
  edge::Edge::Options edge{};
  /// Limits of the replicated state, alike on all servers of a group.
  replica::Replica::Options replica{};
  /// Names one boot of one machine and the local file system of the data folder; empty if that is
  /// not known. Voters with equal texts can fence each other's folders.
  std::string machine{};
  std::string folder{};   ///< The data folder, as the other servers of this machine can open it.
  std::uint64_t seed{1};  ///< Of all the randomness of this server: waits and new ids.
};

/// The settings a founder gives its group.
wire::GroupSettings settings_of(const Options& options);
wire::ElectionRule::Value to_schema(ElectionRule rule);
wire::FoundingMode::Value to_schema(FoundingMode mode);
/// A rule that is not known here counts as the default.
ElectionRule from_schema(wire::ElectionRule::Value rule);

/// A silence lasts so many places of the rank at most; and is asked about so often.
inline constexpr int ranks_in_a_timeout = 6;
inline constexpr int pings_in_a_timeout = 5;

/// What the disk held at the start; all of it durable.
struct Restart {
  storage::Identity identity;
  HardState hard_state;
  std::optional<storage::SnapshotHeader> snapshot{};
  std::vector<Entry> entries{};  ///< All after the snapshot.
};

}  // namespace muster::node
