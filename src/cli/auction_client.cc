#include "cli/auction_client.h"

#include <iterator>
#include <utility>

#include "auction/auction.h"

namespace muster::cli {
namespace {

using boost::asio::awaitable;

auction::LotId lot_of(const AuctionClient::SealedOrOpen& bid) {
  return std::visit([](const auto& one) { return one.lot; }, bid);
}

/// What the service would have answered, as the home's verdict has it.
auction::Receipt receipt_of(const auction::Verdict& verdict,
                            const AuctionClient::SealedOrOpen& bid) {
  if (verdict.receipt) return *verdict.receipt;
  auction::Receipt receipt;
  receipt.lot = lot_of(bid);
  receipt.reason = verdict.reason;
  receipt.currency = verdict.currency;
  if (const auto* const open = std::get_if<auction::Bid>(&bid)) receipt.price = open->price;
  if (verdict.status) receipt.status = *verdict.status;
  return receipt;
}

bool lacks_majority(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded;
}

}  // namespace

muster::ClientOptions library_options(const ClientOptions& options, std::string name,
                                      std::string kind) {
  muster::ClientOptions library;
  library.name = std::move(name);
  library.kind = std::move(kind);
  library.group = options.group;
  library.servers = options.servers;
  library.tags = options.tags;
  library.secret = options.secret();
  library.timeout = options.timeout;
  return library;
}

awaitable<Result<BidAnswer>> AuctionClient::bid(const SealedOrOpen& bid) {
  const Bytes check = auction::encode(auction::Query{auction::Check{bid}});
  const auto told = co_await client_.read(auction::service_id, check, Consistency::local);
  // A home that can't tell is no reason not to bid.
  if (told) {
    const auto verdict = auction::decode_verdict(told->payload.view());
    if (!verdict) co_return verdict.error();
    if (verdict->settled) {
      BidAnswer settled{receipt_of(*verdict, bid), true};
      co_return settled;
    }
  }
  const auction::Request request =
      std::visit([](const auto& one) { return auction::Request{one}; }, bid);
  auto receipt = co_await submit(request);
  if (!receipt) co_return receipt.error();
  BidAnswer answer{std::move(*receipt), false};
  co_return answer;
}

awaitable<Result<auction::Receipt>> AuctionClient::submit(const auction::Request& request) {
  const Bytes payload = auction::encode(request);
  const auto reply = co_await client_.call(auction::service_id, payload);
  if (!reply) co_return reply.error();
  co_return auction::decode_receipt(reply->payload.view());
}

awaitable<Result<ReadReply>> AuctionClient::ask(const auction::Query& query,
                                                Consistency& consistency) {
  const Bytes payload = auction::encode(query);
  // First what one server has, while one is there: a client without a session, which only a
  // majority can give it, goes on looking for others.
  auto at_hand = co_await client_.read(auction::service_id, payload, Consistency::local);
  const bool nobody = !at_hand && lacks_majority(at_hand.error());
  if (consistency == Consistency::local || nobody) co_return at_hand;
  auto latest = co_await client_.read(auction::service_id, payload, consistency);
  if (latest || !at_hand || !lacks_majority(latest.error())) co_return latest;
  consistency = Consistency::local;
  co_return at_hand;
}

awaitable<Result<auction::LotView>> AuctionClient::terms(auction::LotId lot) {
  auto consistency = Consistency::local;
  const auction::Query query = auction::AskLot{lot};
  auto answer = co_await ask(query, consistency);
  if (!answer && answer.error().code == ErrorCode::not_found) {
    consistency = Consistency::linearizable;  // It may be there since just now.
    answer = co_await ask(query, consistency);
  }
  if (!answer) co_return answer.error();
  co_return auction::decode_lot(answer->payload.view());
}

awaitable<Result<Read<auction::LotView>>> AuctionClient::lot(auction::LotId lot) {
  auto consistency = Consistency::linearizable;
  const auction::Query query = auction::AskLot{lot};
  const auto answer = co_await ask(query, consistency);
  if (!answer) co_return answer.error();
  auto view = auction::decode_lot(answer->payload.view());
  if (!view) co_return view.error();
  Read<auction::LotView> read{std::move(*view), consistency == Consistency::linearizable};
  co_return read;
}

awaitable<Result<Read<std::vector<auction::LotView>>>> AuctionClient::lots(bool over) {
  Read<std::vector<auction::LotView>> read;
  auto consistency = Consistency::linearizable;
  for (auction::AskLots query{.over = over};;) {
    const auction::Query asked = query;
    const auto answer = co_await ask(asked, consistency);
    if (!answer) co_return answer.error();
    auto page = auction::decode_lots(answer->payload.view());
    if (!page) co_return page.error();
    if (!page->lots.empty()) query.after = page->lots.back().lot;
    const bool complete = page->complete || page->lots.empty();
    std::ranges::move(page->lots, std::back_inserter(read.value));
    if (complete) break;
  }
  read.is_latest = consistency == Consistency::linearizable;
  co_return read;
}

awaitable<Result<Read<auction::History>>> AuctionClient::history(auction::LotId lot, bool refused) {
  Read<auction::History> read;
  auto consistency = Consistency::linearizable;
  std::vector<auction::Entry> entries;
  for (auction::AskHistory query{.lot = lot, .refused = refused};;) {
    const auction::Query asked = query;
    const auto answer = co_await ask(asked, consistency);
    if (!answer) co_return answer.error();
    auto page = auction::decode_history(answer->payload.view());
    if (!page) co_return page.error();
    if (!page->entries.empty()) query.after = page->entries.back().position;
    const bool complete = page->complete || page->entries.empty();
    std::ranges::move(page->entries, std::back_inserter(entries));
    // Of later pages only what is new since the first one counts.
    if (read.value.lot != lot) read.value.first_kept = page->first_kept;
    if (read.value.lot != lot) read.value.before_kept = page->before_kept;
    read.value.lot = lot;
    read.value.currency = page->currency;
    read.value.status = std::move(page->status);
    read.value.refused_dropped = page->refused_dropped;
    if (complete) break;
  }
  read.value.entries = std::move(entries);
  read.is_latest = consistency == Consistency::linearizable;
  co_return read;
}

}  // namespace muster::cli
