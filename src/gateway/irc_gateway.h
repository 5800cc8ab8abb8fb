// Sockets of IRC clients: what they say goes to their connection, and what that gives to the node.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "edge/irc/connection.h"
#include "edge/irc/encodings.h"
#include "edge/irc/options.h"
#include "edge/link.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "net/acceptor.h"
#include "net/address.h"
#include "net/loop.h"
#include "wire/frame.h"

namespace muster::gateway {

/// The node, as a gateway needs it: its connections are clients of this process.
struct Node {
  std::function<void(edge::LinkId link, const std::string& address)> opened;
  std::function<void(edge::LinkId link, wire::Frame frame)> frame;
  std::function<void(edge::LinkId link, const std::string& reason)> closed;
};

/// Listens for IRC clients. Each has an `edge::irc::Connection`, which decides everything; this
/// reads, writes and keeps time for them. A connection that does not take in what it is told is
/// closed by its own limit; input that may not be taken in yet stays in the kernel.
///
/// Thread-safety: none; it lives on its loop.
class IrcGateway {
 public:
  struct Options {
    net::Address bind{};
    bool open{false};                                 ///< Also from other machines.
    std::size_t connections_max{10'000};              ///< One beyond is told so, and closed.
    Duration flush_timeout{std::chrono::seconds{5}};  ///< For what waits when one is closed.
    edge::irc::Options irc{};
  };
  /// One plain line about connections that were not let in, for the log.
  using OnNotice = std::function<void(const std::string&)>;

  /// Errors: as `net::Acceptor::open`.
  [[nodiscard]] static Result<std::unique_ptr<IrcGateway>> open(net::Loop& loop, Options options,
                                                                Node node, OnNotice on_notice);
  ~IrcGateway();
  IrcGateway(const IrcGateway&) = delete;
  IrcGateway& operator=(const IrcGateway&) = delete;

  void start() { acceptor_->start(); }
  /// The node is no more: accepts nobody, and closes what is there once all is written.
  void end();
  std::uint16_t port() const { return acceptor_->port(); }

  bool has_link(edge::LinkId link) const { return clients_.contains(link); }
  /// Frames and closings of the node, for links that are here.
  void send(const edge::SendFrame& frame);
  void close(edge::LinkId link);
  /// Writes what came of them; once at the end of a turn.
  void flush();

  std::size_t connections() const { return clients_.size(); }

 private:
  struct Client;

  IrcGateway(net::Loop& loop, Options options, Node node, OnNotice on_notice);
  void take(boost::asio::ip::tcp::socket socket);
  void wait_readable(const std::shared_ptr<Client>& client);
  void wait_writable(const std::shared_ptr<Client>& client);
  void read(const std::shared_ptr<Client>& client);
  void write(const std::shared_ptr<Client>& client);
  void socket_ended(const std::shared_ptr<Client>& client, const std::string& why);
  /// Hands on what the connection gave, and sees to what is due next.
  void settle(const std::shared_ptr<Client>& client);
  void end_output(const std::shared_ptr<Client>& client);
  void finish(const std::shared_ptr<Client>& client);
  void arm(const std::shared_ptr<Client>& client);
  void arm_timer();
  void timer_is_due();

  net::Loop& loop_;
  const Options options_;
  const Node node_;
  const OnNotice on_notice_;
  edge::irc::Encodings encodings_;
  std::unique_ptr<net::Acceptor> acceptor_;
  Bytes receive_buffer_;
  std::map<edge::LinkId, std::shared_ptr<Client>> clients_;
  std::vector<std::shared_ptr<Client>> touched_;  // Since the last flush.
  std::set<std::pair<Instant, edge::LinkId>> due_;
  boost::asio::steady_timer timer_;
  Instant armed_for_{Instant::max()};
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};  // For handlers that come later.
};

}  // namespace muster::gateway
