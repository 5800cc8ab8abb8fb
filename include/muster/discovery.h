// How servers and clients of a group look for each other, and what is found.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/time.h"

namespace muster {

/// By which ways others are looked for.
enum class DiscoveryMode : std::uint8_t {
  multicast,  ///< On every interface, and by broadcast too where no multicast of others arrives.
  broadcast,  ///< To the broadcast address of every interface; IPv4 only.
  local,      ///< Only among the processes of this machine and user, by files.
  off,        ///< Not at all: only by the addresses that are given.
};

/// The same on all servers and clients of a group.
struct DiscoveryOptions {
  DiscoveryMode mode{DiscoveryMode::multicast};
  std::uint16_t port{8886};               ///< UDP.
  std::string multicast_address{};        ///< Empty: 239.192.77.85 and ff12::8886:4d75.
  int multicast_ttl{1};                   ///< 0 to 255: how far multicast goes; 1: this network.
  std::vector<std::string> interfaces{};  ///< Only these, by name; empty: all.
};

/// What `find_servers` looks for.
struct SearchOptions {
  std::string group{};  ///< Name or id; empty: any.
  std::string zone{};   ///< Servers of this zone come first; empty: none is preferred.
  Bytes secret{};       ///< Of the group; empty: none.
  Duration timeout{std::chrono::seconds{3}};
  /// Wait for everybody until the timeout, instead of only for the first that takes clients.
  bool all{false};
  DiscoveryOptions discovery{};
};

/// A server that answered.
struct FoundServer {
  std::string address;  ///< `HOST:PORT`, for clients.
  std::string name;
  std::string group;     ///< Name of its group.
  std::string group_id;  ///< Empty: its group is not formed yet.
  std::uint32_t number{};
  std::string host;  ///< Of its machine, for people.
  std::string zone;
  std::string leader;       ///< Name of the leader; empty: none is known.
  std::uint64_t clients{};  ///< That it has.
  std::string version;      ///< Of its program.
  bool usable{false};       ///< It takes clients now, as far as it says.
};

}  // namespace muster
