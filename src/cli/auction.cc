// `muster auction`: lots, bids and their record.
#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "cli/auction_commands.h"
#include "cli/options.h"

namespace muster::cli {
namespace {

/// The options of `open` as they were typed: prices can't be read before the currency is.
struct TypedTerms {
  std::string title{};
  std::string format{"english"};
  std::string currency{"EUR"};
  std::string start{};
  std::string increment{};
  std::string reserve{};
  std::string buy_now{};
  std::string floor{};
  std::string step{};
  std::string until{};
  std::string opens_at{};
  Duration duration{std::chrono::minutes{5}};
  Duration soft_close{};
  Duration every{std::chrono::seconds{10}};
  Duration reveal_window{std::chrono::minutes{10}};
  bool extend_on_outage{true};
  // Whether they were typed: not all formats take them.
  bool has_duration{false};
  bool has_every{false};
  bool has_reveal_window{false};
};

template <class Value>
Value taken(const std::string& option, Result<Value> value) {
  if (!value) throw CLI::ValidationError(option, value.error().message);
  return std::move(*value);
}

void refuse_unless(const std::string& option, const Result<void>& valid) {
  if (!valid) throw CLI::ValidationError(option, valid.error().message);
}

std::chrono::milliseconds in_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

LogTime read_time(const std::string& option, const std::string& text) {
  google::protobuf::Timestamp time;
  if (!google::protobuf::util::TimeUtil::FromString(text, &time)) {
    throw CLI::ValidationError(
        option,
        text + " is no time: write it as 2026-11-26T18:30:00Z or 2026-11-26T19:30:00+01:00");
  }
  return {google::protobuf::util::TimeUtil::TimestampToMilliseconds(time)};
}

std::string in_small_letters(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char each) { return std::tolower(each); });
  return text;
}

/// When bidding begins and ends.
void read_times(const TypedTerms& typed, auction::Terms& terms) {
  const bool dutch = terms.format == auction::Format::dutch;
  const bool sealed = auction::is_sealed(terms.format);
  if (dutch || typed.has_every) terms.every = in_ms(typed.every);
  if (sealed || typed.has_reveal_window) terms.reveal_window = in_ms(typed.reveal_window);
  terms.soft_close = in_ms(typed.soft_close);
  terms.extend_on_outage = typed.extend_on_outage;
  if (!typed.opens_at.empty()) terms.opens_at = read_time("--opens-at", typed.opens_at);
  if (!typed.until.empty()) {
    terms.closes_at = read_time("--until", typed.until);
  } else if (typed.has_duration || !dutch) {
    terms.duration = in_ms(typed.duration);
  }
}

auction::Terms read_terms(const TypedTerms& typed) {
  using auction::Format;
  auction::Terms terms;
  terms.title = typed.title;
  terms.format = taken("--format", auction::format_from(in_small_letters(typed.format)));
  terms.currency = taken("--currency", auction::currency_from(typed.currency));
  const auto price = [&](const std::string& option, const std::string& text) {
    return taken(option, auction::parse_price(text, terms.currency));
  };
  terms.start = price("--start", typed.start);
  if (!typed.reserve.empty()) terms.reserve = price("--reserve", typed.reserve);
  if (!typed.buy_now.empty()) terms.buy_now = price("--buy-now", typed.buy_now);
  if (!typed.increment.empty()) {
    terms.increments =
        taken("--increment", auction::parse_increments(typed.increment, terms.currency));
  } else if (terms.format == Format::english) {
    terms.increments = taken("--increment", auction::parse_increments("1", terms.currency));
  }
  if (terms.format == Format::dutch && typed.step.empty()) {
    throw CLI::ValidationError("--step", "a Dutch auction needs one");
  }
  if (!typed.step.empty()) terms.step = price("--step", typed.step);
  if (!typed.floor.empty()) terms.floor = price("--floor", typed.floor);
  read_times(typed, terms);
  refuse_unless("auction open", auction::validate_terms(terms));
  return terms;
}

/// What a script gives that meant to give something.
CLI::Validator not_empty() {
  return {[](const std::string& text) -> std::string {
            return text.empty() ? "is empty: give it a value, or leave it out" : "";
          },
          ""};
}

void add_person(CLI::App& command, std::string& person, const std::string& what) {
  command.add_option("--as", person, what + "; not given: $USER")
      ->type_name("NAME")
      ->check(not_empty());
}

/// Last of all: what a command has of its own comes first in its help.
void add_common(CLI::App& command, AuctionOptions& options) {
  add_client_options(command, options.client);
  command.get_option("--key")->check(not_empty());
}

void add_lot(CLI::App& command, AuctionOptions& options) {
  command
      .add_option_function<std::string>(
          "id",
          [&options](const std::string& text) {
            options.lot = taken("ID", auction::parse_lot(text));
          },
          "of the lot, as `muster auction list` shows it")
      ->type_name("ID")
      ->required();
}

/// Who acts, and with which key.
void settle_person(AuctionOptions& options) {
  if (options.person.empty()) {
    const char* const user = std::getenv("USER");
    if (user == nullptr || !auction::validate_person(user)) {
      throw CLI::ValidationError("--as", "nobody knows your name: say it with --as NAME");
    }
    options.person = user;
    options.person_from_user = true;
  }
  refuse_unless("--as", auction::validate_person(options.person));
  refuse_unless("--key", auction::validate_key(options.client.key));
}

void add_open(CLI::App& auction, ExitCode& exit) {
  CLI::App* const command = auction.add_subcommand("open", "offers something");
  const auto typed = std::make_shared<TypedTerms>();
  const auto options = std::make_shared<OpenOptions>();
  command->add_option("title", typed->title, "what is sold")->type_name("TITLE")->required();
  command->add_option("--start", typed->start, "least first bid; Dutch: first price")
      ->type_name("PRICE")
      ->required();
  command->add_option("--format", typed->format, "english, dutch, sealed-first or vickrey")
      ->type_name("FORMAT")
      ->capture_default_str();
  command->add_option("--currency", typed->currency, "by its ISO 4217 code")
      ->type_name("CODE")
      ->capture_default_str();
  command
      ->add_option("--increment", typed->increment,
                   "least step between bids: 0.50, a table as 0:0.50,20:1, or trademe, gunbroker, "
                   "maxsold, eif; not given: 1")
      ->type_name("PRICE|TABLE");
  command->add_option("--reserve", typed->reserve, "no sale below it; hidden")->type_name("PRICE");
  command->add_option("--buy-now", typed->buy_now, "who bids it has it")->type_name("PRICE");
  CLI::Option* const duration =
      add_duration(*command, "--duration", typed->duration,
                   "how long it is open; Dutch, if not given: until the floor's turn is over",
                   {.plausible = std::chrono::milliseconds{100}});
  command->add_option("--until", typed->until, "when it closes, RFC 3339")
      ->type_name("TIME")
      ->excludes(duration);
  command
      ->add_option("--opens-at", typed->opens_at, "when bidding begins, RFC 3339; not given: now")
      ->type_name("TIME");
  add_duration(*command, "--soft-close", typed->soft_close,
               "a bid this shortly before the end puts it off by as much", {.lowest = {}});
  command->add_option("--floor", typed->floor, "Dutch: the last price")->type_name("PRICE");
  command->add_option("--step", typed->step, "Dutch: by how much the price falls")
      ->type_name("PRICE");
  const CLI::Option* const every =
      add_duration(*command, "--every", typed->every, "Dutch: how often the price falls");
  const CLI::Option* const window =
      add_duration(*command, "--reveal-window", typed->reveal_window,
                   "sealed: how long bids may be revealed after the close");
  command->add_flag("--extend-on-outage,!--no-extend-on-outage", typed->extend_on_outage,
                    "a stop of the whole group before the end does not count (default)");
  add_person(*command, options->common.person, "the seller");
  add_common(*command, options->common);
  command->callback([typed, options, duration, every, window, &exit] {
    settle_person(options->common);
    typed->has_duration = duration->count() > 0;
    typed->has_every = every->count() > 0;
    typed->has_reveal_window = window->count() > 0;
    options->terms = read_terms(*typed);
    exit = run_open(*options);
  });
}

void add_bid(CLI::App& auction, ExitCode& exit) {
  CLI::App* const command = auction.add_subcommand("bid", "bids for a lot");
  const auto options = std::make_shared<BidOptions>();
  add_lot(*command, options->common);
  command->add_option("price", options->price, "as 12.50")->type_name("PRICE")->required();
  command
      ->add_option("--max", options->max,
                   "English: the service bids on for you up to this; nobody else sees it")
      ->type_name("PRICE");
  add_person(*command, options->common.person, "the bidder");
  command->add_flag("--stay", options->stay,
                    "stay until the lot is over; a sealed bid is revealed when it is time");
  add_common(*command, options->common);
  command->callback([options, &exit] {
    settle_person(options->common);
    exit = run_bid(*options);
  });
}

using RunCommon = std::function<ExitCode(const AuctionOptions&)>;

void add_on_lot(CLI::App& auction, ExitCode& exit, const char* name, const char* what,
                const char* person, RunCommon run) {
  CLI::App* const command = auction.add_subcommand(name, what);
  const auto options = std::make_shared<AuctionOptions>();
  add_lot(*command, *options);
  if (person != nullptr) add_person(*command, options->person, person);
  add_common(*command, *options);
  command->callback([options, person, run = std::move(run), &exit] {
    if (person != nullptr) settle_person(*options);
    exit = run(*options);
  });
}

void add_history(CLI::App& auction, ExitCode& exit) {
  CLI::App* const command =
      auction.add_subcommand("history", "all that reached the log, refused bids included");
  const auto options = std::make_shared<HistoryOptions>();
  add_lot(*command, options->common);
  command->add_flag("--csv", options->csv, "as comma-separated values (RFC 4180)");
  add_common(*command, options->common);
  command->callback([options, &exit] {
    if (options->csv && options->common.client.json) {
      throw CLI::ValidationError("--csv", "is one form, --json another: choose");
    }
    exit = run_history(*options);
  });
}

void add_house(CLI::App& auction, ExitCode& exit) {
  CLI::App* const command =
      auction.add_subcommand("house", "a simulated house: real clients bid for real lots");
  const auto options = std::make_shared<HouseOptions>();
  command->add_option("--lots", options->lots, "how many, all open at once")
      ->check(whole_number() & CLI::Range(1, 1'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--bidders", options->bidders, "how many, each a client of its own")
      ->check(whole_number() & CLI::Range(1, 10'000))
      ->type_name("M")
      ->capture_default_str();
  add_duration(*command, "--duration", options->duration, "how long the lots are open",
               {.plausible = std::chrono::seconds{1}});
  add_duration(*command, "--pace", options->pace,
               "between two bids of a bidder, on average; 0: one after the other",
               {.lowest = Duration::zero()});
  command
      ->add_option("--losing", options->losing,
                   "for measuring: percent of the bids that are below the standing price")
      ->check(CLI::Range(0, 100))
      ->type_name("PERCENT")
      ->capture_default_str();
  command->add_flag("--settle-at-home,!--no-settle-at-home", options->settle_at_home,
                    "for comparing: whether homes refuse lost bids by themselves (default)");
  add_client_options(*command, options->client);
  command->callback([options, &exit] { exit = run_house(*options); });
}

}  // namespace

CLI::App* add_auction(CLI::App& root, ExitCode& exit) {
  CLI::App* const auction = root.add_subcommand("auction", "lots, bids, and a record to verify");
  auction->require_subcommand(1);
  add_open(*auction, exit);
  CLI::App* const list = auction->add_subcommand("list", "the lots, and how they stand");
  const auto options = std::make_shared<AuctionOptions>();
  add_common(*list, *options);
  list->callback([options, &exit] { exit = run_list(*options); });
  add_on_lot(*auction, exit, "show", "all about a lot", nullptr, run_show);
  CLI::App* const watch = auction->add_subcommand("watch", "a lot, live, until it is over");
  const auto watched = std::make_shared<AuctionOptions>();
  add_lot(*watch, *watched);
  add_person(*watch, watched->person, "whose position is shown");
  add_common(*watch, *watched);
  watch->callback([watched, &exit] { exit = run_watch_lot(*watched); });
  add_history(*auction, exit);
  add_bid(*auction, exit);
  add_on_lot(*auction, exit, "reveal", "reveals a sealed bid that was made here", "the bidder",
             run_reveal);
  add_on_lot(*auction, exit, "close", "closes a lot now: the standing bid has it", "the seller",
             [](const AuctionOptions& one) { return run_steer(one, auction::Steering::close); });
  add_on_lot(*auction, exit, "cancel", "takes a lot back: nobody has it", "the seller",
             [](const AuctionOptions& one) { return run_steer(one, auction::Steering::cancel); });
  add_on_lot(*auction, exit, "verify", "recomputes the chain of receipts on every server", nullptr,
             run_verify);
  add_house(*auction, exit);
  return auction;
}

}  // namespace muster::cli
