// Heartbeats between sockets of this process, on loopback only. Nothing sleeps.
#include "net/heartbeats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace muster::net::heartbeats_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;
using boost::asio::ip::udp;

class HeartbeatsTest : public testing::Test {
 protected:
  /// As the datagrams came, and how many there were in each call.
  struct Heard {
    std::vector<std::string> texts;
    std::vector<std::size_t> batches;
  };

  HeartbeatsTest() : port_(free_port()) {}

  std::uint16_t free_port() {
    const udp::socket socket(loop_.context(), {make_address("127.0.0.1"), 0});
    return socket.local_endpoint().port();
  }
  std::unique_ptr<HeartbeatReceiver> receive(const std::string& host, Heard& heard,
                                             bool open = false) {
    auto receiver = HeartbeatReceiver::open(loop_, {.bind = {host, port_}, .open = open},
                                            [&heard](std::span<const BytesView> all) {
                                              heard.batches.push_back(all.size());
                                              for (const BytesView one : all)
                                                heard.texts.emplace_back(as_text(one));
                                            });
    return std::move(receiver.value());
  }
  HeartbeatSender sender(const char* host = "127.0.0.1") {
    return {loop_, tcp::endpoint(make_address(host), port_)};
  }
  template <class Condition>
  bool run_until(Condition holds) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (loop_.context().run_one_until(limit) == 0) return false;
    }
    return true;
  }

  Loop loop_;
  std::uint16_t port_;
};

TEST_F(HeartbeatsTest, WhatWaitsComesInOneCall) {
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard);
  HeartbeatSender from = sender();
  for (const char* const text : {"one", "two", ""}) from.send(as_bytes(text));
  receiver->start();
  ASSERT_TRUE(run_until([&] { return heard.texts.size() == 3; }));
  EXPECT_EQ(heard.texts, (std::vector<std::string>{"one", "two", ""}));
  EXPECT_EQ(heard.batches, std::vector<std::size_t>{3});
}

TEST_F(HeartbeatsTest, MoreThanAFullBatchComesInSeveralAndInOrder) {
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard);
  HeartbeatSender from = sender();
  // Four batches fill a turn of the loop, and a fifth begins the next one.
  constexpr std::size_t count = 4 * 256 + 1;
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < count; ++i) {
    sent.push_back(std::to_string(i));
    from.send(as_bytes(sent.back()));
  }
  receiver->start();
  ASSERT_TRUE(run_until([&] { return heard.texts.size() == count; }));
  EXPECT_EQ(heard.texts, sent);
  EXPECT_EQ(heard.batches, (std::vector<std::size_t>{256, 256, 256, 256, 1}));
}

TEST_F(HeartbeatsTest, OneThatIsTooLongIsPassedOverAndTheOthersCome) {
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard);
  HeartbeatSender from = sender();
  const std::string longest(wire::heartbeat_bytes_max, 'x');
  from.send(as_bytes(longest + "x"));
  from.send(as_bytes(longest));
  from.send(as_bytes(std::string(1'200, 'y')));
  from.send(as_bytes("short"));
  receiver->start();
  ASSERT_TRUE(run_until([&] { return heard.texts.size() == 2; }));
  EXPECT_EQ(heard.texts, (std::vector<std::string>{longest, "short"}));
}

TEST_F(HeartbeatsTest, ABatchOfWhichNothingIsLeftIsNoCallAndItGoesOn) {
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard);
  HeartbeatSender from = sender();
  const std::string too_long(wire::heartbeat_bytes_max + 1, 'x');
  for (int i = 0; i < 300; ++i) from.send(as_bytes(too_long));
  from.send(as_bytes("last"));
  receiver->start();
  ASSERT_TRUE(run_until([&] { return !heard.texts.empty(); }));
  EXPECT_EQ(heard.batches, std::vector<std::size_t>{1});
}

TEST_F(HeartbeatsTest, ItGoesOnAfterOneAndAfterManyAtOnce) {
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard);
  receiver->start();
  HeartbeatSender from = sender();
  for (std::size_t round = 1; round <= 3; ++round) {
    from.send(as_bytes("alone"));
    ASSERT_TRUE(run_until([&] { return heard.texts.size() == 6 * (round - 1) + 1; }));
    for (int i = 0; i < 5; ++i) from.send(as_bytes("together"));
    ASSERT_TRUE(run_until([&] { return heard.texts.size() == 6 * round; }));
  }
}

TEST_F(HeartbeatsTest, BothFamiliesAreHeardWhereNoAddressIsGiven) {
  Heard heard;
  const auto receiver = receive("", heard);
  receiver->start();
  HeartbeatSender four = sender();
  four.send(as_bytes("four"));
  ASSERT_TRUE(run_until([&] { return heard.texts.size() == 1; }));
  EXPECT_EQ(heard.texts.back(), "four");
  boost::system::error_code none;
  udp::socket six(loop_.context());
  six.open(udp::v6(), none);
  if (!none) six.bind({make_address("::1"), 0}, none);
  if (none) GTEST_SKIP() << "no IPv6 here";
  HeartbeatSender other = sender("::1");
  other.send(as_bytes("six"));
  ASSERT_TRUE(run_until([&] { return heard.texts.size() == 2; }));
  EXPECT_EQ(heard.texts.back(), "six");
}

TEST_F(HeartbeatsTest, AnyMachineIsHeardIfItIsOpen) {
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard, true);
  receiver->start();
  HeartbeatSender from = sender();
  from.send(as_bytes("hello"));
  ASSERT_TRUE(run_until([&] { return heard.texts.size() == 1; }));
  EXPECT_EQ(heard.texts.front(), "hello");
}

TEST_F(HeartbeatsTest, APortThatIsTakenIsToldByItsNumber) {
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard);
  const auto second = HeartbeatReceiver::open(loop_, {.bind = {"127.0.0.1", port_}}, [](auto) {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error(), (Error{ErrorCode::already_exists, "UDP port " + std::to_string(port_) +
                                                                  " is taken by another process"}));
  const auto nowhere =
      HeartbeatReceiver::open(loop_, {.bind = {"203.0.113.1", port_}}, [](auto) {});
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_EQ(nowhere.error().code, ErrorCode::unavailable);
}

TEST_F(HeartbeatsTest, WhatNobodyReceivesIsLostWithoutHarm) {
  HeartbeatSender from = sender();
  for (int i = 0; i < 3; ++i) from.send(as_bytes("lost"));  // The kernel refuses the later ones.
  Heard heard;
  const auto receiver = receive("127.0.0.1", heard);
  receiver->start();
  from.send(as_bytes("lost too"));  // Takes the news of the earlier ones.
  from.send(as_bytes("heard"));
  ASSERT_TRUE(run_until([&] { return !heard.texts.empty() && heard.texts.back() == "heard"; }));
}

TEST_F(HeartbeatsTest, ItMayGoWhileItWaits) {
  Heard heard;
  auto receiver = receive("127.0.0.1", heard);
  receiver->start();
  HeartbeatSender from = sender();
  for (int i = 0; i < 2; ++i) from.send(as_bytes("two at once"));
  ASSERT_TRUE(run_until([&] { return heard.texts.size() == 2; }));  // It rests now.
  receiver.reset();
  loop_.context().restart();
  loop_.context().run();  // Nothing is left to wait for.
  EXPECT_EQ(heard.texts.size(), 2U);
}

}  // namespace
}  // namespace muster::net::heartbeats_test
