// Finds the pair of ports that a server listens on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "muster/error.h"
#include "net/listener.h"

namespace muster::server {

constexpr std::uint16_t first_port = 8888;  ///< Servers of one machine take pairs from here,
constexpr std::uint16_t last_port = 8906;   ///< up to here.

/// Says who listens on a port of this machine, as far as that can be found out; else empty.
using WhoHolds = std::function<std::string(std::uint16_t port)>;

struct WantedPorts {
  std::optional<std::uint16_t> client{};  ///< As in `Options`.
  std::optional<std::uint16_t> peer{};
  WhoHolds who_holds{};  ///< Asked about a port that was given and is taken.
  bool one{false};       ///< The client port is for servers too. Precondition: it is given.
};

struct ListenerPair {
  std::unique_ptr<net::Listener> client;
  std::unique_ptr<net::Listener> peer;  ///< Null: servers come to `client` too.

  std::uint16_t peer_port() const { return peer ? peer->port() : client->port(); }
  void start();
  void close();
};

/// Listens on one port, as `net::Listener::open`.
using OpenPort = std::function<Result<std::unique_ptr<net::Listener>>(std::uint16_t port)>;

/// Opens both ports. One that was given and is taken is an error, which names it and the next free
/// pair; without a given one it is the first pair from `first_port` on of which both are free.
[[nodiscard]] Result<ListenerPair> open_ports(const WantedPorts& wanted, const OpenPort& open);

}  // namespace muster::server
