// Looking for servers: a client's half of discovery.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/muster.pb.h"

namespace muster::discovery {

/// A server that answered.
struct Candidate {
  ServerId server;
  std::string client_address;  ///< Of the best way it was heard.
  wire::Beacon beacon;         ///< The newest.
  bool from_here{false};       ///< The address comes from a process of this machine.
  Instant heard_at;
  /// It takes sessions now, as far as it says: its group runs and has a leader.
  bool usable() const;
};

/// Asks in `rounds` probes within `timeout`, with pauses that double, who is there, and orders what
/// it hears. Beyond the timeout it goes on only if told to, ever more seldom and with chance.
///
/// Pure. Thread-safety: none.
class Search {
 public:
  struct Options {
    std::string group{};  ///< A name or an id; empty: any.
    std::string zone{};   ///< Servers of this zone are tried first; empty: none is preferred.
    Duration timeout{std::chrono::seconds{3}};
    unsigned rounds{3};  ///< Probes within the timeout, at most 16.
    /// How long others may still answer once a usable server has, so that the best can be chosen.
    Duration gather{std::chrono::milliseconds{50}};
    bool goes_on{false};                          ///< Probe also after the timeout.
    Duration pause_max{std::chrono::seconds{5}};  ///< Between probes after the timeout.
    std::size_t servers_max{256};                 ///< Further ones are passed over.
    std::uint64_t seed{1};
  };
  struct Statistics {
    std::uint32_t probes{0};      ///< Rounds; each asks on every interface.
    std::uint64_t answers{0};     ///< Beacons of the group asked for.
    std::uint64_t duplicates{0};  ///< Those of servers known already.
    std::uint64_t others{0};      ///< Beacons of other groups.
    std::uint64_t foreign{0};     ///< Datagrams without the secret, or of another version.
    friend bool operator==(const Statistics&, const Statistics&) = default;
  };

  /// Precondition: timeout and pause are positive, the rounds 1 to 16.
  Search(const Options& options, Instant now);

  /// A beacon arrived, in answer or not, `from_here` if from a process of this machine.
  void heard(const wire::Beacon& beacon, bool from_here, Instant now);
  /// A datagram could not be taken; `remedy` is kept for `failure()`.
  void foreign(const std::string& remedy);

  /// Time has passed; due at `deadline()`, harmless earlier.
  void tick(Instant now);
  /// `Instant::max()` if there is nothing to wait for.
  Instant deadline() const;

  /// The caller need not wait longer: a usable server has answered and `gather` is over, or the
  /// timeout is.
  bool done(Instant now) const;
  bool timed_out(Instant now) const { return now >= timeout_at(); }

  std::vector<wire::Probe> take_probes();
  /// Best first: usable ones, of the wanted zone, with fewer clients, of this machine; then by
  /// chance, the same for all of this search's life.
  std::vector<Candidate> candidates() const;
  const Statistics& statistics() const { return statistics_; }
  /// Why no server was found, for an error's text: `no server of group g answered 3 probes in 3 s`,
  /// what answered instead, and its remedy. The driver adds the interfaces, and `--server`.
  std::string failure() const;

 private:
  struct Found {
    Candidate candidate;
    std::uint64_t chance{0};
    Instant way_at{};  // When it was heard last by the way that its address comes from.
  };

  Instant timeout_at() const { return start_ + options_.timeout; }
  Instant gathered_at() const;
  bool wanted(const wire::Beacon& beacon) const;
  bool replaces(const Found& found, const wire::Beacon& beacon, bool from_here, Instant now) const;
  Instant next_probe(Instant now);

  const Options options_;
  const Instant start_;
  Random random_;
  Instant now_;  // The latest instant that was told.
  Instant next_probe_;
  Duration pause_;                    // After the timeout.
  std::optional<Instant> usable_at_;  // When the first usable server answered.
  std::map<ServerId, Found> found_;
  std::string other_group_;
  std::string remedy_;
  Statistics statistics_;
  std::vector<wire::Probe> probes_;
};

}  // namespace muster::discovery
