// What goes wrong in a run, and when.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
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

  /// Of all faults, or of this kind alone.
  Random& random(Fault fault) {
    return scenario_.own_numbers ? own_[static_cast<std::size_t>(fault)] : random_;
  }
  void schedule(Fault fault);
  void inject(Fault fault);
  /// With the numbers of whoever wants it.
  void inject_into_server(Fault fault, Server& server, Random& random);
  void change_machine(Fault fault, Server& server, Random& random);
  void hunt(Server& leader);
  void hunt_hand_over(Server& leader);
  bool interrupt_fence(Server& survivor);
  void strike(Server& leader);
  void strand(Server& leader);
  void forget_election(Server& leader);
  void start_later(Server& server, Random& random);
  void start(Server& server);
  void cut(std::vector<Path> paths, Random& random);
  void heal(std::size_t cut);
  void isolate(Server& server, bool inbound, bool outbound, Random& random);
  void stop_all();
  void split();
  void cut_pair();
  void cut_client();
  void slow_down();
  void speed_up(Path path);
  void fill_disk(Server& server, Random& random);
  void jump_clock(Server& server, Random& random);
  bool another_can_take(const Server& server) const;
  bool may_lose_folder(const Server& server) const;
  const Server* newest_leader() const;
  Server& any_server(Random& random);
  Duration outage(Random& random);

  const Scenario& scenario_;
  World world_;
  Random random_;
  Random random_of_steps_;
  std::vector<Random> own_;              // By kind.
  std::vector<std::vector<Path>> cuts_;  // Healed ones are empty.
  std::multiset<Path> slow_;
  Instant starts_again_{};  // Nothing is started before.
  bool over_{false};
};

}  // namespace muster::sim
