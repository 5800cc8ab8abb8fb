#include "cli/verification.h"

#include <gtest/gtest.h>

#include <fstream>

namespace muster::cli::verification_test {
namespace {

Acknowledged told(std::uint64_t count, std::uint32_t chain, std::uint64_t unknown = 0) {
  return {.session = {}, .tally = {.count = count, .chain = chain}, .unknown = unknown};
}

Verdict compared(const Acknowledged& session, const echo::Tally& found) {
  Verdict verdict;
  compare(session, found, verdict);
  return verdict;
}

TEST(VerificationTest, EqualTalliesAreWell) {
  EXPECT_EQ(compared(told(5, 77), {.count = 5, .chain = 77}), Verdict{});
  EXPECT_TRUE(compared(told(5, 77), {.count = 5, .chain = 77}).well());
}

TEST(VerificationTest, CountsWhatIsMissingAndWhatIsTooMuch) {
  EXPECT_EQ(compared(told(5, 77), {.count = 3, .chain = 1}), (Verdict{.lost = 2}));
  EXPECT_EQ(compared(told(5, 77), {.count = 9, .chain = 1}), (Verdict{.twice = 4}));
  EXPECT_EQ(compared(told(5, 77), {.count = 5, .chain = 1}), (Verdict{.different = 1}));
}

TEST(VerificationTest, UnknownOutcomesMayHaveTakenEffectOrNot) {
  EXPECT_TRUE(compared(told(5, 77, 2), {.count = 5, .chain = 1}).well());
  EXPECT_TRUE(compared(told(5, 77, 2), {.count = 7, .chain = 1}).well());
  EXPECT_EQ(compared(told(5, 77, 2), {.count = 8, .chain = 1}), (Verdict{.twice = 1}));
  EXPECT_EQ(compared(told(5, 77, 2), {.count = 4, .chain = 1}), (Verdict{.lost = 1}));
}

TEST(VerificationTest, KeptSessionsAreReadBackAsTheyWereWritten) {
  const std::string path = testing::TempDir() + "/kept_sessions";
  const SessionId session{*Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057")};
  const std::vector<KeptSession> sessions{
      {.told = {.session = session, .tally = {.count = 9, .chain = 4'000'000'000}, .unknown = 1},
       .index = {12}}};
  ASSERT_TRUE(write_kept(path, sessions));
  EXPECT_EQ(read_kept(path).value(), sessions);
}

TEST(VerificationTest, AFileThatIsNoneOfOursIsRefusedWithItsLine) {
  const std::string path = testing::TempDir() + "/no_kept_sessions";
  const std::string line = "01890a5d-ac96-774b-bcce-b302099a8057 9 4 1 12";
  for (const std::string& bad : {std::string("hello"), line + " 7", line + "x",
                                 std::string("01890a5d-ac96-774b-bcce-b302099a8057 -9 4 1 12")}) {
    std::ofstream(path) << line << '\n' << bad << '\n';
    const auto read = read_kept(path);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(read.error().message.starts_with("line 2 of ")) << read.error().message;
  }
  EXPECT_EQ(read_kept(path + "_missing").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace muster::cli::verification_test
