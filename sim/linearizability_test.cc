// The checker of linearizability against histories whose verdict is known.
#include "sim/linearizability.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace muster::sim {
namespace {

using namespace std::chrono_literals;
using Verdict = Linearizability::Verdict;
using Kind = RegisterCommand::Kind;

Instant at(std::int64_t ms) {
  return Instant{std::chrono::milliseconds{ms}};
}

ObservedOperation write(std::uint64_t value, std::int64_t begun, std::int64_t ended) {
  return {.command = {.id = {}, .kind = Kind::write, .value = value},
          .begun = at(begun),
          .ended = at(ended),
          .value = value};
}
ObservedOperation read(std::uint64_t value, std::int64_t begun, std::int64_t ended) {
  return {.command = {.id = {}, .kind = Kind::read},
          .begun = at(begun),
          .ended = at(ended),
          .value = value};
}
ObservedOperation unanswered(std::uint64_t value, std::int64_t begun) {
  return {.command = {.id = {}, .kind = Kind::write, .value = value}, .begun = at(begun)};
}
ObservedOperation set_if(std::uint64_t expected, std::uint64_t value, bool is_done,
                         std::int64_t begun, std::int64_t ended) {
  ObservedOperation one{
      .command = {.id = {}, .kind = Kind::compare_and_set, .value = value, .expected = expected},
      .begun = at(begun),
      .ended = at(ended)};
  if (is_done) one.value = value;
  return one;
}

Verdict verdict(const std::vector<ObservedOperation>& history) {
  return check_linearizability(history).verdict;
}

TEST(LinearizabilityTest, NothingAndOneAfterTheOtherAreLinearizable) {
  EXPECT_EQ(verdict({}), Verdict::linearizable);
  EXPECT_EQ(verdict({write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)}),
            Verdict::linearizable);
}

TEST(LinearizabilityTest, AReadOfWhatWasOverwrittenBeforeItBeganIsBroken) {
  const std::vector<ObservedOperation> history{write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)};
  const Linearizability result = check_linearizability(history);
  EXPECT_EQ(result.verdict, Verdict::broken);
  EXPECT_NE(result.why.find("reads, answered 1"), std::string::npos) << result.why;
}

TEST(LinearizabilityTest, OverlappingOperationsMayTakeEffectInAnyOrder) {
  EXPECT_EQ(verdict({write(1, 0, 10), write(2, 0, 10), read(1, 11, 12)}), Verdict::linearizable);
  EXPECT_EQ(verdict({write(1, 0, 10), write(2, 0, 10), read(2, 11, 12)}), Verdict::linearizable);
  EXPECT_EQ(verdict({write(1, 0, 10), read(0, 1, 2), read(1, 3, 4)}), Verdict::linearizable);
}

TEST(LinearizabilityTest, TwoReadsMustNotSeeTwoWritesInTurns) {
  // Herlihy and Wing 1990, figure 1, as registers: the second read goes back behind the first.
  EXPECT_EQ(verdict({write(1, 0, 10), read(1, 1, 2), read(0, 3, 4)}), Verdict::broken);
}

TEST(LinearizabilityTest, WhatHasNoAnswerMayHaveTakenEffectOrNotButNotBoth) {
  EXPECT_EQ(verdict({unanswered(1, 0), read(0, 5, 6)}), Verdict::linearizable);
  EXPECT_EQ(verdict({unanswered(1, 0), read(1, 5, 6)}), Verdict::linearizable);
  EXPECT_EQ(verdict({unanswered(1, 0), read(0, 5, 6), read(1, 7, 8)}), Verdict::linearizable);
  EXPECT_EQ(verdict({unanswered(1, 0), read(1, 5, 6), read(0, 7, 8)}), Verdict::broken);
  EXPECT_EQ(verdict({read(1, 0, 1), unanswered(1, 2)}), Verdict::broken);  // Before it was begun.
}

TEST(LinearizabilityTest, ACompareAndSetIsRefusedOnlyIfAnotherValueIsThere) {
  EXPECT_EQ(verdict({write(1, 0, 1), set_if(1, 2, true, 2, 3), read(2, 4, 5)}),
            Verdict::linearizable);
  EXPECT_EQ(verdict({write(1, 0, 1), set_if(1, 2, false, 2, 3)}), Verdict::broken);
  EXPECT_EQ(verdict({write(1, 0, 1), set_if(3, 2, false, 2, 3), read(1, 4, 5)}),
            Verdict::linearizable);
  // Of two that set from the same value one at most succeeds.
  EXPECT_EQ(verdict({set_if(0, 1, true, 0, 9), set_if(0, 2, true, 0, 9)}), Verdict::broken);
  EXPECT_EQ(verdict({set_if(0, 1, true, 0, 9), set_if(0, 2, false, 0, 9)}), Verdict::linearizable);
}

TEST(LinearizabilityTest, KeysAreCheckedByThemselves) {
  std::vector<ObservedOperation> history{write(1, 0, 1), read(1, 2, 3)};
  ObservedOperation other = read(7, 2, 3);
  other.command.key = 5;
  history.push_back(other);
  const Linearizability result = check_linearizability(history);
  EXPECT_EQ(result.verdict, Verdict::broken);
  EXPECT_EQ(result.key, 5U);
}

/// A true history: operations of several clients, each of which takes effect at a moment of its
/// own.
std::vector<ObservedOperation> true_history(std::uint64_t seed, std::size_t operations) {
  Random random(seed);
  struct Planned {
    ObservedOperation operation;
    Instant effect;
  };
  std::vector<Planned> planned;
  std::vector<Instant> free(6);
  for (std::size_t i = 0; i < operations; ++i) {
    Instant& client = free[random.below(free.size())];
    const Instant begun = client + random.between(0us, 50us);
    const Instant effect = begun + random.between(0us, 100us);
    const Instant ended = effect + random.between(0us, 100us);
    client = ended + 1us;
    ObservedOperation one{.command = {.id = {},
                                      .kind = static_cast<Kind>(1 + random.below(3)),
                                      .value = random.below(5),
                                      .expected = random.below(5)},
                          .begun = begun,
                          .ended = ended};
    planned.push_back({one, effect});
  }
  std::ranges::stable_sort(planned, {}, &Planned::effect);
  std::uint64_t value = 0;
  std::vector<ObservedOperation> history;
  for (Planned& one : planned) {
    one.operation.value = value_after(one.operation.command, value);
    value = one.operation.value.value_or(value);
    if (random.chance(0.1)) one.operation.ended.reset();
    history.push_back(one.operation);
  }
  return history;
}

TEST(LinearizabilityTest, TrueHistoriesAreLinearizableWhateverTheSeed) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_EQ(verdict(true_history(seed, 200)), Verdict::linearizable) << "seed " << seed;
  }
}

TEST(LinearizabilityTest, AReadThatIsMadeWrongIsMostlyFound) {
  std::size_t broken = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::vector<ObservedOperation> history = true_history(seed, 200);
    const auto wrong = std::ranges::find_if(history, [](const ObservedOperation& one) {
      return one.ended && one.command.kind == Kind::read;
    });
    ASSERT_NE(wrong, history.end());
    wrong->value = 77;  // Nobody ever wrote that.
    if (verdict(history) == Verdict::broken) ++broken;
  }
  EXPECT_EQ(broken, 50U);
}

TEST(LinearizabilityTest, TooManyOrdersAreUndecidedAndNoViolation) {
  std::vector<ObservedOperation> history;
  for (std::uint64_t i = 1; i <= 24; ++i) history.push_back(write(i, 0, 100));
  history.push_back(read(99, 101, 102));
  EXPECT_EQ(check_linearizability(history, 10'000).verdict, Verdict::undecided);
}

}  // namespace
}  // namespace muster::sim
