// Links to other servers: one each, and a verdict on whoever is lost.
#include "node/peers.h"

#include <gtest/gtest.h>

#include "wire/control.h"

namespace muster::node::peers_test {
namespace {

using namespace std::chrono_literals;

ServerId server(std::uint8_t n) {
  ServerId id;
  id.uuid.bytes[15] = n;
  return id;
}
const ServerId smaller = server(1), self = server(2), larger = server(3);

class PeersTest : public testing::Test {
 protected:
  PeersTest() {
    peers_.set_hello(hello_of(self, "self:1"));
    peers_.set_targets({"other:1"}, now_);
  }
  static wire::PeerHello hello_of(ServerId id, const std::string& address,
                                  const std::string& group = "g") {
    wire::PeerHello hello;
    hello.set_server_id(id.uuid.to_string());
    hello.set_group(group);
    hello.set_peer_address(address);
    return hello;
  }
  void open(std::uint64_t link, bool dialled) {
    peers_.link_opened({.link = {link}, .peer = true, .dialled = dialled, .address = "other:1"},
                       now_);
  }
  void say_hello(std::uint64_t link, ServerId from, const std::string& group = "g") {
    peers_.frame({link},
                 {.type = wire::FrameType::peer_hello,
                  .lane = wire::Lane::urgent,
                  .body = SharedBytes(wire::encode(hello_of(from, "other:1", group)))},
                 now_);
  }
  std::vector<std::string> dialled() {
    std::vector<std::string> addresses;
    for (const Dial& dial : peers_.take_dials()) addresses.push_back(dial.address);
    return addresses;
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
  std::vector<std::uint64_t> pinged() {
    std::vector<std::uint64_t> links;
    for (const LinkOutput& output : peers_.take_outputs()) {
      const auto* const frame = std::get_if<SendFrame>(&output);
      if (frame != nullptr && frame->type == wire::FrameType::ping) {
        links.push_back(frame->link.value);
      }
    }
    return links;
  }
  std::vector<std::string> news() {
    std::vector<std::string> lines;
    for (const PeerNews& one : peers_.take_news()) {
      static const std::vector<std::string> names{"joined", "changed", "lost", "refused"};
      lines.push_back(names.at(one.index()));
    }
    return lines;
  }

  using Lines = std::vector<std::string>;
  using Links = std::vector<std::uint64_t>;
  Instant now_{10s};
  Peers peers_{{}, self, "self:1"};
};

TEST_F(PeersTest, DialsItsTargetsAndLearnsWhoIsThere) {
  peers_.tick(now_);
  EXPECT_EQ(dialled(), Lines{"other:1"});
  open(1, true);
  say_hello(1, larger);
  EXPECT_EQ(news(), Lines{"joined"});
  EXPECT_NE(peers_.find(larger), nullptr);
  peers_.tick(now_ += 2s);
  EXPECT_EQ(dialled(), Lines{});
}

TEST_F(PeersTest, ALostServerIsDialledAtOnceAndARefusalIsTheVerdict) {
  open(1, false);
  say_hello(1, larger);
  news();
  peers_.tick(now_);
  EXPECT_GT(peers_.deadline(), now_);
  peers_.link_closed({1}, now_);
  EXPECT_EQ(news(), Lines{"lost"});
  EXPECT_EQ(peers_.deadline(), now_);
  peers_.tick(now_);
  EXPECT_EQ(dialled(), Lines{"other:1"});
  peers_.dial_failed({.address = "other:1", .refused = true}, now_);
  EXPECT_EQ(news(), Lines{"refused"});
}

TEST_F(PeersTest, ADialThatIsResetByTheDyingProcessIsRepeatedWithinMilliseconds) {
  open(1, false);
  say_hello(1, larger);
  peers_.link_closed({1}, now_);
  news();
  peers_.tick(now_);
  EXPECT_EQ(dialled(), Lines{"other:1"});
  peers_.dial_failed({.address = "other:1", .refused = false}, now_);
  EXPECT_EQ(news(), Lines{});
  peers_.tick(now_ += 2ms);
  EXPECT_EQ(dialled(), Lines{"other:1"});
  peers_.dial_failed({.address = "other:1", .refused = true}, now_);
  EXPECT_EQ(news(), Lines{"refused"});
}

TEST_F(PeersTest, OfTwoLinksTheOneDialledByTheSmallerIdStays) {
  open(1, true);
  say_hello(1, larger);
  open(2, false);
  say_hello(2, larger);
  EXPECT_EQ(closed(), Links{2});
  EXPECT_EQ(peers_.find(larger)->link, LinkId{1});

  open(3, true);
  say_hello(3, smaller);
  open(4, false);
  say_hello(4, smaller);
  EXPECT_EQ(closed(), Links{3});
  EXPECT_EQ(peers_.find(smaller)->link, LinkId{4});
}

TEST_F(PeersTest, TheEndOfALinkThatWasReplacedIsNoNews) {
  open(1, false);
  say_hello(1, smaller);
  open(2, false);
  say_hello(2, smaller);
  news();
  peers_.link_closed({1}, now_);
  EXPECT_EQ(news(), Lines{});
  EXPECT_EQ(peers_.find(smaller)->link, LinkId{2});
}

TEST_F(PeersTest, AServerOfAnotherGroupIsToldOfOnceHoweverOftenItComes) {
  std::vector<std::string> told;
  const auto comes = [&](std::uint64_t link, const std::string& group) {
    open(link, link % 2 == 0);
    say_hello(link, larger, group);
    for (const Notice& notice : peers_.take_notices()) told.push_back(notice.text);
  };
  for (std::uint64_t link = 1; link <= 10; ++link) comes(link, "attic");
  EXPECT_EQ(told, Lines{"a server of group attic (, other:1) is where one of g is looked for, or "
                        "looks for its own here; check --group and --seeds on both"});
  comes(11, "cellar");
  EXPECT_EQ(told.size(), 2U);
  for (int i = 0; i < 100; ++i) comes(100 + i, std::to_string(i));
  told.clear();
  comes(12, "attic");
  EXPECT_EQ(told.size(), 1U) << "it remembers only so many";
}

TEST_F(PeersTest, ItselfAndServersOfOtherGroupsAreSentAway) {
  open(1, true);
  say_hello(1, self);
  EXPECT_EQ(closed(), Links{1});
  EXPECT_TRUE(peers_.is_self("other:1"));
  open(2, false);
  say_hello(2, larger, "another");
  EXPECT_EQ(closed(), Links{2});
  EXPECT_EQ(news(), Lines{});
}

TEST_F(PeersTest, ASilentLinkIsAskedAndThenGivenUp) {
  open(1, false);
  say_hello(1, larger);
  peers_.take_outputs();
  peers_.tick(now_ += 1s);
  const auto outputs = peers_.take_outputs();
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(std::get<SendFrame>(outputs[0]).type, wire::FrameType::ping);
  peers_.tick(now_ += 4s);
  EXPECT_EQ(closed(), Links{1});
}

TEST_F(PeersTest, JunkInsteadOfAHelloCostsTheLink) {
  open(1, false);
  peers_.frame({1},
               {.type = wire::FrameType::peer_hello,
                .lane = wire::Lane::urgent,
                .body = SharedBytes::copy_of(as_bytes("junk"))},
               now_);
  EXPECT_EQ(closed(), Links{1});
}

TEST_F(PeersTest, ALinkThatIsHeardPutsOffOnlyItsOwnTime) {
  peers_.set_targets({}, now_);
  peers_.tick(now_);
  open(1, false);
  open(2, false);
  for (int i = 0; i < 9; ++i) {
    now_ += 100ms;
    peers_.frame({1}, {.type = wire::FrameType::pong, .lane = wire::Lane::urgent, .body = {}},
                 now_);
  }
  EXPECT_EQ(peers_.deadline(), now_ + 100ms) << "the other one has said nothing for 0.9 s";
  peers_.take_outputs();
  peers_.tick(now_ += 100ms);
  EXPECT_EQ(pinged(), Links{2});
  EXPECT_EQ(peers_.deadline(), now_ + 900ms);
  peers_.tick(now_ += 900ms);
  EXPECT_EQ(pinged(), Links{1});
}

TEST_F(PeersTest, AnAddressThatNobodyWantsAnyMoreIsNotDialledAgain) {
  peers_.tick(now_);
  EXPECT_EQ(dialled(), Lines{"other:1"});
  peers_.set_targets({}, now_);
  peers_.dial_failed({.address = "other:1", .refused = true}, now_);
  peers_.tick(now_ += 10s);
  EXPECT_EQ(dialled(), Lines{});
  EXPECT_EQ(peers_.deadline(), Instant::max());
}

TEST_F(PeersTest, AMemberIsFoundByTheNumberThatItSaidLast) {
  const GroupId group{smaller.uuid};
  const auto say_number = [&](std::uint64_t link, ServerId from, std::uint32_t number) {
    wire::PeerHello hello = hello_of(from, "other:1");
    hello.set_formed(number > 0);
    hello.set_number(number);
    hello.set_group_id(group.uuid.to_string());
    peers_.frame({link},
                 {.type = wire::FrameType::peer_hello,
                  .lane = wire::Lane::urgent,
                  .body = SharedBytes(wire::encode(hello))},
                 now_);
  };
  open(1, false);
  say_number(1, larger, 7);
  ASSERT_NE(peers_.find(ServerNumber{7}, group), nullptr);
  EXPECT_EQ(peers_.find(ServerNumber{7}, group)->server, larger);
  EXPECT_EQ(peers_.find(ServerNumber{6}, group), nullptr);
  EXPECT_EQ(peers_.find(ServerNumber{7}, GroupId{larger.uuid}), nullptr);

  open(2, false);
  say_number(2, smaller, 7);
  EXPECT_EQ(peers_.find(ServerNumber{7}, group)->server, smaller) << "of two, the smaller id";
  say_number(2, smaller, 8);
  EXPECT_EQ(peers_.find(ServerNumber{7}, group)->server, larger);
  EXPECT_EQ(peers_.find(ServerNumber{8}, group)->server, smaller);
  say_number(2, smaller, 0);
  EXPECT_EQ(peers_.find(ServerNumber{8}, group), nullptr);
  peers_.link_closed({1}, now_);
  EXPECT_EQ(peers_.find(ServerNumber{7}, group), nullptr);
}

}  // namespace
}  // namespace muster::node::peers_test
