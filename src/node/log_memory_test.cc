// What a log that was found says of the members.
#include "node/log_memory.h"

#include <gtest/gtest.h>

#include "group/group.h"
#include "raft/configuration.h"
#include "wire/batch.h"
#include "wire/control.h"

namespace muster::node::log_memory_test {
namespace {

class LogMemoryTest : public testing::Test {
 protected:
  void membership(const google::protobuf::MessageLite& annotation) {
    raft::Configuration one;
    one.members[ServerNumber{1}] = raft::MemberRole::voter;
    add(EntryKind::configuration,
        SharedBytes(raft::encode_configuration(one, wire::encode(annotation))));
  }
  void state(std::uint32_t number, wire::ServerState::Value value, LogTime time,
             bool system = true) {
    wire::GroupChange change;
    change.mutable_state()->set_number(number);
    change.mutable_state()->set_state(value);
    const SessionId client{Uuid::make_v7({}, 1, 2)};
    wire::BatchBuilder batch(system ? wire::BatchHeader{.system = true}
                                    : wire::BatchHeader{.session = client, .first_sequence = {1}});
    ASSERT_TRUE(batch.add(group::service_id, wire::encode(change)));
    const Bytes bytes = std::move(batch).finish();
    wire::EntryBuilder entry;
    ASSERT_TRUE(entry.add(*wire::BatchView::parse(bytes)));
    add(EntryKind::commands, SharedBytes(std::move(entry).finish(time)));
  }
  void add(EntryKind kind, SharedBytes payload) {
    entries_.push_back({.term = {1},
                        .index = LogIndex{entries_.size() + 1},
                        .kind = kind,
                        .payload = std::move(payload)});
  }

  std::vector<Entry> entries_;
};

TEST_F(LogMemoryTest, HasTheNamesOfFoundersAndJoinersAndWhoStopped) {
  wire::Founding founding;
  founding.add_members()->set_number(1);
  founding.mutable_members(0)->set_name("a");
  membership(founding);
  wire::MemberChange joined;
  joined.set_kind(wire::MemberChange::JOINED);
  joined.mutable_member()->set_number(2);
  joined.mutable_member()->set_name("b");
  membership(joined);
  state(2, wire::ServerState::STOPPED, LogTime{5'000});
  state(1, wire::ServerState::STOPPED, LogTime{6'000});
  state(1, wire::ServerState::ALIVE, LogTime{7'000});
  const std::map<ServerNumber, Remembered> expected{
      {{1}, {.name = "a"}}, {{2}, {.name = "b", .stopped = LogTime{5'000}}}};
  EXPECT_EQ(remember_members(entries_), expected);
}

TEST_F(LogMemoryTest, PassesOverWhatItCantReadAndWhatTheLeaderDidNotSay) {
  add(EntryKind::configuration, SharedBytes::copy_of(as_bytes("junk")));
  add(EntryKind::commands, SharedBytes::copy_of(as_bytes("junk")));
  state(2, wire::ServerState::STOPPED, LogTime{5'000}, false);
  EXPECT_TRUE(remember_members(entries_).empty());
}

}  // namespace
}  // namespace muster::node::log_memory_test
