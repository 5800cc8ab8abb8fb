// What the demo says, as values.
#include "cli/demo_model.h"

#include <gtest/gtest.h>

#include <chrono>

namespace muster::cli::demo_model_test {
namespace {

using namespace std::chrono_literals;

TEST(DemoModelTest, NumbersAreGroupedByThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(12'345'678), "12,345,678");
}

TEST(DemoModelTest, TimesAreMinutesAndSeconds) {
  EXPECT_EQ(clock_text(0ms), "0:00");
  EXPECT_EQ(clock_text(7'999ms), "0:07");
  EXPECT_EQ(clock_text(754s), "12:34");
}

TEST(DemoModelTest, ALossIsToldWithItsTimeAndWhatBecameOfTheWrites) {
  EXPECT_EQ(loss_line("b", "killed", 14'300us, {.acknowledged = 12'345}),
            "leader b killed: next acknowledgement after 14 ms; 12,345 acknowledged, 0 lost, "
            "0 twice");
  EXPECT_EQ(loss_line("c", "paused", 1'260us, {.acknowledged = 7, .lost = 1, .twice = 2}),
            "leader c paused: next acknowledgement after 1.3 ms; 7 acknowledged, 1 lost, 2 twice");
}

TEST(DemoModelTest, OtherContentsAreToldWhereThereAreAny) {
  const DemoCounters counters{.acknowledged = 7, .different = 1};
  EXPECT_FALSE(counters.well());
  EXPECT_EQ(summary(counters), "7 acknowledged, 0 lost, 0 twice, 1 writers with other contents");
}

TEST(DemoModelTest, OnlyTheNewestLinesAreKept) {
  DemoModel model;
  for (std::size_t i = 0; i < DemoModel::lines_max + 5; ++i) {
    model.happened({.when = {}, .who = {}, .text = std::to_string(i)});
  }
  EXPECT_EQ(model.events.size(), DemoModel::lines_max);
  EXPECT_EQ(model.events.front().text, "5");
}

TEST(DemoModelTest, ClientsBeginAtDifferentServers) {
  EXPECT_EQ(turned({"a", "b", "c"}, 4), (std::vector<std::string>{"b", "c", "a"}));
  EXPECT_EQ(turned({}, 4), std::vector<std::string>{});
}

}  // namespace
}  // namespace muster::cli::demo_model_test
