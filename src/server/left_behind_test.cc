#include "server/left_behind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "storage/log_store.h"
#include "storage/real_files.h"
#include "wire/batch.h"

namespace muster::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Uuid branch = *Uuid::parse("01980000-0000-7000-8000-00000000000b");
const SessionId ann{*Uuid::parse("01980000-0000-7000-8000-0000000000aa")};

Entry entry_of(std::uint64_t index, std::uint64_t term, std::uint64_t sequence,
               std::string_view text) {
  wire::BatchBuilder batch(wire::BatchHeader{.session = ann, .first_sequence = {sequence}});
  EXPECT_TRUE(batch.add(ServiceId{2}, as_bytes(text)));
  wire::EntryBuilder entry;
  const Bytes bytes = std::move(batch).finish();
  EXPECT_TRUE(entry.add(wire::BatchView::parse(bytes).value()));
  return {.term = Term{term},
          .index = LogIndex{index},
          .kind = EntryKind::commands,
          .payload = SharedBytes(std::move(entry).finish(LogTime{1'700'000'000'000}))};
}

class LeftBehindTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/left_behind_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write_log(std::vector<Entry> entries) {
    auto opened = storage::LogStore::open(files_, folder_, {});
    ASSERT_TRUE(opened) << opened.error().message;
    std::vector<storage::StoreJob> jobs(1);
    jobs[0].entries = std::move(entries);
    ASSERT_TRUE(opened->store->append(jobs));
  }
  Result<LeftBehindCommands> exported(std::uint64_t index, std::uint64_t term) {
    return export_left_behind(files_, folder_,
                              {.branch = branch, .index = LogIndex{index}, .term = Term{term}});
  }
  static std::vector<std::string> lines_of(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  storage::RealFiles files_;
  std::string folder_;
};

TEST_F(LeftBehindTest, CommandsAfterTheForkAreListed) {
  write_log({entry_of(1, 1, 1, "one"), entry_of(2, 1, 2, "two"), entry_of(3, 1, 3, "three")});
  const auto done = exported(1, 1);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->count, 2U);
  EXPECT_EQ(done->missing_before, LogIndex{});
  EXPECT_EQ(done->path, folder_ + "/branch-" + branch.to_string() + ".jsonl");
  EXPECT_THAT(
      lines_of(done->path),
      ElementsAre("{\"index\":2,\"ordinal\":0,\"term\":1,\"time\":\"2023-11-14T22:13:20.000Z\","
                  "\"session\":\"01980000-0000-7000-8000-0000000000aa\",\"sequence\":2,"
                  "\"service\":2,\"payload\":\"dHdv\"}",
                  HasSubstr("\"sequence\":3")));
}

TEST_F(LeftBehindTest, EntriesOfALaterTermAreListedAlsoBeforeTheFork) {
  write_log({entry_of(1, 1, 1, "one"), entry_of(2, 3, 2, "two"), entry_of(3, 3, 3, "three")});
  EXPECT_EQ(exported(2, 2)->count, 2U);
}

TEST_F(LeftBehindTest, ALogThatTheBranchHoldsGivesNoFile) {
  write_log({entry_of(1, 1, 1, "one"), entry_of(2, 1, 2, "two")});
  const auto done = exported(2, 1);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->count, 0U);
  EXPECT_EQ(done->path, "");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/branch-" + branch.to_string() + ".jsonl"));
}

TEST_F(LeftBehindTest, SystemBatchesAndUnreadableEntriesAreNoCommandsOfClients) {
  Entry broken = entry_of(1, 1, 1, "one");
  broken.payload = SharedBytes(Bytes(3));
  write_log({broken, entry_of(2, 1, 0, "opened")});
  EXPECT_EQ(exported(0, 0)->count, 0U);
}

}  // namespace
}  // namespace muster::server
