#include "server/places.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "wire/limits.h"

namespace muster::server {
namespace {

bool is_loopback_host(const std::string& host) {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && net::unmapped(address).is_loopback();
}

bool is_any_address(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return host.empty() || (!error && address.is_unspecified());
}

bool is_loopback_seed(const std::string& seed) {
  const Result<net::Address> address = net::parse_address(seed);
  return address && is_loopback_host(address->host);
}

/// A bridge to containers or virtual machines of this machine: no other machine gets there.
bool is_inner_bridge(std::string_view interface) {
  constexpr std::array<std::string_view, 6> prefixes{"docker", "br-", "veth",
                                                     "virbr",  "cni", "lxc"};
  return std::ranges::any_of(
      prefixes, [&](std::string_view prefix) { return interface.starts_with(prefix); });
}

bool is_link_local(const boost::asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().is_link_local();
  const auto bytes = address.to_v4().to_bytes();
  return bytes[0] == 169 && bytes[1] == 254;  // RFC 3927.
}

std::optional<std::string> reachable_address(const std::vector<net::InterfaceAddress>& interfaces) {
  for (const bool want_v4 : {true, false}) {
    for (const net::InterfaceAddress& own : interfaces) {
      if (own.loopback || own.address.is_v4() != want_v4) continue;
      if (is_link_local(own.address) || is_inner_bridge(own.interface)) continue;
      return own.address.to_string();
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> default_data_folder(const std::string& group, std::uint16_t client_port,
                                        const Environment& environment) {
  std::string state;
  if (const auto given = environment("XDG_STATE_HOME")) {
    state = *given;
  } else if (const auto home = environment("HOME")) {
    state = *home + "/.local/state";
  } else {
    return Error{ErrorCode::failed_precondition,
                 "no place for the data: HOME is not set; give --data FOLDER"};
  }
  std::string leaf = group + "-" + std::to_string(client_port);
  std::ranges::replace(leaf, '/', '_');
  return state + "/muster/" + leaf;
}

std::string default_name(const std::string& host_name, std::uint16_t client_port) {
  const std::string port = "-" + std::to_string(client_port);
  const std::string host = host_name.substr(0, host_name.find('.'));
  return (host.empty() ? "server" : host.substr(0, wire::name_bytes_max - port.size())) + port;
}

std::string advertised_host(const Surroundings& surroundings) {
  constexpr const char* loopback = "127.0.0.1";
  if (!is_any_address(surroundings.bind)) return surroundings.bind;
  if (!surroundings.others_let_in) return loopback;
  const auto& seeds = surroundings.seeds;
  if (!seeds.empty() && std::ranges::all_of(seeds, is_loopback_seed)) return loopback;
  return reachable_address(surroundings.interfaces).value_or(loopback);
}

Result<Advertised> advertised_addresses(const std::string& advertise, Ports ports,
                                        const Surroundings& surroundings) {
  net::Address client{advertised_host(surroundings), ports.client};
  if (!advertise.empty()) {
    const Result<net::Address> given = net::parse_address(advertise, ports.client);
    if (!given) return given.error();
    client = *given;
  }
  const int peer_port = client.port + (ports.peer - ports.client);
  if (peer_port < 1 || peer_port > 65'535) {
    return Error{ErrorCode::invalid_argument,
                 "the port for servers that belongs to " + client.to_string() + " would be " +
                     std::to_string(peer_port) + ": choose another --advertise"};
  }
  const net::Address peer{client.host, static_cast<std::uint16_t>(peer_port)};
  return Advertised{.client = client.to_string(), .peer = peer.to_string()};
}

}  // namespace muster::server
