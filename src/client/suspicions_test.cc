// What is told when servers and clients are missed, and when they are heard again.
#include "client/suspicions.h"

#include <gtest/gtest.h>

namespace muster::client {
namespace {

class SuspectListTest : public testing::Test {
 protected:
  SuspectListTest() {
    answer_.set_number(1);
    answer_.set_view(7);
    answer_.set_index(40);
    answer_.mutable_time()->set_seconds(2);
    answer_.mutable_time()->set_nanos(5'000'000);
    add_server(1, "a");
    add_server(2, "b");
  }
  void add_server(std::uint32_t number, const char* name) {
    wire::MemberStatus& one = *answer_.add_members();
    one.set_number(number);
    one.set_name(name);
    one.set_state(wire::ServerState::ALIVE);
  }
  void second_is(wire::ServerState::Value state) { answer_.mutable_members(1)->set_state(state); }
  void add_client(const char* id, const char* name) {
    wire::SessionStatus& one = *answer_.add_sessions();
    one.set_id(id);
    one.set_name(name);
    one.set_kind("car");
    one.set_home(2);
    one.set_home_name("b");
  }

  using Texts = std::vector<std::string>;
  Texts told() {
    Texts texts;
    for (const Suspicion& change : list_.take(answer_)) {
      EXPECT_EQ(change.index, LogIndex{40});
      EXPECT_EQ(change.time, LogTime{2'005});
      texts.push_back(std::visit([](const auto& event) { return event.text(); }, change.event));
    }
    return texts;
  }

  wire::Members answer_;
  SuspectList list_;
};

TEST_F(SuspectListTest, TellsOnceThatAServerIsMissedAndThatItIsBack) {
  EXPECT_EQ(told(), Texts{});
  second_is(wire::ServerState::SUSPECT);
  EXPECT_EQ(told(), Texts{"b is suspected: a does not hear it"});
  EXPECT_EQ(told(), Texts{});
  second_is(wire::ServerState::ALIVE);
  const std::vector<Suspicion> back = list_.take(answer_);
  ASSERT_EQ(back.size(), 1U);
  const auto& event = std::get<wire::GroupEvent>(back.front().event);
  EXPECT_EQ(event.text(), "b is back: a hears it again");
  EXPECT_EQ(event.view(), 7U);
  EXPECT_EQ(event.state().number(), 2U);
  EXPECT_EQ(event.state().state(), wire::ServerState::ALIVE);
  EXPECT_EQ(told(), Texts{});
}

TEST_F(SuspectListTest, LeavesToTheLogWhatTheLogTells) {
  second_is(wire::ServerState::SUSPECT);
  add_client("x", "ann");
  EXPECT_EQ(told().size(), 2U);
  second_is(wire::ServerState::FAILED);
  answer_.clear_sessions();
  list_.ended("x");
  EXPECT_EQ(told(), Texts{});
  second_is(wire::ServerState::ALIVE);
  EXPECT_EQ(told(), Texts{});
}

TEST_F(SuspectListTest, TellsOfClients) {
  add_client("x", "ann");
  add_client("y", "bob");
  EXPECT_EQ(told(), (Texts{"ann (car) is suspected: it is not heard at b",
                           "bob (car) is suspected: it is not heard at b"}));
  answer_.clear_sessions();
  add_client("y", "bob");
  EXPECT_EQ(told(), Texts{"ann (car) is heard again"});
}

TEST_F(SuspectListTest, TakesAClientForHeardOnlyIfAllThatAreNotAreNamed) {
  add_client("x", "ann");
  EXPECT_EQ(told().size(), 1U);
  answer_.clear_sessions();
  answer_.set_more_sessions(true);
  EXPECT_EQ(told(), Texts{});
  answer_.set_more_sessions(false);
  EXPECT_EQ(told(), Texts{"ann (car) is heard again"});
}

TEST_F(SuspectListTest, LearnsNothingFromAServerWithoutAGroup) {
  second_is(wire::ServerState::SUSPECT);
  add_client("x", "ann");
  EXPECT_EQ(told().size(), 2U);
  const wire::Members whole = answer_;
  answer_.clear_members();
  answer_.clear_sessions();
  EXPECT_EQ(told(), Texts{});
  answer_ = whole;
  EXPECT_EQ(told(), Texts{});
}

}  // namespace
}  // namespace muster::client
