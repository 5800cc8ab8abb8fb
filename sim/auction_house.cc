#include "sim/auction_house.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "muster/check.h"
#include "muster/codec.h"
#include "sim/witness.h"

namespace muster::sim {

namespace {

bool takes_bids(auction::State state) {
  return state < auction::State::revealing;
}

/// Takes down what a machine tells and answers on its way.
class Clerk final : public service::Output {
 public:
  Clerk(service::Output& output, std::size_t server, AuctionDeed& deed,
        const AuctionCheckers& checkers)
      : output_(output),
        server_(server),
        deed_(deed),
        checkers_(checkers),
        fresh_(checkers.alike.is_new(deed)) {}
  void reply(BytesView payload) override {
    if (fresh_) deed_.receipt = auction::decode_receipt(payload).value();
    deed_.checksum = crc32c(payload, deed_.checksum);
    output_.reply(payload);
  }
  void refuse(ErrorCode code, std::string_view message) override {
    deed_.checksum = crc32c(as_bytes(message), deed_.checksum);
    output_.refuse(code, message);
  }
  void publish(std::string_view topic, BytesView bytes) override {
    output_.publish(topic, bytes);
    deed_.checksum = crc32c(bytes, crc32c(as_bytes(topic), deed_.checksum));
    if (!fresh_) return;
    auction::LotEvent event = auction::decode_event(bytes).value();
    if (takes_bids(event.status.state)) checkers_.sealed.seen(server_, event.lot, bytes);
    if (topic != auction::lots_topic) deed_.events.push_back(std::move(event));
  }

 private:
  service::Output& output_;
  const std::size_t server_;
  AuctionDeed& deed_;
  const AuctionCheckers& checkers_;
  const bool fresh_;
};

}  // namespace

Bytes with_operation(OperationId id, const auction::Request& request) {
  Bytes bytes;
  Writer writer(bytes);
  writer.integer(id.client);
  writer.integer(id.number);
  writer.raw(auction::encode(request));
  return bytes;
}

AuctionHouse::AuctionHouse(std::size_t server, const auction::Auction::Options& limits,
                           AuctionCheckers& checkers, Houses& houses)
    : server_(server), auction_(limits), checkers_(checkers), houses_(houses) {
  houses_.push_back(this);
}

AuctionHouse::~AuctionHouse() {
  std::erase(houses_, this);
}

void AuctionHouse::apply(const service::Command& command, service::Output& output) {
  service::Command inner = command;
  inner.payload = without_operation(command.payload);
  AuctionDeed deed{.position = command.position, .time = command.time};
  const auto made = checkers_.commands.find(operation_of(command.payload));
  check(made != checkers_.commands.end());
  deed.request = made->second;
  Clerk clerk(output, server_, deed, checkers_);
  auction_.apply(inner, clerk);
  const auto lot = deed.receipt ? std::optional(deed.receipt->lot) : std::nullopt;
  checkers_.seen(server_, std::move(deed));
  if (lot && checkers_.sealed.has(*lot)) look_for_secrets(*lot);
}

void AuctionHouse::expire(LogTime now, service::Output& output) {
  AuctionDeed deed{.time = now};
  Clerk clerk(output, server_, deed, checkers_);
  auction_.expire(now, clerk);
  checkers_.seen(server_, std::move(deed));
}

void AuctionHouse::look_for_secrets(auction::LotId lot) const {
  const auto view = auction_.query(auction::encode(auction::Query{auction::AskLot{lot}}));
  if (!view || !takes_bids(auction::decode_lot(*view).value().status.state)) return;
  checkers_.sealed.seen(server_, lot, *view);
  checkers_.sealed.seen(server_, lot,
                        auction_.query(encode(auction::Query{auction::AskHistory{lot}})).value());
  checkers_.sealed.seen(server_, lot, auction_.topic_state(auction::lot_topic(lot)).value());
}

auction::History AuctionHouse::history(auction::LotId lot) const {
  auction::AskHistory asked{.lot = lot};
  auction::History whole;
  for (bool complete = false; !complete;) {
    auto page =
        auction::decode_history(auction_.query(encode(auction::Query{asked})).value()).value();
    complete = page.complete;
    if (!page.entries.empty()) asked.after = page.entries.back().position;
    page.entries.insert(page.entries.begin(), whole.entries.begin(), whole.entries.end());
    whole = std::move(page);
  }
  return whole;
}

}  // namespace muster::sim
