#include "server/ports.h"

#include <utility>

namespace muster::server {
namespace {

constexpr int pairs_tried_max = 32;  // For a proposal, or when any port will do.
constexpr int port_number_max = 65'535;

bool is_taken(const Error& error) {
  return error.code == ErrorCode::already_exists;
}

/// Both or none.
Result<ListenerPair> open_pair(std::uint16_t client_port, std::uint16_t peer_port,
                               const OpenPort& open) {
  auto client = open(client_port);
  if (!client) return client.error();
  auto peer = open(peer_port);
  if (!peer) return peer.error();
  return ListenerPair{.client = std::move(*client), .peer = std::move(*peer)};
}

std::string proposal(int from, const OpenPort& open) {
  for (int tried = 0; tried < pairs_tried_max; ++tried, from += 2) {
    if (from + 1 > port_number_max) break;
    const auto port = static_cast<std::uint16_t>(from);
    if (!open_pair(port, static_cast<std::uint16_t>(port + 1), open)) continue;
    return "; the next free pair is " + std::to_string(from) + " and " + std::to_string(from + 1) +
           ": --tcp-port " + std::to_string(from);
  }
  return "; choose another pair with --tcp-port";
}

/// A port that was given, by this option.
struct GivenPort {
  std::string option;
  std::uint16_t port{};
};

Error with_proposal(Error error, const GivenPort& given, const WantedPorts& wanted,
                    const OpenPort& open) {
  if (!is_taken(error)) return error;
  const std::string holder = wanted.who_holds ? wanted.who_holds(given.port) : std::string{};
  const std::uint16_t client_port = wanted.client.value_or(0);
  error.message = given.option + " " + std::to_string(given.port) + ": " +
                  (holder.empty() ? error.message : "taken by " + holder) +
                  proposal((client_port == 0 ? first_port : client_port) + 2, open);
  return error;
}

/// The client port is given; the peer port too, or it follows.
Result<ListenerPair> open_given(const WantedPorts& wanted, const OpenPort& open) {
  const std::uint16_t client_port = *wanted.client;
  if (!wanted.peer && client_port == port_number_max) {
    return Error{ErrorCode::invalid_argument,
                 "--tcp-port 65535 leaves no port for other servers: choose a lower one, or give "
                 "--peer-port"};
  }
  auto client = open(client_port);
  if (!client) {
    return with_proposal(client.error(), {"--tcp-port", client_port}, wanted, open);
  }
  const std::uint16_t peer_port =
      wanted.peer.value_or(static_cast<std::uint16_t>((*client)->port() + 1));
  auto peer = open(peer_port);
  if (!peer) return with_proposal(peer.error(), {"--peer-port", peer_port}, wanted, open);
  return ListenerPair{.client = std::move(*client), .peer = std::move(*peer)};
}

/// Any free client port whose successor is free too.
Result<ListenerPair> open_any(const OpenPort& open) {
  Result<ListenerPair> pair = Error{ErrorCode::unavailable, "no two free ports side by side"};
  for (int tried = 0; tried < pairs_tried_max && !pair; ++tried) {
    auto client = open(0);
    if (!client) return client.error();
    if ((*client)->port() == port_number_max) continue;
    auto peer = open(static_cast<std::uint16_t>((*client)->port() + 1));
    if (peer) {
      pair = ListenerPair{.client = std::move(*client), .peer = std::move(*peer)};
    } else if (!is_taken(peer.error())) {
      return peer.error();
    }
  }
  return pair;
}

/// The first free pair of those that servers of one machine take by themselves.
Result<ListenerPair> open_first_free(std::optional<std::uint16_t> peer_port, const OpenPort& open) {
  for (std::uint16_t port = first_port; port <= last_port; port += 2) {
    auto pair = open_pair(port, peer_port.value_or(static_cast<std::uint16_t>(port + 1)), open);
    if (pair || !is_taken(pair.error())) return pair;
  }
  return Error{ErrorCode::already_exists, "all ports from " + std::to_string(first_port) + " to " +
                                              std::to_string(last_port + 1) +
                                              " are taken; choose a pair with --tcp-port"};
}

/// One port for clients and servers.
Result<ListenerPair> open_one(const WantedPorts& wanted, const OpenPort& open) {
  auto listener = open(*wanted.client);
  if (listener) return ListenerPair{.client = std::move(*listener), .peer = {}};
  Error error = listener.error();
  if (!is_taken(error)) return error;
  const std::string holder = wanted.who_holds ? wanted.who_holds(*wanted.client) : std::string{};
  if (!holder.empty()) {
    error.message = "port " + std::to_string(*wanted.client) + " is taken by " + holder;
  }
  return error;
}

}  // namespace

void ListenerPair::start() {
  client->start();
  if (peer) peer->start();
}

void ListenerPair::close() {
  client->close();
  if (peer) peer->close();
}

Result<ListenerPair> open_ports(const WantedPorts& wanted, const OpenPort& open) {
  if (wanted.one) return open_one(wanted, open);
  if (!wanted.client) return open_first_free(wanted.peer, open);
  if (*wanted.client == 0 && !wanted.peer) return open_any(open);
  return open_given(wanted, open);
}

}  // namespace muster::server
