// A group of many servers on a wide network, all but five of them standbys: how long it takes until
// they agree after something has happened, and what they send while nothing does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/checkers.h"
#include "sim/datagrams.h"
#include "sim/event_queue.h"
#include "sim/faults.h"
#include "sim/network.h"
#include "sim/scenario.h"
#include "sim/trace.h"

namespace muster::sim {

/// What somebody sends in a second of simulated time.
struct Rate {
  double frames{0};
  double bytes{0};  ///< With the headers of frames, without those of TCP and below.
};
using RateByType = std::map<wire::FrameType, Rate>;
Rate sum(const RateByType& rates);

/// Simulated seconds until what the name says is so at all servers that it is about, and what was
/// sent. "Settled": all is as it stays, with the best-ranked server as leader.
struct LargeFigures {
  double at_once{0};         ///< All start at once and found it together: until it has settled.
  double grown{0};           ///< Five found it, the others join within seconds: the same.
  double joined{0};          ///< One more starts: until it is in all views;
  double joiner_leads{0};    ///< until all has settled.
  double standby_lost{0};    ///< A standby is killed: until all views say that it failed,
  double standby_back{0};    ///< and from its restart until all has settled.
  double voter_lost{0};      ///< A voter is killed: until all views say that it failed,
  double voter_replaced{0};  ///< and that five others have votes.
  double leader_known{0};    ///< The leader is killed: until all others know the same new one,
  double leader_lost{0};     ///< and all views say who that is, and that the old one failed.
  double split_agreed{0};    ///< A third is cut off, with the leader: until the others agree.
  double healed{0};          ///< The cut is over: until all agree again;
  double healed_settled{0};  ///< until all has settled.
  RateByType leader_at_rest{};
  RateByType standby_at_rest{};  ///< The mean of all.
  double beacons_sent{0};        ///< In a second, by the mean of all servers;
  double datagrams_heard{0};     ///< the same.
  double entries{0};             ///< In a second, while clients write.
  Rate leader_busy{};
  Rate standby_busy{};  ///< The mean of all.
  std::uint64_t digest{0};
};

/// A third of so many has room for two voters and a standby.
inline constexpr std::size_t large_group_min = 9;
/// As many links and sightings as a server has room for.
inline constexpr std::size_t large_group_max = 255;

/// So many servers and one more, which joins them later; nothing is left to chance but delays.
Scenario large_group(std::uint64_t seed, std::size_t servers);

/// Hears what has been seen, and after how many simulated seconds: many servers take minutes.
using Progress = std::function<void(const std::string& what, double seconds)>;

/// One run. Thread-safety: none.
class LargeGroup {
 public:
  /// Of the scenario's servers the last one is who joins later, and as many as `founders` are there
  /// from the start.
  LargeGroup(const Scenario& scenario, bool printing, Progress progress = {});

  /// Simulated seconds until all but the last server are one group and it has settled. Throws
  /// `Violation`, as `measure` does: "converges" after two minutes without.
  double grow();
  /// Grows it, and does to it what `LargeFigures` tells.
  LargeFigures measure();

  /// What the leader sends while nothing happens for so long. Precondition: it has settled.
  RateByType leader_at_rest(Duration length);
  std::uint64_t digest() const { return trace_.digest(); }

 private:
  using Indices = std::set<std::size_t>;  // Of servers.
  using Lack = std::optional<std::string>;
  struct Counts {
    std::vector<SentByType> sent;
    std::vector<DatagramCounts> datagrams;
  };

  void join(LargeFigures& figures);
  void lose_a_standby(LargeFigures& figures);
  void lose_a_voter(LargeFigures& figures);
  void lose_the_leader(LargeFigures& figures);
  void split(LargeFigures& figures);
  void rest(LargeFigures& figures);
  void work(LargeFigures& figures);

  void run_until(Instant until);
  double until(const std::string& what, Instant since, const std::function<Lack()>& lack);
  void kill(std::size_t server);
  double restart(std::size_t server);
  void cut(const Indices& some, bool heals);
  /// Runs for so long, in which nobody comes, goes or is elected.
  void stay(Duration length);

  Lack lacks_states(const Indices& alive) const;
  Lack lacks_states(std::size_t server, const std::set<ServerNumber>& alive) const;
  Lack lacks_voters(const Indices& alive) const;
  Lack lacks_leader(const Indices& alive) const;
  Lack lacks_election(const Indices& alive) const;
  Lack lacks_equality(const Indices& alive) const;
  Lack lacks_agreement(const Indices& alive) const;
  Lack lacks_rest(const Indices& alive) const;

  std::set<ServerNumber> numbers(const Indices& servers) const;
  const group::View& view() const;
  std::size_t leader() const;
  /// Living ones, but for the leader.
  std::vector<std::size_t> with_role(wire::Role::Value role) const;
  Counts counts() const;
  RateByType rate(std::size_t server, const Counts& before, Duration length) const;
  /// The mean of all.
  RateByType rate_of_standbys(const Counts& before, Duration length) const;

  const Scenario scenario_;
  const Progress progress_;
  EventQueue events_;
  Trace trace_;
  Checkers checkers_;
  Network network_;
  Datagrams datagrams_;
  Servers servers_;
  Clients clients_;
  Indices alive_;
};

/// All the figures of one seed. Throws `Violation`. Precondition: within the limits above.
LargeFigures measure_large_group(std::uint64_t seed, std::size_t servers, bool printing,
                                 const Progress& progress);

}  // namespace muster::sim
