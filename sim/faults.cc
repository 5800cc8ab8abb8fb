#include "sim/faults.h"

#include <algorithm>
#include <cmath>

namespace muster::sim {

namespace {

using std::chrono::milliseconds;

constexpr Duration supervisor_wait = milliseconds(20);
constexpr Duration stops_apart_max = milliseconds(1'500);
constexpr Duration stop_time = milliseconds(1'000);
/// So soon after its election a leader is hunted, by chance one of these: while its first entries
/// are on their way, or on their way to the disks.
constexpr Duration hunt_after_max[] = {std::chrono::microseconds(200), milliseconds(2),
                                       milliseconds(30)};

}  // namespace

Faults::Faults(const Scenario& scenario, World world)
    : scenario_(scenario),
      world_(world),
      random_(scenario.seed * 1'000 + 900),
      random_of_steps_(scenario.seed * 1'000 + 899) {}

void Faults::begin() {
  if (scenario_.split_at_start) split();
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    if (scenario_.rates[fault] > 0) schedule(Fault{static_cast<std::uint8_t>(fault)});
  }
  for (const auto& server : world_.servers) {
    server->on_exit([this, one = server.get()] { start_later(*one); });
    server->on_fenced([this, one = server.get()] { return interrupt_fence(*one); });
    if (scenario_.rate(Fault::hunt_leader) > 0) {
      server->on_lead([this, one = server.get()] { hunt(*one); });
      server->on_hand_over([this, one = server.get()] { hunt_hand_over(*one); });
    }
  }
}

// Moments without memory: the time to the next one is exponentially distributed.
void Faults::schedule(Fault fault) {
  if (fault == Fault::hunt_leader) return;
  const double uniform = static_cast<double>(random_.below(1'000'000) + 1) / 1e6;
  const double seconds = -std::log(uniform) / scenario_.rate(fault);
  const Duration wait{static_cast<std::int64_t>(std::min(seconds, 1e3) * 1e6)};
  world_.events.after(std::max(wait, Duration{1}), [this, fault] {
    if (over_) return;
    inject(fault);
    schedule(fault);
  });
}

// All that were started run and know the same, and one of the others takes clients.
bool Faults::another_can_take(const Server& server) const {
  if (server.state() != Server::State::running) return false;
  bool takes = false;
  const LogIndex applied = server.report().applied;
  for (const auto& one : world_.servers) {
    if (one->state() == Server::State::dark) continue;
    if (one->state() != Server::State::running) return false;
    const node::Report& report = one->report();
    const bool is_member = report.view != nullptr && report.number && report.leader;
    if (!is_member || report.stopping || report.applied != applied) return false;
    const auto member = report.view->members.find(*report.number);
    if (member == report.view->members.end()) return false;
    if (member->second.state() != wire::ServerState::ALIVE) return false;
    takes = takes || (one.get() != &server && !member->second.drained());
  }
  return takes;
}

Server& Faults::any_server() {
  return *world_.servers[random_.below(world_.servers.size())];
}

Duration Faults::outage() {
  return random_.between(milliseconds(1), scenario_.outage_max);
}

void Faults::inject(Fault fault) {
  world_.trace.event(world_.events.now(), name_of(fault), 0);
  switch (fault) {
    case Fault::group_power_loss:
      for (const auto& server : world_.servers) {
        server->die(true);
        start_later(*server);
      }
      break;
    case Fault::stop_all:
      stop_all();
      break;
    case Fault::split:
      split();
      break;
    case Fault::pair_cut:
      cut_pair();
      break;
    case Fault::client_cut:
      cut_client();
      break;
    case Fault::reset:
      world_.network.reset_one();
      break;
    default:
      inject_into_server(fault, any_server());
      break;
  }
}

void Faults::inject_into_server(Fault fault, Server& server) {
  switch (fault) {
    case Fault::kill:
    case Fault::power_loss:
      server.die(fault == Fault::power_loss);
      start_later(server);
      break;
    case Fault::pause:
      server.pause();
      world_.events.after(outage(), [&server] { server.resume(); });
      break;
    case Fault::stop:
      if (scenario_.unnoticed && !another_can_take(server)) break;
      server.stop();
      break;
    case Fault::isolate:
      isolate(server, true, true);
      break;
    case Fault::one_way_cut: {
      const bool inbound = random_.chance(0.5);
      isolate(server, inbound, !inbound);
      break;
    }
    case Fault::disk_stall:
      server.stall_disk(world_.events.now() + outage());
      break;
    case Fault::sync_failure:
    case Fault::write_failure:
      server.break_disk(fault);
      break;
    case Fault::bit_rot:
      server.die(false);
      server.rot_disk();
      start_later(server);
      break;
    default:
      break;
  }
}

void Faults::hunt(Server& leader) {
  if (over_ || world_.events.now().time_since_epoch() < scenario_.faults_from) return;
  if (!random_.chance(std::min(scenario_.rate(Fault::hunt_leader), 0.8))) return;
  const Duration latest = hunt_after_max[random_.below(std::size(hunt_after_max))];
  world_.events.after(random_.between(Duration{}, latest), [this, &leader] {
    if (over_ || leader.state() != Server::State::running || !leader.report().leads) return;
    strike(leader);
  });
}

void Faults::incident_moved() {
  if (over_ || world_.events.now().time_since_epoch() < scenario_.faults_from) return;
  if (!random_of_steps_.chance(scenario_.mobility.deadly_steps)) return;
  const Duration latest = hunt_after_max[random_of_steps_.below(std::size(hunt_after_max))];
  world_.events.after(random_of_steps_.between(Duration{}, latest), [this] {
    if (over_) return;
    for (const auto& server : world_.servers) {
      if (server->state() != Server::State::running || !server->report().leads) continue;
      server->die(false);
      return start_later(*server);
    }
  });
}

// The old leader hears nothing more of the other servers, but its word to stand goes out, and its
// clients still reach it: it doesn't learn that another one leads. Or that word gets lost, and the
// old leader must go on after a while.
void Faults::hunt_hand_over(Server& leader) {
  if (over_ || world_.events.now().time_since_epoch() < scenario_.faults_from) return;
  const std::uint64_t draw = random_.below(3);
  if (draw == 0) return;
  world_.trace.event(world_.events.now(), "hunt-hand-over", leader.host(), draw);
  std::vector<Path> paths;
  if (draw == 1) {
    for (HostId other = 0; other < world_.servers.size(); ++other) {
      if (other != leader.host()) paths.emplace_back(other, leader.host());
    }
  } else {
    const HostId other = any_server().host();
    if (other == leader.host()) return;
    paths = {{leader.host(), other}, {other, leader.host()}};
  }
  cut(std::move(paths));
}

// The survivor is killed after it has fenced the other, before it stores that it goes on alone, and
// the other is started first: it puts its folder away, and the record in it.
bool Faults::interrupt_fence(Server& survivor) {
  if (over_ || world_.events.now().time_since_epoch() < scenario_.faults_from) return false;
  if (!random_.chance(0.5)) return false;
  world_.trace.event(world_.events.now(), "interrupt-fence", survivor.host());
  world_.events.after(Duration{}, [this, &survivor] {
    survivor.die(false);
    for (const auto& server : world_.servers) {
      if (server.get() == &survivor) continue;
      world_.events.after(supervisor_wait, [this, one = server.get()] { start(*one); });
    }
    world_.events.after(supervisor_wait, [this, &survivor] { start_later(survivor); });
  });
  return true;
}

void Faults::strike(Server& leader) {
  const std::uint64_t draw = random_.below(8);
  world_.trace.event(world_.events.now(), "hunt", 0, draw);
  if (draw == 0) return forget_election(leader);
  if (draw <= 2) return strand(leader);
  constexpr Fault prey[] = {Fault::kill, Fault::power_loss, Fault::isolate, Fault::one_way_cut,
                            Fault::pause};
  const Fault fault = prey[draw - 3];
  if (fault == Fault::power_loss && scenario_.one_machine) return;
  inject_into_server(fault, leader);
}

// Only one other server is left to the leader: what it appends now is on a minority.
void Faults::strand(Server& leader) {
  const HostId left = any_server().host();
  std::vector<Path> paths;
  for (HostId other = 0; other < world_.servers.size(); ++other) {
    if (other == leader.host() || other == left) continue;
    paths.emplace_back(other, leader.host());
    paths.emplace_back(leader.host(), other);
  }
  cut(std::move(paths));
}

// All who may have voted lose power at once and come back soon, while their leader is cut off: what
// they did not sync, they promise a second time.
void Faults::forget_election(Server& leader) {
  if (scenario_.one_machine) return;
  isolate(leader, true, true);
  for (const auto& server : world_.servers) {
    if (server.get() == &leader || !server->was_started()) continue;
    server->die(true);
    world_.events.after(supervisor_wait, [this, one = server.get()] { start(*one); });
  }
}

// Whoever watches over them starts none again before all had their time to stop.
void Faults::stop_all() {
  const Duration apart = random_.chance(0.5) ? Duration{} : random_.between({}, stops_apart_max);
  std::vector<Server*> order;
  for (const auto& server : world_.servers) order.push_back(server.get());
  for (std::size_t at = order.size(); at > 1; --at) {
    std::swap(order[at - 1], order[random_.below(at)]);
  }
  Duration wait{};
  for (Server* const server : order) {
    world_.events.after(wait, [this, server] {
      if (!over_) server->stop();
    });
    wait += apart;
  }
  starts_again_ = world_.events.now() + wait + stop_time;
}

void Faults::start_later(Server& server) {
  const Instant soon = std::max(world_.events.now() + supervisor_wait, starts_again_);
  world_.events.at(soon + outage(), [this, &server] { start(server); });
}

void Faults::start(Server& server) {
  if (!server.was_started()) return;  // One that is still to join.
  if (server.state() == Server::State::down || server.state() == Server::State::dark) {
    server.start();
  }
}

// ---- Cuts ---------------------------------------------------------------------------------------

void Faults::cut(std::vector<Path> paths) {
  for (const auto& [from, to] : paths) world_.network.cut(from, to);
  cuts_.push_back(std::move(paths));
  world_.events.after(outage(), [this, number = cuts_.size() - 1] { heal(number); });
}

void Faults::heal(std::size_t cut) {
  for (const auto& [from, to] : cuts_[cut]) world_.network.heal(from, to);
  cuts_[cut].clear();
}

void Faults::isolate(Server& server, bool inbound, bool outbound) {
  const bool clients_too = random_.chance(0.5);
  const std::size_t hosts = clients_too ? world_.network.hosts() : world_.servers.size();
  std::vector<Path> paths;
  for (HostId other = 0; other < hosts; ++other) {
    if (other == server.host()) continue;
    if (inbound) paths.emplace_back(other, server.host());
    if (outbound) paths.emplace_back(server.host(), other);
  }
  cut(std::move(paths));
}

void Faults::split() {
  std::vector<Path> paths;
  std::vector<bool> left;
  for (HostId host = 0; host < world_.network.hosts(); ++host) left.push_back(random_.chance(0.5));
  for (HostId from = 0; from < left.size(); ++from) {
    for (HostId to = 0; to < left.size(); ++to) {
      if (left[from] != left[to]) paths.emplace_back(from, to);
    }
  }
  cut(std::move(paths));
}

void Faults::cut_pair() {
  const HostId one = any_server().host();
  const HostId other = any_server().host();
  if (one == other) return;
  const std::uint64_t ways = random_.below(3);
  std::vector<Path> paths;
  if (ways != 0) paths.emplace_back(one, other);
  if (ways != 1) paths.emplace_back(other, one);
  cut(std::move(paths));
}

void Faults::cut_client() {
  const HostId client = world_.clients[random_.below(world_.clients.size())]->host();
  std::vector<Path> paths;
  for (const auto& server : world_.servers) {
    paths.emplace_back(client, server->host());
    paths.emplace_back(server->host(), client);
  }
  cut(std::move(paths));
}

void Faults::heal_all() {
  over_ = true;
  starts_again_ = {};
  world_.network.calm();
  world_.datagrams.calm();
  for (std::size_t number = 0; number < cuts_.size(); ++number) heal(number);
  for (const auto& server : world_.servers) {
    server->resume();
    server->repair_disk();
    start(*server);
  }
}

}  // namespace muster::sim
