// What a client was told of one topic and has not taken yet.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "library/waiting.h"
#include "muster/client_types.h"
#include "session/topics.h"
#include "wire/events.h"

namespace muster::library {

class ClientDriver;

/// A bounded queue of news. When it is full the topic is not followed any more; when half was taken
/// it is followed anew from behind what is queued. So a slow reader slows down nobody, holds
/// bounded memory, and misses nothing that the servers still keep.
///
/// Thread-safety: none but for `context`; on the loop.
class Follower final {
 public:
  Follower(std::weak_ptr<ClientDriver> driver, boost::asio::io_context& context, std::string topic,
           const FollowOptions& options);

  boost::asio::io_context& context() const { return context_; }
  const std::string& topic() const { return topic_; }
  /// Where to follow from: behind all that was queued.
  const std::optional<wire::EventPosition>& from() const { return from_; }

  void take(const session::TopicNews& news);
  /// Nothing more will come, for this reason.
  void end(const Error& reason);
  void next(const WaitingPointer<News>& waiting);
  /// Whoever reads it is gone.
  void stop();

 private:
  bool take(News news, std::size_t bytes, wire::EventPosition behind);
  bool full() const;
  void give();

  struct Queued {
    News news;
    std::size_t bytes;
  };

  const std::weak_ptr<ClientDriver> driver_;
  boost::asio::io_context& context_;
  const std::string topic_;
  const std::size_t queue_max_;
  const std::size_t queue_bytes_max_;
  std::optional<wire::EventPosition> from_;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_{0};
  bool paused_{false};
  std::optional<Error> ended_;
  WaitingPointer<News> waiting_;
};

}  // namespace muster::library
