// What people say of themselves is told where it belongs, and kept.
#include <gtest/gtest.h>

#include "chat/chat.h"
#include "chat/testing.h"
#include "chat/words.h"

namespace muster::chat {
namespace {

const std::string anns_inbox = inbox_topic(Parlour::inbox(1));

People people(const Parlour& here, const Query& query) {
  return decode_people(here.chat.query(encode(query)).value()).value();
}

Texts names_of(const People& people) {
  Texts names;
  for (const PersonState& each : people.people) names.push_back(each.name);
  return names;
}

/// Ann in two rooms, bob in one of them.
struct Company : Parlour {
  Company() {
    command(1, SignIn{"ann", inbox(1), "user", "host.example", "Ann Other", "a.group"});
    enter(2, "bob");
    command(1, Join{"lobby"});
    command(1, Join{"den"});
    command(2, Join{"lobby"});
    take_events();
  }
};

TEST(ChatPeopleTest, WhoJoinsIsToldWithAddressNameAndAbsence) {
  Company here;
  here.command(1, Leave{"den"});
  here.command(1, SetAway{"lunch"});
  here.told.lines.clear();
  here.command(1, Join{"attic"});
  EXPECT_EQ(here.told.lines, (std::vector<Line>{{.kind = Kind::join,
                                                 .room = "attic",
                                                 .from = "ann",
                                                 .user = "user@host.example",
                                                 .real_name = "Ann Other",
                                                 .away = "lunch"}}));
}

TEST(ChatPeopleTest, WhatAPersonDoesToItselfIsToldInItsRoomsOnItsInboxAndToWhoWaitsForIt) {
  Company here;
  EXPECT_EQ(here.command(1, SetAway{"lunch"}), "ok ann");
  EXPECT_EQ(here.take_events(),
            (Texts{"chat/den AWAY ann: lunch", "chat/lobby AWAY ann: lunch",
                   anns_inbox + " AWAY ann: lunch", "chat/!ann AWAY ann: lunch"}));
  EXPECT_EQ(here.command(1, SetAway{"lunch"}), "ok ann");
  EXPECT_EQ(here.take_events(), Texts{});
  EXPECT_EQ(here.person("ann").away, "lunch");
  here.command(1, SetAway{""});
  EXPECT_EQ(here.take_events(), (Texts{"chat/den AWAY ann", "chat/lobby AWAY ann",
                                       anns_inbox + " AWAY ann", "chat/!ann AWAY ann"}));
  here.command(1, SetRealName{"Zoe"});
  EXPECT_EQ(here.take_events(),
            (Texts{"chat/den REAL_NAME ann: Zoe", "chat/lobby REAL_NAME ann: Zoe",
                   anns_inbox + " REAL_NAME ann: Zoe", "chat/!ann REAL_NAME ann: Zoe"}));
  EXPECT_EQ(here.person("ann").real_name, "Zoe");
}

TEST(ChatPeopleTest, OwnModesAreToldToTheirOwnerOnly) {
  Company here;
  const std::vector<ModeChange> changes{{'B', true}, {'i', true}, {'w', true}, {'w', false}};
  EXPECT_EQ(here.command(1, SetOwnModes{changes}), "ok ann");
  EXPECT_EQ(here.take_events(), Texts{anns_inbox + " MODE ann: +Biw-w"});
  EXPECT_EQ(here.person("ann").modes, "iB");
  EXPECT_EQ(here.channel("lobby").people[0].modes, "iB");
  EXPECT_EQ(here.refused(1, SetOwnModes{{{'o', true}, {'i', false}}}),
            (Refused{{Reason::needs_oper, "o"}}));
  EXPECT_EQ(here.person("ann").modes, "B");  // What was not refused is done.
}

TEST(ChatPeopleTest, WhoSignsOutHasGoneAndMaySignInAnew) {
  Company here;
  EXPECT_EQ(here.command(1, SignOut{"bye"}), "ok ");
  EXPECT_EQ(here.take_events(), (Texts{"chat/den QUIT ann: bye", "chat/lobby QUIT ann: bye",
                                       anns_inbox + " QUIT ann: bye", "chat/!ann OFFLINE ann"}));
  EXPECT_EQ(here.rooms(), Texts{"lobby 1 0"});
  EXPECT_FALSE(here.person("ann").signed_in);
  EXPECT_EQ(here.enter(1, "zoe"), "ok zoe");
  EXPECT_EQ(here.person("zoe").rooms, std::vector<Membership>{});
}

TEST(ChatPeopleTest, ANickMayBringAnInbox) {
  Company here;
  here.command(1, Nick{"zoe", Parlour::inbox(77)});
  here.take_events();
  here.command(2, Direct{"zoe", "psst"});
  EXPECT_EQ(here.take_events(), (Texts{inbox_topic(Parlour::inbox(77)) + " DIRECT bob>zoe: psst",
                                       inbox_topic(Parlour::inbox(2)) + " DIRECT bob>zoe: psst"}));
  EXPECT_EQ(here.command(1, Nick{"zoe", Parlour::inbox(78)}), "ok zoe");
  EXPECT_EQ(here.command(9, SignIn{"x", Parlour::inbox(77)}), "ok x");
  EXPECT_EQ(here.command(8, SignIn{"x", Parlour::inbox(78)}), "resumed zoe");
  EXPECT_EQ(here.refused(8, Nick{"zoe", Parlour::inbox(2)}), (Refused{{Reason::malformed, ""}}));
  EXPECT_EQ(here.refused(8, Nick{"zoe", "short"}), (Refused{{Reason::malformed, ""}}));
}

TEST(ChatPeopleTest, AChangeOfCaseIsANewNameButNobodyComesOrGoes) {
  Company here;
  here.command(1, Nick{"ANN"});
  EXPECT_EQ(here.take_events(), (Texts{"chat/den NICK ann: ANN", "chat/lobby NICK ann: ANN",
                                       anns_inbox + " NICK ann: ANN"}));
  EXPECT_EQ(names_of(people(here, AskGone{"ann", 10})), Texts{});
}

TEST(ChatPeopleTest, WhatIsInHandIsKeptAndNeverLess) {
  Company here;
  EXPECT_EQ(here.person("ann").delivered, (Position{.index = {101}}));  // Where she came.
  const Position place{.index = {103}, .ordinal = 2};
  here.command(1, Delivered{place});
  here.command(1, Delivered{{.index = {103}, .ordinal = 1}});
  EXPECT_EQ(here.person("ann").delivered, place);
  here.command(3, SignIn{"ann", Parlour::inbox(1)});
  EXPECT_EQ(here.person("ann").delivered, place);
  EXPECT_EQ(here.refused(3, Delivered{{.index = {99'999}}}), (Refused{{Reason::malformed, ""}}));
  EXPECT_EQ(here.person("ann").delivered, place);
}

TEST(ChatPeopleTest, WhoComesBackElsewhereIsThereFromThenOn) {
  Company here;
  EXPECT_EQ(here.person("ann").server, "a.group");
  EXPECT_EQ(here.person("bob").server, "");
  EXPECT_EQ(here.command(3, SignIn{"ann", Parlour::inbox(1), "other", "other", "Other", "b.group"}),
            "resumed ann");
  EXPECT_EQ(here.person("ann").server, "b.group");
  EXPECT_EQ(here.person("ann").real_name, "Ann Other");
  EXPECT_EQ(here.channel("den").people.at(0).server, "b.group");
}

TEST(ChatPeopleTest, WhoSpeaksIsNotIdle) {
  Company here;
  const LogTime came = here.time;
  EXPECT_EQ(here.person("ann").spoke, came);
  here.time = here.time + std::chrono::seconds{5};
  here.command(1,
               Say{.room = "lobby", .text = "", .manner = Manner::tags, .tags = "+typing=active"});
  EXPECT_EQ(here.person("ann").spoke, came);
  here.command(1, Say{"lobby", "x"});
  EXPECT_EQ(here.person("ann").spoke, here.time);
  EXPECT_EQ(here.person("ann").since, came);
}

TEST(ChatPeopleTest, WhoHadANameIsRememberedNewestFirstAndUpToALimit) {
  Parlour here({.gone_people_max = 2});
  for (std::uint64_t i = 1; i <= 3; ++i) {
    here.command(i, SignIn{"ann", Parlour::inbox(i), "user" + std::to_string(i), "h", "Ann"});
    here.time = here.time + std::chrono::seconds{1};
    here.end(i);
  }
  const People gone = people(here, AskGone{"Ann", 10});
  ASSERT_EQ(gone.people.size(), 2U);
  EXPECT_EQ(
      gone.people[0],
      (PersonState{
          .name = "ann", .since = here.time, .user = "user3", .host = "h", .real_name = "Ann"}));
  EXPECT_EQ(gone.people[1].user, "user2");
  EXPECT_TRUE(gone.complete);
  EXPECT_FALSE(people(here, AskGone{"ann", 1}).complete);
  here.enter(4, "bob");
  here.command(4, Nick{"carl"});
  EXPECT_EQ(names_of(people(here, AskGone{"bob", 10})), Texts{"bob"});
}

TEST(ChatPeopleTest, PeopleAreFoundByMaskOfAnyOfTheirNames) {
  Company here;
  EXPECT_EQ(names_of(people(here, AskPeople{"", 10})), (Texts{"ann", "bob"}));
  EXPECT_EQ(names_of(people(here, AskPeople{"A*", 10})), Texts{"ann"});
  EXPECT_EQ(names_of(people(here, AskPeople{"us?r", 10})), Texts{"ann"});
  EXPECT_EQ(names_of(people(here, AskPeople{"*.example", 10})), Texts{"ann"});
  EXPECT_EQ(names_of(people(here, AskPeople{"*other", 10})), Texts{"ann"});
  const People one = people(here, AskPeople{"", 1});
  EXPECT_EQ(names_of(one), Texts{"ann"});
  EXPECT_FALSE(one.complete);
  EXPECT_EQ(one.in_all, 2U);
  EXPECT_EQ(one.invisible, 0U);
  here.command(2, SetOwnModes{{{'i', true}}});
  EXPECT_EQ(people(here, AskPeople{"", 0}).invisible, 1U);
  EXPECT_EQ(one.people[0].rooms, (std::vector<Membership>{{"den", "o"}, {"lobby", "o"}}));
}

TEST(ChatPeopleTest, ANameThatSomebodyHasIsNoMask) {
  Company here;
  here.command(3, SignIn{"sam", Parlour::inbox(3), "ann"});
  EXPECT_EQ(names_of(people(here, AskPeople{"Ann", 10})), Texts{"ann"});
  here.command(1, SignOut{});
  EXPECT_EQ(names_of(people(here, AskPeople{"ann", 10})), Texts{"sam"});
}

TEST(ChatPeopleTest, TheNamesThatAPersonHadAreKeptUpToALimit) {
  Company here;
  for (std::size_t i = 0; i <= former_names_max; ++i) {
    here.command(1, Nick{"ann" + std::to_string(i)});
  }
  const std::vector<std::string> former = here.person("ann16").former;
  ASSERT_EQ(former.size(), former_names_max);
  EXPECT_EQ(former.front(), "ann0");
  EXPECT_EQ(former.back(), "ann15");
}

TEST(ChatPeopleTest, WhatABotDoesSaysSo) {
  Company here;
  here.command(2, SetOwnModes{{{'B', true}}});
  here.told.lines.clear();
  here.command(2, Say{"lobby", "x"});
  here.command(2, Say{.room = "lobby", .text = "", .manner = Manner::tags, .tags = "+typing=done"});
  here.command(2, Direct{"ann", "x"});
  here.command(2, SetTopic{"lobby", "x"});
  here.command(2, Nick{"rob"});
  here.command(2, SignOut{"bye"});
  for (const Line& line : here.told.lines) {
    const bool own = line.kind != Kind::online && line.kind != Kind::offline;
    EXPECT_EQ(line.bot, own) << text_of(line);
  }
  EXPECT_EQ(here.told.lines.size(), 12U);
  EXPECT_TRUE(here.history({.room_or_person = "lobby", .lines = 1}).lines[0].bot);
  here.command(1, Say{"lobby", "x"});
  EXPECT_FALSE(here.told.lines.back().bot);
}

TEST(ChatPeopleTest, WhoWritesToSomebodyAwayIsToldWhy) {
  Company here;
  here.command(1, Direct{"bob", "x"});
  EXPECT_EQ(here.told.receipt.away, "");
  here.command(2, SetAway{"lunch"});
  here.command(1, Direct{"bob", "x"});
  EXPECT_EQ(here.told.receipt.away, "lunch");
  EXPECT_EQ(decode_receipt(encode(here.told.receipt)).value(), here.told.receipt);
}

TEST(ChatPeopleTest, WhoWaitsForANameIsToldOfThePersonInPlaceOfMissedEvents) {
  Company here;
  const auto state = here.chat.topic_state(presence_topic("ANN"));
  EXPECT_EQ(decode_person(state.value()).value(), here.person("ann"));
  const auto nobody = here.chat.topic_state(presence_topic("zoe"));
  EXPECT_FALSE(decode_person(nobody.value()).value().signed_in);
}

TEST(ChatPeopleTest, WrongWordsOfAPersonChangeNothing) {
  Company here;
  const std::string bell = "\n";
  for (const Request& request :
       {Request{SetAway{bell}}, Request{SetRealName{bell}}, Request{SignOut{bell}},
        Request{Leave{"lobby", bell}},
        Request{SetOwnModes{std::vector<ModeChange>(mode_changes_max + 1, {'i', true})}},
        Request{Kick{"lobby", "bob", bell}}}) {
    EXPECT_EQ(here.refused(1, request), (Refused{{Reason::malformed, ""}}));
  }
  for (const SignIn& request :
       {SignIn{"zoe", Parlour::inbox(5), "a b"}, SignIn{"zoe", Parlour::inbox(5), "", "a@b"},
        SignIn{"zoe", Parlour::inbox(5), "", "", bell},
        SignIn{"zoe", Parlour::inbox(5), "", "", "", "a b"}}) {
    EXPECT_EQ(here.refused(5, request), (Refused{{Reason::malformed, ""}}));
  }
  EXPECT_EQ(here.take_events(), Texts{});
}

}  // namespace
}  // namespace muster::chat
