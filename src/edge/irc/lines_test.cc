#include "edge/irc/lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::edge::irc::lines_test {
namespace {

using Texts = std::vector<std::string>;

/// The lines in these pieces; `!` for one that is too long.
Texts lines_of(const Texts& pieces) {
  LineReader reader;
  Texts lines;
  for (const std::string& piece : pieces) {
    reader.feed(as_bytes(piece));
    while (const auto line = reader.next()) lines.push_back(line->too_long ? "!" : line->text);
  }
  return lines;
}

TEST(IrcLinesTest, EndWithCrLfOrLfAloneInAnyPieces) {
  EXPECT_EQ(lines_of({"NICK a\r\nUSER b\n"}), (Texts{"NICK a", "USER b"}));
  EXPECT_EQ(lines_of({"NI", "CK a\r", "\nUS", "ER b\n"}), (Texts{"NICK a", "USER b"}));
  EXPECT_EQ(lines_of({"\r\n\n\r\r\nA\r\n"}), (Texts{"A"}));
  EXPECT_EQ(lines_of({"no end"}), Texts{});
}

TEST(IrcLinesTest, NulBytesAreDropped) {
  EXPECT_EQ(lines_of({std::string("A\0B\r\n", 5)}), (Texts{"AB"}));
  EXPECT_EQ(lines_of({"A\rB\r\n"}), (Texts{"AB"}));
}

TEST(IrcLinesTest, HaveTheLengthThatIrcAllows) {
  EXPECT_EQ(lines_of({std::string(510, 'x') + "\r\n"}), (Texts{std::string(510, 'x')}));
  EXPECT_EQ(lines_of({std::string(511, 'x') + "\r\nA\n"}), (Texts{"!", "A"}));
}

TEST(IrcLinesTest, TagsHaveALengthOfTheirOwn) {
  const std::string tags = "@" + std::string(4'094, 't') + " ";
  EXPECT_EQ(tags.size(), tags_bytes_max);
  EXPECT_EQ(lines_of({tags + std::string(510, 'x') + "\n"}), (Texts{tags + std::string(510, 'x')}));
  EXPECT_EQ(lines_of({tags + std::string(511, 'x') + "\n"}), (Texts{"!"}));
  EXPECT_EQ(lines_of({"@t" + tags.substr(1) + "A\n"}), (Texts{"!"}));
}

TEST(IrcLinesTest, OneWithoutAnEndIsToldOnceAndTakesNoMemory) {
  LineReader reader;
  int told = 0;
  for (int i = 0; i < 100; ++i) {
    reader.feed(as_bytes(std::string(1'000, 'x')));
    while (reader.next()) ++told;
    EXPECT_LE(reader.bytes(), line_bytes_max + tags_bytes_max);
  }
  EXPECT_EQ(told, 1);
  reader.feed(as_bytes("rest\nA\n"));
  EXPECT_EQ(reader.next()->text, "A");
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace muster::edge::irc::lines_test
