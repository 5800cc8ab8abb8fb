// For tests of the auction: commands in, and what came of them as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auction/auction.h"

namespace muster::auction {

/// What an auction gave, in words: replies as `ok`, `again`, a reason, or `CODE: TEXT`; events as
/// `TOPIC WHAT` and what matters of it.
class Told final : public service::Output {
 public:
  void reply(BytesView payload) override {
    receipt = decode_receipt(payload).value();
    const bool accepted = receipt.reason == Reason::accepted;
    replies.push_back((receipt.repeated ? "again " : "") +
                      (accepted ? "ok" : std::string(name_of(receipt.reason))));
  }
  void refuse(ErrorCode code, std::string_view message) override {
    replies.push_back(std::string(muster::name_of(code)) + ": " + std::string(message));
  }
  void publish(std::string_view topic, BytesView bytes) override {
    event = decode_event(bytes).value();
    raw_events.emplace_back(bytes.begin(), bytes.end());
    const Status& status = event.status;
    std::string text = std::string(topic) + " " + std::string(name_of(event.what));
    if (event.entry) text += " " + event.entry->bidder;
    if (event.by.count() != 0) text += " " + std::to_string(event.by.count());
    if (status.standing)
      text += ": " + status.standing_bidder + " " + std::to_string(status.standing->minor);
    if (is_over(status.state)) text += ", " + std::string(name_of(status.state));
    events.push_back(std::move(text));
  }

  std::vector<std::string> replies;
  std::vector<std::string> events;
  std::vector<Bytes> raw_events;
  Receipt receipt;
  LotEvent event;
};

/// An auction with a clock and a log of its own. Amounts are in minor units.
struct Saleroom {
  Saleroom() = default;
  explicit Saleroom(const Auction::Options& limits) : options(limits), auction(limits) {}

  static Terms english(std::uint64_t start = 1'000, std::uint64_t step = 100) {
    return {.title = "a bicycle",
            .start = {start},
            .increments = {{Price{}, {step}}},
            .duration = std::chrono::seconds{60}};
  }
  /// 100.00, 90.00, … 20.00, each for 10 s.
  static Terms dutch() {
    return {.title = "tulips",
            .format = Format::dutch,
            .start = {10'000},
            .floor = {2'000},
            .step = {1'000},
            .every = std::chrono::seconds{10}};
  }
  static Terms sealed(Format format = Format::vickrey) {
    return {.title = "a painting",
            .format = format,
            .start = {100},
            .reveal_window = std::chrono::seconds{30},
            .duration = std::chrono::seconds{60}};
  }
  static Nonce nonce(std::uint8_t of) {
    Nonce nonce{};
    nonce.fill(std::byte{of});
    return nonce;
  }

  /// What the reply was.
  std::string command(BytesView payload, bool system = false) {
    const std::size_t before = told.replies.size();
    ++position.index.value;
    auction.apply({.position = position,
                   .time = time,
                   .session = SessionId{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)},
                   .payload = payload,
                   .system = system},
                  told);
    return told.replies.size() == before + 1 ? told.replies.back() : "not one reply";
  }
  std::string command(const Request& request, bool system = false) {
    return command(encode(request), system);
  }
  LotId open(const Terms& terms, const std::string& seller = "sue") {
    command(Open{seller, terms});
    return told.receipt.lot;
  }
  std::string bid(LotId lot, const std::string& bidder, std::uint64_t price,
                  std::optional<std::uint64_t> max = {}, const std::string& key = {}) {
    Bid bid{.lot = lot, .bidder = bidder, .price = {price}, .key = key};
    if (max) bid.max = Price{*max};
    return command(bid);
  }
  std::string commit(LotId lot, const std::string& bidder, std::uint64_t price,
                     std::uint8_t with = 1) {
    return command(Commit{lot, bidder, seal(lot, bidder, {price}, nonce(with))});
  }
  std::string reveal(LotId lot, const std::string& bidder, std::uint64_t price,
                     std::uint8_t with = 1) {
    return command(Reveal{lot, bidder, {price}, nonce(with)});
  }
  std::string steer(LotId lot, Steering what, std::chrono::milliseconds by = {},
                    const std::string& seller = "sue") {
    return command(Steer{lot, seller, what, by});
  }

  /// Time passes as a leader lets it: whatever is due is told at its time.
  void wait(std::chrono::milliseconds by) {
    const LogTime until = time + by;
    while (auction.deadline() && *auction.deadline() <= until) {
      time = std::max(time, *auction.deadline());
      auction.expire(time, told);
    }
    time = until;
  }
  /// Time passes while there is no leader; then there is one.
  void stop(std::chrono::milliseconds by) {
    time = time + by;
    if (auction.deadline() && *auction.deadline() <= time) auction.expire(time, told);
  }
  /// The events since the last call.
  std::vector<std::string> take_events() {
    told.raw_events.clear();
    return std::exchange(told.events, {});
  }

  LotView view(LotId lot) const {
    return decode_lot(auction.query(encode(Query{AskLot{lot}})).value()).value();
  }
  Status status(LotId lot) const { return view(lot).status; }
  /// `STATE: BIDDER PRICE, asking PRICE`; at the end `STATE: WINNER PRICE`.
  std::string where(LotId lot) const {
    const Status now = status(lot);
    std::string text(name_of(now.state));
    if (now.state == State::sold)
      return text + ": " + now.winner + " " + std::to_string(now.paid->minor);
    if (is_over(now.state)) return text;
    if (now.standing)
      text += ": " + now.standing_bidder + " " + std::to_string(now.standing->minor);
    return text + ", asking " + std::to_string(now.asking.minor);
  }
  History history(const AskHistory& asked) const {
    return decode_history(auction.query(encode(Query{asked})).value()).value();
  }
  History history(LotId lot) const { return history(AskHistory{.lot = lot}); }
  Lots lots(const AskLots& asked = {}) const {
    return decode_lots(auction.query(encode(Query{asked})).value()).value();
  }
  Verdict check(const Check& asked) const {
    return decode_verdict(auction.query(encode(Query{asked})).value()).value();
  }
  /// `go on`, a reason, or `again REASON`.
  std::string verdict(const Check& asked) const {
    const Verdict given = check(asked);
    if (!given.settled) return "go on";
    return (given.receipt ? "again " : "") + std::string(name_of(given.reason));
  }
  std::vector<Bytes> frozen() const {
    std::vector<Bytes> parts;
    for (const auto& part : auction.freeze()) part->encode(parts.emplace_back());
    return parts;
  }

  const Auction::Options options{};
  Auction auction;
  Position position{.index = {100}};
  LogTime time{1'000'000};
  Told told;
};

/// Whether the record's hashes follow from each other, from the first that is kept to the head.
inline bool is_chain(const History& history) {
  Hash hash = history.before_kept;
  std::uint64_t number = history.first_kept;
  for (const Entry& entry : history.entries) {
    if (entry.reason != Reason::accepted) continue;
    if (entry.number != number++ || entry.hash != chain_next(hash, history.lot, entry))
      return false;
    hash = entry.hash;
  }
  return hash == history.status.head && number == history.status.bids + 1;
}

}  // namespace muster::auction
