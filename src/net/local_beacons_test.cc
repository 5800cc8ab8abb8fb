// Files of living and dead servers, in temporary folders; a child process dies on purpose.
#include "net/local_beacons.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

namespace muster::net::local_beacons_test {
namespace {

namespace fs = std::filesystem;

class LocalBeaconsTest : public testing::Test {
 protected:
  LocalBeaconsTest() {
    std::string pattern = (fs::temp_directory_path() / "muster-beacons-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    folder_ = private_folder(root_, "here").value();
  }
  ~LocalBeaconsTest() override { fs::remove_all(root_); }

  LocalBeacon beacon(const std::string& name) const {
    return LocalBeacon::in(folder_, name).value();
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Bytes& bytes : read_local_beacons(folder_).value()) all.emplace_back(as_text(bytes));
    return all;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  void put_file(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + "/" + name) << content;
  }

  std::string root_;
  std::string folder_;
};

using Texts = std::vector<std::string>;

TEST_F(LocalBeaconsTest, WhatWasWrittenLastIsRead) {
  LocalBeacon a = beacon("aaaa");
  LocalBeacon b = beacon("bbbb");
  EXPECT_EQ(texts(), Texts{});
  ASSERT_TRUE(b.write(as_bytes("b is here")));
  ASSERT_TRUE(a.write(as_bytes("a is here, with a long text")));
  EXPECT_EQ(texts(), (Texts{"a is here, with a long text", "b is here"}));
  ASSERT_TRUE(a.write(as_bytes("a leads")));
  EXPECT_EQ(texts(), (Texts{"a leads", "b is here"}));
}

TEST_F(LocalBeaconsTest, FileGoesWithItsObject) {
  {
    LocalBeacon a = beacon("aaaa");
    ASSERT_TRUE(a.write(as_bytes("a")));
    LocalBeacon moved = std::move(a);
    EXPECT_EQ(texts(), Texts{"a"});
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(LocalBeaconsTest, FileOfAKilledProcessCountsForNothingAndIsRemoved) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    LocalBeacon dying = beacon("aaaa");
    const bool written = dying.write(as_bytes("soon dead")).has_value();
    static_cast<void>(::write(ready[1], written ? "y" : "n", 1));
    ::pause();
    ::_exit(0);
  }
  char written = 0;
  ASSERT_EQ(::read(ready[0], &written, 1), 1);
  ASSERT_EQ(written, 'y');
  EXPECT_EQ(texts(), Texts{"soon dead"});
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(texts(), Texts{});
  EXPECT_EQ(files(), 0U);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(LocalBeaconsTest, NextServerOfTheNameTakesTheFileOfADeadOne) {
  put_file("aaaa", "what a dead server left");
  LocalBeacon a = beacon("aaaa");
  ASSERT_TRUE(a.write(as_bytes("a again")));
  EXPECT_EQ(texts(), Texts{"a again"});
  EXPECT_EQ(files(), 1U);
}

TEST_F(LocalBeaconsTest, FileThatSomebodyRemovedIsMadeAnewAtTheNextWriting) {
  LocalBeacon a = beacon("aaaa");
  ASSERT_TRUE(a.write(as_bytes("one")));
  fs::remove(folder_ + "/aaaa");
  EXPECT_EQ(texts(), Texts{});
  ASSERT_TRUE(a.write(as_bytes("two")));
  EXPECT_EQ(texts(), Texts{"two"});
}

TEST_F(LocalBeaconsTest, DamagedAndForeignFilesArePassedOver) {
  LocalBeacon a = beacon("aaaa");
  ASSERT_TRUE(a.write(as_bytes("will be damaged")));
  LocalBeacon b = beacon("bbbb");
  ASSERT_TRUE(b.write(as_bytes("whole")));
  LocalBeacon c = beacon("cccc");
  ASSERT_TRUE(c.write(as_bytes("will be overwritten")));
  fs::resize_file(folder_ + "/aaaa", 12);
  std::fstream(folder_ + "/cccc", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(10)
      .put('X');
  put_file("junk", "nobody holds this");
  fs::create_symlink("/etc/hostname", folder_ + "/link");
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(texts(), Texts{"whole"});
  EXPECT_FALSE(fs::exists(folder_ + "/junk"));
  ASSERT_TRUE(a.write(as_bytes("whole too")));
  EXPECT_EQ(texts(), (Texts{"whole too", "whole"}));
}

TEST_F(LocalBeaconsTest, NoMoreFilesAreReadThanTheLimit) {
  std::vector<LocalBeacon> all;
  for (std::size_t i = 0; i < local_beacons_max + 3; ++i) {
    all.push_back(beacon("server-" + std::to_string(i)));
    ASSERT_TRUE(all.back().write(as_bytes("x")));
  }
  EXPECT_EQ(texts().size(), local_beacons_max);
}

TEST_F(LocalBeaconsTest, BeaconBeyondTheLimitIsRefused) {
  LocalBeacon a = beacon("aaaa");
  EXPECT_TRUE(a.write(Bytes(local_beacon_bytes_max)));
  const auto refused = a.write(Bytes(local_beacon_bytes_max + 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(a.write({}));
}

TEST_F(LocalBeaconsTest, NameThatIsNoFileNameIsRefused) {
  for (const char* name : {"", ".", "..", "a/b", "a.b", "a b"}) {
    EXPECT_FALSE(LocalBeacon::in(folder_, name)) << name;
  }
}

TEST_F(LocalBeaconsTest, FolderOfOthersIsRefusedWithARemedy) {
  fs::create_directory(root_ + "/open");
  fs::permissions(root_ + "/open", fs::perms::group_read, fs::perm_options::add);
  fs::create_symlink(folder_, root_ + "/link");
  put_file("file", "");
  fs::copy(folder_ + "/file", root_ + "/file");
  for (const char* leaf : {"open", "link", "file", "missing/folder"}) {
    const auto refused = private_folder(root_, leaf);
    ASSERT_FALSE(refused) << leaf;
    EXPECT_EQ(refused.error().code, ErrorCode::failed_precondition) << leaf;
    EXPECT_NE(refused.error().message.find("XDG_RUNTIME_DIR"), std::string::npos) << leaf;
  }
}

TEST_F(LocalBeaconsTest, FolderIsThatOfTheSessionOrOneBelowTheTemporaryOne) {
  using Variable = std::optional<std::string>;
  const auto get = [](const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? Variable{} : Variable{value};
  };
  const auto set = [](const char* name, const Variable& value) {
    value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
  };
  const Variable runtime = get("XDG_RUNTIME_DIR");
  const Variable temporary = get("TMPDIR");
  const std::string below_temporary = root_ + "/muster-" + std::to_string(::geteuid());
  set("TMPDIR", root_);
  set("XDG_RUNTIME_DIR", {});
  EXPECT_EQ(local_beacon_folder().value(), below_temporary);
  set("XDG_RUNTIME_DIR", root_ + "/missing");
  EXPECT_EQ(local_beacon_folder().value(), below_temporary);
  set("XDG_RUNTIME_DIR", root_);
  EXPECT_EQ(local_beacon_folder().value(), root_ + "/muster");
  set("XDG_RUNTIME_DIR", runtime);
  set("TMPDIR", temporary);
}

TEST_F(LocalBeaconsTest, ReaderMeetsOldOrNewButNeverAMixture) {
  LocalBeacon a = beacon("aaaa");
  const std::string old_text(900, 'o');
  const std::string new_text(1'900, 'n');
  ASSERT_TRUE(a.write(as_bytes(old_text)));
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      static_cast<void>(a.write(as_bytes(new_text)));
      static_cast<void>(a.write(as_bytes(old_text)));
    }
  });
  for (int round = 0; round < 2'000; ++round) {
    for (const std::string& text : texts()) EXPECT_TRUE(text == old_text || text == new_text);
  }
}

}  // namespace
}  // namespace muster::net::local_beacons_test
