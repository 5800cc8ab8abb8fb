// What must always hold of auctions: one small class per invariant, fed with all that machines do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "auction/auction.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "sim/register.h"

namespace muster::sim {

/// What one machine did with a command, or when time passed: what it told and what it answered.
/// Where others did the same before, the checksum alone stands for it.
struct AuctionDeed {
  std::optional<Position> position{};  ///< Nothing: time passed.
  LogTime time{};
  std::optional<auction::Request> request{};  ///< As its client made it.
  std::optional<auction::Receipt> receipt{};  ///< Nothing: refused without one.
  std::vector<auction::LotEvent> events{};    ///< Of the topics of single lots.
  std::uint32_t checksum{};                   ///< Of all that was told and answered.
};

/// A lot as those know it who follow everything.
struct LotStory {
  auction::Open open{};
  auction::Status first{};  ///< When it was opened,
  auction::Status now{};    ///< and as was told last.
  LogTime paused_at{};
  std::chrono::milliseconds steered{};  ///< Extended by its seller, in all.
};
using LotStories = std::map<auction::LotId, LotStory>;

/// All machines, and all replays, tell and answer the same: at a command, and at a time.
class AuctionsAlike {
 public:
  /// True: nobody did this before.
  bool seen(std::size_t server, const AuctionDeed& deed);
  bool is_new(const AuctionDeed& deed) const {
    return deed.position ? *deed.position > position_ : deed.time > time_;
  }
  LogTime newest_time() const { return time_; }

 private:
  std::map<Position, std::uint32_t> commands_;
  std::map<LogTime, std::uint32_t> passings_;
  Position position_;
  LogTime time_;
};

/// What was accepted, and acknowledged, is in the record of its lot once, with that hash, and on
/// every server.
class RecordStays {
 public:
  RecordStays(const LotStories& stories, const auction::Auction::Options& limits)
      : stories_(stories), limits_(limits) {}
  void seen(const AuctionDeed& deed);
  void acknowledged(const auction::Receipt& receipt) const;
  /// The whole history as a server has it at the end.
  void found(std::size_t server, const auction::History& history) const;

 private:
  const LotStories& stories_;
  const auction::Auction::Options limits_;
  std::map<auction::LotId, std::vector<auction::Entry>> records_;
  std::size_t entries_{0};
};

/// A key is carried out once, and whoever comes again has the first answer.
class KeyOnce {
 public:
  explicit KeyOnce(const auction::Auction::Options& limits) : age_max_(limits.key_age_max) {}
  void seen(const AuctionDeed& deed);

 private:
  using Name = std::tuple<auction::LotId, std::string, std::string>;
  const std::chrono::milliseconds age_max_;
  std::map<Name, auction::Receipt> first_;
};

/// A lot has one winner at most, who pays what the rules say of the bids as their clients made
/// them, maxima included; what the rules refuse is refused, and nothing else.
class RuleOfTheSale {
 public:
  explicit RuleOfTheSale(const LotStories& stories) : stories_(stories) {}
  void seen(const AuctionDeed& deed);

 private:
  struct Offer {
    Position committed;
    std::optional<auction::Price> revealed{};
  };
  struct Play {
    auction::EnglishBoard board{};
    std::map<std::string, Offer> sealed{};
    std::optional<auction::Sale> sale{};
  };
  void played(const auction::Bid& bid, const AuctionDeed& deed);
  void played_dutch(const auction::Bid& bid, const AuctionDeed& deed, const LotStory& story);
  void ended(const auction::LotEvent& event);
  std::optional<auction::Sale> sale_of(auction::LotId lot) const;

  const LotStories& stories_;
  std::map<auction::LotId, Play> plays_;
};

/// Nothing happens to a lot before or after its time; it ends once, not before the end that was
/// told last; and what was told of its end changes by what is said to change it, and by no more.
class OnTime {
 public:
  OnTime(const LotStories& stories, const auction::Auction::Options& limits)
      : stories_(stories), outage_min_(limits.outage_min) {}
  /// `before`: the time of the deed before. Called event by event, before the story goes on.
  void seen(const AuctionDeed& deed, const auction::LotEvent& event, LogTime before);
  /// Called before all events of a deed, and after them.
  void begins(const AuctionDeed& deed, LogTime before);
  void done(const AuctionDeed& deed);
  std::uint64_t ended() const { return ended_; }
  /// By how much the end of a lot came later than it was told, at most.
  std::chrono::milliseconds late_max() const { return late_max_; }

 private:
  void extended(const AuctionDeed& deed, const auction::LotEvent& event, const LotStory& story,
                LogTime before);
  void ended(const AuctionDeed& deed, const auction::LotEvent& event, const LotStory& story);

  const LotStories& stories_;
  const std::chrono::milliseconds outage_min_;
  std::set<auction::LotId> owed_;   // A silence must be told of these, before anything else.
  std::set<auction::LotId> bid_;    // There was a bid on these in this deed,
  std::set<auction::LotId> moved_;  // which others could see.
  std::uint64_t ended_{0};
  std::chrono::milliseconds late_max_{};
};

/// English: the standing price never falls while a bid stands, and what is asked never does.
class PricesRise {
 public:
  explicit PricesRise(const LotStories& stories) : stories_(stories) {}
  void seen(const auction::LotEvent& event) const;

 private:
  const LotStories& stories_;
};

/// Of a sealed bid no price stands in any answer or event until bidding is over.
class SealedStaySealed {
 public:
  /// A client commits to a bid of this price.
  void committed(auction::LotId lot, auction::Price price);
  /// Bytes that a server tells others of a lot that still takes bids.
  void seen(std::size_t server, auction::LotId lot, BytesView told) const;
  bool has(auction::LotId lot) const { return secrets_.contains(lot); }

 private:
  std::map<auction::LotId, std::set<std::uint64_t>> secrets_;
};

/// All of them, and what clients know of lots.
struct AuctionCheckers {
  explicit AuctionCheckers(const auction::Auction::Options& limits)
      : record(stories, limits),
        keys(limits),
        sale(stories),
        time(stories, limits),
        rise(stories) {}
  AuctionCheckers(const AuctionCheckers&) = delete;
  AuctionCheckers& operator=(const AuctionCheckers&) = delete;

  /// A client makes a command: that one must be the one that takes effect.
  void made(OperationId id, const auction::Request& request) { commands.emplace(id, request); }
  /// A machine did something.
  void seen(std::size_t server, AuctionDeed deed);
  /// At the end, of each lot of each server.
  void found(std::size_t server, const auction::History& history) const;

  LotStories stories;
  std::map<OperationId, auction::Request> commands;
  std::vector<auction::Request> keyed;  ///< With a key, the newest last: for whoever repeats one.
  AuctionsAlike alike;
  RecordStays record;
  KeyOnce keys;
  RuleOfTheSale sale;
  OnTime time;
  PricesRise rise;
  SealedStaySealed sealed;

 private:
  void go_on(const AuctionDeed& deed, const auction::LotEvent& event);
};

}  // namespace muster::sim
