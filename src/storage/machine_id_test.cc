// Which folders count as lying on one machine.
#include "storage/machine_id.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace muster::storage {
namespace {

TEST(MachineIdTest, FileSystemsOverANetworkOrOfUnknownKindAreNotLocal) {
  EXPECT_TRUE(is_local_file_system(0xef53));
  EXPECT_TRUE(is_local_file_system(0x01021994));
  EXPECT_FALSE(is_local_file_system(0x6969));      // NFS
  EXPECT_FALSE(is_local_file_system(0xff534d42));  // CIFS
  EXPECT_FALSE(is_local_file_system(0xfe534d42));  // SMB2
  EXPECT_FALSE(is_local_file_system(0x65735546));  // FUSE
  EXPECT_FALSE(is_local_file_system(0x01021997));  // 9p
  EXPECT_FALSE(is_local_file_system(0x00c36400));  // Ceph
  EXPECT_FALSE(is_local_file_system(0));
}

TEST(MachineIdTest, FoldersOfOneFileSystemHaveOneIdAndNoOthers) {
  const std::string one = testing::TempDir() + "/machine_id_one";
  const std::string two = testing::TempDir() + "/machine_id_two";
  std::filesystem::create_directories(one);
  std::filesystem::create_directories(two);
  EXPECT_EQ(machine_id(one), machine_id(two));
  EXPECT_EQ(machine_id("/nowhere/at/all"), "");
  EXPECT_EQ(machine_id("/proc"), "");  // No file system for data.
  std::filesystem::remove(one);
  std::filesystem::remove(two);
}

}  // namespace
}  // namespace muster::storage
