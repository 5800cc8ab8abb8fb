// Servers inside this process.
#include "muster/server.h"

#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <mutex>

#include "library/test_server.h"
#include "muster/blocking_client.h"
#include "muster/version.h"

namespace muster::library::server_test {
namespace {

using namespace std::chrono_literals;

class Numbered final : public service::Machine {
 public:
  explicit Numbered(ServiceId id) : id_(id) {}
  ServiceId id() const override { return id_; }
  std::string_view name() const override { return "numbered"; }
  void apply(const service::Command& /*command*/, service::Output& output) override {
    output.reply({});
  }
  Result<Bytes> query(BytesView /*request*/) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  Result<void> restore(BytesView /*part*/) override { return {}; }
  void clear() override {}

 private:
  const ServiceId id_;
};

Services numbered(std::vector<ServiceId> ids) {
  return [ids = std::move(ids)] {
    std::vector<std::unique_ptr<service::Machine>> services;
    for (const ServiceId id : ids) services.push_back(std::make_unique<Numbered>(id));
    return services;
  };
}

ErrorCode refusal(const ServerOptions& options) {
  const auto started = Server::start(options);
  return started ? ErrorCode::internal : started.error().code;
}

TEST(Server, SaysWhatItIsOnceItIsReadyAndStopsInGoodOrder) {
  TestServer server([](ServerOptions& options) { options.name = "alone"; });
  const ServerReady ready = server.server().wait_until_ready(0s).value();
  EXPECT_EQ(ready, (ServerReady{.group = "library-test",
                                .name = "alone",
                                .number = ready.number,
                                .client_port = *server.options().client_port,
                                .peer_port = *server.options().peer_port,
                                .leader = "alone"}));
  server.server().stop();
  server.server().stop();
  EXPECT_TRUE(server.server().wait().has_value());
  EXPECT_EQ(server.server().wait_until_ready(0s).error().code, ErrorCode::aborted);
}

TEST(Server, KeepsWhatWasCountedOverARestart) {
  TestServer server;
  ClientOptions options;
  options.servers = {server.address()};
  const auto count = [&] {
    auto client = BlockingClient::connect(options).value();
    return std::string(as_text(client.call(counter_id, as_bytes("1")).value().payload.view()));
  };
  EXPECT_EQ(count(), "1");
  EXPECT_TRUE(server.stop().has_value());
  server.start();
  EXPECT_EQ(count(), "2");
}

TEST(Server, RefusesServicesAndOptionsThatCanNeverWork) {
  const TestFolder folder;
  ServerOptions options = lone_server(folder);
  options.services = {};
  EXPECT_EQ(refusal(options), ErrorCode::invalid_argument);
  options.services = numbered({{99}});
  EXPECT_EQ(refusal(options), ErrorCode::invalid_argument);
  options.services = numbered({{100}, {101}, {100}});
  EXPECT_EQ(refusal(options), ErrorCode::invalid_argument);
  options.services = numbered({{100}, {101}});
  options.election_timeout = options.heartbeat_interval;
  EXPECT_EQ(refusal(options), ErrorCode::invalid_argument);
  options = lone_server(folder);
  options.behaviour_version = 0;
  EXPECT_EQ(refusal(options), ErrorCode::invalid_argument);
  options = lone_server(folder);
  options.seeds = {"nowhere"};
  EXPECT_EQ(refusal(options), ErrorCode::invalid_argument);
}

TEST(Server, APortThatIsTakenIsToldWithItsHolder) {
  TestServer server;
  const TestFolder folder;
  ServerOptions options = lone_server(folder);
  options.client_port = server.options().client_port;
  const auto second = Server::start(options);
  EXPECT_EQ(second.error().code, ErrorCode::already_exists);
  EXPECT_NE(second.error().message.find("of group library-test"), std::string::npos)
      << second.error().message;
}

TEST(Server, IsNotReadyBeforeOthersCame) {
  const TestFolder folder;
  ServerOptions options = lone_server(folder);
  options.founding = Founding::automatic;
  options.expect = 2;
  auto server = Server::start(options).value();
  EXPECT_EQ(server.wait_until_ready(50ms).error().code, ErrorCode::deadline_exceeded);
  auto waits = std::async(std::launch::async, [&] { return server.wait_until_ready(1h); });
  server.stop();
  EXPECT_EQ(waits.get().error().code, ErrorCode::aborted);
}

TEST(Server, AServiceThatThrowsEndsItWithTheReason) {
  TestServer server;
  ClientOptions options;
  options.servers = {server.address()};
  auto client = BlockingClient::connect(options).value();
  EXPECT_FALSE(client.call(counter_id, as_bytes("throw"), 2s).has_value());
  const Result<void> ended = server.server().wait();
  EXPECT_EQ(ended.error().code, ErrorCode::internal);
  EXPECT_NE(ended.error().message.find("it was told to"), std::string::npos);
}

TEST(Server, LeavesSignalsToTheProgramAndGivesItTheLog) {
  const auto before = std::signal(SIGTERM, SIG_IGN);
  std::mutex mutex;
  std::vector<std::string> lines;
  {
    TestServer server([&](ServerOptions& options) {
      options.log_level = LogLevel::info;
      options.on_log = [&](LogLevel level, std::string_view text) {
        const std::lock_guard lock(mutex);
        if (level == LogLevel::info) lines.emplace_back(text);
      };
    });
    std::raise(SIGTERM);
    EXPECT_TRUE(server.server().wait_until_ready(0s).has_value());
  }
  std::signal(SIGTERM, before);
  EXPECT_NE(lines, std::vector<std::string>{});
}

class Versioned final : public service::Machine {
 public:
  ServiceId id() const override { return counter_id; }
  std::string_view name() const override { return "versioned"; }
  void set_behaviour(std::uint32_t version) override { version_ = version; }
  void apply(const service::Command& /*command*/, service::Output& output) override {
    output.reply(as_bytes(std::to_string(version_)));
  }
  Result<Bytes> query(BytesView /*request*/) const override { return Bytes{}; }
  service::FrozenParts freeze() const override { return {}; }
  Result<void> restore(BytesView /*part*/) override { return {}; }
  void clear() override { version_ = 1; }

 private:
  std::uint32_t version_{1};
};

TEST(Server, ServicesBehaveAsAllProgramsKnow) {
  TestServer server([](ServerOptions& options) {
    options.services = services_of<Versioned>();
    options.behaviour_version = 3;
  });
  ClientOptions options;
  options.servers = {server.address()};
  auto client = BlockingClient::connect(options).value();
  std::string version;
  for (int i = 0; i < 100'000 && version != "3"; ++i) {  // It is raised soon after the founding.
    version = as_text(client.call(counter_id, {}).value().payload.view());
  }
  EXPECT_EQ(version, "3");
}

TEST(Version, IsThatOfTheProject) {
  EXPECT_EQ(std::ranges::count(version(), '.'), 2);
}

}  // namespace
}  // namespace muster::library::server_test
