// Unit tests of what options take and refuse.
#include "cli/options.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fstream>
#include <map>

#include "cli/client_options.h"

namespace muster::cli::options_test {
namespace {

using namespace std::chrono_literals;

class ParsedOptionsTest : public testing::Test {
 protected:
  /// What the parser says, or nothing when all is well.
  std::string parse(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);
    try {
      app_.parse(arguments);
      return {};
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
  }

  CLI::App app_;
};

TEST_F(ParsedOptionsTest, TagsAreKeysAndValues) {
  std::map<std::string, std::string> tags;
  add_tags(app_, tags, "help");
  EXPECT_EQ(parse({"--tag", "crew=2", "--tag", "shift=a=b"}), "");
  EXPECT_EQ(tags, (std::map<std::string, std::string>{{"crew", "2"}, {"shift", "a=b"}}));
  EXPECT_EQ(parse({"--tag", "crew"}),
            "--tag: 'crew' is no KEY=VALUE: write for instance --tag rack=7");
  EXPECT_EQ(parse({"--tag", "=2"}), "--tag: '=2' is no KEY=VALUE: write for instance --tag rack=7");
  EXPECT_EQ(parse({"--tag", "#=2"}),
            "--tag: '#=2' is no KEY=VALUE: write for instance --tag rack=7");
}

TEST_F(ParsedOptionsTest, ASlipInADurationIsRefusedWithTheRemedy) {
  Duration value{3s};
  add_duration(app_, "--discovery-timeout", value, "help", {.plausible = 100ms});
  EXPECT_EQ(parse({"--discovery-timeout", "3"}), "--discovery-timeout 3 is 3 ms: write 3s");
  EXPECT_EQ(parse({"--discovery-timeout", "3ms"}), "");
  EXPECT_EQ(value, 3ms);
  EXPECT_EQ(parse({"--discovery-timeout", "0s"}),
            "--discovery-timeout 0s is too short: at least 1ms");
}

TEST_F(ParsedOptionsTest, AddressesAreRepeatedOrSeparatedByCommas) {
  std::vector<std::string> values;
  add_addresses(app_, "--seeds", values, "help");
  EXPECT_EQ(parse({"--seeds", "a:1,b:2", "--seeds", "[::1]:3"}), "");
  EXPECT_EQ(values, (std::vector<std::string>{"a:1", "b:2", "[::1]:3"}));
  EXPECT_NE(parse({"--seeds", "a:1,b"}).find("HOST:PORT"), std::string::npos);
}

TEST_F(ParsedOptionsTest, NumbersThatAreNoneAreRefusedWithTheRemedy) {
  std::optional<std::uint64_t> from;
  std::uint16_t port = 0;
  app_.add_option("--from", from)->check(whole_number());
  app_.add_option("--port", port)->check(port_number());
  for (const char* const wrong : {"-1", "1.5", "abc", ""}) {
    EXPECT_EQ(parse({"--from", wrong}),
              "--from: '" + std::string(wrong) + "' is no whole number: write digits");
  }
  EXPECT_EQ(parse({"--from", "18446744073709551615"}), "");
  EXPECT_EQ(from, UINT64_MAX);
  for (const char* const wrong : {"-1", "65536", "123456", "abc"}) {
    EXPECT_EQ(parse({"--port", wrong}),
              "--port: '" + std::string(wrong) + "' is no port: write a number from 0 to 65535");
  }
  EXPECT_EQ(parse({"--port", "65535"}), "");
  EXPECT_EQ(port, 65'535);
}

TEST_F(ParsedOptionsTest, TagsAreRepeatedAndHaveAKey) {
  std::map<std::string, std::string> tags;
  add_tags(app_, tags, "help");
  EXPECT_EQ(parse({"--tag", "rack=7", "--tag", "note=", "--tag", "sum=1+1=2"}), "");
  EXPECT_EQ(tags,
            (std::map<std::string, std::string>{{"note", ""}, {"rack", "7"}, {"sum", "1+1=2"}}));
  EXPECT_EQ(parse({"--tag", "rack"}),
            "--tag: 'rack' is no KEY=VALUE: write for instance --tag rack=7");
  EXPECT_NE(parse({"--tag", "=7"}), "");
}

TEST_F(ParsedOptionsTest, AGroupWithoutANameIsNone) {
  ClientOptions options;
  add_client_options(app_, options);
  EXPECT_EQ(parse({"--group", ""}),
            "--group: a name must not be empty; choose another, one of `muster discover`; without "
            "--group it is default");
  EXPECT_FALSE(options.group_given);
  EXPECT_EQ(parse({"--group", "mine", "--key", "k"}), "");
  EXPECT_EQ(options.group, "mine");
  EXPECT_EQ(options.key, "k");
}

TEST_F(ParsedOptionsTest, LogLevelIsTakenInAnyCaseUnderBothNames) {
  std::string level = "info";
  add_log_level(app_, level);
  EXPECT_EQ(parse({"--log-level", "DEBUG"}), "");
  EXPECT_EQ(level, "debug");
  EXPECT_EQ(parse({"--logging-level=Warning"}), "");
  EXPECT_EQ(level, "warning");
  EXPECT_NE(parse({"--log-level", "loud"}), "");
}

TEST(OptionsTest, AnEmptyValueDoesNotTakeTheNextArgument) {
  const char* arguments[] = {"muster", "members", "--group=", "--json"};
  EXPECT_EQ(with_dashes(4, arguments),
            (std::vector<std::string>{"members", "--group", "", "--json"}));
}

TEST(OptionsTest, UnderscoresOfLongOptionsBecomeDashesAndValuesStay) {
  const char* arguments[] = {"muster",      "serve_x", "--tcp_port", "1_2",  "--data=a_b",
                             "--log_level", "a_b",     "--",         "--x_y"};
  EXPECT_EQ(with_dashes(9, arguments),
            (std::vector<std::string>{"serve_x", "--tcp-port", "1_2", "--data=a_b", "--log-level",
                                      "a_b", "--", "--x_y"}));
}

}  // namespace
}  // namespace muster::cli::options_test
