// The auction as its clients see it: typed requests and answers, on a client of the group.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <variant>
#include <vector>

#include "auction/messages.h"
#include "cli/client_options.h"
#include "muster/client.h"
#include "muster/error.h"

namespace muster::cli {

/// A client of the library with what was said on the command line. `servers` are tried first; if
/// none were named there, others are looked for when these are gone.
muster::ClientOptions library_options(const ClientOptions& options, std::string name,
                                      std::string kind);

/// What became of a bid. `at_home`: its home knew that nothing in the log could make it succeed and
/// refused it by itself; then the receipt has no place in the log.
struct BidAnswer {
  auction::Receipt receipt;
  bool at_home{false};
};

/// What was read; `is_latest` is false if no leader could be asked and it is one server's state.
template <class Value>
struct Read {
  Value value{};
  bool is_latest{true};
};

/// One bidder, seller or watcher. Aggregates that are given to or returned from a coroutine
/// must be named first, and no `co_await` may stand in `?:`: g++ 12 destroys such temporaries
/// twice. Errors of its operations are those of `muster::Client`, or what the service refuses
/// without a receipt. Thread-safety and lifetime: as `muster::Client`.
class AuctionClient {
 public:
  using SealedOrOpen = std::variant<auction::Bid, auction::Commit>;

  AuctionClient(boost::asio::io_context& context, muster::ClientOptions options)
      : client_(context, std::move(options)) {}

  muster::Client& client() { return client_; }

  /// Asks the home whether this bid is lost already, and gives it to the group only if it is not.
  boost::asio::awaitable<Result<BidAnswer>> bid(const SealedOrOpen& bid);
  boost::asio::awaitable<Result<auction::Receipt>> submit(const auction::Request& request);

  /// What a bidder needs to know to make up a bid: from the home if that knows the lot.
  boost::asio::awaitable<Result<auction::LotView>> terms(auction::LotId lot);
  boost::asio::awaitable<Result<Read<auction::LotView>>> lot(auction::LotId lot);
  boost::asio::awaitable<Result<Read<std::vector<auction::LotView>>>> lots(bool over);
  /// All pages as one.
  boost::asio::awaitable<Result<Read<auction::History>>> history(auction::LotId lot, bool refused);

 private:
  /// `consistency` is lowered if the group has no majority.
  boost::asio::awaitable<Result<ReadReply>> ask(const auction::Query& query,
                                                Consistency& consistency);

  muster::Client client_;
};

}  // namespace muster::cli
