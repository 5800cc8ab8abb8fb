// What `muster auction open list show history close cancel` do.
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <utility>

#include "cli/auction_commands.h"
#include "cli/auction_lines.h"
#include "cli/table.h"

namespace muster::cli {
namespace {

using boost::asio::awaitable;

void say_if_stale(bool is_latest) {
  if (!is_latest) {
    fmt::print(stderr, "the group has no majority now: this is what one server has\n");
  }
}

awaitable<ExitCode> open(AuctionClient& client, const OpenOptions& options) {
  const AuctionOptions& common = options.common;
  const auction::Request request =
      auction::Open{.seller = common.person, .terms = options.terms, .key = common.client.key};
  auto receipt = co_await client.submit(request);
  if (!receipt) co_return report(receipt.error());
  const bool accepted = receipt->reason == auction::Reason::accepted;
  if (common.client.json || !accepted) {
    const BidAnswer answer{std::move(*receipt)};
    co_return tell_receipt(common, answer);
  }
  const LogTime now = clock_for_people();
  fmt::print("{}{}\n", auction::to_text(receipt->lot),
             receipt->repeated ? " (opened before with this key)" : "");
  fmt::print("{} {}, closes {}; bid with: muster auction bid {} PRICE\n",
             auction::name_of(options.terms.format), auction::name_of(receipt->status.state),
             time_text(receipt->status.closes_at, now), auction::to_text(receipt->lot));
  co_return 0;
}

awaitable<ExitCode> list(AuctionClient& client, const AuctionOptions& options) {
  const auto lots = co_await client.lots(true);
  if (!lots) co_return report(lots.error());
  say_if_stale(lots->is_latest);
  if (options.client.json) {
    for (const auction::LotView& lot : lots->value) fmt::print("{}\n", lot_json(lot));
  } else if (lots->value.empty()) {
    fmt::print("no lots; offer one with: muster auction open TITLE --start PRICE\n");
  } else {
    print_table(lot_rows(lots->value, clock_for_people()));
  }
  co_return 0;
}

awaitable<ExitCode> show(AuctionClient& client, const AuctionOptions& options) {
  const auto lot = co_await client.lot(options.lot);
  if (!lot) co_return report(lot.error());
  say_if_stale(lot->is_latest);
  if (options.client.json) {
    fmt::print("{}\n", lot_json(lot->value));
  } else {
    for (const std::string& line : lot_lines(lot->value, clock_for_people())) {
      fmt::print("{}\n", line);
    }
  }
  co_return 0;
}

awaitable<ExitCode> history(AuctionClient& client, const HistoryOptions& options) {
  const auto history = co_await client.history(options.common.lot, true);
  if (!history) co_return report(history.error());
  say_if_stale(history->is_latest);
  const auction::History& kept = history->value;
  if (kept.first_kept > 1) {
    fmt::print(stderr, "{} older entries of the record are no longer kept\n", kept.first_kept - 1);
  }
  if (kept.refused_dropped > 0) {
    fmt::print(stderr, "{} older refused bids are no longer kept\n", kept.refused_dropped);
  }
  if (options.csv) fmt::print("{}\r\n", history_csv_heading());
  const LogTime now = clock_for_people();
  for (const auction::Entry& entry : kept.entries) {
    if (options.csv) {
      fmt::print("{}\r\n", entry_csv(entry, kept.currency));
    } else {
      fmt::print("{}\n", options.common.client.json ? entry_json(entry, kept.currency)
                                                    : entry_text(entry, kept.currency, now));
    }
  }
  co_return 0;
}

awaitable<ExitCode> steer(AuctionClient& client, const AuctionOptions& options,
                          auction::Steering what) {
  const auction::Request request = auction::Steer{
      .lot = options.lot, .seller = options.person, .what = what, .key = options.client.key};
  auto receipt = co_await client.submit(request);
  if (!receipt) co_return report(receipt.error());
  const BidAnswer answer{std::move(*receipt)};
  co_return tell_receipt(options, answer);
}

/// What to do about it on the command line; empty: the words of the receipt say all.
std::string remedy_for(const AuctionOptions& options, auction::Reason reason) {
  if (reason == auction::Reason::own_lot && options.person_from_user) {
    return fmt::format("you are {} here ($USER), its seller; who else bids says so with --as NAME",
                       options.person);
  }
  if (reason == auction::Reason::own_standing_bid) {
    return fmt::format("raise your maximum with: muster auction bid {} PRICE --max MAXIMUM",
                       auction::to_text(options.lot));
  }
  return {};
}

}  // namespace

LogTime clock_for_people() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

ExitCode tell_receipt(const AuctionOptions& options, const BidAnswer& answer) {
  const auction::Receipt& receipt = answer.receipt;
  const bool accepted = receipt.reason == auction::Reason::accepted;
  const auto lines = receipt_lines(answer, clock_for_people());
  if (options.client.json) fmt::print("{}\n", receipt_json(answer));
  if (accepted) {
    if (!options.client.json) fmt::print("{}\n", fmt::join(lines, "\n"));
    std::fflush(stdout);
    return 0;
  }
  std::fflush(stdout);
  fmt::print(stderr, "{}: {}\n", name_of(auction::code_of(receipt.reason)),
             options.client.json ? lines.front() : fmt::to_string(fmt::join(lines, "\n")));
  const std::string remedy = remedy_for(options, receipt.reason);
  if (!remedy.empty()) fmt::print(stderr, "{}\n", remedy);
  return 1;
}

ExitCode with_auction(const AuctionOptions& options, const char* kind,
                      const std::function<awaitable<ExitCode>(AuctionClient&)>& work) {
  muster::ClientOptions library = library_options(
      options.client, options.person.empty() ? std::string(kind) : options.person, kind);
  // That nobody is there is told sooner than a call would wait.
  if (library.servers.empty()) options.client.servers_to_try();
  boost::asio::io_context context;
  ExitCode exit = 0;
  std::exception_ptr failure;
  AuctionClient client(context, std::move(library));
  const auto carry_out = [&]() -> awaitable<void> {
    exit = co_await work(client);
    co_await client.client().end();
  };
  boost::asio::co_spawn(context, carry_out(), [&](const std::exception_ptr& thrown) {
    failure = thrown;
    context.stop();
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return exit;
}

ExitCode run_open(const OpenOptions& options) {
  return with_auction(options.common, "seller",
                      [&](AuctionClient& client) { return open(client, options); });
}

ExitCode run_list(const AuctionOptions& options) {
  return with_auction(options, "watcher",
                      [&](AuctionClient& client) { return list(client, options); });
}

ExitCode run_show(const AuctionOptions& options) {
  return with_auction(options, "watcher",
                      [&](AuctionClient& client) { return show(client, options); });
}

ExitCode run_history(const HistoryOptions& options) {
  return with_auction(options.common, "watcher",
                      [&](AuctionClient& client) { return history(client, options); });
}

ExitCode run_steer(const AuctionOptions& options, auction::Steering what) {
  return with_auction(options, "seller",
                      [&](AuctionClient& client) { return steer(client, options, what); });
}

}  // namespace muster::cli
