// Random schedules of a group in memory, judged by the properties of Raft. `muster-sim --profile
// core` runs the same schedules for as long as one likes.
#include <gtest/gtest.h>

#include "base/testing/rounds.h"
#include "raft/testing/random_life.h"

namespace muster::raft::property_test {
namespace {

using testing::Broken;
using testing::RandomLife;

TEST(RaftPropertyTest, RandomSchedulesKeepThePropertiesOfRaftAndEndLive) {
  std::size_t applied = 0;
  for (std::uint64_t seed = 1; seed <= rounds(600); ++seed) {
    RandomLife life({.seed = seed});
    try {
      while (life.steps() < 5'000) life.step();
      life.recover();
    } catch (const Broken& broken) {
      FAIL() << "seed " << seed << ", step " << life.steps() << ": " << broken.property() << ": "
             << broken.what();
    }
    applied += life.applied_count();
  }
  RecordProperty("applied", static_cast<int>(applied));
  EXPECT_GT(applied, rounds(20'000));  // The schedules do get somewhere.
}

}  // namespace
}  // namespace muster::raft::property_test
