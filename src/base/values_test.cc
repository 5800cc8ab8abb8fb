// Errors, ids, randomness and bounded queues.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "base/bounded_queue.h"
#include "base/random.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(ErrorTest, HasANameForEachCodeAndEachCodeAName) {
  std::set<std::string_view> names;
  for (std::uint8_t value = 1; value <= 12; ++value) {
    const std::optional<ErrorCode> code = error_code_from(value);
    ASSERT_TRUE(code.has_value());
    EXPECT_EQ(static_cast<std::uint8_t>(*code), value);
    names.insert(name_of(*code));
  }
  EXPECT_EQ(names.size(), 12U);
  EXPECT_EQ(name_of(ErrorCode::deadline_exceeded), "DEADLINE_EXCEEDED");
}

TEST(ErrorTest, KnowsNoCodeAndNoOutcomeOutsideTheRange) {
  EXPECT_EQ(error_code_from(0), std::nullopt);
  EXPECT_EQ(error_code_from(13), std::nullopt);
  EXPECT_EQ(outcome_from(0), std::nullopt);
  EXPECT_EQ(outcome_from(3), Outcome::perhaps_applied);
  EXPECT_EQ(outcome_from(4), std::nullopt);
}

TEST(ErrorTest, IsThrownWithItsMessageByValue) {
  const Result<int> failed = Error{ErrorCode::not_found, "no such room"};
  try {
    static_cast<void>(failed.value());
    FAIL() << "value() of a failed result returned";
  } catch (const ErrorException& exception) {
    EXPECT_EQ(exception.error(), failed.error());
    EXPECT_STREQ(exception.what(), "no such room");
  }
}

TEST(IdsTest, OrderPositionsByIndexThenOrdinal) {
  EXPECT_LT((Position{LogIndex{1}, 9}), (Position{LogIndex{2}, 0}));
  EXPECT_LT((Position{LogIndex{2}, 0}), (Position{LogIndex{2}, 1}));
  EXPECT_EQ(LogIndex{5} + 2 - 3, LogIndex{4});
}

TEST(UuidTest, RefusesTextThatIsNone) {
  for (const char* text :
       {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
        "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"}) {
    EXPECT_EQ(Uuid::parse(text), std::nullopt) << text;
  }
}

TEST(UuidTest, OrdersByTheTimeOfMaking) {
  const Uuid earlier = Uuid::make_v7(1'000ms, ~0ULL, ~0ULL);
  const Uuid later = Uuid::make_v7(1'001ms, 0, 0);
  EXPECT_LT(earlier, later);
  EXPECT_EQ(earlier.bytes[6] >> 4, 7);
  EXPECT_EQ(later.bytes[8] >> 6, 2);
}

TEST(RandomTest, GivesTheSameNumbersForTheSameSeed) {
  // The standard fixes the 10,000th number of mt19937_64 with its default seed, 5489.
  Random random(5489);
  for (int i = 1; i < 10'000; ++i) static_cast<void>(random.next());
  EXPECT_EQ(random.next(), 9'981'545'732'273'789'042ULL);
}

TEST(RandomTest, StaysWithinItsBounds) {
  Random random(1);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.below(3));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2}));
  for (int i = 0; i < 1'000; ++i) {
    const Duration duration = random.between(3us, 5us);
    ASSERT_TRUE(duration >= 3us && duration <= 5us);
  }
  EXPECT_FALSE(random.chance(0));
  EXPECT_TRUE(random.chance(1));
}

TEST(LogTimeTest, CountsMilliseconds) {
  EXPECT_EQ(LogTime{1'000} + 5s, LogTime{6'000});
  EXPECT_EQ(LogTime{6'000} - LogTime{1'000}, 5s);
}

TEST(BoundedQueueTest, RefusesAtEitherLimitAndStaysAsItWas) {
  BoundedQueue<int> queue({.items_max = 2, .bytes_max = 10});
  EXPECT_TRUE(queue.push(1, 10));
  EXPECT_FALSE(queue.push(2, 1));
  EXPECT_TRUE(queue.push(3, 0));
  EXPECT_FALSE(queue.push(4, 0));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_TRUE(queue.push(5, 10));
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_EQ(queue.pop(), 5);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace muster
