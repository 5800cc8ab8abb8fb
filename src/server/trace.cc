#include "server/trace.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "node/raft_codec.h"

namespace muster::server {
namespace {

constexpr Duration second = std::chrono::seconds{1};

struct Details {
  std::string operator()(const raft::PreVoteRequest& request) const { return log_end(request); }
  std::string operator()(const raft::VoteRequest& request) const {
    return log_end(request) + (request.handed_over ? ", handed over" : "");
  }
  std::string operator()(const raft::PreVoteReply& reply) const { return granted(reply.granted); }
  std::string operator()(const raft::VoteReply& reply) const { return granted(reply.granted); }
  std::string operator()(const raft::AppendRequest& request) const {
    return fmt::format("after {}, {} entries, commit {}", request.previous_index.value,
                       request.entries.size(), request.commit.value);
  }
  std::string operator()(const raft::AppendReply& reply) const {
    return fmt::format("{} {}", reply.accepted ? "has all up to" : "lacks", reply.match.value);
  }
  std::string operator()(const raft::SnapshotChunk& chunk) const {
    return fmt::format("of index {}, bytes from {} of {}", chunk.mark.index.value, chunk.offset,
                       chunk.total);
  }
  std::string operator()(const raft::SnapshotReply& reply) const {
    return fmt::format("of index {}, next byte {}", reply.index.value, reply.next_offset);
  }
  std::string operator()(const raft::TimeoutNow&) const { return "stand now"; }
  std::string operator()(const raft::ReadRequest& request) const {
    return fmt::format("read {}", request.id);
  }
  std::string operator()(const raft::ReadReply& reply) const {
    return fmt::format("read {} at {}", reply.id, reply.index ? reply.index->value : 0);
  }

 private:
  template <class Request>
  static std::string log_end(const Request& request) {
    return fmt::format("log ends at {} of term {}", request.last_index.value,
                       request.last_term.value);
  }
  static std::string granted(bool yes) { return yes ? "granted" : "refused"; }
};

bool is_heartbeat(const raft::Message& message) {
  const auto* const request = std::get_if<raft::AppendRequest>(&message.body);
  return request != nullptr && request->entries.empty();
}

}  // namespace

std::string describe(const raft::Message& message) {
  return fmt::format("{} from {} to {}, term {}, {}", raft::name_of(message), message.from.value,
                     message.to.value, message.term.value, std::visit(Details{}, message.body));
}

void MessageTrace::received(node::LinkId link, const wire::Frame& frame, Instant now) {
  line("in", link, frame.type, frame.lane, frame.body, now);
}

void MessageTrace::sends(const node::SendFrame& frame, Instant now) {
  Bytes body;
  for (const SharedBytes& piece : frame.body) {
    body.insert(body.end(), piece.view().begin(), piece.view().end());
  }
  line("out", frame.link, frame.type, frame.lane, SharedBytes(std::move(body)), now);
}

void MessageTrace::line(const char* way, node::LinkId link, wire::FrameType type, wire::Lane lane,
                        const SharedBytes& body, Instant now) {
  std::string details;
  bool regular = type == wire::FrameType::ping || type == wire::FrameType::pong;
  if (type == wire::FrameType::raft) {
    if (const auto message = node::decode_message(body)) {
      regular = is_heartbeat(*message);
      details = ": " + describe(*message);
    }
  }
  if (regular) {
    ++regular_;
  } else {
    log_->debug("{} link {} {} lane {} {} bytes{}", way, link.value, wire::name_of(type),
                static_cast<unsigned>(lane), body.size(), details);
  }
  if (now - second_begun_ < second) return;
  second_begun_ = now;
  if (regular_ > 0) log_->debug("{} heartbeats and pings", std::exchange(regular_, 0));
}

}  // namespace muster::server
