#include "edge/irc/message.h"

#include <gtest/gtest.h>

namespace muster::edge::irc::message_test {
namespace {

using Words = std::vector<std::string>;

Message parsed(std::string_view line) {
  return parse_message(line).value_or(Message{.command = "none"});
}

TEST(IrcMessageTest, HasACommandAndParameters) {
  EXPECT_EQ(parsed("privmsg #den :hello  there "),
            (Message{.command = "PRIVMSG", .params = {"#den", "hello  there "}}));
  EXPECT_EQ(parsed("  USER  a 0  * :Ann"),
            (Message{.command = "USER", .params = {"a", "0", "*", "Ann"}}));
  EXPECT_EQ(parsed("TOPIC #den :"), (Message{.command = "TOPIC", .params = {"#den", ""}}));
  EXPECT_EQ(parsed("QUIT"), (Message{.command = "QUIT"}));
  EXPECT_EQ(parsed("JOIN #a:b"), (Message{.command = "JOIN", .params = {"#a:b"}}));
  EXPECT_EQ(parsed(":ann!a@b PING :x y"), (Message{.command = "PING", .params = {"x y"}}));
  EXPECT_FALSE(parse_message("   "));
  EXPECT_FALSE(parse_message("@a=b"));
  EXPECT_FALSE(parse_message(":only.prefix"));
}

TEST(IrcMessageTest, HasTagsOfWhichTheLastOneCounts) {
  const Message message = parsed("@a=1;+b=x\\sy\\:\\\\;c;a=2;+d= TAGMSG #den");
  EXPECT_EQ(message.tags, (std::vector<Tag>{{"a", "2"}, {"+b", "x y;\\"}, {"c", ""}, {"+d", ""}}));
  EXPECT_EQ(message.client_tags(), "+b=x\\sy\\:\\\\;+d");
  EXPECT_EQ(message.tag("a"), "2");
  EXPECT_EQ(message.tag("b"), std::nullopt);
}

TEST(IrcMessageTest, EscapesTagsBothWays) {
  EXPECT_EQ(escape_tag("a; b\\\r\n"), "a\\:\\sb\\\\\\r\\n");
  EXPECT_EQ(unescape_tag("a\\:\\sb\\\\\\r\\n"), "a; b\\\r\n");
  EXPECT_EQ(unescape_tag("\\b\\"), "b");
}

TEST(IrcMessageTest, FormatsLinesNoLongerThanTheyMayBe) {
  EXPECT_EQ(format_line("a.b", "001 ann", {"x", "", "a b", ":c"}, "the end"),
            ":a.b 001 ann x * * * :the end");
  EXPECT_EQ(format_line("a.b", "PONG", {}), ":a.b PONG");
  EXPECT_EQ(format_line("a.b", "TOPIC", {}, ""), ":a.b TOPIC :");
  const std::string longest = format_line("a.b", "NOTICE", {"ann"}, std::string(600, 'x'));
  EXPECT_EQ(longest.size(), 510U);
  const std::string umlauts = format_line("a.b", "NOTICE", {"ann"}, [] {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "ä";
    return text;
  }());
  EXPECT_EQ(umlauts.size(), 509U);  // No half of a character.
}

TEST(IrcMessageTest, CutsAtTheEndOfACharacter) {
  EXPECT_EQ(front_of("abc", 3), "abc");
  EXPECT_EQ(front_of("abc", 2), "ab");
  EXPECT_EQ(front_of("aäb", 2), "a");
  EXPECT_EQ(front_of("äb", 1), "ä");
  EXPECT_EQ(front_of("", 1), "");
}

TEST(IrcMessageTest, SplitsListsAndMatchesMasks) {
  EXPECT_EQ(split_list("a,,b,c,"), (Words{"a", "b", "c"}));
  EXPECT_EQ(split_list(""), Words{});
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*C?", "abbbcd"));
  EXPECT_TRUE(matches("*b*b*", "abab"));
  EXPECT_FALSE(matches("a?c", "ac"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("*a", "ab"));
}

TEST(IrcMessageTest, PutsATagBeforeTheOthers) {
  EXPECT_EQ(with_tag("label=x", ":a PONG"), "@label=x :a PONG");
  EXPECT_EQ(with_tag("label=x", "@time=1 :a PONG"), "@label=x;time=1 :a PONG");
  EXPECT_EQ(with_tag("batch=1", "@batch=2 :a PONG"), "@batch=2 :a PONG");
}

}  // namespace
}  // namespace muster::edge::irc::message_test
