// IRC clients over real loopback sockets, with a node that is made by hand. Nothing sleeps: the
// loop runs until a condition holds.
#include "gateway/irc_gateway.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <string_view>

#include "chat/messages.h"
#include "wire/batch.h"
#include "wire/control.h"
#include "wire/events.h"
#include "wire/replies.h"

namespace muster::gateway::irc_gateway_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::system::error_code;
using edge::LinkId;
using wire::FrameType;

constexpr std::string_view host = "127.0.0.1";

/// What the node is told of one link.
struct Told {
  LinkId link;
  std::string address;
  std::vector<FrameType> frames{};
  std::vector<std::string> closed{};  ///< Reasons.
};

SharedBytes said(std::uint64_t index, const std::string& text) {
  wire::EventsBuilder events("chat/den");
  const Bytes line = chat::encode(chat::Line{
      .kind = chat::Kind::message, .room = "den", .from = "zoe", .text = text, .user = "z@h"});
  EXPECT_TRUE(events.add(
      {.position = {.command = {{index}, 0}, .sub = 0}, .time = LogTime{}, .payload = line}));
  return SharedBytes(std::move(events).finish());
}

/// Answers each command with success, as a node does: not before the call that brought it is over.
wire::Frame answer_to(const wire::Frame& frame, const std::string& nick) {
  const auto with = [](FrameType type, Bytes body) {
    return wire::Frame{.type = type, .body = SharedBytes(std::move(body))};
  };
  switch (frame.type) {
    case FrameType::open_session:
      return with(FrameType::session_opened, wire::encode(wire::SessionOpened{}));
    case FrameType::members_request:
      return with(FrameType::members, wire::encode(wire::Members{}));
    case FrameType::read: {
      wire::ReadReply reply;
      reply.set_request_id(wire::decode<wire::Read>(frame.body.view()).value().request_id());
      return with(FrameType::read_reply, wire::encode(reply));
    }
    case FrameType::commands: {
      const auto batch = wire::BatchView::parse_from_client(frame.body.view()).value();
      wire::RepliesBuilder replies(batch.header().first_sequence);
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        const Position position{{batch.header().first_sequence.value + i}, 0};
        EXPECT_TRUE(
            replies.add(position, chat::encode(chat::Receipt{.position = position, .name = nick})));
      }
      return with(FrameType::replies, std::move(replies).finish());
    }
    default:
      return with(FrameType::pong, {});
  }
}

/// A client's end of a connection, which reads while it is told to.
class Client {
 public:
  Client(net::Loop& loop, std::uint16_t port, int receive_bytes = 0) : socket_(loop.context()) {
    socket_.open(tcp::v4());
    if (receive_bytes > 0) {
      socket_.set_option(boost::asio::socket_base::receive_buffer_size(receive_bytes));
    }
    socket_.connect({boost::asio::ip::make_address(host), port});
  }
  ~Client() { *alive_ = false; }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void say(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
  void read_on() {
    reads_ = true;
    socket_.async_read_some(boost::asio::buffer(buffer_),
                            [this, alive = alive_](const error_code& error, std::size_t bytes) {
                              if (!*alive) return;
                              heard_.append(buffer_.data(), bytes);
                              if (error) {
                                ended_ = error;
                              } else if (reads_) {
                                read_on();
                              }
                            });
  }
  /// After what comes next.
  void stop_reading() { reads_ = false; }
  tcp::socket& socket() { return socket_; }
  const std::string& heard() const { return heard_; }
  bool has_heard(std::string_view text) const { return heard_.find(text) != std::string::npos; }
  /// How the other side's output ended; nothing while it has not.
  std::optional<error_code> ended() const { return ended_; }

 private:
  tcp::socket socket_;
  std::array<char, 16 * 1024> buffer_{};
  bool reads_{false};
  std::string heard_;
  std::optional<error_code> ended_;
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

class IrcGatewayTest : public testing::Test {
 protected:
  ~IrcGatewayTest() override {
    gateway_.reset();
    loop_.context().restart();
    loop_.context().poll();  // Handlers that come after its end.
  }

  /// Runs the loop until `holds`; false if that takes longer than any test should.
  template <class Condition>
  bool run_until(Condition holds) {
    loop_.context().restart();  // It may have run out of work before.
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (loop_.context().run_one_until(limit) == 0) return false;
    }
    return true;
  }

  void open(IrcGateway::Options options = {}) {
    options.bind = {std::string(host), 0};
    Node node{.opened =
                  [this](LinkId link, const std::string& address) {
                    told_.push_back({.link = link, .address = address});
                  },
              .frame =
                  [this](LinkId link, const wire::Frame& frame) {
                    of(link).frames.push_back(frame.type);
                    frames_.push_back(frame);
                    if (answers_) answer(link, frame);
                  },
              .closed = [this](LinkId link,
                               const std::string& reason) { of(link).closed.push_back(reason); }};
    gateway_ = IrcGateway::open(loop_, std::move(options), std::move(node),
                                [this](const std::string& text) { notices_.push_back(text); })
                   .value();
    gateway_->start();
  }
  Told& of(LinkId link) { return *std::ranges::find(told_, link, &Told::link); }
  void answer(LinkId link, const wire::Frame& frame) {
    boost::asio::post(loop_.context(), [this, link, reply = answer_to(frame, "x")] {
      tell(link, reply.type, reply.body);
      gateway_->flush();
    });
  }
  void tell(LinkId link, FrameType type, const SharedBytes& body) {
    gateway_->send({.link = link, .type = type, .body = {body}});
  }
  /// Tells each link of an event of #den.
  void tell_all(const SharedBytes& body) {
    for (const Told& one : told_) tell(one.link, FrameType::events, body);
    gateway_->flush();
  }

  std::unique_ptr<Client> connect(int receive_bytes = 0) {
    const std::size_t before = told_.size();
    auto client = std::make_unique<Client>(loop_, gateway_->port(), receive_bytes);
    EXPECT_TRUE(run_until([&] { return told_.size() > before; }));
    return client;
  }
  /// Signed in and in #den; all that it was told about that was read.
  std::unique_ptr<Client> connect_member(int receive_bytes = 0) {
    auto client = connect(receive_bytes);
    client->read_on();
    client->say("NICK x\r\nUSER u 0 * :U\r\nJOIN #den\r\nPING :in\r\n");
    EXPECT_TRUE(run_until([&] { return client->has_heard(" PONG muster :in\r\n"); }))
        << client->heard();
    return client;
  }

  net::Loop loop_;
  std::vector<Told> told_;  // By link, in the order of their opening.
  std::vector<wire::Frame> frames_;
  std::vector<std::string> notices_;
  bool answers_{true};
  std::unique_ptr<IrcGateway> gateway_;
};

TEST_F(IrcGatewayTest, WhatAClientSaysComesToTheNodeAndWhatTheNodeAnswersToIt) {
  open();
  const auto client = connect();
  client->read_on();
  client->say("NICK ann\r\nUS");
  client->say("ER u 0 * :U\r\n");
  ASSERT_TRUE(run_until([&] { return client->has_heard(" 422 x :"); })) << client->heard();
  EXPECT_TRUE(client->heard().starts_with(":muster 001 x :Welcome to the muster network"));
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].address,
            std::string(host) + ":" + std::to_string(client->socket().local_endpoint().port()));
  ASSERT_GE(told_[0].frames.size(), 2U);
  EXPECT_EQ(told_[0].frames[0], FrameType::open_session);
  EXPECT_EQ(told_[0].frames[1], FrameType::commands);
  const auto batch = wire::BatchView::parse_from_client(frames_[1].body.view()).value();
  const auto request = chat::decode_request((*batch.commands().begin()).payload).value();
  EXPECT_EQ(std::get<chat::SignIn>(request).name, "ann");
  EXPECT_EQ(std::get<chat::SignIn>(request).host, host);
  EXPECT_EQ(gateway_->connections(), 1U);
  EXPECT_TRUE(gateway_->has_link(told_[0].link));
}

TEST_F(IrcGatewayTest, TheNodeIsToldOnceThatASocketIsClosed) {
  open();
  const auto closes = connect_member();
  const auto resets = connect_member();
  const auto stays = connect_member();
  closes->socket().close();
  ASSERT_TRUE(run_until([&] { return gateway_->connections() == 2; }));
  resets->socket().set_option(boost::asio::socket_base::linger(true, 0));
  resets->socket().close();
  ASSERT_TRUE(run_until([&] { return gateway_->connections() == 1; }));
  // What the node has for it meanwhile is late, and what it closes is closed.
  tell_all(said(9, "late"));
  gateway_->close(told_[0].link);
  gateway_->flush();
  ASSERT_TRUE(run_until([&] { return stays->has_heard("PRIVMSG #den :late\r\n"); }));
  for (const std::size_t gone : {0U, 1U}) {
    EXPECT_EQ(told_[gone].closed, std::vector<std::string>{"the IRC connection is over"});
    EXPECT_EQ(told_[gone].frames.back(), FrameType::end_session);
    EXPECT_FALSE(gateway_->has_link(told_[gone].link));
  }
  EXPECT_EQ(told_[2].closed, std::vector<std::string>{});
}

TEST_F(IrcGatewayTest, OneBeyondTheLimitIsNotLetInAndTheLogIsTold) {
  open({.connections_max = 2});
  const auto first = connect();
  const auto second = connect();
  Client third(loop_, gateway_->port());
  third.read_on();
  ASSERT_TRUE(run_until([&] { return third.ended().has_value(); }));
  EXPECT_EQ(third.heard(), "");
  EXPECT_EQ(notices_, std::vector<std::string>{"an IRC client at 127.0.0.1 was not let in: there "
                                               "are 2, the limit of a server"});
  first->socket().close();
  ASSERT_TRUE(run_until([&] { return gateway_->connections() == 1; }));
  const auto fourth = connect();  // There is room again.
  EXPECT_EQ(gateway_->connections(), 2U);
  EXPECT_EQ(told_.size(), 3U);
}

TEST_F(IrcGatewayTest, WhoDoesNotReadIsClosedWithTheReasonAndAnotherIsNotTouched) {
  open({.irc = {.send_queue_max = 64 * 1024}});
  const auto fast = connect_member();
  const auto slow = connect_member(4 * 1024);
  slow->stop_reading();
  const std::size_t before = fast->heard().size();
  const std::string line = ":zoe!z@h PRIVMSG #den :" + std::string(400, 'x') + "\r\n";
  std::uint64_t index = 9;
  std::string expected;
  // Much more than fits into the kernel.
  while (told_[1].frames.back() != FrameType::end_session && index < 50'000) {
    tell_all(said(++index, std::string(400, 'x')));
    expected += line;
    ASSERT_TRUE(run_until([&] { return fast->heard().size() - before >= expected.size(); }));
  }
  EXPECT_EQ(told_[1].frames.back(), FrameType::end_session);
  slow->read_on();
  ASSERT_TRUE(run_until([&] { return slow->ended().has_value(); }));
  EXPECT_EQ(slow->ended(), boost::asio::error::eof);
  EXPECT_TRUE(slow->heard().ends_with("\r\nERROR :Closing Link: 127.0.0.1 (SendQ exceeded)\r\n"));
  slow->socket().close();
  ASSERT_TRUE(run_until([&] { return !told_[1].closed.empty(); }));
  EXPECT_EQ(fast->heard().substr(before), expected);
  EXPECT_EQ(fast->ended(), std::nullopt);
  EXPECT_EQ(told_[0].closed, std::vector<std::string>{});
}

TEST_F(IrcGatewayTest, WhoReadsSlowlyGetsEveryByteInItsOrder) {
  open({.irc = {.send_queue_max = 16 * 1024 * 1024}});
  const auto client = connect_member(4 * 1024);
  const std::size_t before = client->heard().size();
  std::string expected;
  for (std::uint64_t index = 10; index < 5'010; ++index) {
    const std::string text = std::to_string(index) + std::string(index % 400, 'x');
    tell_all(said(index, text));
    expected += ":zoe!z@h PRIVMSG #den :" + text + "\r\n";
  }
  ASSERT_TRUE(run_until([&] { return client->heard().size() - before >= expected.size(); }));
  EXPECT_TRUE(client->heard().substr(before) == expected);
}

TEST_F(IrcGatewayTest, TheEndWritesWhatWaitsAndClosesAndLetsNobodyIn) {
  open();
  const auto member = connect_member();
  const auto stranger = connect();
  stranger->read_on();
  const std::size_t before = member->heard().size();
  std::string expected;
  for (std::uint64_t index = 10; index < 1'010; ++index) {
    tell(told_[0].link, FrameType::events, said(index, std::string(400, 'x')));
    expected += ":zoe!z@h PRIVMSG #den :" + std::string(400, 'x') + "\r\n";
  }
  const std::string last =
      "ERROR :Closing Link: 127.0.0.1 (the server lets its clients go; connect to another)\r\n";
  gateway_->end();
  ASSERT_TRUE(run_until([&] { return member->ended() && stranger->ended(); }));
  EXPECT_EQ(member->ended(), boost::asio::error::eof);
  EXPECT_TRUE(member->heard().substr(before) == expected + last);
  EXPECT_EQ(stranger->heard(), last);
  EXPECT_THROW(Client(loop_, gateway_->port()), boost::system::system_error);
}

TEST_F(IrcGatewayTest, InputAfterTheEndOfTheConversationIsThrownAway) {
  open();
  const auto client = connect_member();
  gateway_->close(told_[0].link);
  gateway_->flush();
  const std::size_t frames = told_[0].frames.size();
  for (int i = 0; i < 100; ++i) client->say("PRIVMSG #den :" + std::string(400, 'x') + "\r\n");
  ASSERT_TRUE(run_until([&] { return client->ended().has_value(); }));
  // It was not reset, though there was input that nobody wanted.
  EXPECT_EQ(client->ended(), boost::asio::error::eof);
  EXPECT_TRUE(client->heard().ends_with("connect to another)\r\n"));
  EXPECT_EQ(told_[0].closed, std::vector<std::string>{});  // Not before the client closes, too.
  for (int i = 0; i < 100; ++i) client->say("PRIVMSG #den :" + std::string(400, 'x') + "\r\n");
  client->socket().close();
  ASSERT_TRUE(run_until([&] { return !told_[0].closed.empty(); }));
  EXPECT_EQ(told_[0].closed.size(), 1U);
  EXPECT_EQ(told_[0].frames.size(), frames);
}

TEST_F(IrcGatewayTest, WhoNeitherReadsNorClosesIsClosedAfterAWhile) {
  open({.flush_timeout = 50ms, .irc = {.send_queue_max = 16 * 1024 * 1024}});
  const auto client = connect_member(4 * 1024);
  client->stop_reading();
  for (std::uint64_t index = 10; index < 3'010; ++index) {
    tell(told_[0].link, FrameType::events, said(index, std::string(400, 'x')));
  }
  const Instant begun = loop_.now();
  gateway_->end();
  ASSERT_TRUE(run_until([&] { return gateway_->connections() == 0; }));
  EXPECT_GE(loop_.now() - begun, 50ms);
  EXPECT_EQ(told_[0].closed.size(), 1U);
}

TEST_F(IrcGatewayTest, WhoDoesNotSayWhoItIsIsClosedInTimeAndWhoDidIsNot) {
  open({.flush_timeout = 50ms, .irc = {.registration_timeout = 1s}});
  const auto goes = connect();
  const Instant begun = loop_.now();
  const auto silent = connect();
  const auto member = connect_member();
  const auto let_go = connect_member();
  silent->read_on();
  // Those whose time would have come before, and has come before.
  goes->socket().close();
  gateway_->close(told_[3].link);
  gateway_->flush();
  ASSERT_TRUE(run_until([&] { return silent->ended().has_value(); }));
  EXPECT_GE(loop_.now() - begun, 1s);
  EXPECT_EQ(silent->heard(), "ERROR :Closing Link: 127.0.0.1 (Registration timed out)\r\n");
  EXPECT_EQ(told_[0].closed.size(), 1U);
  EXPECT_EQ(told_[2].closed.size(), 0U);
  EXPECT_EQ(told_[3].closed.size(), 1U);
  EXPECT_EQ(member->ended(), std::nullopt);
}

TEST_F(IrcGatewayTest, ASilentClientIsAskedAndClosedIfItDoesNotAnswer) {
  open({.irc = {.ping_after = 50ms, .ping_timeout = 50ms}});
  const Instant begun = loop_.now();
  const auto client = connect();
  client->read_on();
  client->say("NICK x\r\nUSER u 0 * :U\r\n");
  ASSERT_TRUE(run_until([&] { return client->ended().has_value(); }));
  EXPECT_GE(loop_.now() - begun, 100ms);
  EXPECT_TRUE(client->has_heard("\r\nPING :")) << client->heard();
  EXPECT_TRUE(client->heard().ends_with("ERROR :Closing Link: 127.0.0.1 (Ping timeout)\r\n"));
}

TEST_F(IrcGatewayTest, LinesBeyondTheRateAreReadLater) {
  open({.irc = {.lines_per_second = 20, .burst = 4}});
  const auto client = connect();
  client->read_on();
  const Instant begun = loop_.now();
  client->say("NICK x\r\nUSER u 0 * :U\r\n");
  client->say("PING :1\r\nPING :2\r\nPING :3\r\nPING :4\r\n");
  ASSERT_TRUE(run_until([&] { return client->has_heard("PONG muster :4\r\n"); }));
  EXPECT_GE(loop_.now() - begun, 100ms);
}

// Nothing is left to be read when the last of the burst is gone: what comes then is read all the
// same.
TEST_F(IrcGatewayTest, WhatComesAfterTheBurstIsReadToo) {
  open({.irc = {.lines_per_second = 20, .burst = 4}});
  const auto client = connect();
  client->read_on();
  client->say("NICK x\r\nUSER u 0 * :U\r\nPING :1\r\nPING :2\r\n");
  ASSERT_TRUE(run_until([&] { return client->has_heard("PONG muster :2\r\n"); }));
  client->say("PING :3\r\n");
  EXPECT_TRUE(run_until([&] { return client->has_heard("PONG muster :3\r\n"); }));
}

}  // namespace
}  // namespace muster::gateway::irc_gateway_test
