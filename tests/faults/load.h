// Clients of the registers that write down what they do: under load, following, and afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "faults/history.h"
#include "muster/client_types.h"

namespace muster::faults {

struct LoadOptions {
  ClientOptions client{};
  std::string history{};    ///< The file that operations are written to.
  std::uint32_t number{1};  ///< Of this client, from 1 on: what it writes nobody else writes.
  std::uint64_t seed{1};    ///< Of what it does.
  /// Operations at the same time: many, each after a long pause, so that some are begun also while
  /// others wait for a server that is not heard, as reads of a leader that has been deposed.
  unsigned in_flight{8};
  Duration pause{std::chrono::milliseconds{200}};  ///< On average, before each of them.
  std::uint32_t keys{16};                          ///< That are in use at the same time.
  /// After so long all clients go on to other keys: the search for an order takes each by itself.
  Duration keys_change{std::chrono::seconds{5}};
};

/// Reads, writes, compares and sets until SIGTERM; then writes once more, which must succeed: the
/// client still has its answers. A session that the group gave up is followed by another one, and
/// the line printed at the end says how many were. Returns the exit code.
int run_load(const LoadOptions& options);

/// Follows the topic of the registers from the first event until that of `client_of_the_end`, over
/// as many sessions as it takes, and writes down what it is told. Returns the exit code.
int run_follower(const ClientOptions& options, const std::string& path);

/// The client whose one write is the last event of all.
inline constexpr std::uint32_t client_of_the_end = 0;

/// Writes once as `client_of_the_end`, and then reads every key of these histories. Returns the
/// exit code.
int run_end(const ClientOptions& options, const std::string& history,
            const std::vector<std::string>& histories);

}  // namespace muster::faults
