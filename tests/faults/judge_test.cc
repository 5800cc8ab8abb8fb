// The judge of real histories against ones whose verdict is known.
#include "faults/judge.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace muster::faults {
namespace {

using namespace std::chrono_literals;
using Kind = sim::RegisterCommand::Kind;
using Words = std::vector<std::string>;

Instant at(std::int64_t ms) {
  return Instant{std::chrono::milliseconds{ms}};
}

/// Operation `number` of client 1, from `number` to `number` and a half milliseconds.
Recorded write(std::uint64_t number) {
  return {.operation = {.command = {.id = {1, number}, .kind = Kind::write, .value = number},
                        .begun = at(static_cast<std::int64_t>(number)),
                        .ended = at(static_cast<std::int64_t>(number)) + 500us,
                        .value = number}};
}
Recorded query(std::uint64_t number, std::uint64_t value) {
  Recorded one = write(number);
  one.operation.command.kind = Kind::read;
  one.operation.value = value;
  one.is_query = true;
  return one;
}
Recorded unanswered(std::uint64_t number) {
  Recorded one = write(number);
  one.operation.ended.reset();
  one.operation.value.reset();
  return one;
}
Recorded not_done(std::uint64_t number) {
  Recorded one = unanswered(number);
  one.was_not_done = true;
  return one;
}
Recorded refused(std::uint64_t number) {
  Recorded one = write(number);
  one.operation.command.kind = Kind::compare_and_set;
  one.operation.command.expected = 77;
  one.operation.value.reset();
  return one;
}

Told event(std::uint64_t number, std::uint64_t operation) {
  return {.number = number, .operation = sim::OperationId{1, operation}};
}
Told gap(std::uint64_t number) {
  return {.number = number, .operation = {}};
}

Words violations(const std::vector<Recorded>& operations,
                 const std::vector<std::vector<Told>>& followers) {
  return judge(operations, followers).violations;
}

TEST(JudgeTest, WhatMayBeSoIsNotHeldAgainstAnybody) {
  const Judgement judgement =
      judge({write(1), refused(2), not_done(3), unanswered(4), query(5, 4), unanswered(6)},
            {{event(1, 1), event(2, 4)}, {gap(1), event(2, 4)}});
  EXPECT_EQ(judgement.violations, Words{});
  EXPECT_EQ(judgement.writes, 4U);
  EXPECT_EQ(judgement.sets, 1U);
  EXPECT_EQ(judgement.queries, 1U);
  EXPECT_EQ(judgement.refused, 1U);
  EXPECT_EQ(judgement.not_done, 1U);
  EXPECT_EQ(judgement.unanswered, 2U);
  EXPECT_EQ(judgement.events, 2U);
  EXPECT_EQ(judgement.gaps, 1U);
  EXPECT_EQ(judgement.longest_pause, 3ms);
  EXPECT_EQ(judgement.pause_ended, at(5) + 500us);
}

TEST(JudgeTest, AReadOfWhatWasOverwrittenIsFound) {
  const Words found = violations({write(1), write(2), query(3, 1)}, {{event(1, 1), event(2, 2)}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("key 0 is not linearizable"), std::string::npos) << found[0];
}

TEST(JudgeTest, AReadOfWhatWasCertainlyNotAppliedIsFound) {
  EXPECT_EQ(violations({not_done(1), query(2, 1)}, {}).size(), 1U);
}

TEST(JudgeTest, AReadOfWhatHasNoAnswerAndWasNeverToldOfIsFound) {
  EXPECT_EQ(violations({unanswered(1), write(2), query(3, 1)}, {{event(1, 2)}}).size(), 1U);
  EXPECT_EQ(violations({unanswered(1), write(2), query(3, 1)}, {{gap(1), event(2, 2)}}), Words{});
}

TEST(JudgeTest, ACommandThatTookEffectTwiceIsFound) {
  EXPECT_EQ(violations({write(1)}, {{event(1, 1), event(2, 1)}}),
            Words{"client 1 operation 1 took effect twice"});
}

TEST(JudgeTest, ALostAcknowledgedCommandIsFoundUnlessItMayBeInAGap) {
  EXPECT_EQ(violations({write(1), write(2)}, {{event(1, 2)}}),
            Words{"client 1 operation 1 was acknowledged, and never took effect"});
  EXPECT_EQ(violations({write(1), write(2)}, {{gap(1), event(2, 2)}}), Words{});
}

TEST(JudgeTest, WhatWasRefusedOrCalledNotAppliedOrNeverBegunIsNoEvent) {
  EXPECT_EQ(violations({refused(1)}, {{event(1, 1)}}),
            Words{"client 1 operation 1 was refused, and took effect"});
  EXPECT_EQ(violations({not_done(1)}, {{event(1, 1)}}),
            Words{"client 1 operation 1 was called not applied, and took effect"});
  EXPECT_EQ(violations({}, {{event(1, 9)}}),
            Words{"client 1 operation 9 took effect, and was never begun"});
}

TEST(JudgeTest, FollowersAreToldAllInOrderAndTheSame) {
  EXPECT_EQ(violations({write(1), write(2)}, {{event(1, 1), event(2, 2)}, {event(1, 1)}}),
            Words{"a follower was told up to event 1 of 2"});
  EXPECT_EQ(violations({write(1), write(2)}, {{event(1, 1), event(2, 2), event(2, 2)}}),
            Words{"a follower was told event 2 after event 2"});
  EXPECT_EQ(violations({write(1), write(2)}, {{event(1, 1), event(2, 2)}, {event(1, 2), gap(2)}}),
            Words{"followers were told different things as event 1"});
  EXPECT_EQ(violations({write(1), write(2)}, {{event(1, 1), event(2, 2), gap(1)}}),
            Words{"a gap leads back to event 1"});
}

TEST(JudgeTest, KeysWithTooManyOrdersAreCounted) {
  EXPECT_EQ(judge({write(1), write(2)}, {}, 1).undecided, 1U);
}

TEST(HistoryTest, WhatIsWrittenIsReadAgain) {
  const std::string path = testing::TempDir() + "muster_history_test";
  const std::vector<Recorded> operations{write(1), refused(2), not_done(3), unanswered(4),
                                         query(5, 4)};
  std::ofstream out(path);
  for (const Recorded& one : operations) out << to_line(one) << '\n';
  out.close();
  Words lines;
  for (const Recorded& one : read_history(path).value()) lines.push_back(to_line(one));
  std::remove(path.c_str());
  EXPECT_EQ(lines,
            (Words{"write 1 1 0 1 0 1000 answered 1500 1", "set_if 1 2 0 2 77 2000 refused 2500",
                   "write 1 3 0 3 0 3000 not_done", "write 1 4 0 4 0 4000 unanswered",
                   "query 1 5 0 5 0 5000 answered 5500 4"}));
}

TEST(HistoryTest, ALineThatIsNoneIsRefused) {
  const std::string path = testing::TempDir() + "muster_history_test";
  for (const char* const line : {"", "write 1 2 3", "write 1 1 0 1 0 1000 answered 1500",
                                 "forget 1 1 0 1 0 1000 unanswered"}) {
    std::ofstream(path) << line << '\n';
    EXPECT_EQ(read_history(path).error().code, ErrorCode::invalid_argument) << line;
    EXPECT_EQ(read_told(path).error().code, ErrorCode::invalid_argument) << line;
  }
  std::remove(path.c_str());
  EXPECT_EQ(read_history(path).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace muster::faults
