#include "cli/payloads.h"

#include <gtest/gtest.h>

#include <set>

namespace muster::cli::payloads_test {
namespace {

TEST(PayloadsTest, HaveTheSizeAskedForAndAreAllDifferent) {
  for (const std::size_t size : {4U, 8U, 128U, 20'000U}) {
    Payloads payloads(size, 1);
    std::set<Bytes> seen;
    for (int i = 0; i < 500; ++i) {
      const SharedBytes payload = payloads.next();
      ASSERT_EQ(payload.size(), size);
      seen.emplace(payload.view().begin(), payload.view().end());
    }
    EXPECT_EQ(seen.size(), 500U);
  }
}

TEST(PayloadsTest, MayBeEmpty) {
  Payloads payloads(0, 1);
  EXPECT_TRUE(payloads.next().empty());
  EXPECT_TRUE(payloads.next().empty());
}

}  // namespace
}  // namespace muster::cli::payloads_test
