// The auction as a service: lots, bids, and a record that anybody can check.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "auction/keys.h"
#include "auction/lot.h"
#include "auction/messages.h"
#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::auction {

inline constexpr ServiceId service_id{4};

/// What those who watch a lot follow: `auction/17.0`. Each event is a `LotEvent`; the state is the
/// lot's `LotView`.
std::string lot_topic(LotId lot);
/// Where lots are told that come, open and end: each event is a `LotEvent` with the lot's title.
/// The state is a `Lots`.
inline constexpr std::string_view lots_topic = "auction/lots";

/// Auctions. Commands: `Request`; the reply to one that could be read is a `Receipt`, which says
/// whether it was accepted, and where the lot stands after it.
///
/// **Lots.** `Open` makes a lot; its id is the place of that command. It is SCHEDULED until it
/// opens, OPEN until it closes, then SOLD or UNSOLD; a sealed one is REVEALING in between. Its
/// seller may pause it (its time stands still), resume, extend, close and cancel it. A command that
/// the leader itself made may do that to any lot. Lots that are over are kept until there is no
/// room for new ones, the one that has been over for longest goes first, and none before
/// `over_kept_min`.
///
/// **Rules.** English: `english.h`; Dutch: `dutch.h`; sealed: `sealed.h`. Beside them: a seller
/// can't bid for an own lot, and who bids or sells is a name, which says who people are to each
/// other; nothing here proves it. What happens to sessions changes nothing.
///
/// **Time** is log time. A bid counts at the time of its entry: at or after `closes_at` it is
/// refused, and a lot ends once, not before its time. With a soft close, a bid that changes the
/// standing price or bidder makes the end at least `soft_close` later than the bid; a raised
/// maximum, which nobody sees, does not. While a lot is open or revealing the service asks for a
/// sign of time every `pulse`. If none came for more than `outage_min`, the group stood still: lots
/// that would have closed meanwhile or later do so later by that silence, if `extend_on_outage`
/// says so, as do Dutch prices and the end of revealing.
///
/// **Record.** Each accepted bid, commitment, reveal and retraction is an `Entry` with a hash over
/// all before it (`record.h`); the receipt names its number and hash. The last `entries_kept`
/// entries of a lot are kept (fewer if all lots together have more than `entries_max`), with the
/// hash before them, so that what is kept can be verified.
/// Bids that were refused are kept too, `refused_kept` of them, outside the chain.
///
/// **Keys.** A command with a key is carried out once: whoever sends the same again under the same
/// name for the same lot with the same key, in whatever session, gets the first receipt, marked
/// `repeated`, for `key_age_max` of log time. Something else under that key is refused.
///
/// **Secrets.** Reserves and maxima stand in no answer and no event; a receipt tells its bidder the
/// own maximum. Servers, their logs and snapshots have both in the clear. Prices of sealed bids
/// are nowhere until they are revealed.
///
/// Refusals without a receipt: INVALID_ARGUMENT for what is no command or can't be one (names,
/// texts, terms, amounts above `price_max`, a maximum below the price). They are kept nowhere.
///
/// Query: `Query`; answers as there. `Check` answers from this server's state what no later command
/// could turn into acceptance, so that a home need not bring it to the leader: a lot that is over
/// or past bidding; a price below what is asked, for that never falls while a lot is English, or
/// below a Dutch floor or a sealed start; an own lot; another currency; another format; a lot that
/// is not there though a later command was seen. The one exception is an own standing bid, bid on
/// without a maximum: it might be outbid before the bid came to the leader, but it is not what a
/// person means who sees it stand.
///
/// Cost: O(log lots) a command, and O(lots) when a silence ends.
class Auction final : public service::Machine {
 public:
  /// The same on all servers of a group.
  struct Options {
    std::size_t lots_max{1'024};
    std::size_t entries_kept{16'384};       ///< Of a lot's record, at least; the oldest go,
    std::size_t entries_per_part{256};      ///< so many at once.
    std::size_t entries_max{1'000'000};     ///< Of all lots; beyond, who gets more keeps less.
    std::size_t refused_kept{1'024};        ///< Of a lot; the oldest go.
    std::size_t sealed_bidders_max{4'096};  ///< That commit to bids for one lot.
    std::size_t keys_max{262'144};          ///< Remembered receipts.
    std::size_t keys_per_part{256};
    std::chrono::milliseconds key_age_max{std::chrono::hours{24}};
    std::chrono::milliseconds over_kept_min{std::chrono::hours{1}};
    std::chrono::milliseconds pulse{1'000};
    std::chrono::milliseconds outage_min{5'000};
  };

  Auction() : Auction(Options{}) {}
  explicit Auction(const Options& options);

  ServiceId id() const override { return service_id; }
  std::string_view name() const override { return "auction"; }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override;
  void expire(LogTime now, service::Output& output) override;
  Result<Bytes> topic_state(std::string_view topic) const override;
  Result<Bytes> query(BytesView request) const override;
  service::FrozenParts freeze() const override;
  [[nodiscard]] Result<void> restore(BytesView part) override;
  void clear() override;
  /// `auction.pause ID`, `auction.resume ID`, `auction.extend ID BY`: as its seller does it.
  std::vector<service::OperatorCommand> operator_commands() const override;
  /// How many bids this server was asked to check, and how many of them it settled.
  std::vector<service::Counter> counters() const override {
    return {{.name = "auction bids checked", .value = bids_checked_},
            {.name = "auction bids settled at home", .value = bids_settled_}};
  }
  Result<Bytes> operator_command(std::string_view name, std::span<const std::string> arguments,
                                 std::string_view key) const override;
  Result<std::string> operator_outcome(BytesView reply) const override;

 private:
  struct Kept {
    service::CopyOnWrite<Lot> lot;
    // Found again from it.
    std::optional<LogTime> due{};
    std::optional<LogTime> over_at{};
    bool is_running{false};
  };
  /// What there is one of.
  struct House final : service::Part {
    void encode(Bytes& out) const override;
    LogTime seen{};      // The newest sign of time.
    Position applied{};  // Of the last command.
  };

  // Commands. Each gives its receipt; errors are refusals without one.
  Result<Receipt> handle(const Open& request, const service::Command& command,
                         service::Output& output);
  Result<Receipt> handle(const Bid& request, const service::Command& command,
                         service::Output& output);
  Result<Receipt> handle(const Commit& request, const service::Command& command,
                         service::Output& output);
  Result<Receipt> handle(const Reveal& request, const service::Command& command,
                         service::Output& output);
  Result<Receipt> handle(const Retract& request, const service::Command& command,
                         service::Output& output);
  Result<Receipt> handle(const Steer& request, const service::Command& command,
                         service::Output& output);
  Receipt bid_english(const Bid& request, const service::Command& command, service::Output& output);
  Receipt bid_dutch(const Bid& request, const service::Command& command, service::Output& output);
  [[nodiscard]] Result<void> extend(const Steer& request, const service::Command& command,
                                    service::Output& output);
  void steer(const Steer& request, const service::Command& command, service::Output& output);
  /// What the same command was answered before, with the same key, if that is still kept.
  std::optional<Receipt> repeated_receipt(const Request& request, LogTime now) const;
  /// The same, or why its key is none for it.
  std::optional<Receipt> answer_by_key(const Request& request,
                                       const service::Command& command) const;
  void keep_receipt(const Request& request, const service::Command& command,
                    const Receipt& receipt);
  /// Puts it into the record, tells it, and gives the receipt. The lot is as the act made it.
  Receipt accept(Entry entry, LotId lot, const service::Command& command, service::Output& output);
  /// Keeps it among what was refused.
  Receipt refuse(Entry entry, LotId lot, Reason reason, const service::Command& command);
  Receipt receipt(LotId lot, Reason reason, const service::Command& command) const;
  void extend_softly(LotId lot, LogTime time, service::Output& output);
  /// Makes room for a lot if it can. False: there are too many.
  bool make_room(LogTime now);

  // Time.
  void pass(LogTime now, service::Output& output);
  void end_silence(LogTime now, service::Output& output);
  void advance(LotId lot, LogTime now, service::Output& output);
  void begin(LotId lot, LogTime at, service::Output& output);
  void close(LotId lot, LogTime at, service::Output& output);
  /// `state`: `sold`, if the rules say so, else it is `unsold`; or `cancelled`.
  void end(LotId lot, State state, LogTime at, service::Output& output);

  const Lot* find(LotId lot) const;
  /// The lot, to be changed. Where that may move what is due, `changed` must follow.
  Lot& change(LotId lot);
  void changed(LotId lot);
  void forget(LotId lot);
  static void tell(const Lot& lot, LotEvent event, service::Output& output);
  static void tell_all(const Lot& lot, LotEvent event, service::Output& output);
  Record::Limits record_limits() const;

  Result<Bytes> answer(const AskLots& query) const;
  Result<Bytes> answer(const AskLot& query) const;
  Result<Bytes> answer(const AskHistory& query) const;
  Result<Bytes> answer(const Check& query) const;
  /// Why the log can't accept it either, whatever comes before it there, or nothing.
  static std::optional<Reason> why_lost(const Bid& bid, const Lot& lot);
  static std::optional<Reason> why_lost(const Commit& commit, const Lot& lot);

  [[nodiscard]] Result<void> restore_entries(Reader& reader);
  [[nodiscard]] Result<void> restore_lot(Reader& reader);
  [[nodiscard]] Result<void> restore_house(Reader& reader);

  const Options options_;
  std::map<LotId, Kept> lots_{};
  Keys keys_;
  service::CopyOnWrite<House> house_{};
  // Counted, and no part of the state.
  mutable std::uint64_t bids_checked_{0};
  mutable std::uint64_t bids_settled_{0};
  // Found again from the parts.
  std::set<std::pair<LogTime, LotId>> due_{};   // What happens next to lots by themselves.
  std::set<std::pair<LogTime, LotId>> over_{};  // Lots that are over, by when.
  std::set<LotId> running_{};
  std::uint64_t entries_{0};  // That the records of all lots keep.
  // While it is restored.
  std::deque<service::CopyOnWrite<Entries>> restored_entries_{};
  bool restored_whole_{false};
};

}  // namespace muster::auction
