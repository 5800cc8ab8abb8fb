// What operators may have done to lots by name.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "auction/testing.h"

namespace muster::auction::operators_test {
namespace {

using namespace std::chrono_literals;

class OperatorsTest : public testing::Test {
 protected:
  /// What becomes of it, as the leader has it done.
  Result<std::string> done(const std::string& name, const std::vector<std::string>& arguments) {
    const auto payload = here_.auction.operator_command(name, arguments, std::to_string(++key_));
    if (!payload) return payload.error();
    here_.command(*payload, true);
    return here_.auction.operator_outcome(encode(here_.told.receipt));
  }

  Saleroom here_;
  const LotId lot_ = here_.open(Saleroom::english());
  int key_{0};
};

TEST_F(OperatorsTest, ALotIsPausedAndGoesOnWithTheTimeItHadLeft) {
  const LogTime closes_at = here_.view(lot_).status.closes_at;
  here_.wait(10s);
  EXPECT_EQ(done("auction.pause", {to_text(lot_)}).value(), "lot " + to_text(lot_) + " is PAUSED");
  EXPECT_EQ(here_.bid(lot_, "ann", 1'000), "PAUSED");
  here_.wait(25s);
  EXPECT_EQ(done("auction.resume", {to_text(lot_)}).value(), "lot " + to_text(lot_) + " is OPEN");
  EXPECT_EQ(here_.view(lot_).status.closes_at, closes_at + 25s);
}

TEST_F(OperatorsTest, ALotIsExtended) {
  const LogTime closes_at = here_.view(lot_).status.closes_at;
  EXPECT_EQ(done("auction.extend", {to_text(lot_), "90s"}).value(),
            "lot " + to_text(lot_) + " is OPEN");
  EXPECT_EQ(here_.view(lot_).status.closes_at, closes_at + 90s);
}

TEST_F(OperatorsTest, WhatCannotBeIsRefusedBeforeItIsLogged) {
  const auto code = [&](const char* name, const std::vector<std::string>& arguments) {
    const auto payload = here_.auction.operator_command(name, arguments, "key");
    return payload ? ErrorCode::internal : payload.error().code;
  };
  EXPECT_EQ(code("auction.pause", {"x"}), ErrorCode::invalid_argument);
  for (const char* by : {"", "-5s", "0s", "9000h", "soon"}) {
    EXPECT_EQ(code("auction.extend", {to_text(lot_), by}), ErrorCode::invalid_argument) << by;
  }
}

TEST_F(OperatorsTest, WhatTheStateForbidsIsToldAsAnError) {
  const auto resumed = done("auction.resume", {to_text(lot_)});
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, ErrorCode::failed_precondition);
  EXPECT_EQ(done("auction.pause", {"99.9"}).error().code, ErrorCode::not_found);
}

TEST_F(OperatorsTest, NoTwoCommandsAreTheSame) {
  const std::vector<std::string> lot{to_text(lot_)};
  EXPECT_NE(here_.auction.operator_command("auction.pause", lot, "1").value(),
            here_.auction.operator_command("auction.pause", lot, "2").value());
}

}  // namespace
}  // namespace muster::auction::operators_test
