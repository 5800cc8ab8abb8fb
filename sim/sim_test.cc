// Unit tests of the simulator's own parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/clock.h"
#include "sim/core.h"
#include "sim/event_queue.h"
#include "sim/options.h"
#include "sim/violation.h"
#include "sim/world.h"

namespace muster::sim {
namespace {

using namespace std::chrono_literals;

TEST(EventQueueTest, RunsByTimeAndThenInTheOrderOfScheduling) {
  EventQueue events;
  std::string order;
  events.after(2ms, [&] { order += 'c'; });
  events.after(1ms, [&] { order += 'a'; });
  events.after(1ms, [&] { order += 'b'; });
  while (events.run_next(Instant{1ms})) {
  }
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(events.now(), Instant{1ms});
  EXPECT_TRUE(events.run_next(Instant{2ms}));
  EXPECT_EQ(order, "abc");
}

TEST(MachineClockTest, TellsWhenItWillShowATime) {
  const MachineClock clock({.started = 5s, .parts_per_million = 300});
  const Instant local = clock.monotonic(Instant{10s});
  EXPECT_EQ(local, Instant{15s + 3ms});
  EXPECT_GE(clock.monotonic(clock.world(local)), local);
}

TEST(WorldTest, TheSameSeedGivesTheSameDigest) {
  const Scenario scenario = draw({.seed = 7, .profile = "mix", .servers = 3, .length = 4s});
  const Summary once = World(scenario, false).run();
  const Summary again = World(scenario, false).run();
  EXPECT_EQ(once.digest, again.digest);
  EXPECT_EQ(once.steps, again.steps);
}

TEST(WorldTest, AServerWhoseStateIsNotThatOfTheOthersStops) {
  Scenario scenario = draw({.seed = 7, .profile = "calm", .servers = 3, .length = 8s});
  scenario.limits.log_bytes_between_snapshots = 16 * 1'024;
  EXPECT_NO_THROW(World(scenario, false).run());
  scenario.flipped = 1;
  try {
    World(scenario, false).run();
    ADD_FAILURE() << "nobody noticed";
  } catch (const Violation& violation) {
    EXPECT_THAT(violation.what(), testing::HasSubstr("the state up to index"));
    EXPECT_THAT(violation.what(), testing::HasSubstr("s1 have one, "));
  }
}

TEST(CoreWorldTest, TheSameSeedGivesTheSameDigest) {
  const Request request{.seed = 7, .profile = "core", .servers = 5, .length = 2s};
  const Summary once = CoreWorld(request, false).run();
  const Summary again = CoreWorld(request, false).run();
  EXPECT_EQ(once.digest, again.digest);
  EXPECT_EQ(once.steps, again.steps);
  EXPECT_NE(once.digest, CoreWorld({.seed = 8, .length = 2s}, false).run().digest);
}

TEST(CommandLineTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_command_line({"--seeds", "3..9"})->last_seed, 9U);
  EXPECT_EQ(parse_command_line({"--seeds", "9..3"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(parse_command_line({"--profile", "sunny"}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::sim
