// Two groups of one name that were founded apart: which of them gives way when they meet.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/testing/nodes.h"
#include "wire/batch.h"
#include "wire/control.h"

namespace muster::node {
namespace {

using namespace std::chrono_literals;

const SessionId ann{Uuid::make_v7(1ms, 1, 1)};

// A service for clients' commands: they are the data that makes a group stay.
class Sink final : public service::Machine {
 public:
  ServiceId id() const override { return ServiceId{7}; }
  std::string_view name() const override { return "sink"; }
  void apply(const service::Command&, service::Output& output) override { output.reply({}); }
  Result<Bytes> query(BytesView) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  [[nodiscard]] Result<void> restore(BytesView) override { return {}; }
  void clear() override {}
};

std::vector<std::unique_ptr<service::Machine>> sink() {
  std::vector<std::unique_ptr<service::Machine>> all;
  all.push_back(std::make_unique<Sink>());
  return all;
}

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
  void write_as_client(Server at) {
    step(at, LinkOpened{.link = client_link, .address = "c:1"});
    wire::OpenSession open;
    open.set_session_id(ann.uuid.to_string());
    open.set_name("ann");
    open.set_epoch(1);
    say(at, client_link, wire::FrameType::open_session, wire::encode(open));
    ASSERT_TRUE(run_until([&] { return told_.contains(wire::FrameType::session_opened); }));
    wire::BatchBuilder batch({.session = ann, .epoch = {1}, .first_sequence = {1}});
    ASSERT_TRUE(batch.add(ServiceId{7}, as_bytes("x")).has_value());
    say(at, client_link, wire::FrameType::commands, std::move(batch).finish());
    ASSERT_TRUE(run_until([&] { return told_.contains(wire::FrameType::replies); }));
  }
  /// As a server does it: the folder is put away, and it begins anew.
  void begin_anew(Server which) {
    storage::Identity identity;
    identity.server = {Uuid::make_v7(2ms, 2, which)};
    identity.rejoins = exits_[which]->joins;
    identity.former = exits_[which]->former;
    make(which, FoundingMode::never, std::move(identity));
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
