// The subcommands of `muster auction`: what was typed, and carrying it out.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

#include "auction/messages.h"
#include "cli/auction_client.h"
#include "cli/client_options.h"
#include "cli/commands.h"
#include "muster/time.h"

namespace muster::cli {

/// What every subcommand has. `person` is empty where nobody need be named.
struct AuctionOptions {
  ClientOptions client{};
  std::string person{};
  bool person_from_user{false};  ///< It is $USER: nobody was named.
  auction::LotId lot{};
};

struct OpenOptions {
  AuctionOptions common{};
  auction::Terms terms{};
};

struct BidOptions {
  AuctionOptions common{};
  std::string price{};
  std::string max{};
  bool stay{false};
};

struct HistoryOptions {
  AuctionOptions common{};
  bool csv{false};
};

struct HouseOptions {
  ClientOptions client{};
  std::size_t lots{4};
  std::size_t bidders{16};
  Duration duration{std::chrono::seconds{30}};
  std::uint32_t losing{0};  ///< Percent of bids that are below the standing price on purpose.
  bool settle_at_home{true};
  Duration pace{std::chrono::milliseconds{200}};  ///< Between two bids of one bidder, on average.
};

/// Opens a session and carries `work` out; an exit code or what it throws comes back.
ExitCode with_auction(const AuctionOptions& options, const char* kind,
                      const std::function<boost::asio::awaitable<ExitCode>(AuctionClient&)>& work);

/// The wall clock, for showing times.
LogTime clock_for_people();
/// Prints the outcome; 1 if it was refused.
ExitCode tell_receipt(const AuctionOptions& options, const BidAnswer& answer);

ExitCode run_open(const OpenOptions& options);
ExitCode run_list(const AuctionOptions& options);
ExitCode run_show(const AuctionOptions& options);
ExitCode run_history(const HistoryOptions& options);
ExitCode run_steer(const AuctionOptions& options, auction::Steering what);
ExitCode run_bid(const BidOptions& options);
ExitCode run_reveal(const AuctionOptions& options);
ExitCode run_watch_lot(const AuctionOptions& options);
ExitCode run_verify(const AuctionOptions& options);
ExitCode run_house(const HouseOptions& options);

/// Shows what happens to the lot, a line each, until it is over or, with `until` being `revealing`,
/// its sealed bids may be revealed. What was missed while no server could be reached is told by how
/// the lot stands then.
boost::asio::awaitable<ExitCode> follow_lot(AuctionClient& client, const AuctionOptions& options,
                                            auction::Happening until);

}  // namespace muster::cli
