// Unit tests of the choice of ports, on real loopback sockets that others hold or free.
#include "server/ports.h"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

class PortsTest : public testing::Test {
 protected:
  Result<std::unique_ptr<net::Listener>> open(std::uint16_t port) {
    return net::Listener::open(
        loop_, {.bind = {"127.0.0.1", port}}, [](const std::shared_ptr<net::Link>&) {},
        [](const std::string&) {});
  }
  Result<ListenerPair> open_ports_for(const WantedPorts& wanted) {
    return open_ports(wanted, [this](std::uint16_t port) { return open(port); });
  }

  net::Loop loop_;
};

TEST_F(PortsTest, ZeroPicksTwoFreePortsSideBySide) {
  const auto pair = open_ports_for({.client = 0});
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->peer->port(), pair->client->port() + 1);
}

TEST_F(PortsTest, GivenPortThatIsTakenIsNamedWithTheNextFreePair) {
  const auto first = open_ports_for({.client = 0});
  ASSERT_TRUE(first);
  const std::uint16_t taken = first->client->port();
  const auto second = open_ports_for({.client = taken});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::already_exists);
  EXPECT_TRUE(second.error().message.starts_with("--tcp-port " + std::to_string(taken)));
  EXPECT_NE(second.error().message.find("the next free pair is"), std::string::npos);

  const auto third = open_ports_for({.client = 0, .peer = taken});
  ASSERT_FALSE(third);
  EXPECT_TRUE(third.error().message.starts_with("--peer-port " + std::to_string(taken)));
}

TEST_F(PortsTest, WithoutAGivenPortServersOfOneMachineTakeOnePairAfterTheOther) {
  const auto first = open_ports_for({});
  const auto second = open_ports_for({});
  ASSERT_TRUE(first && second);
  EXPECT_GE(first->client->port(), first_port);
  EXPECT_GT(second->client->port(), first->client->port());
  EXPECT_EQ((second->client->port() - first_port) % 2, 0);
  EXPECT_EQ(second->peer->port(), second->client->port() + 1);
}

TEST_F(PortsTest, OnePortMayBeForClientsAndServers) {
  const auto one = open_ports_for({.client = 0, .one = true});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->peer, nullptr);
  EXPECT_EQ(one->peer_port(), one->client->port());
  const auto other = open_ports_for(
      {.client = one->client->port(), .who_holds = [](std::uint16_t) { return "b"; }, .one = true});
  EXPECT_EQ(other.error().message,
            "port " + std::to_string(one->client->port()) + " is taken by b");
}

TEST_F(PortsTest, LastPortLeavesNoneForServers) {
  EXPECT_EQ(open_ports_for({.client = 65'535}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace muster::server
