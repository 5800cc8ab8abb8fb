// Interfaces of the machine that runs the tests; what changes them needs a network namespace.
#include "net/interfaces.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/address.h"

namespace muster::net::interfaces_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;

TEST(InterfacesTest, LoopbackIsThereWithItsAddressAndTheBroadcastAddressOfItsNetwork) {
  const auto all = interfaces();
  const auto loopback = std::ranges::find_if(all, &Interface::loopback);
  ASSERT_NE(loopback, all.end());
  EXPECT_TRUE(loopback->up);
  EXPECT_GT(loopback->index, 0U);
  ASSERT_FALSE(loopback->v4.empty());
  EXPECT_EQ(loopback->v4[0].address.to_string(), "127.0.0.1");
  EXPECT_EQ(loopback->v4[0].broadcast.to_string(), "127.255.255.255");
}

TEST(InterfacesTest, TheyComeInTheOrderOfTheirIndexAndEachOnce) {
  const auto all = interfaces();
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].index, all[i].index);
}

TEST(InterfacesTest, AddressOfTheMachineIsOneOfAnInterfaceWhateverTheScope) {
  std::vector<Interface> all(1);
  all[0].v4.push_back({boost::asio::ip::make_address_v4("192.0.2.7"), {}});
  auto local = boost::asio::ip::make_address_v6("fe80::7");
  local.scope_id(9);
  all[0].v6.push_back(local);
  EXPECT_TRUE(is_address_of(all, make_address("192.0.2.7")));
  EXPECT_TRUE(is_address_of(all, make_address("::ffff:192.0.2.7")));
  EXPECT_TRUE(is_address_of(all, make_address("fe80::7")));
  EXPECT_TRUE(is_address_of(all, make_address("127.0.0.1")));
  EXPECT_TRUE(is_address_of({}, make_address("::1")));
  EXPECT_FALSE(is_address_of(all, make_address("192.0.2.8")));
  EXPECT_FALSE(is_address_of(all, make_address("fe80::8")));
}

TEST(InterfaceWatchTest, ItKnowsWhatThereIsWithAndWithoutTheKernelsNews) {
  Loop loop;
  const InterfaceWatch polling(loop, {.use_netlink = false}, [](const auto&) {});
  const InterfaceWatch watching(loop, {}, [](const auto&) {});
  EXPECT_FALSE(polling.told_by_kernel());
  EXPECT_EQ(polling.now(), interfaces());
  EXPECT_EQ(watching.now(), interfaces());
}

TEST(InterfaceWatchTest, NothingIsToldWhileNothingChanges) {
  Loop loop;
  int told = 0;
  const InterfaceWatch watch(loop, {.poll = 1ms, .use_netlink = false},
                             [&](const auto&) { ++told; });
  for (int looks = 0; looks < 5; ++looks) loop.context().run_one();
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace muster::net::interfaces_test
