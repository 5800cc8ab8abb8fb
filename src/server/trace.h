// The server's log of every message, for who looks for a fault.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "muster/bytes.h"
#include "muster/time.h"
#include "node/io.h"
#include "raft/message.h"

namespace muster::server {

/// Writes a line at the level `debug` for each frame: which way, link, type, lane, size, and of
/// consensus also from, to, term and index. Heartbeats, pings and pongs are counted and told once a
/// second. Precondition of both: `on()`, which costs one comparison. Thread-safety: none.
class MessageTrace {
 public:
  explicit MessageTrace(std::shared_ptr<spdlog::logger> log) : log_(std::move(log)) {}

  bool on() const { return log_->should_log(spdlog::level::debug); }
  void received(node::LinkId link, const wire::Frame& frame, Instant now);
  /// To be called before the frame is given away.
  void sends(const node::SendFrame& frame, Instant now);

 private:
  void line(const char* way, node::LinkId link, wire::FrameType type, wire::Lane lane,
            const SharedBytes& body, Instant now);

  std::shared_ptr<spdlog::logger> log_;
  std::uint64_t regular_{0};
  Instant second_begun_{};
};

/// `append request from 1 to 2, term 7, after 41, 3 entries, commit 40` and so on.
std::string describe(const raft::Message& message);

}  // namespace muster::server
