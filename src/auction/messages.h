// What clients and the auction service say to each other, as values and as bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auction/money.h"
#include "auction/reasons.h"
#include "auction/record.h"
#include "auction/terms.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::auction {

// ---- Commands -----------------------------------------------------------------------------------
//
// `key`: see `Auction`; empty: none.

struct Open {
  std::string seller;
  Terms terms;
  std::string key{};
  friend bool operator==(const Open&, const Open&) = default;
};
/// English: bids `price`, and lets the service bid on up to `max`. Dutch: takes the lot if its
/// price is at most `price`. `currency` is a code; empty: the lot's.
struct Bid {
  LotId lot;
  std::string bidder;
  Price price;
  std::optional<Price> max{};
  std::string currency{};
  std::string key{};
  friend bool operator==(const Bid&, const Bid&) = default;
};
/// A sealed bid: `seal` over what `Reveal` will say. A later one of the same bidder takes its
/// place.
struct Commit {
  LotId lot;
  std::string bidder;
  Hash commitment{};
  std::string key{};
  friend bool operator==(const Commit&, const Commit&) = default;
};
struct Reveal {
  LotId lot;
  std::string bidder;
  Price price;
  Nonce nonce{};
  std::string key{};
  friend bool operator==(const Reveal&, const Reveal&) = default;
};
/// Takes the bidder's standing bid back.
struct Retract {
  LotId lot;
  std::string bidder;
  std::string key{};
  friend bool operator==(const Retract&, const Retract&) = default;
};
/// What a seller does to an own lot. The values are part of the schema.
enum class Steering : std::uint8_t {
  pause = 1,
  resume = 2,
  extend = 3,  ///< By `by`.
  close = 4,   ///< At once: the standing bid has it.
  cancel = 5,  ///< Nobody has it.
};
/// `pause` and so on.
std::string_view name_of(Steering what);
struct Steer {
  LotId lot;
  std::string seller;  ///< Not looked at in a command of the leader's own.
  Steering what{Steering::pause};
  std::chrono::milliseconds by{};
  std::string key{};
  friend bool operator==(const Steer&, const Steer&) = default;
};
using Request = std::variant<Open, Bid, Commit, Reveal, Retract, Steer>;
/// The payload of a command for service `service_id`. Precondition: no text in it is longer than a
/// command may be, and the table of increments is not longer than `increment_steps_max`.
Bytes encode(const Request& request);
[[nodiscard]] Result<Request> decode_request(BytesView bytes);
/// Whether the service would look at it at all, whatever the state. Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<void> validate(const Request& request);

// ---- Where a lot stands -------------------------------------------------------------------------

/// What changes about a lot: in every receipt, event and answer.
struct Status {
  State state{State::scheduled};
  std::optional<Price> standing{};  ///< English: the price of the bid that stands.
  std::string standing_bidder{};
  /// The least that a bid must be now. English and Dutch: `standing` plus the increment, or the
  /// price of the moment. Sealed: the start.
  Price asking{};
  bool has_reserve{false};
  bool reserve_met{false};
  std::optional<Price> buy_now{};  ///< While it is on offer.
  std::uint64_t bids{0};           ///< In the record.
  std::uint64_t refused{0};        ///< Bids that reached the log and were refused.
  LogTime opens_at{};
  LogTime closes_at{};        ///< As of now; of a lot that is over or revealing: when it closed.
  LogTime reveal_ends_at{};   ///< Sealed.
  LogTime next_step_at{};     ///< Dutch, while the price still falls.
  std::uint32_t sealed{0};    ///< Bidders that have committed,
  std::uint32_t revealed{0};  ///< and those of them that have revealed.
  std::string winner{};       ///< If it is sold.
  std::optional<Price> paid{};
  Hash head{};  ///< Of the record's chain.
  friend bool operator==(const Status&, const Status&) = default;
};

/// The answer to a command that reached the log, whether it was accepted or not.
struct Receipt {
  Position position{};   ///< Of the command; of the first one if it is `repeated`.
  LogTime time{};        ///< The same.
  bool repeated{false};  ///< It came before with this key, and this is the answer it had.
  LotId lot{};           ///< For `Open`, the lot's id from now on.
  Reason reason{Reason::accepted};
  std::uint64_t number{0};         ///< In the lot's record; 0 if it is not in there.
  Hash hash{};                     ///< Of the entry there.
  Price price{};                   ///< What was bid, or paid on the spot.
  std::optional<Price> own_max{};  ///< English: the bidder's maximum if the bid stands.
  Currency currency{};
  Status status{};  ///< Right after it.
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
Bytes encode(const Receipt& receipt);
[[nodiscard]] Result<Receipt> decode_receipt(BytesView bytes);
/// The outcome for people: `accepted`, or why not, with the asking price where that helps.
std::string in_words(const Receipt& receipt);

// ---- Events -------------------------------------------------------------------------------------

/// The values are part of the schema.
enum class Happening : std::uint8_t {
  scheduled = 1,  ///< The lot is there, and opens later.
  opened = 2,     ///< Bidding has begun.
  bid = 3,        ///< A line of the record: `entry`.
  stepped = 4,    ///< Dutch: the price fell.
  extended = 5,   ///< The end is later: by a late bid, its seller or an outage (`by`).
  paused = 6,
  resumed = 7,
  revealing = 8,  ///< Sealed: bidding is over, bids may be revealed.
  ended = 9,      ///< Sold, unsold or cancelled: see the status.
};
/// `SCHEDULED` and so on.
std::string_view name_of(Happening what);

/// An event of a lot's topic or of the topic of all lots. Its place and time are the event's.
struct LotEvent {
  Happening what{Happening::opened};
  LotId lot{};
  std::string title{};  ///< On the topic of all lots only.
  Currency currency{};
  std::optional<Entry> entry{};    ///< With `bid`.
  std::chrono::milliseconds by{};  ///< With `extended`.
  Status status{};
  friend bool operator==(const LotEvent&, const LotEvent&) = default;
};
Bytes encode(const LotEvent& event);
[[nodiscard]] Result<LotEvent> decode_event(BytesView bytes);

// ---- Queries ------------------------------------------------------------------------------------

/// Answer: `Lots`, those after `after` in the order of their ids.
struct AskLots {
  std::optional<LotId> after{};
  std::uint32_t count{0};  ///< At most; 0: as many as an answer takes.
  bool over{true};         ///< Those that are over as well.
  friend bool operator==(const AskLots&, const AskLots&) = default;
};
/// Answer: `LotView`. Errors: NOT_FOUND.
struct AskLot {
  LotId lot;
  friend bool operator==(const AskLot&, const AskLot&) = default;
};
/// Answer: `History`: lines after the position `after`, oldest first. Errors: NOT_FOUND.
struct AskHistory {
  LotId lot;
  std::optional<Position> after{};
  std::uint32_t count{0};  ///< At most; 0: as many as an answer takes.
  bool refused{true};      ///< Refused ones as well.
  friend bool operator==(const AskHistory&, const AskHistory&) = default;
};
/// Would this be refused, whatever comes before it in the log? Answer: `Verdict`.
struct Check {
  std::variant<Bid, Commit> bid;
  friend bool operator==(const Check&, const Check&) = default;
};
using Query = std::variant<AskLots, AskLot, AskHistory, Check>;
Bytes encode(const Query& query);
[[nodiscard]] Result<Query> decode_query(BytesView bytes);

/// A lot as anybody may see it. Also what stands for missed events of its topic.
struct LotView {
  LotId lot{};
  std::string seller{};
  LogTime created{};
  Terms terms{};  ///< Without the reserve, which is hidden: `status` says whether there is one.
  Status status{};
  friend bool operator==(const LotView&, const LotView&) = default;
};
Bytes encode(const LotView& view);
[[nodiscard]] Result<LotView> decode_lot(BytesView bytes);

/// Also what stands for missed events of the topic of all lots.
struct Lots {
  std::vector<LotView> lots{};
  bool complete{true};  ///< There are no more after these.
  friend bool operator==(const Lots&, const Lots&) = default;
};
Bytes encode(const Lots& lots);
[[nodiscard]] Result<Lots> decode_lots(BytesView bytes);

/// A page of a lot's history. The record is kept from `first_kept` on; `before_kept` is the hash
/// before that entry, from which the chain can be recomputed up to `status.head`.
struct History {
  LotId lot{};
  Currency currency{};
  std::vector<Entry> entries{};
  bool complete{true};  ///< There are no more after these.
  std::uint64_t first_kept{1};
  Hash before_kept{};
  std::uint64_t refused_dropped{0};  ///< Refused ones that are no longer kept.
  Status status{};
  friend bool operator==(const History&, const History&) = default;
};
Bytes encode(const History& history);
[[nodiscard]] Result<History> decode_history(BytesView bytes);

struct Verdict {
  bool settled{false};  ///< It need not go to the log: `reason` is the answer, or `receipt`.
  Reason reason{Reason::accepted};
  std::optional<Receipt> receipt{};  ///< It was there before, with this key.
  std::optional<Status> status{};    ///< Of the lot, if it is known here.
  Currency currency{};
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
Bytes encode(const Verdict& verdict);
[[nodiscard]] Result<Verdict> decode_verdict(BytesView bytes);

}  // namespace muster::auction
