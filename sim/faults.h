// What goes wrong in a run, and when.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sim/client.h"
#include "sim/event_queue.h"
#include "sim/network.h"
#include "sim/scenario.h"
#include "sim/server.h"
#include "sim/trace.h"

namespace muster::sim {

using Servers = std::vector<std::unique_ptr<Server>>;
using Clients = std::vector<std::unique_ptr<Client>>;

/// Injects the scenario's faults at random moments, each for a while, until `heal_all`. Also the
/// supervisor that starts a server again whose process has ended. Thread-safety: none.
class Faults {
 public:
  struct World {
    EventQueue& events;
    Network& network;
    Datagrams& datagrams;
    Trace& trace;
    Servers& servers;
    Clients& clients;
  };

  Faults(const Scenario& scenario, World world);

  void begin();
  /// An incident has taken a step: by chance the leader dies of it, at once or soon.
  void incident_moved();
  /// Ends all faults: every machine runs, every path is open, every disk is whole.
  void heal_all();

 private:
  using Path = std::pair<HostId, HostId>;

  void schedule(Fault fault);
  void inject(Fault fault);
  void inject_into_server(Fault fault, Server& server);
  void hunt(Server& leader);
  void hunt_hand_over(Server& leader);
  bool interrupt_fence(Server& survivor);
  void strike(Server& leader);
  void strand(Server& leader);
  void forget_election(Server& leader);
  void start_later(Server& server);
  void start(Server& server);
  void cut(std::vector<Path> paths);
  void heal(std::size_t cut);
  void isolate(Server& server, bool inbound, bool outbound);
  void stop_all();
  void split();
  void cut_pair();
  void cut_client();
  bool another_can_take(const Server& server) const;
  Server& any_server();
  Duration outage();

  const Scenario& scenario_;
  World world_;
  Random random_;
  Random random_of_steps_;
  std::vector<std::vector<Path>> cuts_;  // Healed ones are empty.
  Instant starts_again_{};               // Nothing is started before.
  bool over_{false};
};

}  // namespace muster::sim
