#include "edge/irc/modes.h"

#include <gtest/gtest.h>

namespace muster::edge::irc::modes_test {
namespace {

using Changes = std::vector<chat::ModeChange>;

TEST(IrcModesTest, ReadsChangesWithTheirArguments) {
  EXPECT_EQ(
      parse_room_modes({"+ov-k+l", "ann", "bob", "secret", "20"}).changes,
      (Changes{{'o', true, "ann"}, {'v', true, "bob"}, {'k', false, "secret"}, {'l', true, "20"}}));
  EXPECT_EQ(parse_room_modes({"nt-i"}).changes,
            (Changes{{'n', true, ""}, {'t', true, ""}, {'i', false, ""}}));
  EXPECT_EQ(parse_room_modes({"-lk"}).changes, (Changes{{'l', false, ""}, {'k', false, "*"}}));
  EXPECT_EQ(parse_room_modes({"+b-e", "*!*@x", "bob"}).changes,
            (Changes{{'b', true, "*!*@x"}, {'e', false, "bob"}}));
  EXPECT_EQ(parse_room_modes({}), RoomModes{});
}

TEST(IrcModesTest, TellsListsFromChangesAndSaysWhatIsWrong) {
  const RoomModes modes = parse_room_modes({"bbeI+okxx"});
  EXPECT_EQ(modes.changes, Changes{});
  EXPECT_EQ(modes.lists, "beI");
  EXPECT_EQ(modes.lacking, "ok");
  EXPECT_EQ(modes.unknown, "x");
}

TEST(IrcModesTest, ReadsThoseOfAPerson) {
  EXPECT_EQ(parse_person_modes("+iw-B").changes,
            (Changes{{'i', true, ""}, {'w', true, ""}, {'B', false, ""}}));
  EXPECT_TRUE(parse_person_modes("+x").unknown);
  EXPECT_EQ(parse_person_modes("+o-o"), (PersonModes{.changes = {{.mode = 'o', .set = false}}}));
}

TEST(IrcModesTest, WritesRanksAndChanges) {
  EXPECT_EQ(prefixes_of("ov", false), "@");
  EXPECT_EQ(prefixes_of("vo", true), "@+");
  EXPECT_EQ(prefixes_of("", true), "");
  EXPECT_EQ(prefixes_of("qaohv", true), "~&@%+");
  EXPECT_EQ(to_text({{'o', true, "ann"}, {'n', true, ""}, {'v', false, "bob"}}), "+on-v ann bob");
}

}  // namespace
}  // namespace muster::edge::irc::modes_test
