// Where a server keeps its data and what it calls itself, unless it is told.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "server/options.h"

namespace muster::server {

/// The value of a variable of the environment, or nothing if it is not set or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// `$XDG_STATE_HOME/muster/GROUP-PORT`, else `$HOME/.local/state/muster/GROUP-PORT`. A `/` in the
/// group's name becomes `_`. Errors: FAILED_PRECONDITION if neither variable is set.
[[nodiscard]] Result<std::string> default_data_folder(const std::string& group,
                                                      std::uint16_t client_port,
                                                      const Environment& environment);

/// `HOST-PORT`, within the limit of a name.
std::string default_name(const std::string& host_name, std::uint16_t client_port);

/// What the rule of `advertised_host` goes by.
struct Surroundings {
  std::string bind{};                ///< As in `Options`.
  std::vector<std::string> seeds{};  ///< `HOST:PORT` each.
  bool others_let_in{false};         ///< With a secret, or open: from other machines too.
  std::vector<net::InterfaceAddress> interfaces{};
};

/// The host that others are told, when `--advertise` does not say:
/// 1. the address that the server listens on, if it is one address;
/// 2. loopback, if nobody from another machine is let in, or if all seeds are on loopback;
/// 3. the first address of an own interface that others can reach: IPv4 before IPv6, no loopback,
///    no link-local address, none of a container's or virtual machine's bridge;
/// 4. loopback.
std::string advertised_host(const Surroundings& surroundings);

/// The addresses that clients and other servers are told.
struct Advertised {
  std::string client;
  std::string peer;
};
struct Ports {
  std::uint16_t client{};
  std::uint16_t peer{};
};
/// From `advertise` (`HOST` or `HOST:PORT`, the port being the one for clients; that for servers
/// keeps its distance), else by `advertised_host`. Errors: INVALID_ARGUMENT if it is no address.
[[nodiscard]] Result<Advertised> advertised_addresses(const std::string& advertise, Ports ports,
                                                      const Surroundings& surroundings);

}  // namespace muster::server
