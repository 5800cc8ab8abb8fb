#include "edge/irc/encodings.h"

#include <gtest/gtest.h>

#include <utility>

#include "wire/events.h"

namespace muster::edge::irc::encodings_test {
namespace {

SharedBytes frame_of(const std::vector<chat::Line>& lines, std::string_view topic = "chat/den") {
  wire::EventsBuilder frame(topic);
  std::uint32_t ordinal = 0;
  for (const chat::Line& line : lines) {
    const Bytes payload = chat::encode(line);
    EXPECT_TRUE(frame.add({.position = {.command = {{7}, ordinal++}, .sub = 0},
                           .time = LogTime{1},
                           .payload = payload}));
  }
  return SharedBytes(std::move(frame).finish());
}

chat::Line said(std::string from, std::string text) {
  return {.kind = chat::Kind::message,
          .room = "den",
          .from = std::move(from),
          .text = std::move(text),
          .user = "u@h"};
}

TEST(IrcEncodingsTest, TheSameBytesAreEncodedOnceForAllThatAreAlike) {
  Encodings encodings;
  const SharedBytes body = frame_of({said("ann", "a"), said("bob", "b")});
  const auto plain = encodings.find(body, {}, "s");
  ASSERT_NE(plain, nullptr);
  EXPECT_EQ(as_text(plain->bytes.view()),
            ":ann!u@h PRIVMSG #den :a\r\n:bob!u@h PRIVMSG #den :b\r\n");
  EXPECT_EQ(plain->lines[1].begin, plain->lines[0].end);
  EXPECT_EQ(plain->lines[1].end, plain->bytes.size());
  EXPECT_EQ(plain->names, (std::vector<std::string>{"ann", "bob"}));
  EXPECT_FALSE(plain->special);
  EXPECT_EQ(encodings.find(body, *with_changes({}, "batch"), "s"), plain);
  EXPECT_NE(encodings.find(body, *with_changes({}, "server-time"), "s"), plain);
  EXPECT_EQ(encodings.frames(), 2U);
}

TEST(IrcEncodingsTest, TheOldestGoAtALimit) {
  Encodings encodings({.frames_max = 2});
  const SharedBytes first = frame_of({said("ann", "1")});
  const auto encoded = encodings.find(first, {}, "s");
  encodings.find(frame_of({said("ann", "2")}), {}, "s");
  encodings.find(frame_of({said("ann", "3")}), {}, "s");
  EXPECT_EQ(encodings.frames(), 2U);
  EXPECT_NE(encodings.find(first, {}, "s"), encoded);
  Encodings small({.bytes_max = 1});
  small.find(first, {}, "s");
  small.find(frame_of({said("ann", "2")}), {}, "s");
  EXPECT_EQ(small.frames(), 1U);
  EXPECT_LE(small.bytes(), 1'000U);
}

TEST(IrcEncodingsTest, WhatIsOfPersonsIsSpecial) {
  Encodings encodings;
  chat::Line quit = said("ann", "bye");
  quit.kind = chat::Kind::quit;
  const auto encoded = encodings.find(frame_of({quit}), {}, "s");
  EXPECT_TRUE(encoded->special);
  EXPECT_TRUE(encoded->lines[0].of_person);
}

TEST(IrcEncodingsTest, OtherBytesAreNone) {
  Encodings encodings;
  EXPECT_EQ(encodings.find(SharedBytes::copy_of(as_bytes("x")), {}, "s"), nullptr);
  EXPECT_EQ(encodings.find(frame_of({said("a", "b")}, "auction/1"), {}, "s"), nullptr);
  EXPECT_EQ(encodings.frames(), 0U);
}

}  // namespace
}  // namespace muster::edge::irc::encodings_test
