#include "sim/faults.h"

#include <algorithm>
#include <cmath>
#include <limits>

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
      random_of_steps_(scenario.seed * 1'000 + 899) {
  own_.reserve(fault_count);
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    own_.emplace_back(scenario.seed * 0x9e3779b97f4a7c15U + 100 + fault);
  }
}

void Faults::begin() {
  if (scenario_.split_at_start) split();
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    if (scenario_.rates[fault] > 0) schedule(Fault{static_cast<std::uint8_t>(fault)});
  }
  for (const auto& server : world_.servers) {
    server->on_exit([this, one = server.get()] { start_later(*one, random_); });
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
  const double uniform = static_cast<double>(random(fault).below(1'000'000) + 1) / 1e6;
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

Server& Faults::any_server(Random& random) {
  return *world_.servers[random.below(world_.servers.size())];
}

Duration Faults::outage(Random& random) {
  return random.between(milliseconds(1), scenario_.outage_max);
}

void Faults::inject(Fault fault) {
  world_.trace.event(world_.events.now(), name_of(fault), 0);
  switch (fault) {
    case Fault::group_power_loss:
      for (const auto& server : world_.servers) {
        server->die(true);
        start_later(*server, random(fault));
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
    case Fault::slow_link:
      slow_down();
      break;
    case Fault::reset:
      world_.network.reset_one();
      break;
    default:
      inject_into_server(fault, any_server(random(fault)), random(fault));
      break;
  }
}

void Faults::inject_into_server(Fault fault, Server& server, Random& random) {
  switch (fault) {
    case Fault::kill:
    case Fault::power_loss:
      server.die(fault == Fault::power_loss);
      start_later(server, random);
      break;
    case Fault::pause:
      server.pause();
      world_.events.after(outage(random), [&server] { server.resume(); });
      break;
    case Fault::stop:
      if (scenario_.unnoticed && !another_can_take(server)) break;
      server.stop();
      break;
    case Fault::isolate:
      isolate(server, true, true, random);
      break;
    case Fault::one_way_cut: {
      const bool inbound = random.chance(0.5);
      isolate(server, inbound, !inbound, random);
      break;
    }
    case Fault::disk_stall:
      server.stall_disk(world_.events.now() + outage(random));
      break;
    case Fault::sync_failure:
    case Fault::write_failure:
      server.break_disk(fault);
      break;
    case Fault::bit_rot:
      server.die(false);
      server.rot_disk();
      start_later(server, random);
      break;
    default:
      change_machine(fault, server, random);
      break;
  }
}

void Faults::change_machine(Fault fault, Server& server, Random& random) {
  if (server.state() == Server::State::gone) return;
  if (fault == Fault::clock_jump) jump_clock(server, random);
  if (fault == Fault::clock_drift) {
    const auto both_ways = static_cast<std::uint64_t>(2 * scenario_.drift_max + 1);
    server.drift_clock(static_cast<std::int64_t>(random.below(both_ways)) - scenario_.drift_max);
  }
  if (fault == Fault::disk_full) fill_disk(server, random);
  if (fault == Fault::wipe && may_lose_folder(server)) {
    server.wipe();
    start_later(server, random);
  }
}

void Faults::fill_disk(Server& server, Random& random) {
  constexpr std::uint64_t left_max[] = {1, 4'096, 65'536};
  server.fill_disk(random.below(left_max[random.below(std::size(left_max))]));
  world_.events.after(outage(random), [&server] { server.empty_disk(); });
}

void Faults::jump_clock(Server& server, Random& random) {
  using std::chrono::days;
  constexpr milliseconds jumps[] = {std::chrono::minutes(1), std::chrono::hours(1), days(1),
                                    days(365), days(365 * 20)};
  const std::uint64_t draw = random.below(2 * std::size(jumps) + 1);
  const std::int64_t jump = jumps[draw % std::size(jumps)].count();
  // The clock of a machine whose battery is empty begins in 1970.
  constexpr std::int64_t to_1970 = std::numeric_limits<std::int64_t>::min() / 2;
  if (draw == 2 * std::size(jumps)) return server.jump_clock(to_1970);
  server.jump_clock(draw < std::size(jumps) ? jump : -jump);
}

const Server* Faults::newest_leader() const {
  const Server* newest = nullptr;
  for (const auto& server : world_.servers) {
    if (server->state() != Server::State::running || !server->report().leads) continue;
    if (newest == nullptr || server->report().term > newest->report().term) newest = server.get();
  }
  return newest;
}

// What was acknowledged may be on a bare majority of the voters, so that one folder at a time may
// be lost: all others vote, and who votes is committed. Whoever lost one before has left the voters
// by then, and the entry that says so came behind all that it held.
bool Faults::may_lose_folder(const Server& server) const {
  const Server* const leader = newest_leader();
  if (leader == nullptr || !server.was_started()) return false;
  const node::Report& report = leader->report();
  if (report.view == nullptr || report.configuration->majority() < 2) return false;
  // It may be all that there is of another group.
  if (server.report().group && server.report().group != report.group) return false;
  std::set<ServerNumber> intact;
  std::size_t following = 0;
  for (const auto& one : world_.servers) {
    const node::Report& other = one->report();
    if (other.group != report.group || !other.number) continue;
    intact.insert(*other.number);
    const bool follows = one->state() == Server::State::running && other.term == report.term &&
                         other.leader == report.leader &&
                         *other.configuration == *report.configuration;
    if (follows) ++following;
  }
  std::size_t voters = 0;
  for (const auto& [number, role] : report.configuration->members) {
    const auto member = report.view->members.find(number);
    if (member == report.view->members.end()) return false;
    const bool votes = role == raft::MemberRole::voter;
    if (votes != (member->second.role() == wire::Role::VOTER)) return false;
    if (votes && !intact.contains(number)) return false;
    if (votes) ++voters;
  }
  return voters >= 3 && following >= report.configuration->majority();
}

void Faults::hunt(Server& leader) {
  if (over_ || world_.events.now().time_since_epoch() < scenario_.faults_from) return;
  Random& random = this->random(Fault::hunt_leader);
  if (!random.chance(std::min(scenario_.rate(Fault::hunt_leader), 0.8))) return;
  const Duration latest = hunt_after_max[random.below(std::size(hunt_after_max))];
  world_.events.after(random.between(Duration{}, latest), [this, &leader] {
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
      return start_later(*server, random_);
    }
  });
}

// The old leader hears nothing more of the other servers, but its word to stand goes out, and its
// clients still reach it: it doesn't learn that another one leads. Or that word gets lost, and the
// old leader must go on after a while.
void Faults::hunt_hand_over(Server& leader) {
  if (over_ || world_.events.now().time_since_epoch() < scenario_.faults_from) return;
  Random& random = this->random(Fault::hunt_leader);
  const std::uint64_t draw = random.below(3);
  if (draw == 0) return;
  world_.trace.event(world_.events.now(), "hunt-hand-over", leader.host(), draw);
  std::vector<Path> paths;
  if (draw == 1) {
    for (HostId other = 0; other < world_.servers.size(); ++other) {
      if (other != leader.host()) paths.emplace_back(other, leader.host());
    }
  } else {
    const HostId other = any_server(random).host();
    if (other == leader.host()) return;
    paths = {{leader.host(), other}, {other, leader.host()}};
  }
  cut(std::move(paths), random);
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
    world_.events.after(supervisor_wait, [this, &survivor] { start_later(survivor, random_); });
  });
  return true;
}

void Faults::strike(Server& leader) {
  Random& random = this->random(Fault::hunt_leader);
  const std::uint64_t draw = random.below(8);
  world_.trace.event(world_.events.now(), "hunt", 0, draw);
  if (draw == 0) return forget_election(leader);
  if (draw <= 2) return strand(leader);
  constexpr Fault prey[] = {Fault::kill, Fault::power_loss, Fault::isolate, Fault::one_way_cut,
                            Fault::pause};
  const Fault fault = prey[draw - 3];
  if (fault == Fault::power_loss && scenario_.one_machine) return;
  inject_into_server(fault, leader, random);
}

// Only one other server is left to the leader: what it appends now is on a minority.
void Faults::strand(Server& leader) {
  const HostId left = any_server(random(Fault::hunt_leader)).host();
  std::vector<Path> paths;
  for (HostId other = 0; other < world_.servers.size(); ++other) {
    if (other == leader.host() || other == left) continue;
    paths.emplace_back(other, leader.host());
    paths.emplace_back(leader.host(), other);
  }
  cut(std::move(paths), random(Fault::hunt_leader));
}

// All who may have voted lose power at once and come back soon, while their leader is cut off: what
// they did not sync, they promise a second time.
void Faults::forget_election(Server& leader) {
  if (scenario_.one_machine) return;
  isolate(leader, true, true, random(Fault::hunt_leader));
  for (const auto& server : world_.servers) {
    if (server.get() == &leader || !server->was_started()) continue;
    server->die(true);
    world_.events.after(supervisor_wait, [this, one = server.get()] { start(*one); });
  }
}

// Whoever watches over them starts none again before all had their time to stop.
void Faults::stop_all() {
  Random& random = this->random(Fault::stop_all);
  const Duration apart = random.chance(0.5) ? Duration{} : random.between({}, stops_apart_max);
  std::vector<Server*> order;
  for (const auto& server : world_.servers) order.push_back(server.get());
  for (std::size_t at = order.size(); at > 1; --at) {
    std::swap(order[at - 1], order[random.below(at)]);
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

void Faults::start_later(Server& server, Random& random) {
  const Instant soon = std::max(world_.events.now() + supervisor_wait, starts_again_);
  world_.events.at(soon + outage(random), [this, &server] { start(server); });
}

void Faults::start(Server& server) {
  if (!server.was_started()) return;  // One that is still to join.
  if (server.state() == Server::State::down || server.state() == Server::State::dark) {
    server.start();
  }
}

// ---- Cuts ---------------------------------------------------------------------------------------

void Faults::cut(std::vector<Path> paths, Random& random) {
  for (const auto& [from, to] : paths) world_.network.cut(from, to);
  cuts_.push_back(std::move(paths));
  world_.events.after(outage(random), [this, number = cuts_.size() - 1] { heal(number); });
}

void Faults::heal(std::size_t cut) {
  for (const auto& [from, to] : cuts_[cut]) world_.network.heal(from, to);
  cuts_[cut].clear();
}

void Faults::isolate(Server& server, bool inbound, bool outbound, Random& random) {
  const bool clients_too = random.chance(0.5);
  const std::size_t hosts = clients_too ? world_.network.hosts() : world_.servers.size();
  std::vector<Path> paths;
  for (HostId other = 0; other < hosts; ++other) {
    if (other == server.host()) continue;
    if (inbound) paths.emplace_back(other, server.host());
    if (outbound) paths.emplace_back(server.host(), other);
  }
  cut(std::move(paths), random);
}

void Faults::split() {
  Random& random = this->random(Fault::split);
  std::vector<Path> paths;
  std::vector<bool> left;
  for (HostId host = 0; host < world_.network.hosts(); ++host) left.push_back(random.chance(0.5));
  for (HostId from = 0; from < left.size(); ++from) {
    for (HostId to = 0; to < left.size(); ++to) {
      if (left[from] != left[to]) paths.emplace_back(from, to);
    }
  }
  cut(std::move(paths), random);
}

void Faults::cut_pair() {
  Random& random = this->random(Fault::pair_cut);
  const HostId one = any_server(random).host();
  const HostId other = any_server(random).host();
  if (one == other) return;
  const std::uint64_t ways = random.below(3);
  std::vector<Path> paths;
  if (ways != 0) paths.emplace_back(one, other);
  if (ways != 1) paths.emplace_back(other, one);
  cut(std::move(paths), random);
}

void Faults::cut_client() {
  Random& random = this->random(Fault::client_cut);
  const HostId client = world_.clients[random.below(world_.clients.size())]->host();
  std::vector<Path> paths;
  for (const auto& server : world_.servers) {
    paths.emplace_back(client, server->host());
    paths.emplace_back(server->host(), client);
  }
  cut(std::move(paths), random);
}

void Faults::slow_down() {
  Random& random = this->random(Fault::slow_link);
  const HostId one = any_server(random).host();
  const HostId other = random.below(world_.network.hosts());
  const std::uint64_t ways = random.below(3);
  const Duration lasts = outage(random);
  if (one == other) return;
  std::vector<Path> paths;
  if (ways != 0) paths.emplace_back(one, other);
  if (ways != 1) paths.emplace_back(other, one);
  for (const Path& path : paths) {
    world_.network.slow_down(path.first, path.second, scenario_.slow_bytes_per_second);
    slow_.insert(path);
  }
  world_.events.after(lasts, [this, paths] {
    for (const Path& path : paths) speed_up(path);
  });
}

void Faults::speed_up(Path path) {
  const auto slow = slow_.find(path);
  if (slow == slow_.end()) return;  // All was healed.
  slow_.erase(slow);
  world_.network.speed_up(path.first, path.second);
}

void Faults::heal_all() {
  over_ = true;
  starts_again_ = {};
  world_.network.calm();
  world_.datagrams.calm();
  for (std::size_t number = 0; number < cuts_.size(); ++number) heal(number);
  while (!slow_.empty()) speed_up(*slow_.begin());
  for (const auto& server : world_.servers) {
    server->resume();
    server->repair_disk();
    server->empty_disk();
    server->repair_clock();
    start(*server);
  }
}

}  // namespace muster::sim
