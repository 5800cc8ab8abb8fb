// What a lot is and how it is sold, as its seller says it.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auction/increments.h"
#include "auction/money.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster::auction {

/// A lot's name: the place in the log of the command that opened it.
struct LotId {
  Position opened;
  friend auto operator<=>(const LotId&, const LotId&) = default;
};
/// `17.0`.
std::string to_text(LotId lot);
/// Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<LotId> parse_lot(std::string_view text);

/// The values are part of the schema and of the snapshot format.
enum class Format : std::uint8_t {
  english = 1,       ///< Ascending; proxies bid for absent bidders. The highest bid stands.
  dutch = 2,         ///< The price falls by steps; the first to take it has it.
  sealed_first = 3,  ///< Hidden until the close; the highest pays what it bid.
  vickrey = 4,       ///< Hidden until the close; the highest pays what the second bid.
};
/// `english`, `dutch`, `sealed-first`, `vickrey`, as people write them.
std::string_view name_of(Format format);
[[nodiscard]] Result<Format> format_from(std::string_view name);
constexpr bool is_sealed(Format format) {
  return format == Format::sealed_first || format == Format::vickrey;
}

constexpr std::size_t title_bytes_max = 200;
constexpr std::size_t bidder_bytes_max = 32;
constexpr std::size_t key_bytes_max = 64;
constexpr std::chrono::milliseconds lot_time_max{std::chrono::hours{366 * 24}};  ///< Of any span.
constexpr std::chrono::milliseconds time_min{100};  ///< Of a lot, and between two Dutch prices.

/// Amounts are in `currency`. What the format does not use must be as it is here.
struct Terms {
  std::string title{};
  Format format{Format::english};
  Currency currency{};
  Price start{};  ///< English: the first bid is at least this. Dutch: the first price. Sealed: the
                  ///< least that a bid may be.
  Increments increments{};            ///< English.
  std::optional<Price> reserve{};     ///< Below it there is no sale; hidden. Not Dutch.
  std::optional<Price> buy_now{};     ///< English: who bids it while it is on offer has the lot.
  Price floor{};                      ///< Dutch: the last price.
  Price step{};                       ///< Dutch: by how much the price falls,
  std::chrono::milliseconds every{};  ///< and how often.
  std::chrono::milliseconds soft_close{};     ///< English: how long bidding goes on after the last
                                              ///< bid, at least; 0: it ends when it ends.
  std::chrono::milliseconds reveal_window{};  ///< Sealed: how long bids may be revealed.
  bool extend_on_outage{true};        ///< A stop of the whole group before the end does not count.
  std::optional<LogTime> opens_at{};  ///< None: at once.
  std::chrono::milliseconds duration{};  ///< From the opening; if 0, `closes_at` says the end.
                                         ///< Dutch: both none: after the floor's turn.
  std::optional<LogTime> closes_at{};
  friend bool operator==(const Terms&, const Terms&) = default;
};
/// Whether these can be the terms of a lot, whenever it is opened. Errors: INVALID_ARGUMENT, with
/// what to change.
[[nodiscard]] Result<void> validate_terms(const Terms& terms);
/// The same, of what depends on the time. Precondition: the terms are valid.
[[nodiscard]] Result<void> validate_times(const Terms& terms, LogTime now);

/// A seller or bidder: 1 to `bidder_bytes_max` bytes of text without control characters or spaces,
/// and none of `/ @ # ,` at the front, as the names of people in the chat. Errors:
/// INVALID_ARGUMENT.
[[nodiscard]] Result<void> validate_person(std::string_view name);
/// At most `key_bytes_max` bytes of such text; empty: none. Errors: INVALID_ARGUMENT.
[[nodiscard]] Result<void> validate_key(std::string_view key);

/// The values are part of the schema and of the snapshot format.
enum class State : std::uint8_t {
  scheduled = 1,  ///< Opens later.
  open = 2,       ///< Takes bids.
  paused = 3,     ///< The clock stands still, and no bids are taken.
  revealing = 4,  ///< Sealed: no more bids; those made are being revealed.
  sold = 5,       ///< Has a winner and a price. The end.
  unsold = 6,     ///< Had no bid that is enough. The end.
  cancelled = 7,  ///< Was taken back by its seller. The end.
};
/// `OPEN` and so on.
std::string_view name_of(State state);
constexpr bool is_over(State state) {
  return state >= State::sold;
}

}  // namespace muster::auction
