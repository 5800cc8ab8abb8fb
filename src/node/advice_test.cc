// How services decide, on two whole nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "node/testing/nodes.h"
#include "wire/control.h"
#include "wire/heartbeat.h"
#include "wire/methods.pb.h"

namespace muster::node::advice_test {
namespace {

using namespace std::chrono_literals;

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};

/// What the advisors of all servers are after.
struct Wish {
  std::map<std::string, std::string> words{};  ///< By subject.
  bool stale{false};     ///< The version that they name is one that has passed.
  bool says_ann{false};  ///< What the client `ann` says is written, too.
  Duration interval{1h};
  int alive{0};
  int asked{0};
  std::optional<Duration> age{};  ///< Of what ann said, when it was seen last.
};

/// Has a word for each subject, and how often it was written. A command is `SUBJECT=WORD@VERSION`,
/// and is refused if that is not the version.
class Board final : public service::Machine {
 public:
  explicit Board(Wish& wish) : wish_(wish) {}
  ServiceId id() const override { return ServiceId{77}; }
  std::string_view name() const override { return "board"; }
  void apply(const service::Command& command, service::Output& output) override {
    const std::string_view text = as_text(command.payload);
    Line& line = lines_[std::string(text.substr(0, text.find('=')))];
    if (!command.system || text.substr(text.find('@') + 1) != std::to_string(line.version)) {
      return output.refuse(ErrorCode::aborted, "it was written anew");
    }
    line.word = text.substr(text.find('=') + 1, text.find('@') - text.find('=') - 1);
    ++line.version;
    output.reply({});
  }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  std::vector<service::Counter> counters() const override {
    std::vector<service::Counter> all;
    for (const auto& [subject, line] : lines_) {
      all.push_back({subject + "=" + line.word, line.version});
    }
    return all;
  }
  std::unique_ptr<service::Advisor> make_advisor() const override;
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override { lines_.clear(); }

  struct Line {
    std::string word;
    std::uint64_t version{0};
  };
  const std::map<std::string, Line>& lines() const { return lines_; }

 private:
  Wish& wish_;
  std::map<std::string, Line> lines_;
};

class Writer final : public service::Advisor {
 public:
  explicit Writer(Wish& wish) : wish_(wish) { ++wish_.alive; }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() override { --wish_.alive; }
  Duration interval() const override { return wish_.interval; }
  std::vector<service::Advice> advise(const service::Machine& applied,
                                      const service::LiveValues& live, Instant) override {
    ++wish_.asked;
    std::map<std::string, std::string> words = wish_.words;
    const auto said = live.find(ann);
    if (said) wish_.age = said->age;
    if (said && wish_.says_ann) words["ann"] = as_text(said->value);
    const auto& lines = dynamic_cast<const Board&>(applied).lines();
    std::vector<service::Advice> advice;
    for (const auto& [subject, word] : words) {
      const auto line = lines.find(subject);
      if (line != lines.end() && line->second.word == word) continue;
      const std::uint64_t version = line == lines.end() ? 0 : line->second.version;
      std::string text = subject;
      text += "=" + word;
      text += "@" + std::to_string(version + (wish_.stale ? 100 : 0));
      const BytesView command = as_bytes(text);
      advice.push_back({.subject = subject, .command = {command.begin(), command.end()}});
    }
    return advice;
  }

 private:
  Wish& wish_;
};

std::unique_ptr<service::Advisor> Board::make_advisor() const {
  return std::make_unique<Writer>(wish_);
}

/// Before the nodes that use it.
struct HasWish {
  Wish wish_;
};

class AdviceTest : public HasWish, public TwoNodes {
 protected:
  using Counts = std::vector<std::uint64_t>;
  using Lines = std::map<std::string, std::uint64_t>;

  AdviceTest()
      : TwoNodes([this] {
          std::vector<std::unique_ptr<service::Machine>> machines;
          machines.push_back(std::make_unique<Board>(wish_));
          return machines;
        }) {
    // `b` ranks higher and is handed the leadership.
    EXPECT_TRUE(run_until([&] { return status(first).leader() == "b"; }));
    pass(1s);
  }

  wire::ServerStats stats(Server which) {
    wire::Invoke request;
    request.set_method("stats");
    const auto invoked =
        ask<wire::Invoked>(which, wire::FrameType::invoke, request, wire::FrameType::invoked);
    return wire::decode<wire::ServerStats>(as_bytes(invoked.result())).value();
  }
  /// Given to the log, accepted, refused.
  Counts counts(Server which) {
    const wire::ServerStats told = stats(which);
    return {told.advice_given(), told.advice_accepted(), told.advice_refused()};
  }
  /// `SUBJECT=WORD`, and how often that subject was written.
  Lines lines(Server which) {
    const wire::ServerStats told = stats(which);
    Lines all;
    for (const wire::ServiceCounter& one : told.services()) all[one.name()] = one.value();
    return all;
  }
  void steer(Server which, const wire::Steer& what) {
    const LinkId link{client_link.value + 1};
    step(which, LinkOpened{.link = link, .address = "c:2"});
    told_.erase(wire::FrameType::steered);
    say(which, link, wire::FrameType::steer, wire::encode(what));
    ASSERT_TRUE(run_until([&] { return told_.contains(wire::FrameType::steered); }));
    step(which, LinkClosed{.link = link});
  }
  /// Something is written, so that advisors are asked.
  void have_something_applied(Server leader = second) {
    wire::Steer what;
    (*what.mutable_set()->mutable_values())["voters"] = std::to_string(--voters_);
    steer(leader, what);
  }
  void open_session(Server at) {
    step(at, LinkOpened{.link = client_link, .address = "c:1"});
    wire::OpenSession open;
    open.set_session_id(ann.uuid.to_string());
    open.set_name("ann");
    open.set_epoch(1);
    open.set_stays(true);
    open.set_heartbeat_interval_ms(15);
    open.set_session_timeout_ms(60'000);
    say(at, client_link, wire::FrameType::open_session, wire::encode(open));
    ASSERT_TRUE(run_until([&] { return told_.contains(wire::FrameType::session_opened); }));
  }
  void heartbeat(Server at, std::string_view payload) {
    say(at, client_link, wire::FrameType::heartbeat,
        wire::encode_heartbeat(
            {.session = ann, .epoch = {1}, .counter = ++heartbeats_, .payload = as_bytes(payload)},
            {}));
  }

  std::uint64_t heartbeats_{0};
  int voters_{9};
};

TEST_F(AdviceTest, TheLeaderGivesItToTheLogOnceAndAllServersHaveIt) {
  const Counts before = counts(first);
  wish_.words["north"] = "green";
  have_something_applied();
  ASSERT_TRUE(run_until([&] { return counts(second) == Counts{1, 1, 0}; }));
  pass(1s);
  EXPECT_EQ(counts(second), (Counts{1, 1, 0}));
  EXPECT_EQ(counts(first), before);
  EXPECT_EQ(lines(first), (Lines{{"north=green", 1}}));
  EXPECT_EQ(lines(second), (Lines{{"north=green", 1}}));
}

TEST_F(AdviceTest, WhatIsAcceptedIsFollowedByWhatIsNext) {
  wish_.words["north"] = "green";
  have_something_applied();
  ASSERT_TRUE(run_until([&] { return counts(second) == Counts{1, 1, 0}; }));
  wish_.words["north"] = "red";
  have_something_applied();
  ASSERT_TRUE(run_until([&] { return counts(second) == Counts{2, 2, 0}; }));
  EXPECT_EQ(lines(second), (Lines{{"north=red", 2}}));
}

TEST_F(AdviceTest, WhatIsStaleIsRefusedAndSaidAgain) {
  wish_.words["north"] = "green";
  wish_.stale = true;
  have_something_applied();
  ASSERT_TRUE(run_until([&] { return counts(second) == Counts{1, 0, 1}; }));
  EXPECT_THAT(notices_, testing::Contains(
                            "board: advice about north was refused: ABORTED: it was written anew"));
  wish_.stale = false;
  have_something_applied();
  ASSERT_TRUE(run_until([&] { return counts(second) == Counts{2, 1, 1}; }));
  EXPECT_TRUE(run_until([&] { return lines(first) == Lines{{"north=green", 1}}; }));
}

TEST_F(AdviceTest, OneIsAskedAtItsIntervalWhileNothingIsApplied) {
  wish_.interval = 40ms;
  have_something_applied();
  pass(100ms);
  const int before = wish_.asked;
  for (int i = 0; i < 200; ++i) {
    pass(turn);
    EXPECT_LE(nodes_[second]->deadline(), now_ + 40ms);
    EXPECT_GT(nodes_[second]->deadline(), now_);
  }
  EXPECT_EQ(wish_.asked - before, 50);
  wish_.words["north"] = "green";
  ASSERT_TRUE(run_until([&] { return counts(second) == Counts{1, 1, 0}; }));
}

TEST_F(AdviceTest, WhatIsAdvisedIsInTheLogInTheSameTurn) {
  wish_.interval = turn;
  have_something_applied();
  pass(1s);
  const std::uint64_t before = status(second).last_index();
  wish_.words["north"] = "green";
  now_ += turn;
  drain(second);
  EXPECT_EQ(status(second).last_index(), before + 1);
}

TEST_F(AdviceTest, OneThatIsNotDueIsNotAsked) {
  pass(100ms);
  const int before = wish_.asked;
  wish_.words["north"] = "green";
  pass(2s);
  EXPECT_EQ(wish_.asked, before);
}

TEST_F(AdviceTest, TheSuccessorTakesItOn) {
  wish_.words["north"] = "green";
  have_something_applied();
  ASSERT_TRUE(run_until([&] { return counts(second) == Counts{1, 1, 0}; }));
  EXPECT_EQ(wish_.alive, 1);
  wire::Steer transfer;
  transfer.set_transfer("a");
  steer(second, transfer);
  ASSERT_TRUE(run_until([&] { return status(second).leader() == "a"; }));
  const Counts before = counts(first);
  EXPECT_EQ(wish_.alive, 1);
  wish_.words["north"] = "red";
  have_something_applied(first);
  ASSERT_TRUE(run_until([&] { return lines(second) == Lines{{"north=red", 2}}; }));
  EXPECT_EQ(counts(first), (Counts{before[0] + 1, before[1] + 1, 0}));
  EXPECT_EQ(counts(second), (Counts{1, 1, 0}));
}

TEST_F(AdviceTest, WhatClientsOfOtherServersSayIsSeen) {
  open_session(first);
  wish_.interval = turn;
  wish_.says_ann = true;
  have_something_applied();
  heartbeat(first, "here");
  ASSERT_TRUE(run_until([&] { return lines(second) == Lines{{"ann=here", 1}}; }));
  heartbeat(first, "there");
  ASSERT_TRUE(run_until([&] { return lines(first) == Lines{{"ann=there", 2}}; }));
  const Duration age = wish_.age.value();
  pass(1s);
  EXPECT_EQ(*wish_.age - age, 1s);
}

TEST_F(AdviceTest, NobodyIsAskedWhileTooFewAnswer) {
  wish_.interval = 10ms;
  have_something_applied();
  wish_.words["north"] = "green";
  const LinkId peer{links_};
  step(second, LinkClosed{.link = peer});
  const int before = wish_.asked;
  for (int i = 0; i < 10; ++i) {
    now_ += turn;
    step(second, Tick{});
    drain(second);
    EXPECT_GT(nodes_[second]->deadline(), now_);
  }
  EXPECT_EQ(wish_.asked, before);
  EXPECT_EQ(counts(second), (Counts{0, 0, 0}));
  step(first, LinkClosed{.link = peer});
  ASSERT_TRUE(run_until([&] { return lines(first) == Lines{{"north=green", 1}}; }));
}

}  // namespace
}  // namespace muster::node::advice_test
