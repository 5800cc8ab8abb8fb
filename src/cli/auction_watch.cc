// What `muster auction watch` does, and waiting for what becomes of a lot.
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "auction/auction.h"
#include "cli/auction_commands.h"
#include "cli/auction_lines.h"
#include "cli/auction_view.h"
#include "cli/demo_terminal.h"

// g++ 12 takes Asio's own pair of allocation functions for a mismatch where it inlines a coroutine.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace muster::cli {
namespace {

using boost::asio::awaitable;

constexpr auto redraw_interval = std::chrono::milliseconds{200};

bool is_there_yet(const auction::Status& status, auction::Happening until) {
  if (auction::is_over(status.state)) return true;
  return until == auction::Happening::revealing && status.state == auction::State::revealing;
}

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

/// A lot on the terminal, until it is over, `q` or a signal.
class LotScreen {
 public:
  explicit LotScreen(const AuctionOptions& options)
      : options_(options),
        terminal_(context_,
                  [this](char key) {
                    if (key == 'q' || key == 'Q') leave();
                  }),
        signals_(context_, SIGINT, SIGTERM),
        timer_(context_),
        client_(context_, with_changes()) {
    model_.self = options.person;
    signals_.async_wait([this](const auto& error, int /*signal*/) {
      if (!error) leave();
    });
  }

  ExitCode run() {
    boost::asio::co_spawn(context_, watch(), [this](const std::exception_ptr& thrown) {
      failure_ = thrown;
      if (thrown || exit_ != 0) leave();
    });
    tick();
    context_.run();
    terminal_.leave();
    if (failure_) std::rethrow_exception(failure_);
    if (error_) return report(*error_);
    for (const std::string& line : lot_lines(model_.lot, clock_for_people())) print_line(line);
    return exit_;
  }

 private:
  muster::ClientOptions with_changes() {
    auto library = library_options(
        options_.client, options_.person.empty() ? "watcher" : options_.person, "watcher");
    library.on_change = [this](const ClientChange& change) {
      if (change.kind == ClientChange::Kind::connected) model_.server = change.address;
      if (change.kind == ClientChange::Kind::lost) model_.server.clear();
    };
    return library;
  }

  void leave() { context_.stop(); }

  void tick() {
    if (model_.lot.lot == options_.lot) {
      terminal_.draw(render(model_, clock_for_people(), terminal_.size()));
    }
    timer_.expires_after(redraw_interval);
    timer_.async_wait([this](const auto& error) {
      if (!error) tick();
    });
  }

  awaitable<void> watch() {
    auto news = co_await client_.client().follow(auction::lot_topic(options_.lot));
    if (!news) co_return fail(news.error());
    auto lot = co_await client_.lot(options_.lot);
    if (!lot) co_return fail(lot.error());
    model_.lot = std::move(lot->value);
    const auto history = co_await client_.history(options_.lot, false);
    if (!history) co_return fail(history.error());
    for (const auction::Entry& entry : history->value.entries) {
      if (entry.bidder == model_.self) model_.has_bid = true;
      shown_ = entry.position;
      model_.add_line(entry_text(entry, history->value.currency, clock_for_people()));
    }
    while (!auction::is_over(model_.lot.status.state)) {
      const auto next = co_await news->next();
      if (!next) co_return fail(next.error());
      take(*next);
    }
    leave();
  }

  void take(const News& news) {
    if (const auto* const event = std::get_if<muster::Event>(&news)) {
      const auto told = auction::decode_event(event->payload.view());
      if (!told) return fail(told.error());
      if (shown_ && event->position.command <= *shown_) return;
      model_.take(*told, event->time);
    } else if (const auto* const gap = std::get_if<Gap>(&news); gap != nullptr) {
      if (!gap->state) return fail(gap->state.error());
      auto lot = auction::decode_lot((*gap->state).view());
      if (!lot) return fail(lot.error());
      model_.lot = std::move(*lot);
      model_.add_line("... some bids were missed; this is how it stands");
    }
  }

  void fail(const Error& error) {
    error_ = error;
    exit_ = 1;
    leave();
  }

  const AuctionOptions& options_;
  boost::asio::io_context context_{1};
  AuctionModel model_;
  DemoTerminal terminal_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  AuctionClient client_;
  std::optional<Position> shown_{};  // Up to here from the history.
  std::optional<Error> error_{};
  std::exception_ptr failure_{};
  ExitCode exit_{0};
};

}  // namespace

awaitable<ExitCode> follow_lot(AuctionClient& client, const AuctionOptions& options,
                               auction::Happening until) {
  const bool json = options.client.json;
  auto news = co_await client.client().follow(auction::lot_topic(options.lot));
  if (!news) co_return report(news.error());
  const auto lot = co_await client.lot(options.lot);
  if (!lot) co_return report(lot.error());
  if (json) {
    print_line(lot_json(lot->value));
  } else if (until == auction::Happening::ended) {
    for (const std::string& line : lot_lines(lot->value, clock_for_people())) print_line(line);
  }
  bool reached = is_there_yet(lot->value.status, until);
  while (!reached) {
    const auto next = co_await news->next();
    if (!next) co_return report(next.error());
    if (const auto* const event = std::get_if<muster::Event>(&*next)) {
      const auto told = auction::decode_event(event->payload.view());
      if (!told) co_return report(told.error());
      print_line(json ? event_json(*told, event->position, event->time)
                      : event_text(*told, event->time));
      reached = is_there_yet(told->status, until);
    } else if (const auto* const gap = std::get_if<Gap>(&*next)) {
      if (!gap->state) co_return report(gap->state.error());
      const auto stands = auction::decode_lot((*gap->state).view());
      if (!stands) co_return report(stands.error());
      fmt::print(stderr, "some of it was missed; this is how the lot stands\n");
      if (json) {
        print_line(lot_json(*stands));
      } else {
        for (const auto& line : lot_lines(*stands, clock_for_people())) print_line(line);
      }
      reached = is_there_yet(stands->status, until);
    }
  }
  co_return 0;
}

ExitCode run_watch_lot(const AuctionOptions& options) {
  AuctionOptions watched = options;
  if (watched.person.empty()) {
    const char* const user = std::getenv("USER");
    if (user != nullptr && auction::validate_person(user)) watched.person = user;
  }
  if (watched.client.servers.empty()) watched.client.servers_to_try();
  if (DemoTerminal::is_there() && !watched.client.json) return LotScreen(watched).run();
  return with_auction(watched, "watcher", [&](AuctionClient& client) {
    return follow_lot(client, watched, auction::Happening::ended);
  });
}

}  // namespace muster::cli
