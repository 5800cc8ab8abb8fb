// A server that finds no group it could go on with: when it gives its own up, and when it waits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/testing/nodes.h"

namespace muster::node::finding_test {
namespace {

using namespace std::chrono_literals;

class FindingTest : public Nodes {
 protected:
  FindingTest() : Nodes(sink) {
    announced_ = true;
    make(first, FoundingMode::now);
    EXPECT_TRUE(run_until([&] { return nodes_[first]->report().leads; }));
    make(second, FoundingMode::automatic);
    EXPECT_TRUE(run_until([&] { return disks_[second].identity.group.has_value(); }));
  }
  /// `a` is gone for good, and `b` is back with this; `c` waits to be let in.
  void return_with(const Restart& disk) {
    die(second);
    die(first);
    make(second, FoundingMode::automatic, disk);
    make(third, FoundingMode::never);
    pass(2min);
  }
};

TEST_F(FindingTest, WhatWasToldOfAGroupOutlivesARestart) {
  ASSERT_TRUE(disks_[second].identity.came_about);
  return_with({.identity = disks_[second].identity, .hard_state = {}});
  EXPECT_FALSE(exits_[second]);
}

TEST_F(FindingTest, AGroupThatNobodyEverSawIsGivenUpForThoseWhoWait) {
  Restart untold{.identity = disks_[second].identity, .hard_state = {}};
  untold.identity.came_about = false;
  return_with(untold);
  ASSERT_TRUE(exits_[second]);
  EXPECT_THAT(exits_[second]->reason, ::testing::HasSubstr("never came about, and others wait"));
  EXPECT_EQ(exits_[second]->afterwards, Afterwards::archive_rejoin);
}

TEST_F(FindingTest, WhoHoldsCommandsGivesNothingUp) {
  ASSERT_TRUE(run_until([&] { return voters_seen_by(first) == 2; }));
  write_as_client(first);
  pass(1s);
  Restart untold = disks_[second];
  untold.identity.came_about = false;
  return_with(untold);
  EXPECT_FALSE(exits_[second]);
}

}  // namespace
}  // namespace muster::node::finding_test
