// Looking for servers, for programs outside.
#pragma once

#include <boost/asio/io_context.hpp>
#include <vector>

#include "client/discovery.h"
#include "library/waiting.h"
#include "muster/discovery.h"
#include "muster/error.h"
#include "net/datagrams.h"

namespace muster::library {

/// Errors: INVALID_ARGUMENT for options that can never work.
[[nodiscard]] Result<void> check_discovery(const DiscoveryOptions& options);
/// Precondition: `check_discovery` has passed.
net::Datagrams::Options to_datagrams(const DiscoveryOptions& options);
/// Precondition: as `to_datagrams`.
client::Discovery::Options to_search(const SearchOptions& options);
/// Looks for servers and answers when the search is over. On the loop of `context`. A search that
/// nobody waits for any more still takes its time.
void search(boost::asio::io_context& context, const SearchOptions& options,
            const WaitingPointer<std::vector<FoundServer>>& waiting);

}  // namespace muster::library
