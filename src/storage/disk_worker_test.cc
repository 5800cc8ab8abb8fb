// The disk worker and thread, the real files, the lock and the data folder, on a real disk.
#include "storage/disk_worker.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "storage/data_folder.h"
#include "storage/disk_thread.h"
#include "storage/real_files.h"

namespace muster::storage {
namespace {

/// A folder that is gone after the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "muster-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Counts what reaches the disk.
class CountingFiles final : public Files {
 public:
  Result<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size) override {
    return files_.read(path, offset, size);
  }
  Result<void> write(const std::string& path, std::uint64_t offset, BytesView bytes) override {
    ++writes;
    return files_.write(path, offset, bytes);
  }
  Result<void> sync(const std::string& path, SyncSite site) override {
    ++syncs;
    return files_.sync(path, site);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return files_.remove(path); }
  Result<std::vector<FileInfo>> list(const std::string& folder) override {
    return files_.list(folder);
  }
  int writes{0};
  int syncs{0};

 private:
  RealFiles files_;
};

class ThreeChunks final : public SnapshotSource {
 public:
  bool next(Bytes& chunk) override {
    chunk.clear();
    if (given_ == 3) return false;
    chunk.assign(100, std::byte{++given_});
    return true;
  }

 private:
  unsigned char given_{0};
};

LogOptions small_options() {
  return {.segment_bytes = 64 << 10, .payload_bytes_max = 16 << 10, .spare_slice_bytes = 64 << 10};
}

StoreJob store_of(std::uint64_t index) {
  StoreJob job;
  job.entries.push_back({.term = {1},
                         .index = {index},
                         .kind = EntryKind::commands,
                         .payload = SharedBytes(Bytes(128, std::byte{0x61}))});
  return job;
}

class DiskWorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = LogStore::open(files_, scratch_.path(), small_options());
    ASSERT_TRUE(opened.has_value());
    store_ = std::move(opened->store);
    worker_.emplace(*store_, locker_, DiskWorker::Options{.jobs_max = 8});
  }
  template <class Work>
  void submit(std::uint64_t id, Work work) {
    ASSERT_TRUE(worker_->submit({.id = id, .work = std::move(work)}).has_value());
  }
  /// All results until nothing is left to do, as `ID=kind of outcome`.
  std::vector<std::string> run() {
    std::vector<std::string> said;
    while (worker_->has_jobs()) {
      for (const DiskResult& result : worker_->run_some()) said.push_back(describe(result));
    }
    return said;
  }
  static std::string describe(const DiskResult& result) {
    static const std::vector<std::string> names{"stored",   "saved", "installed", "entries",
                                                "snapshot", "done",  "failed"};
    return std::to_string(result.id) + "=" + names[result.outcome.index()];
  }

  ScratchFolder scratch_;
  CountingFiles files_;
  RealFolderLocker locker_{"test"};
  std::unique_ptr<LogStore> store_;
  std::optional<DiskWorker> worker_;
};

using Said = std::vector<std::string>;

TEST_F(DiskWorkerTest, OneEntryCostsOneWriteAndOneSyncAndSoDoManyThatWaitTogether) {
  files_.writes = files_.syncs = 0;
  submit(1, store_of(1));
  EXPECT_EQ(run(), Said{"1=stored"});
  EXPECT_EQ(files_.syncs, 1);
  EXPECT_LE(files_.writes, 2);  // The other one prepares the spare segment.
  files_.writes = files_.syncs = 0;
  for (std::uint64_t index = 2; index < 8; ++index) submit(index, store_of(index));
  EXPECT_EQ(run(), (Said{"2=stored", "3=stored", "4=stored", "5=stored", "6=stored", "7=stored"}));
  EXPECT_EQ(files_.syncs, 1);
  EXPECT_EQ(files_.writes, 1);
}

TEST_F(DiskWorkerTest, AStoreThatCannotBeIsRefusedAloneAndTheOthersStand) {
  submit(1, store_of(1));
  submit(2, store_of(9));
  submit(3, store_of(2));
  EXPECT_EQ(run(), (Said{"1=stored", "2=failed", "3=stored"}));
  EXPECT_FALSE(store_->stopped());
  EXPECT_EQ(store_->last_index(), LogIndex{2});
}

TEST_F(DiskWorkerTest, ASnapshotIsOvertakenByStoresAndThenCompacted) {
  submit(1, store_of(1));
  submit(2, SaveSnapshotJob{.header = {.index = {1}, .term = {1}, .metadata = {}},
                            .source = std::make_unique<ThreeChunks>()});
  submit(3, store_of(2));
  submit(4, ReadEntriesJob{.first = {1}, .bytes_max = 1'000});
  EXPECT_EQ(run(), (Said{"1=stored", "3=stored", "4=entries", "2=saved"}));
  submit(5, ReadSnapshotJob{.index = {1}, .offset = 250, .bytes_max = 1'000});
  const auto read = worker_->run_some();
  const auto& answer = std::get<SnapshotRead>(read.at(0).outcome);
  EXPECT_EQ(answer.header.size, 300U);
  EXPECT_EQ(answer.data, SharedBytes(Bytes(50, std::byte{3})));
  submit(6, CompactJob{.keep_from = {3}});
  submit(7, CompactJob{.keep_from = {2}});
  EXPECT_EQ(run(), (Said{"6=failed", "7=done"}));
}

TEST_F(DiskWorkerTest, AnInstalledSnapshotStartsTheLogAgainAfterIt) {
  const Bytes data(10, std::byte{7});
  SnapshotPieceJob piece{
      .header = {.index = {50}, .term = {3}, .metadata = {}, .size = 10, .checksum = crc32c(data)},
      .data = SharedBytes(data),
      .last = true};
  submit(1, store_of(1));
  submit(2, piece);
  submit(3, store_of(51));
  EXPECT_EQ(run(), (Said{"1=stored", "2=installed", "3=stored"}));
  worker_.reset();
  store_.reset();
  const auto again = LogStore::open(files_, scratch_.path(), small_options());
  EXPECT_EQ(again->recovered.snapshot, piece.header);
  EXPECT_EQ(again->recovered.entries, store_of(51).entries);
  EXPECT_EQ(again->recovered.first_index, LogIndex{51});
}

TEST_F(DiskWorkerTest, AFullQueueSaysSo) {
  for (std::uint64_t id = 1; id <= 8; ++id) submit(id, store_of(id));
  const auto refused = worker_->submit({.id = 9, .work = store_of(9)});
  EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
}

TEST_F(DiskWorkerTest, AFenceIsLeftInAFolderNobodyHoldsAndRefusedInOneInUse) {
  const ScratchFolder dead;
  const ScratchFolder living;
  const auto held = FolderLock::take(living.path(), "b");
  const FenceRecord record{.by = {Uuid::make_v7({}, 1, 2)}, .term = {4}, .index = {5}};
  submit(1, FenceJob{.folder = dead.path(), .record = record});
  submit(2, FenceJob{.folder = living.path(), .record = record});
  EXPECT_EQ(run(), (Said{"1=done", "2=failed"}));
  EXPECT_TRUE(FolderLock::take(dead.path(), "c").has_value());
  EXPECT_EQ(LogStore::open(files_, dead.path(), small_options())->recovered.fence, record);
}

TEST_F(DiskWorkerTest, AServerWhoseLogGoesFurtherIsNotFencedAndMayStartAgain) {
  const ScratchFolder longer;
  {
    auto other = LogStore::open(files_, longer.path(), small_options()).value();
    ASSERT_TRUE(other.store->append({store_of(1), store_of(2)}).has_value());
  }
  const auto fence = [&](std::uint64_t id, Term term, LogIndex index) {
    submit(id, FenceJob{.folder = longer.path(),
                        .record = {.by = {Uuid::make_v7({}, 1, 2)}, .term = term, .index = index}});
  };
  fence(1, store_of(1).entries[0].term, LogIndex{1});
  EXPECT_EQ(run(), Said{"1=failed"});
  EXPECT_TRUE(FolderLock::take(longer.path(), "c").has_value());
  fence(2, store_of(2).entries[0].term, LogIndex{2});
  EXPECT_EQ(run(), Said{"2=done"});
}

TEST_F(DiskWorkerTest, AFenceOfOnesOwnIsConfirmedAndStaysAsItIs) {
  const ScratchFolder dead;
  const FenceRecord record{.by = {Uuid::make_v7({}, 1, 2)}, .term = {4}, .index = {5}};
  const auto record_there = [&] {
    return LogStore::open(files_, dead.path(), small_options())->recovered.fence;
  };
  submit(1, FenceJob{.folder = dead.path(), .record = record, .only_confirm = true});
  EXPECT_EQ(run(), Said{"1=failed"});
  EXPECT_EQ(record_there(), std::nullopt);
  submit(2, FenceJob{.folder = dead.path(), .record = record});
  submit(3, FenceJob{.folder = dead.path(), .record = record});
  submit(4, FenceJob{.folder = dead.path(), .record = record, .only_confirm = true});
  EXPECT_EQ(run(), (Said{"2=done", "3=done", "4=done"}));
  FenceRecord later = record;
  later.term = {6};
  submit(5, FenceJob{.folder = dead.path(), .record = later, .only_confirm = true});
  EXPECT_EQ(run(), Said{"5=done"});
  EXPECT_EQ(record_there(), record);
}

TEST_F(DiskWorkerTest, AFenceOfOnesOwnIsFoundInTheFolderThatTheFencedOnePutAway) {
  const ScratchFolder above;
  const std::string folder = above.path() + "/b";
  const ServerId dead{Uuid::make_v7({}, 5, 6)};
  const FenceRecord record{.by = {Uuid::make_v7({}, 1, 2)}, .term = {4}, .index = {5}};
  {
    auto home = open_data_folder(folder, "b").value();
    auto opened = LogStore::open(files_, folder, small_options()).value();
    Identity identity;
    identity.server = dead;
    identity.group_name = "g";
    ASSERT_TRUE(bootstrap_identity(*opened.store, opened.recovered, identity).has_value());
    ASSERT_TRUE(opened.store->write_fence({.folder = folder, .record = record}).has_value());
    ASSERT_TRUE(archive_data_folder(std::move(home), {}).has_value());
  }
  const auto begun_anew = open_data_folder(folder, "b");  // And lives.
  const auto confirm = [&](std::uint64_t id, ServerId server, FenceRecord of, bool only_confirm) {
    submit(id, FenceJob{
                   .folder = folder, .server = server, .record = of, .only_confirm = only_confirm});
  };
  FenceRecord shorter = record;
  shorter.index = {4};
  confirm(1, dead, record, true);
  confirm(2, dead, record, false);
  confirm(3, {Uuid::make_v7({}, 7, 8)}, record, true);
  confirm(4, dead, shorter, true);
  EXPECT_EQ(run(), (Said{"1=done", "2=done", "3=failed", "4=failed"}));
}

TEST_F(DiskWorkerTest, AFenceOfAnotherServerOrOneThatSaysMoreIsNoLeaveToGoOn) {
  const ScratchFolder dead;
  const FenceRecord record{.by = {Uuid::make_v7({}, 1, 2)}, .term = {4}, .index = {5}};
  FenceRecord of_another = record;
  of_another.by = {Uuid::make_v7({}, 3, 4)};
  FenceRecord shorter = record;
  shorter.index = {4};
  submit(1, FenceJob{.folder = dead.path(), .record = record});
  submit(2, FenceJob{.folder = dead.path(), .record = of_another});
  submit(3, FenceJob{.folder = dead.path(), .record = of_another, .only_confirm = true});
  submit(4, FenceJob{.folder = dead.path(), .record = shorter, .only_confirm = true});
  EXPECT_EQ(run(), (Said{"1=done", "2=failed", "3=failed", "4=failed"}));
  EXPECT_FALSE(store_->stopped());
  EXPECT_EQ(LogStore::open(files_, dead.path(), small_options())->recovered.fence, record);
}

TEST(DiskThreadTest, ReportsEveryJobInOrderAndDrainsWhenStopped) {
  const ScratchFolder scratch;
  RealFiles files;
  RealFolderLocker locker("test");
  auto opened = LogStore::open(files, scratch.path(), small_options()).value();
  std::vector<std::uint64_t> reported;
  DiskThread thread(std::move(opened.store), locker, {},
                    [&](const std::vector<DiskResult>& results) {
                      for (const DiskResult& result : results) {
                        if (std::holds_alternative<Stored>(result.outcome))
                          reported.push_back(result.id);
                      }
                    });
  std::vector<std::uint64_t> expected;
  for (std::uint64_t index = 1; index <= 500; ++index) {
    ASSERT_TRUE(thread.submit({.id = index, .work = store_of(index)}).has_value());
    expected.push_back(index);
  }
  thread.stop();
  EXPECT_EQ(reported, expected);
  EXPECT_EQ(thread.submit({.id = 501, .work = store_of(501)}).error().code,
            ErrorCode::failed_precondition);
  EXPECT_EQ(LogStore::open(files, scratch.path(), small_options())->recovered.entries.size(), 500U);
}

TEST(DataFolderTest, IsMadeForItsOwnerOnlyAndLockedByName) {
  const ScratchFolder scratch;
  const std::string path = scratch.path() + "/a/b";
  const auto folder = open_data_folder(path, "server a");
  ASSERT_TRUE(folder.has_value());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  const auto second = open_data_folder(path, "server b");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
  EXPECT_NE(second.error().message.find("(server a)"), std::string::npos);
}

TEST(DataFolderTest, ServersThatStartTogetherMakeTheFolderAboveTheirsTogether) {
  constexpr int servers = 8;
  int opened = 0;
  for (int round = 0; round < 20; ++round) {
    const ScratchFolder scratch;
    std::promise<void> start;
    const std::shared_future<void> started = start.get_future().share();
    std::vector<std::future<bool>> all;
    for (int server = 0; server < servers; ++server) {
      const std::string path = scratch.path() + "/home/state/" + std::to_string(server);
      all.push_back(std::async(std::launch::async, [path, started] {
        started.wait();
        return open_data_folder(path, "a server").has_value();
      }));
    }
    start.set_value();
    for (std::future<bool>& one : all) opened += one.get() ? 1 : 0;
  }
  EXPECT_EQ(opened, 20 * servers);
}

TEST(DataFolderTest, IsArchivedWholeUnderANameOfItsOwnAndFreeForANewOne) {
  const ScratchFolder scratch;
  const std::string path = scratch.path() + "/data";
  const LogTime now{1'769'852'705'999};  // 2026-01-31T09:45:05Z.
  for (const char* name : {"first", "second"}) {
    auto folder = open_data_folder(path, "a").value();
    EXPECT_FALSE(std::filesystem::exists(path + "/log")) << "new after it was archived";
    std::ofstream(path + "/log") << name;
    std::ofstream(path + "/fence") << "x";
    const std::string archived = archive_data_folder(std::move(folder), now).value();
    EXPECT_EQ(archived,
              path + ".archived-20260131-094505" + (std::string(name) == "first" ? "" : "-2"));
    std::string kept;
    std::ifstream(archived + "/log") >> kept;
    EXPECT_EQ(kept, name);
    EXPECT_TRUE(std::filesystem::exists(archived + "/fence"));
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(FolderLock::take(archived, "b").has_value());  // It was given back.
  }
}

TEST(DataFolderTest, AnArchivedFolderIsLeftAsItWasWhenItCannotBeMoved) {
  const ScratchFolder scratch;
  const std::string path = scratch.path() + "/data";
  auto folder = open_data_folder(path, "a").value();
  std::filesystem::remove_all(path);
  EXPECT_EQ(archive_data_folder(std::move(folder), {}).error().code, ErrorCode::not_found);
}

TEST(FolderLockTest, IsNotThatOfAFolderMovedAway) {
  const ScratchFolder scratch;
  const std::string path = scratch.path() + "/data";
  auto folder = open_data_folder(path, "a").value();
  std::filesystem::rename(path, path + ".moved");
  // The former holder still has its lock, but on the folder that moved.
  EXPECT_TRUE(open_data_folder(path, "b").has_value());
  EXPECT_FALSE(FolderLock::take(path + ".moved", "c").has_value());
}

TEST(DataFolderTest, AFileIsNoFolder) {
  const ScratchFolder scratch;
  const std::string path = scratch.path() + "/file";
  std::ofstream(path) << "x";
  EXPECT_EQ(open_data_folder(path, "a").error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(open_data_folder(path + "/b", "a").error().code, ErrorCode::failed_precondition);
}

TEST(DataFolderTest, KeepsItsIdentityAndRefusesAnotherGroup) {
  const ScratchFolder scratch;
  RealFiles files;
  Identity identity{.server = {Uuid::make_v7({}, 1, 2)},
                    .group_name = "plant",
                    .group = std::nullopt,
                    .number = std::nullopt,
                    .name = "a",
                    .branch = {}};
  {
    const auto opened = LogStore::open(files, scratch.path(), small_options());
    ASSERT_EQ(bootstrap_identity(*opened->store, opened->recovered, identity).value(), identity);
  }
  const auto opened = LogStore::open(files, scratch.path(), small_options());
  Identity fresh = identity;
  fresh.server = {Uuid::make_v7({}, 3, 4)};
  EXPECT_EQ(bootstrap_identity(*opened->store, opened->recovered, fresh).value(), identity);
  fresh.group_name = "office";
  EXPECT_EQ(bootstrap_identity(*opened->store, opened->recovered, fresh).error().code,
            ErrorCode::failed_precondition);
}

}  // namespace
}  // namespace muster::storage
