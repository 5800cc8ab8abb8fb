// Finding other servers: a server's half of discovery.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "discovery/rate_limit.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "wire/muster.pb.h"

namespace muster::discovery {

/// Another server of the group's name, as it announced itself last.
struct Sighting {
  ServerId server;
  std::string peer_address;  ///< Where to dial it: the beacon's, of the best way it was heard.
  wire::Beacon beacon;       ///< The newest.
  bool from_here{false};     ///< Its addresses come from a process of this machine.
  Instant heard_at;
  Instant way_at{};  ///< When it was heard last by the way that its addresses come from.
};

/// What is to be announced. `to` is empty for everywhere, else where an answer goes.
struct Announcement {
  wire::Beacon beacon;
  std::string to{};
};

/// Looks for the other servers of its group's name and lets itself be found.
///
/// First it probes `attempts` times within `window`, with pauses that double; until the window is
/// over it is SEARCHING, and the node neither founds nor stands for election. Then it is SETTLED.
/// All the time it announces itself: every `beacon_interval`, and at once when what it says has
/// changed in more than its load. It goes on probing, ever more seldom while it has no group.
/// Probes of others are answered within limits. A server that is heard over several ways counts
/// once, at the address that it was heard at first; another one replaces it if it comes from this
/// machine, has another port (the server has moved), or has outlived it by three intervals. A
/// server that is silent for ten intervals, at least 10 s, is forgotten.
///
/// What it hears has passed `wire::decode_datagram`. Pure. Thread-safety: none.
class Finder {
 public:
  struct Options {
    bool on{true};  ///< Off: it says and hears nothing, and does not search.
    Duration window{std::chrono::milliseconds{1500}};
    unsigned attempts{4};  ///< Probes within the window, at most 16.
    Duration beacon_interval{std::chrono::seconds{1}};
    Duration probe_pause_min{std::chrono::seconds{1}};  ///< After the window, without a group.
    Duration probe_pause_max{std::chrono::seconds{5}};  ///< The same, in the end.
    /// With a group: it may be found where probes pass and announcements do not.
    Duration probe_pause_formed{std::chrono::seconds{30}};
    std::size_t servers_max{256};  ///< Others that are remembered; further ones are passed over.
    unsigned answers_per_second{200};        ///< To all who ask.
    unsigned answers_to_one_per_second{20};  ///< To one host that asks.
    std::size_t askers_max{1'024};           ///< Hosts whose answers are counted.
    std::uint64_t seed{1};
  };

  /// Precondition: window and intervals are positive.
  Finder(const Options& options, Instant now);

  /// What this server says of itself, from now on; until the first call it says nothing. `nonce`
  /// is filled in here.
  void set_own(const wire::Beacon& own, Instant now);

  /// A beacon arrived, `from_here` if from a process of this machine. Those of another group's name
  /// and its own are passed over.
  void heard(const wire::Beacon& beacon, bool from_here, Instant now);
  /// A probe arrived. It is answered if it asks for any group or for this one, by name or id.
  void probed(const wire::Probe& probe, const std::string& from, Instant now);
  /// A datagram of this group's name could not be taken. True if the operator should be told: once
  /// in ten minutes for each host.
  bool foreign(const std::string& from, Instant now);

  /// Time has passed; due at `deadline()`, harmless earlier.
  void tick(Instant now);
  /// `Instant::max()` if there is nothing to wait for.
  Instant deadline() const;

  /// The window is not over yet: no candidacy, no founding.
  bool searching(Instant now) const;
  const std::map<ServerId, Sighting>& sightings() const { return seen_; }
  const Sighting* find(ServerId server) const;
  /// Whether a server was seen for the first time, or at another address, or was forgotten, since
  /// this was asked last.
  bool take_moves() { return std::exchange(moved_, false); }

  std::vector<Announcement> take_announcements();
  std::vector<wire::Probe> take_probes();
  /// As of the last call that had a time.
  wire::Discovery statistics() const;

 private:
  Instant window_end() const { return start_ + options_.window; }
  Duration forget_after() const;
  bool replaces(const Sighting& known, const wire::Beacon& beacon, bool from_here,
                Instant now) const;
  void forget(Instant now);
  void announce(Instant now);
  void send_probe(Instant now);
  Instant next_probe(Instant now);

  const Options options_;
  const Instant start_;
  Random random_;
  Instant now_;  // The latest instant that was told.

  std::optional<wire::Beacon> own_;
  std::optional<Instant> announced_at_;
  Instant next_announcement_{Instant::max()};
  Instant next_probe_{Instant::max()};
  Duration probe_pause_;

  std::map<ServerId, Sighting> seen_;
  bool moved_{false};
  Instant next_forgotten_{Instant::max()};  // Nobody is before: who is heard again has later.
  RateLimit answers_;
  RateLimit hints_;

  std::uint32_t attempts_{0};
  std::uint64_t heard_{0};
  std::uint64_t duplicates_{0};
  std::uint64_t foreign_{0};

  std::vector<Announcement> announcements_;
  std::vector<wire::Probe> probes_;
};

}  // namespace muster::discovery
