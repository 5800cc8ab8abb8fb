// Links over real loopback sockets. Nothing sleeps: the loop runs until a condition holds.
#include "net/link.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <vector>

#include "net/dialer.h"
#include "net/listener.h"
#include "net/loop.h"

namespace muster::net::link_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using wire::FrameType;
using wire::Lane;

SharedBytes bytes(const std::string& text) {
  return SharedBytes::copy_of(as_bytes(text));
}
Bytes secret(std::string_view text) {
  const BytesView view = as_bytes(text);
  return {view.begin(), view.end()};
}

/// Writes down what one end of a link is told.
class Recorder : public LinkObserver {
 public:
  void on_open(Link& /*link*/) override {}
  void on_frame(Link& /*link*/, wire::Frame frame) override {
    frames.push_back(std::move(frame));
    if (on_each) on_each();
  }
  void on_close(Link& /*link*/, const Error& error) override { closed = error; }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& frame : frames) all.emplace_back(as_text(frame.body.view()));
    return all;
  }

  std::vector<wire::Frame> frames;
  std::optional<Error> closed;
  std::function<void()> on_each;
};

class LinkTest : public testing::Test {
 protected:
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

  void listen(Listener::Options options = {}) {
    options.bind = {"127.0.0.1", 0};
    auto opened = Listener::open(
        loop_, options,
        [this](std::shared_ptr<Link> link) {
          link->observe(acceptor_side_);
          accepted_ = std::move(link);
        },
        [this](const std::string& text) { notices_.push_back(text); });
    listener_ = std::move(opened).value();
    listener_->start();
    address_ = "127.0.0.1:" + std::to_string(listener_->port());
  }
  DialResult dial(Dialer::Options options = {}) { return dial_to(address_, std::move(options)); }
  DialResult dial_to(const std::string& address, Dialer::Options options = {}) {
    Dialer dialer(loop_, std::move(options));
    std::optional<DialResult> result;
    dialer.dial(address, [&](DialResult done) {
      if (done.link) done.link->observe(dialler_side_);
      result = std::move(done);
    });
    EXPECT_TRUE(run_until([&] { return result.has_value(); }));
    return std::move(result).value();
  }
  void connect(const LinkOptions& options = {}) {
    listen({.link = options});
    dialled_ = dial({.link = options}).link;
    ASSERT_TRUE(dialled_);
    ASSERT_TRUE(run_until([&] { return accepted_ != nullptr; }));
  }
  tcp::socket connect_raw() {
    tcp::socket socket(loop_.context());
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), listener_->port()});
    return socket;
  }

  Loop loop_;
  Recorder acceptor_side_;
  Recorder dialler_side_;
  std::vector<std::string> notices_;
  std::unique_ptr<Listener> listener_;
  std::string address_;
  std::shared_ptr<Link> accepted_;
  std::shared_ptr<Link> dialled_;
};

TEST_F(LinkTest, FramesArriveInOrderInBothDirections) {
  connect();
  std::vector<std::string> expected;
  for (int count = 0; count < 1'000; ++count) {
    expected.push_back(std::to_string(count));
    ASSERT_TRUE(dialled_->send(FrameType::commands, Lane::normal, bytes(expected.back())));
    ASSERT_TRUE(accepted_->send(FrameType::replies, Lane::normal, bytes(expected.back())));
  }
  ASSERT_TRUE(run_until([&] {
    return acceptor_side_.frames.size() == 1'000 && dialler_side_.frames.size() == 1'000;
  }));
  EXPECT_EQ(acceptor_side_.texts(), expected);
  EXPECT_EQ(dialler_side_.texts(), expected);
  EXPECT_EQ(acceptor_side_.frames[0].type, FrameType::commands);
}

TEST_F(LinkTest, LargeBodiesInManyPartsArriveWhole) {
  connect();
  std::vector<SharedBytes> parts;
  std::string expected;
  for (int count = 0; count < 1'000; ++count) {
    parts.push_back(bytes(std::string(static_cast<std::size_t>(count), 'x') + "|"));
    expected += as_text(parts.back().view());
  }
  ASSERT_TRUE(dialled_->send(FrameType::raft, Lane::bulk, parts));
  ASSERT_TRUE(run_until([&] { return !acceptor_side_.frames.empty(); }));
  EXPECT_EQ(acceptor_side_.texts(), std::vector<std::string>{expected});
}

TEST_F(LinkTest, UrgentOvertakesEightMebibytesOfBulk) {
  connect();
  const SharedBytes chunk = bytes(std::string(32 * 1024, 'b'));
  const int chunks = 256;
  for (int count = 0; count < chunks; ++count) {
    ASSERT_TRUE(dialled_->send(FrameType::raft, Lane::bulk, chunk));
  }
  // Sent when the bulk is well under way; the bulk that arrives before it was in the kernel.
  acceptor_side_.on_each = [&] {
    if (acceptor_side_.frames.size() != 8) return;
    ASSERT_TRUE(dialled_->send(FrameType::raft, Lane::urgent, bytes("now")));
  };
  ASSERT_TRUE(run_until([&] { return acceptor_side_.frames.size() == chunks + 1U; }));
  const auto urgent = std::ranges::find(acceptor_side_.frames, Lane::urgent, &wire::Frame::lane);
  ASSERT_NE(urgent, acceptor_side_.frames.end());
  EXPECT_LT(urgent - acceptor_side_.frames.begin(), chunks * 3 / 4);
}

// The frames of a leader change, in their order, when as much bulk waits as a link may hold.
TEST_F(LinkTest, ALeaderChangeOvertakes64MebibytesOfBulkEvenWhenNoMoreBulkIsTaken) {
  connect();
  const SharedBytes chunk = bytes(std::string(32 * 1024, 'b'));
  std::size_t chunks = 0;
  while (dialled_->send(FrameType::raft, Lane::bulk, chunk)) ++chunks;
  EXPECT_GE((chunks + 1) * (chunk.size() + wire::frame_header_bytes),
            LinkOptions{}.queued_bytes_max);
  EXPECT_FALSE(dialled_->send(FrameType::raft, Lane::normal, chunk));
  constexpr std::size_t under_way = 8;
  acceptor_side_.on_each = [&] {
    if (acceptor_side_.frames.size() != under_way) return;
    for (const char* const step : {"handover", "vote request", "new leader"}) {
      ASSERT_TRUE(dialled_->send(FrameType::raft, Lane::urgent, bytes(step)));
    }
  };
  ASSERT_TRUE(run_until([&] { return acceptor_side_.frames.size() == chunks + 3; }));
  std::vector<std::string> urgent;
  std::size_t bulk_before = 0;
  for (const wire::Frame& frame : acceptor_side_.frames) {
    if (frame.lane == Lane::urgent) urgent.emplace_back(as_text(frame.body.view()));
    if (frame.lane == Lane::bulk && urgent.size() < 3) ++bulk_before;
  }
  EXPECT_EQ(urgent, (std::vector<std::string>{"handover", "vote request", "new leader"}));
  // Only what the kernel had taken by then came before: its buffers hold a few mebibytes.
  EXPECT_LT(bulk_before, chunks / 4);
}

TEST_F(LinkTest, UrgentFramesHaveALimitToo) {
  connect();
  const SharedBytes chunk = bytes(std::string(32 * 1024, 'u'));
  const std::size_t most = (LinkOptions{}.queued_bytes_max + urgent_reserve_bytes) / chunk.size();
  std::size_t chunks = 0;
  while (dialled_->send(FrameType::raft, Lane::urgent, chunk) && chunks <= most) ++chunks;
  EXPECT_LT(chunks, most);
  EXPECT_GT(chunks, LinkOptions{}.queued_bytes_max / chunk.size());
}

TEST_F(LinkTest, FrameBeyondTheQueueLimitIsNotTakenAndTheLinkGoesOn) {
  connect({.queued_bytes_max = 1'000});
  EXPECT_TRUE(dialled_->send(FrameType::commands, Lane::normal, bytes(std::string(900, 'a'))));
  EXPECT_FALSE(dialled_->send(FrameType::commands, Lane::normal, bytes(std::string(100, 'b'))));
  ASSERT_TRUE(run_until([&] { return acceptor_side_.frames.size() == 1; }));
  EXPECT_TRUE(dialled_->send(FrameType::commands, Lane::normal, bytes("c")));
  ASSERT_TRUE(run_until([&] { return acceptor_side_.frames.size() == 2; }));
  EXPECT_EQ(acceptor_side_.texts()[1], "c");
}

TEST_F(LinkTest, CloseSendsWhatWasQueuedFirst) {
  connect();
  const std::string large(1'000'000, 'x');
  for (int count = 0; count < 5; ++count) {
    ASSERT_TRUE(dialled_->send(FrameType::commands, Lane::normal, bytes(large)));
  }
  dialled_->close();
  EXPECT_TRUE(dialled_->send(FrameType::commands, Lane::normal, bytes("dropped")));
  ASSERT_TRUE(run_until([&] { return acceptor_side_.closed && dialler_side_.closed; }));
  EXPECT_EQ(acceptor_side_.texts(), std::vector<std::string>(5, large));
  EXPECT_EQ(acceptor_side_.closed->code, ErrorCode::unavailable);
  EXPECT_EQ(dialler_side_.closed->code, ErrorCode::aborted);
  EXPECT_EQ(loop_.open_links(), 0U);
}

TEST_F(LinkTest, AbortIsSilentHereAndAnEndThere) {
  connect();
  dialled_->abort();
  ASSERT_TRUE(run_until([&] { return acceptor_side_.closed.has_value(); }));
  EXPECT_FALSE(dialler_side_.closed);
}

TEST_F(LinkTest, CloseGivesUpOnASideThatDoesNotRead) {
  listen({.link = {.flush_timeout = 50ms}});
  std::shared_ptr<Link> link;
  tcp::socket raw = connect_raw();
  wire::PrefaceDialer preface({});
  boost::asio::write(raw, boost::asio::buffer(preface.hello()));
  ASSERT_TRUE(run_until([&] { return accepted_ != nullptr; }));
  for (int count = 0; count < 20; ++count) {
    ASSERT_TRUE(
        accepted_->send(FrameType::replies, Lane::normal, bytes(std::string(1'000'000, 'x'))));
  }
  accepted_->close();
  ASSERT_TRUE(run_until([&] { return acceptor_side_.closed.has_value(); }));
  EXPECT_EQ(acceptor_side_.closed->code, ErrorCode::aborted);
}

TEST_F(LinkTest, SecretProvenOnBothSidesOpensTheLink) {
  listen({.admission = {.secret = secret("opensesame")}});
  const DialResult result = dial({.kind = wire::LinkKind::peer, .secret = secret("opensesame")});
  ASSERT_TRUE(result.link);
  EXPECT_TRUE(result.link->agreement().secret_proven);
  EXPECT_EQ(result.link->agreement().kind, wire::LinkKind::peer);
  ASSERT_TRUE(run_until([&] { return accepted_ != nullptr; }));
  EXPECT_EQ(accepted_->agreement().kind, wire::LinkKind::peer);
}

TEST_F(LinkTest, WrongAndMissingSecretsAreRefusedWithTheReason) {
  listen({.admission = {.secret = secret("opensesame")}});
  for (const std::string& tried : {std::string("sesame"), std::string()}) {
    const DialResult result = dial({.secret = secret(tried)});
    EXPECT_FALSE(result.link);
    EXPECT_FALSE(result.refused);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->code, ErrorCode::unauthenticated) << result.error->message;
  }
  EXPECT_TRUE(run_until([&] { return loop_.open_links() == 0; }));
  ASSERT_EQ(notices_.size(), 1U);  // The second one is held back.
  EXPECT_NE(notices_[0].find("was not let in"), std::string::npos);
}

TEST_F(LinkTest, NobodyListeningIsToldApartFromOtherFailures) {
  listen();
  listener_->close();
  const DialResult refused = dial();
  EXPECT_TRUE(refused.refused);
  EXPECT_EQ(refused.error->code, ErrorCode::unavailable);

  const DialResult malformed = dial_to("nonsense");
  EXPECT_FALSE(malformed.refused);
  EXPECT_EQ(malformed.error->code, ErrorCode::invalid_argument);
}

TEST_F(LinkTest, AllAddressesOfANameAreTried) {
  listen();
  const DialResult result = dial_to("localhost:" + std::to_string(listener_->port()));
  EXPECT_TRUE(result.link);
}

TEST_F(LinkTest, SilenceInThePrefaceEndsTheConnection) {
  listen({.link = {.preface_timeout = 50ms}});
  tcp::socket silent = connect_raw();
  ASSERT_TRUE(run_until([&] { return !notices_.empty(); }));
  boost::system::error_code error;
  char byte = 0;
  silent.read_some(boost::asio::buffer(&byte, 1), error);
  EXPECT_EQ(error, boost::asio::error::eof);
  EXPECT_EQ(loop_.open_links(), 0U);
}

TEST_F(LinkTest, SilentServerEndsTheDial) {
  tcp::acceptor mute(loop_.context(), {boost::asio::ip::make_address("127.0.0.1"), 0});
  const DialResult result =
      dial_to(to_string(mute.local_endpoint()), {.link = {.preface_timeout = 50ms}});
  EXPECT_FALSE(result.link);
  EXPECT_EQ(result.error->code, ErrorCode::deadline_exceeded);
}

TEST_F(LinkTest, JunkInsteadOfAPrefaceIsRefused) {
  listen();
  tcp::socket raw = connect_raw();
  boost::asio::write(raw, boost::asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
  ASSERT_TRUE(run_until([&] { return !notices_.empty() && !accepted_; }));
  raw.close();
  EXPECT_TRUE(run_until([&] { return loop_.open_links() == 0; }));
}

TEST_F(LinkTest, JunkInsteadOfFramesClosesTheLinkWithTheReason) {
  listen({.link = {.flush_timeout = 50ms}});
  tcp::socket raw = connect_raw();
  wire::PrefaceDialer preface({});
  boost::asio::write(raw, boost::asio::buffer(preface.hello()));
  ASSERT_TRUE(run_until([&] { return accepted_ != nullptr; }));
  boost::asio::write(raw, boost::asio::buffer(std::string(100, '\xee')));
  ASSERT_TRUE(run_until([&] { return acceptor_side_.closed.has_value(); }));
  EXPECT_EQ(acceptor_side_.closed->code, ErrorCode::invalid_argument);
  EXPECT_EQ(acceptor_side_.frames.size(), 0U);
}

TEST_F(LinkTest, WhoSendsJunkIsToldSo) {
  listen({.link = {.frame_body_bytes_max = 1'999}});
  dialled_ = dial().link;
  ASSERT_TRUE(dialled_->send(FrameType::commands, Lane::normal, SharedBytes(Bytes(2'000))));
  ASSERT_TRUE(run_until([&] { return acceptor_side_.closed && dialler_side_.closed; }));
  EXPECT_EQ(acceptor_side_.closed->code, ErrorCode::resource_exhausted);
  ASSERT_EQ(dialler_side_.frames.size(), 1U);
  EXPECT_EQ(dialler_side_.frames[0].type, FrameType::refused);
}

// Asks and asks, and reads only later: what waits for it is bounded, and in the end all is there.
TEST_F(LinkTest, AClientThatDoesNotReadIsNotTakenInFurther) {
  listen({.link = {
              .unsent_bytes_max = 4'096, .frames_per_turn_max = 8, .backlog_bytes_max = 100'000}});
  tcp::socket raw = connect_raw();
  raw.set_option(boost::asio::socket_base::receive_buffer_size(65'536));
  wire::PrefaceDialer preface({});
  Bytes all = preface.hello();
  constexpr std::size_t questions = 2'000;
  constexpr std::size_t answer_bytes = 2'000;
  for (std::size_t i = 0; i < questions; ++i) {
    const Bytes frame = wire::encode_frame(FrameType::ping, Lane::normal, {});
    all.insert(all.end(), frame.begin(), frame.end());
  }
  std::size_t greatest = 0;
  acceptor_side_.on_each = [&] {
    ASSERT_TRUE(accepted_->send(FrameType::pong, Lane::normal, SharedBytes(Bytes(answer_bytes))));
    greatest = std::max(greatest, accepted_->queued_bytes());
  };
  boost::asio::write(raw, boost::asio::buffer(all));
  ASSERT_TRUE(run_until([&] { return greatest > 100'000; }));
  for (int turn = 0; turn < 1'000; ++turn) loop_.context().poll_one();
  EXPECT_LE(greatest, 100'000 + 9 * (answer_bytes + wire::frame_header_bytes));
  EXPECT_LT(acceptor_side_.frames.size(), questions);

  raw.non_blocking(true);
  std::size_t received = 0;
  std::array<std::byte, 65'536> buffer{};
  constexpr std::size_t expected = 16 + questions * (answer_bytes + wire::frame_header_bytes);
  ASSERT_TRUE(run_until([&] {
    boost::system::error_code error;
    received += raw.read_some(boost::asio::buffer(buffer), error);
    loop_.context().poll();
    loop_.context().restart();
    boost::asio::post(loop_.context(), [] {});  // So that this is asked again.
    return received == expected;
  }));
  EXPECT_LE(greatest, 100'000 + 9 * (answer_bytes + wire::frame_header_bytes));
}

TEST_F(LinkTest, FramesRightBehindThePrefaceAreNotLost) {
  listen();
  tcp::socket raw = connect_raw();
  wire::PrefaceDialer preface({});
  Bytes all = preface.hello();
  for (const char* text : {"first", "second"}) {
    const Bytes frame = wire::encode_frame(FrameType::commands, Lane::normal, as_bytes(text));
    all.insert(all.end(), frame.begin(), frame.end());
  }
  boost::asio::write(raw, boost::asio::buffer(all));
  ASSERT_TRUE(run_until([&] { return acceptor_side_.frames.size() == 2; }));
  EXPECT_EQ(acceptor_side_.texts(), (std::vector<std::string>{"first", "second"}));
}

TEST_F(LinkTest, OldestConnectionInItsPrefaceMakesRoom) {
  listen({.opening_max = 2});
  std::vector<tcp::socket> silent;
  silent.reserve(3);
  for (int count = 0; count < 3; ++count) silent.push_back(connect_raw());
  ASSERT_TRUE(run_until([&] { return !notices_.empty(); }));
  EXPECT_EQ(loop_.open_links(), 2U);
  EXPECT_TRUE(dial().link);
}

TEST_F(LinkTest, ConnectionInItsPrefaceMakesRoomWhenAllAreInUse) {
  listen({.links_max = 1});
  tcp::socket silent = connect_raw();
  dialled_ = dial({.link = {}}).link;
  EXPECT_TRUE(dialled_);
}

TEST_F(LinkTest, ConnectionBeyondTheLimitIsClosed) {
  listen({.links_max = 2});
  dialled_ = dial().link;  // Two links of this loop, both open.
  ASSERT_TRUE(run_until([&] { return accepted_ != nullptr; }));
  tcp::socket second = connect_raw();
  ASSERT_TRUE(run_until([&] { return !notices_.empty(); }));
  EXPECT_EQ(loop_.open_links(), 2U);
}

TEST_F(LinkTest, TakenPortIsTold) {
  listen();
  const auto second = Listener::open(
      loop_, {.bind = {"127.0.0.1", listener_->port()}}, [](const std::shared_ptr<Link>&) {},
      [](const auto&) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::already_exists);
  EXPECT_EQ(second.error().message, address_ + " is taken by another process");
}

TEST_F(LinkTest, DialThatIsGivenUpIsNotCalledBack) {
  listen();
  Dialer dialer(loop_, {});
  bool called = false;
  const auto first = dialer.dial(address_, [&](const DialResult&) { called = true; });
  dialer.cancel(first);
  const DialResult other = dial();
  EXPECT_TRUE(other.link);
  EXPECT_FALSE(called);
  EXPECT_EQ(dialer.under_way(), 0U);
}

TEST(LoopTest, SlowStepIsReportedOnceAndThoseAfterItAreCounted) {
  Loop loop({.slow_step = Duration(0), .reports_apart = 1h});
  std::vector<std::string> reports;
  loop.on_slow_step([&](std::string_view what, Duration /*length*/, std::uint64_t unreported) {
    reports.push_back(std::string(what) + " " + std::to_string(unreported));
  });
  const auto be_slow = [&] {
    const Instant begun = loop.now();
    while (loop.now() == begun) {
    }
  };
  loop.step("outer", [&] { loop.step("inner", be_slow); });
  loop.step("later", be_slow);
  EXPECT_EQ(reports, std::vector<std::string>{"outer 0"});
}

}  // namespace
}  // namespace muster::net::link_test
