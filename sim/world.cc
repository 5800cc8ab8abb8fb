#include "sim/world.h"

#include <algorithm>

namespace muster::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Simulated time, after the last fault, within which the group must be live: elections, dialling
/// with back-off, a snapshot for who lags, and hand-overs that were put off by repeated losses.
constexpr Duration live_within = seconds(60);
constexpr Duration verify_within = seconds(10);
constexpr Duration look_every = milliseconds(50);

/// The rule of design: as many voters as tolerate one loss more only in pairs.
std::size_t voters_for(std::size_t members) {
  if (members <= 2) return members;
  return members <= 4 ? 3 : 5;
}

}  // namespace

World::World(const Scenario& scenario, bool printing)
    : scenario_(scenario),
      trace_(printing),
      checkers_(scenario.limits),
      network_(scenario.network, scenario.seed * 1'000 + 901, events_, trace_),
      faults_(scenario_, {events_, network_, trace_, servers_, clients_}) {
  auto storage = std::make_shared<Storage>(scenario.seed * 1'000 + 902);
  for (std::size_t number = 0; number < scenario_.servers; ++number) {
    if (number > 0 && !scenario_.one_machine) {
      storage = std::make_shared<Storage>(scenario.seed * 1'000 + 902 + number);
    }
    const HostId host = network_.add_host({peer_address(number), client_address(number)});
    servers_.push_back(std::make_unique<Server>(
        number, host, scenario_, Server::World{events_, network_, checkers_, trace_, storage}));
  }
  for (std::size_t number = 0; number < scenario_.load.clients; ++number) {
    const HostId host = network_.add_host({});
    clients_.push_back(
        std::make_unique<Client>(static_cast<std::uint32_t>(number + 1), host, scenario_,
                                 Client::World{events_, network_, checkers_, trace_}));
  }
}

Summary World::run() {
  Random random(scenario_.seed + 77);
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    const bool founder = number < scenario_.founders;
    const Duration latest = founder ? milliseconds(200) : scenario_.faults_until;
    events_.after(random.between(Duration{}, latest), [this, number] { start(number); });
  }
  for (const auto& client : clients_) client->start();
  events_.after(scenario_.faults_from, [this] { faults_.begin(); });
  run_until(Instant{scenario_.faults_until});
  faults_.heal_all();
  run_until(Instant{std::max(scenario_.length * 9 / 10, scenario_.faults_until)});
  for (const auto& client : clients_) client->stop();
  wait_until_live();
  verify_contents();

  Summary summary;
  summary.simulated = events_.now().time_since_epoch();
  summary.steps = events_.steps();
  summary.frames = network_.frames();
  for (const auto& client : clients_) summary.acknowledged += client->answered();
  summary.digest = trace_.digest();
  return summary;
}

// Servers that only join wait for a group: they could not help to found one.
void World::start(std::size_t number) {
  const auto in_group = [](const auto& server) { return server->report().commit.value > 0; };
  if (servers_[number]->state() != Server::State::dark) return;
  if (number < scenario_.founders || std::ranges::any_of(servers_, in_group)) {
    servers_[number]->start();
  } else {
    events_.after(look_every, [this, number] { start(number); });
  }
}

void World::run_until(Instant until) {
  while (events_.run_next(until)) {
  }
}

void World::wait_until_live() {
  const Instant bound = Instant{std::max(scenario_.faults_until, scenario_.length)} + live_within;
  std::optional<std::string> missing = what_is_missing();
  while (missing && events_.now() < bound) {
    run_until(events_.now() + look_every);
    missing = what_is_missing();
  }
  if (missing) throw Violation("live after the faults", *missing);
}

void World::verify_contents() {
  for (const auto& client : clients_) client->verify();
  const Instant bound = events_.now() + verify_within;
  const auto done = [this] {
    return std::ranges::all_of(clients_, [](const auto& client) { return client->idle(); });
  };
  while (!done() && events_.now() < bound) run_until(events_.now() + look_every);
  if (!done()) throw Violation("live after the faults", "the last reads got no answer");
}

std::optional<std::string> World::what_is_missing() const {
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    if (auto missing = what_is_missing(*servers_[number], number)) return missing;
  }
  for (std::size_t number = 0; number < clients_.size(); ++number) {
    if (!clients_[number]->idle()) return "client " + std::to_string(number + 1) + " waits";
  }
  return std::nullopt;
}

std::optional<std::string> World::what_is_missing(const Server& server, std::size_t number) const {
  const std::string name = "server " + std::to_string(number);
  // A survivor that restarts before it has gone on alone waits for what it fenced: safe, not live.
  const auto kept_out = [](const auto& other) { return other->kept_out(); };
  if (std::ranges::any_of(servers_, kept_out)) return std::nullopt;
  if (server.state() != Server::State::running) return name + " does not run";
  const node::Report& report = server.report();
  if (report.phase != node::Phase::running) return name + " is in no group";
  LogIndex newest = checkers_.acknowledged.newest();
  for (const auto& other : servers_) {
    newest = std::max(newest, other->report().commit);
  }
  ServerNumber best;
  std::size_t voters = 0;
  for (const auto& [member, role] : report.configuration.members) {
    if (role != raft::MemberRole::voter) continue;
    best = std::max(best, member);
    ++voters;
  }
  if (voters < voters_for(servers_.size())) {
    return "only " + std::to_string(voters) + " servers vote";
  }
  if (!report.leader) return name + " knows no leader";
  if (*report.leader != best) {
    return name + " follows " + std::to_string(report.leader->value) + " instead of " +
           std::to_string(best.value);
  }
  if (report.applied < newest) {
    return name + " has applied " + std::to_string(report.applied.value) + " of " +
           std::to_string(newest.value);
  }
  return std::nullopt;
}

}  // namespace muster::sim
