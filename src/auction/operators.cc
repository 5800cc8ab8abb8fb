// What operators may have done to lots by name, for sellers that ask them.
#include <string>

#include "auction/auction.h"
#include "muster/duration.h"

namespace muster::auction {
namespace {

constexpr std::string_view method_prefix = "auction.";

Result<std::chrono::milliseconds> parse_extension(const std::string& text) {
  const auto by = parse_duration(text);
  if (!by) return by.error();
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(*by);
  if (whole.count() <= 0 || whole > lot_time_max) {
    return Error{ErrorCode::invalid_argument,
                 text + " is no time to extend a lot by: write 30s, 5m or 2h"};
  }
  return whole;
}

}  // namespace

std::vector<service::OperatorCommand> Auction::operator_commands() const {
  return {{.name = "auction.pause",
           .help = "stops the clock of a lot; it takes no bids meanwhile",
           .arguments = {"ID"}},
          {.name = "auction.resume",
           .help = "lets a paused lot go on with the time it had left",
           .arguments = {"ID"}},
          {.name = "auction.extend",
           .help = "has a lot close later by that time, as 30s or 5m",
           .arguments = {"ID", "BY"}}};
}

Result<Bytes> Auction::operator_command(std::string_view name,
                                        std::span<const std::string> arguments,
                                        std::string_view key) const {
  const auto lot = parse_lot(arguments[0]);
  if (!lot) return lot.error();
  Steer steer{.lot = *lot, .seller = "operator", .key = std::string(key)};
  const std::string_view what = name.substr(method_prefix.size());
  if (what == name_of(Steering::pause)) {
    steer.what = Steering::pause;
  } else if (what == name_of(Steering::resume)) {
    steer.what = Steering::resume;
  } else {
    const auto by = parse_extension(arguments[1]);
    if (!by) return by.error();
    steer.what = Steering::extend;
    steer.by = *by;
  }
  return encode(Request{steer});
}

Result<std::string> Auction::operator_outcome(BytesView reply) const {
  const auto receipt = decode_receipt(reply);
  if (!receipt) return receipt.error();
  if (receipt->reason != Reason::accepted) {
    return Error{code_of(receipt->reason), in_words(*receipt), Outcome::applied};
  }
  return "lot " + to_text(receipt->lot) + " is " + std::string(name_of(receipt->status.state));
}

}  // namespace muster::auction
