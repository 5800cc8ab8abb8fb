// The blocking client, against a server in this process, or against none.
#include "muster/blocking_client.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <thread>

#include "library/test_server.h"

namespace muster::library::blocking_client_test {
namespace {

using namespace std::chrono_literals;

ClientOptions to(const TestServer& server) {
  ClientOptions options;
  options.servers = {server.address()};
  return options;
}

TEST(BlockingClient, CallsReadsAndFollows) {
  TestServer server;
  auto client = BlockingClient::connect(to(server)).value();
  FollowOptions from_the_beginning;
  from_the_beginning.from = EventPosition{.command = {.index = {1}, .ordinal = 0}, .number = 0};
  auto topic = client.follow(counter_topic, from_the_beginning).value();
  EXPECT_EQ(as_text(client.call(counter_id, as_bytes("42")).value().payload.view()), "42");
  EXPECT_EQ(as_text(client.read(counter_id, {}).value().payload.view()), "42");
  News news = topic.next(20s).value();
  while (std::holds_alternative<Reached>(news)) news = topic.next(20s).value();
  EXPECT_EQ(as_text(std::get<Event>(news).payload.view()), "42");
  EXPECT_TRUE(client.end().has_value());
  EXPECT_EQ(client.call(counter_id, as_bytes("1")).error().code, ErrorCode::aborted);
}

TEST(BlockingClient, IsUsedByManyThreadsAtOnce) {
  TestServer server;
  auto client = BlockingClient::connect(to(server)).value();
  std::vector<std::future<bool>> counting;
  for (int thread = 0; thread < 8; ++thread) {
    counting.push_back(std::async(std::launch::async, [&] {
      for (int i = 0; i < 50; ++i) {
        if (!client.call(counter_id, as_bytes("1"))) return false;
      }
      return true;
    }));
  }
  for (auto& one : counting) EXPECT_TRUE(one.get());
  EXPECT_EQ(as_text(client.read(counter_id, {}).value().payload.view()), "400");
}

TEST(BlockingClient, DestroyedWhileOthersWaitItGivesThemTheirErrors) {
  TestServer server;
  std::optional client = BlockingClient::connect(to(server)).value();
  auto topic = client->follow("topic").value();
  EXPECT_TRUE(server.stop().has_value());
  std::promise<void> enters;
  auto waits = std::async(std::launch::async, [&] {
    auto entered = client->call(counter_id, as_bytes("1"), 100ms);
    enters.set_value();
    return entered;
  });
  enters.get_future().get();  // Its time was up: the client is at work, and without a server.
  EXPECT_EQ(waits.get().error().code, ErrorCode::deadline_exceeded);

  std::promise<void> taken;
  auto news = std::async(std::launch::async, [&] {
    taken.set_value();
    for (;;) {
      if (const auto next = topic.next(1h); !next) return next.error();
    }
  });
  taken.get_future().get();
  client.reset();
  EXPECT_EQ(news.get().code, ErrorCode::aborted);
}

TEST(BlockingClient, FromItsOwnThreadItRefusesToWait) {
  TestServer server;
  ClientOptions options = to(server);
  std::promise<ErrorCode> told;
  std::optional<BlockingClient> client;
  std::promise<void> set;
  options.on_change = [&, ready = set.get_future().share()](const ClientChange& change) {
    if (change.kind != ClientChange::Kind::lost) return;
    ready.get();
    told.set_value(client->call(counter_id, as_bytes("1")).error().code);
  };
  client = BlockingClient::connect(options).value();
  set.set_value();
  EXPECT_TRUE(server.stop().has_value());
  EXPECT_EQ(told.get_future().get(), ErrorCode::failed_precondition);
}

TEST(BlockingClient, WithoutAServerItSaysSo) {
  ClientOptions options;
  options.servers = {"127.0.0.1:1"};
  options.timeout = 200ms;
  const auto client = BlockingClient::connect(options);
  EXPECT_EQ(client.error().code, ErrorCode::unavailable);
  options.servers.clear();
  options.discovery.mode = DiscoveryMode::local;
  options.group = "library-test-of-nobody";
  options.timeout = 400ms;
  const auto nobody = BlockingClient::connect(options);
  EXPECT_EQ(nobody.error().code, ErrorCode::unavailable);
  EXPECT_NE(nobody.error().message.find("library-test-of-nobody"), std::string::npos)
      << nobody.error().message;
}

}  // namespace
}  // namespace muster::library::blocking_client_test
