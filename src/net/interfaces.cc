#include "net/interfaces.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "net/address.h"

namespace muster::net {
namespace {

namespace ip = boost::asio::ip;

constexpr int reads_per_turn_max = 64;

bool has(const ifaddrs& entry, unsigned flag) {
  return (entry.ifa_flags & flag) != 0;
}

ip::address_v4 v4_of(const sockaddr* raw) {
  sockaddr_in v4{};
  std::memcpy(&v4, raw, sizeof v4);
  return ip::address_v4(ntohl(v4.sin_addr.s_addr));
}

/// Loopback has no broadcast flag, but its network's highest address reaches all who listen there.
ip::address_v4 broadcast_of(const ifaddrs& entry) {
  if (has(entry, IFF_LOOPBACK) && entry.ifa_netmask != nullptr) {
    return ip::address_v4(v4_of(entry.ifa_addr).to_uint() | ~v4_of(entry.ifa_netmask).to_uint());
  }
  if (!has(entry, IFF_BROADCAST) || entry.ifa_broadaddr == nullptr) return {};
  return v4_of(entry.ifa_broadaddr);
}

ip::address_v6 v6_of(const sockaddr* raw) {
  sockaddr_in6 v6{};
  std::memcpy(&v6, raw, sizeof v6);
  ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return ip::address_v6(bytes, v6.sin6_scope_id);
}

void add_address(Interface& interface, const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr) return;
  if (entry.ifa_addr->sa_family == AF_INET) {
    interface.v4.push_back({v4_of(entry.ifa_addr), broadcast_of(entry)});
  } else if (entry.ifa_addr->sa_family == AF_INET6) {
    interface.v6.push_back(v6_of(entry.ifa_addr));
  }
}

/// An alias such as `eth0:1` is a label of an address, not an interface.
std::string without_label(std::string_view name) {
  return std::string(name.substr(0, name.find(':')));
}

}  // namespace

std::vector<Interface> interfaces() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(first, freeifaddrs);

  std::map<unsigned, Interface> by_index;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const std::string name = without_label(entry->ifa_name);
    const unsigned index = if_nametoindex(name.c_str());
    if (index == 0) continue;  // Gone since.
    Interface& interface = by_index[index];
    interface.index = index;
    interface.name = name;
    interface.up = has(*entry, IFF_UP);
    interface.multicast = has(*entry, IFF_MULTICAST);
    interface.loopback = has(*entry, IFF_LOOPBACK);
    interface.point_to_point = has(*entry, IFF_POINTOPOINT);
    add_address(interface, *entry);
  }
  std::vector<Interface> all;
  all.reserve(by_index.size());
  for (auto& [index, interface] : by_index) all.push_back(std::move(interface));
  return all;
}

bool is_address_of(const std::vector<Interface>& all, const ip::address& address) {
  const ip::address plain = unmapped(address);
  if (plain.is_loopback()) return true;
  return std::ranges::any_of(all, [&](const Interface& interface) {
    if (plain.is_v4()) {
      return std::ranges::any_of(
          interface.v4, [&](const Interface::V4& own) { return own.address == plain.to_v4(); });
    }
    return std::ranges::any_of(interface.v6, [&](const ip::address_v6& own) {
      return own.to_bytes() == plain.to_v6().to_bytes();
    });
  });
}

InterfaceWatch::InterfaceWatch(Loop& loop, const Options& options, OnChange on_change)
    : loop_(loop),
      options_(options),
      on_change_(std::move(on_change)),
      netlink_(loop.context()),
      timer_(loop.context()),
      alive_(std::make_shared<bool>(true)) {
  // Asked first, so that what changes between the two is told.
  const bool told = options_.use_netlink && open_netlink();
  now_ = interfaces();
  if (told) {
    wait_for_news();
  } else {
    look_after(options_.poll);
  }
}

InterfaceWatch::~InterfaceWatch() {
  *alive_ = false;
}

bool InterfaceWatch::open_netlink() {
  const int descriptor =
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (descriptor < 0) return false;
  sockaddr_nl wanted{};
  wanted.nl_family = AF_NETLINK;
  wanted.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) != 0) {
    ::close(descriptor);
    return false;
  }
  netlink_.assign(descriptor);
  return true;
}

void InterfaceWatch::wait_for_news() {
  netlink_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, alive = alive_](const boost::system::error_code& error) {
                        if (!*alive) return;
                        if (error) {
                          netlink_.close();
                          return look_after(options_.poll);
                        }
                        loop_.step("hearing of interfaces", [this] { take_news(); });
                      });
}

// What the news say does not matter: they are the reason to look. If some were lost because the
// buffer was full (ENOBUFS), that is a reason too.
void InterfaceWatch::take_news() {
  std::array<std::byte, 8'192> message;
  for (int round = 0; round < reads_per_turn_max; ++round) {
    const ssize_t got = ::recv(netlink_.native_handle(), message.data(), message.size(), 0);
    if (got < 0 && errno != ENOBUFS && errno != EINTR) break;
  }
  look_after(options_.gather);
  wait_for_news();
}

void InterfaceWatch::look_after(Duration time) {
  if (timer_set_) return;
  timer_set_ = true;
  timer_.expires_after(time);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    timer_set_ = false;
    loop_.step("looking at interfaces", [this] { look(); });
  });
}

void InterfaceWatch::look() {
  std::vector<Interface> found = interfaces();
  if (!told_by_kernel()) look_after(options_.poll);
  if (found == now_) return;
  now_ = std::move(found);
  on_change_(now_);
}

}  // namespace muster::net
