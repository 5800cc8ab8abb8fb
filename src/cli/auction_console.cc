#include "cli/auction_console.h"

#include <cstdlib>
#include <utility>

#include "cli/auction_commands.h"
#include "cli/auction_lines.h"

namespace muster::cli {
namespace {

using boost::asio::awaitable;
using Lines = Result<std::vector<std::string>>;

constexpr std::chrono::milliseconds console_lot_time = std::chrono::minutes{5};

std::string name_of_user() {
  const char* const user = std::getenv("USER");
  return user != nullptr && auction::validate_person(user) ? user : "console";
}

AuctionOptions options_of(const ClientOptions& client) {
  return {.client = client, .person = name_of_user()};
}

Lines lines_of_receipt(const BidAnswer& answer) {
  const auction::Receipt& receipt = answer.receipt;
  if (receipt.reason != auction::Reason::accepted) {
    return Error{auction::code_of(receipt.reason), auction::in_words(receipt), Outcome::applied};
  }
  return receipt_lines(answer, clock_for_people());
}

/// `work` within a session of its own.
Lines in_session(const AuctionOptions& options, const char* kind,
                 const std::function<awaitable<Lines>(AuctionClient&)>& work) {
  Lines lines{std::vector<std::string>{}};
  with_auction(options, kind, [&](AuctionClient& client) -> awaitable<ExitCode> {
    lines = co_await work(client);
    co_return 0;
  });
  return lines;
}

awaitable<Lines> bid_for(AuctionClient& client, const AuctionOptions& options,
                         const std::string& typed) {
  const auto lot = co_await client.terms(options.lot);
  if (!lot) co_return lot.error();
  if (auction::is_sealed(lot->terms.format)) {
    const Error sealed{ErrorCode::failed_precondition,
                       "this lot takes sealed bids: make one with muster auction bid, which keeps "
                       "what reveals it"};
    co_return sealed;
  }
  const auto price = auction::parse_price(typed, lot->terms.currency);
  if (!price) co_return price.error();
  const AuctionClient::SealedOrOpen bid = auction::Bid{.lot = options.lot,
                                                       .bidder = options.person,
                                                       .price = *price,
                                                       .currency = lot->terms.currency.code};
  const auto answer = co_await client.bid(bid);
  if (!answer) co_return answer.error();
  co_return lines_of_receipt(*answer);
}

awaitable<Lines> submit(AuctionClient& client, const auction::Request& request,
                        std::optional<auction::LotId>& lot) {
  auto receipt = co_await client.submit(request);
  if (!receipt) co_return receipt.error();
  if (receipt->reason == auction::Reason::accepted) lot = receipt->lot;
  const BidAnswer answer{std::move(*receipt)};
  co_return lines_of_receipt(answer);
}

}  // namespace

Lines AuctionConsole::bid(const std::string& lot, const std::string& price) {
  const auto id = auction::parse_lot(lot);
  if (!id) return id.error();
  AuctionOptions options = options_of(client_);
  options.lot = *id;
  return in_session(options, "bidder",
                    [&](AuctionClient& client) { return bid_for(client, options, price); });
}

Lines AuctionConsole::start(const std::string& price, const std::string& title) {
  auction::Terms terms;
  const auto start = auction::parse_price(price, terms.currency);
  if (!start) return start.error();
  terms.title = title;
  terms.start = *start;
  terms.increments = auction::parse_increments("1", terms.currency).value();
  terms.duration = console_lot_time;
  if (const auto valid = auction::validate_terms(terms); !valid) return valid.error();
  const AuctionOptions options = options_of(client_);
  const auction::Request request = auction::Open{.seller = options.person, .terms = terms};
  std::optional<auction::LotId> lot;
  auto lines = in_session(options, "seller",
                          [&](AuctionClient& client) { return submit(client, request, lot); });
  if (!lines || !lot) return lines;
  started_ = lot;
  return std::vector<std::string>{"lot " + auction::to_text(*lot) + " is open for 5 minutes; bid " +
                                  auction::to_text(*lot) + " PRICE, end " + auction::to_text(*lot)};
}

Lines AuctionConsole::end(const std::string& lot) {
  auto id = lot.empty() && started_ ? Result<auction::LotId>(*started_) : auction::parse_lot(lot);
  if (!id) return id.error();
  const AuctionOptions options = options_of(client_);
  const auction::Request request =
      auction::Steer{.lot = *id, .seller = options.person, .what = auction::Steering::close};
  std::optional<auction::LotId> closed;
  return in_session(options, "seller",
                    [&](AuctionClient& client) { return submit(client, request, closed); });
}

}  // namespace muster::cli
