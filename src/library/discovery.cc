#include "library/discovery.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "library/loops.h"

namespace muster::library {
namespace {

net::DiscoveryMode to_net(DiscoveryMode mode) {
  switch (mode) {
    case DiscoveryMode::multicast:
      return net::DiscoveryMode::multicast;
    case DiscoveryMode::broadcast:
      return net::DiscoveryMode::broadcast;
    case DiscoveryMode::local:
      return net::DiscoveryMode::local;
    case DiscoveryMode::off:
      return net::DiscoveryMode::off;
  }
  return net::DiscoveryMode::off;
}

FoundServer to_found_server(const discovery::Candidate& candidate) {
  const wire::Beacon& beacon = candidate.beacon;
  return {.address = candidate.client_address,
          .name = beacon.name(),
          .group = beacon.group(),
          .group_id = beacon.group_id(),
          .number = beacon.number(),
          .host = beacon.host(),
          .zone = beacon.zone(),
          .leader = beacon.leader(),
          .clients = beacon.clients(),
          .version = beacon.version(),
          .usable = candidate.usable()};
}

/// Held by its own search until that is over, or the context goes.
class Search final : public LoopUser, public std::enable_shared_from_this<Search> {
 public:
  Search(boost::asio::io_context& context, WaitingPointer<std::vector<FoundServer>> waiting)
      : loops_(Loops::of(context)), waiting_(std::move(waiting)) {}

  void begin(const SearchOptions& options) {
    loops_.add(shared_from_this());
    discovery_ = std::make_unique<client::Discovery>(
        loops_.loop(), to_search(options),
        [self = shared_from_this()](const client::Discovered& found) { self->finish(found); });
  }
  void abandon() override {
    discovery_.reset();
    waiting_.reset();
  }

 private:
  void finish(const client::Discovered& discovered) {
    loops_.remove(*this);
    if (discovered.candidates.empty()) {
      waiting_->complete(Error{ErrorCode::unavailable, discovered.failure + "; asked on " +
                                                           discovered.asked +
                                                           "; look into it with: muster doctor"});
      return;
    }
    std::vector<FoundServer> servers;
    for (const auto& candidate : discovered.candidates) {
      servers.push_back(to_found_server(candidate));
    }
    waiting_->complete(std::move(servers));
  }

  Loops& loops_;
  WaitingPointer<std::vector<FoundServer>> waiting_;
  std::unique_ptr<client::Discovery> discovery_;
};

}  // namespace

Result<void> check_discovery(const DiscoveryOptions& options) {
  if (options.multicast_ttl < 0 || options.multicast_ttl > 255) {
    return Error{
        ErrorCode::invalid_argument,
        "multicast_ttl " + std::to_string(options.multicast_ttl) + " is none: it is from 0 to 255"};
  }
  if (options.port == 0) {
    return Error{ErrorCode::invalid_argument,
                 "the discovery port is from 1 to 65535, the same for the whole group"};
  }
  if (options.multicast_address.empty()) return {};
  net::Datagrams::Options datagrams;
  return net::Datagrams::set_group(datagrams, options.multicast_address);
}

net::Datagrams::Options to_datagrams(const DiscoveryOptions& options) {
  net::Datagrams::Options datagrams{.mode = to_net(options.mode),
                                    .port = options.port,
                                    .ttl = options.multicast_ttl,
                                    .interfaces = options.interfaces};
  if (!options.multicast_address.empty()) {
    net::Datagrams::set_group(datagrams, options.multicast_address).value();
  }
  return datagrams;
}

client::Discovery::Options to_search(const SearchOptions& options) {
  return {
      .search = {.group = options.group,
                 .zone = options.zone,
                 .timeout = std::max<Duration>(within_limits(options.timeout), Duration{1'000})},
      .secret = options.secret,
      .datagrams = to_datagrams(options.discovery),
      .all = options.all};
}

void search(boost::asio::io_context& context, const SearchOptions& options,
            const WaitingPointer<std::vector<FoundServer>>& waiting) {
  if (const Result<void> valid = check_discovery(options.discovery); !valid) {
    return waiting->complete(valid.error());
  }
  std::make_shared<Search>(context, waiting)->begin(options);
}

}  // namespace muster::library
