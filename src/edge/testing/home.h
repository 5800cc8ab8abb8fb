// A home for tests: an edge that knows its leader, and the state that it reads.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "edge/edge.h"
#include "wire/control.h"

namespace muster::edge {

constexpr ServerNumber self{1};
constexpr ServerNumber other{2};

class HomeTest : public ::testing::Test {
 protected:
  explicit HomeTest(const Edge::Options& options = Edge::Options{}) : edge_(options) {
    Edge::Surroundings around;
    around.hello.set_number(self.value);
    around.leader_known = true;
    edge_.set_surroundings(around, now_);
  }

  void frame(LinkId link, wire::FrameType type, Bytes body) {
    edge_.frame(link,
                {.type = type, .lane = wire::Lane::normal, .body = SharedBytes(std::move(body))},
                state_, now_);
  }
  /// The first that a client of this session says on a link.
  static wire::OpenSession opening(SessionId session, const std::string& name = "ann") {
    wire::OpenSession open;
    open.set_session_id(session.uuid.to_string());
    open.set_name(name);
    open.set_epoch(1);
    return open;
  }
  /// As the log says that the session's first attachment is here.
  void attached(SessionId session, std::uint64_t last = 0, ServerNumber home = self) {
    edge_.applied(
        {replica::SessionAttached{.session = session, .epoch = {1}, .last = {last}, .home = home}},
        self, now_);
  }

  Instant now_{std::chrono::seconds{1}};
  Edge edge_;
  replica::Replica state_{{}, [] { return std::vector<std::unique_ptr<service::Machine>>{}; }};
};

}  // namespace muster::edge
