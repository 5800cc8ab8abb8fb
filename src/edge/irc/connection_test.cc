// Limits and time of one connection; what is told is in the transcripts.
#include "edge/irc/connection.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "chat/chat.h"
#include "wire/control.h"
#include "wire/events.h"
#include "wire/replies.h"

namespace muster::edge::irc::connection_test {
namespace {

using namespace std::chrono_literals;

/// A client that is signed in and in #den, with a node that is made by hand.
class Client {
 public:
  Client(const Options& options, Encodings& encodings, const std::string& nick)
      : connection_(options, encodings,
                    {.link = link,
                     .session = {Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)},
                     .inbox = std::string(32, '0'),
                     .host = "h"},
                    now_) {
    say("NICK " + nick + "\r\nUSER u 0 * :U\r\n");
    frame(wire::FrameType::session_opened, wire::encode(wire::SessionOpened{}));
    answer(1, nick);
    for (std::uint64_t read = 1; read <= 2; ++read) answer_read(read);
    frame(wire::FrameType::members, wire::encode(wire::Members{}));
    say("JOIN #den\r\n");
    answer(2, nick);
    frame(wire::FrameType::pong, Bytes{});
    answer_read(3);
    told();
    taken();
  }

  Connection& connection() { return connection_; }
  void say(std::string_view text) { connection_.received(as_bytes(text), now_); }
  void frame(wire::FrameType type, Bytes body) { frame(type, SharedBytes(std::move(body))); }
  void frame(wire::FrameType type, const SharedBytes& body) {
    connection_.frame({.link = link, .type = type, .body = {body}}, now_, LogTime{});
  }
  void answer(std::uint64_t command, const std::string& nick) {
    wire::RepliesBuilder replies({command});
    const chat::Receipt receipt{.position = {{command}, 0}, .name = nick};
    EXPECT_TRUE(replies.add(receipt.position, chat::encode(receipt)));
    frame(wire::FrameType::replies, std::move(replies).finish());
  }
  void answer_read(std::uint64_t read) {
    wire::ReadReply reply;
    reply.set_request_id(read);
    frame(wire::FrameType::read_reply, wire::encode(reply));
  }
  std::vector<SharedBytes> pieces() { return connection_.take_bytes(); }
  std::string told() {
    std::string text;
    for (const SharedBytes& piece : pieces()) {
      text += as_text(piece.view());
      connection_.sent(piece.size(), now_);
    }
    return text;
  }
  std::vector<wire::FrameType> taken() {
    std::vector<wire::FrameType> types;
    for (const wire::Frame& each : connection_.take_frames()) types.push_back(each.type);
    return types;
  }
  void pass(Duration time) { connection_.tick(now_ += time); }

  static constexpr LinkId link{1};

 private:
  Instant now_{1h};
  Connection connection_;
};

SharedBytes said(std::uint64_t index, const std::string& text) {
  wire::EventsBuilder events("chat/den");
  const Bytes line = chat::encode(chat::Line{
      .kind = chat::Kind::message, .room = "den", .from = "zoe", .text = text, .user = "z@h"});
  EXPECT_TRUE(events.add(
      {.position = {.command = {{index}, 0}, .sub = 0}, .time = LogTime{}, .payload = line}));
  return SharedBytes(std::move(events).finish());
}

using Types = std::vector<wire::FrameType>;

TEST(IrcConnectionTest, AllMembersOfARoomAreToldTheSameBytes) {
  const Options options;
  Encodings encodings;
  Client ann(options, encodings, "ann");
  Client bob(options, encodings, "bob");
  const SharedBytes body = said(9, "hi");
  ann.frame(wire::FrameType::events, body);
  bob.frame(wire::FrameType::events, body);
  const auto to_ann = ann.pieces();
  const auto to_bob = bob.pieces();
  ASSERT_EQ(to_ann.size(), 1U);
  ASSERT_EQ(to_bob.size(), 1U);
  EXPECT_EQ(as_text(to_ann[0].view()), ":zoe!z@h PRIVMSG #den :hi\r\n");
  EXPECT_EQ(to_ann[0].view().data(), to_bob[0].view().data());
  EXPECT_EQ(encodings.frames(), 1U);
}

TEST(IrcConnectionTest, TheNodesPingIsAnsweredThoughWhatCameBeforeItIsNotWritten) {
  const Options options;
  Encodings encodings;
  Client ann(options, encodings, "ann");
  ann.frame(wire::FrameType::events, said(9, "hi"));
  ann.frame(wire::FrameType::ping, Bytes{});
  EXPECT_EQ(ann.taken(), Types{wire::FrameType::pong});
  EXPECT_EQ(ann.told(), ":zoe!z@h PRIVMSG #den :hi\r\n");
}

TEST(IrcConnectionTest, WhoReadsTooLittleIsLetGo) {
  Options options;
  options.send_queue_max = 4'096;
  Encodings encodings;
  Client ann(options, encodings, "ann");
  std::uint64_t index = 9;
  while (!ann.connection().finished() && index < 100) {
    ann.frame(wire::FrameType::events, said(++index, std::string(400, 'x')));
    ann.connection().take_frames();
  }
  EXPECT_EQ(index, 9U + 10U);  // The tenth passes it.
  EXPECT_EQ(ann.told(), "ERROR :Closing Link: h (SendQ exceeded)\r\n");
  EXPECT_EQ(ann.connection().deadline(), Instant::max());
}

TEST(IrcConnectionTest, LinesBeyondTheRateStayWhereTheyAre) {
  Options options;
  options.burst = 6;
  options.lines_per_second = 2;
  Encodings encodings;
  Client ann(options, encodings, "ann");
  EXPECT_TRUE(ann.connection().wants_input());
  for (int i = 0; i < 6; ++i) ann.say("PING :" + std::to_string(i) + "\r\n");
  EXPECT_EQ(ann.told(),
            ":muster PONG muster :0\r\n:muster PONG muster :1\r\n:muster PONG muster :2\r\n");
  EXPECT_FALSE(ann.connection().wants_input());
  EXPECT_EQ(ann.connection().deadline(), Instant{1h + 500ms});
  ann.pass(500ms);
  EXPECT_EQ(ann.told(), ":muster PONG muster :3\r\n");
  ann.pass(1s);
  EXPECT_EQ(ann.told(), ":muster PONG muster :4\r\n:muster PONG muster :5\r\n");
}

TEST(IrcConnectionTest, EventsOfOneTurnAreToldInTheOrderOfTheLog) {
  const Options options;
  Encodings encodings;
  Client ann(options, encodings, "ann");
  ann.frame(wire::FrameType::events, said(12, "second"));
  ann.frame(wire::FrameType::events, said(11, "of before"));
  EXPECT_EQ(ann.told(), ":zoe!z@h PRIVMSG #den :of before\r\n:zoe!z@h PRIVMSG #den :second\r\n");
  ann.frame(wire::FrameType::events, said(12, "second"));
  EXPECT_EQ(ann.told(), "");
}

}  // namespace
}  // namespace muster::edge::irc::connection_test
