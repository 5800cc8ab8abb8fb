// The mobility service as its clients see it: typed requests and answers, on a client of the group.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/client_options.h"
#include "mobility/messages.h"
#include "mobility/road_map.h"
#include "muster/client.h"
#include "muster/error.h"

namespace muster::cli {

/// Asks and tells the service. Errors of its operations are those of `muster::Client`, or what the
/// service refuses. Thread-safety and lifetime: as `muster::Client`.
class MobilityClient {
 public:
  template <class Value>
  using Awaited = boost::asio::awaitable<Result<Value>>;

  explicit MobilityClient(muster::Client& client) : client_(client) {}

  Awaited<mobility::Receipt> submit(const mobility::Request& request);
  /// All pages as one, ascending.
  Awaited<std::vector<mobility::Incident>> incidents(bool open_only);
  Awaited<mobility::Incident> incident(mobility::IncidentId id);
  Awaited<std::vector<mobility::Unit>> units(std::optional<mobility::Kind> kind);
  Awaited<mobility::FiguresSummary> figures();
  Awaited<mobility::RoadMap> map();
  /// Sends the map in pieces, unless the group has it already.
  Awaited<void> send_map(const mobility::RoadMap& map);
  /// What was read is one server's state: there is no majority to ask.
  bool is_stale() const { return is_stale_; }

 private:
  Awaited<ReadReply> ask(mobility::Query query);

  muster::Client& client_;
  bool is_stale_{false};
};

/// Opens a session and carries `work` out; an exit code or what it throws comes back.
ExitCode with_mobility(
    const ClientOptions& options,
    const std::function<boost::asio::awaitable<ExitCode>(MobilityClient&)>& work);

}  // namespace muster::cli
