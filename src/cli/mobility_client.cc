#include "cli/mobility_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <iterator>
#include <utility>

#include "cli/auction_client.h"
#include "mobility/mobility.h"

namespace muster::cli {
namespace {

using boost::asio::awaitable;

bool lacks_majority(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded;
}

}  // namespace

awaitable<Result<mobility::Receipt>> MobilityClient::submit(const mobility::Request& request) {
  const Bytes payload = mobility::encode(request);
  const auto reply = co_await client_.call(mobility::service_id, payload);
  if (!reply) co_return reply.error();
  co_return mobility::decode_receipt(reply->payload.view());
}

// The latest state if the group can tell it, else what one server has.
awaitable<Result<ReadReply>> MobilityClient::ask(mobility::Query query) {
  const Bytes payload = mobility::encode(query);
  auto latest = co_await client_.read(mobility::service_id, payload, Consistency::linearizable);
  if (latest || !lacks_majority(latest.error())) co_return latest;
  auto at_hand = co_await client_.read(mobility::service_id, payload, Consistency::local);
  if (!at_hand) co_return latest;
  is_stale_ = true;
  co_return at_hand;
}

awaitable<Result<std::vector<mobility::Incident>>> MobilityClient::incidents(bool open_only) {
  std::vector<mobility::Incident> all;
  for (mobility::AskIncidents query{.open_only = open_only};;) {
    const mobility::Query asked = query;
    const auto answer = co_await ask(asked);
    if (!answer) co_return answer.error();
    auto page = mobility::decode_incidents(answer->payload.view());
    if (!page) co_return page.error();
    if (!page->incidents.empty()) query.after = page->incidents.back().id;
    const bool is_last = !page->more || page->incidents.empty();
    std::ranges::move(page->incidents, std::back_inserter(all));
    if (is_last) co_return all;
  }
}

awaitable<Result<mobility::Incident>> MobilityClient::incident(mobility::IncidentId id) {
  const mobility::Query query = mobility::AskIncident{id};
  const auto answer = co_await ask(query);
  if (!answer) co_return answer.error();
  auto found = mobility::decode_incidents(answer->payload.view());
  if (!found) co_return found.error();
  if (found->incidents.size() != 1) {
    co_return Error{ErrorCode::internal, "the answer is not one incident"};
  }
  co_return std::move(found->incidents.front());
}

awaitable<Result<std::vector<mobility::Unit>>> MobilityClient::units(
    std::optional<mobility::Kind> kind) {
  std::vector<mobility::Unit> all;
  for (mobility::AskUnits query{.kind = kind};;) {
    const mobility::Query asked = query;
    const auto answer = co_await ask(asked);
    if (!answer) co_return answer.error();
    auto page = mobility::decode_units(answer->payload.view());
    if (!page) co_return page.error();
    if (!page->units.empty()) query.after = page->units.back().id;
    const bool is_last = !page->more || page->units.empty();
    std::ranges::move(page->units, std::back_inserter(all));
    if (is_last) co_return all;
  }
}

awaitable<Result<mobility::FiguresSummary>> MobilityClient::figures() {
  const mobility::Query query = mobility::AskFigures{};
  const auto answer = co_await ask(query);
  if (!answer) co_return answer.error();
  co_return mobility::decode_figures(answer->payload.view());
}

awaitable<Result<mobility::RoadMap>> MobilityClient::map() {
  Bytes bytes;
  wire::Sha256 digest{};
  for (;;) {
    const mobility::Query query = mobility::AskMap{bytes.size()};
    const auto answer = co_await ask(query);
    if (!answer) co_return answer.error();
    const auto piece = mobility::decode_map_answer(answer->payload.view());
    if (!piece) co_return piece.error();
    if (bytes.empty()) digest = piece->part.digest;
    if (piece->part.digest != digest || piece->part.offset != bytes.size() ||
        piece->part.bytes.empty()) {
      co_return Error{ErrorCode::aborted, "the map was changed meanwhile; try again"};
    }
    bytes.insert(bytes.end(), piece->part.bytes.begin(), piece->part.bytes.end());
    if (bytes.size() >= piece->part.total_bytes) break;
  }
  co_return mobility::RoadMap::decode(bytes);
}

awaitable<Result<void>> MobilityClient::send_map(const mobility::RoadMap& map) {
  const Bytes bytes = map.encode();
  const wire::Sha256 digest = wire::sha256(bytes);
  for (std::size_t offset = 0; offset < bytes.size();) {
    const std::size_t size = std::min(mobility::map_part_bytes_max, bytes.size() - offset);
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
    mobility::MapPart part;
    part.digest = digest;
    part.total_bytes = bytes.size();
    part.offset = offset;
    part.bytes.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
    const mobility::Request request = std::move(part);
    const auto receipt = co_await submit(request);
    if (!receipt) co_return receipt.error();
    if (receipt->repeated) break;  // The group has this map.
    offset += size;
  }
  co_return Result<void>{};
}

ExitCode with_mobility(const ClientOptions& options,
                       const std::function<awaitable<ExitCode>(MobilityClient&)>& work) {
  muster::ClientOptions library = library_options(options, "dispatch", "watcher");
  // That nobody is there is told sooner than a call would wait.
  if (library.servers.empty()) options.servers_to_try();
  boost::asio::io_context context;
  ExitCode exit = 0;
  std::exception_ptr failure;
  muster::Client client(context, std::move(library));
  MobilityClient mobility(client);
  const auto carry_out = [&]() -> awaitable<void> {
    exit = co_await work(mobility);
    co_await client.end();
  };
  boost::asio::co_spawn(context, carry_out(), [&](const std::exception_ptr& thrown) {
    failure = thrown;
    context.stop();
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return exit;
}

}  // namespace muster::cli
