#include "net/datagram_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace muster::net {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;
using ip::udp;

constexpr int errors_passed_over_max = 16;

/// Room for the one piece of information that comes and goes with a datagram.
union Control {
  cmsghdr aligned;
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> bytes;
};

error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

/// An option of the kernel that Asio has no name for.
struct KernelOption {
  int level;
  int name;
  int value;
};

error_code set(udp::socket& socket, const KernelOption& option) {
  const int failed = ::setsockopt(socket.native_handle(), option.level, option.name, &option.value,
                                  sizeof option.value);
  return failed == 0 ? error_code{} : system_error(errno);
}

/// A socket hears only the groups that it joined itself, and learns the interface of each datagram.
error_code set_options(udp::socket& socket, const DatagramSocket::Options& options) {
  error_code error;
  const bool v4 = options.version == IpVersion::v4;
  if (options.port != 0) socket.set_option(udp::socket::reuse_address(true), error);
  if (!error && v4) socket.set_option(udp::socket::broadcast(true), error);
  if (!error && !v4) socket.set_option(ip::v6_only(true), error);
  if (!error) socket.set_option(ip::multicast::hops(options.ttl), error);
  if (!error) socket.set_option(ip::multicast::enable_loopback(true), error);
  if (!error) {
    error = v4 ? set(socket, {IPPROTO_IP, IP_PKTINFO, 1})
               : set(socket, {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1});
  }
  if (!error) {
    error = v4 ? set(socket, {IPPROTO_IP, IP_MULTICAST_ALL, 0})
               : set(socket, {IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0});
  }
  return error;
}

error_code change_membership(udp::socket& socket, const ip::address& group,
                             unsigned interface_index, bool join) {
  int failed = 0;
  if (group.is_v4()) {
    ip_mreqn request{};
    request.imr_multiaddr.s_addr = htonl(group.to_v4().to_uint());
    request.imr_ifindex = static_cast<int>(interface_index);
    failed = ::setsockopt(socket.native_handle(), IPPROTO_IP,
                          join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof request);
  } else {
    ipv6_mreq request{};
    const auto bytes = group.to_v6().to_bytes();
    std::memcpy(&request.ipv6mr_multiaddr, bytes.data(), bytes.size());
    request.ipv6mr_interface = interface_index;
    failed = ::setsockopt(socket.native_handle(), IPPROTO_IPV6,
                          join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request, sizeof request);
  }
  return failed == 0 ? error_code{} : system_error(errno);
}

template <class Info>
void put(msghdr& message, Control& control, int level, const Info& info) {
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = level == IPPROTO_IP ? IP_PKTINFO : IPV6_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

void put_way(msghdr& message, Control& control, IpVersion version, const DatagramSocket::Way& way) {
  if (version == IpVersion::v4) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(way.interface_index);
    if (way.source.is_v4()) info.ipi_spec_dst.s_addr = htonl(way.source.to_v4().to_uint());
    put(message, control, IPPROTO_IP, info);
  } else {
    in6_pktinfo info{};
    info.ipi6_ifindex = way.interface_index;
    if (way.source.is_v6()) {
      const auto source = way.source.to_v6().to_bytes();
      std::memcpy(&info.ipi6_addr, source.data(), source.size());
    }
    put(message, control, IPPROTO_IPV6, info);
  }
}

/// The interface and the destination, from what the kernel says beside the datagram.
void read_arrival(msghdr& message, DatagramSocket::Received& received) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      received.interface_index = static_cast<unsigned>(info.ipi_ifindex);
      received.to = ip::address_v4(ntohl(info.ipi_addr.s_addr));
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      received.interface_index = info.ipi6_ifindex;
      received.to = ip::address_v6(bytes);
    }
  }
}

}  // namespace

boost::system::result<DatagramSocket> DatagramSocket::open(boost::asio::io_context& context,
                                                           const Options& options) {
  const udp protocol = options.version == IpVersion::v4 ? udp::v4() : udp::v6();
  udp::socket socket(context);
  error_code error;
  socket.open(protocol, error);
  if (!error) error = set_options(socket, options);
  if (!error) socket.bind({protocol, options.port}, error);
  if (!error) socket.non_blocking(true, error);
  if (error) return error;
  const std::uint16_t port = socket.local_endpoint(error).port();
  if (error) return error;
  return DatagramSocket(std::move(socket), options.version, port);
}

error_code DatagramSocket::join(const ip::address& group, unsigned interface_index) {
  return change_membership(socket_, group, interface_index, true);
}

void DatagramSocket::leave(const ip::address& group, unsigned interface_index) {
  // It fails when the interface is gone, and with it the membership.
  static_cast<void>(change_membership(socket_, group, interface_index, false));
}

error_code DatagramSocket::send(const udp::endpoint& to, const Way& way, BytesView bytes) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_name = const_cast<void*>(static_cast<const void*>(to.data()));
  message.msg_namelen = static_cast<socklen_t>(to.size());
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Control control{};
  if (way.interface_index != 0) put_way(message, control, version_, way);
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? system_error(errno) : error_code{};
}

std::optional<DatagramSocket::Received> DatagramSocket::receive(std::span<std::byte> buffer) {
  for (int round = 0; round < errors_passed_over_max; ++round) {
    udp::endpoint from;
    iovec part{buffer.data(), buffer.size()};
    Control control{};
    msghdr message{};
    message.msg_name = from.data();
    message.msg_namelen = static_cast<socklen_t>(from.capacity());
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t got = ::recvmsg(socket_.native_handle(), &message, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    if (got < 0) continue;
    from.resize(message.msg_namelen);
    Received received{.bytes = BytesView(buffer).first(static_cast<std::size_t>(got)),
                      .from = from,
                      .to = {},
                      .interface_index = 0,
                      .truncated = (message.msg_flags & MSG_TRUNC) != 0};
    read_arrival(message, received);
    return received;
  }
  return std::nullopt;
}

}  // namespace muster::net
