// IRC operators: who becomes one, what they may do, and who no longer.
#include <gtest/gtest.h>

#include "chat/chat.h"
#include "chat/testing.h"
#include "chat/words.h"

namespace muster::chat::opers_test {
namespace {

const std::string anns_inbox = inbox_topic(Parlour::inbox(1));
const std::string bobs_inbox = inbox_topic(Parlour::inbox(2));
const Refused not_oper{{Reason::needs_oper, ""}};

/// Ann, who is an IRC operator, and bob, in one room.
struct Company : Parlour {
  explicit Company(const Chat::Options& limits = {}) : Parlour(limits) {
    command(1, SignIn{"ann", inbox(1), "ann", "a.example"});
    command(2, SignIn{"bob", inbox(2), "bob", "b.example"});
    command(1, Join{"den"});
    command(2, Join{"den"});
    order("chat.oper", {"root", "long password"});
    oper(1, "root", "long password");
    take_events();
  }
};

TEST(ChatOpersTest, WhoHasThePasswordBecomesOne) {
  Company here;
  EXPECT_EQ(here.person("ann").modes, "o");
  EXPECT_EQ(here.oper(2, "root", "long password"), "ok bob");
  EXPECT_EQ(here.take_events(), Texts{bobs_inbox + " MODE bob: +o"});
  EXPECT_EQ(here.oper(2, "root", "long password"), "ok bob");
  EXPECT_EQ(here.take_events(), Texts{});
}

TEST(ChatOpersTest, AnybodyElseDoesNot) {
  Company here;
  const std::string refused = "PERMISSION_DENIED: this is not the password of an IRC operator";
  EXPECT_EQ(here.oper(2, "root", "long passwore"), refused);
  EXPECT_EQ(here.oper(2, "Root", "long password"), refused);
  EXPECT_EQ(here.refused(2, SetOwnModes{{{'o', true}}}), (Refused{{Reason::needs_oper, "o"}}));
  EXPECT_EQ(here.person("bob").modes, "");
  EXPECT_EQ(here.take_events(), Texts{});
}

// What the group keeps does not prove anything.
TEST(ChatOpersTest, WhatIsKeptIsNoProof) {
  Company here;
  const OperCredential kept = make_credential("long password", "salt");
  EXPECT_EQ(here.refused(2, Oper{.name = "root", .proof = kept.stored_key}),
            (Refused{{Reason::wrong_password, ""}}));
  // The exchange of RFC 7677, section 3, with the password `pencil`.
  const std::string salt(
      "[m\x99h\x9d\x12"
      "5\x8e\xec\xa0K\x14\x12"
      "6\xfa\x81");
  EXPECT_EQ(wire::to_hex(make_credential("pencil", salt).stored_key),
            "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6");
}

TEST(ChatOpersTest, OnlyOperatorsOfTheGroupSayWhoMayBeOne) {
  Company here;
  const SetOper forged{.name = "bob", .credential = make_credential("my own password", "salt")};
  EXPECT_EQ(here.refused(2, forged), not_oper);
  EXPECT_EQ(here.refused(7, forged), not_oper);  // Not even signed in.
  EXPECT_EQ(here.refused(1, forged), not_oper);
  EXPECT_EQ(here.oper(2, "bob", "my own password"),
            "PERMISSION_DENIED: this is not the password of an IRC operator");
}

TEST(ChatOpersTest, WhoseNameIsTakenAwayIsNoneAnyMore) {
  Company here;
  EXPECT_EQ(here.order("chat.oper.remove", {"root"}),
            "nobody is an IRC operator by that name any more");
  EXPECT_EQ(here.take_events(), Texts{anns_inbox + " MODE ann: -o"});
  EXPECT_EQ(here.refused(1, Wallops{"hear"}), not_oper);
  EXPECT_EQ(here.oper(1, "root", "long password"),
            "PERMISSION_DENIED: this is not the password of an IRC operator");
  EXPECT_EQ(here.order("chat.oper.remove", {"root"}), "no IRC operator is called root");
}

TEST(ChatOpersTest, ANewPasswordEndsWhatTheOldOneGave) {
  Company here;
  EXPECT_EQ(here.order("chat.oper", {"root", "another password"}),
            "who says OPER root PASSWORD is an IRC operator");
  EXPECT_EQ(here.take_events(), Texts{anns_inbox + " MODE ann: -o"});
  EXPECT_EQ(here.oper(1, "root", "another password"), "ok ann");
}

TEST(ChatOpersTest, OneMayGiveItUp) {
  Company here;
  here.command(1, SetOwnModes{{{'o', false}}});
  EXPECT_EQ(here.take_events(), Texts{anns_inbox + " MODE ann: -o"});
  EXPECT_EQ(here.refused(1, Kill{"bob"}), not_oper);
  EXPECT_EQ(here.order("chat.oper.remove", {"root"}),
            "nobody is an IRC operator by that name any more");
  EXPECT_EQ(here.take_events(), Texts{});
}

TEST(ChatOpersTest, NamesAndPasswordsAreChecked) {
  Company here;
  EXPECT_EQ(here.order("chat.oper", {"ro ot", "long password"}),
            validate_person("ro ot").error().message);
  EXPECT_EQ(here.order("chat.oper", {"root", "short"}), "a password has 8 to 256 bytes");
  EXPECT_EQ(here.order("chat.oper", {"root", std::string(257, 'x')}),
            "a password has 8 to 256 bytes");
}

TEST(ChatOpersTest, ThereAreSoManyNamesAtMost) {
  Company here({.opers_max = 2});
  here.order("chat.oper", {"admin", "long password"});
  EXPECT_EQ(here.order("chat.oper", {"third", "long password"}),
            "there are 2 names of IRC operators, the limit of a group; remove one: muster rmi "
            "chat.oper.remove NAME");
  EXPECT_EQ(here.order("chat.oper", {"admin", "other password"}),
            "who says OPER admin PASSWORD is an IRC operator");
}

TEST(ChatOpersTest, WhoIsKilledIsGoneAndToldBy) {
  Company here;
  EXPECT_EQ(here.refused(2, Kill{"ann", "spam"}), not_oper);
  EXPECT_EQ(here.command(1, Kill{"BOB", "spam"}), "ok ann");
  EXPECT_EQ(here.take_events(),
            (Texts{bobs_inbox + " KILL ann>bob: spam", "chat/den QUIT bob: Killed (ann (spam))",
                   bobs_inbox + " QUIT bob: Killed (ann (spam))", "chat/!bob OFFLINE bob"}));
  EXPECT_FALSE(here.person("bob").signed_in);
  EXPECT_EQ(here.ranks("den"), Texts{"ann o"});
  EXPECT_EQ(here.refused(1, Kill{"bob", "spam"}), (Refused{{Reason::no_such_person, "bob"}}));
  EXPECT_EQ(here.enter(2, "bob"), "ok bob");
}

TEST(ChatOpersTest, OneMayKillOneself) {
  Company here;
  EXPECT_EQ(here.command(1, Kill{"ann", "tired"}), "ok ");
  EXPECT_FALSE(here.person("ann").signed_in);
}

TEST(ChatOpersTest, AReasonFitsIntoThatOfTheQuit) {
  Company here;
  const std::string longest(kill_reason_bytes_max, 'x');
  EXPECT_EQ(here.refused(1, Kill{"bob", longest + "x"}), (Refused{{Reason::malformed, ""}}));
  EXPECT_EQ(here.command(1, Kill{"bob", longest}), "ok ann");
  EXPECT_TRUE(validate_reason(here.told.lines.back().text));
  Parlour copy;
  for (const Bytes& part : here.frozen()) ASSERT_TRUE(copy.chat.restore(part));
}

TEST(ChatOpersTest, WallopsGoToATopicOfTheirOwn) {
  Company here;
  EXPECT_EQ(here.refused(2, Wallops{"hear"}), not_oper);
  EXPECT_EQ(here.refused(1, Wallops{""}), (Refused{{Reason::malformed, ""}}));
  here.command(1, Wallops{"hear"});
  EXPECT_EQ(here.take_events(), Texts{"chat/&wallops WALLOPS ann: hear"});
  EXPECT_EQ(decode_room_state(here.chat.topic_state(wallops_topic()).value()).value(), RoomState{});
}

TEST(ChatOpersTest, AHostIsChangedForAllWhoSeeIt) {
  Company here;
  EXPECT_EQ(here.refused(2, SetHost{"ann", "staff"}), not_oper);
  EXPECT_EQ(here.command(1, SetHost{"bob", "staff"}), "ok ann");
  EXPECT_EQ(here.take_events(),
            (Texts{"chat/den HOST bob: bob@staff", bobs_inbox + " HOST bob: bob@staff",
                   "chat/!bob HOST bob: bob@staff"}));
  EXPECT_EQ(here.told.lines.back().user, "bob@b.example");
  EXPECT_EQ(here.person("bob").host, "staff");
  here.command(1, SetHost{"bob", "staff"});
  EXPECT_EQ(here.take_events(), Texts{});
  EXPECT_EQ(here.refused(1, SetHost{"bob", "a b"}), (Refused{{Reason::malformed, ""}}));
  EXPECT_EQ(here.refused(1, SetHost{"eve", "staff"}), (Refused{{Reason::no_such_person, "eve"}}));
  // Bans go by it from now on.
  here.command(1, SetModes{"den", {{'b', true, "*!*@staff"}}});
  EXPECT_EQ(here.refused(2, Say{"den", "hello"}), (Refused{{Reason::may_not_speak, "den"}}));
}

TEST(ChatOpersTest, SnapshotsKeepWhoIsOneAndWhoMayBe) {
  Company here;
  here.command(1, SetHost{"bob", "staff"});
  Parlour copy;
  for (const Bytes& part : here.frozen()) ASSERT_TRUE(copy.chat.restore(part));
  EXPECT_EQ(copy.frozen(), here.frozen());
  EXPECT_EQ(copy.command(1, Wallops{"hear"}), "ok ann");
  EXPECT_EQ(copy.oper(2, "root", "long password"), "ok bob");
  EXPECT_EQ(copy.person("bob").host, "staff");
  // Who is one by a name that is not there.
  Parlour other;
  const std::vector<Bytes> parts = here.frozen();
  EXPECT_FALSE(other.chat.restore(parts[1]));
}

}  // namespace
}  // namespace muster::chat::opers_test
