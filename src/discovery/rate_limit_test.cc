// Token buckets: what passes, what waits, and how large the table becomes.
#include "discovery/rate_limit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace muster::discovery::rate_limit_test {
namespace {

using namespace std::chrono_literals;

const Instant start{1h};

int allowed(RateLimit& limit, const std::string& source, int asked, Instant now) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += limit.allow(source, now) ? 1 : 0;
  return count;
}

TEST(RateLimitTest, AllowsABurstOfOneSourceAndThenAsManyAsTimeBrings) {
  RateLimit limit({.all = {.count = 100}, .one = {.count = 4}});
  EXPECT_EQ(allowed(limit, "a", 10, start), 4);
  EXPECT_EQ(allowed(limit, "a", 10, start + 249ms), 0);
  EXPECT_EQ(allowed(limit, "a", 10, start + 250ms), 1);
  EXPECT_EQ(allowed(limit, "a", 10, start + 760ms), 2);
  EXPECT_EQ(allowed(limit, "a", 10, start + 1'000ms), 1) << "the 10 ms from before count";
  EXPECT_EQ(allowed(limit, "a", 10, start + 1h), 4);
}

TEST(RateLimitTest, OneSourceDoesNotUseUpWhatIsForOthers) {
  RateLimit limit({.all = {.count = 6}, .one = {.count = 4}});
  EXPECT_EQ(allowed(limit, "a", 100, start), 4);
  EXPECT_EQ(allowed(limit, "b", 100, start), 2) << "all together have had 6";
  EXPECT_EQ(allowed(limit, "c", 100, start), 0);
}

TEST(RateLimitTest, RemembersNoMoreSourcesThanItMay) {
  RateLimit limit({.all = {.count = 100}, .one = {.count = 1}, .sources_max = 3});
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(allowed(limit, std::to_string(i), 2, start + i * 1ms), 1);
  }
  EXPECT_EQ(limit.sources(), 3);
  EXPECT_EQ(allowed(limit, "1", 1, start + 4ms), 0) << "the oldest made room, not this one";
  EXPECT_EQ(allowed(limit, "0", 1, start + 4ms), 1);
  EXPECT_EQ(limit.sources(), 3);
}

TEST(RateLimitTest, AFloodFromNewSourcesDoesNotTurnOverTheTable) {
  RateLimit limit({.all = {.count = 2}, .one = {.count = 1}, .sources_max = 2});
  EXPECT_EQ(allowed(limit, "a", 1, start), 1);
  EXPECT_EQ(allowed(limit, "b", 1, start), 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(allowed(limit, std::to_string(i), 1, start), 0);
  EXPECT_EQ(allowed(limit, "a", 1, start + 500ms), 0) << "still known";
}

}  // namespace
}  // namespace muster::discovery::rate_limit_test
