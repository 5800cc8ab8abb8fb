// The datagrams of heartbeats: many received at once, or sent to one place.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/address.h"
#include "net/loop.h"
#include "wire/heartbeat.h"

namespace muster::net {

/// Receives datagrams on the number of the TCP port that clients connect to, many with one system
/// call (recvmmsg). While they come often it does not wait for the next one but for a moment, and
/// then takes all that came: waking for each would cost several times what reading them does.
///
/// Allocates nothing for a datagram. Thread-safety: none.
class HeartbeatReceiver {
 public:
  struct Options {
    Address bind{};                               ///< As of the listener; the port is not 0.
    bool open{false};                             ///< From other machines too.
    Duration rest{std::chrono::milliseconds{2}};  ///< Between two readings.
    int receive_buffer_bytes{8 << 20};            ///< Of the kernel, as far as it allows.
  };
  /// Each is at most `wire::heartbeat_bytes_max` long; borrowed for the time of the call.
  using OnDatagrams = std::function<void(std::span<const BytesView> datagrams)>;

  /// Errors: ALREADY_EXISTS if the port is taken; UNAVAILABLE if there can be no socket.
  [[nodiscard]] static Result<std::unique_ptr<HeartbeatReceiver>> open(Loop& loop,
                                                                       const Options& options,
                                                                       OnDatagrams on_datagrams);
  ~HeartbeatReceiver();
  HeartbeatReceiver(const HeartbeatReceiver&) = delete;
  HeartbeatReceiver& operator=(const HeartbeatReceiver&) = delete;

  void start();

 private:
  static constexpr std::size_t batch_max = 256;
  static constexpr int batches_per_turn_max = 4;

  HeartbeatReceiver(Loop& loop, const Options& options, boost::asio::ip::udp::socket socket,
                    OnDatagrams on_datagrams);
  void wait_readable();
  void rest();
  void take_all();
  std::size_t take_batch();
  bool is_let_in(const sockaddr_storage& from);

  struct Slot {
    std::array<std::byte, wire::heartbeat_bytes_max + 1> bytes;  // One more shows what is too long.
    sockaddr_storage from;
  };

  Loop& loop_;
  const Options options_;
  boost::asio::ip::udp::socket socket_;
  boost::asio::steady_timer timer_;
  OnDatagrams on_datagrams_;
  std::vector<Slot> slots_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
  std::vector<BytesView> views_;
  std::vector<boost::asio::ip::address> own_addresses_;
  Instant own_addresses_looked_up_{};
  std::shared_ptr<bool> alive_;  // For handlers that come after the end.
};

/// Sends datagrams to one place. One that can't be sent is lost, as any may be. Thread-safety:
/// none.
class HeartbeatSender {
 public:
  /// To the same address and number as a connection goes to.
  HeartbeatSender(Loop& loop, const boost::asio::ip::tcp::endpoint& to);
  void send(BytesView bytes);

 private:
  boost::asio::ip::udp::socket socket_;
};

}  // namespace muster::net
