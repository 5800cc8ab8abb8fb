// A lot as the service keeps it: its state, its record, and what can be told of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auction/dutch.h"
#include "auction/english.h"
#include "auction/messages.h"
#include "auction/record.h"
#include "auction/sealed.h"
#include "auction/terms.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::auction {

/// Consecutive entries of a lot's record: a part of snapshots of its own, so that a bid copies
/// neither the whole record nor, in one step, much of it.
struct Entries final : service::Part {
  void encode(Bytes& out) const override;
  LotId lot{};
  std::vector<Entry> entries{};
};

/// What was accepted, as a chain, and what was refused. The oldest of both may be gone.
struct Record {
  struct Limits {
    std::size_t entries_kept;
    std::size_t entries_per_part;
    std::size_t refused_kept;
  };

  std::uint64_t count{0};  ///< Of all that was accepted.
  Hash head{};             ///< Of the last one, or where the chain starts.
  std::uint64_t first_kept{1};
  Hash before_kept{};  ///< The hash before it.
  std::deque<service::CopyOnWrite<Entries>> parts{};
  std::uint64_t refused_count{0};
  std::deque<Entry> refused{};

  static Record beginning_of(LotId lot);
  /// Numbers and chains the entry. Returns it as it is kept, until the next one is added.
  const Entry& add(LotId lot, Entry entry, const Limits& limits);
  /// Forgets the oldest part. Precondition: there is one before the last.
  void drop_oldest();
  std::uint64_t kept() const { return count + 1 - first_kept; }
  void add_refused(Entry entry, const Limits& limits);
};

/// One bidder's sealed bid.
struct SealedOffer {
  Hash commitment{};
  Position committed{};
  std::optional<Price> revealed{};
  friend bool operator==(const SealedOffer&, const SealedOffer&) = default;
};

struct Lot final : service::Part {
  void encode(Bytes& out) const override;

  LotId id{};
  std::string seller{};
  LogTime created{};
  Terms terms{};
  State state{State::scheduled};
  LogTime opens_at{};
  LogTime closes_at{};                      ///< When it is over or revealing: when it closed.
  LogTime reveal_ends_at{};                 ///< Sealed, from the close on.
  LogTime paused_at{};                      ///< While it is paused.
  LogTime over_at{};                        ///< Once it is over.
  std::chrono::milliseconds stood_still{};  ///< Dutch: time since the opening that did not count.
  EnglishBoard board{};
  Price dutch_price{};
  LogTime falls_at{};  ///< Dutch: when the price falls next; zero: never.
  std::map<std::string, SealedOffer> sealed{};
  std::optional<Sale> sale{};
  Record record{};
};

EnglishRules english_rules(const Terms& terms);
DutchRules dutch_rules(const Terms& terms);

Status status_of(const Lot& lot);
LotView view_of(const Lot& lot);
/// When something happens to it by itself, if it does.
std::optional<LogTime> due_of(const Lot& lot);
/// Whether its time runs: a silence counts.
bool is_running(const Lot& lot);
/// Why it takes no bids in this state, or nothing.
std::optional<Reason> why_closed(const Lot& lot);

/// Whether a bid says so, if it says anything.
bool is_currency(std::string_view code, const Currency& currency);

/// Dutch: the time since the opening that counts.
std::chrono::milliseconds elapsed(const Lot& lot, LogTime time);
/// Dutch: sets the price of this time, and when it falls next.
void set_dutch_price(Lot& lot, LogTime time);
/// What was to come comes later by so much.
void stand_still(Lot& lot, std::chrono::milliseconds by);
/// Soft close: whether the end had to move, and by how much.
std::chrono::milliseconds close_softly(Lot& lot, LogTime time);
/// Who has it as things are: the rule of its format.
std::optional<Sale> sale_of(const Lot& lot);

}  // namespace muster::auction
