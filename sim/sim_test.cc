// Unit tests of the simulator's own parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/clock.h"
#include "sim/core.h"
#include "sim/event_queue.h"
#include "sim/network.h"
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

TEST(MachineClockTest, DriftsFromThatMomentOnAndNeverBack) {
  MachineClock clock({.started = 5s, .parts_per_million = 0});
  clock.drift(Instant{10s}, 50'000);
  EXPECT_EQ(clock.monotonic(Instant{10s}), Instant{15s});
  EXPECT_EQ(clock.monotonic(Instant{20s}), Instant{25s + 500ms});
  EXPECT_EQ(clock.world(Instant{25s + 500ms}), Instant{20s});
  clock.repair(Instant{20s});
  EXPECT_EQ(clock.monotonic(Instant{30s}), Instant{35s + 500ms});
}

TEST(MachineClockTest, JumpsOnTheWallAloneAndNotToBefore1970) {
  MachineClock clock({.wall_milliseconds = 1'000'000});
  clock.jump_wall(Instant{2s}, 60'000);
  EXPECT_EQ(clock.now(Instant{2s}).wall.milliseconds, 1'062'000);
  EXPECT_EQ(clock.now(Instant{2s}).monotonic, Instant{2s});
  clock.jump_wall(Instant{2s}, -5'000'000);
  EXPECT_EQ(clock.now(Instant{2s}).wall.milliseconds, 0);
  clock.repair(Instant{3s});
  EXPECT_EQ(clock.now(Instant{3s}).wall.milliseconds, 1'003'000);
}

/// Takes down what comes, in words.
class Ears final : public Process {
 public:
  explicit Ears(const EventQueue& events) : events_(events) {}
  void opened(EndId end, bool, bool, const std::string&) override { ends.push_back(end); }
  void dial_failed(EndId, const std::string&, bool) override {}
  void received(EndId, const wire::Frame& frame) override {
    const auto now = events_.now().time_since_epoch();
    heard.push_back(std::to_string(frame.body.size()) + " at " +
                    std::to_string(std::chrono::floor<std::chrono::seconds>(now).count()));
  }
  void closed(EndId, const std::string&) override {}

  std::vector<EndId> ends;
  std::vector<std::string> heard;

 private:
  const EventQueue& events_;
};

class SlowLinkTest : public testing::Test {
 protected:
  SlowLinkTest() {
    network_.set_process(0, &one_, HostState::listening);
    network_.set_process(1, &other_, HostState::listening);
    end_ = network_.dial(0, "other", false);
    run_until(500ms);
  }
  void send(std::size_t bytes, wire::Lane lane) {
    network_.send(end_, {.type = wire::FrameType::ping,
                         .lane = lane,
                         .body = SharedBytes(Bytes(bytes, std::byte{1}))});
  }
  void run_until(Duration time) {
    while (events_.run_next(Instant{time})) {
    }
  }

  EventQueue events_;
  Trace trace_{false};
  Network network_{{}, 1, events_, trace_};
  HostId one_host_{network_.add_host({"one"})};
  HostId other_host_{network_.add_host({"other"})};
  Ears one_{events_};
  Ears other_{events_};
  EndId end_;
};

TEST_F(SlowLinkTest, TakesItsTimeAndLetsUrgentFramesPass) {
  network_.slow_down(one_host_, other_host_, 1'000);
  send(984, wire::Lane::bulk);  // With its header a second.
  send(1'984, wire::Lane::bulk);
  send(484, wire::Lane::urgent);
  run_until(10s);
  EXPECT_THAT(other_.heard, testing::ElementsAre("984 at 1", "484 at 2", "1984 at 4"));
}

TEST_F(SlowLinkTest, SendsAllThatWaitsWhenItIsFastAgain) {
  network_.slow_down(one_host_, other_host_, 10);
  send(1'000, wire::Lane::normal);
  send(2'000, wire::Lane::normal);
  run_until(3s);
  network_.speed_up(one_host_, other_host_);
  send(3'000, wire::Lane::normal);
  run_until(4s);
  EXPECT_THAT(other_.heard, testing::ElementsAre("1000 at 3", "2000 at 3", "3000 at 3"));
}

TEST_F(SlowLinkTest, WhatAHostSendsIsCounted) {
  send(100, wire::Lane::normal);
  send(50, wire::Lane::urgent);
  const SentByType& sent = network_.sent(one_host_);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent.at(wire::FrameType::ping).frames, 2U);
  EXPECT_EQ(sent.at(wire::FrameType::ping).bytes, 150 + 2 * wire::frame_header_bytes);
  EXPECT_TRUE(network_.sent(other_host_).empty());
  network_.process_died(one_host_, true);
  send(7, wire::Lane::normal);  // Into a connection that is gone.
  EXPECT_EQ(sent.at(wire::FrameType::ping).frames, 2U);
}

TEST(WorldTest, LaterSeedsAndTheHarshProfileAloneAreHarsher) {
  const auto draws_later_faults = [](std::uint64_t first, const std::string& profile) {
    int drawn = 0;
    for (std::uint64_t seed = first; seed < first + 40; ++seed) {
      const Scenario scenario = draw({.seed = seed, .profile = profile});
      for (std::size_t fault = older_fault_count; fault < fault_count; ++fault) {
        if (scenario.rates[fault] > 0) ++drawn;
      }
    }
    return drawn > 0;
  };
  EXPECT_FALSE(draws_later_faults(39'960, "mix"));
  EXPECT_TRUE(draws_later_faults(40'000, "mix"));
  EXPECT_TRUE(draws_later_faults(1, "harsh"));
  EXPECT_FALSE(draws_later_faults(40'000, "machine"));
}

// All at once and often, so that each of them is seen to happen.
TEST(WorldTest, AGroupOutlivesClocksFullDisksSlowLinksAndLostFolders) {
  Scenario scenario = draw({.seed = 3, .profile = "calm", .servers = 5, .length = 20s});
  scenario.own_numbers = true;
  scenario.drift_max = 50'000;
  scenario.slow_bytes_per_second = 20'000;
  scenario.outage_max = 500ms;
  for (std::size_t fault = older_fault_count; fault < fault_count; ++fault) {
    scenario.rates[fault] = 0.5;
  }
  const Summary summary = World(scenario, false).run();
  EXPECT_GE(summary.wiped, 1U);
  EXPECT_GE(summary.restarts, 2U);
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
