#include "sim/large_group.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "muster/check.h"
#include "node/voters.h"

namespace muster::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t founders_usual = 5;
constexpr Duration founders_start_within = milliseconds(200);
/// The others come when there is a group.
constexpr Duration joiners_from = seconds(4);
constexpr Duration joiners_until = seconds(9);

constexpr Duration converges_within = seconds(120);
/// What the times are exact to.
constexpr Duration glance = milliseconds(10);
constexpr Duration split_length = seconds(30);
constexpr Duration rest_length = seconds(60);
constexpr Duration warm_up = seconds(3);
constexpr Duration work_length = seconds(20);
constexpr std::size_t third = 3;
constexpr std::size_t voters_cut_off = 2;

double in_seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

std::string named(std::size_t server) {
  return "server " + std::to_string(server);
}

void add(RateByType& rates, const SentByType& before, const SentByType& after, double divisor) {
  for (const auto& [type, sent] : after) {
    const auto found = before.find(type);
    const Sent earlier = found == before.end() ? Sent{} : found->second;
    if (sent.frames == earlier.frames) continue;
    rates[type].frames += static_cast<double>(sent.frames - earlier.frames) / divisor;
    rates[type].bytes += static_cast<double>(sent.bytes - earlier.bytes) / divisor;
  }
}

}  // namespace

Rate sum(const RateByType& rates) {
  Rate all;
  for (const auto& [type, rate] : rates) {
    all.frames += rate.frames;
    all.bytes += rate.bytes;
  }
  return all;
}

Scenario large_group(std::uint64_t seed, std::size_t servers) {
  check(servers >= large_group_min && servers <= large_group_max);
  Scenario scenario;
  scenario.seed = seed;
  scenario.profile = "large";
  scenario.servers = servers + 1;
  scenario.founders = founders_usual;
  scenario.strict_founding = false;
  scenario.seeds = false;
  scenario.turn_max = std::chrono::microseconds(200);
  scenario.limits.group = "large";
  scenario.limits.discovery = true;
  scenario.priorities.assign(scenario.servers, node::Options{}.priority);
  shape_wan(scenario);
  // Small ones, as each server's disk is in this process's memory.
  scenario.disk.log.segment_bytes = std::size_t{1} << 18U;
  scenario.disk.log.payload_bytes_max = scenario.disk.log.segment_bytes / 2;
  scenario.disk.log.spare_slice_bytes = std::size_t{1} << 15U;
  return scenario;
}

LargeGroup::LargeGroup(const Scenario& scenario, bool printing, Progress progress)
    : scenario_(scenario),
      progress_(std::move(progress)),
      trace_(printing),
      checkers_(scenario.limits, scenario.strict_founding, scenario.auctions.limits,
                scenario.mobility.limits, scenario.chat.limits),
      network_(scenario.network, scenario.seed * 1'000 + 901, events_, trace_),
      datagrams_(scenario_, events_, network_, trace_) {
  for (std::size_t server = 0; server < scenario_.servers; ++server) {
    const HostId host = network_.add_host({peer_address(server), client_address(server)});
    servers_.push_back(std::make_unique<Server>(
        server, host, scenario_,
        Server::World{events_, network_, datagrams_, checkers_, trace_,
                      std::make_shared<Storage>(scenario.seed * 1'000 + 902 + server)}));
  }
}

LargeFigures LargeGroup::measure() {
  LargeFigures figures;
  figures.grown = grow();
  join(figures);
  lose_a_standby(figures);
  lose_a_voter(figures);
  lose_the_leader(figures);
  split(figures);
  rest(figures);
  work(figures);
  figures.digest = trace_.digest();
  return figures;
}

// ---- What happens -------------------------------------------------------------------------------

double LargeGroup::grow() {
  Random random(scenario_.seed + 77);
  for (std::size_t server = 0; server + 1 < scenario_.servers; ++server) {
    const Duration at = server < scenario_.founders
                            ? random.between(Duration{}, founders_start_within)
                            : random.between(joiners_from, joiners_until);
    events_.after(at, [this, server] { servers_[server]->start(); });
    alive_.insert(server);
  }
  return until("a group is there", events_.now(), [this] { return lacks_rest(alive_); });
}

void LargeGroup::join(LargeFigures& figures) {
  const Instant began = events_.now();
  const std::size_t joiner = scenario_.servers - 1;
  servers_[joiner]->start();
  alive_.insert(joiner);
  figures.joined = until("one joins", began, [this] { return lacks_states(alive_); });
  figures.joiner_leads = until("one has joined", began, [this] { return lacks_rest(alive_); });
}

void LargeGroup::lose_a_standby(LargeFigures& figures) {
  const Instant began = events_.now();
  const std::size_t lost = with_role(wire::Role::STANDBY).front();
  kill(lost);
  figures.standby_lost = until("a standby is lost", began, [this] { return lacks_states(alive_); });
  figures.standby_back = restart(lost);
}

void LargeGroup::lose_a_voter(LargeFigures& figures) {
  const Instant began = events_.now();
  const std::size_t lost = with_role(wire::Role::VOTER).front();
  kill(lost);
  figures.voter_lost = until("a voter is lost", began, [this] { return lacks_states(alive_); });
  figures.voter_replaced = until("a voter is replaced", began, [this] {
    const Lack lack = lacks_states(alive_);
    return lack ? lack : lacks_voters(alive_);
  });
  restart(lost);
}

void LargeGroup::lose_the_leader(LargeFigures& figures) {
  const Instant began = events_.now();
  const std::size_t lost = leader();
  kill(lost);
  figures.leader_known = until("a leader is lost", began, [this] { return lacks_leader(alive_); });
  figures.leader_lost = until("a leader is replaced", began, [this] {
    if (Lack lack = lacks_states(alive_)) return lack;
    return lacks_election(alive_);
  });
  restart(lost);
}

void LargeGroup::split(LargeFigures& figures) {
  const Instant began = events_.now();
  Indices some{leader()};
  const auto voters = with_role(wire::Role::VOTER);
  some.insert(voters.begin(), voters.begin() + voters_cut_off - 1);
  for (const std::size_t standby : with_role(wire::Role::STANDBY)) {
    if (some.size() < alive_.size() / third) some.insert(standby);
  }
  Indices others;
  std::ranges::set_difference(alive_, some, std::inserter(others, others.end()));
  cut(some, false);
  figures.split_agreed =
      until("a third is cut off", began, [&] { return lacks_agreement(others); });
  run_until(std::max(events_.now(), began + split_length));
  const Instant healed = events_.now();
  cut(some, true);
  figures.healed = until("a cut is over", healed, [this] { return lacks_agreement(alive_); });
  figures.healed_settled = until("a cut was over", healed, [this] { return lacks_rest(alive_); });
}

void LargeGroup::rest(LargeFigures& figures) {
  const Counts before = counts();
  stay(rest_length);
  figures.leader_at_rest = rate(leader(), before, rest_length);
  figures.standby_at_rest = rate_of_standbys(before, rest_length);
  DatagramCounts all;
  for (const std::size_t server : alive_) {
    const HostId host = servers_[server]->host();
    const DatagramCounts now = datagrams_.counts(host);
    all.beacons += now.beacons - before.datagrams[server].beacons;
    all.heard += now.heard - before.datagrams[server].heard;
  }
  const double divisor = in_seconds(rest_length) * static_cast<double>(alive_.size());
  figures.beacons_sent = static_cast<double>(all.beacons) / divisor;
  figures.datagrams_heard = static_cast<double>(all.heard) / divisor;
}

RateByType LargeGroup::leader_at_rest(Duration length) {
  const Counts before = counts();
  stay(length);
  return rate(leader(), before, length);
}

void LargeGroup::work(LargeFigures& figures) {
  for (std::size_t client = 0; client < scenario_.load.clients; ++client) {
    clients_.push_back(std::make_unique<Client>(
        static_cast<std::uint32_t>(client + 1), network_.add_host({}), scenario_,
        Client::World{events_, network_, datagrams_, checkers_, trace_}));
    clients_.back()->start();
  }
  run_until(events_.now() + warm_up);
  const Counts before = counts();
  const LogIndex first = servers_[leader()]->report().commit;
  stay(work_length);
  const LogIndex last = servers_[leader()]->report().commit;
  figures.entries = static_cast<double>(last.value - first.value) / in_seconds(work_length);
  figures.leader_busy = sum(rate(leader(), before, work_length));
  figures.standby_busy = sum(rate_of_standbys(before, work_length));
  for (const auto& client : clients_) client->stop();
  until("clients have their answers", events_.now(), [this]() -> Lack {
    for (const auto& client : clients_) {
      if (!client->idle() || !client->told_all()) return "one waits";
    }
    return lacks_rest(alive_);
  });
  checkers_.history.check();
}

void LargeGroup::run_until(Instant until) {
  while (events_.run_next(until)) {
  }
}

double LargeGroup::until(const std::string& what, Instant since,
                         const std::function<Lack()>& lack) {
  const Instant began = events_.now();
  while (const Lack lacking = lack()) {
    if (events_.now() - began >= converges_within) {
      throw Violation(
          "converges",
          what + ": after " + std::to_string(converges_within / seconds(1)) + " s " + *lacking);
    }
    run_until(events_.now() + glance);
  }
  const double seconds = in_seconds(events_.now() - since);
  if (progress_) progress_(what, seconds);
  return seconds;
}

void LargeGroup::kill(std::size_t server) {
  servers_[server]->die(false);
  alive_.erase(server);
}

double LargeGroup::restart(std::size_t server) {
  const Instant began = events_.now();
  servers_[server]->start();
  alive_.insert(server);
  return until("one is back", began, [this] { return lacks_rest(alive_); });
}

void LargeGroup::cut(const Indices& some, bool heals) {
  const auto change = [&](HostId from, HostId to) {
    if (heals) return network_.heal(from, to);
    network_.cut(from, to);
  };
  for (const std::size_t one : some) {
    for (std::size_t other = 0; other < servers_.size(); ++other) {
      if (some.contains(other)) continue;
      change(servers_[one]->host(), servers_[other]->host());
      change(servers_[other]->host(), servers_[one]->host());
    }
  }
}

void LargeGroup::stay(Duration length) {
  const std::uint64_t before = view().number;
  run_until(events_.now() + length);
  if (progress_) progress_("nobody comes or goes", in_seconds(length));
  if (view().number == before) return;
  throw Violation("rests", "the view has changed while nothing happened");
}

// ---- What is missing, in plain words ------------------------------------------------------------

std::set<ServerNumber> LargeGroup::numbers(const Indices& servers) const {
  std::set<ServerNumber> all;
  for (const std::size_t server : servers) {
    if (servers_[server]->report().number) all.insert(*servers_[server]->report().number);
  }
  return all;
}

LargeGroup::Lack LargeGroup::lacks_states(const Indices& alive) const {
  const std::set<ServerNumber> all = numbers(alive);
  for (const std::size_t server : alive) {
    if (Lack lack = lacks_states(server, all)) return lack;
  }
  if (all.size() != alive.size()) return "some have no number";
  return std::nullopt;
}

// These live, and all other members have failed.
LargeGroup::Lack LargeGroup::lacks_states(std::size_t server,
                                          const std::set<ServerNumber>& alive) const {
  const node::Report& report = servers_[server]->report();
  if (servers_[server]->state() != Server::State::running) return named(server) + " does not run";
  if (report.view == nullptr || report.view->number == 0) return named(server) + " is in no group";
  if (report.group != servers_[*alive_.begin()]->report().group) {
    return named(server) + " is in another group than the first one";
  }
  std::size_t living = 0;
  for (const auto& [number, member] : report.view->members) {
    const bool lives = alive.contains(number);
    if (lives) ++living;
    if (member.state() == (lives ? wire::ServerState::ALIVE : wire::ServerState::FAILED)) continue;
    return named(server) + " says that number " + std::to_string(number.value) + " is " +
           wire::ServerState::Value_Name(member.state());
  }
  if (living == alive.size()) return std::nullopt;
  return named(server) + " knows " + std::to_string(living) + " of " +
         std::to_string(alive.size()) + " that live";
}

// As many as should vote, and none of them lost.
LargeGroup::Lack LargeGroup::lacks_voters(const Indices& alive) const {
  const std::set<ServerNumber> all = numbers(alive);
  const std::size_t wanted = node::voters_for(alive.size(), scenario_.limits.voters);
  for (const std::size_t server : alive) {
    std::size_t voters = 0;
    for (const auto& [number, member] : servers_[server]->report().view->members) {
      if (member.role() != wire::Role::VOTER) continue;
      ++voters;
      if (!all.contains(number)) return named(server) + " says that a lost one votes";
    }
    if (voters != wanted) return named(server) + " sees " + std::to_string(voters) + " voters";
  }
  return std::nullopt;
}

LargeGroup::Lack LargeGroup::lacks_leader(const Indices& alive) const {
  const std::set<ServerNumber> all = numbers(alive);
  const auto& leader = servers_[*alive.begin()]->report().leader;
  for (const std::size_t server : alive) {
    const node::Report& report = servers_[server]->report();
    if (!report.leader || !all.contains(*report.leader)) return named(server) + " has no leader";
    if (report.leader != leader) return named(server) + " has another leader";
  }
  return std::nullopt;
}

LargeGroup::Lack LargeGroup::lacks_election(const Indices& alive) const {
  if (Lack lack = lacks_leader(alive)) return lack;
  for (const std::size_t server : alive) {
    const node::Report& report = servers_[server]->report();
    const auto& election = report.view->election;
    if (election && election->leader() == report.leader->value) continue;
    return named(server) + " has not heard how its leader was elected";
  }
  return std::nullopt;
}

LargeGroup::Lack LargeGroup::lacks_equality(const Indices& alive) const {
  LogIndex newest;
  for (const std::size_t server : alive) {
    newest = std::max(newest, servers_[server]->report().commit);
  }
  for (const std::size_t server : alive) {
    if (servers_[server]->report().applied < newest) return named(server) + " is behind";
  }
  return std::nullopt;
}

LargeGroup::Lack LargeGroup::lacks_agreement(const Indices& alive) const {
  if (Lack lack = lacks_states(alive)) return lack;
  if (Lack lack = lacks_voters(alive)) return lack;
  if (Lack lack = lacks_election(alive)) return lack;
  return lacks_equality(alive);
}

// By the group's rule the highest number leads, and the highest ones vote.
LargeGroup::Lack LargeGroup::lacks_rest(const Indices& alive) const {
  if (Lack lack = lacks_agreement(alive)) return lack;
  const std::set<ServerNumber> all = numbers(alive);
  const auto& members = view().members;
  const std::size_t wanted = node::voters_for(alive.size(), scenario_.limits.voters);
  const auto best = std::next(all.begin(), static_cast<std::ptrdiff_t>(all.size() - wanted));
  for (auto number = best; number != all.end(); ++number) {
    if (members.at(*number).role() == wire::Role::VOTER) continue;
    return "number " + std::to_string(number->value) + " does not vote";
  }
  if (servers_[leader()]->report().number == *all.rbegin()) return std::nullopt;
  return "number " + std::to_string(all.rbegin()->value) + " does not lead";
}

// ---- Who is what, and what was sent -------------------------------------------------------------

const group::View& LargeGroup::view() const {
  return *servers_[*alive_.begin()]->report().view;
}

std::size_t LargeGroup::leader() const {
  const auto& leader = servers_[*alive_.begin()]->report().leader;
  const auto found = std::ranges::find_if(
      alive_, [&](std::size_t server) { return servers_[server]->report().number == leader; });
  check(found != alive_.end());
  return *found;
}

std::vector<std::size_t> LargeGroup::with_role(wire::Role::Value role) const {
  std::vector<std::size_t> all;
  for (const std::size_t server : alive_) {
    const auto& member = view().members.at(*servers_[server]->report().number);
    if (member.role() == role && server != leader()) all.push_back(server);
  }
  return all;
}

LargeGroup::Counts LargeGroup::counts() const {
  Counts all;
  for (const auto& server : servers_) {
    all.sent.push_back(network_.sent(server->host()));
    all.datagrams.push_back(datagrams_.counts(server->host()));
  }
  return all;
}

RateByType LargeGroup::rate(std::size_t server, const Counts& before, Duration length) const {
  RateByType rates;
  add(rates, before.sent[server], network_.sent(servers_[server]->host()), in_seconds(length));
  return rates;
}

RateByType LargeGroup::rate_of_standbys(const Counts& before, Duration length) const {
  const std::vector<std::size_t> standbys = with_role(wire::Role::STANDBY);
  const double divisor = in_seconds(length) * static_cast<double>(standbys.size());
  RateByType rates;
  for (const std::size_t standby : standbys) {
    add(rates, before.sent[standby], network_.sent(servers_[standby]->host()), divisor);
  }
  return rates;
}

LargeFigures measure_large_group(std::uint64_t seed, std::size_t servers, bool printing,
                                 const Progress& progress) {
  Scenario scenario = large_group(seed, servers);
  LargeFigures figures = LargeGroup(scenario, printing, progress).measure();
  scenario.founders = servers;
  LargeGroup together(scenario, printing, progress);
  figures.at_once = together.grow();
  figures.digest ^= together.digest();
  return figures;
}

}  // namespace muster::sim
