// Why a command of the auction was not accepted: one word for programs, plain words for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/error.h"

namespace muster::auction {

/// The values are part of the schema and of the snapshot format: append only, never renumber.
enum class Reason : std::uint8_t {
  accepted = 0,
  too_low = 1,               ///< Below what the lot asks for.
  closed = 2,                ///< The lot's time is over, and it was not sold.
  not_open_yet = 3,          ///< Bidding begins later.
  unknown_lot = 4,           ///< No such lot, or it is no longer kept.
  own_lot = 5,               ///< The seller bids.
  own_standing_bid = 6,      ///< The bid that stands is this bidder's, and this one has no `max`.
  wrong_currency = 7,        ///< The lot is in another currency.
  already_sold = 8,          ///< Somebody has it.
  paused = 9,                ///< The seller has stopped the clock.
  cancelled = 10,            ///< The seller has taken the lot back.
  max_not_raised = 11,       ///< Not above the maximum that this bidder gave before.
  wrong_format = 12,         ///< A bid where a commitment is wanted, or the other way round.
  not_committed = 13,        ///< A reveal by somebody who committed to nothing.
  not_revealing_yet = 14,    ///< A reveal before the close.
  already_revealed = 15,     ///< A second reveal.
  commitment_mismatch = 16,  ///< What is revealed is not what was committed to.
  no_standing_bid = 17,      ///< A retraction by somebody whose bid does not stand.
  not_the_seller = 18,       ///< Only the seller may do that.
  wrong_state = 19,          ///< Such as to resume a lot that is not paused.
  key_reused = 20,           ///< The same key came with something else before.
  too_many_keys = 21,        ///< So many keys are remembered that no more are taken.
  too_many_lots = 22,        ///< So many lots are there that no more are opened.
  too_many_bidders = 23,     ///< So many have committed to bids for this lot.
};
constexpr Reason last_reason = Reason::too_many_bidders;

/// `TOO_LOW` and so on; `ACCEPTED`.
std::string_view name_of(Reason reason);
/// What happened and what to do, in plain words, for somebody who has no numbers at hand.
std::string_view explain(Reason reason);
/// The code that a command line or a gateway answers with. Precondition: not `accepted`.
ErrorCode code_of(Reason reason);

}  // namespace muster::auction
