// What is found in a folder, and that the server of a recovered one leads alone.
#include "cli/recovery.h"

#include <gtest/gtest.h>

#include "raft/raft.h"
#include "storage/simulated/simulated_files.h"
#include "wire/control.h"

namespace muster::cli::recovery_test {
namespace {

const std::string folder = "data";
const Uuid branch = Uuid::make_v7(std::chrono::milliseconds{9}, 9, 9);

storage::Identity identity() {
  return {.server = {Uuid::make_v7({}, 1, 1)},
          .group_name = "plant",
          .group = GroupId{Uuid::make_v7({}, 2, 2)},
          .number = ServerNumber{2},
          .name = "b",
          .branch = {}};
}

Entry founding() {
  wire::Founding document;
  raft::Configuration three;
  for (const char* name : {"a", "b", "c"}) {
    wire::Member& member = *document.add_members();
    member.set_number(static_cast<std::uint32_t>(document.members_size()));
    member.set_name(name);
    three.members[ServerNumber{member.number()}] = raft::MemberRole::voter;
  }
  return {.term = {1},
          .index = {1},
          .kind = EntryKind::configuration,
          .payload = SharedBytes(raft::encode_configuration(three, wire::encode(document)))};
}

class RecoveryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = storage::LogStore::open(files_, folder, {});
    ASSERT_TRUE(opened->store->write_identity(identity()).has_value());
    storage::StoreJob job{.hard_state = HardState{.term = {5}, .vote = std::nullopt},
                          .entries = {founding()}};
    job.entries.push_back({.term = {4}, .index = {2}, .kind = EntryKind::empty, .payload = {}});
    std::vector<storage::StoreJob> jobs{job};
    ASSERT_TRUE(opened->store->append(jobs).has_value());
  }
  storage::SimulatedFiles files_{1};
};

TEST_F(RecoveryTest, WhatMayBeLostIsTold) {
  const Examined examined = examine(files_, folder).value();
  EXPECT_EQ(examined.found.last_index, LogIndex{2});
  EXPECT_EQ(examined.found.last_term, Term{4});
  const std::vector<std::string> expected{
      "group plant (" + identity().group->uuid.to_string() +
          ") goes on with server b (#2) alone, under a new branch",
      "its log ends at term 4, index 2: what the group acknowledged after that is lost, and what "
      "stands there unacknowledged takes effect",
      "these members are left behind and can come back only as new servers: a (#1), voter, c (#3), "
      "voter"};
  EXPECT_EQ(warnings_of(examined.found), expected);
}

TEST_F(RecoveryTest, TheServerOfARecoveredFolderLeadsAlone) {
  {
    Examined examined = examine(files_, folder).value();
    ASSERT_TRUE(recover(examined, branch, LogTime{77}).has_value());
  }
  files_.crash();  // It is durable.
  auto opened = storage::LogStore::open(files_, folder, {});
  storage::Recovered& recovered = opened->recovered;
  EXPECT_EQ(recovered.identity->branch, branch);
  EXPECT_EQ(recovered.hard_state, (HardState{.term = {6}, .vote = ServerNumber{2}}));
  ASSERT_EQ(recovered.entries.size(), 3U);
  const auto decoded = raft::decode_configuration(recovered.entries[2].payload.view());
  EXPECT_EQ(wire::decode<wire::MemberChange>(decoded->annotation)->branch(), branch.to_string());

  raft::Raft raft({}, ServerNumber{2},
                  {.hard_state = recovered.hard_state,
                   .snapshot = {},
                   .entries = std::move(recovered.entries)});
  EXPECT_EQ(raft.configuration().voter_count(), 1U);
  raft.tick(Instant{});
  const Instant later = Instant{} + std::chrono::minutes{1};
  raft.tick(later);
  for (const raft::Message& own_vote : raft.ready().send_when_stored) {
    ASSERT_TRUE(raft.step(own_vote, later));
  }
  EXPECT_EQ(raft.role(), raft::Role::leader);
}

TEST_F(RecoveryTest, ItCanBeDoneAgainAfterACrashBetweenItsSteps) {
  for (std::uint64_t calls = 0; calls < 12; ++calls) {
    files_.fail_after(calls);
    auto examined = examine(files_, folder);
    if (examined) static_cast<void>(recover(*examined, branch, {}));
    examined = Error{};
    files_.crash();
    Examined again = examine(files_, folder).value();
    ASSERT_TRUE(recover(again, branch, {}).has_value()) << calls;
    EXPECT_EQ(examine(files_, folder)->found.configuration.voter_count(), 1U);
  }
}

TEST_F(RecoveryTest, AFolderOfNoGroupOrOneLeftBehindIsRefused) {
  EXPECT_EQ(examine(files_, "empty").error().code, ErrorCode::failed_precondition);
  auto survivor = storage::LogStore::open(files_, "survivor", {});
  ASSERT_TRUE(
      survivor->store
          ->write_fence({.folder = folder,
                         .record = {.by = {Uuid::make_v7({}, 7, 7)}, .term = {9}, .index = {9}}})
          .has_value());
  const auto refused = examine(files_, folder);
  EXPECT_EQ(refused.error().code, ErrorCode::failed_precondition);
  EXPECT_NE(refused.error().message.find("went on without this one"), std::string::npos);
}

}  // namespace
}  // namespace muster::cli::recovery_test
