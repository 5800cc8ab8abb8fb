// Newest values between two whole nodes.
#include "wire/telemetry.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "node/testing/nodes.h"
#include "wire/control.h"
#include "wire/heartbeat.h"
#include "wire/methods.pb.h"

namespace muster::node::telemetry_test {
namespace {

using namespace std::chrono_literals;

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};

class TelemetryNodesTest : public TwoNodes {
 protected:
  wire::Members suspects(Server which) {
    wire::MembersRequest request;
    request.set_suspects(true);
    return ask<wire::Members>(which, wire::FrameType::members_request, request,
                              wire::FrameType::members);
  }
  wire::SessionList sessions(Server which) {
    wire::Invoke request;
    request.set_method("sessions");
    const auto invoked =
        ask<wire::Invoked>(which, wire::FrameType::invoke, request, wire::FrameType::invoked);
    return wire::decode<wire::SessionList>(as_bytes(invoked.result())).value();
  }
  /// The only one; empty if it is not known there yet.
  wire::ListedSession session(Server which) {
    const wire::SessionList list = sessions(which);
    return list.sessions().empty() ? wire::ListedSession{} : list.sessions(0);
  }
  void open_session(Server at) {
    step(at, LinkOpened{.link = client_link, .address = "c:1"});
    wire::OpenSession open;
    open.set_session_id(ann.uuid.to_string());
    open.set_name("ann");
    open.set_epoch(1);
    open.set_stays(true);
    open.set_heartbeat_interval_ms(15);
    open.set_session_timeout_ms(60'000);
    say(at, client_link, wire::FrameType::open_session, wire::encode(open));
    ASSERT_TRUE(run_until([&] { return told_.contains(wire::FrameType::session_opened); }));
  }
  void heartbeat(Server at, std::string_view payload) {
    say(at, client_link, wire::FrameType::heartbeat,
        wire::encode_heartbeat(
            {.session = ann, .epoch = {1}, .counter = ++heartbeats_, .payload = as_bytes(payload)},
            {}));
  }

  std::uint64_t heartbeats_{0};
};

TEST_F(TelemetryNodesTest, WhatRidesOnHeartbeatsIsKnownEverywhereAndTheNewestCounts) {
  open_session(first);
  heartbeat(first, "here");
  ASSERT_TRUE(run_until([&] { return session(second).value() == "here"; }));
  heartbeat(first, "there");
  ASSERT_TRUE(run_until([&] { return session(second).value() == "there"; }));
  EXPECT_EQ(session(first).value(), "there");
  EXPECT_TRUE(session(first).attached_here());
  EXPECT_FALSE(session(second).attached_here());
}

TEST_F(TelemetryNodesTest, ASilentClientIsSuspectedEverywhereUntilItIsHeard) {
  open_session(first);
  EXPECT_EQ(suspects(second).sessions_size(), 0);
  pass(400ms);
  EXPECT_EQ(suspects(first).sessions_size(), 0);
  ASSERT_TRUE(run_until([&] { return suspects(second).sessions_size() == 1; }));
  const wire::SessionStatus missed = suspects(second).sessions(0);
  EXPECT_EQ(missed.id(), ann.uuid.to_string());
  EXPECT_EQ(missed.state(), wire::ServerState::SUSPECT);
  EXPECT_EQ(missed.home_name(), "a");
  EXPECT_TRUE(session(second).suspected());
  EXPECT_EQ(suspects(first).sessions(0).address(), "c:1");  // Its home knows more.
  EXPECT_EQ(missed.address(), "");
  heartbeat(first, "");
  ASSERT_TRUE(run_until([&] { return suspects(second).sessions_size() == 0; }));
  EXPECT_FALSE(session(second).suspected());
}

TEST_F(TelemetryNodesTest, AClientWhoseConnectionIsGoneIsSuspectedAtOnce) {
  open_session(first);
  step(first, LinkClosed{.link = client_link});
  pass(10ms);
  EXPECT_EQ(suspects(first).sessions_size(), 1);
  ASSERT_TRUE(run_until([&] { return suspects(second).sessions_size() == 1; }));
}

TEST_F(TelemetryNodesTest, ServersTellNoMoreOftenThanTheyShould) {
  open_session(first);
  pass(1s);
  const auto frames_of = [&](Duration length, Duration apart) {
    const std::uint64_t before = telemetry_frames_;
    for (Duration at{}; at < length; at += apart) {
      heartbeat(first, std::to_string(heartbeats_));
      pass(apart);
    }
    return telemetry_frames_ - before;
  };
  // What has changed, every 100 ms at most, and the other's answers.
  EXPECT_EQ(frames_of(10s, 10ms), 2U * 100U);
  pass(200ms);
  const std::uint64_t before = telemetry_frames_;
  pass(200ms);
  EXPECT_EQ(telemetry_frames_ - before, 0U);
}

TEST_F(TelemetryNodesTest, HeartbeatsWriteNothingInTheLog) {
  open_session(first);
  pass(3s);  // Then the leadership has been handed over.
  const std::uint64_t before = status(first).last_index();
  for (int i = 0; i < 500; ++i) {
    heartbeat(first, std::to_string(i));
    pass(10ms);
  }
  pass(200ms);
  EXPECT_EQ(session(second).value(), "499");
  EXPECT_EQ(status(first).last_index(), before);
  EXPECT_EQ(status(second).last_index(), before);
}

TEST_F(TelemetryNodesTest, WhatIsNoTelemetryIsToldAndDoesNoHarm) {
  open_session(first);
  const LinkId peer{links_};
  say(second, peer, wire::FrameType::telemetry, Bytes{std::byte{1}, std::byte{2}});
  pass(20ms);
  const auto told = [](const std::string& text) { return text.starts_with("server a: "); };
  EXPECT_EQ(std::ranges::count_if(notices_, told), 1);
  heartbeat(first, "still");
  EXPECT_TRUE(run_until([&] { return session(second).value() == "still"; }));
}

TEST_F(TelemetryNodesTest, ALinkThatComesUpAnewBringsEverything) {
  open_session(first);
  heartbeat(first, "kept");
  ASSERT_TRUE(run_until([&] { return session(second).value() == "kept"; }));
  const LinkId peer{links_};
  step(first, LinkClosed{.link = peer});
  step(second, LinkClosed{.link = peer});
  heartbeat(first, "news");
  EXPECT_TRUE(run_until([&] { return session(second).value() == "news"; }));
}

}  // namespace
}  // namespace muster::node::telemetry_test
