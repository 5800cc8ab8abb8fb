// The chat keeps who is where, tells each what happens, and stays within its limits.
#include "chat/chat.h"

#include <gtest/gtest.h>

#include "chat/testing.h"
#include "chat/words.h"
#include "wire/limits.h"

namespace muster::chat {
namespace {

using namespace std::chrono_literals;

TEST(ChatTest, TellsARoomWhoComesWhatIsSaidAndWhoGoes) {
  Parlour here;
  EXPECT_EQ(here.enter(1, "ann"), "ok ann");
  EXPECT_EQ(here.enter(2, "bob"), "ok bob");
  EXPECT_EQ(here.take_events(), (Texts{"chat/!ann ONLINE ann", "chat/!bob ONLINE bob"}));
  EXPECT_EQ(here.command(1, Join{"lobby"}), "ok ann");
  EXPECT_EQ(here.command(2, Join{"lobby"}), "ok bob");
  EXPECT_EQ(here.command(1, Say{"lobby", "hello"}), "ok ann");
  EXPECT_EQ(here.command(2, Say{"lobby", "waves", Manner::action}), "ok bob");
  EXPECT_EQ(here.command(2, SetTopic{"lobby", "cats"}), "ok bob");
  EXPECT_EQ(here.command(1, Leave{"lobby"}), "ok ann");
  EXPECT_EQ(here.take_events(),
            (Texts{"chat/lobby JOIN ann", "chat/lobby JOIN bob", "chat/lobby MESSAGE ann: hello",
                   "chat/lobby ACTION bob: waves", "chat/lobby TOPIC bob: cats",
                   "chat/lobby LEAVE ann"}));
  EXPECT_EQ(here.said("lobby"), (Texts{"ann: hello", "bob: waves", "bob: cats"}));
  EXPECT_EQ(here.room("lobby").people, Texts{"bob"});
  EXPECT_EQ(here.room("lobby").topic, "cats");
}

TEST(ChatTest, AReceiptNamesThePlaceAndALineItsPlaceAndTime) {
  Parlour here;
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  here.command(1, Say{"lobby", "hello"});
  EXPECT_EQ(here.told.receipt,
            (Receipt{.position = here.position, .time = here.time, .name = "ann"}));
  const Line expected{.position = here.position,
                      .time = here.time,
                      .kind = Kind::message,
                      .room = "lobby",
                      .from = "ann",
                      .text = "hello",
                      .user = "muster@muster"};
  EXPECT_EQ(here.room("lobby").lines, std::vector<Line>{expected});
}

TEST(ChatTest, ATakenNameIsRefusedWithAFreeOne) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "ann2");
  EXPECT_EQ(here.enter(3, "Ann"), "ALREADY_EXISTS: the name Ann is taken; Ann3 is free");
  EXPECT_EQ(here.person("ann").free_name, "ann3");
  EXPECT_EQ(here.enter(3, "Ann3"), "ok Ann3");
  EXPECT_EQ(here.command(3, Nick{"ANN2"}), "ALREADY_EXISTS: the name ANN2 is taken; ANN22 is free");
}

TEST(ChatTest, AProposalIsAValidNameHoweverLongTheNameIs) {
  Parlour here;
  const std::string longest(person_bytes_max, 'x');
  here.enter(1, longest);
  EXPECT_EQ(here.person(longest).free_name, std::string(person_bytes_max - 1, 'x') + "2");
}

TEST(ChatTest, ANameIsFreeWhenItsSessionHasEndedAndTheRoomsAreTold) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.command(1, Join{"lobby"});
  here.command(1, Join{"den"});
  here.command(2, Join{"lobby"});
  here.take_events();
  here.end(1);
  EXPECT_EQ(here.take_events(),
            (Texts{"chat/den QUIT ann: Connection lost", "chat/lobby QUIT ann: Connection lost",
                   inbox_topic(Parlour::inbox(1)) + " QUIT ann: Connection lost",
                   "chat/!ann OFFLINE ann"}));
  EXPECT_EQ(here.rooms(), Texts{"lobby 1 0"});
  EXPECT_EQ(here.enter(3, "ann"), "ok ann");
  here.take_events();
  here.end(1);  // Of a session without a person: nothing.
  EXPECT_EQ(here.take_events(), Texts{});
}

TEST(ChatTest, NothingIsDoneForASessionThatDidNotSignIn) {
  Parlour here;
  const std::string refusal = "FAILED_PRECONDITION: this session has no name yet: sign in first";
  for (const Request& request :
       {Request{Join{"lobby"}}, Request{Leave{"lobby"}}, Request{Say{"lobby", "x"}},
        Request{Direct{"ann", "x"}}, Request{Nick{"ann"}}, Request{SetTopic{"lobby", "x"}},
        Request{Kick{"lobby", "ann"}}, Request{Invite{"lobby", "ann"}}, Request{SetModes{"lobby"}},
        Request{SetOwnModes{}}, Request{SetAway{"x"}}, Request{SetRealName{"x"}},
        Request{SignOut{}}, Request{Delivered{}}}) {
    EXPECT_EQ(here.command(1, request), refusal);
  }
  EXPECT_EQ(here.rooms(), Texts{});
  EXPECT_EQ(here.take_events(), Texts{});
}

TEST(ChatTest, DirectMessagesComeToTheInboxesOfBothAndAreKeptForGaps) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.take_events();
  EXPECT_EQ(here.command(1, Direct{"Bob", "psst"}), "ok ann");
  EXPECT_EQ(here.take_events(), (Texts{inbox_topic(Parlour::inbox(1)) + " DIRECT ann>bob: psst",
                                       inbox_topic(Parlour::inbox(2)) + " DIRECT ann>bob: psst"}));
  for (const std::uint64_t owner : {1, 2}) {
    const auto state = here.chat.topic_state(inbox_topic(Parlour::inbox(owner)));
    const RoomState read = decode_room_state(state.value()).value();
    ASSERT_EQ(read.lines.size(), 1U);
    EXPECT_EQ(read.lines[0].text, "psst");
    EXPECT_EQ(read.lines[0].position, here.position);
  }
  EXPECT_EQ(here.command(1, Direct{"carl", "psst"}),
            "NOT_FOUND: carl is not here; /who lists who is in a room");
  EXPECT_EQ(here.command(1, Direct{"ann", "note to self"}), "ok ann");
  EXPECT_EQ(here.take_events(),
            Texts{inbox_topic(Parlour::inbox(1)) + " DIRECT ann>ann: note to self"});
}

TEST(ChatTest, ANewNameIsToldInAllRooms) {
  Parlour here;
  here.enter(1, "ann");
  here.command(1, Join{"den"});
  here.command(1, Join{"lobby"});
  here.take_events();
  EXPECT_EQ(here.command(1, Nick{"zoe"}), "ok zoe");
  EXPECT_EQ(here.take_events(), (Texts{"chat/den NICK ann: zoe", "chat/lobby NICK ann: zoe",
                                       inbox_topic(Parlour::inbox(1)) + " NICK ann: zoe",
                                       "chat/!ann OFFLINE ann: zoe", "chat/!zoe ONLINE zoe"}));
  EXPECT_EQ(here.room("den").people, Texts{"zoe"});
  EXPECT_EQ(here.enter(2, "ann"), "ok ann");
  EXPECT_EQ(here.command(1, Nick{"ZOE"}), "ok ZOE");
  EXPECT_EQ(here.person("zoe").name, "ZOE");
  EXPECT_EQ(here.person("zoe").rooms, (std::vector<Membership>{{"den", "o"}, {"lobby", "o"}}));
}

TEST(ChatTest, WhoHasTheInboxOfSomebodyTakesOverNameAndRooms) {
  Parlour here;
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  here.take_events();
  EXPECT_EQ(here.command(2, SignIn{"ann", Parlour::inbox(1)}), "resumed ann");
  here.end(1);
  EXPECT_EQ(here.take_events(), Texts{});
  EXPECT_EQ(here.room("lobby").people, Texts{"ann"});
  EXPECT_EQ(here.command(2, Say{"lobby", "still here"}), "ok ann");
  here.end(2);
  EXPECT_EQ(here.take_events(),
            (Texts{"chat/lobby MESSAGE ann: still here", "chat/lobby QUIT ann: Connection lost",
                   inbox_topic(Parlour::inbox(1)) + " QUIT ann: Connection lost",
                   "chat/!ann OFFLINE ann"}));
}

TEST(ChatTest, WhatHasAKeyIsSaidOnce) {
  Parlour here;
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.command(1, Join{"lobby"});
  EXPECT_EQ(here.command(1, Say{"lobby", "one", Manner::message, "k"}), "ok ann");
  const Position first = here.position;
  EXPECT_EQ(here.command(1, Say{"lobby", "one", Manner::message, "k"}), "again ann");
  EXPECT_EQ(here.told.receipt.position, first);
  EXPECT_EQ(here.command(2, Say{"lobby", "one", Manner::message, "k"}),
            "ok bob");  // A key of his own.
  EXPECT_EQ(here.command(1, Direct{"bob", "two", Manner::message, "k"}), "ok ann");
  EXPECT_EQ(here.command(1, Direct{"bob", "two", Manner::message, "k"}), "again ann");
  EXPECT_EQ(here.said("lobby"), (Texts{"ann: one", "bob: one"}));
}

TEST(ChatTest, SayingTheSameTwiceInASessionChangesNothing) {
  Parlour here;
  EXPECT_EQ(here.enter(1, "ann"), "ok ann");
  EXPECT_EQ(here.enter(1, "ann"), "ok ann");
  EXPECT_EQ(here.enter(1, "zoe"),
            "FAILED_PRECONDITION: this session is signed in as ann: use /nick");
  here.take_events();
  here.command(1, Join{"lobby"});
  EXPECT_EQ(here.command(1, Join{"lobby"}), "ok ann");
  here.command(1, SetTopic{"lobby", "cats"});
  EXPECT_EQ(here.command(1, SetTopic{"lobby", "cats"}), "ok ann");
  EXPECT_EQ(here.take_events(), (Texts{"chat/lobby JOIN ann", "chat/lobby TOPIC ann: cats"}));
  EXPECT_EQ(here.command(1, Leave{"den"}), "NOT_FOUND: there is no room den: join it to make it");
  here.enter(2, "bob");
  here.command(2, Join{"den"});
  const std::string outside = "FAILED_PRECONDITION: ann is not in room den: join it first";
  EXPECT_EQ(here.command(1, Leave{"den"}), outside);
  EXPECT_EQ(here.command(1, SetTopic{"den", "x"}), outside);
}

TEST(ChatTest, HistoryIsReadFromTheEndOrFromAPlace) {
  Parlour here;
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  for (const char* text : {"one", "two", "three"}) here.command(1, Say{"lobby", text});
  EXPECT_EQ(here.said("lobby", 2), (Texts{"ann: two", "ann: three"}));
  const Position second = here.room("lobby").lines[1].position;
  const auto answer =
      here.chat.query(encode(Query{AskRoom{.room = "lobby", .lines = 1, .from = second}}));
  const RoomState state = decode_room_state(answer.value()).value();
  ASSERT_EQ(state.lines.size(), 1U);
  EXPECT_EQ(state.lines[0].text, "two");
  EXPECT_TRUE(state.complete);
  EXPECT_EQ(here.room("nowhere"), (RoomState{.room = "nowhere"}));
}

TEST(ChatTest, OfTheFullestRoomAnAnswerHasAllPeopleAndTheNewestLines) {
  Parlour here;
  const std::string room(room_bytes_max, 'r');
  for (std::uint64_t i = 0; i < here.options.people_per_room_max; ++i) {
    const std::string number = std::to_string(i);
    here.command(i, SignIn{.name = number + std::string(person_bytes_max - number.size(), 'p'),
                           .inbox = Parlour::inbox(i),
                           .user = std::string(user_bytes_max, 'u'),
                           .host = std::string(host_bytes_max, 'h'),
                           .real_name = std::string(real_name_bytes_max, 'n')});
    here.command(i, Join{room});
  }
  for (std::size_t i = 0; i < here.options.history_lines_max; ++i) {
    here.command(i % 1'000, Say{room, "line " + std::to_string(i)});
  }
  const RoomState state = here.room(room, 100'000);
  EXPECT_EQ(state.people.size(), here.options.people_per_room_max);
  EXPECT_FALSE(state.complete);
  EXPECT_GT(state.lines.size(), 1'000U);
  EXPECT_EQ(state.lines.back().text, "line 9999");
  EXPECT_LE(encode(state).size(), wire::control_bytes_max - 1'024);
  EXPECT_EQ(here.channel(room).people.size(), here.options.people_per_room_max);
  EXPECT_LE(encode(here.channel(room)).size(), wire::control_bytes_max - 1'024);
}

TEST(ChatTest, AnAnswerThatWouldBeTooLongIsCutAndSaysSo) {
  Parlour here({.history_bytes_max = std::size_t{1} << 20U});
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  for (int i = 0; i < 120; ++i) here.command(1, Say{"lobby", std::string(text_bytes_max, 'x')});
  const RoomState state = here.room("lobby");
  EXPECT_FALSE(state.complete);
  EXPECT_EQ(state.lines.back().position, here.position);  // The newest are there.
  EXPECT_LE(encode(state).size(), wire::control_bytes_max - 1'024);
}

// ---- Limits -------------------------------------------------------------------------------------

TEST(ChatTest, HistoryIsLimitedByLines) {
  Parlour here({.history_lines_max = 2});
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  for (const char* text : {"one", "two", "three"}) here.command(1, Say{"lobby", text});
  EXPECT_EQ(here.said("lobby"), (Texts{"ann: two", "ann: three"}));
}

TEST(ChatTest, HistoryIsLimitedByBytes) {
  Parlour here({.history_bytes_max = 2'000});
  here.enter(1, "ann");
  here.command(1, Join{"lobby"});
  for (int i = 0; i < 10; ++i) here.command(1, Say{"lobby", std::string(600, 'x')});
  EXPECT_EQ(here.said("lobby").size(), 2U);  // 664 bytes and a name each.
}

TEST(ChatTest, HistoryIsLimitedByAgeAndEmptyRoomsGo) {
  Parlour here({.history_age_max = 10s});
  here.enter(1, "ann");
  EXPECT_EQ(here.chat.deadline(), std::nullopt);
  here.command(1, Join{"lobby"});
  here.command(1, Say{"lobby", "old"});
  here.command(1, Leave{"lobby"});
  const LogTime first = here.time + 10s;
  EXPECT_EQ(here.chat.deadline(), first);
  here.time = here.time + 4s;
  here.command(1, Say{"lobby", "new"});
  here.chat.expire(first, here.told);
  EXPECT_EQ(here.said("lobby"), Texts{"ann: new"});
  EXPECT_EQ(here.chat.deadline(), first + 4s);
  here.chat.expire(first + 4s, here.told);
  EXPECT_EQ(here.rooms(), Texts{});
  EXPECT_EQ(here.chat.deadline(), std::nullopt);
}

TEST(ChatTest, DirectMessagesAreLimitedByLinesBytesAndAge) {
  Parlour here({.history_age_max = 10s, .directs_max = 2, .direct_bytes_max = 1'000});
  here.enter(1, "ann");
  here.enter(2, "bob");
  const auto kept = [&] {
    const auto state = here.chat.topic_state(inbox_topic(Parlour::inbox(2)));
    return decode_room_state(state.value()).value().lines.size();
  };
  for (int i = 0; i < 3; ++i) here.command(1, Direct{"bob", "x"});
  EXPECT_EQ(kept(), 2U);
  here.command(1, Direct{"bob", std::string(800, 'x')});
  EXPECT_EQ(kept(), 1U);
  here.chat.expire(here.time + 10s, here.told);
  EXPECT_EQ(kept(), 0U);
}

TEST(ChatTest, RoomsPeopleAndPlacesInRoomsAreLimited) {
  Parlour here(
      {.people_max = 3, .rooms_max = 2, .people_per_room_max = 1, .rooms_per_person_max = 1});
  here.enter(1, "ann");
  here.enter(2, "bob");
  here.enter(3, "carl");
  const auto code = [](const std::string& reply) { return reply.substr(0, reply.find(':')); };
  EXPECT_EQ(code(here.enter(4, "dora")), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(here.command(1, Join{"one"}), "ok ann");
  EXPECT_EQ(code(here.command(2, Join{"one"})), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(code(here.command(1, Join{"two"})), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(here.command(2, Join{"two"}), "ok bob");
  EXPECT_EQ(code(here.command(3, Join{"three"})), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(code(here.command(3, Say{"three", "x"})), "NOT_FOUND");
  EXPECT_EQ(here.rooms(), (Texts{"one 1 0", "two 1 0"}));
}

TEST(ChatTest, WordsAreTakenUpToTheirLimitsAndNotBeyond) {
  EXPECT_TRUE(validate_person(std::string(person_bytes_max, 'x')));
  EXPECT_FALSE(validate_person(std::string(person_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_room(std::string(room_bytes_max, 'x')));
  EXPECT_FALSE(validate_room(std::string(room_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_text(std::string(text_bytes_max, 'x')));
  EXPECT_FALSE(validate_text(std::string(text_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_topic_text(std::string(topic_text_bytes_max, 'x')));
  EXPECT_FALSE(validate_topic_text(std::string(topic_text_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_key(std::string(key_bytes_max, 'x')));
  EXPECT_FALSE(validate_key(std::string(key_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_inbox(std::string(inbox_bytes_min, 'x')));
  EXPECT_FALSE(validate_inbox(std::string(inbox_bytes_min - 1, 'x')));
  EXPECT_FALSE(validate_inbox(std::string(inbox_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_reason(std::string(reason_bytes_max, 'x')));
  EXPECT_FALSE(validate_reason(std::string(reason_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_real_name(std::string(real_name_bytes_max, 'x')));
  EXPECT_FALSE(validate_real_name(std::string(real_name_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_user(std::string(user_bytes_max, 'x')));
  EXPECT_FALSE(validate_user(std::string(user_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_host(std::string(host_bytes_max, 'x')));
  EXPECT_FALSE(validate_host(std::string(host_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_room_key(std::string(key_bytes_max, 'x')));
  EXPECT_FALSE(validate_room_key(std::string(key_bytes_max + 1, 'x')));
  EXPECT_TRUE(validate_tags("+" + std::string(tags_bytes_max - 1, 'x')));
  EXPECT_FALSE(validate_tags("+" + std::string(tags_bytes_max, 'x')));
}

TEST(ChatTest, TagsLookAsIrcWritesThem) {
  for (const char* tags : {"", "+a", "+a=", "+draft/react=\U0001f600;+b", "+example.org/x-y=\\s"}) {
    EXPECT_TRUE(validate_tags(tags)) << tags;
  }
  for (const char* tags :
       {"a", "+", ";", "+a;", ";+a", "+a;;+b", "+a=b c", "+a b", "+\xff", "+a=\n"}) {
    EXPECT_FALSE(validate_tags(tags)) << tags;
  }
}

TEST(ChatTest, NamesAndTextsThatWouldDeceiveAreRefused) {
  for (const char* name : {"", "a b", "/ann", "@ann", "a\tb", "\xff", "a\u202e", "a\u0085"}) {
    EXPECT_EQ(validate_person(name).error().code, ErrorCode::invalid_argument) << name;
    EXPECT_EQ(validate_room(name).error().code, ErrorCode::invalid_argument) << name;
  }
  for (const char* text : {"", "a\nb", "\xc3(", "a\u2028b"}) {
    EXPECT_EQ(validate_text(text).error().code, ErrorCode::invalid_argument) << text;
  }
  for (const char* name : {"a,b", "a*b", "a?b", "a!b", "a@b", "a:b", "a.b", "#ann", "$ann", "&ann",
                           "+ann", "~ann", "%ann"}) {
    EXPECT_EQ(validate_person(name).error().code, ErrorCode::invalid_argument) << name;
  }
  for (const char* room : {"a,b", "&den", ":den", "!den"}) {
    EXPECT_EQ(validate_room(room).error().code, ErrorCode::invalid_argument) << room;
  }
  EXPECT_TRUE(validate_room("a.b:c!*?@"));
  EXPECT_TRUE(validate_room("#den"));
  EXPECT_TRUE(validate_person("[ann]`_^-|{}\\#"));
  EXPECT_TRUE(validate_person("ännchen"));
  EXPECT_TRUE(validate_text("a/b #c \u4f60\u597d \U0001f600"));
  // What IRC clients send: CTCP, formatting, and texts that run from right to left.
  EXPECT_TRUE(
      validate_text("\x01VERSION\x01 \x02"
                    "b\x03"
                    "4,5\x04\x0f\x11\x16\x1d\x1e\x1f\t\u200f\u202e"));
  EXPECT_TRUE(validate_text("\x05\x07\x08\x0b\x0c\x1b[2J\x7f"));
  for (const char* text : {"\r", "\n", "\u009b", "\u0085", "\u2029"}) {
    EXPECT_EQ(validate_text(text).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(validate_reason(text).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(validate_topic_text(text).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(validate_real_name(text).error().code, ErrorCode::invalid_argument);
  }
}

TEST(ChatTest, CommandsWithWrongWordsChangeNothing) {
  Parlour here;
  EXPECT_EQ(here.enter(1, "a b"), "INVALID_ARGUMENT: a person's name must not have spaces");
  here.enter(1, "ann");
  const std::string bell = "\n";
  for (const Request& request :
       {Request{SignIn{"ann", "short"}}, Request{Join{""}}, Request{Leave{bell}},
        Request{Say{"lobby", bell}}, Request{Say{bell, "x"}},
        Request{Say{"lobby", "x", Manner::message, bell}}, Request{Direct{"ann", bell}},
        Request{Nick{bell}}, Request{SetTopic{"lobby", bell}}}) {
    EXPECT_EQ(here.command(1, request).substr(0, 17), "INVALID_ARGUMENT:");
  }
  EXPECT_EQ(here.refused(1, Direct{"", "x"}), (Refused{{Reason::no_such_person, ""}}));
  EXPECT_EQ(here.command(session_id(1), as_bytes("\xff\xff")).substr(0, 17), "INVALID_ARGUMENT:");
  EXPECT_EQ(here.command(session_id(1), {}).substr(0, 17), "INVALID_ARGUMENT:");
  EXPECT_EQ(here.rooms(), Texts{});
  EXPECT_EQ(here.chat.query(as_bytes("\xff")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(here.chat.query({}).error().code, ErrorCode::invalid_argument);
}

TEST(ChatTest, TopicsThatAreNoneOfItsHaveNoState) {
  Parlour here;
  for (const char* topic :
       {"group", "chat", "chat/", "chat/a b", "chat/@nobodynobodynobody", "chat/!", "chat/!a b"}) {
    EXPECT_EQ(here.chat.topic_state(topic).error().code, ErrorCode::not_found) << topic;
  }
  const auto empty = here.chat.topic_state("chat/lobby");
  EXPECT_EQ(decode_room_state(empty.value()).value(), (RoomState{.room = "lobby"}));
}

}  // namespace
}  // namespace muster::chat
