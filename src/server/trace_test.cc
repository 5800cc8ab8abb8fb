// What the log says of messages.
#include "server/trace.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "node/raft_codec.h"

namespace muster::server {
namespace {

using namespace std::chrono_literals;

class TraceTest : public testing::Test {
 protected:
  void log_at(spdlog::level::level_enum level) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(text_);
    sink->set_pattern("%v");
    log_ = std::make_shared<spdlog::logger>("trace", sink);
    log_->set_level(level);
  }
  static node::SendFrame frame_of(const raft::Message& message) {
    return {.link = {4},
            .type = wire::FrameType::raft,
            .lane = node::lane_of(message),
            .body = node::encode_message(message)};
  }

  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> log_;
};

raft::Message vote_request() {
  return {.from = {1},
          .to = {2},
          .term = {7},
          .body = raft::VoteRequest{.last_index = {41}, .last_term = {6}, .handed_over = true}};
}

TEST_F(TraceTest, AMessageOfConsensusIsToldWithTermAndIndex) {
  log_at(spdlog::level::debug);
  MessageTrace trace(log_);
  trace.sends(frame_of(vote_request()), Instant{});
  EXPECT_NE(text_.str().find("vote request from 1 to 2, term 7, log ends at 41 of term 6, handed "
                             "over"),
            std::string::npos)
      << text_.str();
}

TEST_F(TraceTest, HeartbeatsAreCountedAndToldOnceASecond) {
  log_at(spdlog::level::debug);
  MessageTrace trace(log_);
  const raft::Message heartbeat{.from = {1}, .to = {2}, .term = {7}, .body = raft::AppendRequest{}};
  const Instant start{10s};
  for (int i = 0; i < 5; ++i) trace.sends(frame_of(heartbeat), start + i * 200ms);
  trace.received({4}, {.type = wire::FrameType::ping, .body = {}}, start + 1s);
  EXPECT_EQ(text_.str(), "1 heartbeats and pings\n5 heartbeats and pings\n");
}

TEST_F(TraceTest, IsOnAtTheLevelDebugOnly) {
  log_at(spdlog::level::info);
  EXPECT_FALSE(MessageTrace(log_).on());
  log_at(spdlog::level::debug);
  EXPECT_TRUE(MessageTrace(log_).on());
}

}  // namespace
}  // namespace muster::server
