// What `muster auction house` does: real clients bid for real lots, and all is checked in the end.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "auction/auction.h"
#include "base/random.h"
#include "cli/acknowledgement_gaps.h"
#include "cli/auction_audit.h"
#include "cli/auction_commands.h"
#include "cli/auction_lines.h"
#include "cli/auction_verify.h"
#include "cli/histogram.h"
#include "cli/json_line.h"
#include "client/client.h"

namespace muster::cli {
namespace {

using auction::LotId;
using boost::asio::awaitable;
using Clock = std::chrono::steady_clock;

constexpr auto progress_interval = std::chrono::seconds{5};
constexpr auto sniping_time = std::chrono::seconds{3};
constexpr auto pause_after_error = std::chrono::milliseconds{200};
constexpr std::uint64_t dearest_step = 5;  // A bid is up to so many steps above what is asked.

std::chrono::milliseconds whole_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

/// How somebody bids.
enum class Habit : std::uint8_t {
  hunter,  ///< A little above what is asked, all the time.
  proxy,   ///< Leaves a maximum and looks again.
  sniper,  ///< Only shortly before the end.
};

struct Figures {
  std::uint64_t bids{0};
  std::uint64_t at_home{0};
  std::uint64_t accepted{0};
  std::uint64_t refused{0};
  std::uint64_t unknown{0};
  std::uint64_t errors{0};
  Histogram latency{};
  AcknowledgementGaps gaps{};
};

struct Bidder {
  std::string name;
  Habit habit{Habit::hunter};
  std::unique_ptr<AuctionClient> client;
  std::map<LotId, auction::Status> known{};
};

class House {
 public:
  explicit House(const HouseOptions& options)
      : options_(options),
        random_(client::make_seed()),
        seller_(context_, library_options(options.client, seller_name, "seller")),
        progress_(context_),
        signals_(context_, SIGINT, SIGTERM) {
    constexpr std::array habits{Habit::hunter, Habit::proxy, Habit::sniper, Habit::hunter};
    for (std::size_t i = 1; i <= options.bidders; ++i) {
      std::string name = fmt::format("bidder-{}", i);
      auto client = std::make_unique<AuctionClient>(
          context_, library_options(options.client, name, "bidder"));
      bidders_.push_back({.name = std::move(name),
                          .habit = habits[i % habits.size()],
                          .client = std::move(client)});
    }
    signals_.async_wait([this](const auto& error, int /*signal*/) {
      if (error) return;
      stopped_ = true;
      context_.stop();
    });
  }

  ExitCode run() {
    boost::asio::co_spawn(context_, whole(), [this](const std::exception_ptr& thrown) {
      failure_ = thrown;
      context_.stop();
    });
    context_.run();
    if (failure_) std::rethrow_exception(failure_);
    if (stopped_) {
      return report({ErrorCode::aborted,
                     "stopped before the lots were over: they close at their time, unchecked"});
    }
    if (error_) return report(*error_);
    return check_and_tell();
  }

 private:
  static constexpr const char* seller_name = "house";

  awaitable<void> whole() {
    auto lots_news = co_await seller_.client().follow(auction::lots_topic);
    if (!lots_news) co_return fail(lots_news.error());
    if (!co_await open_lots()) co_return;
    begun_ = Clock::now();
    tell_progress();
    for (Bidder& bidder : bidders_) {
      ++bidding_;
      boost::asio::co_spawn(context_, bid_on(bidder), [this](const std::exception_ptr& thrown) {
        if (thrown) failure_ = thrown;
        if (--bidding_ == 0 || thrown) all_done_.cancel();
      });
    }
    if (!co_await wait_until_over(*lots_news)) co_return;
    over_ = true;
    ended_ = Clock::now();
    if (bidding_ > 0) {
      all_done_.expires_at(boost::asio::steady_timer::time_point::max());
      boost::system::error_code cancelled;
      co_await all_done_.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
    }
    for (auto& [lot, view] : lots_) {
      auto history = co_await seller_.history(lot, true);
      if (!history) co_return fail(history.error());
      histories_.push_back(std::move(history->value));
    }
    progress_.cancel();
    co_await seller_.client().end();
  }

  awaitable<bool> open_lots() {
    for (std::size_t i = 1; i <= options_.lots; ++i) {
      auction::Terms terms;
      terms.title = fmt::format("lot {} of the house", i);
      terms.start = {1'000};
      terms.increments = {{.from = {0}, .by = {100}}, {.from = {100'000}, .by = {1'000}}};
      if (i % 4 == 0) terms.reserve = auction::Price{5'000};
      terms.duration = whole_ms(options_.duration);
      terms.soft_close = std::chrono::seconds{i % 2};
      const auction::Request request = auction::Open{.seller = seller_name, .terms = terms};
      auto receipt = co_await seller_.submit(request);
      if (receipt && receipt->reason != auction::Reason::accepted) {
        receipt = Error{auction::code_of(receipt->reason), auction::in_words(*receipt)};
      }
      if (!receipt) {
        fail(receipt.error());
        co_return false;
      }
      lots_.emplace(receipt->lot, receipt->status);
    }
    co_return true;
  }

  awaitable<bool> wait_until_over(Subscription& news) {
    std::size_t open = lots_.size();
    while (open > 0) {
      const auto next = co_await news.next();
      if (!next) {
        fail(next.error());
        co_return false;
      }
      if (const auto* const event = std::get_if<muster::Event>(&*next)) {
        const auto told = auction::decode_event(event->payload.view());
        const auto lot = told ? lots_.find(told->lot) : lots_.end();
        if (lot != lots_.end()) lot->second = told->status;
      } else if (std::holds_alternative<Gap>(*next)) {
        auto all = co_await seller_.lots(true);
        if (!all) {
          fail(all.error());
          co_return false;
        }
        for (auction::LotView& view : all->value) {
          const auto lot = lots_.find(view.lot);
          if (lot != lots_.end()) lot->second = view.status;
        }
      }
      open = static_cast<std::size_t>(std::ranges::count_if(
          lots_, [](const auto& lot) { return !auction::is_over(lot.second.state); }));
    }
    co_return true;
  }

  awaitable<void> pause(Duration length) {
    boost::asio::steady_timer timer(context_, length);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }

  awaitable<void> bid_on(Bidder& bidder) {
    // Then soft closes come to their end.
    while (!over_ && Clock::now() < begun_ + options_.duration) {
      const auto pace = static_cast<std::uint64_t>(options_.pace.count());
      // Never all at once, and never without a turn of the loop.
      co_await pause(Duration{static_cast<Duration::rep>(random_.below(2 * pace + 1))});
      const auto lot = choose_lot(bidder);
      if (lot && !over_) {
        co_await bid_once(bidder, *lot);
      }
    }
    co_await bidder.client->client().end();
  }

  std::optional<LotId> choose_lot(const Bidder& bidder) {
    auto lot = lots_.begin();
    std::advance(lot, static_cast<std::ptrdiff_t>(random_.below(lots_.size())));
    if (auction::is_over(lot->second.state)) return std::nullopt;
    const bool early = lot->second.closes_at - clock_for_people() > sniping_time;
    if (bidder.habit == Habit::sniper && early && options_.losing == 0) return std::nullopt;
    return lot->first;
  }

  auction::Bid make_bid(const Bidder& bidder, LotId lot) {
    const auto known = bidder.known.find(lot);
    const auction::Status& status = known == bidder.known.end() ? lots_.at(lot) : known->second;
    auction::Bid bid{.lot = lot, .bidder = bidder.name, .price = status.asking};
    if (random_.below(100) < options_.losing) {
      bid.price.minor = std::max<std::uint64_t>(1, bid.price.minor / 2);
      return bid;
    }
    bid.price.minor += random_.below(dearest_step) * 100;
    if (bidder.habit == Habit::proxy) {
      bid.max = auction::Price{bid.price.minor + random_.below(dearest_step * dearest_step) * 100};
    }
    return bid;
  }

  awaitable<void> bid_once(Bidder& bidder, LotId lot) {
    const auction::Bid bid = make_bid(bidder, lot);
    const auto from = Clock::now();
    const auto answer = co_await give(bidder, bid);
    const auto now = Clock::now();
    ++figures_.bids;
    Receipts& receipts = receipts_[lot];
    if (!answer) {
      const bool unknown = answer.error().outcome == Outcome::perhaps_applied;
      ++(unknown ? figures_.unknown : figures_.errors);
      if (unknown) ++receipts.unknown[bidder.name];
      co_return co_await pause(pause_after_error);
    }
    figures_.latency.record(now - from);
    // What a home answers by itself it also answers without a leader.
    if (!answer->at_home) figures_.gaps.acknowledged(now);
    const auction::Receipt& receipt = answer->receipt;
    bidder.known[lot] = receipt.status;
    if (answer->at_home) {
      ++figures_.at_home;
    } else if (receipt.reason == auction::Reason::accepted) {
      ++figures_.accepted;
      receipts.accepted.push_back(receipt);
    } else {
      ++figures_.refused;
    }
  }

  awaitable<Result<BidAnswer>> give(Bidder& bidder, const auction::Bid& bid) {
    if (options_.settle_at_home) {
      const AuctionClient::SealedOrOpen given = bid;
      co_return co_await bidder.client->bid(given);
    }
    const auction::Request request = bid;
    auto receipt = co_await bidder.client->submit(request);
    if (!receipt) co_return receipt.error();
    BidAnswer answer{std::move(*receipt), false};
    co_return answer;
  }

  void tell_progress() {
    progress_.expires_after(progress_interval);
    progress_.async_wait([this](const auto& error) {
      if (error) return;
      const auto open = std::ranges::count_if(
          lots_, [](const auto& lot) { return !auction::is_over(lot.second.state); });
      fmt::print(stderr, "{} bids, {} of {} lots open\n", figures_.bids, open, lots_.size());
      tell_progress();
    });
  }

  void fail(const Error& error) {
    error_ = error;
    context_.stop();
  }

  /// Followers may be a little behind: asks until the records are as long, or the time is up.
  std::vector<std::string> faults_on_servers(LotId lot, std::size_t& servers) const {
    const auto deadline = Clock::now() + options_.client.timeout;
    for (;;) {
      const auto records = read_records(options_.client, lot);
      if (!records) return {records.error().message};
      servers = records->size();
      std::vector<std::string> faults;
      const std::vector<std::string> found = faults_of(*records);
      for (std::size_t i = 0; i < records->size(); ++i) {
        const auto& [server, history] = (*records)[i];
        const std::string name = heading_of(server);
        if (!history) {
          faults.push_back(fmt::format("{}: {}", name, history.error().message));
        } else if (!found[i].empty()) {
          faults.push_back(fmt::format("{}: {}", name, found[i]));
        } else if ((*records)[0].history &&
                   history->status.head != (*records)[0].history->status.head) {
          faults.push_back(fmt::format("{}: its head is another", name));
        }
      }
      if (faults.empty() || Clock::now() >= deadline) return faults;
    }
  }

  ExitCode check_and_tell() {
    AuditOutcome sum;
    std::size_t servers = 0;
    std::size_t sold = 0;
    for (const auction::History& history : histories_) {
      AuditOutcome outcome = audit(history, receipts_[history.lot]);
      for (std::string& fault : faults_on_servers(history.lot, servers)) {
        outcome.faults.push_back(std::move(fault));
      }
      if (history.status.state == auction::State::sold) ++sold;
      sum.acknowledged += outcome.acknowledged;
      sum.lost += outcome.lost;
      sum.surplus += outcome.surplus;
      sum.not_kept += outcome.not_kept;
      for (const std::string& fault : outcome.faults) {
        sum.faults.push_back(auction::to_text(history.lot) + ": " + fault);
      }
    }
    tell(sum, servers, sold);
    return sum.well() ? 0 : 1;
  }

  void tell(const AuditOutcome& sum, std::size_t servers, std::size_t sold) const {
    const double seconds = std::chrono::duration<double>(ended_ - begun_).count();
    const auto ms = [](std::chrono::nanoseconds time) {
      return std::chrono::duration<double, std::milli>(time).count();
    };
    const double per_second = static_cast<double>(figures_.bids) / seconds;
    const double longest =
        figures_.gaps.longest().empty() ? 0 : ms(figures_.gaps.longest().front().length);
    const std::uint64_t in_log = figures_.accepted + figures_.refused;
    for (const std::string& fault : sum.faults) fmt::print(stderr, "{}\n", fault);
    if (options_.client.json) {
      fmt::print("{}\n", JsonLine{}
                             .add("lots", lots_.size())
                             .add("sold", sold)
                             .add("bidders", bidders_.size())
                             .add("seconds", seconds)
                             .add("bids", figures_.bids)
                             .add("bidsPerSecond", per_second)
                             .add("atHome", figures_.at_home)
                             .add("inLog", in_log)
                             .add("accepted", figures_.accepted)
                             .add("refused", figures_.refused)
                             .add("unknown", figures_.unknown)
                             .add("errors", figures_.errors)
                             .add("p50Ms", ms(figures_.latency.percentile(0.5)))
                             .add("p99Ms", ms(figures_.latency.percentile(0.99)))
                             .add("longestGapMs", longest)
                             .add("lost", sum.lost)
                             .add("surplus", sum.surplus)
                             .add("notKept", sum.not_kept)
                             .add("faults", sum.faults.size())
                             .add("servers", servers)
                             .text());
      return;
    }
    fmt::print("{} lots, {} sold; {} bidders, {:.1f} s\n", lots_.size(), sold, bidders_.size(),
               seconds);
    fmt::print(
        "{} bids ({:.0f}/s): {} refused at their homes, {} in the log, of which {} accepted; "
        "{} of unknown outcome, {} not answered\n",
        figures_.bids, per_second, figures_.at_home, in_log, figures_.accepted, figures_.unknown,
        figures_.errors);
    fmt::print(
        "latency p50 {:.2f} ms, p99 {:.2f} ms; longest time without an answer of the log {:.0f} "
        "ms\n",
        ms(figures_.latency.percentile(0.5)), ms(figures_.latency.percentile(0.99)), longest);
    fmt::print("record: {} acknowledged, {} lost, {} too many, {} no longer kept; {}\n",
               sum.acknowledged, sum.lost, sum.surplus, sum.not_kept,
               sum.faults.empty() ? fmt::format("chains equal on {} servers", servers)
                                  : fmt::format("{} FAULTS", sum.faults.size()));
  }

  const HouseOptions& options_;
  boost::asio::io_context context_{1};
  Random random_;
  AuctionClient seller_;
  std::vector<Bidder> bidders_{};
  std::map<LotId, auction::Status> lots_{};
  std::map<LotId, Receipts> receipts_{};
  std::vector<auction::History> histories_{};
  Figures figures_{};
  std::size_t bidding_{0};
  bool over_{false};
  bool stopped_{false};
  boost::asio::steady_timer progress_;
  boost::asio::steady_timer all_done_{context_};
  boost::asio::signal_set signals_;
  Clock::time_point begun_{};
  Clock::time_point ended_{};
  std::optional<Error> error_{};
  std::exception_ptr failure_{};
};

}  // namespace

ExitCode run_house(const HouseOptions& options) {
  HouseOptions house = options;
  if (house.client.servers.empty()) house.client.servers_to_try();
  const auto keeper = std::make_unique<House>(house);
  return keeper->run();
}

}  // namespace muster::cli
