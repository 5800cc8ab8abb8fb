// Worked cases of the descending auction, each with its source, and what holds at any time.
#include "auction/dutch.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace muster::auction::dutch_test {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

const Currency euros{"EUR", 2};

struct Clock {
  const char* start;
  const char* floor;
  const char* step;
  milliseconds every;
};
constexpr Clock flowers{"100", "20", "10", 10s};           // 100, 90, … 20: nine prices.
constexpr Clock uneven{"10", "1", "4", 1s};                // 10, 6, 2, 1.
constexpr Clock flat{"5", "5", "1", 1s};                   // 5.
constexpr Clock free_in_the_end{"1", "0", "0.50", 100ms};  // 1.00, 0.50, 0.00.

struct Case {
  const char* name;
  const char* source;
  Clock clock;
  milliseconds elapsed;
  const char* bid;
  const char* outcome;  ///< What is paid, or the reason.
};

constexpr const char* krishna = "Krishna, Auction Theory, 1.1: the first to indicate interest";
constexpr const char* vickrey = "Vickrey 1961, of the Dutch auction";
constexpr const char* flower_clock = "the clock of flower markets (Royal FloraHolland)";
constexpr const char* brief = "terms: --floor, --step, --every";

constexpr Case cases[] = {
    {"the start is the first price", brief, flowers, 0ms, "100", "100.00"},
    {"below the start is too low at first", brief, flowers, 0ms, "99.99", "TOO_LOW"},
    {"a higher bid pays the price of the moment", krishna, flowers, 0ms, "150", "100.00"},
    {"the price stands for its whole turn", flower_clock, flowers, 9'999ms, "99", "TOO_LOW"},
    {"the last moment of a turn is its price", flower_clock, flowers, 9'999ms, "100", "100.00"},
    {"it falls exactly when its turn is over", brief, flowers, 10s, "90", "90.00"},
    {"just below the new price is too low", brief, flowers, 10s, "89.99", "TOO_LOW"},
    {"who is willing to pay 75 waits for 70", krishna, flowers, 25s, "75", "TOO_LOW"},
    {"and takes it there", krishna, flowers, 30s, "75", "70.00"},
    {"who shades to 60 pays 60", vickrey, flowers, 40s, "60", "60.00"},
    {"one moment earlier it is 70", vickrey, flowers, 39'999ms, "60", "TOO_LOW"},
    {"the highest value wins at its own price", vickrey, flowers, 20s, "80", "80.00"},
    {"the second one would have come too late", vickrey, flowers, 20s, "79.99", "TOO_LOW"},
    {"the last fall is to the floor", brief, flowers, 80s, "20", "20.00"},
    {"before it the price is 30", brief, flowers, 79'999ms, "29.99", "TOO_LOW"},
    {"below the floor is too low for ever", brief, flowers, 1h, "19.99", "TOO_LOW"},
    {"the floor stands while nobody takes it", brief, flowers, 1h, "20", "20.00"},
    {"at the floor a higher bid pays the floor", krishna, flowers, 1h, "1000", "20.00"},
    {"a fall that would pass the floor ends there", brief, uneven, 3s, "1", "1.00"},
    {"before it the price is 2", brief, uneven, 2'999ms, "1.99", "TOO_LOW"},
    {"the second fall is 4 as well", brief, uneven, 2s, "2", "2.00"},
    {"a price that can't fall stays", brief, flat, 5s, "5", "5.00"},
    {"and less than it is too low", brief, flat, 5s, "4.99", "TOO_LOW"},
    {"the floor may be nothing", brief, free_in_the_end, 200ms, "0", "0.00"},
    {"nothing is too low before that", brief, free_in_the_end, 199ms, "0", "TOO_LOW"},
    {"a half is the price in between", brief, free_in_the_end, 100ms, "0.50", "0.50"},
    {"a bid of nothing is too low at the start", brief, flowers, 0ms, "0", "TOO_LOW"},
};
static_assert(std::size(cases) >= 25);

Price euro(std::string_view text) {
  return parse_price(text, euros).value();
}

DutchRules rules_of(const Clock& clock) {
  return {euro(clock.start), euro(clock.floor), euro(clock.step), clock.every};
}

TEST(DutchTest, PlaysTheWorkedCases) {
  for (const Case& each : cases) {
    const DutchTurn turn = play_dutch(rules_of(each.clock), each.elapsed, euro(each.bid));
    const std::string outcome = turn.reason == Reason::accepted ? to_text(turn.paid, euros)
                                                                : std::string(name_of(turn.reason));
    EXPECT_EQ(outcome, each.outcome) << each.name << " (" << each.source << ")";
  }
}

TEST(DutchTest, TheFloorHasATurnLikeEveryPrice) {
  EXPECT_EQ(dutch_length(rules_of(flowers), 1h), 90s);
  EXPECT_EQ(dutch_length(rules_of(uneven), 1h), 4s);
  EXPECT_EQ(dutch_length(rules_of(flat), 1h), 1s);
  EXPECT_EQ(dutch_length(rules_of(flowers), 90s), 90s);
  EXPECT_EQ(dutch_length(rules_of(flowers), 89'999ms), std::nullopt);
  EXPECT_EQ(dutch_length({price_max, Price{}, Price{1}, 1ms}, 366 * 24h), std::nullopt);
}

TEST(DutchTest, AtAnyTimeThePriceIsBetweenFloorAndStartAndNeverRises) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const Price floor{random.below(500)};
    const DutchRules rules{.start = {floor.minor + random.below(1'000)},
                           .floor = floor,
                           .step = {1 + random.below(90)},
                           .every = milliseconds{1 + random.below(50)}};
    const auto length = dutch_length(rules, 1h);
    ASSERT_TRUE(length);
    DutchPrice before = dutch_price(rules, 0ms);
    EXPECT_EQ(before.price, rules.start);
    for (milliseconds at{1}; at <= *length; ++at) {
      const DutchPrice now = dutch_price(rules, at);
      ASSERT_LE(now.price, before.price);
      ASSERT_GE(now.price, rules.floor);
      // It falls when it said it would, and at no other time.
      ASSERT_EQ(now.price < before.price, before.falls_after == at) << seed;
      ASSERT_EQ(play_dutch(rules, at, now.price).paid, now.price);
      before = now;
    }
    EXPECT_EQ(before, (DutchPrice{.price = rules.floor}));
  }
}

}  // namespace
}  // namespace muster::auction::dutch_test
