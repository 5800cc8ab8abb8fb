// One run: a group of servers and its clients under one scenario.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/checkers.h"
#include "sim/datagrams.h"
#include "sim/event_queue.h"
#include "sim/faults.h"
#include "sim/network.h"
#include "sim/operator.h"
#include "sim/scenario.h"
#include "sim/trace.h"

namespace muster::sim {

struct Summary {
  Duration simulated{};
  std::uint64_t steps{0};
  std::uint64_t frames{0};
  std::uint64_t acknowledged{0};
  std::uint64_t starts{0};     ///< Of servers.
  std::uint64_t restarts{0};   ///< Those of them that ran before: so many were killed or stopped.
  std::uint64_t wiped{0};      ///< Folders of servers that were lost.
  std::uint64_t events{0};     ///< That followers of a topic were told.
  std::uint64_t gaps{0};       ///< That they were told of.
  std::uint64_t refused{0};    ///< At a limit of a server, to clients.
  std::uint64_t wishes{0};     ///< Of an operator, that came true.
  std::uint64_t lots{0};       ///< That were sold, or not, or taken back.
  std::uint64_t incidents{0};  ///< That are over.
  std::uint64_t incident_steps{0};       ///< Of all of them.
  std::uint64_t chat_lines{0};           ///< That machines told in the chat,
  std::uint64_t chat_lines_heard{0};     ///< that clients were told of,
  std::uint64_t chat_gaps{0};            ///< that they were told to be missing,
  std::uint64_t chat_refusals{0};        ///< and what its rules refused.
  std::chrono::milliseconds late_max{};  ///< Of a lot's end that was due, by log time.
  std::uint64_t digest{0};
};

/// Founds a group, loads it, disturbs it, lets it recover, and checks all along. Thread-safety:
/// none.
class World {
 public:
  World(const Scenario& scenario, bool printing);

  /// Throws `Violation`.
  Summary run();

  std::uint64_t steps() const { return events_.steps(); }
  Instant now() const { return events_.now(); }
  std::uint64_t digest() const { return trace_.digest(); }
  /// Where in the log lots ended, or up to some entries before.
  const std::vector<LogIndex>& ends() const { return ends_; }
  /// The same of the steps of incidents.
  const std::vector<LogIndex>& incident_steps() const { return incident_steps_; }
  const CityStory& city() const { return checkers_.mobility.story; }

 private:
  void start(std::size_t number);
  void run_until(Instant until);
  void note_ends();
  void note_incident_steps();
  void kill_leader_in_its_place();
  void wait_until_live();
  /// By when the group must be live, after the last fault.
  Instant live_by() const;
  void verify_contents();
  void wait_until_alike();
  void verify_auctions() const;
  void verify_city() const;
  void verify_chat() const;
  void verify_leaving();
  void verify_who_goes();
  /// Kills the home of this client in every other run, where the others can do without. Returns
  /// after which time the leader takes it for lost: zero if it lives.
  Duration take_home_of(const Client& client);
  /// What is still missing to a live group, in plain words; nothing when it is live.
  std::optional<std::string> what_is_missing() const;
  std::optional<std::string> what_is_missing(const Server& server, std::size_t number) const;
  /// The same of who votes and who leads, as the leader sees it.
  std::optional<std::string> what_is_wrong_with_places(const node::Report& leader) const;
  std::optional<std::string> what_is_wrong_with_roles(const node::Report& leader) const;
  const node::Report* running_member(const wire::Member& member) const;

  const Scenario scenario_;
  EventQueue events_;
  Trace trace_;
  Checkers checkers_;
  Network network_;
  Datagrams datagrams_;
  Servers servers_;
  Clients clients_;
  std::optional<Operator> operator_;
  Faults faults_;
  std::vector<LogIndex> ends_;
  std::vector<LogIndex> incident_steps_;
  bool leader_died_{false};
};

}  // namespace muster::sim
