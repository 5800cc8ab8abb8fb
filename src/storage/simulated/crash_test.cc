// Ten thousand crashes: what was reported durable is there, in order, and nothing else is; and
// every single sync in the store is needed for that.
#include <gtest/gtest.h>

#include <cstdlib>

#include "storage/simulated/history_test_support.h"

namespace muster::storage {
namespace {

using testing::History;

struct Outcome {
  std::uint64_t crashes{};
  std::uint64_t torn{};
  std::optional<std::string> wrong;
};

/// One server's life: work, and `crashes` losses of power or ends of the process, at any call.
Outcome live(std::uint64_t seed, std::uint64_t crashes, std::optional<SyncSite> ignored) {
  Random random(seed);
  SimulatedFiles files(random.next(), {.ignore_sync = ignored});
  History history(files, random.next());
  Outcome outcome;
  while (outcome.crashes < crashes) {
    // Now and then the opening itself is interrupted.
    const bool fails = random.chance(0.1);
    if (fails) files.fail_after(random.below(30));
    history.expect_failure(fails);
    if (auto wrong = history.open()) {
      outcome.wrong = "crash " + std::to_string(outcome.crashes) + ": " + *wrong;
      return outcome;
    }
    if (history.is_open() && !history.recovered().warnings.empty()) ++outcome.torn;
    if (!fails && random.chance(0.7)) files.fail_after(random.below(100));
    if (!fails && random.chance(0.05)) files.fail_next_sync(SyncSite::append);
    for (std::uint64_t steps = random.below(30); history.is_open() && steps > 0; --steps) {
      if (!history.step()) break;
    }
    history.close();
    if (random.chance(0.8) || history.fence_is_open()) {
      files.crash();
    } else {
      files.recover();
    }
    ++outcome.crashes;
  }
  return outcome;
}

std::uint64_t count_from_environment(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

TEST(CrashTest, TenThousandCrashesLoseNothingThatWasAcknowledged) {
  const std::uint64_t wanted = count_from_environment("MUSTER_CRASHES", 10'000);
  const std::uint64_t first = count_from_environment("MUSTER_SEED", 1);
  std::uint64_t crashes = 0;
  std::uint64_t torn = 0;
  for (std::uint64_t seed = first; crashes < wanted; ++seed) {
    const Outcome outcome = live(seed, 25, std::nullopt);
    ASSERT_EQ(outcome.wrong.value_or(""), "") << "replay with MUSTER_SEED=" << seed;
    crashes += outcome.crashes;
    torn += outcome.torn;
  }
  EXPECT_GT(torn, crashes / 100);  // The crashes do reach the interesting cases.
}

class SyncSiteTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(SyncSiteTest, WithoutThisSyncTheCrashesFindALoss) {
  const auto site = static_cast<SyncSite>(GetParam());
  std::uint64_t seed = 1;
  while (seed <= 400 && !live(seed, 25, site).wrong) ++seed;
  ASSERT_LE(seed, 400U) << "nothing was lost without " << name_of(site);
  EXPECT_EQ(live(seed, 25, std::nullopt).wrong.value_or(""), "");  // It is the sync that matters.
}

INSTANTIATE_TEST_SUITE_P(EverySite, SyncSiteTest, ::testing::Range(std::size_t{0}, sync_site_count),
                         [](const auto& site) {
                           return std::string(name_of(static_cast<SyncSite>(site.param)));
                         });

}  // namespace
}  // namespace muster::storage
