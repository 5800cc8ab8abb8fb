// Newest values between two whole nodes, wired to each other in memory; their disks are done at
// once.
#include "wire/telemetry.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/node.h"
#include "wire/control.h"
#include "wire/heartbeat.h"
#include "wire/methods.pb.h"

namespace muster::node {
namespace {

using namespace std::chrono_literals;

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
constexpr LinkId client_link{1'000};

class TelemetryNodesTest : public testing::Test {
 protected:
  enum Server : std::size_t { first, second };

  TelemetryNodesTest() {
    make(first, FoundingMode::now);
    make(second, FoundingMode::never);
    EXPECT_TRUE(run_until([&] { return status(second).servers() == 2; }));
  }

  void make(Server which, FoundingMode founding) {
    Options options;
    options.name = which == first ? "a" : "b";
    options.group = "g";
    options.client_address = options.name + ":1";
    options.peer_address = options.name + ":2";
    options.founding = founding;
    options.seed = which + 1;
    if (which == second) options.seeds = {"a:2"};
    Restart restart;
    restart.identity.server = {Uuid::make_v7(std::chrono::milliseconds{1}, 2, which)};
    nodes_[which] = std::make_unique<Node>(
        std::move(options), std::move(restart),
        [] { return std::vector<std::unique_ptr<service::Machine>>{}; }, now());
  }

  Now now() const { return {.monotonic = now_, .wall = LogTime{1'000'000}}; }

  // ---- The world -------------------------------------------------------------------------------

  void step(Server which, Input input) {
    nodes_[which]->step(std::move(input), now());
    waiting_ = true;
  }
  // Links are numbered alike on both sides.
  void dial(Server from, const std::string& to) {
    const Server other = to == "a:2" ? first : second;
    if (other == from) return;
    const LinkId link{++links_};
    step(from, LinkOpened{.link = link, .peer = true, .dialled = true, .address = to});
    step(other, LinkOpened{.link = link, .peer = true, .dialled = false, .address = "x:9"});
  }
  void carry(Server from, LinkOutput output) {
    const Server other = from == first ? second : first;
    if (const auto* const closed = std::get_if<CloseLink>(&output)) {
      step(from, LinkClosed{.link = closed->link});
      if (closed->link < client_link) step(other, LinkClosed{.link = closed->link});
      return;
    }
    auto& frame = std::get<SendFrame>(output);
    Bytes body;
    for (const SharedBytes& part : frame.body) {
      body.insert(body.end(), part.view().begin(), part.view().end());
    }
    if (frame.link >= client_link) {
      told_[frame.type] = std::move(body);
      return;
    }
    if (frame.type == wire::FrameType::telemetry) ++telemetry_frames_;
    step(other, FrameReceived{.link = frame.link,
                              .frame = {.type = frame.type,
                                        .lane = frame.lane,
                                        .body = SharedBytes(std::move(body))}});
  }
  static storage::DiskResult done(const storage::DiskJob& job) {
    if (std::holds_alternative<storage::StoreJob>(job.work)) return {job.id, storage::Stored{}};
    return {job.id, storage::Done{}};
  }
  void drain(Server which) {
    Outputs out = nodes_[which]->drain(now());
    for (LinkOutput& output : out.links) carry(which, std::move(output));
    for (const Dial& wanted : out.dials) dial(which, wanted.address);
    DiskDone disk;
    for (const storage::DiskJob& job : out.disk) disk.results.push_back(done(job));
    if (!disk.results.empty()) step(which, std::move(disk));
    for (Notice& notice : out.notices) notices_.push_back(std::move(notice.text));
  }
  void pass(Duration time) {
    const Instant end = now_ + time;
    while (now_ < end) {
      now_ += 10ms;
      for (const Server which : {first, second}) step(which, Tick{});
      while (std::exchange(waiting_, false)) {
        for (const Server which : {first, second}) drain(which);
      }
    }
  }
  template <class Condition>
  bool run_until(Condition holds) {
    for (int turns = 0; turns < 2'000; ++turns) {
      if (holds()) return true;
      pass(10ms);
    }
    return false;
  }

  // ---- A client --------------------------------------------------------------------------------

  void say(Server to, LinkId link, wire::FrameType type, Bytes body) {
    step(to, FrameReceived{.link = link,
                           .frame = {.type = type,
                                     .lane = wire::Lane::normal,
                                     .body = SharedBytes(std::move(body))}});
  }
  template <class Message>
  Message ask(Server which, wire::FrameType type, const google::protobuf::MessageLite& request,
              wire::FrameType answer) {
    const LinkId link{client_link.value + 100 + ++questions_};
    step(which, LinkOpened{.link = link, .address = "c:1"});
    say(which, link, type, wire::encode(request));
    told_.erase(answer);
    drain(which);
    step(which, LinkClosed{.link = link});
    return wire::decode<Message>(told_.at(answer)).value();
  }
  wire::Status status(Server which) {
    return ask<wire::Status>(which, wire::FrameType::status_request, wire::StatusRequest{},
                             wire::FrameType::status);
  }
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

  Instant now_{10s};
  std::array<std::unique_ptr<Node>, 2> nodes_;
  bool waiting_{false};
  std::uint64_t links_{0};
  std::uint64_t questions_{0};
  std::uint64_t heartbeats_{0};
  std::uint64_t telemetry_frames_{0};
  std::map<wire::FrameType, Bytes> told_;  // To clients, the latest of each type.
  std::vector<std::string> notices_;
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
  pass(2s);
  const std::uint64_t before = telemetry_frames_;
  pass(10s);
  // Each tells its load once a second, and the other answers.
  EXPECT_EQ(telemetry_frames_ - before, 2U * 2U * 10U);
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
}  // namespace muster::node
