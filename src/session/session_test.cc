// The client's session against a server written down step by step. Time is a variable.
#include "session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/batch.h"
#include "wire/control.h"
#include "wire/heartbeat.h"
#include "wire/replies.h"

namespace muster::session::session_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::FrameType;

constexpr ServiceId echo{7};
const SessionId ann{{{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xaa}}};

SharedBytes text(std::string_view content) {
  return SharedBytes::copy_of(as_bytes(content));
}

std::string to_text(StateChange::Kind kind) {
  switch (kind) {
    case StateChange::Kind::connected:
      return "connected";
    case StateChange::Kind::lost:
      return "lost";
    case StateChange::Kind::opened:
      return "opened";
    case StateChange::Kind::resumed:
      return "resumed";
    case StateChange::Kind::ended:
      return "ended";
  }
  return "?";
}

/// One line per output, in order.
std::vector<std::string> to_lines(const Ready& ready) {
  std::vector<std::string> lines;
  for (const Dial& dial : ready.dial) lines.push_back("dial " + dial.address);
  for (const Outgoing& out : ready.send) {
    if (out.frame.type == FrameType::commands) {
      const wire::BatchView batch =
          wire::BatchView::parse_from_client(out.frame.body.view()).value();
      std::string line = "commands " + std::to_string(batch.header().first_sequence.value);
      if (batch.header().skip > 0) line += " skip " + std::to_string(batch.header().skip);
      line += " epoch " + std::to_string(batch.header().epoch.value) + ":";
      for (const wire::CommandView command : batch.commands()) {
        line += " " + std::string(as_text(command.payload));
      }
      lines.push_back(line);
    } else if (out.frame.type == FrameType::open_session) {
      lines.push_back("open");
    } else if (out.frame.type == FrameType::resume_session) {
      const auto resume = wire::decode<wire::ResumeSession>(out.frame.body.view()).value();
      lines.push_back("resume epoch " + std::to_string(resume.epoch()) + " answered " +
                      std::to_string(resume.answered_sequence()));
    } else {
      lines.push_back("frame " + std::to_string(static_cast<int>(out.frame.type)));
    }
  }
  for (const LinkId link : ready.close) lines.push_back("close " + std::to_string(link.value));
  for (const StateChange& change : ready.changes) {
    lines.push_back(to_text(change.kind) + " " + change.address);
  }
  for (const CompletedCall& call : ready.calls) {
    std::string line = "call " + std::to_string(call.sequence.value) + " ";
    line += call.result ? "ok " + std::string(as_text(call.result->payload.view()))
                        : std::string(name_of(call.result.error().code)) + " " +
                              std::string(name_of(call.result.error().outcome));
    lines.push_back(line);
  }
  for (const CompletedRead& read : ready.reads) {
    std::string line = "read " + std::to_string(read.request.value) + " ";
    line += read.result ? std::to_string(read.result->index.value) + " " +
                              std::string(as_text(read.result->payload.view()))
                        : std::string(name_of(read.result.error().code));
    lines.push_back(line);
  }
  for (const CompletedQuery& query : ready.queries) {
    lines.push_back(
        "query " + std::to_string(query.request.value) + " " +
        (query.result ? std::string("answered") : std::string(name_of(query.result.error().code))));
  }
  return lines;
}

const std::string our_group = "018f0000-0000-7000-8000-0000000000a1";
const std::string other_group = "018f0000-0000-7000-8000-0000000000a2";

SharedBytes hello_of(const std::string& group, const std::vector<std::string>& gone = {}) {
  wire::ServerHello hello;
  hello.set_group_id(group);
  for (const std::string& id : gone) hello.add_gone_groups(id);
  return SharedBytes(wire::encode(hello));
}

class SessionTest : public ::testing::Test {
 protected:
  std::vector<std::string> after(Duration step) {
    now_ += step;
    session_.tick(now_);
    return to_lines(session_.ready(now_));
  }
  std::vector<std::string> ready() { return to_lines(session_.ready(now_)); }
  std::uint64_t call(std::string_view payload, Duration within = 10s) {
    return session_.call(echo, text(payload), now_, now_ + within).value().value;
  }
  void receive(FrameType type, const google::protobuf::MessageLite& message) {
    session_.frame(link_, type, SharedBytes(wire::encode(message)), now_);
  }
  /// A link is up, to a server of that group.
  void link_up(LinkId link, const SharedBytes& hello = hello_of(our_group)) {
    session_.connected(link, now_);
    session_.frame(link, FrameType::server_hello, hello, now_);
  }
  void connect() {
    static_cast<void>(ready());  // Dials.
    ++link_.value;
    link_up(link_);
  }
  void opened(std::uint64_t last) {
    wire::SessionOpened message;
    message.set_last_sequence(last);
    receive(FrameType::session_opened, message);
  }
  /// Up to a fresh session, with nothing left to report.
  void open() {
    connect();
    opened(0);
    static_cast<void>(ready());
  }
  void lose() {
    session_.disconnected(link_, now_);
    static_cast<void>(ready());
  }
  /// After a loss: resumes at the next server, and reports what follows from it.
  std::vector<std::string> resume(std::uint64_t last) {
    ++link_.value;
    link_up(link_);
    static_cast<void>(ready());
    opened(last);
    return ready();
  }
  void answer(std::uint64_t first, const std::vector<std::string>& payloads) {
    wire::RepliesBuilder replies(SequenceNumber{first});
    for (const std::string& payload : payloads) {
      ASSERT_TRUE(replies.add(Position{LogIndex{9}, 1}, as_bytes(payload)));
    }
    session_.frame(link_, FrameType::replies, SharedBytes(std::move(replies).finish()), now_);
  }
  void refuse(std::uint64_t sequence) {
    wire::RepliesBuilder replies(SequenceNumber{sequence});
    ASSERT_TRUE(replies.add(Position{}, Error{ErrorCode::not_found, "no such service"}));
    session_.frame(link_, FrameType::replies, SharedBytes(std::move(replies).finish()), now_);
  }
  void resend_from(std::uint64_t sequence) {
    wire::ResendFrom message;
    message.set_sequence(sequence);
    receive(FrameType::resend_from, message);
  }

  Instant now_{1s};
  LinkId link_;
  Session session_{{.id = ann, .name = "ann", .kind = "test", .seeds = {"a:1", "b:1"}}};
};

TEST_F(SessionTest, DialsTheFirstServerAndOpens) {
  EXPECT_THAT(ready(), ElementsAre("dial a:1"));
  link_up(LinkId{1});
  EXPECT_THAT(ready(), ElementsAre("open", "connected a:1"));
  link_ = LinkId{1};
  opened(0);
  EXPECT_THAT(ready(), ElementsAre("opened a:1"));
  EXPECT_TRUE(session_.opened());
  EXPECT_EQ(session_.server(), "a:1");
}

TEST_F(SessionTest, SendsTheCommandsOfOneTurnAsOneBatch) {
  open();
  EXPECT_EQ(call("x"), 1U);
  EXPECT_EQ(call("y"), 2U);
  EXPECT_THAT(ready(), ElementsAre("commands 1 epoch 1: x y"));
  call("z");
  EXPECT_THAT(ready(), ElementsAre("commands 3 epoch 1: z"));
  EXPECT_THAT(ready(), IsEmpty());
}

TEST_F(SessionTest, HoldsCommandsBackUntilItIsOpen) {
  call("x");
  EXPECT_THAT(ready(), ElementsAre("dial a:1"));
  connect();
  EXPECT_THAT(ready(), ElementsAre("open", "connected a:1"));
  opened(0);
  EXPECT_THAT(ready(), ElementsAre("commands 1 epoch 1: x", "opened a:1"));
}

TEST_F(SessionTest, GivesEachAnswerToItsCall) {
  open();
  call("x");
  call("y");
  call("z");
  static_cast<void>(ready());
  answer(1, {"X", "Y"});
  EXPECT_THAT(ready(), ElementsAre("call 1 ok X", "call 2 ok Y"));
  EXPECT_EQ(session_.calls_in_flight(), 1U);
  refuse(3);
  EXPECT_THAT(ready(), ElementsAre("call 3 NOT_FOUND NOT_APPLIED"));
}

TEST_F(SessionTest, IgnoresAnswersThatItHasAlready) {
  open();
  call("x");
  call("y");
  static_cast<void>(ready());
  answer(1, {"X"});
  answer(1, {"X", "Y"});
  EXPECT_THAT(ready(), ElementsAre("call 1 ok X", "call 2 ok Y"));
}

TEST_F(SessionTest, ResumesAtAnotherServerAndResendsWhatIsUnanswered) {
  open();
  for (const char* payload : {"x", "y", "z"}) call(payload);
  static_cast<void>(ready());
  answer(1, {"X"});
  static_cast<void>(ready());
  session_.disconnected(link_, now_);
  EXPECT_THAT(ready(), ElementsAre("dial b:1", "lost a:1"));
  ++link_.value;
  link_up(link_);
  EXPECT_THAT(ready(), ElementsAre("resume epoch 2 answered 1", "connected b:1"));
  opened(2);
  EXPECT_THAT(ready(), ElementsAre("commands 2 epoch 2: y z", "resumed b:1"));
}

TEST_F(SessionTest, DoesNotSendAgainWhatAHomeHasRefused) {
  open();
  for (const char* payload : {"x", "y", "z"}) call(payload);
  static_cast<void>(ready());
  refuse(2);
  EXPECT_THAT(ready(), ElementsAre("call 2 NOT_FOUND NOT_APPLIED"));
  lose();
  EXPECT_THAT(resume(0),
              ElementsAre("commands 1 epoch 2: x", "commands 3 skip 1 epoch 2: z", "resumed b:1"));
}

TEST_F(SessionTest, SkipsWhatAHomeHasRefusedAndThenTakenWithIt) {
  open();
  call("x");
  static_cast<void>(ready());
  refuse(1);
  static_cast<void>(ready());
  lose();
  static_cast<void>(resume(0));
  call("y");
  EXPECT_THAT(ready(), ElementsAre("commands 2 skip 1 epoch 2: y"));
}

TEST_F(SessionTest, ResendsFromTheNumberThatTheServerExpects) {
  open();
  for (const char* payload : {"x", "y", "z"}) call(payload);
  static_cast<void>(ready());
  resend_from(2);
  EXPECT_THAT(ready(), ElementsAre("commands 2 epoch 1: y z"));
}

TEST_F(SessionTest, GivesUpAServerThatAsksForWhatWasNeverSent) {
  open();
  resend_from(2);
  EXPECT_THAT(ready(), ElementsAre("dial b:1", "close 1", "lost a:1"));
}

TEST_F(SessionTest, ReportsACallThatWasSentAsPerhapsAppliedWhenItsTimeIsUp) {
  open();
  call("x", 100ms);
  static_cast<void>(ready());
  EXPECT_EQ(session_.deadline(), now_ + 100ms);
  EXPECT_THAT(after(100ms), ElementsAre("call 1 DEADLINE_EXCEEDED PERHAPS_APPLIED"));
  answer(1, {"X"});
  EXPECT_THAT(ready(), IsEmpty());
  EXPECT_EQ(session_.calls_in_flight(), 0U);
}

TEST_F(SessionTest, ReportsACallThatWasNeverSentAsNotAppliedAndSkipsItsNumber) {
  call("x", 100ms);
  static_cast<void>(ready());
  EXPECT_THAT(after(100ms), ElementsAre("call 1 DEADLINE_EXCEEDED NOT_APPLIED"));
  open();
  call("y");
  EXPECT_THAT(ready(), ElementsAre("commands 2 skip 1 epoch 1: y"));
}

TEST_F(SessionTest, AbortsWhatIsUnansweredWhenTheGroupEndsTheSession) {
  open();
  call("x");
  static_cast<void>(ready());
  call("y");
  wire::SessionEnded ended;
  ended.set_reason("silent for 10 s");
  receive(FrameType::session_ended, ended);
  EXPECT_THAT(ready(), ElementsAre("close 1", "ended a:1", "call 1 ABORTED PERHAPS_APPLIED",
                                   "call 2 ABORTED NOT_APPLIED"));
  EXPECT_TRUE(session_.ended());
  EXPECT_EQ(session_.call(echo, text("z"), now_, now_ + 1s).error().code, ErrorCode::aborted);
  EXPECT_EQ(session_.deadline(), std::nullopt);
}

TEST_F(SessionTest, EndsOnItsOwnWishAndTellsTheGroup) {
  open();
  session_.end(now_);
  EXPECT_THAT(ready(), ElementsAre("frame 18", "close 1", "ended a:1"));
}

TEST_F(SessionTest, RefusesMoreCallsThanTheLimit) {
  open();
  for (std::size_t i = 0; i < wire::session_requests_in_flight_max; ++i) call("x");
  EXPECT_EQ(session_.call(echo, text("x"), now_, now_ + 1s).error().code,
            ErrorCode::resource_exhausted);
  static_cast<void>(ready());
  answer(1, {"X"});
  EXPECT_EQ(call("x"), wire::session_requests_in_flight_max + 1);
}

// A read travels with some bytes around its payload, which count as well.
TEST_F(SessionTest, RefusesMoreBytesThanTheLimit) {
  constexpr std::size_t limit = 100;
  Session session{
      {.id = ann, .name = "ann", .seeds = {"a:1"}, .bytes_in_flight_max = limit, .seed = 1}};
  const auto read = [&](std::size_t bytes) {
    return session.read(echo, text(std::string(bytes, 'x')), true, now_, now_ + 1s);
  };
  ASSERT_TRUE(read(80));
  EXPECT_EQ(read(100 - session.bytes_in_flight()).error().code, ErrorCode::resource_exhausted);
  EXPECT_LE(session.bytes_in_flight(), limit);
  EXPECT_EQ(session.call(echo, text(std::string(limit, 'x')), now_, now_ + 1s).error().code,
            ErrorCode::resource_exhausted);
  now_ += 2s;
  session.tick(now_);
  EXPECT_EQ(session.bytes_in_flight(), 0U);
  EXPECT_TRUE(read(80));
}

TEST_F(SessionTest, SplitsWhatOneBatchCannotHold) {
  open();
  const std::string large(wire::command_bytes_max, 'x');
  call(large);
  call(large);
  const Ready out = session_.ready(now_);
  ASSERT_EQ(out.send.size(), 2U);
  for (const Outgoing& sent : out.send) {
    EXPECT_LE(sent.frame.body.size(), wire::batch_bytes_max);
  }
  EXPECT_EQ(session_.call(echo, text(large + "x"), now_, now_ + 1s).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(SessionTest, WaitsLongerAfterEachRoundWithoutAServer) {
  EXPECT_THAT(ready(), ElementsAre("dial a:1"));
  session_.disconnected(LinkId{1}, now_);
  EXPECT_THAT(ready(), ElementsAre("dial b:1"));
  session_.disconnected(LinkId{2}, now_);
  EXPECT_THAT(ready(), IsEmpty());
  const Duration first_wait = *session_.deadline() - now_;
  EXPECT_GE(first_wait, 25ms);
  EXPECT_LE(first_wait, 50ms);
  EXPECT_THAT(after(first_wait), ElementsAre("dial a:1"));
  session_.disconnected(LinkId{3}, now_);
  EXPECT_THAT(ready(), ElementsAre("dial b:1"));
  session_.disconnected(LinkId{4}, now_);
  const Duration second_wait = *session_.deadline() - now_;
  EXPECT_GE(second_wait, 50ms);
  EXPECT_LE(second_wait, 100ms);
}

TEST_F(SessionTest, NeverWaitsLongerThanTheLimit) {
  for (std::uint64_t link = 1; link < 60; ++link) {
    while (session_.ready(now_).dial.empty()) now_ = *session_.deadline();
    session_.disconnected(LinkId{link}, now_);
    ASSERT_LE(*session_.deadline() - now_, 5s);
  }
}

TEST_F(SessionTest, GoesWhereARedirectPoints) {
  connect();
  static_cast<void>(ready());
  wire::Redirect redirect;
  redirect.set_address("c:1");
  receive(FrameType::redirect, redirect);
  EXPECT_THAT(ready(), ElementsAre("dial c:1", "close 1", "lost a:1"));
}

TEST_F(SessionTest, WhoWasSentOnOnceResumesToStay) {
  open();
  lose();
  const auto stays = [&] {
    static_cast<void>(ready());  // Dials.
    ++link_.value;
    link_up(link_);
    for (const Outgoing& out : session_.ready(now_).send) {
      if (out.frame.type != FrameType::resume_session) continue;
      return wire::decode<wire::ResumeSession>(out.frame.body.view())->stays();
    }
    return false;
  };
  const auto sent_on = [&] {
    wire::Redirect redirect;
    redirect.set_address("c:1");
    receive(FrameType::redirect, redirect);
  };
  EXPECT_FALSE(stays());
  sent_on();
  EXPECT_TRUE(stays());
  EXPECT_EQ(session_.server(), "c:1");
  session_.disconnected(link_, now_);  // It is lost at once: the next may know of a better one.
  now_ += 1s;
  EXPECT_FALSE(stays());
  sent_on();
  EXPECT_TRUE(stays());
  session_.disconnected(link_, now_);
  now_ += 1s;
  EXPECT_FALSE(stays());
  sent_on();
  EXPECT_TRUE(stays());
  session_.disconnected(link_, now_);
  now_ += 1s;
  EXPECT_TRUE(stays());  // Sent about three times: enough.
}

TEST_F(SessionTest, DoesNotFollowRedirectsInACircle) {
  connect();
  for (int i = 0; i < 4; ++i) {
    wire::Redirect redirect;
    redirect.set_address("c:1");
    receive(FrameType::redirect, redirect);
    static_cast<void>(ready());
    ++link_.value;
    link_up(link_);
  }
  EXPECT_FALSE(session_.server().has_value());  // It waits, or would be linked at once.
}

TEST_F(SessionTest, LearnsServersFromTheHello) {
  connect();
  wire::ServerHello hello;
  hello.set_group_id(our_group);
  hello.add_client_addresses("c:1");
  receive(FrameType::server_hello, hello);
  static_cast<void>(ready());
  session_.disconnected(link_, now_);
  EXPECT_THAT(ready(), ElementsAre("dial b:1", "lost a:1"));
  session_.disconnected(LinkId{2}, now_);
  EXPECT_THAT(ready(), ElementsAre("dial c:1"));
}

TEST_F(SessionTest, TriesTheNextServerWhenOneRefuses) {
  connect();
  static_cast<void>(ready());
  receive(FrameType::refused, wire::to_refused({ErrorCode::unavailable, "no leader"}));
  EXPECT_THAT(ready(), ElementsAre("dial b:1", "close 1", "lost a:1"));
  EXPECT_EQ(session_.last_error()->message, "no leader");
}

TEST_F(SessionTest, AsksASilentServerAndThenGivesItUp) {
  open();
  EXPECT_EQ(session_.deadline(), now_ + 1s);
  EXPECT_THAT(after(1s), ElementsAre("frame 2"));
  EXPECT_THAT(after(1'999ms), IsEmpty());
  EXPECT_THAT(after(1ms), ElementsAre("dial b:1", "close 1", "lost a:1"));
}

TEST_F(SessionTest, StaysWithAServerThatAnswersItsPings) {
  open();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(after(1s), ElementsAre("frame 2"));
    session_.frame(link_, FrameType::pong, {}, now_);
  }
  EXPECT_TRUE(session_.opened());
}

TEST_F(SessionTest, GivesUpADialThatTakesTooLong) {
  EXPECT_THAT(ready(), ElementsAre("dial a:1"));
  EXPECT_THAT(after(3s), ElementsAre("dial b:1", "close 1"));
}

TEST_F(SessionTest, AsksReadsAgainAfterALoss) {
  open();
  const RequestId id = session_.read(echo, text("k"), true, now_, now_ + 60s).value();
  EXPECT_THAT(ready(), ElementsAre("frame 20"));
  session_.disconnected(link_, now_);
  static_cast<void>(ready());
  ++link_.value;
  link_up(link_);
  EXPECT_THAT(ready(), ElementsAre("resume epoch 2 answered 0", "frame 20", "connected b:1"));
  wire::ReadReply reply;
  reply.set_request_id(id.value);
  reply.set_index(12);
  reply.set_payload("v");
  receive(FrameType::read_reply, reply);
  receive(FrameType::read_reply, reply);
  EXPECT_THAT(ready(), ElementsAre("read 1 12 v"));
}

TEST_F(SessionTest, KeepsWhatAServerSaidOverThoseThatCannotBeReached) {
  connect();
  wire::Redirect redirect;
  redirect.set_reason("3 of 5 voters needed, 2 reachable");
  receive(FrameType::redirect, redirect);
  EXPECT_THAT(ready(), ElementsAre("dial b:1", "open", "close 1", "connected a:1", "lost a:1"));
  session_.disconnected(LinkId{2}, now_);
  const std::string said = "a:1 sends its clients elsewhere: 3 of 5 voters needed, 2 reachable";
  EXPECT_EQ(session_.last_error()->message, said);
  EXPECT_THAT(after(50ms), ElementsAre("dial a:1"));
  session_.disconnected(LinkId{3}, now_ += 11s);
  EXPECT_EQ(session_.last_error()->message, "no connection to a:1");
}

TEST_F(SessionTest, SaysNothingBeforeTheHello) {
  EXPECT_THAT(ready(), ElementsAre("dial a:1"));
  session_.connected(LinkId{1}, now_);
  ASSERT_TRUE(session_.query(FrameType::status_request, {}, now_, now_ + 1s).has_value());
  EXPECT_THAT(ready(), ElementsAre("connected a:1"));
  session_.frame(LinkId{1}, FrameType::server_hello, hello_of(our_group), now_);
  EXPECT_THAT(ready(), ElementsAre("open", "frame 21"));
}

TEST_F(SessionTest, PassesOverServersOfAnotherGroupOfTheName) {
  open();
  call("x");
  static_cast<void>(ready());
  lose();
  link_up({2}, hello_of(other_group));
  EXPECT_THAT(ready(), ElementsAre("close 2", "connected b:1", "lost b:1"));
  EXPECT_THAT(after(50ms), ElementsAre("dial a:1"));
  link_up({3}, hello_of(""));  // It has not found its group yet.
  EXPECT_THAT(ready(), ElementsAre("dial b:1", "close 3", "connected a:1", "lost a:1"));
  link_up({4});
  EXPECT_THAT(ready(), ElementsAre("resume epoch 2 answered 0", "connected b:1"));
}

TEST_F(SessionTest, IsOverWhenItsGroupHasGivenWay) {
  open();
  call("x");
  static_cast<void>(ready());
  lose();
  link_up({2}, hello_of(other_group, {our_group}));
  EXPECT_THAT(ready(), ElementsAre("close 2", "connected b:1", "ended b:1",
                                   "call 1 ABORTED PERHAPS_APPLIED"));
}

TEST_F(SessionTest, IsOverWhenOnlyAnotherGroupIsFoundForLong) {
  open();
  lose();
  link_up({2}, hello_of(other_group));
  now_ += 29s;
  EXPECT_THAT(ready(), ElementsAre("dial a:1", "close 2", "connected b:1", "lost b:1"));
  link_up({3}, hello_of(other_group));
  EXPECT_THAT(after(1s), ElementsAre("dial b:1", "close 3", "connected a:1", "lost a:1"));
  link_up({4}, hello_of(other_group));
  EXPECT_THAT(ready(), ElementsAre("close 4", "connected b:1", "ended b:1"));
}

TEST_F(SessionTest, UsesTheOneGroupThatItWasGiven) {
  Session session({.id = ann,
                   .name = "ann",
                   .seeds = {"a:1", "b:1"},
                   .group = wire::parse_id<GroupId>(our_group).value()});
  static_cast<void>(session.ready(now_));
  session.connected(LinkId{1}, now_);
  session.frame(LinkId{1}, FrameType::server_hello, hello_of(other_group), now_);
  EXPECT_THAT(to_lines(session.ready(now_)),
              ElementsAre("dial b:1", "close 1", "connected a:1", "lost a:1"));
}

TEST_F(SessionTest, MatchesAnswersToQueriesByTheirOrder) {
  connect();
  const Instant deadline = now_ + 1s;
  ASSERT_TRUE(session_.query(FrameType::status_request, {}, now_, deadline).has_value());
  ASSERT_TRUE(session_.query(FrameType::members_request, {}, now_, deadline).has_value());
  EXPECT_THAT(ready(), ElementsAre("open", "frame 21", "frame 22", "connected a:1"));
  receive(FrameType::status, wire::Status());
  EXPECT_THAT(ready(), ElementsAre("query 1 answered"));
  EXPECT_THAT(after(1s), ElementsAre("frame 2", "query 2 DEADLINE_EXCEEDED"));
  receive(FrameType::members, wire::Members());
  EXPECT_THAT(ready(), IsEmpty());
  receive(FrameType::members, wire::Members());
  EXPECT_THAT(ready(), ElementsAre("dial b:1", "close 1", "lost a:1"));
}

TEST_F(SessionTest, EndsRatherThanMixWithAnotherClientOfItsId) {
  connect();
  static_cast<void>(ready());
  opened(5);
  EXPECT_THAT(ready(), ElementsAre("close 1", "ended a:1"));
}

TEST_F(SessionTest, SurvivesAnyBytesFromAServer) {
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    Random random(seed);
    Session session({.id = ann, .name = "ann", .seeds = {"a:1"}});
    static_cast<void>(session.ready(now_));
    session.connected(LinkId{1}, now_);
    if (seed % 4 != 0) {
      session.frame(LinkId{1}, FrameType::server_hello, hello_of(our_group), now_);
    }
    for (int i = 0; i < 8; ++i) {
      static_cast<void>(session.call(echo, text("x"), now_, now_ + 1s).has_value());
      Bytes body(random.below(40));
      for (std::byte& byte : body) byte = static_cast<std::byte>(random.below(16));
      if (const auto type = wire::frame_type_from(static_cast<std::uint8_t>(random.below(70)))) {
        session.frame(LinkId{1}, *type, SharedBytes(std::move(body)), now_);
      }
      static_cast<void>(session.ready(now_));
    }
  }
}

class HeartbeatSessionTest : public SessionTest {
 protected:
  HeartbeatSessionTest() {
    connect();
    wire::SessionOpened message;
    message.set_session_timeout_ms(10'000);
    receive(FrameType::session_opened, message);
    static_cast<void>(session_.ready(now_));
  }
  Ready tick(Duration step) {
    now_ += step;
    session_.tick(now_);
    return session_.ready(now_);
  }
  void heard(std::uint64_t counter) {
    session_.frame(link_, FrameType::heartbeat_heard,
                   SharedBytes(wire::encode_heartbeat_heard({.counter = counter})), now_);
  }
};

TEST_F(HeartbeatSessionTest, EachSecondItsHomeHearsOfItAndOfItsNewestValue) {
  ASSERT_TRUE(session_.set_payload(as_bytes("here")));
  const Ready out = tick(Duration{});
  ASSERT_EQ(out.send.size(), 1U);
  EXPECT_EQ(out.send[0].frame.type, FrameType::heartbeat);
  const auto view = wire::HeartbeatView::parse(out.send[0].frame.body.view());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->heartbeat().session, session_.id());
  EXPECT_EQ(view->heartbeat().epoch, Epoch{1});
  EXPECT_EQ(view->heartbeat().counter, 1U);
  EXPECT_EQ(as_text(view->heartbeat().payload), "here");
  heard(1);
  EXPECT_EQ(tick(999ms).send.size(), 0U);
  EXPECT_EQ(tick(1ms).send.size(), 1U);
}

TEST_F(HeartbeatSessionTest, AHomeThatDoesNotHearItIsLeftThoughItSpeaks) {
  static_cast<void>(tick(Duration{}));
  for (int i = 0; i < 29; ++i) {
    static_cast<void>(tick(100ms));
    session_.frame(link_, FrameType::ping, SharedBytes{}, now_);
  }
  EXPECT_TRUE(session_.opened());
  EXPECT_EQ(tick(100ms).close.size(), 1U);
  EXPECT_FALSE(session_.opened());
}

TEST_F(HeartbeatSessionTest, NoneGoesOutWithoutAConnection) {
  static_cast<void>(tick(Duration{}));
  session_.disconnected(link_, now_);
  static_cast<void>(session_.ready(now_));
  const Ready out = tick(5s);
  EXPECT_TRUE(out.send.empty());
  EXPECT_TRUE(out.datagrams.empty());
}

TEST_F(HeartbeatSessionTest, AValueBeyondItsLimitIsRefused) {
  EXPECT_EQ(session_.set_payload(Bytes(65)).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(session_.set_payload(Bytes(64)));
}

}  // namespace
}  // namespace muster::session::session_test
