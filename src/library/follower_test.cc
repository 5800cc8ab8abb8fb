// The bounded queue of what a client was told of a topic, without a client.
#include "library/follower.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "library/client_driver.h"

namespace muster::library::follower_test {
namespace {

wire::EventPosition place(std::uint64_t index) {
  return wire::beginning_of({index});
}

/// Events of the entries from `first` to `last`, with payloads of `bytes` bytes.
session::TopicEvents events(std::uint64_t first, std::uint64_t last, std::size_t bytes = 1) {
  session::TopicEvents told{.topic = "topic", .events = {}};
  for (std::uint64_t index = first; index <= last; ++index) {
    told.events.push_back(
        {.position = place(index), .time = {}, .payload = SharedBytes(Bytes(bytes))});
  }
  return told;
}

class FollowerTest : public testing::Test {
 protected:
  Follower make(std::size_t queue_max, std::size_t queue_bytes_max = 1'000) {
    FollowOptions options;
    options.queue_max = queue_max;
    options.queue_bytes_max = queue_bytes_max;
    return {{}, context_, "topic", options};
  }
  /// The entries whose events, marks or gaps can be taken without waiting.
  std::vector<std::uint64_t> take_all(Follower& follower) {
    std::vector<std::uint64_t> taken;
    for (;;) {
      const auto before = taken.size();
      const auto waiting =
          std::make_shared<Waiting<News>>(context_, Error{}, [&taken](const Result<News>& news) {
            if (!news) return;
            if (const auto* const event = std::get_if<Event>(&*news)) {
              taken.push_back(event->position.command.index.value);
            } else if (const auto* const reached = std::get_if<Reached>(&*news)) {
              taken.push_back(reached->index.value);
            } else {
              taken.push_back(std::get<Gap>(*news).index.value);
            }
          });
      follower.next(waiting);
      if (taken.size() == before) {
        waiting->complete(Error{});
        return taken;
      }
    }
  }

  boost::asio::io_context context_;
};

using Indexes = std::vector<std::uint64_t>;

TEST_F(FollowerTest, HoldsNoMoreThanItsLimitAndGoesOnBehindThat) {
  Follower follower = make(4);
  follower.take(events(1, 10));
  EXPECT_EQ(follower.from(), wire::after(place(4)));
  follower.take(events(11, 12));  // Was under way when it was full: it is asked for again.
  EXPECT_EQ(follower.from(), wire::after(place(4)));
  EXPECT_EQ(take_all(follower), (Indexes{1, 2, 3, 4}));
  follower.take(events(5, 7));
  EXPECT_EQ(follower.from(), wire::after(place(7)));
  EXPECT_EQ(take_all(follower), (Indexes{5, 6, 7}));
}

TEST_F(FollowerTest, CountsPayloadsAndLetsALargeOneWaitAlone) {
  Follower follower = make(100, 10);
  follower.take(events(1, 5, 5));
  EXPECT_EQ(take_all(follower), (Indexes{1, 2}));
  follower.take(events(3, 4, 11));
  EXPECT_EQ(take_all(follower), (Indexes{3}));
}

TEST_F(FollowerTest, KeepsOnlyTheLastOfSeveralMarksInARow) {
  Follower follower = make(2);
  follower.take(events(1, 1));
  for (std::uint64_t index = 2; index <= 9; ++index) {
    follower.take(session::TopicReached{.topic = "topic", .index = {index}});
  }
  EXPECT_EQ(follower.from(), place(10));
  EXPECT_EQ(take_all(follower), (Indexes{1, 9}));
}

TEST_F(FollowerTest, GoesOnBehindAGap) {
  Follower follower = make(2);
  follower.take(session::TopicGap{.topic = "topic", .index = {7}, .state = SharedBytes()});
  EXPECT_EQ(follower.from(), place(8));
  EXPECT_EQ(take_all(follower), (Indexes{7}));
}

TEST_F(FollowerTest, ACancelledReaderTakesNothing) {
  Follower follower = make(2);
  const auto cancelled =
      std::make_shared<Waiting<News>>(context_, Error{}, [](const Result<News>&) {});
  follower.next(cancelled);
  cancelled->complete(Error{ErrorCode::aborted, "cancelled"});
  follower.take(events(1, 1));
  EXPECT_EQ(take_all(follower), (Indexes{1}));
}

TEST(Waiting, IsAnsweredOnceAndByItselfWhenItIsDropped) {
  boost::asio::io_context context;
  std::vector<ErrorCode> answers;
  const auto note = [&](const Result<int>& result) { answers.push_back(result.error().code); };
  std::make_shared<Waiting<int>>(context, Error{ErrorCode::aborted, "dropped"}, note).reset();
  EXPECT_EQ(answers, std::vector{ErrorCode::aborted});
  {
    const auto waiting =
        std::make_shared<Waiting<int>>(context, Error{ErrorCode::aborted, "dropped"}, note);
    waiting->complete(Error{ErrorCode::internal, "answered"});
    waiting->complete(Error{ErrorCode::not_found, "too late"});
  }
  EXPECT_EQ(answers, (std::vector{ErrorCode::aborted, ErrorCode::internal}));
}

TEST(Waiting, ItsTimeEndsItWithTheErrorOfThatMoment) {
  boost::asio::io_context context;
  std::optional<Result<int>> answer;
  const auto waiting = std::make_shared<Waiting<int>>(
      context, Error{}, [&](const Result<int>& result) { answer = result; });
  waiting->complete_after(Duration{1}, [] {
    return Error{ErrorCode::deadline_exceeded, "the time is up"};
  });
  context.run();
  EXPECT_EQ(answer->error().code, ErrorCode::deadline_exceeded);
}

}  // namespace
}  // namespace muster::library::follower_test
