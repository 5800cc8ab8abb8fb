// How a failing run is made smaller, with failures made by hand.
#include "sim/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "sim/core.h"
#include "sim/options.h"
#include "sim/run.h"
#include "sim/trouble.h"
#include "sim/violation.h"
#include "sim/world.h"

namespace muster::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> four{"kill", "pause", "reset", "split"};

/// Fails as `fails` says, and tells what was tried.
struct Tried {
  explicit Tried(std::function<bool(const RunSize&)> fails, ShrinkLimits limits = {})
      : shrinker({.without = {}, .seconds = 20s}, four, limits,
                 {.still_fails = std::move(fails),
                  .passed = [this] { return took += 1s; },
                  .say = [this](const std::string& line) { said.push_back(line); }}) {
    shrinker.run();
  }
  std::chrono::steady_clock::duration took{};
  std::vector<std::string> said;
  Shrinker shrinker;
};

bool has(const RunSize& size, const std::string& trouble) {
  return !size.without.contains(trouble);
}

TEST(ShrinkerTest, LeavesWhatIsNeededAndNothingElse) {
  const Tried tried([](const RunSize& size) {
    return has(size, "kill") && has(size, "split") && size.seconds >= 7s;
  });
  EXPECT_THAT(tried.shrinker.smallest().without, ElementsAre("pause", "reset"));
  EXPECT_EQ(tried.shrinker.smallest().seconds, 7s);
  EXPECT_FALSE(tried.shrinker.at_limit());
  EXPECT_EQ(tried.shrinker.runs(), tried.said.size());
  EXPECT_EQ(tried.said.front(), "without any trouble: no more");
  EXPECT_EQ(tried.said[2], "without pause: still");
}

TEST(ShrinkerTest, SeesAtOnceThatNoTroubleIsNeeded) {
  const Tried tried([](const RunSize& size) { return size.seconds >= 20s; });
  EXPECT_THAT(tried.shrinker.smallest().without, ElementsAre("kill", "pause", "reset", "split"));
  EXPECT_EQ(tried.said.front(), "without any trouble: still");
  EXPECT_EQ(tried.shrinker.runs(), 6U);  // That one, and 10, 15, 17, 18 and 19 s.
}

// Without a reset the pause is needed no more: a second round finds that.
TEST(ShrinkerTest, TriesAgainWhatWasNeededBefore) {
  const Tried tried([](const RunSize& size) {
    return has(size, "kill") && (has(size, "pause") || !has(size, "reset"));
  });
  EXPECT_THAT(tried.shrinker.smallest().without, ElementsAre("pause", "reset", "split"));
  EXPECT_EQ(tried.shrinker.smallest().seconds, 1s);
}

TEST(ShrinkerTest, KeepsTheFirstWhenNothingHelps) {
  const Tried tried(
      [](const RunSize& size) { return size.without.empty() && size.seconds >= 20s; });
  EXPECT_THAT(tried.shrinker.smallest().without, IsEmpty());
  EXPECT_EQ(tried.shrinker.smallest().seconds, 20s);
}

TEST(ShrinkerTest, StopsAtItsLimits) {
  const auto always = [](const RunSize&) { return true; };
  const Tried few(always, {.runs_max = 2});
  EXPECT_TRUE(few.shrinker.at_limit());
  EXPECT_EQ(few.shrinker.runs(), 2U);
  EXPECT_EQ(few.shrinker.smallest().seconds, 10s);
  const Tried brief(always, {.runs_max = 60, .time_max = 3s});
  EXPECT_TRUE(brief.shrinker.at_limit());
  EXPECT_EQ(brief.shrinker.runs(), 2U);
}

TEST(TroubleTest, WhatIsLeftOutIsNotDrawnAndTheRestStays) {
  Request request{.seed = 11};
  const Scenario whole = draw(request);
  const std::vector<std::string> drawn = troubles_drawn(request);
  ASSERT_GE(drawn.size(), 3U);
  request.without = {drawn.front()};
  const std::vector<std::string> rest = troubles_drawn(request);
  EXPECT_EQ(rest, std::vector<std::string>(drawn.begin() + 1, drawn.end()));
  const Scenario less = draw(request);
  EXPECT_EQ(std::ranges::count(whole.rates, 0.0) + 1, std::ranges::count(less.rates, 0.0));
  EXPECT_EQ(whole.limits.seed, less.limits.seed);
  EXPECT_EQ(whole.network.delay_max, less.network.delay_max);
}

TEST(TroubleTest, AllCanBeLeftOut) {
  for (const std::string_view profile : profiles()) {
    for (std::uint64_t seed = 40'000; seed < 40'020; ++seed) {
      Request request{.seed = seed, .profile = std::string(profile)};
      // Twice: a city keeps its clients as long as there is one.
      for (int round = 0; round < 2; ++round) {
        for (const std::string& name : troubles_drawn(request)) request.without.insert(name);
      }
      EXPECT_THAT(troubles_drawn(request), IsEmpty()) << profile << " " << seed;
    }
  }
}

TEST(TroubleTest, TheCoreDoesNothingThatIsLeftOut) {
  Request request{.seed = 7, .profile = "core", .length = 2s};
  const std::uint64_t whole = CoreWorld(request, false).run().digest;
  request.without = {"rain"};
  EXPECT_EQ(CoreWorld(request, false).run().digest, whole);
  request.without = {troubles_drawn(request).front()};
  EXPECT_NE(CoreWorld(request, false).run().digest, whole);
}

// One server's registers are not what they should be, whatever happens besides.
Outcome run_flipped(const Request& request) {
  Scenario scenario = draw(request);
  scenario.flipped = 1;
  scenario.limits.log_bytes_between_snapshots = 16 * 1'024;
  World world(scenario, false);
  try {
    return {.summary = world.run(), .violation = {}};
  } catch (const Violation& violation) {
    return {.summary = {},
            .violation = Found{.invariant = violation.invariant(),
                               .what = violation.what(),
                               .step = world.steps(),
                               .time = world.now()}};
  }
}

TEST(SmallestTest, OfARealRunShowsTheSameViolationWithoutWhatItDoesNotNeed) {
  const Request request{.seed = 7, .profile = "mix", .servers = 3, .length = 8s};
  const Outcome failing = run_flipped(request);
  ASSERT_TRUE(failing.violation);
  std::size_t runs = 0;
  const Smallest smallest = find_smallest(request, *failing.violation, ShrinkLimits{},
                                          {.run =
                                               [&](const Request& smaller, const Request&) {
                                                 ++runs;
                                                 return run_flipped(smaller);
                                               },
                                           .passed = [] { return 0s; },
                                           .say = [](const std::string&) {}});
  EXPECT_EQ(smallest.violation.invariant, failing.violation->invariant);
  EXPECT_EQ(smallest.runs, runs);
  EXPECT_LT(smallest.request.length, request.length);
  EXPECT_THAT(troubles_drawn(smallest.request), IsEmpty());
  const Outcome again = run_flipped(smallest.request);
  ASSERT_TRUE(again.violation);
  EXPECT_EQ(again.violation->what, smallest.violation.what);
  EXPECT_EQ(again.violation->step, smallest.violation.step);
}

TEST(SmallestTest, AnotherViolationDoesNotCount) {
  const Request request{.seed = 7, .profile = "mix", .servers = 3, .length = 8s};
  const Smallest smallest = find_smallest(
      request, {.invariant = "one order"}, ShrinkLimits{},
      {.run =
           [](const Request&, const Request&) {
             return Outcome{.summary = {}, .violation = Found{.invariant = "exactly once"}};
           },
       .passed = [] { return 0s; },
       .say = [](const std::string&) {}});
  EXPECT_EQ(command_of(smallest.request), command_of(request));
}

TEST(CommandTest, IsUnderstoodAsItIsPrinted) {
  const Request request{.seed = 41'234,
                        .profile = "founding",
                        .servers = 3,
                        .length = 7s,
                        .without = {"kill", "operator"}};
  const std::string command = command_of(request);
  EXPECT_EQ(command,
            "muster-sim --seeds 41234..41234 --seconds 7 --servers 3 --profile founding "
            "--without kill,operator");
  const auto line =
      parse_command_line({"--seeds", "41234..41234", "--seconds", "7", "--servers", "3",
                          "--without", "kill,operator", "--profile", "founding"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->without, request.without);
  EXPECT_EQ(line->seconds, 7s);
  EXPECT_TRUE(line->shrink);
}

TEST(CommandTest, RefusesTroubleThatItDoesNotKnow) {
  const auto unknown = parse_command_line({"--without", "kill,rain"});
  EXPECT_EQ(unknown.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(unknown.error().message, testing::HasSubstr("rain"));
  EXPECT_FALSE(parse_command_line({"--without", "kill", "--profile", "core"}));
  EXPECT_TRUE(parse_command_line({"--without", "crash", "--profile", "core"}));
  EXPECT_FALSE(parse_command_line({"--without", ""}));
  EXPECT_FALSE(parse_command_line({"--no-shrink"})->shrink);
}

}  // namespace
}  // namespace muster::sim
