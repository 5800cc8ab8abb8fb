// What one seed does: everything that varies between runs, drawn once at the start.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auction/auction.h"
#include "base/random.h"
#include "chat/chat.h"
#include "mobility/mobility.h"
#include "muster/time.h"
#include "node/options.h"
#include "storage/log_store.h"

namespace muster::sim {

/// What can be done to a group. Each seed turns a different subset on, each at its own rate
/// (swarm testing: Groce et al., 2012).
enum class Fault : std::uint8_t {
  kill,              ///< A process dies; its machine, and what it wrote, live on.
  power_loss,        ///< A machine dies; what was not synced is forgotten, torn, reordered.
  group_power_loss,  ///< All machines at once.
  pause,             ///< A process is stopped and continued (SIGSTOP, a suspended machine).
  stop,              ///< A server is asked to stop in good order.
  isolate,           ///< A server is cut off from all others and from the clients.
  one_way_cut,       ///< A server is heard no more, or hears nothing more.
  split,             ///< The servers fall into two parts.
  pair_cut,          ///< Two servers don't reach each other.
  client_cut,        ///< A client reaches no server.
  reset,             ///< A connection breaks.
  disk_stall,        ///< A disk answers nothing for a while.
  sync_failure,      ///< A sync fails, and the kernel forgets that the pages were dirty.
  write_failure,     ///< A disk stops taking anything in.
  bit_rot,           ///< A process dies, and a bit in the middle of its log turns over.
  hunt_leader,       ///< Whoever becomes leader is soon hit by one of the above.
  stop_all,          ///< All are asked to stop, at once or one by one, and start in any order.
  // Drawn by numbers of their own, in later seeds (`first_seed_of_a_harsher_world`).
  clock_jump,   ///< A wall clock jumps, by minutes or years, either way, or to 1970.
  clock_drift,  ///< A monotonic clock goes faster or slower than before.
  disk_full,    ///< Nothing more goes onto a disk for a while; what is there may be written over.
  slow_link,    ///< Few bytes a second pass between two machines, one way or both.
  wipe,         ///< A server loses its folder: who starts in its place knows nothing.
};
inline constexpr std::size_t fault_count = 22;
inline constexpr std::size_t older_fault_count = 17;
std::string_view name_of(Fault fault);

struct NetworkOptions {
  Duration delay_min{50};
  Duration delay_max{500};
  double spike_chance{0};  ///< Of a frame that takes up to `spike_max` longer.
  Duration spike_max{0};
  /// Frames of consensus travel like datagrams: lost, doubled, reordered, each by itself. Otherwise
  /// all frames travel like bytes of a TCP connection: in order within a lane, or not at all.
  bool datagrams{false};
  double loss{0};
  double duplication{0};
  double reordering{0};
  Duration give_up_after{2'000'000};  ///< Unacknowledged data for so long breaks a connection.
  Duration dial_timeout{1'000'000};
  std::size_t unsent_bytes_max{std::size_t{8} << 20U};  ///< Waiting in a cut-off connection.
};

/// What becomes of beacons and probes.
struct DatagramOptions {
  bool pass{true};  ///< Otherwise the network drops all datagrams.
  double loss{0};
  double duplication{0};
};

/// How often an operator wants something of the group, each per second.
struct SteeringOptions {
  double rate{0};
  bool leaves{false};  ///< A server may be told to leave for good.
  double drains{0};    ///< Servers are drained, and that is taken back.
};

struct DiskOptions {
  Duration latency_min{50};
  Duration latency_max{500};
  storage::LogOptions log;
};

struct LoadOptions {
  std::size_t clients{3};
  std::size_t keys{4};
  std::size_t in_flight_max{4};  ///< Operations of one client that wait for an answer.
  Duration think_max{40'000};    ///< Between two operations of a client.
  std::size_t padding_max{200};  ///< Bytes added to a command.
  std::size_t bytes_in_flight_max{std::size_t{64} << 20U};  ///< Of one client.
};

/// Auctions, if there are any: the machines are then on all servers.
struct AuctionOptions {
  bool on{false};
  double share{0.5};            ///< Of a client's operations.
  double keys{0.3};             ///< Of commands that have one.
  double steering{0.05};        ///< Of what a seller does with an own lot.
  std::size_t lots_at_once{4};  ///< Someone opens a new one when fewer go on,
  std::size_t lots_max{60};     ///< until there were so many.
  auction::Auction::Options limits{};
};

/// A city, if there is any: the machine is then on all servers, and clients are its units.
struct MobilityOptions {
  bool on{false};
  std::size_t cars{3};
  std::size_t ambulances{4};
  std::size_t hospitals{2};
  std::size_t lights{3};
  std::uint32_t pace{100};  ///< How many times faster than in truth units live.
  double crashes{0.2};      ///< Of a car, per second,
  std::size_t crashes_max{100};
  double whims{0.2};         ///< of what people do of their own accord: of a unit, per second,
  double nonsense{0.5};      ///< of what must be refused,
  double departures{0.02};   ///< and of clients that die.
  double unheard{0.05};      ///< Of orders to go to a scene: nobody in the ambulance hears them.
  double late{0.1};          ///< Of askings of an advisor: that it says something old besides.
  double deadly_steps{0.0};  ///< Of an incident's steps: the leader dies of them.
  mobility::Mobility::Options limits{};

  std::size_t units() const { return cars + ambulances + hospitals + lights; }
};

/// The leader dies once, when it has stored this entry, or knows it to be committed; soon another
/// process starts in its place.
struct LeaderDies {
  LogIndex at;
  bool committed{false};
};

/// The chat, if there is any: the machine is then on all servers.
struct ChatOptions {
  bool on{false};
  double share{0.5};        ///< Of a client's operations.
  double keys{0.3};         ///< Of what is said: that it has one.
  double departures{0.02};  ///< Of a client's operations: it dies instead.
  double opers{0};          ///< Of what a person does: it is about IRC operators.
  chat::Chat::Options limits{};
};

struct Scenario {
  std::uint64_t seed{0};
  std::string profile;
  std::size_t servers{5};
  std::size_t founders{5};  ///< The first ones; the others come later.
  /// Only `limits.expect` founders together found a group, and who comes later only joins. Else
  /// several groups may be founded, of which all but one give way.
  bool strict_founding{true};
  bool seeds{true};  ///< Servers know each other's addresses from the start.
  /// The only server whose address clients know from the start; nothing: all. Where several groups
  /// may be founded, clients write to one of them only: its.
  std::optional<std::size_t> door;
  Duration founders_start{200'000};  ///< The first ones start within this time.
  bool split_at_start{false};        ///< The servers fall into two parts until some time later.
  /// The numbers that servers are given by a list, in their order; empty: there is no list.
  std::vector<ServerNumber> listed{};
  bool one_machine{false};  ///< All servers on one machine, with one disk.
  Duration length{};        ///< Simulated time in all.
  Duration faults_from{};
  Duration faults_until{};  ///< Then everything is healed and the group must become live.
  Duration turn_max{50};    ///< A server's loop takes up to so long to get to what came in.
  NetworkOptions network;
  DatagramOptions datagrams;
  SteeringOptions steering;
  DiskOptions disk;
  LoadOptions load;
  AuctionOptions auctions;
  MobilityOptions mobility;
  ChatOptions chat;
  node::Options limits;  ///< Names, addresses and seeds are filled in per server.
  std::optional<node::Options> roomy_limits{};  ///< What they were, before some became small.
  std::vector<std::uint32_t> priorities{};      ///< Per server.
  std::array<double, fault_count> rates{};      ///< Per second, for the whole group.
  Duration outage_max{};                        ///< Of what a fault takes away.
  std::int64_t drift_max{0};                    ///< Of a clock, in parts per million.
  std::size_t slow_bytes_per_second{0};
  /// Each kind of fault has random numbers of its own, so that the others stay when it is left out.
  bool own_numbers{false};
  bool unnoticed{false};  ///< All that happens is such that no client may lose its server.
  std::optional<std::size_t> wrong_clock;  ///< A server whose wall clock is years ahead.
  std::optional<LeaderDies> leader_dies{};
  std::optional<std::size_t> flipped;  ///< A server whose registers are not what they should be.

  double rate(Fault fault) const { return rates[static_cast<std::size_t>(fault)]; }
};

/// Runs bare consensus cores (`CoreWorld`); all other profiles run whole servers (`World`).
inline constexpr std::string_view core_profile = "core";

/// All names, `mix` first: the default, which draws everything.
const std::vector<std::string_view>& profiles();

struct Request {
  std::uint64_t seed{0};
  std::string profile{"mix"};
  std::size_t servers{5};
  Duration length{std::chrono::seconds{20}};
  /// Kinds of trouble (`trouble.h`) that are left out; all else is drawn as with them.
  std::set<std::string> without{};
};

/// The delays of a wide network, and the election timeout that suits them.
void shape_wan(Scenario& scenario);

/// Precondition: the profile is one of `profiles()` and not `core`; 1 to 5 servers.
Scenario draw(const Request& request);

}  // namespace muster::sim
