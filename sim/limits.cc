#include "sim/limits.h"

#include <algorithm>
#include <array>
#include <string>

#include "sim/draw.h"
#include "sim/violation.h"

namespace muster::sim {

namespace {

struct Bound {
  const char* what;
  std::size_t size;
  std::size_t limit;
};

/// The longest command of a client, with what is around it in a batch.
std::size_t command_bytes_max(const Scenario& scenario) {
  constexpr std::size_t around = 80;
  constexpr std::size_t of_auctions = 400;
  constexpr std::size_t of_cities = 150;
  constexpr std::size_t of_chats = 250;
  std::size_t bytes = scenario.load.padding_max;
  if (scenario.auctions.on) bytes = std::max(bytes, of_auctions);
  if (scenario.mobility.on) bytes = std::max(bytes, of_cities);
  if (scenario.chat.on) bytes = std::max(bytes, of_chats);
  return bytes + around;
}

// At rest clients are shared evenly, up to one; while servers are away there is no room for all.
void draw_small_crowds(Scenario& scenario, Random& random) {
  edge::Edge::Options& edge = scenario.limits.edge;
  const std::size_t crowd = scenario.load.clients / scenario.servers + 2;
  const std::size_t room = one_of<std::size_t>(random, {crowd, crowd + 1});
  if (random.chance(0.5)) edge.links_max = room + 1;
  if (random.chance(0.5)) edge.sessions_max = room;
  const bool many_topics = scenario.mobility.on || scenario.chat.on;
  if (random.chance(0.5) && !many_topics) edge.topics.follows_max = room;
}

// Each has room for all that one client has under way.
void draw_small_queues(Scenario& scenario, Random& random) {
  node::Options& limits = scenario.limits;
  constexpr std::size_t batch_header = 80;
  constexpr std::size_t system_batches = 4'096;
  const std::size_t of_a_client =
      scenario.load.in_flight_max * command_bytes_max(scenario) + batch_header;
  if (random.chance(0.4)) limits.edge.pending_bytes_max = of_a_client;
  if (random.chance(0.4)) limits.queued_bytes_max = of_a_client + system_batches;
  if (random.chance(0.4)) {
    limits.raft.uncommitted_bytes_max = one_of<std::size_t>(random, {256, 1'024, 4'096});
  }
  if (random.chance(0.4)) limits.raft.reads_max = one_of<std::size_t>(random, {1, 3});
  if (random.chance(0.4)) limits.edge.reads_max = one_of<std::size_t>(random, {1, 3});
  if (random.chance(0.4)) {
    scenario.load.bytes_in_flight_max = of_a_client / one_of<std::size_t>(random, {1, 2});
    scenario.load.bytes_in_flight_max =
        std::max(scenario.load.bytes_in_flight_max, 2 * command_bytes_max(scenario));
  }
}

// What is forgotten earlier, or not spread.
void draw_small_memories(Scenario& scenario, Random& random) {
  node::Options& limits = scenario.limits;
  if (random.chance(0.4)) limits.edge.topics.bytes_max = one_of<std::size_t>(random, {600, 4'096});
  if (random.chance(0.4)) limits.edge.topics.topics_max = one_of<std::size_t>(random, {1, 2});
  const bool services_need_them = scenario.auctions.on || scenario.mobility.on || scenario.chat.on;
  if (services_need_them) return;
  if (random.chance(0.4)) limits.edge.telemetry.values_max = one_of<std::size_t>(random, {1, 3});
  if (random.chance(0.4)) limits.edge.telemetry.bytes_max = one_of<std::size_t>(random, {32, 128});
  if (random.chance(0.4)) {
    // The replies to what is under way are always kept.
    replica::SessionTable::Options& sessions = limits.replica.sessions;
    sessions.kept_replies_max = static_cast<std::uint32_t>(scenario.load.in_flight_max);
    sessions.kept_bytes_max = scenario.load.in_flight_max * command_bytes_max(scenario);
  }
}

}  // namespace

void WithinLimits::seen(std::size_t server, const node::Report& report) const {
  const node::Sizes& sizes = report.sizes;
  const edge::Edge::Options& edge = limits_.edge;
  const std::array bounds{
      Bound{"links of clients", sizes.links, edge.links_max},
      Bound{"sessions attached", sizes.attached, edge.sessions_max},
      Bound{"sessions watched", sizes.watched, edge.sessions_max},
      Bound{"unanswered bytes", sizes.pending_bytes, edge.pending_bytes_max},
      Bound{"reads", sizes.reads, edge.reads_max},
      Bound{"follows", sizes.follows, edge.topics.follows_max},
      Bound{"topics", sizes.topics, edge.topics.topics_max},
      Bound{"bytes of events", sizes.event_bytes, edge.topics.bytes_max},
      Bound{"values of telemetry", sizes.telemetry_values, edge.telemetry.values_max},
      Bound{"bytes of telemetry", sizes.telemetry_bytes, edge.telemetry.bytes_max},
      Bound{"links of servers", sizes.peer_links, limits_.peer_links_max},
      Bound{"queued bytes", sizes.queued_bytes, limits_.queued_bytes_max},
      Bound{"uncommitted bytes", sizes.consensus.uncommitted_bytes,
            limits_.raft.uncommitted_bytes_max},
      Bound{"bytes in the cache", sizes.consensus.evictable_bytes, limits_.raft.cache_bytes_max},
      Bound{"reads to be confirmed", sizes.consensus.reads, limits_.raft.reads_max},
      Bound{"sessions", report.sessions, limits_.replica.sessions.sessions_max},
      Bound{"bytes of kept replies", sizes.kept_reply_bytes,
            limits_.replica.sessions.kept_bytes_max},
  };
  for (const Bound& bound : bounds) {
    if (bound.size <= bound.limit) continue;
    throw Violation("within limits", "server " + std::to_string(server) + " has " +
                                         std::to_string(bound.size) + " " + bound.what +
                                         ", more than " + std::to_string(bound.limit));
  }
}

// Numbers of their own, as of auctions.
void draw_small_limits(Scenario& scenario) {
  Random random(scenario.seed * 0x9e3779b97f4a7c15U + 6);
  const bool may = scenario.profile == "harsh" || scenario.profile == "mix";
  if (!may || !scenario.own_numbers || random.chance(0.5)) return;
  scenario.roomy_limits = scenario.limits;
  // Who is drained, or has left, has no clients: then the others need more room.
  const bool all_take_clients = scenario.steering.drains == 0 && !scenario.steering.leaves;
  if (all_take_clients && scenario.servers > 1) draw_small_crowds(scenario, random);
  draw_small_queues(scenario, random);
  draw_small_memories(scenario, random);
  if (random.chance(0.3)) scenario.limits.peer_links_max = scenario.servers + 1;
  if (random.chance(0.3)) {
    // Units die, and come again before the group has missed them.
    constexpr std::size_t missed = 2;
    const bool some_die = scenario.mobility.on || scenario.chat.on;
    scenario.limits.replica.sessions.sessions_max = scenario.load.clients + (some_die ? missed : 0);
  }
}

}  // namespace muster::sim
