#include "auction/reasons.h"

#include <array>

#include "muster/check.h"

namespace muster::auction {
namespace {

struct Words {
  std::string_view name;
  ErrorCode code;
  std::string_view text;
};

constexpr std::array<Words, static_cast<std::size_t>(last_reason) + 1> words{{
    {"ACCEPTED", ErrorCode::internal, "accepted"},
    {"TOO_LOW", ErrorCode::failed_precondition,
     "the bid is below what is asked; bid at least the asking price"},
    {"CLOSED", ErrorCode::failed_precondition, "bidding is over; look for another lot"},
    {"NOT_OPEN_YET", ErrorCode::failed_precondition,
     "bidding has not begun; bid when the lot has opened"},
    {"UNKNOWN_LOT", ErrorCode::not_found,
     "there is no such lot, or it is kept no longer; list the lots for their ids"},
    {"OWN_LOT", ErrorCode::permission_denied, "a seller can't bid for an own lot"},
    {"OWN_STANDING_BID", ErrorCode::failed_precondition,
     "your own bid is the one that stands; to go higher, raise your maximum"},
    {"WRONG_CURRENCY", ErrorCode::invalid_argument,
     "the lot is in another currency; bid in the lot's"},
    {"ALREADY_SOLD", ErrorCode::failed_precondition, "the lot is sold; look for another one"},
    {"PAUSED", ErrorCode::failed_precondition,
     "the seller has paused the lot; bid again when it goes on"},
    {"CANCELLED", ErrorCode::failed_precondition, "the seller has taken the lot back"},
    {"MAX_NOT_RAISED", ErrorCode::failed_precondition,
     "your bid stands already, with at least this maximum; give a higher one to raise it"},
    {"WRONG_FORMAT", ErrorCode::failed_precondition,
     "this lot is not sold in that way; show the lot for its format"},
    {"NOT_COMMITTED", ErrorCode::failed_precondition,
     "there is no sealed bid of yours to reveal; the names must be the same"},
    {"NOT_REVEALING_YET", ErrorCode::failed_precondition,
     "sealed bids are revealed after the close; reveal it then"},
    {"ALREADY_REVEALED", ErrorCode::already_exists, "your bid is revealed already"},
    {"COMMITMENT_MISMATCH", ErrorCode::invalid_argument,
     "price and nonce are not those that were sealed; reveal exactly what was sealed last"},
    {"NO_STANDING_BID", ErrorCode::failed_precondition,
     "no bid of yours stands; there is nothing to retract"},
    {"NOT_THE_SELLER", ErrorCode::permission_denied, "only the lot's seller may do that"},
    {"WRONG_STATE", ErrorCode::failed_precondition,
     "the lot is in no state for that; show the lot for its state"},
    {"KEY_REUSED", ErrorCode::already_exists,
     "this key came with another command before; take a new key for a new command"},
    {"TOO_MANY_KEYS", ErrorCode::resource_exhausted,
     "as many keys as can be are remembered; go on without one, or try again later"},
    {"TOO_MANY_LOTS", ErrorCode::resource_exhausted,
     "there are as many lots as can be; one that has been over for an hour makes room for another"},
    {"TOO_MANY_BIDDERS", ErrorCode::resource_exhausted,
     "as many have sealed bids for this lot as can be"},
}};

const Words& words_of(Reason reason) {
  const auto at = static_cast<std::size_t>(reason);
  check(at < words.size());
  return words[at];
}

}  // namespace

std::string_view name_of(Reason reason) {
  return words_of(reason).name;
}

std::string_view explain(Reason reason) {
  return words_of(reason).text;
}

ErrorCode code_of(Reason reason) {
  check(reason != Reason::accepted);
  return words_of(reason).code;
}

}  // namespace muster::auction
