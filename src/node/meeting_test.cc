// Two groups of one name that were founded apart: which of them gives way when they meet.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/testing/nodes.h"

namespace muster::node {
namespace {

using namespace std::chrono_literals;

class MeetingTest : public Nodes {
 protected:
  MeetingTest() : Nodes(sink) {
    // Each founds before there is another one to be heard.
    found(second);
    nodes_[second].swap(apart_);
    found(first);
    nodes_[second].swap(apart_);
    EXPECT_LT(groups_[first], groups_[second]);
  }

  void found(Server which) {
    announced_ = true;
    make(which, FoundingMode::now);
    ASSERT_TRUE(run_until([&] { return nodes_[which]->report().leads; }));
    pass(1s);
    groups_[which] = *nodes_[which]->report().group;
  }
  /// As a server does it: the folder is put away, and it begins anew.
  void begin_anew(Server which) {
    Restart restart;
    restart.identity.server = {Uuid::make_v7(2ms, 2, which)};
    restart.identity.rejoins = exits_[which]->joins;
    restart.identity.former = exits_[which]->former;
    make(which, FoundingMode::never, std::move(restart));
  }

  std::unique_ptr<Node> apart_;
  std::array<GroupId, 2> groups_;
};

TEST_F(MeetingTest, TheLargerIdGivesWayAndItsServerJoinsTheOther) {
  ASSERT_TRUE(run_until([&] { return exits_[second].has_value(); }));
  EXPECT_EQ(exits_[second]->reason, "group g (" + groups_[second].uuid.to_string() +
                                        ") gave way to " + groups_[first].uuid.to_string() +
                                        ": the data is archived, and this server joins that group");
  EXPECT_EQ(exits_[second]->afterwards, Afterwards::archive_rejoin);
  EXPECT_EQ(exits_[second]->joins, groups_[first]);
  EXPECT_EQ(exits_[second]->former.gone_groups, std::vector<GroupId>{groups_[second]});
  EXPECT_EQ(exits_[second]->former.retired, std::vector<ServerId>{id_of(second)});

  begin_anew(second);
  ASSERT_TRUE(run_until([&] { return status(second).servers() == 2; }));
  EXPECT_EQ(nodes_[second]->report().group, groups_[first]);
  EXPECT_EQ(nodes_[second]->report().number, ServerNumber{2});
  EXPECT_EQ(nodes_[first]->report().group, groups_[first]);
  EXPECT_FALSE(exits_[first]);
}

TEST_F(MeetingTest, TheOneWithoutClientDataGivesWayWhateverItsId) {
  nodes_[first].swap(apart_);
  write_as_client(second);
  nodes_[first].swap(apart_);
  ASSERT_TRUE(run_until([&] { return exits_[first].has_value(); }));
  EXPECT_EQ(exits_[first]->joins, groups_[second]);
  EXPECT_FALSE(exits_[second]);
}

}  // namespace
}  // namespace muster::node
