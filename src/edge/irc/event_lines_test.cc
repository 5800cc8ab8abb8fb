#include "edge/irc/event_lines.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>
#include <string>

#include "edge/irc/isupport.h"
#include "edge/irc/options.h"

namespace muster::edge::irc::event_lines_test {
namespace {

using chat::Kind;
using chat::Manner;

std::string told(const chat::Line& line, std::string_view capabilities = "", bool to_room = true) {
  std::string text;
  append_lines(text, line,
               {.position = {{12}, 3},
                .time = LogTime{1'767'225'600'123},
                .capabilities = *with_changes({}, capabilities),
                .server_name = "a.chat",
                .to_room = to_room});
  return text;
}

chat::Line line_of(Kind kind, std::string text = {}) {
  return {
      .kind = kind, .room = "den", .from = "ann", .text = std::move(text), .user = "a@b.example"};
}

TEST(IrcEventLinesTest, SayWhatWasSaid) {
  EXPECT_EQ(told(line_of(Kind::message, "hi")), ":ann!a@b.example PRIVMSG #den :hi\r\n");
  EXPECT_EQ(told(line_of(Kind::action, "waves")),
            ":ann!a@b.example PRIVMSG #den :\x01"
            "ACTION waves\x01\r\n");
  EXPECT_EQ(told(line_of(Kind::notice, "hi")), ":ann!a@b.example NOTICE #den :hi\r\n");
  chat::Line direct = line_of(Kind::direct, "psst");
  direct.room.clear();
  direct.to = "bob";
  EXPECT_EQ(told(direct), ":ann!a@b.example PRIVMSG bob :psst\r\n");
  direct.manner = Manner::notice;
  EXPECT_EQ(told(direct), ":ann!a@b.example NOTICE bob :psst\r\n");
}

// Events are encoded once for all connections of the same traits.
TEST(IrcEventLinesTest, CapabilitiesThatChangeALineAreTraits) {
  std::istringstream names(offered_capabilities(false));
  for (std::string name; names >> name;) {
    for (auto kind = static_cast<std::uint8_t>(Kind::message);
         kind <= static_cast<std::uint8_t>(Kind::wallops); ++kind) {
      chat::Line line = line_of(static_cast<Kind>(kind), "ann@staff");
      line.to = "bob";
      line.real_name = "Ann Other";
      line.tags = "+a";
      line.away = "lunch";
      line.bot = true;
      if (told(line, name) == told(line)) continue;
      EXPECT_NE(with_changes({}, name)->traits(), 0U) << name << " " << name_of(line.kind);
    }
  }
}

TEST(IrcEventLinesTest, OperatorsPutOutSpeakToAllAndChangeHosts) {
  chat::Line line = line_of(Kind::kill, "spam");
  line.room.clear();
  line.to = "bob";
  EXPECT_EQ(told(line), ":ann!a@b.example KILL bob :spam\r\n");
  line = line_of(Kind::wallops, "hear");
  EXPECT_EQ(told(line), ":ann!a@b.example WALLOPS :hear\r\n");
  line = line_of(Kind::host, "a@staff");
  EXPECT_EQ(told(line), "");
  EXPECT_EQ(told(line, "chghost"), ":ann!a@b.example CHGHOST a staff\r\n");
}

TEST(IrcEventLinesTest, HaveTheTagsThatAreWanted) {
  chat::Line line = line_of(Kind::message, "hi");
  line.tags = "+draft/react=x";
  EXPECT_EQ(told(line, "server-time"),
            "@time=2026-01-01T00:00:00.123Z :ann!a@b.example PRIVMSG #den :hi\r\n");
  EXPECT_EQ(told(line, "message-tags"),
            "@msgid=12.3;+draft/react=x :ann!a@b.example PRIVMSG #den :hi\r\n");
  line.kind = Kind::tags;
  EXPECT_EQ(told(line, "message-tags"),
            "@msgid=12.3;+draft/react=x :ann!a@b.example TAGMSG #den\r\n");
  EXPECT_EQ(told(line), "");
}

TEST(IrcEventLinesTest, SplitWhatIsTooLongAtACharacter) {
  const std::string around = ":ann!a@b.example PRIVMSG #den :";
  const std::size_t room = 510 - around.size();
  const std::string text = std::string(room - 1, 'x') + "ä" + std::string(room, 'y');
  EXPECT_EQ(told(line_of(Kind::message, text), "message-tags"),
            "@msgid=12.3 " + around + std::string(room - 1, 'x') + "\r\n" + around + "ä" +
                std::string(room - 2, 'y') + "\r\n" + around + "yy\r\n");
}

TEST(IrcEventLinesTest, TellWhoComesAndGoes) {
  chat::Line join = line_of(Kind::join);
  join.real_name = "Ann A.";
  EXPECT_EQ(told(join), ":ann!a@b.example JOIN #den\r\n");
  EXPECT_EQ(told(join, "extended-join"), ":ann!a@b.example JOIN #den * :Ann A.\r\n");
  join.away = "lunch";
  EXPECT_EQ(told(join, "away-notify"),
            ":ann!a@b.example JOIN #den\r\n:ann!a@b.example AWAY :lunch\r\n");
  EXPECT_EQ(told(line_of(Kind::leave)), ":ann!a@b.example PART #den\r\n");
  EXPECT_EQ(told(line_of(Kind::leave, "bye")), ":ann!a@b.example PART #den :bye\r\n");
  EXPECT_EQ(told(line_of(Kind::quit, "gone")), ":ann!a@b.example QUIT :gone\r\n");
  EXPECT_EQ(told(line_of(Kind::nick, "eve")), ":ann!a@b.example NICK :eve\r\n");
  chat::Line kick = line_of(Kind::kick);
  kick.to = "bob";
  EXPECT_EQ(told(kick), ":ann!a@b.example KICK #den bob :ann\r\n");
}

TEST(IrcEventLinesTest, SplitModesThatAreTooLongWithTheirSignsAndArguments) {
  const std::string a(200, 'a');
  const std::string b(200, 'b');
  const std::string c(200, 'c');
  const std::string begin = ":ann!a@b.example MODE #den ";
  EXPECT_EQ(told(line_of(Kind::mode, "+nbb-l+b-eim " + a + " " + b + " " + c + " " + a)),
            begin + "+nbb-l " + a + " " + b + "\r\n" + begin + "+b-eim " + c + " " + a + "\r\n");
}

TEST(IrcEventLinesTest, SayThatABotIsOne) {
  chat::Line line = line_of(Kind::message, "hi");
  line.bot = true;
  EXPECT_EQ(told(line), ":ann!a@b.example PRIVMSG #den :hi\r\n");
  EXPECT_EQ(told(line, "message-tags"), "@msgid=12.3;bot :ann!a@b.example PRIVMSG #den :hi\r\n");
}

TEST(IrcEventLinesTest, TellTheRest) {
  EXPECT_EQ(told(line_of(Kind::topic, "tea")), ":ann!a@b.example TOPIC #den :tea\r\n");
  EXPECT_EQ(told(line_of(Kind::mode, "+ov bob eve")), ":ann!a@b.example MODE #den +ov bob eve\r\n");
  chat::Line mode = line_of(Kind::mode, "+o ann");
  mode.from.clear();
  EXPECT_EQ(told(mode), ":a.chat MODE #den +o ann\r\n");
  chat::Line own = line_of(Kind::mode, "+i");
  own.room.clear();
  EXPECT_EQ(told(own, "", false), ":ann!a@b.example MODE ann +i\r\n");
  EXPECT_EQ(told(line_of(Kind::away, "lunch")), "");
  EXPECT_EQ(told(line_of(Kind::away, "lunch"), "away-notify"), ":ann!a@b.example AWAY :lunch\r\n");
  EXPECT_EQ(told(line_of(Kind::away), "away-notify"), ":ann!a@b.example AWAY\r\n");
  EXPECT_EQ(told(line_of(Kind::real_name, "A"), "setname"), ":ann!a@b.example SETNAME :A\r\n");
  chat::Line invite = line_of(Kind::invite);
  invite.to = "bob";
  EXPECT_EQ(told(invite), "");
  EXPECT_EQ(told(invite, "invite-notify"), ":ann!a@b.example INVITE bob #den\r\n");
  EXPECT_EQ(told(invite, "", false), ":ann!a@b.example INVITE bob #den\r\n");
}

TEST(IrcEventLinesTest, NamesOfServersAndHostsAreThoseOfIrc) {
  EXPECT_EQ(as_server_name("a.my chat!"), "a.my-chat-");
  EXPECT_EQ(as_server_name("alone"), "alone.muster");
  EXPECT_EQ(as_host("::1"), "0::1");
  EXPECT_EQ(as_host("10.0.0.1"), "10.0.0.1");
}

TEST(IrcEventLinesTest, WhatIsSupportedFitsIntoTokens) {
  for (const std::string& token : isupport_tokens("my chat")) {
    EXPECT_EQ(token.find(' '), std::string::npos) << token;
  }
  EXPECT_EQ(isupport_tokens("my chat")[19], "NETWORK=my\\x20chat");
}

}  // namespace
}  // namespace muster::edge::irc::event_lines_test
