// Worked cases of sealed auctions, each with its source, for both prices, and what holds under any
// bids.
#include "auction/sealed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"

namespace muster::auction::sealed_test {
namespace {

struct Case {
  const char* name;
  const char* source;
  std::uint64_t start;
  std::uint64_t reserve;  ///< 0: none.
  const char* bids;       ///< In the order of their commitments.
  const char* first_price;
  const char* second_price;
};

constexpr const char* issue = "the textbook example of 10, 8 and 5";
constexpr const char* vickrey = "Vickrey 1961";
constexpr const char* first = "Krishna, Auction Theory, 1.1";
constexpr const char* second = "Krishna, Auction Theory, 2.2";
constexpr const char* reserves = "Krishna, Auction Theory, 2.5; Myerson 1981";
constexpr const char* milgrom = "Milgrom, Putting Auction Theory to Work, ch. 2";
constexpr const char* eif =
    "Estonian Internet Foundation, blind auctions: of two equal the earlier";

constexpr Case cases[] = {
    {"the highest of three", issue, 0, 0, "ann:10 bob:8 cat:5", "ann 10", "ann 8"},
    {"a reserve between the two highest", reserves, 0, 9, "ann:10 bob:8 cat:5", "ann 10", "ann 9"},
    {"a reserve above all", reserves, 0, 11, "ann:10 bob:8 cat:5", "none", "none"},
    {"a tie goes to the earlier", eif, 0, 0, "ann:10 bob:10", "ann 10", "ann 10"},
    {"a tie with the order turned", eif, 0, 0, "bob:10 ann:10", "bob 10", "bob 10"},
    {"a tie of three", eif, 0, 0, "cat:7 ann:7 bob:7", "cat 7", "cat 7"},
    {"a tie below the highest", second, 0, 0, "ann:9 bob:10 cat:9", "bob 10", "bob 9"},
    {"nobody bids", first, 0, 0, "", "none", "none"},
    {"one bids", vickrey, 0, 0, "ann:10", "ann 10", "ann 0"},
    {"one bids, with a start", vickrey, 3, 0, "ann:10", "ann 10", "ann 3"},
    {"one bids, with a reserve", reserves, 3, 6, "ann:10", "ann 10", "ann 6"},
    {"one bids exactly the reserve", reserves, 3, 10, "ann:10", "ann 10", "ann 10"},
    {"one bids exactly the start", first, 10, 0, "ann:10", "ann 10", "ann 10"},
    {"one bids below the start", first, 11, 0, "ann:10", "none", "none"},
    {"bids below the start set no price", reserves, 6, 0, "ann:10 bob:5", "ann 10", "ann 6"},
    {"a bid below the reserve sets no price", reserves, 0, 7, "ann:10 bob:6", "ann 10", "ann 7"},
    {"a bid at the reserve does", reserves, 0, 8, "ann:10 bob:8", "ann 10", "ann 8"},
    {"all are below the reserve", reserves, 0, 100, "ann:10 bob:8 cat:99", "none", "none"},
    {"the highest comes last", second, 0, 0, "cat:5 bob:8 ann:10", "ann 10", "ann 8"},
    {"the second comes last", second, 0, 0, "cat:5 ann:10 bob:8", "ann 10", "ann 8"},
    {"the highest comes in the middle", second, 0, 0, "bob:8 ann:10 cat:5", "ann 10", "ann 8"},
    {"to bid more changes not what is paid", vickrey, 0, 0, "ann:1000 bob:8", "ann 1000", "ann 8"},
    {"to bid less may lose it", vickrey, 0, 0, "ann:7 bob:8", "bob 8", "bob 7"},
    {"two close bids", milgrom, 0, 0, "ann:100 bob:99", "ann 100", "ann 99"},
    {"a bid of nothing may win", first, 0, 0, "ann:0", "ann 0", "ann 0"},
    {"of two bids of nothing the earlier", eif, 0, 0, "ann:0 bob:0", "ann 0", "ann 0"},
    {"shaded bids of three", "Krishna, 2.3: two thirds of 90, 60 and 30", 0, 0,
     "ann:60 bob:40 cat:20", "ann 60", "ann 40"},
    {"the largest amount", milgrom, 0, 0, "ann:1000000000000000 bob:999999999999999",
     "ann 1000000000000000", "ann 999999999999999"},
};
static_assert(std::size(cases) >= 25);

std::vector<SealedBid> bids_of(const std::string& text) {
  std::istringstream words(text);
  std::vector<SealedBid> bids;
  for (std::string word; words >> word;) {
    const std::size_t colon = word.find(':');
    bids.push_back({word.substr(0, colon), Price{std::stoull(word.substr(colon + 1))},
                    Position{.index = {bids.size() + 1}}});
  }
  return bids;
}

std::string to_words(const std::optional<Sale>& sale) {
  return sale ? sale->winner + " " + std::to_string(sale->paid.minor) : "none";
}

SealedRules rules_of(Format format, const Case& each) {
  SealedRules rules{.format = format, .start = {each.start}};
  if (each.reserve != 0) rules.reserve = Price{each.reserve};
  return rules;
}

TEST(SealedTest, SettlesTheWorkedCasesAtTheFirstPrice) {
  for (const Case& each : cases) {
    const SealedRules rules = rules_of(Format::sealed_first, each);
    EXPECT_EQ(to_words(settle_sealed(rules, bids_of(each.bids))), each.first_price)
        << each.name << " (" << each.source << ")";
  }
}

TEST(SealedTest, SettlesTheWorkedCasesAtTheSecondPrice) {
  for (const Case& each : cases) {
    const SealedRules rules = rules_of(Format::vickrey, each);
    EXPECT_EQ(to_words(settle_sealed(rules, bids_of(each.bids))), each.second_price)
        << each.name << " (" << each.source << ")";
  }
}

struct Draw {
  SealedRules rules;
  std::vector<SealedBid> bids{};
};

Draw draw(Random& random) {
  Draw drawn{.rules = {.format = random.below(2) == 0 ? Format::vickrey : Format::sealed_first,
                       .start = {random.below(20)}}};
  if (random.below(2) == 0) {
    drawn.rules.reserve = Price{drawn.rules.start.minor + random.below(20)};
  }
  const std::uint64_t count = random.below(8);
  for (std::uint64_t i = 0; i < count; ++i) {
    drawn.bids.push_back({"bidder" + std::to_string(i), {random.below(50)}, {.index = {i + 1}}});
  }
  return drawn;
}

TEST(SealedTest, UnderAnyBidsTheSortedListSaysWhoWinsAndWhatIsPaid) {
  std::size_t sold = 0;
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    Random random(seed);
    const Draw drawn = draw(random);
    std::vector<SealedBid> sorted = drawn.bids;
    std::ranges::stable_sort(sorted, std::ranges::greater{}, &SealedBid::price);
    const Price least = drawn.rules.reserve.value_or(drawn.rules.start);
    std::optional<Sale> expected;
    if (!sorted.empty() && sorted[0].price >= least) {
      const Price other = sorted.size() > 1 ? sorted[1].price : Price{};
      const bool pays_second = drawn.rules.format == Format::vickrey;
      expected = Sale{sorted[0].bidder, pays_second ? std::max(other, least) : sorted[0].price};
      ++sold;
    }
    EXPECT_EQ(settle_sealed(drawn.rules, drawn.bids), expected) << "seed " << seed;
  }
  EXPECT_GT(sold, 1'000U);
}

TEST(SealedTest, TheOrderInWhichBidsAreRevealedChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    Draw drawn = draw(random);
    const auto sale = settle_sealed(drawn.rules, drawn.bids);
    for (std::size_t i = drawn.bids.size(); i > 1; --i) {
      std::swap(drawn.bids[i - 1], drawn.bids[random.below(i)]);
    }
    EXPECT_EQ(settle_sealed(drawn.rules, drawn.bids), sale) << "seed " << seed;
  }
}

TEST(SealedTest, AVickreyBidderNeverGainsByBiddingAnythingButTheValue) {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    Random random(seed);
    Draw drawn = draw(random);
    drawn.rules.format = Format::vickrey;
    drawn.bids.push_back({"me", {random.below(50)}, {.index = {100}}});
    const Price value = drawn.bids.back().price;
    const auto gain = [&](Price bid) -> std::int64_t {
      drawn.bids.back().price = bid;
      const auto sale = settle_sealed(drawn.rules, drawn.bids);
      if (!sale || sale->winner != "me") return 0;
      return static_cast<std::int64_t>(value.minor) - static_cast<std::int64_t>(sale->paid.minor);
    };
    const std::int64_t honest = gain(value);
    EXPECT_GE(honest, 0);
    EXPECT_GE(honest, gain(Price{random.below(60)})) << "seed " << seed;
  }
}

}  // namespace
}  // namespace muster::auction::sealed_test
