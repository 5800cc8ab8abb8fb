// Who leads when the leader is gone.
#include <gtest/gtest.h>

#include <chrono>

#include "node/testing/nodes.h"

namespace muster::node::elections_test {
namespace {

using namespace std::chrono_literals;

class LossOfTheLeaderTest : public ThreeNodes {
 protected:
  LossOfTheLeaderTest() {
    // The highest number ranks first and is handed the leadership.
    EXPECT_TRUE(run_until([&] { return status(first).leader() == "c"; }));
    pass(1s);
  }
  bool leads(Server which) { return nodes_[which]->report().leads; }
};

// All that is left is in the turn in which the dial is refused: no timer has a part in it.
TEST_F(LossOfTheLeaderTest, TheNextInRankStandsAtOnce) {
  die(third);
  pass(turn);
  EXPECT_TRUE(leads(second));
  EXPECT_EQ(status(first).leader(), "b");
}

}  // namespace
}  // namespace muster::node::elections_test
