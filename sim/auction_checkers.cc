#include "sim/auction_checkers.h"

#include <algorithm>
#include <tuple>

#include "muster/check.h"
#include "sim/violation.h"

namespace muster::sim {

namespace {

using auction::Happening;
using auction::LotEvent;
using auction::LotId;
using auction::Reason;
using auction::State;
using std::chrono::milliseconds;

bool is_accepted(const AuctionDeed& deed) {
  return deed.receipt && deed.receipt->reason == Reason::accepted && !deed.receipt->repeated;
}

std::string server_name(std::size_t server) {
  return "server " + std::to_string(server);
}

std::string lot_name(LotId lot) {
  return "lot " + to_text(lot);
}

std::string words(LogTime time) {
  return std::to_string(time.milliseconds) + " ms";
}

}  // namespace

// ---- Alike --------------------------------------------------------------------------------------

// At one time at most one passing of time comes to a machine, before the commands of that time.
bool AuctionsAlike::seen(std::size_t server, const AuctionDeed& deed) {
  const bool fresh = is_new(deed);
  const auto known = deed.position ? commands_.emplace(*deed.position, deed.checksum).first->second
                                   : passings_.emplace(deed.time, deed.checksum).first->second;
  if (known != deed.checksum) {
    throw Violation("auctions alike", server_name(server) + " told otherwise than another what " +
                                          "happened at log time " + words(deed.time));
  }
  if (!fresh) return false;
  if (deed.position) position_ = *deed.position;
  time_ = std::max(time_, deed.time);
  return true;
}

// ---- The record ---------------------------------------------------------------------------------

void RecordStays::seen(const AuctionDeed& deed) {
  for (const LotEvent& event : deed.events) {
    if (!event.entry) continue;
    auto& record = records_[event.lot];
    const auction::Entry& entry = *event.entry;
    const auction::Hash before =
        record.empty() ? auction::chain_start(event.lot) : record.back().hash;
    const bool right = entry.number == record.size() + 1 && entry.position == deed.position &&
                       entry.time == deed.time &&
                       entry.hash == auction::chain_next(before, event.lot, entry) &&
                       event.status.head == entry.hash;
    if (!right) {
      throw Violation("record stays", "entry " + std::to_string(entry.number) + " of " +
                                          lot_name(event.lot) + " does not follow those before");
    }
    record.push_back(entry);
    ++entries_;
  }
}

void RecordStays::acknowledged(const auction::Receipt& receipt) const {
  if (receipt.reason != Reason::accepted || receipt.number == 0) return;
  const auto record = records_.find(receipt.lot);
  if (record != records_.end() && receipt.number <= record->second.size()) {
    const auction::Entry& entry = record->second[receipt.number - 1];
    if (entry.hash == receipt.hash && entry.position == receipt.position &&
        entry.time == receipt.time) {
      return;
    }
  }
  throw Violation("record stays", "the receipt for entry " + std::to_string(receipt.number) +
                                      " of " + lot_name(receipt.lot) + " is not in the record");
}

void RecordStays::found(std::size_t server, const auction::History& history) const {
  const std::string where = lot_name(history.lot) + " at " + server_name(server);
  std::vector<auction::Entry> kept;
  for (const auction::Entry& entry : history.entries) {
    if (entry.reason == Reason::accepted) kept.push_back(entry);
  }
  const auto known = records_.find(history.lot);
  const std::vector<auction::Entry> none;
  const auto& record = known == records_.end() ? none : known->second;
  const std::uint64_t dropped = history.first_kept - 1;
  const bool too_few = entries_ <= limits_.entries_max &&
                       kept.size() < std::min(record.size(), limits_.entries_kept);
  if (dropped + kept.size() != record.size() || too_few) {
    throw Violation("record stays", where + " has " + std::to_string(kept.size()) + " of " +
                                        std::to_string(record.size()) + " entries");
  }
  if (!std::equal(kept.begin(), kept.end(),
                  record.begin() + static_cast<std::ptrdiff_t>(dropped))) {
    throw Violation("record stays", where + " has other entries than were told");
  }
  const auction::Hash before =
      dropped == 0 ? auction::chain_start(history.lot) : record[dropped - 1].hash;
  if (history.before_kept != before) {
    throw Violation("record stays", where + " begins with another hash");
  }
  if (history.status == stories_.at(history.lot).now) return;
  throw Violation("record stays", where + " stands otherwise than was told");
}

// ---- Keys ---------------------------------------------------------------------------------------

void KeyOnce::seen(const AuctionDeed& deed) {
  if (!deed.receipt || !deed.request) return;
  struct NameOf {
    Name operator()(const auction::Open& one) const { return {{}, one.seller, one.key}; }
    Name operator()(const auction::Steer& one) const { return {one.lot, one.seller, one.key}; }
    Name operator()(const auction::Bid& one) const { return {one.lot, one.bidder, one.key}; }
    Name operator()(const auction::Commit& one) const { return {one.lot, one.bidder, one.key}; }
    Name operator()(const auction::Reveal& one) const { return {one.lot, one.bidder, one.key}; }
    Name operator()(const auction::Retract& one) const { return {one.lot, one.bidder, one.key}; }
  };
  const Name name = std::visit(NameOf{}, *deed.request);
  const std::string& key = std::get<2>(name);
  if (key.empty()) return;
  auction::Receipt receipt = *deed.receipt;
  const auto first = first_.find(name);
  const bool is_kept = first != first_.end() && first->second.time + age_max_ > deed.time;
  if (receipt.repeated) {
    receipt.repeated = false;
    if (is_kept && receipt == first->second) return;
    throw Violation("a key once", "key " + key + " of " + std::get<1>(name) +
                                      " was answered as if it had come, or otherwise than then");
  }
  if (receipt.reason == Reason::too_many_keys) return;
  if (is_kept != (receipt.reason == Reason::key_reused)) {
    throw Violation("a key once", "key " + key + " of " + std::get<1>(name) + " for " +
                                      lot_name(receipt.lot) +
                                      (is_kept ? " was carried out twice" : " was never used"));
  }
  if (!is_kept) first_[name] = receipt;
}

// ---- The sale -----------------------------------------------------------------------------------

namespace {

auction::EnglishRules english_rules_of(const LotStory& story) {
  return auction::english_rules(story.open.terms);
}

/// What a sealed auction comes to, in other words than the service's: all bids in order.
std::optional<auction::Sale> sealed_sale(const auction::Terms& terms,
                                         std::vector<auction::SealedBid> bids) {
  std::erase_if(bids, [&](const auction::SealedBid& bid) { return bid.price < terms.start; });
  std::ranges::sort(bids, [](const auction::SealedBid& a, const auction::SealedBid& b) {
    return std::tie(b.price, a.committed) < std::tie(a.price, b.committed);
  });
  const auction::Price least = terms.reserve.value_or(terms.start);
  if (bids.empty() || bids.front().price < least) return std::nullopt;
  if (terms.format == auction::Format::sealed_first) {
    return auction::Sale{bids.front().bidder, bids.front().price};
  }
  return auction::Sale{bids.front().bidder,
                       bids.size() < 2 ? least : std::max(least, bids[1].price)};
}

}  // namespace

void RuleOfTheSale::seen(const AuctionDeed& deed) {
  if (deed.request) {
    const bool accepted = is_accepted(deed);
    if (const auto* const bid = std::get_if<auction::Bid>(&*deed.request)) {
      if (deed.receipt && !deed.receipt->repeated) played(*bid, deed);
    } else if (!accepted) {
    } else if (std::holds_alternative<auction::Open>(*deed.request)) {
      const LotStory& story = stories_.at(deed.receipt->lot);
      plays_[deed.receipt->lot].board = auction::english_start(english_rules_of(story));
    } else if (const auto* const commit = std::get_if<auction::Commit>(&*deed.request)) {
      plays_.at(commit->lot).sealed[commit->bidder] = {.committed = *deed.position};
    } else if (const auto* const reveal = std::get_if<auction::Reveal>(&*deed.request)) {
      plays_.at(reveal->lot).sealed.at(reveal->bidder).revealed = reveal->price;
    } else if (const auto* const retract = std::get_if<auction::Retract>(&*deed.request)) {
      Play& play = plays_.at(retract->lot);
      play.board = auction::play_english(english_rules_of(stories_.at(retract->lot)), play.board,
                                         auction::EnglishRetraction{retract->bidder})
                       .board;
    }
  }
  for (const LotEvent& event : deed.events) {
    if (event.what == Happening::ended) ended(event);
  }
}

void RuleOfTheSale::played(const auction::Bid& bid, const AuctionDeed& deed) {
  const auction::Receipt& receipt = *deed.receipt;
  const auto story = stories_.find(bid.lot);
  if (story == stories_.end()) return;
  Play& play = plays_.at(bid.lot);
  if (story->second.open.terms.format == auction::Format::dutch) {
    return played_dutch(bid, deed, story->second);
  }
  const bool by_rule = receipt.reason == Reason::accepted || receipt.reason == Reason::too_low ||
                       receipt.reason == Reason::own_standing_bid ||
                       receipt.reason == Reason::max_not_raised;
  if (!by_rule) return;
  auction::EnglishTurn turn =
      auction::play_english(english_rules_of(story->second), play.board,
                            auction::EnglishBid{bid.bidder, bid.price, bid.max});
  if (turn.reason != receipt.reason) {
    throw Violation("the rule of the sale", "a bid on " + lot_name(bid.lot) + " was answered " +
                                                std::string(name_of(receipt.reason)) +
                                                ", which the rule says is " +
                                                std::string(name_of(turn.reason)));
  }
  play.board = std::move(turn.board);
  if (turn.sale) play.sale = std::move(turn.sale);
}

// Silences and pauses move the end of a lot, and its prices with it; its seller only the end.
void RuleOfTheSale::played_dutch(const auction::Bid& bid, const AuctionDeed& deed,
                                 const LotStory& story) {
  const auction::Receipt& receipt = *deed.receipt;
  if (receipt.reason != Reason::accepted && receipt.reason != Reason::too_low) return;
  LogTime closes_at = receipt.status.closes_at;
  for (const LotEvent& event : deed.events) {
    if (event.lot == bid.lot && event.entry) closes_at = event.status.closes_at;
  }
  const milliseconds stood_still = closes_at - story.first.closes_at - story.steered;
  const milliseconds elapsed = deed.time - story.first.opens_at - stood_still;
  const auction::DutchTurn turn = auction::play_dutch(
      auction::dutch_rules(story.open.terms), std::max(elapsed, milliseconds{0}), bid.price);
  if (turn.reason != receipt.reason ||
      (turn.reason == Reason::accepted && turn.paid != receipt.price)) {
    throw Violation("the rule of the sale",
                    "a bid of " + std::to_string(bid.price.minor) + " on " + lot_name(bid.lot) +
                        " was answered " + std::string(name_of(receipt.reason)) + " at " +
                        std::to_string(receipt.price.minor) + "; the rule says " +
                        std::string(name_of(turn.reason)) + " at " +
                        std::to_string(turn.paid.minor));
  }
  if (turn.reason == Reason::accepted)
    plays_.at(bid.lot).sale = auction::Sale{bid.bidder, turn.paid};
}

std::optional<auction::Sale> RuleOfTheSale::sale_of(LotId lot) const {
  const Play& play = plays_.at(lot);
  const LotStory& story = stories_.at(lot);
  const auction::Terms& terms = story.open.terms;
  if (terms.format == auction::Format::dutch || play.sale) return play.sale;
  if (terms.format == auction::Format::english) {
    return auction::close_english(english_rules_of(story), play.board);
  }
  std::vector<auction::SealedBid> bids;
  for (const auto& [bidder, offer] : play.sealed) {
    if (offer.revealed) bids.push_back({bidder, *offer.revealed, offer.committed});
  }
  return sealed_sale(terms, std::move(bids));
}

void RuleOfTheSale::ended(const LotEvent& event) {
  const std::optional<auction::Sale> sale = sale_of(event.lot);
  const auction::Status& status = event.status;
  if (status.state == State::cancelled && status.winner.empty() && !status.paid) return;
  if (status.state == State::unsold && !sale && status.winner.empty() && !status.paid) return;
  if (status.state == State::sold && sale && sale->winner == status.winner &&
      sale->paid == status.paid) {
    return;
  }
  throw Violation("the rule of the sale",
                  lot_name(event.lot) + " ended " + std::string(name_of(status.state)) + " to \"" +
                      status.winner + "\" for " +
                      std::to_string(status.paid.value_or(auction::Price{}).minor) +
                      "; the rule says " +
                      (sale ? sale->winner + " for " + std::to_string(sale->paid.minor)
                            : std::string("nobody")));
}

// ---- Prices -------------------------------------------------------------------------------------

void PricesRise::seen(const LotEvent& event) const {
  const auto story = stories_.find(event.lot);
  if (story == stories_.end()) return;
  if (story->second.open.terms.format != auction::Format::english) return;
  const auction::Status& before = story->second.now;
  const auction::Status& after = event.status;
  const bool retracted = event.entry && event.entry->act == auction::Act::retract;
  const bool falls =
      before.standing && !retracted && (!after.standing || *after.standing < *before.standing);
  if (!falls && after.asking >= before.asking) return;
  throw Violation("prices rise", "the price of " + lot_name(event.lot) + " fell from " +
                                     std::to_string(before.asking.minor));
}

// ---- Secrets ------------------------------------------------------------------------------------

void SealedStaySealed::committed(LotId lot, auction::Price price) {
  secrets_[lot].insert(price.minor);
}

// Prices of sealed bids are so large that seven bytes of their encoding come about by chance in no
// hash. A reader of any prefix of fields, messages in messages included, would find them.
void SealedStaySealed::seen(std::size_t server, LotId lot, BytesView told) const {
  const auto secrets = secrets_.find(lot);
  if (secrets == secrets_.end()) return;
  for (const std::uint64_t price : secrets->second) {
    Bytes encoded;
    for (std::uint64_t rest = price; rest > 0; rest >>= 7U) {
      encoded.push_back(static_cast<std::byte>((rest & 0x7fU) | (rest > 0x7fU ? 0x80U : 0U)));
    }
    const auto found = std::search(told.begin(), told.end(), encoded.begin(), encoded.end());
    if (found == told.end()) continue;
    throw Violation("sealed stay sealed", server_name(server) + " tells a price of " +
                                              lot_name(lot) + " while it takes bids");
  }
}

// ---- All of them --------------------------------------------------------------------------------

void AuctionCheckers::seen(std::size_t server, AuctionDeed deed) {
  const LogTime before = alike.newest_time();
  if (!alike.seen(server, deed)) return;
  const bool opens = is_accepted(deed) && std::holds_alternative<auction::Open>(*deed.request);
  if (opens) {
    LotStory& story = stories[deed.receipt->lot];
    story.open = std::get<auction::Open>(*deed.request);
    story.first = story.now = deed.receipt->status;
  }
  time.begins(deed, before);
  for (const LotEvent& event : deed.events) {
    const bool is_first = opens && event.lot == deed.receipt->lot;
    if (!is_first) time.seen(deed, event, before);
    if (!is_first) rise.seen(event);
    go_on(deed, event);
  }
  if (deed.receipt && !deed.receipt->repeated) {
    const auto story = stories.find(deed.receipt->lot);
    if (story != stories.end()) story->second.now = deed.receipt->status;
  }
  if (is_accepted(deed)) {
    const auto* const steer = std::get_if<auction::Steer>(&*deed.request);
    if (steer != nullptr && steer->what == auction::Steering::extend) {
      stories.at(steer->lot).steered += steer->by;
    }
  }
  time.done(deed);
  record.seen(deed);
  keys.seen(deed);
  sale.seen(deed);
}

void AuctionCheckers::go_on(const AuctionDeed& deed, const LotEvent& event) {
  LotStory& story = stories.at(event.lot);
  if (event.what == Happening::paused) story.paused_at = deed.time;
  story.now = event.status;
}

void AuctionCheckers::found(std::size_t server, const auction::History& history) const {
  record.found(server, history);
  const auction::Status& status = history.status;
  const LogTime now = alike.newest_time();
  const bool is_late = (status.state == State::scheduled && status.opens_at <= now) ||
                       (status.state == State::open && status.closes_at <= now) ||
                       (status.state == State::revealing && status.reveal_ends_at <= now);
  if (!is_late) return;
  throw Violation("on time", lot_name(history.lot) + " goes on at " + server_name(server) +
                                 " though its time is over");
}

}  // namespace muster::sim
