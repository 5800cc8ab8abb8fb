#include "sim/scenario.h"

#include <algorithm>

#include "muster/check.h"
#include "sim/draw.h"
#include "sim/limits.h"
#include "sim/services.h"
#include "sim/trouble.h"

namespace muster::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

double& rate(Scenario& scenario, Fault fault) {
  return scenario.rates[static_cast<std::size_t>(fault)];
}

void draw_limits(Scenario& scenario, Random& random) {
  node::Options& limits = scenario.limits;
  limits.group = "sim";

  limits.heartbeat_interval = milliseconds(50);
  limits.election_timeout = milliseconds(one_of(random, {200, 300, 400}));
  limits.handover_after = milliseconds(one_of(random, {100, 300, 1'000}));
  limits.session_timeout = seconds(60);
  limits.log_bytes_between_snapshots = one_of<std::size_t>(random, {8'192, 32'768, 262'144});
  limits.raft.compaction_tail_entries = one_of<std::uint64_t>(random, {0, 8, 64});
  limits.raft.window_entries = one_of<std::size_t>(random, {2, 16, 4'096});
  limits.raft.cache_bytes_max = one_of<std::size_t>(random, {0, 2'048, 1'048'576});
  limits.raft.snapshot_chunk_bytes = one_of<std::size_t>(random, {2'048, 16'384});
  limits.stores_in_flight_max = one_of<std::size_t>(random, {1, 2, 4});

  storage::LogOptions& log = scenario.disk.log;
  log.segment_bytes = one_of<std::size_t>(random, {131'072, 262'144});
  log.payload_bytes_max = log.segment_bytes / 2;
  log.spare_slice_bytes = 32'768;
  log.mark_bytes = one_of<std::size_t>(random, {1'024, 16'384});
}

void draw_founders(Scenario& scenario, Random& random) {
  scenario.founders = scenario.servers;
  if (random.chance(0.4)) scenario.founders = 1 + random.below(scenario.servers);
  scenario.limits.failure_timeout = milliseconds(one_of(random, {500, 2'000}));
}

// Most servers find each other with nothing said: by datagram, or by files on one machine.
void draw_discovery(Scenario& scenario, Random& random) {
  node::Options& limits = scenario.limits;
  limits.discovery = random.chance(0.85);
  limits.discovery_window = milliseconds(one_of(random, {300, 1'500}));
  limits.beacon_interval = milliseconds(one_of(random, {200, 1'000}));
  scenario.datagrams.loss = one_of(random, {0.0, 0.05, 0.4});
  scenario.datagrams.duplication = one_of(random, {0.0, 0.2});
  scenario.seeds = !limits.discovery || random.chance(0.3);
  scenario.datagrams.pass = !scenario.seeds || random.chance(0.5);
  scenario.strict_founding = !limits.discovery || random.chance(0.4);
  scenario.founders_start = milliseconds(one_of(random, {0, 200, 3'000}));
  const std::size_t door = random.below(scenario.servers);
  if (!scenario.strict_founding) scenario.door = door;
}

void draw_steering(Scenario& scenario, Random& random) {
  scenario.steering.rate = one_of(random, {0.0, 0.0, 0.3, 1.5});
  scenario.steering.leaves = random.chance(0.3);
  const bool ranked = random.chance(0.3);
  for (std::size_t server = 0; server < scenario.servers; ++server) {
    const std::uint32_t drawn = one_of<std::uint32_t>(random, {50, 100, 200});
    scenario.priorities.push_back(ranked ? drawn : 100);
  }
  using node::ElectionRule;
  scenario.limits.election =
      one_of(random, {ElectionRule::highest_id, ElectionRule::highest_id, ElectionRule::highest_id,
                      ElectionRule::lowest_id, ElectionRule::stable});
  scenario.limits.voters = one_of<std::size_t>(random, {5, 5, 5, 3});
  if (random.chance(0.2)) scenario.limits.forget_after = seconds(1);
}

void draw_load(Scenario& scenario, Random& random) {
  LoadOptions& load = scenario.load;
  load.clients = 2 + random.below(3);
  load.keys = one_of<std::size_t>(random, {1, 3, 8});
  load.in_flight_max = one_of<std::size_t>(random, {1, 4, 8});
  load.think_max = milliseconds(one_of(random, {20, 60, 120}));
  load.padding_max = one_of<std::size_t>(random, {0, 64, 600});

  // Messages as small as the entries that this load can make, each sent a few times over, allow.
  const std::size_t entry_bytes =
      load.clients * (load.in_flight_max * (load.padding_max + 60) + 80);
  if (random.chance(0.7)) {
    scenario.limits.raft.message_bytes_max =
        std::min(entry_bytes * 3, scenario.disk.log.payload_bytes_max);
  }
}

// Some sessions end while their clients are cut off; some servers keep few events.
void draw_sessions(Scenario& scenario, Random& random) {
  if (random.chance(0.3)) scenario.limits.session_timeout = seconds(3);
  scenario.limits.edge.topics.events_per_topic_max = one_of<std::size_t>(random, {16'384, 64, 4});
  scenario.limits.edge.topics.window_bytes = one_of<std::size_t>(random, {1U << 20U, 4'096, 512});
}

void draw_network(Scenario& scenario, Random& random) {
  NetworkOptions& network = scenario.network;
  network.delay_min = microseconds(one_of(random, {20, 100, 500}));
  network.delay_max = network.delay_min * one_of(random, {2, 10, 40});
  if (random.chance(0.3)) {
    network.spike_chance = one_of(random, {0.001, 0.01});
    network.spike_max = milliseconds(one_of(random, {20, 200}));
  }
  network.datagrams = random.chance(0.4);
  if (network.datagrams) {
    network.loss = one_of(random, {0.0, 0.01, 0.1});
    network.duplication = one_of(random, {0.0, 0.01, 0.1});
    network.reordering = one_of(random, {0.0, 0.05, 0.3});
  }
  network.give_up_after = milliseconds(one_of(random, {500, 1'500, 3'000}));
}

void draw_disk(Scenario& scenario, Random& random) {
  scenario.disk.latency_min = microseconds(one_of(random, {30, 100, 1'000}));
  scenario.disk.latency_max = scenario.disk.latency_min * one_of(random, {2, 10, 30});
}

void draw_faults(Scenario& scenario, Random& random) {
  for (std::size_t fault = 0; fault < older_fault_count; ++fault) {
    if (random.chance(0.35)) scenario.rates[fault] = one_of(random, {0.1, 0.4, 1.5});
  }
  // Whole-group outages stop everything for a while: rare, or nothing else happens.
  rate(scenario, Fault::group_power_loss) = std::min(rate(scenario, Fault::group_power_loss), 0.4);
  rate(scenario, Fault::stop_all) = std::min(rate(scenario, Fault::stop_all), 0.1);
  scenario.outage_max = milliseconds(one_of(random, {200, 1'000, 3'000}));
}

void shape_lossy(Scenario& scenario) {
  scenario.network.datagrams = true;
  scenario.network.loss = 0.1;
  scenario.network.duplication = 0.1;
  scenario.network.reordering = 0.3;
}

void shape_disk(Scenario& scenario) {
  scenario.rates = {};
  rate(scenario, Fault::power_loss) = 0.8;
  rate(scenario, Fault::group_power_loss) = 0.3;
  rate(scenario, Fault::disk_stall) = 0.5;
  rate(scenario, Fault::sync_failure) = 0.5;
  rate(scenario, Fault::write_failure) = 0.3;
  rate(scenario, Fault::bit_rot) = 0.3;
  rate(scenario, Fault::hunt_leader) = 1.0;
}

void shape_churn(Scenario& scenario) {
  scenario.rates = {};
  rate(scenario, Fault::kill) = 1.5;
  rate(scenario, Fault::power_loss) = 0.5;
  rate(scenario, Fault::stop) = 0.3;
  rate(scenario, Fault::stop_all) = 0.1;
  rate(scenario, Fault::hunt_leader) = 2.0;
  rate(scenario, Fault::reset) = 1.0;
}

void shape_founding(Scenario& scenario, Random& random) {
  scenario.faults_from = {};
  scenario.faults_until = std::min<Duration>(scenario.length / 3, seconds(6));
  if (scenario.limits.discovery) scenario.founders_start = seconds(3);
  scenario.split_at_start = random.chance(0.5);
  for (const Fault fault : {Fault::kill, Fault::power_loss, Fault::isolate, Fault::split,
                            Fault::one_way_cut, Fault::pause, Fault::reset}) {
    rate(scenario, fault) = 1.5;
  }
}

// A machine fails as a whole, or a process of it. Two are left soon, and one of them is lost.
void shape_machine(Scenario& scenario) {
  scenario.one_machine = true;
  scenario.servers = std::min<std::size_t>(scenario.servers, 2 + scenario.seed % 2);
  scenario.founders = scenario.servers;
  if (scenario.door) scenario.door = *scenario.door % scenario.servers;
  scenario.limits.failure_timeout = milliseconds(500);
  scenario.outage_max = milliseconds(3'000);
  rate(scenario, Fault::kill) = 0.8;
  for (const Fault fault :
       {Fault::power_loss, Fault::sync_failure, Fault::write_failure, Fault::bit_rot}) {
    rate(scenario, fault) = 0;
  }
}

// A fixed list of servers, with numbers of no order. All of them are founders; none is ever
// another.
void shape_peers(Scenario& scenario, Random& random) {
  scenario.limits.discovery = false;
  scenario.seeds = true;
  scenario.strict_founding = true;
  scenario.founders = scenario.servers;
  scenario.door.reset();
  scenario.founders_start = milliseconds(one_of(random, {200, 3'000}));
  scenario.limits.election =
      one_of(random, {node::ElectionRule::lowest_id, node::ElectionRule::highest_id});
  scenario.limits.voters = 15;
  std::vector<std::uint32_t> numbers{0, 2, 3, 7, 40'000};
  while (scenario.listed.size() < scenario.servers) {
    const std::size_t drawn = random.below(numbers.size());
    scenario.listed.push_back({numbers[drawn]});
    numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(drawn));
  }
  scenario.faults_from = {};
  rate(scenario, Fault::kill) = std::max(rate(scenario, Fault::kill), 0.4);
}

void shape_growth(Scenario& scenario, Random& random) {
  scenario.founders = 1 + random.below(std::min<std::size_t>(scenario.servers, 3));
  for (const Fault fault : {Fault::hunt_leader, Fault::isolate, Fault::power_loss}) {
    rate(scenario, fault) = std::max(rate(scenario, fault), 0.6);
  }
}

// Servers come, are drained, and stop in good order one at a time; nothing else happens.
void shape_moves(Scenario& scenario, Random& random) {
  scenario.rates = {};
  rate(scenario, Fault::stop) = one_of(random, {0.0, 2.0});
  scenario.network = NetworkOptions{};
  scenario.disk.latency_min = microseconds(50);
  scenario.disk.latency_max = microseconds(500);
  scenario.founders = 1 + random.below(scenario.servers);
  scenario.founders_start = {};
  scenario.strict_founding = true;
  scenario.door.reset();
  scenario.steering = {.rate = 0, .leaves = false, .drains = one_of(random, {0.3, 1.0})};
  scenario.load.clients = 4 + random.below(12);
  scenario.load.padding_max = 64;
  scenario.load.think_max = milliseconds(120);
  scenario.load.in_flight_max = 2;
  scenario.limits.moves_per_second = one_of<std::size_t>(random, {2, 20, 100});
  scenario.outage_max = milliseconds(1'000);
  scenario.unnoticed = true;
}

/// Older seeds are as they were: mutants' exams and kept seeds count on that.
constexpr std::uint64_t first_seed_of_a_harsher_world = 40'000;

// Clocks, full disks, slow links and lost folders. Numbers of their own, as of auctions.
void draw_harsher_world(Scenario& scenario) {
  Random random(scenario.seed * 0x9e3779b97f4a7c15U + 5);
  const bool always = scenario.profile == "harsh";
  scenario.own_numbers = always || scenario.seed >= first_seed_of_a_harsher_world;
  if (!always && (scenario.profile != "mix" || !scenario.own_numbers)) return;
  for (std::size_t fault = older_fault_count; fault < fault_count; ++fault) {
    if (random.chance(always ? 0.7 : 0.3)) scenario.rates[fault] = one_of(random, {0.1, 0.4, 1.0});
  }
  scenario.drift_max = one_of<std::int64_t>(random, {500, 5'000, 50'000});
  scenario.slow_bytes_per_second = one_of<std::size_t>(random, {2'000, 20'000, 200'000});
}

// A number of its own for what was added later: other draws stay as they were.
void draw_moves(Scenario& scenario) {
  Random random(scenario.seed * 0x9e3779b97f4a7c15U + 2);
  // Where that makes no entries too long for the disk's small segments.
  const bool may = scenario.load.padding_max <= 64;
  if (random.chance(0.3) && may) scenario.load.clients = 6 + random.below(6);
  if (scenario.steering.rate > 0) scenario.steering.drains = one_of(random, {0.0, 0.1, 0.5});
  scenario.limits.moves_per_second = one_of<std::size_t>(random, {5, 100});
}

void shape(Scenario& scenario, Random& random) {
  const std::string& profile = scenario.profile;
  if (profile == "calm" || profile == "lan") {
    scenario.network = NetworkOptions{};
    scenario.disk.latency_min = microseconds(50);
    scenario.disk.latency_max = microseconds(500);
  }
  if (profile == "calm") {
    scenario.rates = {};
    scenario.steering = {};
  }
  if (profile == "wan") shape_wan(scenario);
  if (profile == "lossy") shape_lossy(scenario);
  if (profile == "disk") shape_disk(scenario);
  if (profile == "churn") shape_churn(scenario);
  if (profile == "founding") shape_founding(scenario, random);
  if (profile == "growth") shape_growth(scenario, random);
  if (profile == "machine") shape_machine(scenario);
  if (profile == "peers") shape_peers(scenario, random);
  if (profile == "moves") shape_moves(scenario, random);
}

}  // namespace

void shape_wan(Scenario& scenario) {
  scenario.network.delay_min = milliseconds(5);
  scenario.network.delay_max = milliseconds(40);
  scenario.limits.election_timeout = milliseconds(600);
}

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::kill:
      return "kill";
    case Fault::power_loss:
      return "power-loss";
    case Fault::group_power_loss:
      return "group-power-loss";
    case Fault::pause:
      return "pause";
    case Fault::stop:
      return "stop";
    case Fault::isolate:
      return "isolate";
    case Fault::one_way_cut:
      return "one-way-cut";
    case Fault::split:
      return "split";
    case Fault::pair_cut:
      return "pair-cut";
    case Fault::client_cut:
      return "client-cut";
    case Fault::reset:
      return "reset";
    case Fault::disk_stall:
      return "disk-stall";
    case Fault::sync_failure:
      return "sync-failure";
    case Fault::write_failure:
      return "write-failure";
    case Fault::bit_rot:
      return "bit-rot";
    case Fault::hunt_leader:
      return "hunt-leader";
    case Fault::stop_all:
      return "stop-all";
    case Fault::clock_jump:
      return "clock-jump";
    case Fault::clock_drift:
      return "clock-drift";
    case Fault::disk_full:
      return "disk-full";
    case Fault::slow_link:
      return "slow-link";
    case Fault::wipe:
      return "wipe";
  }
  return "unknown";
}

const std::vector<std::string_view>& profiles() {
  static const std::vector<std::string_view> names{
      "mix",     "calm",  "lan",   "wan",     "lossy",    "disk", "churn", "founding",  "growth",
      "machine", "peers", "moves", "auction", "mobility", "chat", "harsh", core_profile};
  return names;
}

Scenario draw(const Request& request) {
  check(request.servers >= 1 && request.servers <= 5);
  check(std::ranges::find(profiles(), request.profile) != profiles().end());
  check(request.profile != core_profile);
  Random random(request.seed * 0x9e3779b97f4a7c15U + 1);
  Scenario scenario;
  scenario.seed = request.seed;
  scenario.profile = request.profile;
  scenario.servers = request.servers;
  scenario.length = request.length;
  // Founding is mostly left in peace, so that there is something to lose afterwards.
  scenario.faults_from = random.chance(0.25) ? Duration{} : Duration(milliseconds(1'000));
  scenario.faults_until = request.length * 3 / 5;
  scenario.turn_max = microseconds(one_of(random, {0, 20, 200}));
  draw_limits(scenario, random);
  draw_founders(scenario, random);
  draw_load(scenario, random);
  draw_network(scenario, random);
  draw_disk(scenario, random);
  draw_faults(scenario, random);
  if (random.chance(0.3)) scenario.wrong_clock = random.below(request.servers);
  draw_discovery(scenario, random);
  draw_steering(scenario, random);
  draw_moves(scenario);
  shape(scenario, random);
  draw_sessions(scenario, random);
  draw_auctions(scenario);
  draw_mobility(scenario);
  draw_chat(scenario);
  draw_harsher_world(scenario);
  draw_small_limits(scenario);
  leave_out(scenario, request.without);
  if (scenario.strict_founding) scenario.limits.expect = scenario.founders;
  return scenario;
}

}  // namespace muster::sim
