// The view of the demo, line by line. The whole of it is compared with the picture that opens the
// README; MUSTER_REWRITE_PICTURES=1 writes that anew.
#include "cli/demo_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace muster::cli::demo_view_test {
namespace {

using namespace std::chrono_literals;

const std::filesystem::path picture{"docs/pictures/demo.ansi"};

/// A moment of a real run, as it was recorded: the leader has been killed, and restarted.
DemoModel moment() {
  DemoModel model;
  model.group = "demo-f7c8";
  model.folder = "/tmp/muster_demo_6bNCax";
  model.elapsed = 9'300ms;
  model.servers = {
      {.name = "a",
       .address = "127.0.0.1:56891",
       .role = "STANDBY",
       .state = "ALIVE",
       .applied = 4'235,
       .clients = 2},
      {.name = "b",
       .address = "127.0.0.1:59207",
       .leads = true,
       .role = "LEADER",
       .state = "ALIVE",
       .applied = 4'235,
       .clients = 3},
      {.name = "c",
       .address = "127.0.0.1:55899",
       .role = "VOTER",
       .state = "ALIVE",
       .applied = 4'235,
       .clients = 2},
      {.name = "d",
       .address = "127.0.0.1:39189",
       .process = DemoProcess::killed,
       .role = "VOTER",
       .state = "SUSPECT",
       .applied = 3'902},
  };
  model.term = 6;
  model.commit_index = 4'235;
  model.per_second = 1'000;
  model.counters = {.acknowledged = 9'247};
  model.checked_at = 9'100ms;
  const auto happened = [&](const char* when, const char* text, bool loud = false) {
    model.happened({.when = when, .who = {}, .text = text, .loud = loud});
  };
  happened("0:02", "kill -9 of the leader, b");
  happened("0:02",
           "leader b killed: next acknowledgement after 18 ms; 2,520 acknowledged, 0 lost, 0 twice",
           true);
  happened("0:02", "election: c leads, term 3 (lost:b)");
  happened("0:03", "b is started again");
  happened("0:05", "d joined as number 4 (127.0.0.1:39189)");
  happened("0:07", "election: d leads, term 5 (rank:d)");
  happened("0:08",
           "leader d killed: next acknowledgement after 14 ms; 8,712 acknowledged, 0 lost, 0 twice",
           true);
  happened("0:08", "election: b leads, term 6 (lost:d)");
  const auto say = [&](const char* when, const char* who, const char* text) {
    model.say({.when = when, .who = who, .text = text});
  };
  say("911.0", "ben",
      "it is. Whatever we say is on the disks of two servers before anybody sees it");
  say("1437.0", "cleo", "did anybody notice that? b was killed");
  say("2017.0", "ann", "which server are you on?");
  say("2630.0", "ben", "no idea. Does it matter?");
  say("3252.0", "cleo", "not until mine dies, and then not either");
  say("3814.4", "ann", "who leads?");
  return model;
}

std::string plain(const StyledLine& line) {
  return terminal_text(line, false);
}

std::vector<std::string> plain(const std::vector<StyledLine>& lines) {
  std::vector<std::string> texts;
  for (const StyledLine& line : lines) texts.push_back(plain(line));
  return texts;
}

bool contains(const std::vector<std::string>& lines, const std::string& text) {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

TEST(DemoViewTest, IsThePictureOfTheReadme) {
  std::string actual;
  for (const StyledLine& line : render(moment(), {.columns = 100, .rows = 28}, true)) {
    actual += terminal_text(line, true) + "\n";
  }
  if (std::getenv("MUSTER_REWRITE_PICTURES") != nullptr) std::ofstream(picture) << actual;
  std::ifstream file(picture);
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str())
      << "MUSTER_REWRITE_PICTURES=1 writes it anew; then tools/pictures";
}

TEST(DemoViewTest, CrownsTheLeaderAndSaysWhatBecameOfTheOthers) {
  const auto lines = plain(render(moment(), {.columns = 100, .rows = 28}, false));
  EXPECT_EQ(lines[2],
            "    a  STANDBY  running  ALIVE    127.0.0.1:56891  applied     4,235   2 clients");
  EXPECT_EQ(lines[3],
            "  * b  LEADER   running  ALIVE    127.0.0.1:59207  applied     4,235   3 clients");
  EXPECT_EQ(lines[5], "    d  VOTER    killed   SUSPECT  127.0.0.1:39189  ");
  EXPECT_EQ(lines[7], " term 6, committed up to entry 4,235, 1,000 writes/s");
  EXPECT_EQ(lines[8],
            " acknowledged 9,247       lost 0     twice 0     compared with the group 0.2 s ago");
}

TEST(DemoViewTest, SaysWhyNothingCanBeWritten) {
  DemoModel model = moment();
  model.trouble = "2 of 3 voters needed, 1 reachable: b does not answer";
  const auto lines = plain(render(model, {.columns = 120, .rows = 28}, false));
  EXPECT_EQ(lines[7],
            " term 6, committed up to entry 4,235  waiting: 2 of 3 voters needed, 1 reachable: b "
            "does not answer");
}

TEST(DemoViewTest, FitsAnyWindow) {
  for (std::size_t rows = 0; rows <= 40; ++rows) {
    for (const std::size_t columns : {0U, 1U, 10U, 39U, 80U, 200U}) {
      const auto lines = plain(render(moment(), {.columns = columns, .rows = rows}, false));
      ASSERT_LE(lines.size(), rows);
      for (const std::string& line : lines) ASSERT_LE(line.size(), columns);
    }
  }
}

TEST(DemoViewTest, KeepsTheNewestAndTheKeysInASmallWindow) {
  const auto lines = plain(render(moment(), {.columns = 100, .rows = 18}, false));
  EXPECT_EQ(lines.size(), 18U);
  EXPECT_TRUE(contains(lines, "election: b leads, term 6"));
  EXPECT_TRUE(contains(lines, "who leads?"));
  EXPECT_FALSE(contains(lines, "kill -9 of the leader, b"));
  EXPECT_TRUE(lines.back().find("kill the leader") != std::string::npos);
}

TEST(DemoViewTest, CutsBetweenCharactersNotBytes) {
  DemoModel model = moment();
  model.servers[1].leads = true;
  const auto lines = plain(render(model, {.columns = 3, .rows = 28}, true));
  EXPECT_EQ(lines[3], "  ♛");
}

TEST(DemoViewTest, WithoutColourThereIsNoEscape) {
  for (const std::string& line : plain(render(moment(), {.columns = 100, .rows = 28}, true))) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
  EXPECT_EQ(terminal_text({{Style::strong, "x"}, {Style::plain, "y"}}, true), "\x1b[1mx\x1b[0my");
}

}  // namespace
}  // namespace muster::cli::demo_view_test
