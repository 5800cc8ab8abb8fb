// A server that finds no group it could go on with: when it gives its own up, and when it waits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/testing/nodes.h"

namespace muster::node::finding_test {
namespace {

using namespace std::chrono_literals;

/// `b` has joined the group of `a`, and both are gone: `b` before it took anything in, `a` for
/// good.
class FindingTest : public Nodes {
 protected:
  FindingTest() : Nodes(no_machines) {
    announced_ = true;
    make(first, FoundingMode::now);
    EXPECT_TRUE(run_until([&] { return nodes_[first]->report().leads; }));
    make(second, FoundingMode::automatic);
    EXPECT_TRUE(run_until([&] { return identities_[second].group.has_value(); }));
    die(second);
    die(first);
  }
  /// `b` is back, without an entry; `c` waits to be let in.
  void return_with(const storage::Identity& identity) {
    make(second, FoundingMode::automatic, identity);
    make(third, FoundingMode::never);
    pass(2min);
  }
};

TEST_F(FindingTest, WhatWasToldOfAGroupOutlivesARestart) {
  ASSERT_TRUE(identities_[second].came_about);
  return_with(identities_[second]);
  EXPECT_FALSE(exits_[second]);
}

TEST_F(FindingTest, AGroupThatNobodyEverSawIsGivenUpForThoseWhoWait) {
  storage::Identity untold = identities_[second];
  untold.came_about = false;
  return_with(untold);
  ASSERT_TRUE(exits_[second]);
  EXPECT_THAT(exits_[second]->reason, ::testing::HasSubstr("never came about, and others wait"));
  EXPECT_EQ(exits_[second]->afterwards, Afterwards::archive_rejoin);
}

}  // namespace
}  // namespace muster::node::finding_test
