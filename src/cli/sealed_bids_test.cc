#include "cli/sealed_bids.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace muster::cli::sealed_bids_test {
namespace {

class SealedBidsTest : public testing::Test {
 protected:
  SealedBidsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sealed-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~SealedBidsTest() override { std::filesystem::remove_all(root_); }

  std::string root_;
  const SealedBid bid_ = make_sealed_bid({{LogIndex{17}, 2}}, "ann", auction::Price{1'250});
};

TEST_F(SealedBidsTest, WhatIsKeptIsFoundByItsCommitmentAndIsForItsOwnerOnly) {
  SealedBids bids(root_ + "/sealed");
  ASSERT_TRUE(bids.keep(bid_));
  EXPECT_EQ(bids.find(bid_.commitment()).value(), bid_);
  struct stat info {};
  ASSERT_EQ(::stat(bids.path_of(bid_.commitment()).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((root_ + "/sealed").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_TRUE(bids.forget(bid_.commitment()));
  const auto gone = bids.find(bid_.commitment());
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  EXPECT_NE(gone.error().message.find(bids.path_of(bid_.commitment())), std::string::npos);
}

TEST_F(SealedBidsTest, NoTwoNoncesAreTheSame) {
  const SealedBid again = make_sealed_bid(bid_.lot, bid_.bidder, bid_.price);
  EXPECT_NE(again.nonce, bid_.nonce);
  EXPECT_NE(again.commitment(), bid_.commitment());
}

TEST_F(SealedBidsTest, AFileThatWasChangedIsNoBid) {
  const std::string text = bid_.text();
  EXPECT_EQ(parse_sealed_bid(text).value(), bid_);
  for (const std::string& bad : {std::string(), std::string("muster sealed bid 2\n"),
                                 text + "more\n", text.substr(0, text.size() - 2), "x" + text}) {
    const auto read = parse_sealed_bid(bad);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_argument);
  }
  SealedBids bids(root_ + "/sealed");
  ASSERT_TRUE(bids.keep(bid_));
  SealedBid other = bid_;
  other.price.minor += 1;
  std::ofstream(bids.path_of(bid_.commitment())) << other.text();
  const auto changed = bids.find(bid_.commitment());
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::cli::sealed_bids_test
