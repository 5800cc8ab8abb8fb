// Unit tests of addresses: what is taken, what is refused, what is local.
#include "net/address.h"

#include <gtest/gtest.h>

namespace muster::net::address_test {
namespace {

TEST(AddressTest, HostAndPortAreReadAndWrittenBack) {
  EXPECT_EQ(parse_address("10.0.0.7:8888").value(), (Address{"10.0.0.7", 8888}));
  EXPECT_EQ(parse_address("node-1.example.org:1").value(), (Address{"node-1.example.org", 1}));
  EXPECT_EQ(parse_address("[::1]:65535").value(), (Address{"::1", 65535}));
  EXPECT_EQ(parse_address("[fe80::1%lo]:8888").value(), (Address{"fe80::1%lo", 8888}));
  EXPECT_EQ((Address{"::1", 8888}).to_string(), "[::1]:8888");
  EXPECT_EQ((Address{"localhost", 8888}).to_string(), "localhost:8888");
}

TEST(AddressTest, PortMayBeLeftOutWhereThereIsADefault) {
  EXPECT_EQ(parse_address("localhost", 8888).value(), (Address{"localhost", 8888}));
  EXPECT_EQ(parse_address("::1", 8888).value(), (Address{"::1", 8888}));
  EXPECT_EQ(parse_address("[::1]", 8888).value(), (Address{"::1", 8888}));
  EXPECT_EQ(parse_address("[::1]:7", 8888).value(), (Address{"::1", 7}));
}

TEST(AddressTest, AnythingElseIsRefusedWithTheRightForm) {
  for (const char* text : {"", ":", "host", "host:", ":8888", "host:0", "host:65536", "host:-1",
                           "host:8888x", "ho st:1", "[::1]", "[::1:1", "[::1]1", "[host]:1", "::1",
                           "1::2::3", "[1::2::3]:1", "http://host:1", "h\xc3\xb6st:1"}) {
    const Result<Address> parsed = parse_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument) << text;
    EXPECT_NE(parsed.error().message.find("HOST:PORT"), std::string::npos) << text;
  }
  std::string too_long(254, 'a');
  too_long += ":1";
  EXPECT_FALSE(parse_address(too_long));
}

TEST(AddressTest, LoopbackAndOwnInterfacesAreLocalAndOthersAreNot) {
  using boost::asio::ip::make_address;
  EXPECT_TRUE(is_local(make_address("127.0.0.1")));
  EXPECT_TRUE(is_local(make_address("127.9.9.9")));
  EXPECT_TRUE(is_local(make_address("::1")));
  EXPECT_TRUE(is_local(make_address("::ffff:127.0.0.1")));
  EXPECT_FALSE(is_local(make_address("192.0.2.1")));  // RFC 5737: for documentation only.
  EXPECT_FALSE(is_local(make_address("2001:db8::1")));
  for (const InterfaceAddress& own : interface_addresses()) EXPECT_TRUE(is_local(own.address));
}

TEST(AddressTest, MappedEndpointsReadLikeIpv4) {
  const boost::asio::ip::tcp::endpoint mapped(boost::asio::ip::make_address("::ffff:10.0.0.7"), 80);
  EXPECT_EQ(to_string(mapped), "10.0.0.7:80");
}

}  // namespace
}  // namespace muster::net::address_test
