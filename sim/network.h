// The simulated network: dialling, connections, delays, and all that goes wrong with them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sim/event_queue.h"
#include "sim/scenario.h"
#include "sim/trace.h"
#include "wire/frame.h"

namespace muster::sim {

/// A machine on the network: servers first, then clients.
using HostId = std::size_t;

/// One end of a connection, as the network names it: even numbers dialled, odd ones accepted.
struct EndId {
  std::uint64_t value{};
  friend auto operator<=>(EndId, EndId) = default;
};

/// What the network tells the process on a host. A process that has died is told nothing.
class Process {
 public:
  virtual ~Process() = default;
  /// The preface is done. `address` as it was dialled, or where the connection came from.
  virtual void opened(EndId end, bool peer, bool dialled, const std::string& address) = 0;
  virtual void dial_failed(EndId end, const std::string& address, bool refused) = 0;
  virtual void received(EndId end, const wire::Frame& frame) = 0;
  virtual void closed(EndId end, const std::string& reason) = 0;
};

/// What answers when somebody dials a host.
enum class HostState : std::uint8_t {
  listening,  ///< A process runs there.
  paused,     ///< A process that does nothing: the kernel takes the connection, nobody answers.
  refusing,   ///< The machine lives, no process listens.
  dark,       ///< No machine: silence.
};

/// What a host has put into its connections, headers of frames included.
struct Sent {
  std::uint64_t frames{0};
  std::uint64_t bytes{0};
};
using SentByType = std::map<wire::FrameType, Sent>;

/// Connections between hosts. A direction of the path between two hosts may be cut: what is sent
/// into it waits, as TCP's unacknowledged data does, until it is healed or the sender gives up.
/// A connection's three lanes overtake one another; within a lane the order is kept. Thread-safety:
/// none.
class Network {
 public:
  Network(const NetworkOptions& options, std::uint64_t seed, EventQueue& events, Trace& trace);

  /// Adds a host and the addresses that lead to it.
  HostId add_host(const std::vector<std::string>& addresses);
  /// From now on `process` (nullptr: nobody) is told what comes to the host.
  void set_process(HostId host, Process* process, HostState state);
  void set_state(HostId host, HostState state);

  /// Outcome: `opened` or `dial_failed`, with the end that this returns.
  EndId dial(HostId from, const std::string& address, bool peer);
  /// Precondition: none; a frame into a connection that is gone is lost.
  void send(EndId end, wire::Frame frame);
  /// Closes once all that was sent before has arrived; the process gets no `closed`.
  void close(EndId end);
  /// All connections of the process end. With `quietly` nobody tells the other ends.
  void process_died(HostId host, bool quietly);

  /// Cuts are counted: a direction works again when each cut of it has been healed.
  void cut(HostId from, HostId to);
  void heal(HostId from, HostId to);
  bool is_cut(HostId from, HostId to) const { return cuts_[from][to] > 0; }
  /// A connection's bytes pass no faster from now on, until `speed_up` was called as often. What
  /// waits goes by lanes: the urgent one first.
  void slow_down(HostId from, HostId to, std::size_t bytes_per_second);
  void speed_up(HostId from, HostId to);
  /// From now on nothing is lost, doubled or reordered. Cuts stay.
  void calm();
  /// Breaks one connection, chosen by chance. False if there is none.
  bool reset_one();

  /// The host at the other end of a connection, or nothing if it is gone.
  std::optional<HostId> other_host(EndId end) const;

  std::size_t hosts() const { return hosts_.size(); }
  std::uint64_t frames() const { return frames_; }
  /// Since the world began, by all processes of the host.
  const SentByType& sent(HostId host) const { return hosts_[host].sent; }

 private:
  struct Host {
    Process* process{nullptr};
    HostState state{HostState::dark};
    SentByType sent{};
  };
  struct Packet {
    std::optional<wire::Frame> frame;  // Nothing: the sender closed.
  };
  /// In the sender's queue, by lane, and behind them the close.
  struct Queue {
    std::array<std::deque<Packet>, 4> lanes;
    std::size_t bytes{0};
    bool sending{false};
    std::uint64_t turn{0};  // Counts emptyings, so that a sending from before does nothing.
  };
  struct Direction {
    std::array<Instant, 3> lane_free{};  // When the last frame of each lane arrives.
    std::deque<Packet> waiting;          // At a cut.
    std::size_t waiting_bytes{0};
    std::uint64_t stall{0};      // Counts the times it began to wait.
    Queue slow;                  // Of a slow link.
    bool unacknowledged{false};  // Data arrived whose acknowledgement was cut off.
    bool broken{false};          // What was sent last is lost, and all that comes behind it.
  };
  enum class EndState : std::uint8_t { opening, open, closed };
  struct End {
    HostId host{};
    EndState state{EndState::opening};
  };
  struct Connection {
    std::array<End, 2> ends;
    std::array<Direction, 2> directions;  // By the sending side.
    bool peer{false};
    std::string address;
  };
  using Connections = std::map<std::uint64_t, Connection>;

  static std::size_t side(EndId end) { return end.value & 1U; }
  static EndId end_of(std::uint64_t connection, std::size_t side) {
    return {connection * 2 + side};
  }
  Connection* find(std::uint64_t connection);
  Duration delay();
  void arrive_at_listener(std::uint64_t id, Instant given_up);
  void finish_dial(std::uint64_t id, bool refused);
  void open(std::uint64_t id, std::size_t at);
  void schedule_packet(std::uint64_t id, std::size_t from, Packet packet, Instant when);
  void schedule_in_order(std::uint64_t id, std::size_t from, Packet packet);
  void put_on_path(std::uint64_t id, std::size_t from, Packet packet);
  void queue(std::uint64_t id, std::size_t from, Packet packet);
  void send_next(std::uint64_t id, std::size_t from);
  static void drop_queue(Queue& queue);
  struct Slowness {
    int count{0};
    std::size_t bytes_per_second{0};
  };
  Slowness& slowness(const Connection& connection, std::size_t from) {
    return slow_[{connection.ends[from].host, connection.ends[1 - from].host}];
  }
  void schedule_datagram(std::uint64_t id, std::size_t from, const wire::Frame& frame);
  void arrive(std::uint64_t id, std::size_t from, Packet packet);
  void wait_at_cut(std::uint64_t id, std::size_t from, Packet packet);
  void give_up(std::uint64_t id, std::size_t from, std::uint64_t stall);
  void flush(std::uint64_t id, std::size_t from);
  void deliver(std::uint64_t id, std::size_t from, const Packet& packet);
  void watch_acknowledgement(std::uint64_t id, std::size_t from);
  void close_end(std::uint64_t id, std::size_t at, const std::string& reason);
  void tell_other_end(std::uint64_t id, std::size_t from, const std::string& reason);
  void break_end(std::uint64_t id, std::size_t at, const std::string& reason);
  void forget_if_over(std::uint64_t id);

  NetworkOptions options_;
  Random random_;
  EventQueue& events_;
  Trace& trace_;
  std::vector<Host> hosts_;
  std::map<std::string, HostId> addresses_;
  std::vector<std::vector<int>> cuts_;
  std::map<std::pair<HostId, HostId>, Slowness> slow_;
  Connections connections_;
  std::uint64_t next_connection_{1};
  std::uint64_t frames_{0};
};

}  // namespace muster::sim
