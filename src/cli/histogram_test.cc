#include "cli/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace muster::cli::histogram_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

TEST(HistogramTest, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(0.5), 0ns);
  EXPECT_EQ(histogram.percentile(1), 0ns);
}

TEST(HistogramTest, CountsSmallValuesExactly) {
  Histogram histogram;
  for (int value = 1; value <= 100; ++value) histogram.record(nanoseconds(value));
  EXPECT_EQ(histogram.percentile(0.5), 50ns);
  EXPECT_EQ(histogram.percentile(0.99), 99ns);
  EXPECT_EQ(histogram.percentile(0), 1ns);
  EXPECT_EQ(histogram.percentile(1), 100ns);
}

TEST(HistogramTest, PercentilesAreWithinOnePercentForAnyValues) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 2'000; ++i) {
      values.push_back(static_cast<std::int64_t>(random.next() >> (23 + random.below(38))));
      histogram.record(nanoseconds(values.back()));
    }
    std::ranges::sort(values);
    for (const std::size_t rank : {1U, 1'000U, 1'980U, 1'998U, 2'000U}) {
      const auto exact = static_cast<double>(values[rank - 1]);
      const double share = static_cast<double>(rank) / 2'000;
      const auto told = static_cast<double>(histogram.percentile(share).count());
      EXPECT_GE(told, exact);
      EXPECT_LE(told, exact * 1.01);
    }
  }
}

TEST(HistogramTest, TheGreatestValueIsExactAndTooLongOnesCountAsTheLongest) {
  Histogram histogram;
  histogram.record(1s);
  histogram.record(48h);
  histogram.record(-1ns);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.greatest(), nanoseconds(48h));
  EXPECT_EQ(histogram.percentile(0.1), 0ns);
  EXPECT_GT(histogram.percentile(1), 1h);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
}

TEST(HistogramTest, OneAddedToAnotherCountsAsIfAllHadBeenRecordedThere) {
  Histogram histogram;
  Histogram other;
  for (int i = 1; i <= 90; ++i) histogram.record(1us);
  for (int i = 1; i <= 10; ++i) other.record(1ms);
  histogram.add(other);
  EXPECT_EQ(histogram.count(), 100U);
  EXPECT_EQ(histogram.greatest(), 1ms);
  EXPECT_LE(histogram.percentile(0.9), 1'010ns);
  EXPECT_EQ(histogram.percentile(0.91), 1ms);
}

}  // namespace
}  // namespace muster::cli::histogram_test
