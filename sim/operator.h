// A person who steers the group, at random.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/random.h"
#include "sim/event_queue.h"
#include "sim/network.h"
#include "sim/scenario.h"
#include "sim/trace.h"
#include "wire/muster.pb.h"

namespace muster::sim {

/// Asks servers chosen by chance for a hand-over, a removal, a farewell, other settings, a drain or
/// a snapshot, and goes where it is sent. What becomes of it the checkers see. Thread-safety: none.
class Operator final : public Process {
 public:
  struct World {
    EventQueue& events;
    Network& network;
    Trace& trace;
  };

  /// `host` is already on the network. References outlive this.
  Operator(HostId host, const Scenario& scenario, World world);

  /// Wants something from time to time, at the scenario's rate.
  void start();
  void stop() { over_ = true; }
  /// Wants a server to leave for good, now. `leader`: whom to ask.
  void let_leave(std::size_t server, std::size_t leader);
  /// How many wishes came true.
  std::uint64_t granted() const { return granted_; }

  void opened(EndId end, bool peer, bool dialled, const std::string& address) override;
  void dial_failed(EndId end, const std::string& address, bool refused) override;
  void received(EndId end, const wire::Frame& frame) override;
  void closed(EndId end, const std::string& reason) override;

 private:
  struct Wish {
    wire::Steer steer;
    int hops{0};
  };

  void schedule();
  void schedule_drains();
  wire::Steer any_wish();
  void set_something(wire::SettingsChange& change);
  std::string any_name();
  void ask(Wish wish, const std::string& address);
  void answer(EndId end, const wire::Frame& frame);

  const HostId host_;
  const Scenario& scenario_;
  World world_;
  Random random_;
  Random drains_random_;
  std::map<EndId, Wish> wishes_;
  std::uint64_t granted_{0};
  bool left_{false};  // Somebody was told to leave.
  bool over_{false};
};

}  // namespace muster::sim
