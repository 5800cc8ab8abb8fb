// Unit tests of where a server keeps its data and what it tells others of itself.
#include "server/places.h"

#include <gtest/gtest.h>

#include <map>

namespace muster::server {
namespace {

using boost::asio::ip::make_address;

Environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

const std::vector<net::InterfaceAddress> interfaces{
    {"lo", make_address("127.0.0.1"), true},   {"docker0", make_address("172.17.0.1"), false},
    {"eth0", make_address("fe80::1"), false},  {"eth0", make_address("2001:db8::7"), false},
    {"eth0", make_address("10.0.0.7"), false},
};

TEST(PlacesTest, DataFolderFollowsTheXdgBaseDirectories) {
  EXPECT_EQ(default_data_folder("default", 8888,
                                environment_of({{"XDG_STATE_HOME", "/state"}, {"HOME", "/home/a"}}))
                .value(),
            "/state/muster/default-8888");
  EXPECT_EQ(default_data_folder("a/b", 8890, environment_of({{"HOME", "/home/a"}})).value(),
            "/home/a/.local/state/muster/a_b-8890");
  EXPECT_EQ(default_data_folder("default", 8888, environment_of({})).error().code,
            ErrorCode::failed_precondition);
}

TEST(PlacesTest, DefaultNameIsHostAndPortWithinTheLimit) {
  EXPECT_EQ(default_name("box.example.org", 8888), "box-8888");
  EXPECT_EQ(default_name("", 8888), "server-8888");
  EXPECT_EQ(default_name(std::string(100, 'x'), 8888).size(), 64U);
}

TEST(PlacesTest, AddressThatIsListenedOnIsTold) {
  EXPECT_EQ(advertised_host({.bind = "10.0.0.9", .others_let_in = true, .interfaces = interfaces}),
            "10.0.0.9");
}

TEST(PlacesTest, LoopbackIsToldWhenNobodyElseIsLetInOrMeant) {
  EXPECT_EQ(advertised_host({.seeds = {"10.0.0.8:8889"}, .interfaces = interfaces}), "127.0.0.1");
  EXPECT_EQ(advertised_host({.seeds = {"127.0.0.1:8889", "[::1]:8891", "localhost:8893"},
                             .others_let_in = true,
                             .interfaces = interfaces}),
            "127.0.0.1");
}

TEST(PlacesTest, OtherwiseTheFirstAddressThatOthersCanReachIsTold) {
  EXPECT_EQ(advertised_host(
                {.seeds = {"10.0.0.8:8889"}, .others_let_in = true, .interfaces = interfaces}),
            "10.0.0.7");
  EXPECT_EQ(advertised_host({.bind = "::", .others_let_in = true, .interfaces = interfaces}),
            "10.0.0.7");
  EXPECT_EQ(advertised_host({.others_let_in = true,
                             .interfaces = {interfaces.begin(), interfaces.begin() + 4}}),
            "2001:db8::7");
  EXPECT_EQ(advertised_host({.others_let_in = true, .interfaces = {}}), "127.0.0.1");
}

TEST(PlacesTest, AdvertisedPortForServersKeepsItsDistance) {
  const Ports ports{.client = 8888, .peer = 8889};
  const Advertised own = advertised_addresses("", ports, {}).value();
  EXPECT_EQ(own.client, "127.0.0.1:8888");
  EXPECT_EQ(own.peer, "127.0.0.1:8889");
  const Advertised given = advertised_addresses("nat.example.org:9000", ports, {}).value();
  EXPECT_EQ(given.client, "nat.example.org:9000");
  EXPECT_EQ(given.peer, "nat.example.org:9001");
  EXPECT_EQ(advertised_addresses("2001:db8::7", ports, {}).value().peer, "[2001:db8::7]:8889");
  EXPECT_FALSE(advertised_addresses("nat:65535", ports, {}));
  EXPECT_FALSE(advertised_addresses("http://nat", ports, {}));
}

}  // namespace
}  // namespace muster::server
