#include "net/address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

namespace muster::net {
namespace {

constexpr std::size_t host_characters_max = 253;

Error malformed(std::string_view text, const std::string& why) {
  return Error{ErrorCode::invalid_argument,
               "'" + std::string(text) + "' is no address (" + why +
                   "): write HOST:PORT, for instance 10.0.0.7:8888, or [::1]:8888 for IPv6"};
}

bool may_stand_in_host(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_' || c == ':' || c == '%';
}

/// The two halves as they stand in the text; no port when there is no colon for one.
struct Halves {
  std::string_view host;
  std::optional<std::string_view> port;
};

Result<Halves> split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return malformed(text, "a ] is missing");
    const std::string_view host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (host.find(':') == std::string_view::npos) {
      return malformed(text, "brackets are for IPv6 only");
    }
    if (rest.empty()) return Halves{host, std::nullopt};
    if (!rest.starts_with(':')) return malformed(text, "after ] comes :PORT");
    return Halves{host, rest.substr(1)};
  }
  const std::size_t colons = static_cast<std::size_t>(std::ranges::count(text, ':'));
  if (colons > 1) return Halves{text, std::nullopt};  // An IPv6 number without brackets.
  if (colons == 0) return Halves{text, std::nullopt};
  const std::size_t colon = text.find(':');
  return Halves{text.substr(0, colon), text.substr(colon + 1)};
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view port) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number < 1 || number > 65'535) {
    return malformed(text, "the port must be a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(number);
}

Result<Address> parse(std::string_view text, std::optional<std::uint16_t> default_port) {
  const Result<Halves> halves = split(text);
  if (!halves) return halves.error();
  const auto& [host, port] = *halves;
  if (host.empty()) return malformed(text, "the host is missing");
  if (host.size() > host_characters_max) return malformed(text, "the host is too long");
  if (!std::ranges::all_of(host, may_stand_in_host)) {
    return malformed(text, "a host has letters, digits, dots and hyphens");
  }
  if (host.find(':') != std::string_view::npos) {
    boost::system::error_code error;
    boost::asio::ip::make_address_v6(std::string(host), error);
    if (error) return malformed(text, "that is no IPv6 number");
  }
  if (!port) {
    if (!default_port) return malformed(text, "the port is missing");
    return Address{std::string(host), *default_port};
  }
  const Result<std::uint16_t> number = parse_port(text, *port);
  if (!number) return number.error();
  return Address{std::string(host), *number};
}

std::string with_port(const std::string& host, std::uint16_t port) {
  const bool needs_brackets = host.find(':') != std::string::npos;
  return (needs_brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<boost::asio::ip::address> address_of(const sockaddr* raw) {
  namespace ip = boost::asio::ip;
  if (raw == nullptr) return std::nullopt;
  if (raw->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, raw, sizeof v4);
    return ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (raw->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, raw, sizeof v6);
    ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return ip::address_v6(bytes, v6.sin6_scope_id);
  }
  return std::nullopt;
}

bool same_host(const boost::asio::ip::address& a, const boost::asio::ip::address& b) {
  if (a.is_v6() && b.is_v6()) return a.to_v6().to_bytes() == b.to_v6().to_bytes();
  return a == b;
}

}  // namespace

std::string Address::to_string() const {
  return with_port(host, port);
}

Result<Address> parse_address(std::string_view text) {
  return parse(text, std::nullopt);
}

Result<Address> parse_address(std::string_view text, std::uint16_t default_port) {
  return parse(text, default_port);
}

boost::asio::ip::address unmapped(const boost::asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint) {
  return with_port(unmapped(endpoint.address()).to_string(), endpoint.port());
}

std::vector<InterfaceAddress> interface_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(first, freeifaddrs);

  std::vector<InterfaceAddress> found;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if ((one->ifa_flags & IFF_UP) == 0) continue;
    const auto address = address_of(one->ifa_addr);
    if (!address) continue;
    found.push_back({one->ifa_name, *address, (one->ifa_flags & IFF_LOOPBACK) != 0});
  }
  return found;
}

bool is_local(const boost::asio::ip::address& address) {
  const boost::asio::ip::address plain = unmapped(address);
  if (plain.is_loopback()) return true;
  return std::ranges::any_of(interface_addresses(), [&](const InterfaceAddress& own) {
    return same_host(own.address, plain);
  });
}

}  // namespace muster::net
