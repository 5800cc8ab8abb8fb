// A home: sessions attach and move, batches are kept until answered, reads wait for their index.
#include "edge/edge.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "edge/testing/home.h"
#include "replica/session_control.h"
#include "wire/control.h"
#include "wire/replies.h"

namespace muster::edge::edge_test {
namespace {

using namespace std::chrono_literals;

const SessionId ann{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
const SessionId bob{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 2)};
const SessionId eve{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 3)};
constexpr LinkId first_link{10};
constexpr LinkId second_link{11};

Bytes commands(std::uint64_t first, int count) {
  wire::BatchBuilder builder({.session = ann, .epoch = {1}, .first_sequence = {first}});
  for (int i = 0; i < count; ++i) EXPECT_TRUE(builder.add(ServiceId{2}, as_bytes("x")));
  return std::move(builder).finish();
}

class EdgeTest : public HomeTest {
 protected:
  explicit EdgeTest(const Edge::Options& options = {.links_max = 2, .pending_bytes_max = 4'000})
      : HomeTest(options) {}

  void open(LinkId link) {
    edge_.link_opened(link, now_);
    frame(link, wire::FrameType::open_session, wire::encode(opening(ann)));
  }
  void news(replica::SessionNews one) { edge_.applied({std::move(one)}, self, now_); }
  void attached(std::uint64_t last = 0, ServerNumber home = self) {
    HomeTest::attached(ann, last, home);
  }
  void answered(std::uint64_t first, std::uint32_t count) {
    wire::RepliesBuilder builder({first});
    for (std::uint32_t i = 0; i < count; ++i)
      EXPECT_TRUE(builder.add(Position{{9}, i}, BytesView{}));
    news(replica::Answer{ann, {first}, count, SharedBytes(std::move(builder).finish())});
  }
  // The frames sent since the last call, as `LINK TYPE`, closings as `LINK close`.
  std::vector<std::string> sent() {
    std::vector<std::string> lines;
    for (const LinkOutput& output : edge_.take_outputs()) {
      if (const auto* const send = std::get_if<SendFrame>(&output)) {
        lines.push_back(std::to_string(send->link.value) + " " +
                        std::to_string(static_cast<int>(send->type)));
      } else {
        lines.push_back(std::to_string(std::get<CloseLink>(output).link.value) + " close");
      }
    }
    return lines;
  }
  // The batches passed on since the last call: first sequence numbers, 0 for session control.
  std::vector<std::uint64_t> passed_on() {
    std::vector<std::uint64_t> firsts;
    for (const SharedBytes& batch : edge_.take_batches()) {
      firsts.push_back(wire::BatchView::parse(batch.view())->header().first_sequence.value);
    }
    return firsts;
  }
  void apply(SessionId session, const replica::SessionControl& control) {
    const Bytes batch = replica::encode_control_batch(session, control);
    wire::EntryBuilder entry;
    EXPECT_TRUE(entry.add(*wire::BatchView::parse(batch)));
    state_.apply({.term = {1},
                  .index = state_.applied() + 1,
                  .kind = EntryKind::commands,
                  .payload = SharedBytes(std::move(entry).finish({}))});
  }
  static replica::SessionControl control_of(const SharedBytes& batch) {
    const auto view = wire::BatchView::parse(batch.view());
    return *replica::decode_control((*view->commands().begin()).payload);
  }
  static std::string line(LinkId link, wire::FrameType type) {
    return std::to_string(link.value) + " " + std::to_string(static_cast<int>(type));
  }
};

using Lines = std::vector<std::string>;
using Firsts = std::vector<std::uint64_t>;

TEST_F(EdgeTest, GreetsOpensAndPassesCommandsOn) {
  open(first_link);
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::server_hello)});
  EXPECT_EQ(passed_on(), Firsts{0});
  attached();
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::session_opened)});
  frame(first_link, wire::FrameType::commands, commands(1, 2));
  EXPECT_EQ(passed_on(), Firsts{1});
  answered(1, 2);
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::replies)});
  EXPECT_EQ(edge_.pending_bytes(), 0U);
}

TEST_F(EdgeTest, AnEarlierStayHereDoesNotOpenASessionThatComesBack) {
  edge_.link_opened(first_link, now_);
  wire::ResumeSession resume;
  resume.set_session_id(ann.uuid.to_string());
  resume.set_epoch(4);
  frame(first_link, wire::FrameType::resume_session, wire::encode(resume));
  sent();
  edge_.applied({replica::SessionAttached{ann, {3}, {0}, self}}, self, now_);  // Of the log.
  EXPECT_EQ(sent(), Lines{});
  edge_.applied({replica::SessionAttached{ann, {4}, {0}, self}}, self, now_);
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::session_opened)});
}

TEST_F(EdgeTest, PassesOnAgainWhatIsUnansweredWhenTheLeaderChanges) {
  open(first_link);
  attached();
  frame(first_link, wire::FrameType::commands, commands(1, 2));
  frame(first_link, wire::FrameType::commands, commands(3, 1));
  answered(1, 2);
  passed_on();
  edge_.resend_all(now_);
  EXPECT_EQ(passed_on(), Firsts{3});
}

TEST_F(EdgeTest, AnAnswerSettlesNothingThatCameBeforeIt) {
  open(first_link);
  attached();
  frame(first_link, wire::FrameType::commands, commands(1, 2));
  frame(first_link, wire::FrameType::commands, commands(3, 1));
  answered(3, 1);
  passed_on();
  edge_.resend_all(now_);
  EXPECT_EQ(passed_on(), Firsts{1});
  answered(1, 1);
  answered(2, 1);
  EXPECT_EQ(edge_.pending_bytes(), 0U);
}

TEST_F(EdgeTest, PassesOnAgainWhenAnAnswerStaysOut) {
  open(first_link);
  attached();
  frame(first_link, wire::FrameType::commands, commands(1, 1));
  passed_on();
  edge_.tick(now_ += 999ms);
  EXPECT_EQ(passed_on(), Firsts{});
  edge_.tick(now_ += 101ms);
  EXPECT_EQ(passed_on(), Firsts{1});
}

TEST_F(EdgeTest, WaitsTwiceAsLongAfterEachTimeInVainUpToALimit) {
  open(first_link);
  attached();
  frame(first_link, wire::FrameType::commands, commands(1, 1));
  passed_on();
  std::vector<int> waits;  // In tenths of a second.
  for (int tenths = 1; tenths <= 320; ++tenths) {
    edge_.tick(now_ += 100ms);
    if (passed_on() == Firsts{1}) waits.push_back(std::exchange(tenths, 0));
    if (waits.size() == 6) break;
  }
  EXPECT_EQ(waits, (std::vector{10, 20, 40, 80, 80, 80}));
  edge_.resend_all(now_);  // Another leader: it starts with no debts.
  EXPECT_EQ(passed_on(), Firsts{1});
  edge_.tick(now_ += 1s);
  EXPECT_EQ(passed_on(), Firsts{1});
}

TEST_F(EdgeTest, PassesNothingOnAgainWhileAnswersTakeLongForAll) {
  open(first_link);
  attached();
  for (std::uint64_t first = 1; first <= 40; ++first) {
    frame(first_link, wire::FrameType::commands, commands(first, 1));
  }
  passed_on();
  // Each answer comes 100 ms after the one before: the last one after 3.9 s.
  for (std::uint64_t first = 1; first <= 39; ++first) {
    edge_.tick(now_ += 100ms);
    answered(first, 1);
    ASSERT_EQ(passed_on(), Firsts{}) << first;
  }
  // Twice as long as the last one took, and no longer than that.
  edge_.tick(now_ += 7'700ms);
  EXPECT_EQ(passed_on(), Firsts{});
  edge_.tick(now_ += 200ms);
  EXPECT_EQ(passed_on(), Firsts{40});
}

TEST_F(EdgeTest, WaitsLessLongAgainOnceAnswersComeSoon) {
  open(first_link);
  attached();
  frame(first_link, wire::FrameType::commands, commands(1, 1));
  now_ += 3s;
  answered(1, 1);
  for (std::uint64_t first = 2; first <= 80; ++first) {
    frame(first_link, wire::FrameType::commands, commands(first, 1));
    answered(first, 1);
  }
  frame(first_link, wire::FrameType::commands, commands(81, 1));
  passed_on();
  edge_.tick(now_ += 900ms);
  EXPECT_EQ(passed_on(), Firsts{});
  edge_.tick(now_ += 200ms);
  EXPECT_EQ(passed_on(), Firsts{81});
}

TEST_F(EdgeTest, AGapIsMendedFromWhatIsKeptElseTheClientIsAsked) {
  open(first_link);
  attached();
  frame(first_link, wire::FrameType::commands, commands(1, 2));
  frame(first_link, wire::FrameType::commands, commands(3, 1));
  passed_on();
  news(replica::Gap{ann, {3}});
  EXPECT_EQ(passed_on(), Firsts{3});
  answered(1, 2);
  sent();
  news(replica::Gap{ann, {2}});
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::resend_from)});
  EXPECT_EQ(edge_.pending_bytes(), 0U);
}

TEST_F(EdgeTest, AGapReportedManyTimesIsMendedOnce) {
  open(first_link);
  attached();
  for (std::uint64_t first = 1; first <= 3; ++first) {
    frame(first_link, wire::FrameType::commands, commands(first, 1));
  }
  passed_on();
  news(replica::Gap{ann, {1}});
  news(replica::Gap{ann, {1}});
  EXPECT_EQ(passed_on(), (Firsts{1, 2, 3}));
  answered(1, 1);
  news(replica::Gap{ann, {2}});
  EXPECT_EQ(passed_on(), (Firsts{2, 3}));
  edge_.resend_all(now_);
  passed_on();
  news(replica::Gap{ann, {2}});
  EXPECT_EQ(passed_on(), (Firsts{2, 3}));
}

TEST_F(EdgeTest, ACommandBeyondTheNextIsAnsweredWithTheOneExpected) {
  open(first_link);
  attached();
  sent();
  frame(first_link, wire::FrameType::commands, commands(2, 1));
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::resend_from)});
  passed_on();
}

TEST_F(EdgeTest, ASessionOnANewerLinkLeavesTheOldOne) {
  open(first_link);
  attached();
  sent();
  open(second_link);
  EXPECT_EQ(sent(), (Lines{line(second_link, wire::FrameType::server_hello), "10 close"}));
  attached();
  EXPECT_EQ(sent(), Lines{line(second_link, wire::FrameType::session_opened)});
}

TEST_F(EdgeTest, ASessionThatMovedToAnotherHomeClosesItsLink) {
  open(first_link);
  attached();
  sent();
  attached(0, other);
  EXPECT_EQ(sent(), Lines{"10 close"});
  EXPECT_EQ(edge_.attached(), 0U);
}

TEST_F(EdgeTest, AnAbsentSessionIsEndedAfterItsTimeoutUnlessItWasAttachedAnew) {
  open(first_link);
  attached();
  passed_on();
  edge_.link_closed(first_link, now_);
  edge_.tick(now_ += 9'900ms);
  EXPECT_EQ(passed_on(), Firsts{});
  edge_.tick(now_ += 200ms);
  const std::vector<SharedBytes> batches = edge_.take_batches();
  ASSERT_EQ(batches.size(), 1U);
  const auto batch = wire::BatchView::parse(batches[0].view());
  const auto control = replica::decode_control((*batch->commands().begin()).payload);
  EXPECT_EQ(std::get<replica::End>(*control).epoch, Epoch{1});
  attached(0, other);
  edge_.tick(now_ += 20s);
  EXPECT_EQ(passed_on(), Firsts{});
}

TEST_F(EdgeTest, ASessionOpenedBeforeThereIsAGroupIsAttachedWhenThereIs) {
  edge_.set_surroundings({.hello = {}, .leader_known = false, .no_leader_reason = "why"}, now_);
  open(first_link);
  EXPECT_EQ(passed_on(), Firsts{});
  Edge::Surroundings around;
  around.hello.set_number(self.value);
  around.leader_known = true;
  edge_.set_surroundings(around, now_);
  edge_.resend_all(now_);
  const auto batches = edge_.take_batches();
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(std::get<replica::Open>(control_of(batches[0])).home, self);
}

TEST_F(EdgeTest, ASessionThatIsWatchedElsewhereAgainIsNotEndedHere) {
  edge_.watch_absent(ann, {3}, {}, now_);
  edge_.unwatch(ann);
  edge_.tick(now_ += 20s);
  EXPECT_EQ(passed_on(), Firsts{});
}

TEST_F(EdgeTest, AnAbsentSessionHasTheTimeoutThatItsClientAskedForAlsoIfItWasNeverHere) {
  edge_.watch_absent(bob, {1}, 25s, now_);
  news(replica::SessionAttached{
      .session = ann, .epoch = {4}, .last = {}, .home = self, .timeout = 2s});
  apply(eve, replica::Open{.name = "eve", .kind = "", .home = self, .timeout = 15s});
  const auto end_at = [&](Duration before, Duration after) {
    edge_.tick(now_ += before);
    EXPECT_EQ(passed_on(), Firsts{});
    edge_.tick(now_ += after);
    std::vector<SessionId> ended;
    for (const SharedBytes& batch : edge_.take_batches()) {
      ended.push_back(wire::BatchView::parse(batch.view())->header().session);
    }
    return ended;
  };
  EXPECT_EQ(end_at(1'900ms, 200ms), std::vector{ann});
  news(replica::SessionEnded{.session = ann, .reason = {}});
  EXPECT_EQ(end_at(22'800ms, 200ms), std::vector{bob});
  edge_.restored(state_, self, now_);
  passed_on();
  EXPECT_EQ(end_at(14'900ms, 200ms), std::vector{eve});
}

TEST_F(EdgeTest, ASnapshotSaysWhichAbsentSessionsAreStillAtHomeHere) {
  open(first_link);
  attached();
  edge_.link_closed(first_link, now_);  // Absent here; the snapshot knows that it has ended.
  apply(bob, replica::Open{.name = "bob", .kind = "", .home = self});
  apply(bob, replica::Resume{.home = self, .epoch = {2}});
  apply(eve, replica::Open{.name = "eve", .kind = "", .home = other});
  edge_.restored(state_, self, now_);
  edge_.take_batches();
  edge_.tick(now_ += 11s);
  const auto batches = edge_.take_batches();
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(wire::BatchView::parse(batches[0].view())->header().session, bob);
  EXPECT_EQ(std::get<replica::End>(control_of(batches[0])).epoch, Epoch{2});
}

TEST_F(EdgeTest, ASessionThatASnapshotShowsElsewhereClosesItsLink) {
  open(first_link);
  attached();
  sent();
  apply(ann, replica::Open{.name = "ann", .kind = "", .home = other});
  edge_.restored(state_, self, now_);
  EXPECT_EQ(sent(), Lines{"10 close"});
  EXPECT_EQ(edge_.attached(), 0U);
}

class FullEdgeTest : public EdgeTest {
 protected:
  FullEdgeTest() : EdgeTest({.sessions_max = 0}) {}
};

TEST_F(FullEdgeTest, SendsFurtherSessionsAway) {
  open(first_link);
  EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::server_hello),
                           line(first_link, wire::FrameType::refused), "10 close"}));
}

TEST_F(EdgeTest, MoreUnansweredThanTheLimitCostsTheLink) {
  open(first_link);
  attached();
  sent();
  for (std::uint64_t first = 1; first <= 401; first += 100) {
    frame(first_link, wire::FrameType::commands, commands(first, 100));
  }
  EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::refused), "10 close"}));
  EXPECT_LE(edge_.pending_bytes(), 4'000U);
}

TEST_F(EdgeTest, MoreClientsThanTheLimitAreSentAway) {
  edge_.link_opened({1}, now_);
  edge_.link_opened({2}, now_);
  sent();
  edge_.link_opened({3}, now_);
  EXPECT_EQ(sent(), (Lines{line(LinkId{3}, wire::FrameType::refused), "3 close"}));
  EXPECT_FALSE(edge_.has_link({3}));
}

TEST_F(EdgeTest, WithoutALeaderClientsAreToldToTryAnotherServer) {
  open(first_link);
  attached();
  sent();
  edge_.set_surroundings({.hello = {}, .leader_known = false, .no_leader_reason = "why"}, now_);
  edge_.tick(now_ += 1'000ms);
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::redirect)});
}

TEST_F(EdgeTest, ALinearizableReadWaitsForItsIndexAndALocalOneDoesNot) {
  open(first_link);
  sent();
  wire::Read read;
  read.set_request_id(5);
  read.set_service(1);
  frame(first_link, wire::FrameType::read, wire::encode(read));
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::read_reply)});
  read.set_linearizable(true);
  frame(first_link, wire::FrameType::read, wire::encode(read));
  const auto wanted = edge_.take_reads();
  ASSERT_EQ(wanted.size(), 1U);
  EXPECT_EQ(sent(), Lines{});
  edge_.read_index(wanted[0].id, LogIndex{1}, state_);
  edge_.answer_reads(state_);
  EXPECT_EQ(sent(), Lines{});
  state_.apply({.term = {1}, .index = {1}, .kind = EntryKind::empty, .payload = {}});
  edge_.answer_reads(state_);
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::read_reply)});
}

TEST_F(EdgeTest, MoreReadsOfOneClientThanTheLimitAreRefused) {
  open(first_link);
  sent();
  wire::Read read;
  read.set_service(1);
  read.set_linearizable(true);
  for (std::size_t i = 0; i < wire::session_reads_in_flight_max; ++i) {
    frame(first_link, wire::FrameType::read, wire::encode(read));
  }
  EXPECT_EQ(sent(), Lines{});
  frame(first_link, wire::FrameType::read, wire::encode(read));
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::read_reply)});
  const auto wanted = edge_.take_reads();
  edge_.read_index(wanted.at(0).id, LogIndex{0}, state_);
  sent();
  frame(first_link, wire::FrameType::read, wire::encode(read));
  EXPECT_EQ(sent(), Lines{});
}

TEST_F(EdgeTest, JunkFromAClientIsRefusedAndCostsItsLink) {
  for (const wire::FrameType type :
       {wire::FrameType::open_session, wire::FrameType::resume_session, wire::FrameType::commands,
        wire::FrameType::read, wire::FrameType::raft}) {
    edge_.link_opened(first_link, now_);
    sent();
    frame(first_link, type, Bytes(3, std::byte{0xff}));
    EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::refused), "10 close"}));
    edge_.link_closed(first_link, now_);
  }
}

TEST_F(EdgeTest, ClosesTheLinkOfAClientThatSaysNothing) {
  edge_.link_opened(first_link, now_);
  edge_.link_opened(second_link, now_);
  sent();
  now_ += 29s;
  edge_.tick(now_);
  frame(second_link, wire::FrameType::ping, {});
  sent();
  now_ += 2s;
  edge_.tick(now_);
  EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::refused), "10 close"}));
  now_ += 1s;
  edge_.tick(now_);
  EXPECT_EQ(sent(), Lines{});
}

TEST_F(EdgeTest, WhoeverIsAnsweredFromElsewhereIsNotSilent) {
  edge_.link_opened(first_link, now_);
  now_ += 29s;
  edge_.tick(now_);
  edge_.send(first_link, wire::FrameType::status, {});
  sent();
  now_ += 29s;
  edge_.tick(now_);
  EXPECT_EQ(sent(), Lines{});
}

TEST_F(EdgeTest, TellsFollowersThatHaveNoSession) {
  edge_.link_opened(first_link, now_);
  sent();
  wire::Follow follow;
  follow.set_topic("room");
  frame(first_link, wire::FrameType::follow, wire::encode(follow));
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::reached)});
  apply(ann, replica::Open{.name = "ann", .kind = "", .home = self});
  edge_.events({{"room", {.command = {{1}, 0}, .sub = 0}, {}, {}}}, state_);
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::events)});
  wire::Unfollow unfollow;
  unfollow.set_topic("room");
  frame(first_link, wire::FrameType::unfollow, wire::encode(unfollow));
  apply(ann, replica::Resume{.home = self, .epoch = {2}});
  edge_.events({{"room", {.command = {{2}, 0}, .sub = 0}, {}, {}}}, state_);
  EXPECT_EQ(sent(), Lines{});
  edge_.link_closed(first_link, now_);
}

TEST_F(EdgeTest, ClosesTheLinkOfAFollowThatMakesNoSense) {
  edge_.link_opened(first_link, now_);
  sent();
  frame(first_link, wire::FrameType::follow, wire::encode(wire::Follow{}));
  EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::refused), "10 close"}));
}

TEST_F(EdgeTest, ClientsAreToldWhenThereAreOtherServersThanBefore) {
  open(first_link);
  edge_.link_opened(second_link, now_);
  wire::Follow follow;
  follow.set_topic("room");
  frame(second_link, wire::FrameType::follow, wire::encode(follow));
  attached();
  sent();
  Edge::Surroundings around;
  around.leader_known = true;
  around.hello.add_client_addresses("b:1");
  edge_.set_surroundings(around, now_);
  EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::server_hello),
                           line(second_link, wire::FrameType::server_hello)}));
  around.hello.set_term(7);
  edge_.set_surroundings(around, now_);
  EXPECT_EQ(sent(), Lines{});
}

TEST_F(EdgeTest, WhoWasGreetedBeforeThereWereOthersIsToldWithTheSessionOrTopic) {
  edge_.link_opened(first_link, now_);
  edge_.link_opened(second_link, now_);
  sent();
  Edge::Surroundings around;
  around.leader_known = true;
  around.hello.add_client_addresses("b:1");
  edge_.set_surroundings(around, now_);
  EXPECT_EQ(sent(), Lines{});
  frame(first_link, wire::FrameType::open_session, wire::encode(opening(ann)));
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::server_hello)});
  wire::Follow follow;
  follow.set_topic("room");
  frame(second_link, wire::FrameType::follow, wire::encode(follow));
  EXPECT_EQ(sent().back(), line(second_link, wire::FrameType::server_hello));
  frame(second_link, wire::FrameType::follow, wire::encode(follow));
  EXPECT_NE(sent().back(), line(second_link, wire::FrameType::server_hello));
}

TEST_F(EdgeTest, SendsFollowersAwayToo) {
  edge_.link_opened(first_link, now_);
  wire::Follow follow;
  follow.set_topic("room");
  frame(first_link, wire::FrameType::follow, wire::encode(follow));
  sent();
  edge_.set_surroundings({}, now_);
  edge_.tick(now_ += 1s);
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::redirect)});
}

TEST_F(EdgeTest, AServerThatEndsSendsAllToOthers) {
  open(first_link);
  edge_.link_opened(second_link, now_);
  wire::Follow follow;
  follow.set_topic("room");
  frame(second_link, wire::FrameType::follow, wire::encode(follow));
  sent();
  edge_.send_away_all("a stops");
  std::vector<std::string> told;
  for (const LinkOutput& output : edge_.take_outputs()) {
    const auto& send = std::get<SendFrame>(output);
    const auto redirect = wire::decode<wire::Redirect>(send.body.at(0).view());
    told.push_back(std::to_string(send.link.value) + " " + redirect->reason() +
                   (redirect->address().empty() ? "" : " " + redirect->address()) +
                   (redirect->keep_until_moved() ? " gently" : ""));
  }
  EXPECT_EQ(told, (Lines{"10 a stops", "11 a stops"}));
}

class HeartbeatEdgeTest : public EdgeTest {
 protected:
  void open_with(LinkId link, std::uint64_t interval_ms, std::uint64_t timeout_ms) {
    edge_.link_opened(link, now_);
    wire::OpenSession open;
    open.set_session_id(ann.uuid.to_string());
    open.set_name("ann");
    open.set_epoch(1);
    open.set_heartbeat_interval_ms(interval_ms);
    open.set_session_timeout_ms(timeout_ms);
    frame(link, wire::FrameType::open_session, wire::encode(open));
  }
  // As the loop does.
  void pass(Duration time) {
    const Instant end = now_ + time;
    while (edge_.deadline() && *edge_.deadline() <= end) {
      now_ = std::max(now_ + 1ms, *edge_.deadline());
      edge_.tick(now_);
    }
    now_ = end;
  }
};

TEST_F(HeartbeatEdgeTest, TheLogIsToldTheTimeoutThatAClientAsksFor) {
  open_with(first_link, 15, 3'000);
  EXPECT_EQ(std::get<replica::Open>(control_of(edge_.take_batches().at(0))).timeout, 3s);
  wire::ResumeSession resume;
  resume.set_session_id(ann.uuid.to_string());
  resume.set_epoch(2);
  resume.set_heartbeat_interval_ms(1'000);
  resume.set_session_timeout_ms(100);  // Less than what this interval needs.
  frame(first_link, wire::FrameType::resume_session, wire::encode(resume));
  EXPECT_EQ(std::get<replica::Resume>(control_of(edge_.take_batches().at(0))).timeout, 10s);
}

TEST_F(HeartbeatEdgeTest, AHeartbeatOverTheConnectionIsAnswered) {
  open_with(first_link, 15, 2'000);
  attached();
  sent();
  frame(first_link, wire::FrameType::heartbeat,
        wire::encode_heartbeat({.session = ann, .epoch = {1}, .counter = 1, .wants_answer = true},
                               {}));
  EXPECT_EQ(sent(), Lines{line(first_link, wire::FrameType::heartbeat_heard)});
  frame(first_link, wire::FrameType::heartbeat,
        wire::encode_heartbeat({.session = ann, .epoch = {9}, .counter = 2, .wants_answer = true},
                               {}));
  EXPECT_EQ(sent(), Lines{});
}

TEST_F(HeartbeatEdgeTest, ASilentSessionIsEndedInTheTimeItAskedFor) {
  open_with(first_link, 15, 2'000);
  attached();
  passed_on();
  sent();
  pass(1'990ms);
  EXPECT_EQ(sent(), Lines{});
  EXPECT_EQ(passed_on(), Firsts{});
  pass(150ms);
  EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::refused), "10 close"}));
  const auto batches = edge_.take_batches();
  ASSERT_EQ(batches.size(), 1U);
  const auto end = std::get<replica::End>(control_of(batches[0]));
  EXPECT_EQ(end.epoch, Epoch{1});
}

TEST_F(HeartbeatEdgeTest, TheSilenceBeforeAConnectionBreaksCountsToo) {
  open_with(first_link, 15, 2'000);
  attached();
  passed_on();
  pass(1'500ms);
  edge_.link_closed(first_link, now_);
  pass(400ms);
  EXPECT_EQ(passed_on(), Firsts{});
  pass(250ms);
  EXPECT_EQ(passed_on(), Firsts{0});
}

TEST_F(HeartbeatEdgeTest, WhoPromisedNoneIsWatchedByItsConnectionAlone) {
  open_with(first_link, 0, 2'000);
  attached();
  passed_on();
  pass(20s);
  EXPECT_EQ(passed_on(), Firsts{});
  edge_.link_closed(first_link, now_);
  pass(1'900ms);
  EXPECT_EQ(passed_on(), Firsts{});
  pass(200ms);
  EXPECT_EQ(passed_on(), Firsts{0});
}

TEST_F(HeartbeatEdgeTest, SlowHeartbeatsAreNotMistakenForAClientThatSaysNothing) {
  open_with(first_link, 60'000, 0);
  edge_.set_session_timeout(600s);
  attached();
  sent();
  pass(59s);
  EXPECT_EQ(sent(), Lines{});
}

TEST_F(HeartbeatEdgeTest, AnIntervalOutOfBoundsIsRefused) {
  open_with(first_link, 14, 0);
  EXPECT_EQ(sent(), (Lines{line(first_link, wire::FrameType::server_hello),
                           line(first_link, wire::FrameType::refused), "10 close"}));
}

TEST_F(HeartbeatEdgeTest, OthersAreToldOfAClientWithoutAConnectionUntilItIsBackOrOver) {
  open_with(first_link, 15, 2'000);
  attached();
  EXPECT_FALSE(edge_.suspected(ann, {1}));
  edge_.link_closed(first_link, now_);
  EXPECT_TRUE(edge_.suspected(ann, {1}));
  EXPECT_FALSE(edge_.suspected(ann, {2}));  // That is of an earlier attachment.
  news(replica::SessionAttached{.session = ann, .epoch = {2}, .last = {}, .home = other});
  EXPECT_FALSE(edge_.suspected(ann, {1}));
  const replica::SessionAttached bob_is_absent{
      .session = bob, .epoch = {1}, .last = {}, .home = self};
  news(bob_is_absent);
  EXPECT_TRUE(edge_.suspected(bob, {1}));
  edge_.unwatch(bob);
  EXPECT_FALSE(edge_.suspected(bob, {1}));
  news(bob_is_absent);
  EXPECT_TRUE(edge_.suspected(bob, {1}));
  news(replica::SessionEnded{.session = bob, .reason = "over"});
  EXPECT_FALSE(edge_.suspected(bob, {1}));
}

TEST_F(HeartbeatEdgeTest, ADatagramIsAWordOfTheClientToo) {
  open_with(first_link, 15, 2'000);
  attached();
  pass(100ms);
  EXPECT_EQ(edge_.attachment(ann, now_)->silent, 100ms);
  const Bytes datagram = wire::encode_heartbeat({.session = ann, .epoch = {1}, .counter = 1}, {});
  const std::array<BytesView, 1> datagrams{datagram};
  edge_.datagrams(datagrams, now_);
  EXPECT_EQ(edge_.attachment(ann, now_)->silent, 0ms);
}

TEST_F(HeartbeatEdgeTest, ASessionThatLeavesIsNotWatchedAnyMore) {
  open_with(first_link, 15, 2'000);
  attached();
  EXPECT_EQ(edge_.heartbeats().watched(), 1U);
  news(replica::SessionAttached{.session = ann, .epoch = {2}, .last = {}, .home = other});
  EXPECT_EQ(edge_.heartbeats().watched(), 0U);
}

}  // namespace
}  // namespace muster::edge::edge_test
