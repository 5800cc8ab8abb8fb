// Links of a group whose members are given by a list: who is let in, and what the others are told.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "node/peers.h"
#include "wire/control.h"

namespace muster::node::list_test {
namespace {

using namespace std::chrono_literals;

struct Said {
  std::uint8_t id{};
  std::optional<std::uint32_t> number{};
  std::string digest{"same"};
};

wire::PeerHello hello_of(const Said& said) {
  Uuid id;
  id.bytes[15] = said.id;
  wire::PeerHello hello;
  hello.set_server_id(id.to_string());
  hello.set_name("s" + std::to_string(said.id));
  hello.set_group("g");
  hello.set_peer_address("host" + std::to_string(said.id) + ":1");
  if (said.number) {
    hello.mutable_listed()->set_number(*said.number);
    hello.mutable_listed()->set_digest(said.digest);
  }
  return hello;
}

class ListTest : public testing::Test {
 protected:
  explicit ListTest(std::optional<std::uint32_t> own = 0) {
    peers_.set_hello(hello_of({.id = 1, .number = own}));
  }

  /// What this server's log says when somebody arrives; empty: let in.
  std::string arrives(const Said& said) {
    const LinkId link{++links_};
    peers_.link_opened({.link = link, .peer = true, .dialled = false, .address = "x:1"}, now_);
    peers_.frame(link,
                 {.type = wire::FrameType::peer_hello,
                  .lane = wire::Lane::urgent,
                  .body = SharedBytes(wire::encode(hello_of(said)))},
                 now_);
    std::string text;
    for (const Notice& notice : peers_.take_notices()) text += notice.text;
    return text;
  }
  std::vector<std::uint64_t> closed() {
    std::vector<std::uint64_t> links;
    for (const LinkOutput& output : peers_.take_outputs()) {
      if (const auto* const close = std::get_if<CloseLink>(&output)) {
        links.push_back(close->link.value);
      }
    }
    return links;
  }

  using Links = std::vector<std::uint64_t>;
  Instant now_{10s};
  std::uint64_t links_{0};
  Peers peers_{
      {}, ServerId{Uuid{.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}}, "host1:1"};
};

class NoListTest : public ListTest {
 protected:
  NoListTest() : ListTest(std::nullopt) {}
};

TEST_F(ListTest, PeersOfTheSameListAreLetIn) {
  EXPECT_EQ(arrives({.id = 2, .number = 3}), "");
  EXPECT_EQ(arrives({.id = 3, .number = 1}), "");
  EXPECT_EQ(peers_.all().size(), 2U);
  EXPECT_EQ(closed(), Links{});
}

TEST_F(ListTest, AnotherListIsRefusedNamingThePeer) {
  EXPECT_EQ(arrives({.id = 2, .number = 3, .digest = "other"}),
            "s2 (host2:1) is not let in: its entry file says something else: give all peers the "
            "same file, and the same PORT");
  EXPECT_EQ(closed(), Links{1});
  EXPECT_EQ(peers_.all().size(), 0U);
}

TEST_F(ListTest, WhoHasNoListIsRefused) {
  EXPECT_EQ(arrives({.id = 2}),
            "s2 (host2:1) is not let in: it has no list of peers: start it with the same entry "
            "file");
}

TEST_F(ListTest, AnIdThatIsInUseIsRefused) {
  EXPECT_EQ(arrives({.id = 2, .number = 0}),
            "s2 (host2:1) is not let in: it was started as ID 0, which is this one's: each peer "
            "has its own");
  EXPECT_EQ(arrives({.id = 3, .number = 1}), "");
  EXPECT_EQ(arrives({.id = 4, .number = 1}),
            "s4 (host4:1) is not let in: it was started as ID 1, which is that of s3 at host3:1: "
            "each peer has its own");
  EXPECT_EQ(closed(), (Links{1, 3}));
  // The same one over a newer link is no other.
  EXPECT_EQ(arrives({.id = 3, .number = 1}), "");
}

TEST_F(ListTest, ARefusalIsToldOnceWhileItIsTheSame) {
  EXPECT_NE(arrives({.id = 2, .number = 3, .digest = "other"}), "");
  EXPECT_EQ(arrives({.id = 2, .number = 3, .digest = "other"}), "");
  EXPECT_NE(arrives({.id = 2, .number = 0, .digest = "same"}), "");
  EXPECT_EQ(closed(), (Links{1, 2, 3}));
  for (std::uint8_t other = 10; other < 110; ++other) arrives({.id = other});
  EXPECT_NE(arrives({.id = 2, .number = 3, .digest = "other"}), "") << "it remembers only so many";
}

TEST_F(NoListTest, AServerWithoutAListRefusesPeersOfOne) {
  EXPECT_EQ(arrives({.id = 2, .number = 3}),
            "s2 (host2:1) is not let in: it is one of a list of peers, and this server is not");
  EXPECT_EQ(arrives({.id = 3}), "");
}

}  // namespace
}  // namespace muster::node::list_test
