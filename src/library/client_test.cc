// The asynchronous client, against a server in this process, or against none.
#include "muster/client.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>
#include <future>
#include <thread>

#include "library/test_server.h"

namespace muster::library::client_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

/// A port of this machine that nobody listens on.
constexpr const char* nobody = "127.0.0.1:1";

ClientOptions to_nobody() {
  ClientOptions options;
  options.servers = {nobody};
  return options;
}

ClientOptions to(const TestServer& server) {
  ClientOptions options;
  options.servers = {server.address()};
  return options;
}

std::string text(const Result<Reply>& reply) {
  return reply ? std::string(as_text(reply->payload.view())) : reply.error().message;
}

/// Runs a coroutine to its end on a context of its own.
template <class Coroutine>
void run(Coroutine coroutine) {
  boost::asio::io_context context;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, coroutine(context),
                        [&](std::exception_ptr thrown) { failure = std::move(thrown); });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

TEST(Client, CallsTakeEffectInOrderAndReadsSeeThem) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to(server));
    const auto connected = (co_await client.connect()).value();
    EXPECT_EQ(connected.address, server.address());
    EXPECT_EQ(connected.group, "library-test");

    const auto first = (co_await client.call(counter_id, as_bytes("40"))).value();
    const auto second = (co_await client.call(counter_id, as_bytes("2"))).value();
    EXPECT_EQ(as_text(second.payload.view()), "42");
    EXPECT_LT(first.position, second.position);

    for (const Consistency consistency : {Consistency::linearizable, Consistency::local}) {
      const auto sum = (co_await client.read(counter_id, {}, consistency)).value();
      EXPECT_EQ(as_text(sum.payload.view()), "42");
      EXPECT_GE(sum.index, second.position.index);
    }
    co_await client.end();
    const auto after = co_await client.call(counter_id, as_bytes("1"));
    EXPECT_EQ(after.error().code, ErrorCode::aborted);
    EXPECT_EQ(after.error().outcome, Outcome::not_applied);
  });
}

TEST(Client, WhatTheServiceRefusesIsAFinalAnswer) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to(server));
    const auto refused = co_await client.call(counter_id, as_bytes("forty"));
    EXPECT_EQ(refused.error(), (Error{ErrorCode::invalid_argument, "that is no number: give one",
                                      Outcome::applied}));
    const auto unknown = co_await client.call(ServiceId{4'000}, as_bytes("1"));
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    const Bytes large(call_payload_bytes_max + 1);
    EXPECT_EQ((co_await client.call(counter_id, large)).error().code, ErrorCode::invalid_argument);
  });
}

TEST(Client, GetsTheNameThatItsRuleAllows) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    ClientOptions options = to(server);
    options.name = "car";
    options.kind = "Car";
    Client any(context, options);
    EXPECT_EQ((co_await any.connect()).value().name, "car");
    Client also(context, options);
    EXPECT_EQ((co_await also.connect()).value().name, "car");
    options.name_rule = NameRule::numbered;
    Client numbered(context, options);
    EXPECT_EQ((co_await numbered.connect()).value().name, "car_1");
    Client second(context, options);
    EXPECT_EQ((co_await second.connect()).value().name, "car_2");
    options.name_rule = NameRule::unique;
    Client unique(context, options);
    const auto waiting = co_await unique.call(counter_id, as_bytes("1"));
    EXPECT_EQ(waiting.error().code, ErrorCode::already_exists);
    EXPECT_EQ(waiting.error().outcome, Outcome::not_applied);
    const auto refused = co_await unique.connect();
    EXPECT_EQ(refused.error(),
              (Error{ErrorCode::already_exists, "the name car is taken; car_3 is free"}));
    EXPECT_EQ((co_await unique.read(counter_id, {})).error().code, ErrorCode::already_exists);
    options.name = "bus";
    Client first(context, options);
    EXPECT_EQ((co_await first.connect()).value().name, "bus");
  });
}

TEST(Client, RefusesOptionsThatCanNeverWork) {
  using Options = ClientOptions;
  const auto longest = [](Options& options) {
    options.heartbeat_interval = 60s;
    options.session_timeout = 24h;
    options.name_rule = NameRule::numbered;
    options.name = std::string(54, 'n');
    for (int i = 0; i < 8; ++i) options.tags[std::to_string(i)] = std::string(64, 'v');
  };
  const auto shortest = [](Options& options) { options.heartbeat_interval = 15ms; };
  const std::vector<std::function<void(Options&)>> wrong{
      [](Options& options) { options.heartbeat_interval = 14'999us; },
      [](Options& options) { options.heartbeat_interval = 60s + 1us; },
      [](Options& options) { options.heartbeat_interval = -1s; },
      [](Options& options) { options.session_timeout = -1us; },
      [](Options& options) { options.session_timeout = 24h + 1us; },
      [](Options& options) {
        options.name_rule = NameRule::numbered;
        options.name = std::string(55, 'n');
      },
      [](Options& options) { options.zone = " "; },
      [](Options& options) { options.tags["#"] = "v"; },
      [](Options& options) { options.tags["k"] = std::string(65, 'v'); },
      [](Options& options) {
        for (int i = 0; i < 9; ++i) options.tags[std::to_string(i)] = "v";
      },
  };
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    const auto refused = [&](const std::function<void(ClientOptions&)>& change) {
      ClientOptions options = to_nobody();
      options.timeout = 0ms;
      change(options);
      Client client(context, options);
      return client.connect();
    };
    const auto code = [](const Result<Connected>& connected) { return connected.error().code; };
    EXPECT_NE(code(co_await refused(longest)), ErrorCode::invalid_argument);
    EXPECT_NE(code(co_await refused(shortest)), ErrorCode::invalid_argument);
    for (std::size_t i = 0; i < wrong.size(); ++i) {
      EXPECT_EQ(code(co_await refused(wrong[i])), ErrorCode::invalid_argument) << i;
    }
  });
}

TEST(Client, EndsWhenItsSessionTimeoutHasPassedWithoutAServer) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    ClientOptions options = to(server);
    options.heartbeat_interval = 100ms;
    options.session_timeout = 2s;
    std::optional<Client> silent(std::in_place, context, options);
    EXPECT_TRUE((co_await silent->connect()).has_value());
    options.name_rule = NameRule::unique;
    silent.reset();  // Without a word: its name is free once the group has given it up.
    const auto begun = std::chrono::steady_clock::now();
    for (;;) {
      Client next(context, options);
      if ((co_await next.connect()).has_value()) break;
    }
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GT(took, 1'500ms);
    EXPECT_LT(took, 8s);
  });
}

TEST(Client, GoesOnWhenItsServerComesBack) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    std::vector<ClientChange::Kind> kinds;
    ClientOptions options = to(server);
    options.on_change = [&](const ClientChange& change) { kinds.push_back(change.kind); };
    Client client(context, std::move(options));
    EXPECT_EQ(text(co_await client.call(counter_id, as_bytes("1"))), "1");
    EXPECT_TRUE(server.stop().has_value());
    auto back = std::async(std::launch::async, [&] { server.start(); });
    EXPECT_EQ(text(co_await client.call(counter_id, as_bytes("1"), 30s)), "2");
    back.get();
    using enum ClientChange::Kind;
    EXPECT_EQ(kinds, (std::vector{connected, opened, lost, connected, resumed}));
  });
}

TEST(Client, ACallBeyondTheLimitIsRefusedAndTheOthersWait) {
  run([](boost::asio::io_context& context) -> awaitable<void> {
    std::optional<Client> client(std::in_place, context, to_nobody());
    std::size_t aborted = 0;
    for (std::size_t i = 0; i < calls_in_flight_max; ++i) {
      boost::asio::co_spawn(context, client->call(counter_id, as_bytes("1"), 1h),
                            [&](const std::exception_ptr&, const Result<Reply>& reply) {
                              if (reply.error().code == ErrorCode::aborted &&
                                  reply.error().outcome == Outcome::perhaps_applied) {
                                ++aborted;
                              }
                            });
    }
    co_await boost::asio::post(context, boost::asio::use_awaitable);  // They have begun.
    const auto beyond = co_await client->call(counter_id, as_bytes("1"), 1h);
    EXPECT_EQ(beyond.error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(beyond.error().outcome, Outcome::not_applied);
    EXPECT_EQ(aborted, 0U);
    client.reset();
    while (aborted < calls_in_flight_max) {
      co_await boost::asio::post(context, boost::asio::use_awaitable);
    }
    EXPECT_EQ(aborted, calls_in_flight_max);
  });
}

TEST(Client, ACancelledCallEndsAtOnceAndMayHaveTakenEffect) {
  run([](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to_nobody());
    boost::asio::cancellation_signal signal;
    std::optional<Result<Reply>> result;
    boost::asio::co_spawn(context, client.call(counter_id, as_bytes("1"), 1h),
                          boost::asio::bind_cancellation_slot(
                              signal.slot(), [&](const std::exception_ptr&, Result<Reply> reply) {
                                result = std::move(reply);
                              }));
    co_await boost::asio::post(context, boost::asio::use_awaitable);
    EXPECT_FALSE(result.has_value());
    signal.emit(boost::asio::cancellation_type::terminal);
    while (!result) co_await boost::asio::post(context, boost::asio::use_awaitable);
    EXPECT_EQ(result->error().code, ErrorCode::aborted);
    EXPECT_EQ(result->error().outcome, Outcome::perhaps_applied);
  });
}

TEST(Client, CanRaceWithOtherOperations) {
  using boost::asio::experimental::awaitable_operators::operator||;
  run([](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to_nobody());
    boost::asio::steady_timer timer(context, 20ms);
    const auto first =
        co_await (client.connect(1h) || timer.async_wait(boost::asio::use_awaitable));
    EXPECT_EQ(first.index(), 1U);
  });
}

TEST(Client, SaysWhyItIsNotConnectedWhenTheTimeIsUp) {
  run([](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to_nobody());
    const auto connected = co_await client.connect(200ms);
    EXPECT_EQ(connected.error().code, ErrorCode::unavailable);
    EXPECT_NE(connected.error().message.find(nobody), std::string::npos)
        << connected.error().message;
    const auto reply = co_await client.call(counter_id, as_bytes("1"), 50ms);
    EXPECT_EQ(reply.error().code, ErrorCode::deadline_exceeded);
    EXPECT_EQ(reply.error().outcome, Outcome::not_applied);
  });
}

TEST(Client, OptionsThatCanNeverWorkAreToldByEveryOperation) {
  run([](boost::asio::io_context& context) -> awaitable<void> {
    ClientOptions options = to_nobody();
    options.servers = {"no port here"};
    Client client(context, std::move(options));
    EXPECT_EQ((co_await client.connect()).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ((co_await client.read(counter_id, {})).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ((co_await client.follow("topic")).error().code, ErrorCode::invalid_argument);
  });
}

TEST(Client, IsUsedFromOtherExecutorsWhichGoOnWhereTheyWere) {
  TestServer server;
  boost::asio::io_context context(1);
  auto work = boost::asio::make_work_guard(context);
  std::thread loop([&] { context.run(); });
  boost::asio::thread_pool pool(2);
  std::optional<Client> client(std::in_place, context, to(server));
  const auto count = [&]() -> awaitable<bool> {
    for (int i = 0; i < 50; ++i) {
      const auto reply = co_await client->call(counter_id, as_bytes("1"));
      if (!reply || std::this_thread::get_id() == loop.get_id()) co_return false;
    }
    co_return true;
  };
  std::vector<std::future<bool>> counting;
  for (int i = 0; i < 8; ++i) {
    counting.push_back(boost::asio::co_spawn(pool, count(), boost::asio::use_future));
  }
  for (auto& one : counting) EXPECT_TRUE(one.get());
  const auto sum =
      boost::asio::co_spawn(pool, client->read(counter_id, {}), boost::asio::use_future).get();
  EXPECT_EQ(as_text(sum.value().payload.view()), "400");
  client.reset();
  work.reset();
  loop.join();  // Nothing keeps the context busy any more.
  pool.join();
}

TEST(Client, GoesWithAContextThatIsDestroyedWhileItWaits) {
  bool destroyed = false;
  {
    struct Witness {
      bool& told;
      ~Witness() { told = true; }
    };
    boost::asio::io_context context;
    boost::asio::co_spawn(
        context,
        [](boost::asio::io_context& loop, bool& told) -> awaitable<void> {
          const Witness witness{told};
          Client client(loop, to_nobody());
          auto topic = (co_await client.follow("topic")).value();
          static_cast<void>(co_await topic.next());
        }(context, destroyed),
        boost::asio::detached);
    context.run_for(50ms);
    EXPECT_FALSE(destroyed);
  }
  EXPECT_TRUE(destroyed);
}

TEST(FindServers, FindsAServerOfThisMachineByItsFile) {
  TestServer server([](ServerOptions& options) {
    options.group = "library-test-" + std::to_string(::getpid());
    options.discovery.mode = DiscoveryMode::local;
  });
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    SearchOptions options;
    options.group = server.options().group;
    options.discovery.mode = DiscoveryMode::local;
    const auto found = (co_await find_servers(context, options)).value();
    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at(0).address, server.address());
    EXPECT_EQ(found.at(0).group, server.options().group);
    EXPECT_TRUE(found.at(0).usable);

    ClientOptions by_group;
    by_group.group = server.options().group;
    by_group.discovery.mode = DiscoveryMode::local;
    Client client(context, by_group);
    EXPECT_EQ(text(co_await client.call(counter_id, as_bytes("7"))), "7");

    options.group += "-of-nobody";
    options.timeout = 100ms;
    const auto nothing = co_await find_servers(context, options);
    EXPECT_EQ(nothing.error().code, ErrorCode::unavailable);
  });
}

}  // namespace
}  // namespace muster::library::client_test
