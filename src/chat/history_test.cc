// What is kept of rooms and between people, and how it is asked for.
#include <gtest/gtest.h>

#include "chat/chat.h"
#include "chat/testing.h"

namespace muster::chat {
namespace {

using namespace std::chrono_literals;

Texts texts_of(const History& history) {
  Texts texts;
  for (const Line& line : history.lines) texts.push_back(line.text);
  return texts;
}

TEST(ChatHistoryTest, HasAllThatHappenedInARoomAndTellsWhatWasSaidUnlessAllIsAskedFor) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.command(1, Join{"lobby"});
  here.command(2, Join{"lobby"});
  here.command(1, SetModes{"lobby", {{'n', true}}});
  here.command(1, Say{"lobby", "hello", Manner::message, "", "+a=b"});
  here.command(1, Say{"lobby", "waves", Manner::action});
  here.command(1, Say{"lobby", "beware", Manner::notice});
  here.command(1, Say{.room = "lobby", .text = "", .manner = Manner::tags, .tags = "+a"});
  here.command(1, Say{.room = "lobby", .text = "", .manner = Manner::tags, .tags = "+typing=done"});
  here.command(1, SetTopic{"lobby", "cats"});
  here.command(1, SetAway{"lunch"});
  here.command(1, SetRealName{"Ann"});
  here.command(1, Nick{"zoe"});
  here.command(1, Kick{"lobby", "bob", "spam"});
  here.command(2, Join{"lobby"});
  here.command(2, Leave{"lobby", "bye"});
  here.command(2, Join{"lobby"});
  here.end(2);
  EXPECT_EQ(here.kept("lobby"),
            (Texts{"JOIN ann", "JOIN bob", "MODE ann: +n", "MESSAGE ann: hello",
                   "ACTION ann: waves", "NOTICE ann: beware", "TAGS ann", "TOPIC ann: cats",
                   "NICK ann: zoe", "KICK zoe>bob: spam", "JOIN bob", "LEAVE bob: bye", "JOIN bob",
                   "QUIT bob: Connection lost"}));
  const Texts messages{"hello", "waves", "beware"};  // A topic is none.
  EXPECT_EQ(texts_of(here.history({.room_or_person = "LOBBY", .lines = 100})), messages);
  EXPECT_EQ(here.said("lobby"), (Texts{"ann: hello", "ann: waves", "ann: beware", "ann: cats"}));
  EXPECT_EQ(here.rooms(), Texts{"lobby 1 4"});
  const Line first =
      here.history({.room_or_person = "lobby", .lines = 1, .newest = false}).lines[0];
  EXPECT_EQ(first.tags, "+a=b");
  EXPECT_EQ(first.user, "muster@muster");
  EXPECT_EQ(first.room, "lobby");
}

TEST(ChatHistoryTest, WhoJoinedIsKnownByItsFullName) {
  Parlour here;
  here.command(1, SignIn{.name = "ann", .inbox = Parlour::inbox(1), .real_name = "Ann Other"});
  here.command(1, Join{"lobby"});
  const Line joined = here.history({.room_or_person = "lobby", .lines = 1, .all = true}).lines[0];
  EXPECT_EQ(joined.real_name, "Ann Other");
  EXPECT_EQ(joined.text, "");
}

TEST(ChatHistoryTest, TheEndOfASessionIsKeptAtItsPlace) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.command(1, Join{"lobby"});
  here.command(2, Join{"lobby"});
  here.command(1, Say{"lobby", "x"});
  here.end(2);
  const Line gone = here.history({.room_or_person = "lobby", .lines = 1, .all = true}).lines[0];
  EXPECT_EQ(gone.kind, Kind::quit);
  EXPECT_EQ(gone.position, here.position);
}

TEST(ChatHistoryTest, OfDirectMessagesWhatIsOnlyTagsIsLeftOut) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.command(1, Direct{"bob", "x"});
  here.command(1, Direct{.to = "bob", .text = "", .manner = Manner::tags, .tags = "+a"});
  AskHistory query{.inbox = Parlour::inbox(2), .lines = 9};
  EXPECT_EQ(here.history(query).lines.size(), 1U);
  query.all = true;
  EXPECT_EQ(here.history(query).lines.size(), 2U);
}

/// Ten lines, `0` to `9`, one a second.
struct Tale : Parlour {
  Tale() {
    enter(1, "ann");
    enter(2, "bob");
    command(1, Join{"lobby"});
    for (int i = 0; i < 10; ++i) {
      time = time + 1s;
      command(1, Say{"lobby", std::to_string(i)});
      places.push_back(position);
      times.push_back(time);
    }
  }
  std::vector<Position> places;
  std::vector<LogTime> times;
};

TEST(ChatHistoryTest, BoundsAreNotPartOfWhatIsAskedFor) {
  const Tale here;
  const auto ask = [&](AskHistory query) {
    query.room_or_person = "lobby";
    if (query.lines == 0) query.lines = 100;
    return texts_of(here.history(query));
  };
  EXPECT_EQ(ask({.after = here.places[7]}), (Texts{"8", "9"}));
  EXPECT_EQ(ask({.before = here.places[2]}), (Texts{"0", "1"}));
  EXPECT_EQ(ask({.after = here.places[2], .before = here.places[5]}), (Texts{"3", "4"}));
  EXPECT_EQ(ask({.after_time = here.times[2], .before_time = here.times[5]}), (Texts{"3", "4"}));
  EXPECT_EQ(ask({.after = here.places[2], .lines = 2, .newest = false}), (Texts{"3", "4"}));
  EXPECT_EQ(ask({.after = here.places[2], .lines = 2}), (Texts{"8", "9"}));
  EXPECT_EQ(ask({.before = here.places[5], .lines = 2}), (Texts{"3", "4"}));
  EXPECT_EQ(ask({.before = here.places[5], .lines = 2, .newest = false}), (Texts{"0", "1"}));
  EXPECT_EQ(ask({.after = here.places[9]}), Texts{});
}

TEST(ChatHistoryTest, OfADirectMessageOnlyItsTwoPeopleKnow) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.enter(3, "carl");
  here.command(1, Direct{"bob", "to bob", Manner::notice, "", "+a"});
  here.command(3, Direct{"ann", "to ann"});
  here.command(1,
               Direct{.to = "bob", .text = "", .manner = Manner::tags, .tags = "+typing=active"});
  EXPECT_EQ(here.kept("", Parlour::inbox(1)),
            (Texts{"DIRECT ann>bob: to bob", "DIRECT carl>ann: to ann"}));
  EXPECT_EQ(here.kept("BOB", Parlour::inbox(1)), Texts{"DIRECT ann>bob: to bob"});
  EXPECT_EQ(here.kept("ann", Parlour::inbox(3)), Texts{"DIRECT carl>ann: to ann"});
  EXPECT_EQ(here.kept("bob", Parlour::inbox(3)), Texts{});
  EXPECT_EQ(here.kept("bob", "inboxofnobodyatall"), Texts{});
  EXPECT_EQ(here.kept("bob"), Texts{});
  const Line line = here.history({.inbox = Parlour::inbox(2), .lines = 1}).lines[0];
  EXPECT_EQ(line.manner, Manner::notice);
  EXPECT_EQ(line.tags, "+a");
  EXPECT_EQ(line.to, "bob");
}

TEST(ChatHistoryTest, AnAnswerThatWouldBeTooLongIsCutAtTheFarEnd) {
  Parlour here({.history_bytes_max = std::size_t{1} << 20U});
  here.enter(1, "ann");
  const std::string padding(4'000, 'x');
  here.command(1, Join{"lobby"});
  for (int i = 0; i < 200; ++i) here.command(1, Say{"lobby", std::to_string(i) + padding});
  const History newest = here.history({.room_or_person = "lobby", .lines = 1'000});
  EXPECT_FALSE(newest.complete);
  EXPECT_EQ(newest.lines.back().text, "199" + padding);
  const History oldest = here.history({.room_or_person = "lobby", .lines = 1'000, .newest = false});
  EXPECT_FALSE(oldest.complete);
  EXPECT_EQ(oldest.lines.front().text, "0" + padding);
  EXPECT_EQ(oldest.lines.size(), newest.lines.size());
}

TEST(ChatHistoryTest, OfAllRoomsTheLongestGivesWay) {
  Parlour here({.histories_bytes_max = 20'000});
  here.enter(1, "ann");
  const std::string text(1'000, 'x');
  here.command(1, Join{"small"});
  here.command(1, Join{"large"});
  for (int i = 0; i < 4; ++i) here.command(1, Say{"small", text});
  for (int i = 0; i < 100; ++i) here.command(1, Say{"large", text});
  EXPECT_EQ(here.said("small").size(), 4U);
  EXPECT_EQ(here.said("large").size(), 14U);  // 1,104 bytes each.
  for (int i = 0; i < 20; ++i) here.command(1, Say{"small", text});
  EXPECT_EQ(here.said("small").size() + here.said("large").size(), 18U);
  EXPECT_LE(here.said("small").size(), 9U);
}

TEST(ChatHistoryTest, ARoomWhoseHistoryGaveWayAltogetherGoes) {
  Parlour here({.histories_bytes_max = 3'000});
  here.enter(1, "ann");
  const auto say_and_go = [&](const std::string& room, std::size_t bytes) {
    here.command(1, Join{room});
    here.command(1, Say{room, std::string(bytes, 'x')});
    here.command(1, Leave{room});
  };
  say_and_go("one", 2'000);
  EXPECT_EQ(here.rooms(), Texts{"one 0 1"});
  say_and_go("two", 1'900);
  EXPECT_EQ(here.rooms(), Texts{"two 0 1"});
  here.command(1, Say{"two", std::string(4'000, 'x')});  // Too long for all of it.
  EXPECT_EQ(here.rooms(), Texts{});
}

TEST(ChatHistoryTest, AKeyIsFoundWhereverItIsKept) {
  Parlour here;
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  here.command(1, Say{"lobby", "first", Manner::message, "k"});
  const Position place = here.position;
  for (int i = 0; i < 600; ++i) here.command(1, Say{"lobby", "x"});
  EXPECT_EQ(here.command(1, Say{"lobby", "first", Manner::message, "k"}), "again ann");
  EXPECT_EQ(here.told.receipt.position, place);
}

}  // namespace
}  // namespace muster::chat
