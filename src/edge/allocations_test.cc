// What a heartbeat costs in memory: nothing, from the datagram to the wheel of timers.
#include "base/testing/allocations.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <vector>

#include "edge/edge.h"
#include "edge/testing/home.h"
#include "wire/control.h"
#include "wire/heartbeat.h"

namespace muster::edge::allocations_test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t clients = 200;
constexpr milliseconds interval{15};

/// A home whose clients send heartbeats every 15 ms. With and without a secret.
class AllocationsTest : public HomeTest, public ::testing::WithParamInterface<bool> {
 protected:
  AllocationsTest() : HomeTest(options()) {
    for (std::size_t client = 0; client < clients; ++client) open(client);
  }

  static Edge::Options options() {
    Edge::Options options;
    options.heartbeats.secret = secret();
    return options;
  }
  static SessionId session(std::size_t client) {
    return {Uuid::make_v7(milliseconds{1}, 1, client)};
  }
  static LinkId link(std::size_t client) { return {client + 1}; }
  static Bytes secret() { return GetParam() ? Bytes(16, std::byte{7}) : Bytes{}; }

  void open(std::size_t client) {
    edge_.link_opened(link(client), now_);
    wire::OpenSession open = opening(session(client));
    open.set_heartbeat_interval_ms(interval.count());
    frame(link(client), wire::FrameType::open_session, wire::encode(open));
    attached(session(client));
    edge_.take_outputs();
    edge_.take_batches();
  }

  Bytes heartbeat(std::size_t client) {
    const wire::Heartbeat heartbeat{
        .session = session(client), .epoch = {1}, .counter = counter_, .payload = {}};
    if (!GetParam()) return wire::encode_heartbeat(heartbeat, {});
    return wire::encode_heartbeat(heartbeat, wire::heartbeat_key(secret(), session(client), {1}));
  }
  /// What the heartbeats of this time, and looking after them, allocated.
  std::size_t allocated_in(Duration time) {
    std::size_t allocated = 0;
    for (Duration at{}; at < time; at += interval) {
      ++counter_;
      std::vector<Bytes> datagrams;
      for (std::size_t client = 0; client < clients; ++client) {
        datagrams.push_back(heartbeat(client));
      }
      const std::vector<BytesView> views(datagrams.begin(), datagrams.end());
      now_ += interval;
      const std::size_t before = allocations();
      edge_.datagrams(views, now_);
      edge_.tick(now_);
      allocated += allocations() - before;
    }
    return allocated;
  }
  // Over the connections, without which datagrams count for nothing after a while.
  void use_connections() {
    ++counter_;
    for (std::size_t client = 0; client < clients; ++client) {
      frame(link(client), wire::FrameType::heartbeat, heartbeat(client));
    }
    edge_.take_outputs();
  }

  std::uint64_t counter_{0};
};

TEST_P(AllocationsTest, AHeartbeatAllocatesNothing) {
  allocated_in(milliseconds{1'500});  // Once around, for what keeps its memory.
  use_connections();
  const std::uint64_t counted_before = edge_.heartbeats().counts().datagrams;
  EXPECT_EQ(allocated_in(milliseconds{1'500}), 0U);
  EXPECT_EQ(edge_.heartbeats().counts().datagrams - counted_before, 100 * clients);
  EXPECT_EQ(edge_.heartbeats().counts().refused, 0U);
  EXPECT_EQ(edge_.heartbeats().suspects(), 0U);
}

// That nothing is counted must not be for want of counting.
TEST_P(AllocationsTest, WhatAllocatesIsCounted) {
  const std::size_t before = allocations();
  open(clients);
  EXPECT_GT(allocations(), before);
  const std::size_t between = allocations();
  ::operator delete(::operator new(1));
  EXPECT_EQ(allocations() - between, 1U);
  ::operator delete (::operator new (64, std::align_val_t{64}), std::align_val_t{64});
  EXPECT_EQ(allocations() - between, 2U);
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutASecret, AllocationsTest, ::testing::Bool());

}  // namespace
}  // namespace muster::edge::allocations_test
