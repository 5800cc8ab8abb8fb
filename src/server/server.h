// One server process: the pure node, and the sockets, files, threads and clocks it lacks.
#pragma once

#include <spdlog/logger.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "gateway/irc_gateway.h"
#include "methods/registry.h"
#include "net/dialer.h"
#include "net/heartbeats.h"
#include "net/link.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/rendezvous.h"
#include "net/sparse_notices.h"
#include "node/node.h"
#include "server/disk.h"
#include "server/options.h"
#include "server/places.h"
#include "server/ports.h"
#include "server/trace.h"

namespace muster::server {

/// Drives a `node::Node` and decides nothing: what happens is stepped in, what comes out is carried
/// out. Everything runs on one loop; the disk has a thread of its own. All that is stepped in one
/// turn of the loop shares one `drain`, and so batches, messages and disk jobs.
///
/// Thread-safety: none; made, run and destroyed by one thread.
class Server : private net::LinkObserver {
 public:
  /// The server is a member of its group, and serves.
  struct Ready {
    std::string group;
    std::string server;  ///< Its name.
    ServerNumber number;
    std::uint16_t client_port{};
    std::uint16_t peer_port{};
    std::string leader;  ///< Its name.

    /// `ready group=… server=… number=… port=… peer-port=… leader=…`
    std::string to_line() const;
  };
  using OnReady = std::function<void(const Ready& ready)>;

  /// Listens, then opens and recovers the data folder. Throws `ErrorException`, with a message that
  /// says what to do, when a port is taken or the folder can't be used.
  Server(Options options, OnReady on_ready);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// How it ended.
  struct End {
    int exit_code{0};    ///< 0 when it was asked to stop.
    std::string reason;  ///< In plain words.
    /// To be started again with these, to join another group than it had: its data is archived.
    std::optional<Options> again{};
  };

  /// Serves until it is asked to stop, or until it can't go on. If it owns the process, SIGTERM and
  /// SIGINT ask, and a second signal ends the process at once. Call once.
  End run();
  /// Where clients connect, from the start on.
  std::uint16_t client_port() const { return listeners_.client->port(); }
  /// Where IRC clients connect; nothing: nowhere.
  std::optional<std::uint16_t> irc_port() const {
    return irc_ ? std::optional(irc_->port()) : std::nullopt;
  }
  /// Asks it to stop in good order. From any thread, any number of times.
  void request_stop();

 private:
  void listen();
  void open_heartbeats();
  void open_disk();
  void open_rendezvous();
  void make_node();
  void open_irc();
  void add_methods();  // methods.cc
  wire::LogLevelReport set_log_level(const methods::Call& call);
  void log_start() const;
  node::Now now() const;

  void step(node::Input input);
  void drain_later();
  void drain();
  void arm_timer();
  void timer_is_due();

  void carry_out(node::Outputs outputs);
  void send(node::SendFrame frame);
  void close(node::LinkId link);
  void dial(const std::string& address);
  void dialled(const std::string& address, net::DialResult result);
  void adopt(std::shared_ptr<net::Link> link, bool dialled, const std::string& address);
  void disk_is_done(std::vector<storage::DiskResult> results);
  void announce(const node::Announce& announce);
  void tell_ready(const node::BecameReady& ready);

  void wait_for_signal();
  void stop_in_good_order();
  void end(const node::Exit& exit);
  void archive_data();
  void tell_left_behind(const std::string& archive);
  void end_when_links_are_gone();

  void on_open(net::Link& link) override;
  void on_frame(net::Link& link, wire::Frame frame) override;
  void on_close(net::Link& link, const Error& error) override;

  // Since the start, for `stats`.
  struct Traffic {
    std::uint64_t frames_received{0};
    std::uint64_t bytes_received{0};
    std::uint64_t frames_sent{0};
    std::uint64_t bytes_sent{0};
  };

  Options options_;
  OnReady on_ready_;
  std::shared_ptr<spdlog::logger> log_;
  net::SparseNotices closings_;
  MessageTrace trace_;
  net::Loop loop_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer node_timer_;
  boost::asio::steady_timer stop_timer_;
  std::size_t links_max_{0};
  ListenerPair listeners_;
  std::unique_ptr<net::HeartbeatReceiver> heartbeats_;  // Null: they come over connections only.
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<net::Rendezvous> rendezvous_;                          // Null: discovery is off.
  std::unordered_map<std::uint64_t, std::shared_ptr<net::Link>> links_;  // By number.
  std::unique_ptr<gateway::IrcGateway> irc_;                             // Null: no IRC.
  std::unique_ptr<Disk> disk_;
  node::Restart restart_;  // Until the node has it.
  std::unique_ptr<node::Node> node_;

  Instant begun_{};
  Traffic traffic_;
  bool drain_posted_{false};
  std::optional<Instant> armed_for_;
  bool stopping_{false};  // Asked to.
  bool ending_{false};    // The node is not stepped any more.
  node::Exit exit_{};
  End end_{};
};

}  // namespace muster::server
