// The lines of `muster watch`, for people and for scripts.
#include "cli/watch_lines.h"

#include <gtest/gtest.h>

#include "chat/messages.h"
#include "wire/control.h"

namespace muster::cli::watch_lines_test {
namespace {

using Lines = std::vector<std::string>;

session::TopicNews event_of(const std::string& topic, Bytes payload) {
  return session::TopicEvents{.topic = topic,
                              .events = {{.position = {.command = {{7}, 2}, .sub = 1},
                                          .time = LogTime{1'500},
                                          .payload = SharedBytes(std::move(payload))}}};
}

Bytes group_event() {
  wire::GroupEvent event;
  event.set_view(3);
  event.set_text("b joined");
  return wire::encode(event);
}

TEST(WatchLinesTest, ShowEventsOfTheGroupAsText) {
  const session::TopicNews news = event_of("group", group_event());
  EXPECT_EQ(text_lines(news, false), Lines{"7.2 1970-01-01T00:00:01.500Z b joined"});
  EXPECT_EQ(text_lines(news, true), Lines{"7.2 1970-01-01T00:00:01.500Z group b joined"});
}

TEST(WatchLinesTest, PutTheFieldsOfAnEventBesideItsPlace) {
  const std::string line = json_lines(event_of("group", group_event())).at(0);
  EXPECT_EQ(line.substr(0, line.find(",\"founded\"")),
            R"({"index":7,"ordinal":2,"sub":1,"time":"1970-01-01T00:00:01.500Z","topic":"group",)"
            R"("gap":false,"logged":true,"view":3,"text":"b joined")");
}

TEST(WatchLinesTest, ShowWhoCameMovedAndWentInWords) {
  wire::SessionEvent event;
  event.set_what(wire::SessionEvent::MOVED);
  event.set_text("ann moved to b");
  const session::TopicNews news = event_of("sessions", wire::encode(event));
  EXPECT_EQ(text_lines(news, false), Lines{"7.2 1970-01-01T00:00:01.500Z ann moved to b"});
  EXPECT_NE(json_lines(news).at(0).find(R"("what":"MOVED","text":"ann moved to b")"),
            std::string::npos);
}

TEST(WatchLinesTest, ShowWhatIsSaidInARoom) {
  const auto said = [](const chat::Line& line) {
    return event_text("chat/lobby", chat::encode(line));
  };
  EXPECT_EQ(said({.room = "lobby", .from = "ann", .text = "hi"}), "ann: hi");
  EXPECT_EQ(said({.kind = chat::Kind::join, .room = "lobby", .from = "ann"}), "ann joined");
  EXPECT_EQ(event_text("chat/lobby", as_bytes("x")), "1 bytes");
  EXPECT_EQ(event_text("echo", as_bytes("abc")), "3 bytes");
  EXPECT_EQ(known_text("echo", as_bytes("abc")), std::nullopt);
}

TEST(WatchLinesTest, ShowWhoIsMissedAtTheIndexOfWhoMissesIt) {
  wire::GroupEvent server;
  server.set_text("b is suspected");
  const client::Suspicion missed{.event = server, .index = {8}, .time = LogTime{1'500}};
  EXPECT_EQ(text_line(missed, false), "8.0 1970-01-01T00:00:01.500Z b is suspected");
  EXPECT_EQ(text_line(missed, true), "8.0 1970-01-01T00:00:01.500Z group b is suspected");
  wire::SessionEvent session;
  session.set_what(wire::SessionEvent::SUSPECTED);
  session.set_text("ann is suspected");
  const std::string line = json_line({.event = session, .index = {8}, .time = LogTime{1'500}});
  EXPECT_EQ(
      line.substr(0, line.find(",\"sessionId\"")),
      R"({"index":8,"ordinal":0,"sub":0,"time":"1970-01-01T00:00:01.500Z",)"
      R"("topic":"sessions","gap":false,"logged":false,"what":"SUSPECTED","text":"ann is suspected")");
}

TEST(WatchLinesTest, ShowUnknownPayloadsAsBytes) {
  const session::TopicNews news = event_of("street", Bytes{std::byte{1}, std::byte{2}});
  EXPECT_EQ(text_lines(news, false), Lines{"7.2 1970-01-01T00:00:01.500Z 2 bytes"});
  EXPECT_EQ(json_lines(news),
            Lines{R"({"index":7,"ordinal":2,"sub":1,"time":"1970-01-01T00:00:01.500Z",)"
                  R"("topic":"street","gap":false,"logged":true,"payload":"AQI="})"});
  EXPECT_EQ(text_lines(event_of("group", Bytes{std::byte{1}}), false),
            Lines{"7.2 1970-01-01T00:00:01.500Z 1 bytes"});
}

TEST(WatchLinesTest, TellThatTheGroupIsAnotherOne) {
  const session::TopicNews news = session::TopicGap{
      .topic = "t", .index = {0}, .state = Error{ErrorCode::aborted, "its group is gone"}};
  EXPECT_EQ(text_lines(news, true),
            std::vector<std::string>{"t events begin anew: its group is gone"});
}

TEST(WatchLinesTest, TellOfGaps) {
  const session::TopicNews state =
      session::TopicGap{.topic = "t", .index = {9}, .state = SharedBytes(Bytes{std::byte{1}})};
  EXPECT_EQ(text_lines(state, true),
            Lines{"up to 9 t events are missing: the server no longer keeps them"});
  EXPECT_EQ(json_lines(state), Lines{R"({"index":9,"ordinal":0,"sub":0,"time":null,"topic":"t",)"
                                     R"("gap":true,"logged":true,"state":"AQ==","error":null})"});
  const session::TopicNews none = session::TopicGap{
      .topic = "t", .index = {9}, .state = Error{ErrorCode::not_found, "no topic"}};
  EXPECT_EQ(json_lines(none),
            Lines{R"({"index":9,"ordinal":0,"sub":0,"time":null,"topic":"t",)"
                  R"("gap":true,"logged":true,"state":null,"error":"no topic"})"});
}

TEST(WatchLinesTest, SayNothingOfMarks) {
  const session::TopicNews news = session::TopicReached{.topic = "t", .index = {9}};
  EXPECT_EQ(text_lines(news, false), Lines{});
  EXPECT_EQ(json_lines(news), Lines{});
}

}  // namespace
}  // namespace muster::cli::watch_lines_test
