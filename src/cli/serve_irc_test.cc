// Unit tests of what `muster serve` takes and refuses about IRC.
#include "cli/serve_irc.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <fstream>
#include <string_view>

#include "cli/serve_config.h"

namespace muster::cli::serve_irc_test {
namespace {

using Lines = std::vector<std::string>;

/// A file of its own for each test: they may run at the same time.
std::string file_with(std::string_view text) {
  std::string path = testing::TempDir() + "/motd_of_" +
                     testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  return path;
}
Lines lines_of(std::string_view text) {
  return read_motd(file_with(text)).value().lines;
}
/// What is said of the message, behind the name of its file.
std::string problem_with(std::string_view text) {
  const std::string path = file_with(text);
  const Result<Motd> motd = read_motd(path);
  EXPECT_FALSE(motd);
  EXPECT_EQ(motd.error().code, ErrorCode::invalid_argument);
  const std::string begin = "the message of the day in " + path + " ";
  EXPECT_TRUE(motd.error().message.starts_with(begin)) << motd.error().message;
  return motd.error().message.substr(begin.size());
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(MotdTest, LinesEndWithLfOrCrLfAndMayBeEmpty) {
  EXPECT_EQ(lines_of("Grüß Gott\r\n\n  be kind\n"), (Lines{"Grüß Gott", "", "  be kind"}));
  EXPECT_EQ(lines_of("no end"), Lines{"no end"});
  EXPECT_EQ(lines_of("\n"), Lines{""});
}

TEST(MotdTest, ALineThatDoesNotFitIsCutAtACharacterAndSaid) {
  const std::string fits(irc_text_bytes_max, 'x');
  EXPECT_EQ(lines_of(fits), Lines{fits});
  EXPECT_EQ(read_motd(file_with(fits)).value().warning, "");
  const std::string path = file_with("short\n" + fits + "y\n" + fits.substr(1) + "ü\n");
  const Motd motd = read_motd(path).value();
  EXPECT_EQ(motd.lines, (Lines{"short", fits, fits.substr(1)}));
  EXPECT_EQ(
      motd.warning,
      "lines of " + path + " are cut to 300 bytes, as more does not fit into a line of IRC: 2, 3");
}

TEST(MotdTest, AHundredLinesAreTheMost) {
  EXPECT_EQ(lines_of(repeated("line\n", 100)), Lines(100, "line"));
  EXPECT_EQ(problem_with(repeated("line\n", 101)), "has more than 100 lines: shorten it");
  EXPECT_EQ(problem_with(repeated("line\n", 100) + "x"), "has more than 100 lines: shorten it");
  EXPECT_EQ(lines_of(std::string(64 * 1024, 'x')), Lines{std::string(300, 'x')});
  EXPECT_EQ(problem_with(std::string(64 * 1024 + 1, 'x')), "has more than 65536 bytes: shorten it");
}

TEST(MotdTest, WhatNoClientCouldReadIsRefusedWithItsLine) {
  EXPECT_EQ(problem_with("fine\nGr\xfc\xdf Gott\n"),
            "can't be told: line 2 is not UTF-8: convert it, for instance with iconv");
  EXPECT_EQ(problem_with(std::string_view("a\0b", 3)),
            "can't be told: line 1 has a NUL or the end of a line within: take it out");
  EXPECT_EQ(problem_with("\n\na\rb\r\n"),
            "can't be told: line 3 has a NUL or the end of a line within: take it out");
  EXPECT_EQ(problem_with(""), "is empty: fill it, or leave --irc-motd out");
}

TEST(MotdTest, AFileThatCanNotBeReadIsRefusedWithTheReason) {
  const Result<Motd> missing = read_motd("/nowhere/at/all");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_EQ(missing.error().message,
            "the message of the day /nowhere/at/all can't be read: No such file or directory; give "
            "--irc-motd a file that this user may read");
  const Result<Motd> folder = read_motd(testing::TempDir());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::permission_denied);
}

class IrcOptionsTest : public testing::Test {
 protected:
  IrcOptionsTest() { add_irc_options(app_, server_, motd_file_); }

  /// What the parser says, or nothing when all is well.
  std::string parse(Lines arguments) {
    std::ranges::reverse(arguments);
    try {
      app_.parse(arguments);
      return {};
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
  }

  CLI::App app_;
  server::Options server_;
  std::string motd_file_;
};

TEST_F(IrcOptionsTest, PlaceOrganisationAndAddressComeInTheirOrder) {
  EXPECT_EQ(
      parse({"--irc-admin", "Köln, cellar", "--irc-admin", "", "--irc-admin", "ops@a.example"}),
      "");
  EXPECT_EQ(server_.irc.admin, (Lines{"Köln, cellar", "", "ops@a.example"}));
  EXPECT_EQ(parse({"--irc-admin=one only"}), "");
  EXPECT_EQ(server_.irc.admin, Lines{"one only"});
}

TEST_F(IrcOptionsTest, WhatIrcHasNoRoomForIsRefused) {
  EXPECT_EQ(
      parse({"--irc-admin", "a", "--irc-admin", "b", "--irc-admin", "c", "--irc-admin", "d"}),
      "--irc-admin: is given 4 times: IRC has 3 lines for it, place, organisation and address");
  EXPECT_EQ(parse({"--irc-admin", "a", "--irc-admin", "b\nQUIT"}),
            "--irc-admin: one has a NUL or the end of a line within: take it out");
  EXPECT_EQ(parse({"--irc-admin", "\xff"}),
            "--irc-admin: one is not UTF-8: convert it, for instance with iconv");
  EXPECT_EQ(parse({"--irc-admin", std::string(301, 'x')}),
            "--irc-admin: one has 301 bytes: shorten it to 300");
  EXPECT_EQ(server_.irc.admin, Lines{});
  EXPECT_EQ(parse({"--irc-admin", std::string(300, 'x')}), "");
  EXPECT_EQ(server_.irc.admin, Lines{std::string(300, 'x')});
}

TEST_F(IrcOptionsTest, AFileOfOptionsMayNameThemToo) {
  apply_config(app_, file_with("irc-port = 6667\nirc-open = true\nirc_motd = \"motd.txt\"\n"
                               "irc-admin = [\"here\", \"us\"]\n"));
  EXPECT_EQ(server_.irc_port, 6667);
  EXPECT_TRUE(server_.irc_open);
  EXPECT_EQ(motd_file_, "motd.txt");
  EXPECT_EQ(server_.irc.admin, (Lines{"here", "us"}));
}

TEST_F(IrcOptionsTest, AFileOfOptionsIsHeldToTheSameLimits) {
  const std::string path = file_with("irc-admin = [\"a\", \"b\", \"c\", \"d\"]\n");
  EXPECT_THROW(apply_config(app_, path), CLI::ValidationError);
  EXPECT_EQ(server_.irc.admin, Lines{});
}

TEST_F(IrcOptionsTest, OtherMachinesAreLetInByItsOwnFlagOnly) {
  EXPECT_EQ(parse({"--irc-port", "6667"}), "");
  EXPECT_FALSE(server_.irc_open);
  EXPECT_EQ(parse({"--irc-open"}), "");
  EXPECT_TRUE(server_.irc_open);
}

TEST_F(IrcOptionsTest, APortOfZeroIsNoIrc) {
  EXPECT_EQ(parse({"--irc-port", "6667"}), "");
  EXPECT_EQ(server_.irc_port, 6667);
  EXPECT_EQ(parse({"--irc-port", "0"}), "");
  EXPECT_EQ(server_.irc_port, std::nullopt);
}

}  // namespace
}  // namespace muster::cli::serve_irc_test
