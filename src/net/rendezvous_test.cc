// Servers and clients of one machine meet, by files and on loopback. Nothing sleeps.
#include "net/rendezvous.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/udp.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "net/address.h"
#include "wire/datagram.h"

namespace muster::net::rendezvous_test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using boost::asio::ip::make_address;
using boost::asio::ip::udp;

constexpr const char* id_a = "01890a5d-ac96-774b-bcce-b302099a8057";
constexpr const char* id_b = "01890a5d-ac96-774b-bcce-b302099a8058";

Bytes secret(std::string_view text) {
  const BytesView view = as_bytes(text);
  return {view.begin(), view.end()};
}

wire::Beacon beacon_of(const std::string& id, const std::string& name) {
  wire::Beacon beacon;
  beacon.set_group("default");
  beacon.set_server_id(id);
  beacon.set_name(name);
  beacon.set_client_address(":8888");
  beacon.set_peer_address(":8889");
  return beacon;
}

wire::Probe probe_of(std::uint64_t nonce) {
  wire::Probe probe;
  probe.set_nonce(nonce);
  return probe;
}

/// A server or client, and what it was told.
struct Party {
  std::vector<wire::Beacon> beacons;
  std::vector<bool> from_here;
  std::vector<std::pair<std::uint64_t, std::string>> probes;
  std::vector<std::string> foreign;
  std::vector<std::string> notices;
  std::unique_ptr<Rendezvous> meets;
};

class RendezvousTest : public testing::Test {
 protected:
  RendezvousTest() {
    std::string pattern = (fs::temp_directory_path() / "muster-meet-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    const udp::socket socket(loop_.context(), {make_address("127.0.0.1"), 0});
    port_ = socket.local_endpoint().port();
  }
  ~RendezvousTest() override { fs::remove_all(root_); }

  Rendezvous::Options options(DiscoveryMode mode, const std::string& server_id) const {
    Rendezvous::Options options;
    options.datagrams.mode = mode;
    options.datagrams.port = port_;
    options.datagrams.interfaces = {"lo"};
    options.datagrams.bind = "127.0.0.1";
    options.server_id = server_id;
    options.group = "default";
    options.folder = private_folder(root_, "here").value();
    return options;
  }
  void open(Party& party, Rendezvous::Options options) {
    party.meets =
        Rendezvous::open(
            loop_, std::move(options),
            {.on_beacon =
                 [&](wire::Beacon beacon, bool from_here) {
                   party.beacons.push_back(std::move(beacon));
                   party.from_here.push_back(from_here);
                 },
             .on_probe =
                 [&](const wire::Probe& probe, const std::string& from) {
                   party.probes.emplace_back(probe.nonce(), from);
                 },
             .on_foreign = [&](const std::string& /*from*/,
                               const std::string& remedy) { party.foreign.push_back(remedy); },
             .on_notice = [&](const std::string& text) { party.notices.push_back(text); }})
            .value();
  }
  template <class Condition>
  bool run_until(Condition holds) {
    loop_.context().restart();
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (loop_.context().run_one_until(limit) == 0) return false;
    }
    return true;
  }
  void run_what_is_ready() {
    loop_.context().restart();
    loop_.context().poll();
  }

  Loop loop_;
  std::string root_;
  std::uint16_t port_{0};
};

TEST_F(RendezvousTest, ClientFindsTheServerOfItsMachineByFileAlone) {
  Party server;
  Party client;
  open(server, options(DiscoveryMode::local, id_a));
  open(client, options(DiscoveryMode::local, ""));
  server.meets->announce(beacon_of(id_a, "a"));
  client.meets->probe(probe_of(1));
  EXPECT_EQ(client.beacons.size(), 0U);  // Never from within the call.
  run_what_is_ready();
  ASSERT_EQ(client.beacons.size(), 1U);
  EXPECT_EQ(client.beacons[0].client_address(), "127.0.0.1:8888");
  EXPECT_EQ(client.beacons[0].peer_address(), "127.0.0.1:8889");
  EXPECT_TRUE(client.from_here[0]);
}

TEST_F(RendezvousTest, ServerDoesNotMeetItselfAndItsFileGoesWithIt) {
  Party server;
  Party client;
  open(server, options(DiscoveryMode::local, id_a));
  server.meets->announce(beacon_of(id_a, "a"));
  server.meets->probe(probe_of(1));
  run_what_is_ready();
  EXPECT_EQ(server.beacons.size(), 0U);

  server.meets.reset();
  open(client, options(DiscoveryMode::local, ""));
  client.meets->probe(probe_of(2));
  run_what_is_ready();
  EXPECT_EQ(client.beacons.size(), 0U);
}

TEST_F(RendezvousTest, ProbeIsHeardAndAnsweredByDatagramToTheAskerAlone) {
  Party server;
  Party client;
  Party other;
  open(server, options(DiscoveryMode::multicast, id_a));
  open(client, options(DiscoveryMode::multicast, ""));
  open(other, options(DiscoveryMode::multicast, ""));
  client.meets->probe(probe_of(7));
  ASSERT_TRUE(run_until([&] { return !server.probes.empty(); }));
  EXPECT_EQ(server.probes[0].first, 7U);

  wire::Beacon answer = beacon_of(id_a, "a");
  answer.set_nonce(7);
  server.meets->answer(answer, server.probes[0].second);
  ASSERT_TRUE(run_until([&] { return !client.beacons.empty(); }));
  EXPECT_EQ(client.beacons[0].nonce(), 7U);
  EXPECT_EQ(client.beacons[0].client_address(), "127.0.0.1:8888");
  EXPECT_EQ(other.beacons.size(), 0U);
}

TEST_F(RendezvousTest, AnnouncementReachesAllWhoListen) {
  Party a;
  Party b;
  Party client;
  open(a, options(DiscoveryMode::multicast, id_a));
  open(b, options(DiscoveryMode::multicast, id_b));
  open(client, options(DiscoveryMode::multicast, ""));
  a.meets->announce(beacon_of(id_a, "a"));
  ASSERT_TRUE(run_until([&] { return !b.beacons.empty() && !client.beacons.empty(); }));
  EXPECT_EQ(b.beacons[0].name(), "a");
  EXPECT_EQ(a.beacons.size(), 0U);
}

TEST_F(RendezvousTest, OnlyBeaconsOfTheGroupWantedAreDelivered) {
  Party server;
  Party client;
  open(server, options(DiscoveryMode::local, id_a));
  wire::Beacon beacon = beacon_of(id_a, "a");
  beacon.set_group_id("01890a5d-ac96-774b-bcce-b302099a8999");
  server.meets->announce(beacon);
  const auto found_by = [&](const std::string& group) {
    Party one;
    auto wanted = options(DiscoveryMode::local, "");
    wanted.group = group;
    open(one, wanted);
    one.meets->probe(probe_of(1));
    run_what_is_ready();
    return one.beacons.size();
  };
  EXPECT_EQ(found_by("default"), 1U);
  EXPECT_EQ(found_by(beacon.group_id()), 1U);
  EXPECT_EQ(found_by(""), 1U);
  EXPECT_EQ(found_by("another"), 0U);
}

TEST_F(RendezvousTest, WithoutOrWithAnotherSecretTheOperatorIsToldWhatToDo) {
  Party server;
  auto with_secret = options(DiscoveryMode::local, id_a);
  with_secret.secret = secret("sesame");
  open(server, with_secret);
  server.meets->announce(beacon_of(id_a, "a"));
  const auto told = [&](const Bytes& own_secret) {
    Party client;
    auto wanted = options(DiscoveryMode::local, "");
    wanted.secret = own_secret;
    open(client, wanted);
    client.meets->probe(probe_of(1));
    client.meets->probe(probe_of(2));
    run_what_is_ready();
    EXPECT_EQ(client.beacons.size(), client.foreign.empty() ? 2U : 0U);
    EXPECT_LE(client.foreign.size(), 1U);  // Once, though it was heard twice.
    return client.foreign.empty() ? "" : client.foreign[0];
  };
  EXPECT_EQ(told(secret("sesame")), "");
  EXPECT_EQ(told({}),
            "a server of group default on this machine has a secret, and there is none here: use "
            "the same --secret-file on both; --group NAME keeps them apart");
  EXPECT_EQ(told(secret("mellon")),
            "a server of group default on this machine has no secret or another one: use the same "
            "--secret-file on both; --group NAME keeps them apart");
}

TEST_F(RendezvousTest, WithoutASecretABeaconThatLeadsToAnotherMachineIsForeign) {
  Party server;
  Party client;
  open(server, options(DiscoveryMode::local, id_a));
  wire::Beacon beacon = beacon_of(id_a, "a");
  beacon.set_client_address("192.0.2.200:8888");  // RFC 5737: for documentation only.
  server.meets->announce(beacon);
  open(client, options(DiscoveryMode::local, ""));
  client.meets->probe(probe_of(1));
  run_what_is_ready();
  EXPECT_EQ(client.beacons.size(), 0U);
  EXPECT_EQ(client.foreign,
            (std::vector<std::string>{
                "a server of group default answers on another machine (192.0.2.200): to join it "
                "use the same --secret-file on both, or --open; --group NAME keeps them apart"}));

  Party open_client;
  auto opened = options(DiscoveryMode::local, "");
  opened.open = true;
  open(open_client, opened);
  open_client.meets->probe(probe_of(1));
  run_what_is_ready();
  EXPECT_EQ(open_client.beacons.size(), 1U);
}

TEST_F(RendezvousTest, NoMoreForeignServersAreToldThanTheLimit) {
  Party client;
  auto few = options(DiscoveryMode::local, "");
  few.news_max = 2;
  open(client, few);
  std::vector<Party> servers(3);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    std::string id = id_a;
    id.back() = static_cast<char>('1' + i);
    open(servers[i], options(DiscoveryMode::local, id));
    wire::Beacon beacon = beacon_of(id, "a");
    beacon.set_client_address("192.0.2.200:8888");
    servers[i].meets->announce(beacon);
  }
  client.meets->probe(probe_of(1));
  run_what_is_ready();
  EXPECT_EQ(client.foreign.size(), 2U);
}

TEST_F(RendezvousTest, ProbesBeyondTheLimitOfASecondAreDroppedAndCounted) {
  Party server;
  Party client;
  auto few = options(DiscoveryMode::multicast, id_a);
  few.probes_per_second_max = 3;
  open(server, few);
  open(client, options(DiscoveryMode::multicast, ""));
  for (std::uint64_t nonce = 1; nonce <= 5; ++nonce) client.meets->probe(probe_of(nonce));
  ASSERT_TRUE(
      run_until([&] { return server.probes.size() + server.meets->probes_dropped() == 5; }));
  EXPECT_EQ(server.probes.size(), 3U);
}

TEST_F(RendezvousTest, FolderThatIsGoneIsToldOnceAndNothingElseSuffers) {
  Party server;
  Party client;
  auto without = options(DiscoveryMode::multicast, id_a);
  without.folder = root_ + "/missing";
  open(server, without);
  open(client, options(DiscoveryMode::multicast, ""));
  server.meets->announce(beacon_of(id_a, "a"));
  server.meets->announce(beacon_of(id_a, "a"));
  ASSERT_TRUE(run_until([&] { return client.beacons.size() == 2; }));
  ASSERT_EQ(server.notices.size(), 1U);
  EXPECT_NE(server.notices[0].find("cannot make"), std::string::npos);
}

TEST_F(RendezvousTest, SummaryNamesWhatWasAsked) {
  Party client;
  auto both = options(DiscoveryMode::multicast, "");
  both.datagrams.interfaces.emplace_back("nosuch0");
  open(client, both);
  EXPECT_EQ(client.meets->summary(),
            "lo (127.0.0.1), nosuch0 [there is no such interface: `ip address` lists them]");
  Party off;
  open(off, options(DiscoveryMode::off, ""));
  off.meets->probe(probe_of(1));
  off.meets->announce(beacon_of(id_a, "a"));
  EXPECT_EQ(off.meets->summary(), "none (discovery is off)");
}

TEST_F(RendezvousTest, ServerIdThatCanBeNoFileIsRefused) {
  const auto opened = Rendezvous::open(loop_, options(DiscoveryMode::local, "../../x"), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
}

TEST(CompleteAddressesTest, OnlyAnEmptyHostIsFilledIn) {
  wire::Beacon beacon;
  beacon.set_client_address(":8888");
  beacon.set_peer_address("10.0.0.9:8889");
  ASSERT_TRUE(complete_addresses(beacon, "[fe80::1%lo]:40000"));
  EXPECT_EQ(beacon.client_address(), "[fe80::1%lo]:8888");
  EXPECT_EQ(beacon.peer_address(), "10.0.0.9:8889");
}

TEST(CompleteAddressesTest, WhatIsNoAddressIsRefused) {
  const auto completes = [](const std::string& client, const std::string& from) {
    wire::Beacon beacon;
    beacon.set_client_address(client);
    beacon.set_peer_address(":8889");
    return complete_addresses(beacon, from).has_value();
  };
  EXPECT_TRUE(completes(":8888", "10.0.0.1:5"));
  EXPECT_FALSE(completes("", "10.0.0.1:5"));
  EXPECT_FALSE(completes(":0", "10.0.0.1:5"));
  EXPECT_FALSE(completes(":8888", "10.0.0.1"));
  EXPECT_FALSE(completes("host", "10.0.0.1:5"));
}

}  // namespace
}  // namespace muster::net::rendezvous_test
