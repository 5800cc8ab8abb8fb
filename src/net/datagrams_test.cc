// Datagrams between sockets of this process, on loopback only. Nothing sleeps.
#include "net/datagrams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/ip/udp.hpp>
#include <string>
#include <vector>

namespace muster::net::datagrams_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using boost::asio::ip::udp;

class DatagramsTest : public testing::Test {
 protected:
  struct Heard {
    std::string text;
    std::string from;
    std::string interface;
    bool same_machine{false};
  };

  DatagramsTest() : port_(free_port()) {}

  /// A port that nobody has now.
  std::uint16_t free_port() {
    const udp::socket socket(loop_.context(), {make_address("127.0.0.1"), 0});
    return socket.local_endpoint().port();
  }
  Datagrams::Options on_loopback() const {
    Datagrams::Options options;
    options.port = port_;
    options.interfaces = {"lo"};
    return options;
  }
  std::unique_ptr<Datagrams> open(const Datagrams::Options& options, std::vector<Heard>& heard) {
    return Datagrams::open(loop_, options,
                           [&heard](const Datagrams::Datagram& datagram) {
                             heard.push_back({std::string(as_text(datagram.bytes)), datagram.from,
                                              datagram.interface, datagram.same_machine});
                           })
        .value();
  }
  template <class Condition>
  bool run_until(Condition holds) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (loop_.context().run_one_until(limit) == 0) return false;
    }
    return true;
  }
  static std::size_t count(const std::vector<Heard>& heard, const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(heard, text, &Heard::text));
  }

  Loop loop_;
  std::uint16_t port_;
};

TEST_F(DatagramsTest, EveryProcessOnThePortHearsWhatOneSendsAndTheSenderDoesNot) {
  std::vector<Heard> a_heard;
  std::vector<Heard> b_heard;
  std::vector<Heard> c_heard;
  const auto a = open(on_loopback(), a_heard);
  const auto b = open(on_loopback(), b_heard);
  const auto c = open(on_loopback(), c_heard);

  EXPECT_GE(a->send_to_all(as_bytes("who is there?")), 1U);
  ASSERT_TRUE(run_until([&] {
    return count(b_heard, "who is there?") > 0 && count(c_heard, "who is there?") > 0 &&
           a->states()[0].heard_own;
  }));
  EXPECT_EQ(a_heard.size(), 0U);
  EXPECT_EQ(b_heard[0].interface, "lo");
  EXPECT_TRUE(b_heard[0].same_machine);
  EXPECT_EQ(a->listen_error(), "");
}

TEST_F(DatagramsTest, AnswerReachesTheAskerAloneAndItsAddressAnswersBack) {
  std::vector<Heard> a_heard;
  std::vector<Heard> b_heard;
  std::vector<Heard> c_heard;
  const auto a = open(on_loopback(), a_heard);
  const auto b = open(on_loopback(), b_heard);
  const auto c = open(on_loopback(), c_heard);
  a->send_to_all(as_bytes("ask"));
  ASSERT_TRUE(run_until([&] { return count(b_heard, "ask") > 0 && count(c_heard, "ask") > 0; }));

  ASSERT_TRUE(b->send_to(b_heard[0].from, as_bytes("answer")));
  ASSERT_TRUE(run_until([&] { return count(a_heard, "answer") > 0; }));
  ASSERT_TRUE(a->send_to(a_heard[0].from, as_bytes("thanks")));
  ASSERT_TRUE(run_until([&] { return count(b_heard, "thanks") > 0; }));
  EXPECT_EQ(count(c_heard, "answer") + count(c_heard, "thanks"), 0U);
}

TEST_F(DatagramsTest, BroadcastReachesEveryProcessOnThePortToo) {
  auto options = on_loopback();
  options.mode = DiscoveryMode::broadcast;
  std::vector<Heard> a_heard;
  std::vector<Heard> b_heard;
  std::vector<Heard> c_heard;
  const auto a = open(options, a_heard);
  const auto b = open(options, b_heard);
  const auto c = open(options, c_heard);
  EXPECT_EQ(a->send_to_all(as_bytes("hello")), 1U);
  ASSERT_TRUE(run_until([&] { return !b_heard.empty() && !c_heard.empty(); }));
  EXPECT_EQ(b_heard[0].text, "hello");
  const InterfaceState state = a->states()[0];
  EXPECT_TRUE(state.broadcast);
  EXPECT_FALSE(state.multicast);
}

TEST_F(DatagramsTest, PortOfAnotherProgramIsToldAndAskingGoesOn) {
  udp::socket other(loop_.context());
  other.open(udp::v4());
  other.bind({udp::v4(), port_});
  auto options = on_loopback();
  options.bind = "127.0.0.1";
  std::vector<Heard> heard;
  const auto datagrams = open(options, heard);
  EXPECT_NE(datagrams->listen_error().find("UDP port " + std::to_string(port_) + " is taken"),
            std::string::npos);
  EXPECT_EQ(datagrams->send_to_all(as_bytes("ask")), 1U);
}

TEST_F(DatagramsTest, PortThatBecomesFreeIsListenedOnAtTheNextAttempt) {
  udp::socket other(loop_.context());
  other.open(udp::v4());
  other.bind({udp::v4(), port_});
  auto options = on_loopback();
  options.mend_after = 0s;
  std::vector<Heard> a_heard;
  std::vector<Heard> b_heard;
  const auto a = open(options, a_heard);
  other.close();
  a->send_to_all(as_bytes("mends"));
  EXPECT_EQ(a->listen_error(), "");
  const auto b = open(options, b_heard);
  b->send_to_all(as_bytes("hello"));
  EXPECT_TRUE(run_until([&] { return count(a_heard, "hello") > 0; }));
}

TEST_F(DatagramsTest, DatagramBeyondTheLimitIsDropped) {
  auto options = on_loopback();
  options.datagram_bytes_max = 10;
  std::vector<Heard> heard;
  std::vector<Heard> none;
  const auto receiver = open(options, heard);
  const auto sender = open(options, none);
  sender->send_to_all(as_bytes("eleven chars"));
  sender->send_to_all(as_bytes("ten chars!"));
  ASSERT_TRUE(run_until([&] { return count(heard, "ten chars!") > 0; }));
  EXPECT_EQ(count(heard, "ten chars!"), heard.size());
}

TEST_F(DatagramsTest, OneTurnTakesNoMoreThanItsLimit) {
  auto options = on_loopback();
  options.bind = "127.0.0.1";
  options.receives_per_turn_max = 2;
  std::vector<Heard> heard;
  std::vector<Heard> none;
  const auto receiver = open(options, heard);
  const auto sender = open(options, none);
  for (int i = 0; i < 5; ++i) sender->send_to_all(as_bytes("x"));
  std::size_t before = 0;
  ASSERT_TRUE(run_until([&] {
    EXPECT_LE(heard.size() - before, 2U);
    before = heard.size();
    return heard.size() == 5;
  }));
}

TEST_F(DatagramsTest, InterfaceThatIsNotThereIsToldAndTheOthersWork) {
  auto options = on_loopback();
  options.interfaces = {"lo", "nosuch0"};
  std::vector<Heard> heard;
  const auto datagrams = open(options, heard);
  EXPECT_GE(datagrams->send_to_all(as_bytes("ask")), 1U);
  const auto states = datagrams->states();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].name, "lo");
  EXPECT_EQ(states[0].address, "127.0.0.1");
  EXPECT_EQ(states[0].error, "");
  EXPECT_TRUE(states[0].sends);
  EXPECT_EQ(states[1].name, "nosuch0");
  EXPECT_EQ(states[1].error, "there is no such interface: `ip address` lists them");
}

TEST_F(DatagramsTest, InterfacesBeyondTheLimitAreToldAndNotUsed) {
  Datagrams::Options options = on_loopback();
  options.interfaces_max = 0;
  std::vector<Heard> heard;
  const auto datagrams = open(options, heard);
  EXPECT_EQ(datagrams->send_to_all(as_bytes("ask")), 0U);
  EXPECT_EQ(datagrams->states().back().name, "1 more");
}

TEST_F(DatagramsTest, OffAndLocalNeitherListenNorSend) {
  for (const DiscoveryMode mode : {DiscoveryMode::off, DiscoveryMode::local}) {
    auto options = on_loopback();
    options.mode = mode;
    std::vector<Heard> heard;
    const auto datagrams = open(options, heard);
    EXPECT_EQ(datagrams->send_to_all(as_bytes("ask")), 0U);
    EXPECT_EQ(datagrams->states().size(), 0U);
    EXPECT_EQ(datagrams->send_to("127.0.0.1:9", as_bytes("x")).error().code,
              ErrorCode::unavailable);
  }
}

TEST_F(DatagramsTest, OptionsThatCanNeverWorkAreRefused) {
  const auto refused = [&](auto change) {
    auto options = on_loopback();
    change(options);
    const auto opened = Datagrams::open(loop_, options, [](const auto&) {});
    return !opened && opened.error().code == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(refused([](auto& options) { options.group_v4 = "10.0.0.1"; }));
  EXPECT_TRUE(refused([](auto& options) { options.group_v6 = "239.192.77.85"; }));
  EXPECT_TRUE(refused([](auto& options) { options.ttl = 256; }));
  EXPECT_TRUE(refused([](auto& options) { options.port = 0; }));
  EXPECT_TRUE(refused([](auto& options) { options.bind = "localhost"; }));
}

TEST_F(DatagramsTest, GroupIsSetByWhateverVersionItIs) {
  Datagrams::Options options;
  EXPECT_TRUE(Datagrams::set_group(options, "239.1.2.3"));
  EXPECT_TRUE(Datagrams::set_group(options, "ff02::77"));
  EXPECT_EQ(options.group_v4, "239.1.2.3");
  EXPECT_EQ(options.group_v6, "ff02::77");
  EXPECT_FALSE(Datagrams::set_group(options, "224"));
}

TEST_F(DatagramsTest, AddressToSendToMustBeANumberWithAPort) {
  std::vector<Heard> heard;
  const auto datagrams = open(on_loopback(), heard);
  for (const char* text : {"", "localhost:1", "127.0.0.1", "127.0.0.1:0", "nonsense"}) {
    const auto sent = datagrams->send_to(text, as_bytes("x"));
    ASSERT_FALSE(sent) << text;
    EXPECT_EQ(sent.error().code, ErrorCode::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace muster::net::datagrams_test
