// Addresses as people write them, and which of them are this machine's own.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/error.h"

namespace muster::net {

/// A host, by name or number, and a TCP port.
struct Address {
  std::string host;       ///< Without brackets. Empty: every interface (to listen on only).
  std::uint16_t port{0};  ///< 0: any free one (to listen on only).

  /// `HOST:PORT`; an IPv6 number gets its brackets: `[::1]:8888`.
  std::string to_string() const;
  friend bool operator==(const Address&, const Address&) = default;
};

/// Reads `HOST:PORT` or `[V6]:PORT` (RFC 3986, section 3.2.2). The host must not be empty, the port
/// be from 1 to 65535. Errors: INVALID_ARGUMENT, quoting the text and showing the right form.
[[nodiscard]] Result<Address> parse_address(std::string_view text);
/// The same, where a port may be left out: `HOST`, `V6`, `[V6]` get `default_port`.
[[nodiscard]] Result<Address> parse_address(std::string_view text, std::uint16_t default_port);

/// An IPv4 address that came mapped into IPv6 (`::ffff:1.2.3.4`, RFC 4291) as plain IPv4.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);
/// `HOST:PORT` of an endpoint, unmapped.
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

/// An address of one of this machine's network interfaces that is up.
struct InterfaceAddress {
  std::string interface;
  boost::asio::ip::address address;
  bool loopback{false};
};
/// In the order of the system. Empty if it does not tell.
std::vector<InterfaceAddress> interface_addresses();

/// Whether whoever has this address is a process of this machine: it is a loopback address or that
/// of an own interface. Loopback is answered without asking the system.
bool is_local(const boost::asio::ip::address& address);

}  // namespace muster::net
