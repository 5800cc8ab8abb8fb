// Advisors: when they are asked, what of their advice is given to the log, and limits.
#include "node/advisors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/limits.h"

namespace muster::node::advisors_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Strings = std::vector<std::string>;

constexpr ServiceId desk_id{78};
constexpr ServiceId shelf_id{79};

Bytes bytes_of(std::string_view text) {
  const BytesView view = as_bytes(text);
  return {view.begin(), view.end()};
}

/// What an advisor says, and what was noticed of it.
struct Script {
  std::vector<service::Advice> wanted{};
  Duration interval{1s};
  std::vector<Instant> asked{};
  std::vector<const service::Machine*> machines{};
  int made{0};
  int alive{0};

  void want(const std::string& subject, std::string_view command) {
    wanted.push_back({.subject = subject, .command = bytes_of(command)});
  }
};

class ScriptedAdvisor final : public service::Advisor {
 public:
  explicit ScriptedAdvisor(Script& script) : script_(script) {
    ++script_.made;
    ++script_.alive;
  }
  ScriptedAdvisor(const ScriptedAdvisor&) = delete;
  ScriptedAdvisor& operator=(const ScriptedAdvisor&) = delete;
  ~ScriptedAdvisor() override { --script_.alive; }
  Duration interval() const override { return script_.interval; }
  std::vector<service::Advice> advise(const service::Machine& applied,
                                      const service::LiveValues& /*live*/, Instant now) override {
    script_.asked.push_back(now);
    script_.machines.push_back(&applied);
    return script_.wanted;
  }

 private:
  Script& script_;
};

class Desk final : public service::Machine {
 public:
  Desk(ServiceId id, Script* script) : id_(id), script_(script) {}
  ServiceId id() const override { return id_; }
  std::string_view name() const override { return id_ == desk_id ? "desk" : "shelf"; }
  void apply(const service::Command&, service::Output& output) override { output.reply({}); }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  std::unique_ptr<service::Advisor> make_advisor() const override {
    if (script_ == nullptr) return nullptr;
    return std::make_unique<ScriptedAdvisor>(*script_);
  }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}

 private:
  ServiceId id_;
  Script* script_;
};

class NoValues final : public service::LiveValues {
 public:
  std::optional<service::LiveValue> find(SessionId) const override { return std::nullopt; }
};

class AdvisorsTest : public testing::Test {
 protected:
  AdvisorsTest() {
    machines_.push_back(std::make_unique<Desk>(shelf_id, nullptr));
    machines_.push_back(std::make_unique<Desk>(desk_id, &script_));
    advisors_.begin(Term{3}, machines_);
  }

  /// The commands that were given to the log, this long after the start.
  Strings ask(Duration at) {
    now_ = start + at;
    Strings given;
    const bool gave = advisors_.ask(machines_, applied_, NoValues{}, now_,
                                    [&](ServiceId service, BytesView command) -> Result<void> {
                                      EXPECT_EQ(service, desk_id);
                                      if (full_)
                                        return Error{ErrorCode::resource_exhausted, "full"};
                                      given.emplace_back(as_text(command));
                                      return {};
                                    });
    EXPECT_EQ(gave, !given.empty());
    EXPECT_GT(advisors_.deadline(), now_);
    return given;
  }
  /// The service has said this to the command.
  void answer(std::string_view command, Result<Bytes> reply = Bytes{}) {
    ++applied_.value;
    const std::vector<replica::SystemAnswer> answers{{.service = desk_id,
                                                      .position = {applied_, 0},
                                                      .command = bytes_of(command),
                                                      .reply = std::move(reply)}};
    advisors_.answered(answers, now_);
  }
  void refuse(std::string_view command) {
    answer(command, Error{ErrorCode::aborted, "it has moved"});
  }
  std::vector<Duration> asked() const {
    std::vector<Duration> times;
    for (const Instant at : script_.asked) times.push_back(at - start);
    return times;
  }
  Strings notices() {
    Strings texts;
    for (Notice& notice : advisors_.take_notices()) {
      texts.push_back((notice.level == NoticeLevel::error ? "error " : "") + notice.text);
    }
    return texts;
  }

  static constexpr Instant start{100s};

  Script script_;
  Advisors::Machines machines_;
  Advisors advisors_{{}};
  LogIndex applied_{10};
  Instant now_{start};
  bool full_{false};
};

TEST_F(AdvisorsTest, OneIsAskedAtItsIntervalWhileNothingIsApplied) {
  EXPECT_EQ(advisors_.deadline(), Instant{});  // At once.
  for (const Duration at : {0ms, 1ms, 999ms, 1000ms, 1500ms, 2100ms}) ask(at);
  EXPECT_EQ(asked(), (std::vector<Duration>{0s, 1000ms, 2100ms}));
  EXPECT_EQ(advisors_.deadline(), start + 3100ms);
  EXPECT_EQ(script_.machines.back(), machines_[1].get());
}

TEST_F(AdvisorsTest, OneIsAskedWhenSomethingWasAppliedButNotMoreOftenThanEvery5ms) {
  for (const Duration at : {0ms, 1ms, 4ms, 5ms, 6ms, 9ms, 10ms}) {
    ask(at);
    ++applied_.value;
  }
  EXPECT_EQ(asked(), (std::vector<Duration>{0ms, 5ms, 10ms}));
  ask(11ms);
  EXPECT_EQ(advisors_.deadline(), start + 15ms);
  ask(15ms);
  EXPECT_EQ(advisors_.deadline(), start + 1015ms);
}

TEST_F(AdvisorsTest, AnIntervalThatIsNoneIsTheLeast) {
  script_.interval = 0ms;
  for (int i = 0; i <= 10; ++i) ask(i * 1ms);
  EXPECT_EQ(asked(), (std::vector<Duration>{0ms, 5ms, 10ms}));
}

TEST_F(AdvisorsTest, OfASubjectOneIsOnItsWayUntilItIsAccepted) {
  script_.want("north", "green 1");
  EXPECT_THAT(ask(0s), ElementsAre("green 1"));
  script_.wanted = {};
  script_.want("north", "green 2");
  script_.want("south", "green 1");
  EXPECT_THAT(ask(1s), ElementsAre("green 1"));  // The south's.
  EXPECT_EQ(advisors_.outstanding(), 2U);
  answer("green 1");
  EXPECT_THAT(ask(2s), ElementsAre("green 2"));
  EXPECT_EQ(advisors_.counts(), (Advisors::Counts{.given = 3, .accepted = 1, .refused = 0}));
}

TEST_F(AdvisorsTest, TwoOfOneSubjectInOneAskingAreOne) {
  script_.want("north", "green 1");
  script_.want("north", "red 1");
  EXPECT_THAT(ask(0s), ElementsAre("green 1"));
}

TEST_F(AdvisorsTest, AfterARefusalAnotherCommandIsGivenAtOnce) {
  script_.want("north", "green 1");
  ask(0s);
  refuse("green 1");
  EXPECT_EQ(advisors_.outstanding(), 0U);
  EXPECT_THAT(notices(),
              ElementsAre("desk: advice about north was refused: ABORTED: it has moved"));
  script_.wanted = {};
  script_.want("north", "green 2");
  EXPECT_THAT(ask(5ms), ElementsAre("green 2"));
  EXPECT_EQ(advisors_.counts(), (Advisors::Counts{.given = 2, .accepted = 0, .refused = 1}));
}

TEST_F(AdvisorsTest, AfterARefusalTheSameCommandIsGivenOnceTheIntervalHasPassed) {
  script_.want("north", "green 1");
  ask(0s);
  refuse("green 1");
  for (const Duration at : {5ms, 10ms, 500ms, 999ms}) {
    EXPECT_THAT(ask(at), IsEmpty());
    ++applied_.value;
  }
  EXPECT_THAT(ask(1004ms), ElementsAre("green 1"));
}

TEST_F(AdvisorsTest, WhatIsAcceptedMayBeSaidAgainAtOnce) {
  script_.want("north", "next");
  ask(0s);
  answer("next");
  EXPECT_THAT(ask(5ms), ElementsAre("next"));
}

TEST_F(AdvisorsTest, EqualCommandsOfTwoSubjectsAreAnsweredInTheOrderOfTheLog) {
  script_.want("south", "green");
  script_.want("north", "green");
  EXPECT_THAT(ask(0s), ElementsAre("green", "green"));
  answer("green");  // The south's, which is free again.
  script_.wanted = {};
  script_.want("north", "red");
  script_.want("south", "amber");
  EXPECT_THAT(ask(1s), ElementsAre("amber"));
  refuse("green");
  EXPECT_THAT(notices(),
              ElementsAre("desk: advice about north was refused: ABORTED: it has moved"));
}

TEST_F(AdvisorsTest, AnswersToOthersCommandsAreNoneOfTheirs) {
  script_.want("north", "green");
  ask(0s);
  answer("red");
  const std::vector<replica::SystemAnswer> elsewhere{
      {.service = shelf_id, .position = {}, .command = bytes_of("green")}};
  advisors_.answered(elsewhere, now_);
  EXPECT_EQ(advisors_.outstanding(), 1U);
  EXPECT_EQ(advisors_.counts(), (Advisors::Counts{.given = 1, .accepted = 0, .refused = 0}));
}

TEST_F(AdvisorsTest, WhatNeverComesIsGivenAgainAfter8Seconds) {
  script_.interval = 1h;
  script_.want("north", "green");
  ask(0s);
  ++applied_.value;
  EXPECT_THAT(ask(7999ms), IsEmpty());
  EXPECT_EQ(advisors_.deadline(), start + 8s);
  EXPECT_THAT(ask(8s), IsEmpty());  // It was asked a millisecond ago.
  EXPECT_EQ(advisors_.deadline(), start + 8004ms);
  EXPECT_THAT(ask(8004ms), ElementsAre("green"));
  EXPECT_THAT(notices(),
              ElementsAre("desk: advice about north was given to the log and never came"));
}

TEST_F(AdvisorsTest, OfOneAsking64AreTakenAndOfAService256AreOnTheirWay) {
  for (int i = 0; i < 1'000; ++i) script_.want(std::to_string(i), "c" + std::to_string(i));
  for (const std::size_t taken : {64U, 64U, 64U, 64U, 0U}) {
    EXPECT_EQ(ask(now_ - start + 1s).size(), taken);
  }
  EXPECT_EQ(advisors_.outstanding(), 256U);
  answer("c7");
  script_.wanted.erase(script_.wanted.begin(), script_.wanted.begin() + 500);
  EXPECT_THAT(ask(now_ - start + 5ms), ElementsAre("c500"));
  EXPECT_EQ(advisors_.outstanding(), 256U);
}

TEST_F(AdvisorsTest, OfThoseRefused256AreRemembered) {
  script_.interval = 1h;
  for (int i = 0; i < 257; ++i) {
    script_.wanted.clear();
    script_.want(std::to_string(i), "c" + std::to_string(i));
    ASSERT_EQ(ask(i * 5ms).size(), 1U);
    refuse("c" + std::to_string(i));
  }
  script_.wanted.clear();
  for (int i = 0; i < 257; ++i) script_.want(std::to_string(i), "c" + std::to_string(i));
  EXPECT_THAT(ask(257 * 5ms), ElementsAre("c0"));
}

TEST_F(AdvisorsTest, ACommandThatIsTooLongIsToldOnceAndPassedBy) {
  script_.want("north", std::string(wire::command_bytes_max + 1, 'x'));
  script_.want("south", std::string(wire::command_bytes_max, 'x'));
  EXPECT_EQ(ask(0s).size(), 1U);
  EXPECT_THAT(notices(),
              ElementsAre("error desk: the advice about north has 262145 bytes; at most "
                          "262144 are allowed, and such advice is passed by: report it"));
  ask(1s);
  advisors_.begin(Term{4}, machines_);
  ask(2s);
  EXPECT_THAT(notices(), IsEmpty());
}

TEST_F(AdvisorsTest, WhatTheLogHasNoRoomForIsPassedByAndComesAgain) {
  script_.want("north", "green");
  full_ = true;
  EXPECT_THAT(ask(0s), IsEmpty());
  EXPECT_EQ(advisors_.outstanding(), 0U);
  EXPECT_THAT(notices(), ElementsAre("desk: advice about north is passed by: full"));
  full_ = false;
  EXPECT_THAT(ask(1s), ElementsAre("green"));
  EXPECT_EQ(advisors_.counts().given, 1U);
}

TEST_F(AdvisorsTest, TheyEndWithTheLeadershipAndATermHasNewOnes) {
  script_.want("north", "green");
  ask(0s);
  advisors_.begin(Term{3}, machines_);  // The same still.
  EXPECT_EQ(script_.made, 1);
  EXPECT_THAT(ask(1s), IsEmpty());
  advisors_.begin(Term{5}, machines_);
  EXPECT_EQ(script_.made, 2);
  EXPECT_EQ(script_.alive, 1);
  EXPECT_THAT(ask(1s), ElementsAre("green"));
  advisors_.end();
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(advisors_.deadline(), Instant::max());
  answer("green");
  EXPECT_THAT(ask(2s), IsEmpty());
  EXPECT_EQ(advisors_.counts(), (Advisors::Counts{.given = 2, .accepted = 0, .refused = 0}));
}

}  // namespace
}  // namespace muster::node::advisors_test
