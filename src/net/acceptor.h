// Accepts connections on one port.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "muster/error.h"
#include "muster/time.h"
#include "net/address.h"
#include "net/loop.h"

namespace muster::net {

/// Listens on one address and port, on IPv4 and IPv6 alike where it listens on every interface, and
/// gives out what connects. When the system has no more descriptors it says so and pauses instead
/// of spinning. Thread-safety: none.
class Acceptor {
 public:
  struct Options {
    Address bind{};
    Duration pause{std::chrono::milliseconds{250}};  ///< When descriptors have run out.
  };
  using OnSocket = std::function<void(boost::asio::ip::tcp::socket socket)>;
  using OnNotice = std::function<void(const std::string&)>;

  /// Errors: ALREADY_EXISTS if the port is taken; PERMISSION_DENIED; INVALID_ARGUMENT if the host
  /// is no address of this machine. A host name is resolved here, which may take time.
  [[nodiscard]] static Result<std::unique_ptr<Acceptor>> open(Loop& loop, const Options& options,
                                                              OnSocket on_socket,
                                                              OnNotice on_notice);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Begins to accept. Until then connections wait in the kernel's queue.
  void start();
  /// The port it listens on, also when it was asked for port 0.
  std::uint16_t port() const { return port_; }
  /// Accepts no more.
  void close();

 private:
  Acceptor(Loop& loop, const Options& options, boost::asio::ip::tcp::acceptor acceptor,
           OnSocket on_socket, OnNotice on_notice);
  void wait_for_connections();
  void accept_all();
  void pause(const boost::system::error_code& error);

  Loop& loop_;
  const Options options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_timer_;
  const std::uint16_t port_;
  const OnSocket on_socket_;
  const OnNotice on_notice_;
  std::shared_ptr<bool> alive_;  // For handlers that come after the end.
};

}  // namespace muster::net
