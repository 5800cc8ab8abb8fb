// A UDP socket that knows the interface of each datagram.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "muster/bytes.h"
#include "net/interfaces.h"

namespace muster::net {

enum class IpVersion : std::uint8_t { v4, v6 };

/// One IPv4 or IPv6 socket, never both, because the two have options of their own for everything
/// here. Non-blocking. Thread-safety: none.
class DatagramSocket {
 public:
  struct Options {
    IpVersion version{IpVersion::v4};
    std::uint16_t port{0};  ///< 0: any free one, not shared. Others are shared with who shares too.
    int ttl{1};             ///< Of multicast.
  };
  struct Received {
    BytesView bytes;  ///< Within the buffer that was given.
    boost::asio::ip::udp::endpoint from;
    boost::asio::ip::address to;  ///< The group, a broadcast address, or one of this machine.
    unsigned interface_index{0};
    bool truncated{false};  ///< It was larger than the buffer.
  };
  /// Where one datagram leaves.
  struct Way {
    unsigned interface_index{0};        ///< 0: as the system routes.
    boost::asio::ip::address source{};  ///< Of the socket's version; unspecified: as it chooses.
  };

  static boost::system::result<DatagramSocket> open(boost::asio::io_context& context,
                                                    const Options& options);

  boost::system::error_code join(const boost::asio::ip::address& group, unsigned interface_index);
  /// Harmless if the interface is gone.
  void leave(const boost::asio::ip::address& group, unsigned interface_index);
  boost::system::error_code send(const boost::asio::ip::udp::endpoint& to, const Way& way,
                                 BytesView bytes);
  /// Nothing: none waits. Errors that concern an earlier sending are passed over.
  std::optional<Received> receive(std::span<std::byte> buffer);

  boost::asio::ip::udp::socket& socket() { return socket_; }
  std::uint16_t port() const { return port_; }
  IpVersion version() const { return version_; }

 private:
  DatagramSocket(boost::asio::ip::udp::socket socket, IpVersion version, std::uint16_t port)
      : socket_(std::move(socket)), version_(version), port_(port) {}

  boost::asio::ip::udp::socket socket_;
  IpVersion version_;
  std::uint16_t port_;
};

}  // namespace muster::net
