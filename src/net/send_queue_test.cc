// Unit tests of the three lanes: order, overtaking, and sending in pieces of any size.
#include "net/send_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"
#include "net/send_buffer.h"

namespace muster::net::send_queue_test {
namespace {

using wire::FrameType;
using wire::Lane;

OutgoingFrame frame(Lane lane, const std::vector<std::string>& parts) {
  OutgoingFrame made{.type = FrameType::raft, .lane = lane, .body = {}};
  for (const std::string& part : parts) made.body.push_back(SharedBytes::copy_of(as_bytes(part)));
  return made;
}

/// Takes at most `bytes_max` out of the queue, as a socket would.
std::string send_some(SendQueue& queue, SendBuffer& buffer, std::size_t bytes_max) {
  queue.gather(buffer);
  std::string sent;
  for (const iovec& piece : buffer.pieces()) {
    sent.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  EXPECT_EQ(sent.size(), buffer.bytes());
  sent.resize(std::min(bytes_max, sent.size()));
  queue.consume(buffer, sent.size());
  return sent;
}

/// The bodies of all frames in `stream`, in order.
std::vector<std::string> bodies_of(const std::string& stream) {
  wire::ReceiveBuffer shared;
  wire::FrameDecoder decoder(shared);
  decoder.feed(as_bytes(stream));
  std::vector<std::string> bodies;
  for (;;) {
    const auto next = decoder.next();
    if (!next || !*next) return bodies;
    bodies.emplace_back(as_text((*next)->body.view()));
  }
}

class SendQueueTest : public testing::Test {
 protected:
  std::string send_all(std::size_t at_once = std::string::npos) {
    std::string stream;
    while (!queue_.empty()) stream += send_some(queue_, buffer_, at_once);
    return stream;
  }

  SendQueue queue_;
  SendBuffer buffer_;
};

TEST_F(SendQueueTest, FramesOfALaneKeepTheirOrderAndTheirParts) {
  queue_.push(frame(Lane::normal, {"one", "", "two"}));
  queue_.push(frame(Lane::normal, {}));
  const std::string large(5'000, 'x');
  queue_.push(frame(Lane::normal, {large, "y"}));
  EXPECT_EQ(queue_.bytes(), 8 + 6 + 8 + 8 + 5'001U);
  EXPECT_EQ(bodies_of(send_all()), (std::vector<std::string>{"onetwo", "", large + "y"}));
  EXPECT_EQ(queue_.bytes(), 0U);
}

TEST_F(SendQueueTest, UrgentOvertakesNormalAndNormalOvertakesBulk) {
  queue_.push(frame(Lane::bulk, {"bulk"}));
  queue_.push(frame(Lane::normal, {"normal"}));
  queue_.push(frame(Lane::urgent, {"urgent"}));
  EXPECT_EQ(bodies_of(send_all()), (std::vector<std::string>{"urgent", "normal", "bulk"}));
}

TEST_F(SendQueueTest, AFrameThatIsPartlyOutIsFinishedFirst) {
  queue_.push(frame(Lane::bulk, {"slow", "poke"}));
  std::string stream = send_some(queue_, buffer_, 10);
  queue_.push(frame(Lane::urgent, {"now"}));
  stream += send_all();
  EXPECT_EQ(bodies_of(stream), (std::vector<std::string>{"slowpoke", "now"}));
}

TEST_F(SendQueueTest, BulkIsNotStarvedByNormal) {
  const std::string normal(64 * 1024, 'n');
  queue_.push(frame(Lane::bulk, {"bulk"}));
  for (int count = 0; count < 8; ++count) queue_.push(frame(Lane::normal, {normal}));
  const std::vector<std::string> bodies = bodies_of(send_all());
  const auto bulk = std::ranges::find(bodies, "bulk");
  EXPECT_EQ(bulk - bodies.begin(), 4);  // After 256 KiB of the normal lane.
}

TEST_F(SendQueueTest, ManyPiecesAndMuchDataNeedSeveralRounds) {
  std::vector<std::string> expected;
  for (int count = 0; count < 2'000; ++count) {
    expected.push_back(std::string(static_cast<std::size_t>(count % 3'000), 'a'));
    queue_.push(frame(Lane::normal, {expected.back()}));
  }
  EXPECT_EQ(bodies_of(send_all()), expected);
}

// Property: however the socket cuts the stream, it decodes to the same frames, lane by lane in the
// order they were pushed.
TEST(SendQueuePropertyTest, AnyCutGivesTheSameFrames) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    SendQueue queue;
    SendBuffer buffer;
    std::vector<std::vector<std::string>> pushed(3);
    std::string stream;
    for (int count = 0; count < 60; ++count) {
      const std::uint64_t lane = random.below(3);
      const std::size_t size = random.below(random.chance(0.2) ? 40'000 : 300);
      const std::string body =
          std::to_string(lane) + std::string(size, static_cast<char>('a' + random.below(26)));
      pushed[lane].push_back(body);
      const std::size_t cut = random.below(body.size() + 1);
      queue.push(frame(static_cast<Lane>(lane), {body.substr(0, cut), body.substr(cut)}));
      if (random.chance(0.5)) stream += send_some(queue, buffer, random.below(20'000));
    }
    while (!queue.empty()) stream += send_some(queue, buffer, 1 + random.below(20'000));
    std::vector<std::vector<std::string>> received(3);
    for (const std::string& body : bodies_of(stream)) {
      received[static_cast<std::size_t>(body.at(0) - '0')].push_back(body);
    }
    ASSERT_EQ(received, pushed);
  }
}

}  // namespace
}  // namespace muster::net::send_queue_test
