// Worked cases of the ascending auction, each with its source, and what holds under any bids.
#include "auction/english.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"

namespace muster::auction::english_test {
namespace {

const Currency dollars{"USD", 2};

struct Case {
  const char* name;
  const char* source;
  const char* start;
  const char* increments;
  const char* reserve;  ///< Empty: none.
  const char* buy_now;  ///< Empty: none.
  const char* moves;    ///< Apart by spaces: NAME:PRICE, NAME:PRICE^MAX, NAME:- (a retraction).
  const char* trace;    ///< After each move WHO PRICE (who stands) or a reason; then the end.
};

constexpr const char* uniform = "1";
constexpr const char* ebay =
    "0:0.05,1:0.25,5:0.50,25:1,100:2.50,250:5,500:10,1000:25,2500:50,5000:100";

constexpr Case cases[] = {
    {"the first bid may be the start", "Trade Me, help: Placing a bid", "1", "trademe", "", "",
     "ann:1", "ann 1.00 => ann 1.00"},
    {"a first bid below the start is none", "Trade Me, help: Placing a bid", "1", "trademe", "", "",
     "ann:0.99", "TOO_LOW => unsold"},
    {"up to 20 a bid must be 0.50 higher", "Trade Me, minimum bid increments", "1", "trademe", "",
     "", "ann:5 bob:5.49 bob:5.50", "ann 5.00, TOO_LOW, bob 5.50 => bob 5.50"},
    {"from 20 on it must be 1 higher", "Trade Me, minimum bid increments", "1", "trademe", "", "",
     "ann:20 bob:20.50 bob:21", "ann 20.00, TOO_LOW, bob 21.00 => bob 21.00"},
    {"from 1,000 on it must be 10 higher", "Trade Me, minimum bid increments", "1", "trademe", "",
     "", "ann:1000 bob:1009.99 bob:1010", "ann 1000.00, TOO_LOW, bob 1010.00 => bob 1010.00"},
    {"an auto-bid that passes the reserve is placed at it", "Trade Me, help: why did it jump", "1",
     "trademe", "50", "", "ann:1^80", "ann 50.00 => ann 50.00"},
    {"an auto-bid of a bidder who leads raises nothing", "Trade Me, help: no extra bid is placed",
     "1", "trademe", "", "", "ann:1^10 ann:1^30 bob:20",
     "ann 1.00, ann 1.00, ann 21.00 => ann 21.00"},
    {"of two equal auto-bids the earlier leads at its maximum",
     "Trade Me, help: bid against itself", "1", "trademe", "", "", "ann:1^30 bob:2^30",
     "ann 1.00, ann 30.00 => ann 30.00"},
    {"below the reserve nothing is sold", "Trade Me, help: can't sell until it's met", "1",
     "trademe", "50", "", "ann:1^49", "ann 1.00 => unsold"},
    {"below 10 the increment is 0.25", "GunBroker, support question 1018", "1", "gunbroker", "", "",
     "ann:9.99 bob:10.23 bob:10.24", "ann 9.99, TOO_LOW, bob 10.24 => bob 10.24"},
    {"the current bid sets the increment, not the maximum", "GunBroker, support question 1018", "1",
     "gunbroker", "", "", "ann:9^500 bob:9.24 bob:9.25", "ann 9.00, TOO_LOW, ann 9.50 => ann 9.50"},
    {"a tie goes to the earlier bid", "GunBroker, support question 1050", "10", "gunbroker", "", "",
     "ann:100 bob:100", "ann 100.00, TOO_LOW => ann 100.00"},
    {"a tie of maxima goes to the earlier bid", "GunBroker, support question 1050", "10",
     "gunbroker", "", "", "ann:10^100 bob:11^100", "ann 10.00, ann 100.00 => ann 100.00"},
    {"up to and including 35 a bid goes up by 1", "MaxSold, support: bid increments", "1",
     "maxsold", "", "", "ann:35 bob:35.99 bob:36", "ann 35.00, TOO_LOW, bob 36.00 => bob 36.00"},
    {"from 35.01 on a bid goes up by 5", "MaxSold, support: bid increments", "1", "maxsold", "", "",
     "ann:36 bob:40 bob:41", "ann 36.00, TOO_LOW, bob 41.00 => bob 41.00"},
    {"bidders bid any amount above the least", "MaxSold, support: bid increments", "1", "maxsold",
     "", "", "ann:50 bob:77.77", "ann 50.00, bob 77.77 => bob 77.77"},
    {"a raised maximum does not outbid oneself", "MaxSold, support: increase my maximum bid", "30",
     "maxsold", "", "", "ann:30^50 ann:30^75 bob:60",
     "ann 30.00, ann 30.00, ann 65.00 => ann 65.00"},
    {"between 1 and 10 the step is a tenth", "Estonian Internet Foundation, auction centre", "5",
     "eif", "", "", "ann:5 bob:5.09 bob:5.10", "ann 5.00, TOO_LOW, bob 5.10 => bob 5.10"},
    {"from 10,000 on the step is 1,000", "Estonian Internet Foundation, auction centre", "5", "eif",
     "", "", "ann:40000 bob:40999 bob:41000",
     "ann 40000.00, TOO_LOW, bob 41000.00 => bob 41000.00"},
    {"a proxy answers with the increment of the lower bid", "eBay, help: bid increments", "1", ebay,
     "", "", "ann:1^30 bob:5", "ann 1.00, ann 5.50 => ann 5.50"},
    {"one can be outbid by less than an increment", "eBay, help: bid increments", "1", ebay, "", "",
     "ann:1^8.25 bob:2^8.30", "ann 1.00, bob 8.30 => bob 8.30"},
    {"a bid is raised by more to meet the reserve", "eBay, help: bid increments", "1", ebay, "20",
     "", "ann:1^15 bob:2^40", "ann 1.00, bob 20.00 => bob 20.00"},
    {"buying now is over with the first bid", "eBay, help: Buy It Now", "1", ebay, "", "30",
     "ann:1 bob:30", "ann 1.00, bob 30.00 => bob 30.00"},
    {"who buys now ends it and pays that price", "eBay, help: Buy It Now", "1", ebay, "", "30",
     "bob:35", "bought bob 30.00 => bought bob 30.00"},
    {"with a reserve, buying now is over when that is met", "eBay, help: Buy It Now", "1", ebay,
     "20", "30", "ann:1^10 bob:30", "ann 1.00, bought bob 30.00 => bought bob 30.00"},
    {"once the reserve is met the buy-now price is a bid", "GunBroker, support question 1073", "1",
     "gunbroker", "20", "30", "ann:1^25 bob:30", "ann 20.00, bob 30.00 => bob 30.00"},
    {"a retraction revives no earlier bid", "UCC 2-328(3)", "50", "5", "", "",
     "tom:50 larry:55 larry:-", "tom 50.00, larry 55.00, none => unsold"},
    {"who was outbid may bid again after a retraction", "UCC 2-328(3), as auctioneers read it",
     "50", "5", "", "", "tom:50 larry:55 larry:- tom:60",
     "tom 50.00, larry 55.00, none, tom 60.00 => tom 60.00"},
    {"what is asked stays after a retraction", "UCC 2-328(3); decision of this service", "50", "5",
     "", "", "tom:50 larry:55 larry:- tom:55", "tom 50.00, larry 55.00, none, TOO_LOW => unsold"},
    {"nobody retracts a bid that does not stand", "UCC 2-328(3): it is gone already", "50", "5", "",
     "", "tom:50 larry:55 tom:-", "tom 50.00, larry 55.00, NO_STANDING_BID => larry 55.00"},
    {"no hidden maximum comes back either", "UCC 2-328(3)", "10", uniform, "", "",
     "ann:10^90 bob:11^99 bob:- cat:92", "ann 10.00, bob 91.00, none, cat 92.00 => cat 92.00"},
    {"a maximum of 50 in steps of 5", "Mennonite auctions, how max bidding works", "15", "5", "",
     "", "cat:15 ann:20^50 bob:25^40", "cat 15.00, ann 20.00, ann 45.00 => ann 45.00"},
    {"a maximum of 30 against 13 and 31", "Bid416, proxy bidding", "1", uniform, "", "",
     "ann:1^30 bob:13 cat:31", "ann 1.00, ann 14.00, cat 31.00 => cat 31.00"},
    {"a maximum of 100 in steps of 10", "StorageTreasures, max bid", "30", "10", "", "",
     "cat:30 ann:40^100 bob:50", "cat 30.00, ann 40.00, ann 60.00 => ann 60.00"},
    {"a maximum equal to the reserve meets it", "EPS auctions, auto-bidding explained", "3000",
     "100", "5000", "", "ann:3000^5000 bob:5000 bob:5100",
     "ann 5000.00, TOO_LOW, bob 5100.00 => bob 5100.00"},
    {"the winner pays the second value and a step", "Vickrey 1961, of progressive auctions", "0",
     "0.01", "", "", "ann:0^10 bob:0^8 cat:0^5", "ann 0.00, ann 8.01, TOO_LOW => ann 8.01"},
    {"the order of bidding does not change who wins", "Krishna, Auction Theory, 1.1", "0", "0.01",
     "", "", "cat:0^5 bob:0^8 ann:0^10", "cat 0.00, bob 5.01, ann 8.01 => ann 8.01"},
    {"one's own earlier maximum is no second bid", "Milgrom, Putting Auction Theory to Work, ch. 2",
     "0", uniform, "", "", "ann:0^10 bob:0^12 ann:0^20",
     "ann 0.00, bob 11.00, ann 13.00 => ann 13.00"},
    {"a bid without a maximum by who stands is refused",
     "decision of this service; Trade Me places no bid either", "1", uniform, "", "",
     "ann:1^10 ann:20", "ann 1.00, OWN_STANDING_BID => ann 1.00"},
    {"a maximum is not lowered", "GunBroker, support question 1050: irrevocable", "1", uniform, "",
     "", "ann:1^10 ann:1^5 ann:1^10", "ann 1.00, MAX_NOT_RAISED, MAX_NOT_RAISED => ann 1.00"},
    {"what is asked does not fall where increments do", "decision of this service", "10",
     "0:5,11:1", "12", "", "ann:10 ann:10^20 bob:14.99 bob:15",
     "ann 10.00, ann 12.00, TOO_LOW, ann 16.00 => ann 16.00"},
    {"a raised maximum may meet the reserve", "eBay, help: bid increments", "1", uniform, "20", "",
     "ann:1^10 ann:1^30", "ann 1.00, ann 20.00 => ann 20.00"},
};
static_assert(std::size(cases) >= 25);

Price dollar(std::string_view text) {
  return parse_price(text, dollars).value();
}

EnglishMove move_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string bidder = text.substr(0, colon);
  const std::string price = text.substr(colon + 1);
  if (price == "-") return EnglishRetraction{bidder};
  const std::size_t hat = price.find('^');
  if (hat == std::string::npos) return EnglishBid{bidder, dollar(price)};
  return EnglishBid{bidder, dollar(price.substr(0, hat)), dollar(price.substr(hat + 1))};
}

std::string to_words(const EnglishBoard& board) {
  if (!board.standing) return "none";
  return board.standing->bidder + " " + to_text(board.standing->price, dollars);
}

std::string to_words(const Sale& sale) {
  return sale.winner + " " + to_text(sale.paid, dollars);
}

std::string play_all(const EnglishRules& rules, const std::string& moves) {
  std::istringstream words(moves);
  std::string trace;
  EnglishBoard board = english_start(rules);
  for (std::string word; words >> word;) {
    const EnglishTurn turn = play_english(rules, board, move_of(word));
    if (!trace.empty()) trace += ", ";
    if (turn.sale)
      return trace + "bought " + to_words(*turn.sale) + " => bought " + to_words(*turn.sale);
    trace +=
        turn.reason == Reason::accepted ? to_words(turn.board) : std::string(name_of(turn.reason));
    if (turn.reason != Reason::accepted) {
      EXPECT_EQ(turn.board, board) << word;
    }
    board = turn.board;
  }
  const auto sale = close_english(rules, board);
  return trace + " => " + (sale ? to_words(*sale) : "unsold");
}

TEST(EnglishTest, PlaysTheWorkedCases) {
  for (const Case& each : cases) {
    EnglishRules rules{.start = dollar(each.start),
                       .increments = parse_increments(each.increments, dollars).value()};
    if (*each.reserve != '\0') rules.reserve = dollar(each.reserve);
    if (*each.buy_now != '\0') rules.buy_now = dollar(each.buy_now);
    EXPECT_EQ(play_all(rules, each.moves), each.trace) << each.name << " (" << each.source << ")";
  }
}

TEST(EnglishTest, TheLargestPricesDoNotOverflow) {
  const EnglishRules rules{.start = price_max, .increments = {{Price{}, price_max}}};
  const EnglishTurn turn =
      play_english(rules, english_start(rules), EnglishBid{"ann", price_max, price_max});
  EXPECT_EQ(turn.reason, Reason::accepted);
  EXPECT_EQ(turn.board.asking.minor, 2 * price_max.minor);
  EXPECT_EQ(play_english(rules, turn.board, EnglishBid{"bob", price_max}).reason, Reason::too_low);
  EXPECT_EQ(close_english(rules, turn.board), (Sale{"ann", price_max}));
}

// ---- Under any bids -----------------------------------------------------------------------------

struct Bidding {
  EnglishRules rules;
  Random random;
  EnglishBoard board = english_start(rules);
  std::map<std::string, Price> highest{};  // Of the accepted bids, by bidder, since a retraction.
  std::size_t accepted{0};

  EnglishBid some_bid() {
    const std::string bidder(1, static_cast<char>('a' + random.below(6)));
    const Price price{random.below(2 * board.asking.minor + 20)};
    if (random.below(2) == 0) return {bidder, price};
    return {bidder, price, Price{price.minor + random.below(300)}};
  }
};

EnglishRules some_rules(Random& random) {
  EnglishRules rules{.start = {random.below(50)}, .increments = {}};
  std::uint64_t from = 0;
  for (std::uint64_t by = 1; by < 12; by += 1 + random.below(5)) {
    rules.increments.push_back({{from}, {by}});
    from += 1 + random.below(80);
  }
  if (random.below(2) == 0) rules.reserve = Price{rules.start.minor + random.below(300)};
  if (random.below(3) == 0) {
    rules.buy_now = Price{rules.reserve.value_or(rules.start).minor + 1 + random.below(300)};
  }
  return rules;
}

/// What a turn must keep, whatever the bid was.
void check_turn(const EnglishRules& rules, const EnglishBoard& before, const EnglishBid& bid,
                const EnglishTurn& turn) {
  const EnglishBoard& after = turn.board;
  ASSERT_GE(after.asking, before.asking);
  if (turn.reason != Reason::accepted || turn.sale) {
    ASSERT_EQ(after, before);
    return;
  }
  ASSERT_TRUE(after.standing);
  ASSERT_LE(after.standing->price, after.standing->max);
  ASSERT_GE(after.standing->price, rules.start);
  ASSERT_GT(after.asking, after.standing->price);
  const bool raised_own = before.standing && before.standing->bidder == bid.bidder;
  if (!raised_own) {
    ASSERT_GE(after.standing->price, before.asking);
  }
  if (!before.standing) return;
  ASSERT_GE(after.standing->price, before.standing->price);
  ASSERT_GE(after.standing->max, before.standing->max);
}

/// The highest maximum, the earliest of equal ones, at the second highest plus the increment.
Sale by_definition(const EnglishRules& rules, const std::vector<EnglishBid>& accepted) {
  const auto best = std::ranges::max_element(
      accepted, {}, [](const EnglishBid& bid) { return bid.max.value_or(bid.price); });
  std::optional<Price> second;
  for (const EnglishBid& bid : accepted) {
    if (bid.bidder != best->bidder) second = std::max(second, bid.max);
  }
  if (!second) return {best->bidder, rules.start};
  const Price above{second->minor + increment_at(rules.increments, *second).minor};
  return {best->bidder, std::min(*best->max, above)};
}

TEST(EnglishTest, UnderAnyBidsThePriceNeverFallsAndNobodyPaysMoreThanTheMaximum) {
  std::size_t sold = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    const EnglishRules rules = some_rules(random);
    Bidding bidding{.rules = rules, .random = Random(seed + 1'000)};
    for (int i = 0; i < 60; ++i) {
      const EnglishBid bid = bidding.some_bid();
      const EnglishTurn turn = play_english(rules, bidding.board, bid);
      check_turn(rules, bidding.board, bid, turn);
      if (HasFatalFailure()) FAIL() << "seed " << seed << " bid " << i;
      bidding.board = turn.board;
      if (turn.sale) break;
    }
    const auto sale = close_english(rules, bidding.board);
    if (!sale) continue;
    ++sold;
    EXPECT_EQ(sale->winner, bidding.board.standing->bidder);
    EXPECT_GE(sale->paid, rules.reserve.value_or(rules.start)) << seed;
    EXPECT_LE(sale->paid, bidding.board.standing->max) << seed;
  }
  EXPECT_GT(sold, 200U);
}

TEST(EnglishTest, ProxiesComeToTheSecondHighestMaximumWhateverTheOrder) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    EnglishRules rules = some_rules(random);
    rules.reserve.reset();
    rules.buy_now.reset();
    EnglishBoard board = english_start(rules);
    std::vector<EnglishBid> accepted;
    for (int i = 0; i < 20; ++i) {
      const std::string bidder(1, static_cast<char>('a' + random.below(5)));
      // A maximum that is raised while it stands changes no price, not even one that it held down.
      if (board.standing && board.standing->bidder == bidder) continue;
      const EnglishBid bid{bidder, Price{}, Price{random.below(600)}};
      const EnglishTurn turn = play_english(rules, board, bid);
      if (turn.reason == Reason::accepted) accepted.push_back(bid);
      board = turn.board;
    }
    if (accepted.empty()) continue;
    EXPECT_EQ(to_words(close_english(rules, board).value()),
              to_words(by_definition(rules, accepted)))
        << "seed " << seed;
  }
}

TEST(EnglishTest, AfterARetractionNobodyStandsAndWhatIsAskedStays) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const EnglishRules rules = some_rules(random);
    Bidding bidding{.rules = rules, .random = Random(seed)};
    for (int i = 0; i < 20; ++i) {
      const EnglishTurn turn = play_english(rules, bidding.board, bidding.some_bid());
      if (!turn.sale) bidding.board = turn.board;
    }
    if (!bidding.board.standing) continue;
    const EnglishTurn turn =
        play_english(rules, bidding.board, EnglishRetraction{bidding.board.standing->bidder});
    EnglishBoard expected = bidding.board;
    expected.standing.reset();
    EXPECT_EQ(turn.board, expected);
    EXPECT_EQ(close_english(rules, turn.board), std::nullopt);
  }
}

}  // namespace
}  // namespace muster::auction::english_test
