// Rooms let in, put out and invite as their modes and the ranks of people say.
#include <gtest/gtest.h>

#include "chat/chat.h"
#include "chat/testing.h"

namespace muster::chat {
namespace {

using Modes = std::vector<ModeChange>;

/// Ann has made the lobby, and bob is in it too; carl and dora are not.
struct Lobby : Parlour {
  explicit Lobby(const Chat::Options& limits = {}) : Parlour(limits) {
    std::uint64_t number = 0;
    for (const char* name : {"ann", "bob", "carl", "dora"}) {
      ++number;
      command(number, SignIn{name, inbox(number), "user", name + std::string(".example")});
    }
    command(1, Join{"Lobby"});
    command(2, Join{"lobby"});
    take_events();
  }
};

/// Something that the mode can be set with.
std::string argument_of(char letter) {
  if (letter == 'k') return "key";
  if (letter == 'l') return "99";
  const bool is_mask = letter == 'b' || letter == 'e' || letter == 'I';
  return is_mask ? "eve" : "carl";
}

TEST(ChatRoomsTest, TheCaseOfARoomDoesNotCountAndItIsCalledAsItWasFirstWritten) {
  Lobby here;
  EXPECT_EQ(here.command(3, Join{"LOBBY"}), "ok carl");
  EXPECT_EQ(here.command(3, Say{"lobby", "hello"}), "ok carl");
  EXPECT_EQ(here.take_events(), (Texts{"chat/lobby JOIN carl", "chat/lobby MESSAGE carl: hello"}));
  EXPECT_EQ(here.told.lines.back().room, "Lobby");
  EXPECT_EQ(here.room("loBBy").room, "Lobby");
  EXPECT_EQ(here.room("lobby").lines[0].room, "Lobby");
  EXPECT_EQ(here.rooms(), Texts{"Lobby 3 1"});
  EXPECT_EQ(here.person("carl").rooms, std::vector<Membership>{{"Lobby"}});
}

TEST(ChatRoomsTest, WhoComesFirstIsItsOperatorAndWhoComesToAnEmptyOneToo) {
  Lobby here;
  EXPECT_EQ(here.ranks("lobby"), (Texts{"ann o", "bob"}));
  here.command(1, SetModes{"lobby", Modes{{'l', true, "2"}, {'b', true, "dora"}}});
  here.command(1, Say{"lobby", "this stays"});
  here.command(1, Leave{"lobby"});
  here.command(2, Leave{"lobby"});
  here.time = here.time + std::chrono::seconds{9};
  EXPECT_EQ(here.command(4, Join{"lobby"}), "ok dora");
  EXPECT_EQ(here.ranks("lobby"), Texts{"dora o"});
  EXPECT_EQ(here.channel("lobby", true), (Channel{.room = "Lobby",
                                                  .exists = true,
                                                  .created = here.time,
                                                  .people = {{.name = "dora",
                                                              .ranks = "o",
                                                              .user = "user",
                                                              .host = "dora.example",
                                                              .spoke = here.person("dora").spoke}},
                                                  .people_count = 1}));
  EXPECT_EQ(here.said("lobby"), Texts{"ann: this stays"});
}

TEST(ChatRoomsTest, WhatWasNotForEverybodyGoesWithTheLastOne) {
  for (const ModeChange& change :
       {ModeChange{'i', true}, ModeChange{'s', true}, ModeChange{'k', true, "key"}}) {
    for (const Request& going :
         {Request{Leave{"lobby"}}, Request{SignOut{}}, Request{Kick{"lobby", "ann"}}}) {
      Lobby here;
      here.command(1, SetTopic{"lobby", "plans"});
      here.command(1, Say{"lobby", "not for carl"});
      here.command(1, SetModes{"lobby", {change}});
      here.command(2, Leave{"lobby"});
      EXPECT_EQ(here.rooms(), Texts{"Lobby 1 2"});
      here.command(1, going);
      EXPECT_EQ(here.rooms(), Texts{}) << change.mode;
      here.command(3, Join{"lobby"});
      EXPECT_EQ(here.channel("lobby").topic, "");
      EXPECT_EQ(here.kept("lobby"), Texts{"JOIN carl"});
    }
  }
}

TEST(ChatRoomsTest, NobodySpeaksInARoomThatNobodyMade) {
  Lobby here;
  for (const Manner manner : {Manner::message, Manner::action, Manner::notice}) {
    EXPECT_EQ(here.refused(1, Say{"lobbi", "x", manner}),
              (Refused{{Reason::no_such_room, "lobbi"}}));
  }
  EXPECT_EQ(here.rooms(), Texts{"Lobby 2 0"});
  here.command(1, Say{"lobby", "x"});
  here.command(1, Leave{"lobby"});
  here.command(2, Leave{"lobby"});
  EXPECT_EQ(here.refused(3, Say{"lobby", "still there"}), Refused{});
}

TEST(ChatRoomsTest, AClosedRoomSaysWhy) {
  for (const auto& [change, reason] :
       {std::pair{ModeChange{'i', true}, Reason::invited_only},
        std::pair{ModeChange{'k', true, "key"}, Reason::wrong_key},
        std::pair{ModeChange{'l', true, "2"}, Reason::room_full},
        std::pair{ModeChange{'b', true, "*!*@carl.*"}, Reason::banned}}) {
    Lobby here;
    EXPECT_EQ(here.command(1, SetModes{"lobby", {change}}), "ok ann");
    here.take_events();
    EXPECT_EQ(here.refused(3, Join{"lobby"}), (Refused{{reason, "Lobby"}})) << change.mode;
    EXPECT_EQ(here.take_events(), Texts{});
    // An operator's invitation opens it, once.
    here.command(1, Invite{"lobby", "carl"});
    EXPECT_EQ(here.command(3, Join{"lobby"}), "ok carl") << change.mode;
    here.command(3, Leave{"lobby"});
    if (change.mode != 'l') {
      EXPECT_EQ(here.refused(3, Join{"lobby"}), (Refused{{reason, "Lobby"}})) << change.mode;
    }
  }
}

TEST(ChatRoomsTest, WhatOpensAClosedRoom) {
  Lobby here;
  here.command(1, SetModes{"lobby", Modes{{'k', true, "key"}, {'i', true}, {'b', true, "carl"}}});
  here.command(1,
               SetModes{"lobby", Modes{{'I', true, "*!*@carl.example"}, {'e', true, "*!user@*"}}});
  EXPECT_EQ(here.refused(3, Join{"lobby", "wrong"}), (Refused{{Reason::wrong_key, "Lobby"}}));
  EXPECT_EQ(here.command(3, Join{"lobby", "key"}), "ok carl");
  EXPECT_EQ(here.refused(4, Join{"lobby", "key"}), (Refused{{Reason::invited_only, "Lobby"}}));
}

TEST(ChatRoomsTest, AnInvitationIsToldInTheRoomAndToWhoIsInvited) {
  Lobby here;
  EXPECT_EQ(here.command(2, Invite{"lobby", "Carl"}), "ok bob");
  EXPECT_EQ(here.take_events(), (Texts{inbox_topic(Parlour::inbox(3)) + " INVITE bob>carl",
                                       "chat/lobby INVITE bob>carl"}));
  EXPECT_EQ(here.told.lines.back().room, "Lobby");
  EXPECT_EQ(here.kept("lobby").back(), "JOIN bob");
  EXPECT_EQ(here.refused(2, Invite{"lobby", "ann"}),
            (Refused{{Reason::person_in_room_already, "ann"}}));
  EXPECT_EQ(here.refused(2, Invite{"lobby", "eve"}), (Refused{{Reason::no_such_person, "eve"}}));
  EXPECT_EQ(here.refused(2, Invite{"lobby", std::string(9'000, 'x')}),
            (Refused{{Reason::no_such_person, ""}}));
  EXPECT_EQ(here.refused(3, Invite{"lobby", "dora"}), (Refused{{Reason::not_in_room, "lobby"}}));
  EXPECT_EQ(here.refused(3, Invite{"den", "dora"}), (Refused{{Reason::no_such_room, "den"}}));
  // Not everybody's opens a closed room.
  here.command(1, SetModes{"lobby", {{'i', true}}});
  EXPECT_EQ(here.refused(3, Join{"lobby"}), (Refused{{Reason::invited_only, "Lobby"}}));
  EXPECT_EQ(here.refused(2, Invite{"lobby", "dora"}), (Refused{{Reason::needs_operator, "Lobby"}}));
}

TEST(ChatRoomsTest, AnInvitationFollowsItsPersonAndGoesWithIt) {
  Lobby here;
  here.command(1, SetModes{"lobby", {{'i', true}}});
  here.command(1, Invite{"lobby", "carl"});
  here.command(1, Invite{"lobby", "dora"});
  here.command(3, Nick{"eve"});
  EXPECT_EQ(here.command(3, Join{"lobby"}), "ok eve");
  here.end(4);
  here.enter(5, "dora");
  EXPECT_EQ(here.refused(5, Join{"lobby"}), (Refused{{Reason::invited_only, "Lobby"}}));
}

TEST(ChatRoomsTest, OfTooManyInvitationsTheOldestGoes) {
  Lobby here({.invitations_per_room_max = 1});
  here.command(1, SetModes{"lobby", {{'i', true}}});
  here.command(1, Invite{"lobby", "carl"});
  here.command(1, Invite{"lobby", "dora"});
  EXPECT_EQ(here.refused(3, Join{"lobby"}), (Refused{{Reason::invited_only, "Lobby"}}));
  EXPECT_EQ(here.command(4, Join{"lobby"}), "ok dora");
}

TEST(ChatRoomsTest, WhoIsPutOutIsOutAndTheRoomIsTold) {
  Lobby here;
  EXPECT_EQ(here.command(1, Kick{"lobby", "BOB", "spam"}), "ok ann");
  EXPECT_EQ(here.take_events(), Texts{"chat/lobby KICK ann>bob: spam"});
  EXPECT_EQ(here.ranks("lobby"), Texts{"ann o"});
  EXPECT_EQ(here.person("bob").rooms, std::vector<Membership>{});
  EXPECT_EQ(here.command(2, Join{"lobby"}), "ok bob");
  EXPECT_EQ(here.refused(1, Kick{"lobby", "carl"}),
            (Refused{{Reason::person_not_in_room, "carl"}}));
  EXPECT_EQ(here.refused(1, Kick{"lobby", "eve"}), (Refused{{Reason::no_such_person, "eve"}}));
  EXPECT_EQ(here.refused(3, Kick{"lobby", "bob"}), (Refused{{Reason::not_in_room, "lobby"}}));
  EXPECT_EQ(here.refused(1, Kick{"den", "bob"}), (Refused{{Reason::no_such_room, "den"}}));
  EXPECT_EQ(here.kept("lobby"), (Texts{"JOIN ann", "JOIN bob", "KICK ann>bob: spam", "JOIN bob"}));
}

TEST(ChatRoomsTest, NobodyPutsOutWhoIsHigher) {
  struct Case {
    const char* own;
    const char* other;
    bool may;
  };
  for (const Case& each : std::vector<Case>{{"", "", false},
                                            {"v", "", false},
                                            {"h", "", true},
                                            {"h", "v", true},
                                            {"h", "h", false},
                                            {"h", "o", false},
                                            {"o", "h", true},
                                            {"o", "o", true},
                                            {"o", "a", false},
                                            {"a", "o", true},
                                            {"a", "a", true},
                                            {"a", "q", false},
                                            {"q", "q", true},
                                            {"o", "q", false}}) {
    Lobby here;
    here.command(3, Join{"lobby"});
    // Ann is `q` for as long as it takes, so that she may make the others anything.
    Modes changes{{'q', true, "ann"}};
    if (*each.own != '\0') changes.push_back({*each.own, true, "bob"});
    if (*each.other != '\0') changes.push_back({*each.other, true, "carl"});
    EXPECT_EQ(here.command(1, SetModes{"lobby", changes}), "ok ann");
    const Refused expected = each.may ? Refused{} : Refused{{Reason::needs_operator, "Lobby"}};
    EXPECT_EQ(here.refused(2, Kick{"lobby", "carl"}), expected) << each.own << ">" << each.other;
  }
}

TEST(ChatRoomsTest, TheTopicIsKeptWithWhoSetItAndIsForOperatorsIfTheModeSaysSo) {
  Lobby here;
  EXPECT_EQ(here.command(2, SetTopic{"lobby", "cats"}), "ok bob");
  const Channel channel = here.channel("lobby");
  EXPECT_EQ(channel.topic, "cats");
  EXPECT_EQ(channel.topic_by, "bob");
  EXPECT_EQ(channel.topic_time, here.time);
  here.command(1, SetModes{"lobby", {{'t', true}}});
  EXPECT_EQ(here.refused(2, SetTopic{"lobby", "dogs"}),
            (Refused{{Reason::needs_operator, "Lobby"}}));
  here.command(1, SetModes{"lobby", {{'h', true, "bob"}}});
  EXPECT_EQ(here.command(2, SetTopic{"lobby", "dogs"}), "ok bob");
}

TEST(ChatRoomsTest, AReasonIsToldWithLeaving) {
  Lobby here;
  here.command(2, Leave{"lobby", "off to lunch"});
  EXPECT_EQ(here.take_events(), Texts{"chat/lobby LEAVE bob: off to lunch"});
}

TEST(ChatRoomsTest, ARoomGoesWithItsLastPersonUnlessSomethingSaidIsLeft) {
  Lobby here;
  here.command(1, Leave{"lobby"});
  here.command(2, Leave{"lobby"});
  EXPECT_EQ(here.rooms(), Texts{});
  EXPECT_FALSE(here.channel("lobby").exists);
  EXPECT_EQ(here.kept("lobby"), Texts{});
}

// ---- Ranks and modes ----------------------------------------------------------------------------

TEST(ChatModesTest, ChangesAreToldInOneLineAndThoseThatChangeNothingAreNot) {
  Lobby here;
  EXPECT_EQ(here.command(1, SetModes{"lobby", Modes{{'n', true},
                                                    {'t', true},
                                                    {'n', true},
                                                    {'v', true, "BOB"},
                                                    {'o', false, "bob"},
                                                    {'k', true, "key"},
                                                    {'l', true, "050"},
                                                    {'t', false},
                                                    {'b', true, "carl"},
                                                    {'b', true, "CARL"},
                                                    {'e', false, "dora"}}}),
            "ok ann");
  EXPECT_EQ(here.take_events(), Texts{"chat/lobby MODE ann: +ntvkl-t+b bob key 50 carl!*@*"});
  const Channel channel = here.channel("lobby", true);
  EXPECT_EQ(channel.modes, "n");
  EXPECT_EQ(channel.key, "key");
  EXPECT_EQ(channel.people_max, 50U);
  EXPECT_EQ(channel.masks,
            (std::vector<Mask>{{.mode = 'b', .mask = "carl!*@*", .by = "ann", .time = here.time}}));
  EXPECT_EQ(here.ranks("lobby"), (Texts{"ann o", "bob v"}));
  here.command(1, SetModes{"lobby", Modes{{'k', false}, {'l', false}, {'b', false, "Carl"}}});
  EXPECT_EQ(here.take_events(), Texts{"chat/lobby MODE ann: -klb * carl!*@*"});
  EXPECT_EQ(here.command(1, SetModes{"lobby", Modes{{'k', false}}}), "ok ann");
  EXPECT_EQ(here.take_events(), Texts{});
}

TEST(ChatModesTest, EachChangeIsRefusedByItself) {
  Lobby here;
  EXPECT_EQ(here.refused(1, SetModes{"lobby", Modes{{'x', true},
                                                    {'o', true, "eve"},
                                                    {'o', true, "carl"},
                                                    {'o', true, std::string(9'000, 'x')},
                                                    {'k', true, "a b"},
                                                    {'k', true, ""},
                                                    {'l', true, "0"},
                                                    {'l', true, "5x"},
                                                    {'l', true, "99999999999"},
                                                    {'b', true, ""},
                                                    {'m', true}}}),
            (Refused{{Reason::unknown_mode, "x"},
                     {Reason::no_such_person, "eve"},
                     {Reason::person_not_in_room, "carl"},
                     {Reason::no_such_person, ""},
                     {Reason::bad_mode_argument, "k a b"},
                     {Reason::bad_mode_argument, "k "},
                     {Reason::bad_mode_argument, "l 0"},
                     {Reason::bad_mode_argument, "l 5x"},
                     {Reason::bad_mode_argument, "l 99999999999"},
                     {Reason::bad_mode_argument, "b "}}));
  EXPECT_EQ(here.take_events(), Texts{"chat/lobby MODE ann: +m"});
  EXPECT_EQ(here.refused(3, SetModes{"lobby", Modes{{'m', true}}}),
            (Refused{{Reason::not_in_room, "lobby"}}));
  EXPECT_EQ(here.refused(3, SetModes{"den", Modes{{'m', true}}}),
            (Refused{{Reason::no_such_room, "den"}}));
}

TEST(ChatModesTest, WhoMayChangeWhat) {
  // By rank of who asks, the letters that are refused.
  const std::string all = "qaohvimnstCklbeI";
  for (const auto& [rank, refused] :
       {std::pair{'-', all}, std::pair{'v', all}, std::pair{'h', std::string("qaohimnstCkl")},
        std::pair{'o', std::string("qa")}, std::pair{'a', std::string("qa")},
        std::pair{'q', std::string()}}) {
    Lobby here;
    here.command(3, Join{"lobby"});
    here.command(1, SetModes{"lobby", Modes{{'q', true, "ann"}}});
    if (rank != '-') here.command(1, SetModes{"lobby", Modes{{rank, true, "bob"}}});
    std::string not_done;
    for (const char letter : all) {
      const Modes changes{{letter, true, argument_of(letter)}};
      for (const auto& [reason, subject] : here.refused(2, SetModes{"lobby", changes})) {
        EXPECT_EQ(reason, Reason::needs_operator) << letter;
        not_done += subject;
      }
    }
    EXPECT_EQ(not_done, refused) << rank;
  }
}

TEST(ChatModesTest, WhoIsHighestMayMakeSomebodyOwner) {
  Lobby here;
  here.command(3, Join{"lobby"});
  EXPECT_EQ(here.command(1, SetModes{"lobby", Modes{{'o', true, "bob"}}}), "ok ann");
  EXPECT_EQ(here.command(2, SetModes{"lobby", Modes{{'a', true, "bob"}}}), "ok bob");
  EXPECT_EQ(here.refused(1, SetModes{"lobby", Modes{{'q', true, "ann"}}}),
            (Refused{{Reason::needs_operator, "q"}}));
  EXPECT_EQ(here.command(2, SetModes{"lobby", Modes{{'q', true, "bob"}}}), "ok bob");
  EXPECT_EQ(here.refused(1, SetModes{"lobby", Modes{{'o', false, "bob"}}}),
            (Refused{{Reason::needs_operator, "o"}}));
  EXPECT_EQ(here.ranks("lobby"), (Texts{"ann o", "bob qao", "carl"}));
}

TEST(ChatModesTest, EverybodyMayGiveUpARankAndThenMayNoMore) {
  Lobby here;
  EXPECT_EQ(here.refused(1, SetModes{"lobby", Modes{{'o', false, "ann"}, {'m', true}}}),
            (Refused{{Reason::needs_operator, "m"}}));
  EXPECT_EQ(here.take_events(), Texts{"chat/lobby MODE ann: -o ann"});
  EXPECT_EQ(here.ranks("lobby"), (Texts{"ann", "bob"}));
}

TEST(ChatModesTest, MasksAndChangesAreLimited) {
  Lobby here({.masks_per_room_max = 2, .mode_changes_max = 3});
  EXPECT_EQ(here.refused(
                1, SetModes{"lobby", Modes{{'b', true, "x"}, {'e', true, "x"}, {'I', true, "x"}}}),
            (Refused{{Reason::list_full, "I"}}));
  EXPECT_EQ(here.channel("lobby", true).masks.size(), 2U);
  EXPECT_EQ(here.refused(1, SetModes{"lobby", Modes(4, {'n', true})}),
            (Refused{{Reason::malformed, ""}}));
  EXPECT_EQ(here.channel("lobby").modes, "");
}

// ---- Who may speak ------------------------------------------------------------------------------

TEST(ChatModesTest, ModesAndMasksSilence) {
  Lobby here;
  const Refused no{{Reason::may_not_speak, "Lobby"}};
  EXPECT_EQ(here.refused(3, Say{"lobby", "from outside"}), Refused{});
  here.command(1, SetModes{"lobby", {{'n', true}}});
  EXPECT_EQ(here.refused(3, Say{"lobby", "from outside"}), no);
  here.command(1, SetModes{"lobby", Modes{{'n', false}, {'b', true, "carl"}}});
  EXPECT_EQ(here.refused(3, Say{"lobby", "from outside"}), no);
  here.command(1, SetModes{"lobby", Modes{{'b', true, "bob"}}});
  EXPECT_EQ(here.refused(2, Say{"lobby", "banned"}), no);
  here.command(1, SetModes{"lobby", Modes{{'v', true, "bob"}}});
  EXPECT_EQ(here.refused(2, Say{"lobby", "with voice"}), Refused{});
  here.command(1, SetModes{"lobby", Modes{{'b', false, "bob"}, {'m', true}}});
  EXPECT_EQ(here.refused(2, Say{"lobby", "with voice"}), Refused{});
  here.command(1, SetModes{"lobby", Modes{{'v', false, "bob"}}});
  EXPECT_EQ(here.refused(2, Say{"lobby", "without"}), no);
  EXPECT_EQ(here.said("lobby"),
            (Texts{"carl: from outside", "bob: with voice", "bob: with voice"}));
}

TEST(ChatModesTest, ARoomMayTakeNoCtcp) {
  Lobby here;
  const std::string ctcp = "\x01VERSION\x01";
  EXPECT_EQ(here.refused(2, Say{"lobby", ctcp}), Refused{});
  here.command(1, SetModes{"lobby", {{'C', true}}});
  const Refused no{{Reason::may_not_speak, "Lobby"}};
  EXPECT_EQ(here.refused(2, Say{"lobby", ctcp}), no);
  EXPECT_EQ(here.refused(2, Say{"lobby", ctcp, Manner::notice}), no);
  EXPECT_EQ(here.refused(2, Say{"lobby",
                                "\x01"
                                "ACTION waves\x01"}),
            Refused{});
  EXPECT_EQ(here.refused(2, Say{"lobby", "waves", Manner::action}), Refused{});
}

}  // namespace
}  // namespace muster::chat
