// Commands and receipts as bytes.
#include "auction/messages.h"

#include <utility>

#include "auction/schema_values.h"
#include "wire/control.h"

namespace muster::auction {
namespace {

void put(const Open& request, schema::Command& out) {
  out.mutable_open()->set_seller(request.seller);
  put_terms(request.terms, *out.mutable_open()->mutable_terms());
}
void put(const Bid& request, schema::Command& out) {
  schema::Bid& bid = *out.mutable_bid();
  put_lot(request.lot, *bid.mutable_lot());
  bid.set_bidder(request.bidder);
  bid.set_price(request.price.minor);
  if (request.max) bid.set_max(request.max->minor);
  bid.set_currency(request.currency);
}
void put(const Commit& request, schema::Command& out) {
  put_lot(request.lot, *out.mutable_commit()->mutable_lot());
  out.mutable_commit()->set_bidder(request.bidder);
  out.mutable_commit()->set_commitment(to_field(request.commitment));
}
void put(const Reveal& request, schema::Command& out) {
  schema::Reveal& reveal = *out.mutable_reveal();
  put_lot(request.lot, *reveal.mutable_lot());
  reveal.set_bidder(request.bidder);
  reveal.set_price(request.price.minor);
  reveal.set_nonce(to_field(request.nonce));
}
void put(const Retract& request, schema::Command& out) {
  put_lot(request.lot, *out.mutable_retract()->mutable_lot());
  out.mutable_retract()->set_bidder(request.bidder);
}
void put(const Steer& request, schema::Command& out) {
  schema::Steer& steer = *out.mutable_steer();
  put_lot(request.lot, *steer.mutable_lot());
  steer.set_seller(request.seller);
  steer.set_what(static_cast<schema::Steering::Value>(request.what));
  steer.set_by_ms(to_ms(request.by));
}

Result<Request> read(const schema::Open& open, const std::string& key) {
  auto terms = to_terms(open.terms());
  if (!terms) return terms.error();
  return Request{Open{open.seller(), std::move(*terms), key}};
}
Result<Request> read(const schema::Bid& bid, const std::string& key) {
  Bid out{.lot = to_lot(bid.lot()),
          .bidder = bid.bidder(),
          .price = {bid.price()},
          .currency = bid.currency(),
          .key = key};
  if (bid.has_max()) out.max = Price{bid.max()};
  return Request{std::move(out)};
}
Result<Request> read(const schema::Commit& commit, const std::string& key) {
  const auto commitment = from_field(commit.commitment());
  if (!commitment) return commitment.error();
  return Request{Commit{to_lot(commit.lot()), commit.bidder(), *commitment, key}};
}
Result<Request> read(const schema::Reveal& reveal, const std::string& key) {
  const auto nonce = from_field(reveal.nonce());
  if (!nonce) return nonce.error();
  return Request{Reveal{to_lot(reveal.lot()), reveal.bidder(), Price{reveal.price()}, *nonce, key}};
}
Result<Request> read(const schema::Retract& retract, const std::string& key) {
  return Request{Retract{to_lot(retract.lot()), retract.bidder(), key}};
}
Result<Request> read(const schema::Steer& steer, const std::string& key) {
  const auto what = to_value(steer.what(), Steering::cancel, "way to steer a lot");
  if (!what) return what.error();
  return Request{Steer{to_lot(steer.lot()), steer.seller(), *what, from_ms(steer.by_ms()), key}};
}

}  // namespace

std::string_view name_of(Steering what) {
  constexpr std::array<std::string_view, 6> names{"unknown", "pause", "resume",
                                                  "extend",  "close", "cancel"};
  return names.at(static_cast<std::size_t>(what));
}

void put_command(const Request& request, schema::Command& out) {
  std::visit(
      [&](const auto& one) {
        put(one, out);
        out.set_key(one.key);
      },
      request);
}

Result<Request> to_request(const schema::Command& command) {
  switch (command.what_case()) {
    case schema::Command::kOpen:
      return read(command.open(), command.key());
    case schema::Command::kBid:
      return read(command.bid(), command.key());
    case schema::Command::kCommit:
      return read(command.commit(), command.key());
    case schema::Command::kReveal:
      return read(command.reveal(), command.key());
    case schema::Command::kRetract:
      return read(command.retract(), command.key());
    case schema::Command::kSteer:
      return read(command.steer(), command.key());
    case schema::Command::WHAT_NOT_SET:
      break;
  }
  return Error{ErrorCode::invalid_argument,
               "this version of the auction service knows no such command"};
}

Bytes encode(const Request& request) {
  schema::Command command;
  put_command(request, command);
  return wire::encode(command);
}

Result<Request> decode_request(BytesView bytes) {
  const auto command = wire::decode<schema::Command>(bytes);
  if (!command) return command.error();
  return to_request(*command);
}

Bytes encode(const Receipt& receipt) {
  schema::Receipt out;
  put_receipt(receipt, out);
  return wire::encode(out);
}

Result<Receipt> decode_receipt(BytesView bytes) {
  const auto receipt = wire::decode<schema::Receipt>(bytes);
  if (!receipt) return receipt.error();
  return to_receipt(*receipt);
}

std::string in_words(const Receipt& receipt) {
  std::string text(explain(receipt.reason));
  if (receipt.reason == Reason::too_low) {
    text += ": " + to_text_with_currency(receipt.status.asking, receipt.currency);
  }
  return text;
}

}  // namespace muster::auction
