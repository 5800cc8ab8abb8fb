// What `muster auction bid` and `reveal` do.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "auction/auction.h"
#include "cli/auction_commands.h"
#include "cli/auction_lines.h"
#include "cli/sealed_bids.h"
#include "cli/state_folder.h"

namespace muster::cli {
namespace {

using boost::asio::awaitable;

Result<SealedBids> sealed_bids() {
  const auto state = state_folder();
  if (!state) return state.error();
  return SealedBids(*state + "/sealed");
}

/// What the lot's record has as this bidder's sealed bid that counts; nothing if there is none.
std::optional<auction::Hash> commitment_in(const auction::History& history,
                                           const std::string& bidder) {
  std::optional<auction::Hash> commitment;
  for (const auction::Entry& entry : history.entries) {
    if (entry.bidder == bidder && entry.act == auction::Act::commit) commitment = entry.commitment;
  }
  return commitment;
}

Error no_sealed_bid_of(const AuctionOptions& options) {
  return {ErrorCode::not_found, options.person + " has made no sealed bid for lot " +
                                    auction::to_text(options.lot) +
                                    ": say whose it is with --as NAME"};
}

/// Why no bid for this lot can be revealed now; nothing if one can. To say a price too early would
/// tell it to those who still bid.
std::optional<Error> why_not_now(const auction::LotView& lot, const AuctionOptions& options) {
  const std::string id = auction::to_text(lot.lot);
  const LogTime now = clock_for_people();
  const auction::Status& status = lot.status;
  if (!auction::is_sealed(lot.terms.format)) {
    return Error{ErrorCode::failed_precondition,
                 fmt::format("lot {} is sold in the {} way: its bids are open, there is nothing to "
                             "reveal",
                             id, auction::name_of(lot.terms.format))};
  }
  if (status.state < auction::State::revealing) {
    return Error{ErrorCode::failed_precondition,
                 fmt::format("bidding for lot {} goes on, and a price that is revealed now would "
                             "be no secret; reveal it after the close at {}",
                             id, time_text(status.closes_at, now))};
  }
  // With a key it may be what was done before.
  if (!auction::is_over(status.state) || !options.client.key.empty()) return std::nullopt;
  if (status.state == auction::State::cancelled) {
    return Error{ErrorCode::failed_precondition,
                 std::string(auction::explain(auction::Reason::cancelled))};
  }
  return Error{ErrorCode::failed_precondition,
               fmt::format("lot {} is {}: bids that were not revealed by then are lost", id,
                           auction::name_of(status.state))};
}

/// Once it is revealed nobody needs it any more. What can't be removed does no harm.
void forget(SealedBids& kept, const auction::Hash& commitment) {
  if (const auto done = kept.forget(commitment); !done) report(done.error());
}

/// The same for all sealed bids of this bidder, those too that a later one took the place of.
void forget_all(SealedBids& kept, const auction::History& history, const std::string& bidder) {
  for (const auction::Entry& entry : history.entries) {
    const bool is_own = entry.bidder == bidder && entry.act == auction::Act::commit;
    if (is_own && kept.find(entry.commitment)) forget(kept, entry.commitment);
  }
}

awaitable<ExitCode> reveal(AuctionClient& client, const AuctionOptions& options) {
  auto kept = sealed_bids();
  if (!kept) co_return report(kept.error());
  const auto lot = co_await client.lot(options.lot);
  if (!lot) co_return report(lot.error());
  const auto not_now = why_not_now(lot->value, options);
  if (not_now) co_return report(*not_now);
  const auto history = co_await client.history(options.lot, false);
  if (!history) co_return report(history.error());
  const auto commitment = commitment_in(history->value, options.person);
  if (!commitment) co_return report(no_sealed_bid_of(options));
  const auto bid = kept->find(*commitment);
  if (!bid) co_return report(bid.error());
  const auction::Request request = auction::Reveal{.lot = options.lot,
                                                   .bidder = options.person,
                                                   .price = bid->price,
                                                   .nonce = bid->nonce,
                                                   .key = options.client.key};
  auto receipt = co_await client.submit(request);
  if (!receipt) co_return report(receipt.error());
  if (receipt->reason == auction::Reason::accepted ||
      receipt->reason == auction::Reason::already_revealed) {
    forget_all(*kept, history->value, options.person);
  }
  const BidAnswer answer{std::move(*receipt)};
  co_return tell_receipt(options, answer);
}

awaitable<Result<BidAnswer>> bid_sealed(AuctionClient& client, const BidOptions& options,
                                        auction::Price price) {
  const AuctionOptions& common = options.common;
  auto kept = sealed_bids();
  if (!kept) co_return kept.error();
  const SealedBid sealed = make_sealed_bid(common.lot, common.person, price);
  // Kept before it is said: what nobody can reveal is lost.
  if (const auto done = kept->keep(sealed); !done) co_return done.error();
  const AuctionClient::SealedOrOpen bid = auction::Commit{
      .lot = common.lot, .bidder = common.person, .commitment = sealed.commitment()};
  auto answer = co_await client.bid(bid);
  const bool surely_not = answer ? answer->receipt.reason != auction::Reason::accepted
                                 : answer.error().outcome == Outcome::not_applied;
  if (surely_not) forget(*kept, sealed.commitment());
  co_return answer;
}

awaitable<Result<BidAnswer>> bid_openly(AuctionClient& client, const BidOptions& options,
                                        auction::Price price, const auction::Currency& currency) {
  const AuctionOptions& common = options.common;
  auction::Bid bid{.lot = common.lot,
                   .bidder = common.person,
                   .price = price,
                   .currency = currency.code,
                   .key = common.client.key};
  if (!options.max.empty()) {
    const auto max = auction::parse_price(options.max, currency);
    if (!max) {
      const Error wrong{max.error().code, "--max: " + max.error().message};
      co_return wrong;
    }
    bid.max = *max;
  }
  if (const auto valid = auction::validate(bid); !valid) co_return valid.error();
  const AuctionClient::SealedOrOpen given = std::move(bid);
  co_return co_await client.bid(given);
}

Result<void> check_sealed(const BidOptions& options, auction::Price price,
                          const auction::Terms& terms) {
  if (price < terms.start) {
    return Error{ErrorCode::failed_precondition,
                 "the bid is below the start, and would be lost; bid at least " +
                     auction::to_text_with_currency(terms.start, terms.currency)};
  }
  if (!options.max.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "--max is for English auctions: in a sealed one bid what it is worth to you"};
  }
  if (!options.common.client.key.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "--key is for open bids: a later sealed bid takes the place of the earlier"};
  }
  return {};
}

awaitable<ExitCode> stay(AuctionClient& client, const AuctionOptions& options, bool sealed) {
  if (sealed) {
    const ExitCode waited = co_await follow_lot(client, options, auction::Happening::revealing);
    if (waited != 0) co_return waited;
    const ExitCode revealed = co_await reveal(client, options);
    if (revealed != 0) co_return revealed;
  }
  co_return co_await follow_lot(client, options, auction::Happening::ended);
}

awaitable<ExitCode> bid(AuctionClient& client, const BidOptions& options) {
  const AuctionOptions& common = options.common;
  const auto lot = co_await client.terms(common.lot);
  if (!lot) co_return report(lot.error());
  const auto price = auction::parse_price(options.price, lot->terms.currency);
  if (!price) co_return report(price.error());
  const bool sealed = auction::is_sealed(lot->terms.format);
  if (sealed) {
    if (const auto valid = check_sealed(options, *price, lot->terms); !valid)
      co_return report(valid.error());
  }
  Result<BidAnswer> answer{BidAnswer{}};
  if (sealed) {
    answer = co_await bid_sealed(client, options, *price);
  } else {
    answer = co_await bid_openly(client, options, *price, lot->terms.currency);
  }
  if (!answer) co_return report(answer.error());
  const ExitCode told = tell_receipt(common, *answer);
  if (sealed && told == 0 && !options.stay && !common.client.json) {
    fmt::print("reveal it after the close with: muster auction reveal {} --as {}\n",
               auction::to_text(common.lot), common.person);
  }
  if (told != 0 || !options.stay) co_return told;
  co_return co_await stay(client, common, sealed);
}

}  // namespace

ExitCode run_bid(const BidOptions& options) {
  return with_auction(options.common, "bidder",
                      [&](AuctionClient& client) { return bid(client, options); });
}

ExitCode run_reveal(const AuctionOptions& options) {
  return with_auction(options, "bidder",
                      [&](AuctionClient& client) { return reveal(client, options); });
}

}  // namespace muster::cli
