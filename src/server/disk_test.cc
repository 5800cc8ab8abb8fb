// What a server finds in its data folder at a start, and what it puts away.
#include "server/disk.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace muster::server {
namespace {

const GroupId group{Uuid::make_v7({}, 5, 6)};

class DiskTest : public testing::Test {
 protected:
  DiskTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "muster-XXXXXX").string();
    scratch_ = ::mkdtemp(pattern.data());
  }
  ~DiskTest() override { std::filesystem::remove_all(scratch_); }

  std::string folder() const { return scratch_ + "/data"; }
  static storage::Identity identity(std::uint64_t id) {
    return {.server = {Uuid::make_v7({}, id, id)},
            .group_name = "plant",
            .group = {},
            .number = {},
            .name = "a",
            .branch = {}};
  }
  Result<DiskStart> open(std::uint64_t id, bool rejoin = false) {
    DiskStart start;
    auto disk = Disk::open(context_,
                           {.folder = folder(),
                            .fresh = identity(id),
                            .rejoin = rejoin,
                            .log = {.segment_bytes = 64 << 10, .payload_bytes_max = 16 << 10}},
                           start, [] {});
    if (!disk) return disk.error();
    return start;
  }
  /// Makes the folder that of a member of the group.
  void join_group(std::uint64_t id) {
    storage::RealFiles files;
    auto opened = storage::LogStore::open(files, folder(), {});
    storage::Identity member = identity(id);
    member.group = group;
    member.number = ServerNumber{2};
    ASSERT_TRUE(opened->store->write_identity(member).has_value());
  }
  void fence() {
    const std::string survivor = scratch_ + "/survivor";
    std::filesystem::create_directories(survivor);
    storage::RealFiles files;
    auto opened = storage::LogStore::open(files, survivor, {});
    const storage::FenceRecord record{.by = identity(9).server, .term = {3}, .index = {4}};
    ASSERT_TRUE(opened->store->write_fence({.folder = folder(), .record = record}).has_value());
  }
  std::vector<std::string> archives() const {
    std::vector<std::string> found;
    for (const auto& item : std::filesystem::directory_iterator(scratch_)) {
      if (item.path().filename().string().starts_with("data.archived-"))
        found.push_back(item.path().string());
    }
    return found;
  }

  std::string scratch_;
  boost::asio::io_context context_;
};

TEST_F(DiskTest, AMemberThatRestartsIsWhoItWas) {
  ASSERT_TRUE(open(1).has_value());
  join_group(1);
  const DiskStart start = open(2).value();
  EXPECT_EQ(start.restart.identity.server, identity(1).server);
  EXPECT_FALSE(start.rejoining);
  EXPECT_TRUE(archives().empty());
}

TEST_F(DiskTest, AServerThatWasLeftBehindBeginsAnewAndJoinsItsGroupOnly) {
  ASSERT_TRUE(open(1).has_value());
  join_group(1);
  fence();
  const DiskStart start = open(2).value();
  EXPECT_EQ(start.restart.identity.server, identity(2).server);
  EXPECT_EQ(start.restart.identity.group, std::nullopt);
  EXPECT_EQ(start.restart.identity.rejoins, group);
  ASSERT_TRUE(start.rejoining);
  EXPECT_EQ(start.rejoining->former->server, identity(1).server);
  ASSERT_EQ(archives().size(), 1U);
  EXPECT_EQ(start.rejoining->archived, archives()[0]);
  EXPECT_TRUE(std::filesystem::exists(archives()[0] + "/fence"));
  ASSERT_EQ(start.warnings.size(), 1U);
  EXPECT_EQ(start.warnings[0],
            "server " + identity(9).server.uuid.to_string() +
                " went on without this one (at term 3, index 4), so what lay here is out of date; "
                "joining anew; its former data is in " +
                archives()[0]);

  // Also if it restarts before it was let in.
  const DiskStart again = open(3).value();
  EXPECT_EQ(again.restart.identity.server, identity(2).server);
  ASSERT_TRUE(again.rejoining);
  EXPECT_EQ(again.restart.identity.rejoins, group);
  EXPECT_EQ(archives().size(), 1U);
  join_group(2);
  EXPECT_FALSE(open(3)->rejoining);
}

TEST_F(DiskTest, WhoRejoinsPutsItsDataAway) {
  ASSERT_TRUE(open(1).has_value());
  join_group(1);
  const DiskStart start = open(2, true).value();
  EXPECT_EQ(start.restart.identity.server, identity(2).server);
  EXPECT_EQ(start.restart.identity.rejoins, group);
  EXPECT_EQ(start.rejoining->archived, archives().at(0));
  // Asked again before it was let in, there is nothing to put away.
  EXPECT_EQ(open(3, true)->restart.identity.server, identity(2).server);
  EXPECT_EQ(archives().size(), 1U);
}

TEST_F(DiskTest, WhoRejoinsWithoutDataJoinsAnyGroupOfTheNameAndFoundsNone) {
  const DiskStart start = open(1, true).value();
  EXPECT_EQ(start.restart.identity.rejoins, GroupId{});
  ASSERT_TRUE(start.rejoining);
  EXPECT_EQ(start.rejoining->archived, "");
  EXPECT_TRUE(archives().empty());
}

TEST_F(DiskTest, DamagedDataIsAnErrorUnlessTheServerRejoins) {
  ASSERT_TRUE(open(1).has_value());
  std::ofstream(folder() + "/identity", std::ios::trunc) << "scribble";
  EXPECT_FALSE(open(2).has_value());
  const DiskStart start = open(2, true).value();
  EXPECT_EQ(start.restart.identity.server, identity(2).server);
  EXPECT_EQ(archives().size(), 1U);
}

TEST_F(DiskTest, AFolderOfAnotherGroupStaysWhereItIs) {
  ASSERT_TRUE(open(1).has_value());
  join_group(1);
  DiskStart start;
  storage::Identity other = identity(2);
  other.group_name = "office";
  const auto disk =
      Disk::open(context_, {.folder = folder(), .fresh = other, .rejoin = true}, start, [] {});
  EXPECT_EQ(disk.error().code, ErrorCode::failed_precondition);
  EXPECT_TRUE(archives().empty());
  EXPECT_TRUE(open(3).has_value());  // The lock was given back.
}

TEST_F(DiskTest, AServerCanPutItsFolderAwayWhenItStops) {
  DiskStart start;
  auto disk =
      Disk::open(context_, {.folder = folder(), .fresh = identity(1)}, start, [] {}).value();
  disk->run([](const std::vector<storage::DiskResult>&) {});
  const std::string archived = disk->archive().value();
  EXPECT_EQ(archived, archives().at(0));
  EXPECT_FALSE(std::filesystem::exists(folder()));
  EXPECT_NE(open(2)->restart.identity.server, identity(1).server);
}

}  // namespace
}  // namespace muster::server
