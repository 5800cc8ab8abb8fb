// The servers that a client may try, and in which order.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "muster/time.h"

namespace muster::session {

/// Addresses tried round robin. After each was tried once without success, the next round waits:
/// twice as long each time, up to a limit, half of it by chance, so that the clients of a lost
/// server do not all come back at one moment. Thread-safety: none.
class Servers {
 public:
  struct Options {
    Duration backoff_min{50'000};
    Duration backoff_max{5'000'000};
    std::size_t addresses_max{256};  ///< Seeds included; the oldest learnt one makes room.
  };

  /// Addresses that are empty, too long or named twice are left out.
  Servers(const Options& options, const std::vector<std::string>& seeds);

  /// Adds an address that a server or discovery has named; one that is known stays in its place.
  void learn(const std::string& address);
  bool empty() const { return addresses_.empty(); }
  const std::vector<std::string>& addresses() const { return addresses_; }

  /// The address to try next. Precondition: not empty.
  std::string next();
  /// `address` is tried now, out of turn: the round goes on behind it.
  void tried(const std::string& address);
  /// How long to wait before the next try: nothing within a round.
  Duration pause(Random& random);
  /// A server that served is lost: the round goes on with any other one, by chance, so that not all
  /// of its clients go to the same.
  void lost(const std::string& address, Random& random);
  /// A server served: the next loss begins a new round without a wait.
  void succeeded();

 private:
  const Options options_;
  std::size_t seeds_{0};
  std::vector<std::string> addresses_;
  std::size_t next_{0};
  std::size_t tried_in_round_{0};
  unsigned rounds_{0};
};

}  // namespace muster::session
