// What followers of topics are told by the asynchronous client.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "library/test_server.h"
#include "muster/client.h"

namespace muster::library::subscription_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

ClientOptions to(const TestServer& server) {
  ClientOptions options;
  options.servers = {server.address()};
  return options;
}

template <class Coroutine>
void run(Coroutine coroutine) {
  boost::asio::io_context context;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, coroutine(context),
                        [&](std::exception_ptr thrown) { failure = std::move(thrown); });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

/// The next event; marks are passed over.
awaitable<Event> next_event(Subscription& subscription) {
  for (;;) {
    const News news = (co_await subscription.next(20s)).value();
    if (const auto* const event = std::get_if<Event>(&news)) co_return *event;
    if (std::holds_alternative<Gap>(news)) throw std::runtime_error("a gap");
  }
}

awaitable<std::vector<std::string>> next_texts(Subscription& subscription, std::size_t count) {
  std::vector<std::string> texts;
  while (texts.size() < count) {
    texts.emplace_back(as_text((co_await next_event(subscription)).payload.view()));
  }
  co_return texts;
}

std::vector<std::string> numbers(int count) {
  std::vector<std::string> texts;
  for (int i = 1; i <= count; ++i) texts.push_back(std::to_string(i));
  return texts;
}

/// Takes what there is to tell, marks included, until there is no more, and says why.
awaitable<void> read_to_the_end(Subscription& subscription, std::optional<ErrorCode>& why) {
  Result<News> news = co_await subscription.next();
  while (news) news = co_await subscription.next();
  why = news.error().code;
}

// A braced list next to a co_await is more than g++ 12 takes.
std::vector<std::string> only(const char* text) {
  return {text};
}

FollowOptions from_the_beginning() {
  FollowOptions options;
  options.from = EventPosition{.command = {.index = {1}, .ordinal = 0}, .number = 0};
  return options;
}

TEST(Subscription, TellsEachEventOnceInOrder) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to(server));
    auto topic = (co_await client.follow(counter_topic, from_the_beginning())).value();
    const auto reply = (co_await client.call(counter_id, as_bytes("publish 3"))).value();
    for (std::uint32_t i = 0; i < 3; ++i) {
      const Event event = co_await next_event(topic);
      EXPECT_EQ(event.position, (EventPosition{.command = reply.position, .number = i}));
      EXPECT_EQ(as_text(event.payload.view()), std::to_string(i + 1));
      EXPECT_GT(event.time.milliseconds, 0);
    }
    EXPECT_EQ((co_await topic.next(10ms)).error().code, ErrorCode::deadline_exceeded);
  });
}

TEST(Subscription, GoesOnBehindTheLastEventOverARestartOfTheServer) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to(server));
    auto topic = (co_await client.follow(counter_topic, from_the_beginning())).value();
    EXPECT_TRUE((co_await client.call(counter_id, as_bytes("1"))).has_value());
    EXPECT_EQ(co_await next_texts(topic, 1), only("1"));
    EXPECT_TRUE(server.stop().has_value());
    server.start();
    EXPECT_TRUE((co_await client.call(counter_id, as_bytes("2"), 30s)).has_value());
    EXPECT_EQ(co_await next_texts(topic, 1), only("2"));
  });
}

TEST(Subscription, AFullQueuePausesAndNothingIsLost) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to(server));
    FollowOptions options = from_the_beginning();
    options.queue_max = 4;
    auto topic = (co_await client.follow(counter_topic, options)).value();
    EXPECT_TRUE((co_await client.call(counter_id, as_bytes("publish 100"))).has_value());
    // Another topic is followed on the same connection, so what is to come of the first has come.
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE((co_await client.read(counter_id, {})).has_value());
    }
    EXPECT_EQ(co_await next_texts(topic, 100), numbers(100));
  });
}

TEST(Subscription, AQueueThatIsFullByItsBytesStillTakesOneEvent) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to(server));
    FollowOptions options = from_the_beginning();
    options.queue_bytes_max = 0;
    auto topic = (co_await client.follow(counter_topic, options)).value();
    EXPECT_TRUE((co_await client.call(counter_id, as_bytes("publish 12"))).has_value());
    EXPECT_EQ(co_await next_texts(topic, 12), numbers(12));
  });
}

TEST(Subscription, OneReaderOneFollowerOfATopicAndSixtyFourTopics) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    Client client(context, to(server));
    std::vector<Subscription> topics;
    for (std::size_t i = 0; i < topics_followed_max; ++i) {
      topics.push_back((co_await client.follow("topic/" + std::to_string(i))).value());
    }
    EXPECT_EQ((co_await client.follow("topic/0")).error().code, ErrorCode::already_exists);
    EXPECT_EQ((co_await client.follow("one/more")).error().code, ErrorCode::resource_exhausted);
    topics.pop_back();
    EXPECT_TRUE((co_await client.follow("one/more")).has_value());
    EXPECT_EQ((co_await client.follow("")).error().code, ErrorCode::invalid_argument);

    // The first mark is taken; what comes after it is seconds away.
    EXPECT_TRUE(std::holds_alternative<Reached>((co_await topics[0].next(20s)).value()));
    std::optional<ErrorCode> first_ended;
    boost::asio::co_spawn(context, read_to_the_end(topics[0], first_ended), boost::asio::detached);
    co_await boost::asio::post(context, boost::asio::use_awaitable);
    EXPECT_EQ((co_await topics[0].next()).error().code, ErrorCode::failed_precondition);
    topics.clear();
    while (!first_ended) co_await boost::asio::post(context, boost::asio::use_awaitable);
    EXPECT_EQ(first_ended, ErrorCode::aborted);
    EXPECT_EQ((co_await Subscription().next()).error().code, ErrorCode::failed_precondition);
  });
}

TEST(Subscription, WhatCameBeforeTheEndIsStillTaken) {
  TestServer server;
  run([&](boost::asio::io_context& context) -> awaitable<void> {
    auto client = std::make_unique<Client>(context, to(server));
    auto topic = (co_await client->follow(counter_topic, from_the_beginning())).value();
    EXPECT_TRUE((co_await client->call(counter_id, as_bytes("publish 2"))).has_value());
    EXPECT_EQ(co_await next_texts(topic, 1), only("1"));
    co_await client->end();
    client.reset();
    EXPECT_EQ(co_await next_texts(topic, 1), only("2"));
    Result<News> last = co_await topic.next();
    while (last) last = co_await topic.next();  // A mark may stand between.
    EXPECT_EQ(last.error().code, ErrorCode::aborted);
  });
}

}  // namespace
}  // namespace muster::library::subscription_test
