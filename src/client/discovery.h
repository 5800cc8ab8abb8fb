// Finds servers for a client that was told none.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "discovery/search.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "net/loop.h"
#include "net/rendezvous.h"

namespace muster::client {

/// What was found, best first, and how.
struct Discovered {
  std::vector<discovery::Candidate> candidates;
  discovery::Search::Statistics statistics;
  std::string asked;    ///< The interfaces, in plain words.
  std::string failure;  ///< Why there are no candidates; empty if there are.

  std::vector<std::string> addresses() const;
  /// Error: `failed_precondition` if those that answered belong to more than one group, which have
  /// one name: it names their ids.
  [[nodiscard]] Result<void> check_one_group() const;
};

/// Drives a `discovery::Search`: reads the files of this machine's servers, probes on every
/// interface, gathers the answers. Thread-safety: none. Destroying it gives up without a call.
class Discovery final {
 public:
  struct Options {
    discovery::Search::Options search{};  ///< The seed is filled in.
    Bytes secret{};
    net::Datagrams::Options datagrams{};
    bool all{false};  ///< Wait for everybody until the timeout, instead of for the first usable.
  };
  using OnDone = std::function<void(Discovered)>;

  /// Begins at once; `on_done` is called from the loop, once. Precondition: `loop` outlives it.
  /// Throws `ErrorException` for options that can never work.
  Discovery(net::Loop& loop, const Options& options, OnDone on_done);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

 private:
  void go_on();

  net::Loop& loop_;
  const bool all_;
  OnDone on_done_;
  discovery::Search search_;
  std::unique_ptr<net::Rendezvous> rendezvous_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};
};

/// Runs `loop` until the search is over.
Discovered discover(net::Loop& loop, const Discovery::Options& options);

}  // namespace muster::client
