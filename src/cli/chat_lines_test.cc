// What the chat shows to people and to scripts.
#include "cli/chat_lines.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <set>

namespace muster::cli::chat_lines_test {
namespace {

using chat::Kind;

class ChatLinesTest : public testing::Test {
 protected:
  ChatLinesTest() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  static chat::Line line(Kind kind, const std::string& text) {
    return {.position = {.index = {7}, .ordinal = 2},
            .time = {(10 * 3600 + 42 * 60) * 1'000LL + 5},
            .kind = kind,
            .room = "lobby",
            .from = "ann",
            .text = text};
  }
  static std::string shown(const chat::Line& line) {
    return chat_text(line, {.self = "bob", .room = "lobby"}, Colours(false));
  }
};

TEST_F(ChatLinesTest, EachKindOfLineReadsAsASentence) {
  EXPECT_EQ(shown(line(Kind::message, "hello")), "10:42 ann: hello");
  EXPECT_EQ(shown(line(Kind::action, "waves")), "10:42 * ann waves");
  EXPECT_EQ(shown(line(Kind::join, "")), "10:42 ann joined");
  EXPECT_EQ(shown(line(Kind::leave, "")), "10:42 ann left");
  EXPECT_EQ(shown(line(Kind::nick, "zoe")), "10:42 ann is now zoe");
  EXPECT_EQ(shown(line(Kind::topic, "cats")), "10:42 ann set the topic: cats");
  EXPECT_EQ(shown(line(Kind::topic, "")), "10:42 ann took the topic away");
  EXPECT_EQ(shown(line(Kind::notice, "hello")), "10:42 -ann- hello");
  EXPECT_EQ(shown(line(Kind::leave, "bye")), "10:42 ann left: bye");
  EXPECT_EQ(shown(line(Kind::quit, "bye")), "10:42 ann left: bye");
  EXPECT_EQ(shown(line(Kind::quit, "Connection lost")), "10:42 ann left");
  EXPECT_EQ(shown(line(Kind::mode, "+o bob")), "10:42 ann set mode +o bob");
  EXPECT_EQ(shown(line(Kind::away, "lunch")), "10:42 ann is away: lunch");
  EXPECT_EQ(shown(line(Kind::away, "")), "10:42 ann is back");
  EXPECT_EQ(shown(line(Kind::real_name, "Ann Other")), "10:42 ann is in full Ann Other");
  chat::Line kick = line(Kind::kick, "spam");
  kick.to = "bob";
  EXPECT_EQ(shown(kick), "10:42 ann put out you: spam");
  chat::Line kill = line(Kind::kill, "spam");
  kill.to = "bob";
  EXPECT_EQ(shown(kill), "10:42 ann put you out of the group: spam");
  EXPECT_EQ(shown(line(Kind::host, "ann@staff")), "10:42 ann is ann@staff");
  EXPECT_EQ(shown(line(Kind::wallops, "hear")), "10:42 ann to all: hear");
  chat::Line invite = line(Kind::invite, "");
  invite.to = "bob";
  EXPECT_EQ(shown(invite), "10:42 ann invites you to lobby");
  chat::Line direct = line(Kind::direct, "psst");
  direct.room.clear();
  direct.to = "bob";
  EXPECT_EQ(shown(direct), "10:42 ann -> you: psst");
}

TEST_F(ChatLinesTest, WhatOthersSayDoesNothingToATerminal) {
  EXPECT_EQ(harmless("plain \u4f60\u597d, 3,4"), "plain \u4f60\u597d, 3,4");
  EXPECT_EQ(harmless("\x02"
                     "bold\x02 \x1d\x1f\x16\x11\x1e\x0f."),
            "bold .");
  EXPECT_EQ(harmless("\x03"
                     "4red\x03 \x03"
                     "04,12both\x03"
                     "1,x \x03"
                     "123"),
            "red both,x 3");
  EXPECT_EQ(harmless("\x04"
                     "ff0000red \x04"
                     "ff0000,00ff00both"),
            "red both");
  EXPECT_EQ(harmless("\x01VERSION\x01 a\tb"), "VERSION a b");
  EXPECT_EQ(harmless("a\u202eb\u200f\u2066\u2028\u009b"), "ab");
  EXPECT_EQ(harmless("\x1b[2J\r\n\x7f\xff"), "[2J");
  EXPECT_EQ(shown(line(Kind::message, "\u202e\x02hello")), "10:42 ann: hello");
  EXPECT_EQ(shown(line(Kind::topic, "\u202e\x02hello")), "10:42 ann set the topic: hello");
  const Colours none(false);
  EXPECT_EQ(room_text({.room = "den", .topic = "\u202e\x02hello"}, none),
            "den: nobody is here; topic: hello");
  EXPECT_EQ(rooms_text({{{.room = "den", .topic = "\u202e\x02hello", .people = 1}}}),
            "den  1 person; hello");
}

TEST_F(ChatLinesTest, LinesOfOtherRoomsNameTheirs) {
  EXPECT_EQ(chat_text(line(Kind::message, "hello"), {.self = "bob", .room = "den"}, Colours(false)),
            "10:42 [lobby] ann: hello");
}

TEST_F(ChatLinesTest, JsonHasEveryField) {
  EXPECT_EQ(chat_json(line(Kind::join, "")),
            R"({"index":7,"ordinal":2,"room":"lobby","from":"ann","to":"","text":"",)"
            R"("time":"1970-01-01T10:42:00.005Z","kind":"JOIN"})");
}

TEST_F(ChatLinesTest, ColoursOfAPersonAreManyAndAlwaysTheSame) {
  const Colours colours(true);
  EXPECT_EQ(colours.person("ann"), colours.person("ann"));
  EXPECT_EQ(colours.person("Ann", "x"), colours.person("ann", "x"));
  std::set<std::string> different;
  for (int i = 0; i < 200; ++i) different.insert(colours.person("p" + std::to_string(i), "x"));
  EXPECT_GE(different.size(), 24U);
  EXPECT_EQ(Colours(false).person("ann"), "ann");
}

TEST_F(ChatLinesTest, WhatHappensToTheGroupIsToldInAFewWords) {
  ServerNames names{{1, "a"}, {2, "b"}};
  wire::GroupEvent joined;
  joined.mutable_member()->set_kind(wire::MemberChange::JOINED);
  joined.mutable_member()->mutable_member()->set_number(3);
  joined.mutable_member()->mutable_member()->set_name("c");
  learn_names(joined, names);
  EXPECT_EQ(quiet_text(joined, names), "c joined us");

  wire::GroupEvent election;
  election.mutable_election()->set_cause("lost:b");
  election.mutable_election()->set_leader(3);
  election.mutable_election()->set_previous(2);
  election.mutable_election()->set_took_ms(14);
  EXPECT_EQ(quiet_text(election, names), "b left us; c leads now (14 ms)");
  election.mutable_election()->set_cause("joined:d");
  election.mutable_election()->set_previous(3);
  EXPECT_EQ(quiet_text(election, names), "");
  election.mutable_election()->set_cause("rank:c");
  election.mutable_election()->set_previous(9);
  election.mutable_election()->set_took_ms(0);
  EXPECT_EQ(quiet_text(election, names), "c leads now");

  wire::GroupEvent failed;
  failed.mutable_state()->set_number(9);
  failed.mutable_state()->set_state(wire::ServerState::FAILED);
  EXPECT_EQ(quiet_text(failed, names), "#9 does not answer any more");
}

TEST_F(ChatLinesTest, AnswersAreObjectsToo) {
  EXPECT_EQ(room_json({.room = "lobby", .topic = "\"cats\"", .people = {"ann", "bob"}}),
            R"({"kind":"ROOM","room":"lobby","topic":"\"cats\"","people":["ann","bob"]})");
  EXPECT_EQ(room_json({.room = "den"}), R"({"kind":"ROOM","room":"den","topic":"","people":[]})");
  EXPECT_EQ(rooms_json({}), R"({"kind":"ROOMS","rooms":[]})");
  EXPECT_EQ(rooms_json({{{.room = "den", .topic = "", .people = 2, .lines = 7}}}),
            R"({"kind":"ROOMS","rooms":[{"room":"den","topic":"","people":2,"lines":7}]})");
  wire::Status status;
  status.set_leader("a");
  wire::Members members;
  members.add_members()->set_name("a");
  const std::string text = view_json(status, members, "b");
  EXPECT_TRUE(text.starts_with(R"({"kind":"STATUS","home":"b","status":{)")) << text;
  EXPECT_NE(text.find(R"(,"members":[{"number":0,"id":"","name":"a",)"), std::string::npos) << text;
}

TEST_F(ChatLinesTest, RoomsAndTheirPeopleAreListed) {
  const chat::RoomState room{.room = "lobby", .topic = "cats", .people = {"ann", "bob"}};
  EXPECT_EQ(room_text(room, Colours(false)), "lobby: ann, bob; topic: cats");
  EXPECT_EQ(rooms_text({}), "there are no rooms yet: /join makes one");
  EXPECT_EQ(rooms_text({.rooms = {{"den", "", 1, 0}, {"lobby", "cats", 2, 9}}}),
            "den  1 person\nlobby  2 people; cats");
}

}  // namespace
}  // namespace muster::cli::chat_lines_test
