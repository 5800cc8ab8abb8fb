// What is typed in the chat is said, or done, or answered with what was meant.
#include "cli/chat_input.h"

#include <gtest/gtest.h>

#include <array>

#include "base/nearest.h"

namespace muster::cli::chat_input_test {
namespace {

using Kind = ChatInput::Kind;

TEST(ChatInputTest, LinesAreSaidAndCommandsAreNot) {
  EXPECT_EQ(read_chat_input(""), ChatInput{});
  EXPECT_EQ(read_chat_input(" \t "), ChatInput{});
  EXPECT_EQ(read_chat_input(" hello\tyou "), (ChatInput{Kind::say, "", "hello you"}));
  EXPECT_EQ(read_chat_input("//etc is a folder"), (ChatInput{Kind::say, "", "/etc is a folder"}));
  EXPECT_EQ(read_chat_input("status"), ChatInput{Kind::status});
  EXPECT_EQ(read_chat_input("status of it"), (ChatInput{Kind::say, "", "status of it"}));
}

TEST(ChatInputTest, WhatIsNoTextIsAMistake) {
  for (const char* const line : {"\xff\xfe", "/me \xc3", "/msg bob caf\xe9"}) {
    const ChatInput input = read_chat_input(line);
    EXPECT_EQ(input.kind, Kind::mistake);
    EXPECT_NE(input.text.find("no UTF-8"), std::string::npos);
  }
  EXPECT_EQ(read_chat_input("caf\xc3\xa9"), (ChatInput{Kind::say, "", "caf\xc3\xa9"}));
}

TEST(ChatInputTest, EachCommandHasItsForm) {
  EXPECT_EQ(read_chat_input("/join den"), (ChatInput{Kind::join, "den", ""}));
  EXPECT_EQ(read_chat_input("/join #den"), (ChatInput{Kind::join, "den", ""}));
  EXPECT_EQ(read_chat_input("/leave"), ChatInput{Kind::leave});
  EXPECT_EQ(read_chat_input("/part den"), (ChatInput{Kind::leave, "den", ""}));
  EXPECT_EQ(read_chat_input("/msg bob  how are you"),
            (ChatInput{Kind::direct, "bob", "how are you"}));
  EXPECT_EQ(read_chat_input("/me waves"), (ChatInput{Kind::action, "", "waves"}));
  EXPECT_EQ(read_chat_input("/nick zoe"), (ChatInput{Kind::nick, "zoe", ""}));
  EXPECT_EQ(read_chat_input("/topic all about cats"),
            (ChatInput{Kind::topic, "", "all about cats"}));
  EXPECT_EQ(read_chat_input("/topic"), ChatInput{Kind::topic});
  EXPECT_EQ(read_chat_input("/who"), ChatInput{Kind::who});
  EXPECT_EQ(read_chat_input("/names"), ChatInput{Kind::who});
  EXPECT_EQ(read_chat_input("/rooms"), ChatInput{Kind::rooms});
  EXPECT_EQ(read_chat_input("/status"), ChatInput{Kind::status});
  EXPECT_EQ(read_chat_input("/help"), ChatInput{Kind::help});
  EXPECT_EQ(read_chat_input("/quit"), ChatInput{Kind::quit});
}

TEST(ChatInputTest, CommandsInAWrongFormAreAnsweredWithTheRightOne) {
  for (const auto& [line, usage] :
       std::array<std::pair<const char*, const char*>, 7>{{{"/join", "/join ROOM"},
                                                           {"/join a b", "/join ROOM"},
                                                           {"/leave a b", "/leave [ROOM]"},
                                                           {"/msg bob", "/msg NAME TEXT"},
                                                           {"/me", "/me TEXT"},
                                                           {"/nick", "/nick NAME"},
                                                           {"/who is there", "/who"}}}) {
    EXPECT_EQ(read_chat_input(line),
              (ChatInput{Kind::mistake, "", "write it as " + std::string(usage)}));
  }
}

TEST(ChatInputTest, AnUnknownCommandIsAnsweredWithTheNearest) {
  for (const auto& [line, meant] :
       std::array<std::pair<const char*, const char*>, 6>{{{"/jion den", "/join"},
                                                           {"/quti", "/quit"},
                                                           {"/stats", "/status"},
                                                           {"/nickname zoe", "/nick"},
                                                           {"/", "/me"},
                                                           {"/whois", "/who"}}}) {
    const ChatInput input = read_chat_input(line);
    EXPECT_EQ(input.kind, Kind::mistake);
    EXPECT_NE(input.text.find("did you mean " + std::string(meant) + "?"), std::string::npos)
        << input.text;
  }
}

TEST(NearestTest, CountsChangesAdditionsLossesAndExchanges) {
  EXPECT_EQ(edit_distance("join", "join"), 0U);
  EXPECT_EQ(edit_distance("jion", "join"), 1U);
  EXPECT_EQ(edit_distance("jon", "join"), 1U);
  EXPECT_EQ(edit_distance("joiny", "join"), 1U);
  EXPECT_EQ(edit_distance("", "join"), 4U);
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace muster::cli::chat_input_test
