#include "library/follower.h"

#include <algorithm>
#include <utility>

#include "library/client_driver.h"

namespace muster::library {
namespace {

wire::EventPosition to_wire(const EventPosition& position) {
  return {.command = position.command, .sub = position.number};
}

EventPosition from_wire(const wire::EventPosition& position) {
  return {.command = position.command, .number = position.sub};
}

}  // namespace

Follower::Follower(std::weak_ptr<ClientDriver> driver, boost::asio::io_context& context,
                   std::string topic, const FollowOptions& options)
    : driver_(std::move(driver)),
      context_(context),
      topic_(std::move(topic)),
      queue_max_(std::max<std::size_t>(options.queue_max, 1)),
      queue_bytes_max_(options.queue_bytes_max) {
  if (options.from) from_ = to_wire(*options.from);
}

bool Follower::full() const {
  return queue_.size() >= queue_max_ || queued_bytes_ >= queue_bytes_max_;
}

void Follower::take(const session::TopicNews& news) {
  if (const auto* const events = std::get_if<session::TopicEvents>(&news)) {
    for (const session::Event& event : events->events) {
      const bool taken = take(
          Event{
              .position = from_wire(event.position), .time = event.time, .payload = event.payload},
          event.payload.size(), wire::after(event.position));
      if (!taken) return;
    }
  } else if (const auto* const reached = std::get_if<session::TopicReached>(&news)) {
    // Of several marks in a row the last one says it all.
    if (!queue_.empty() && std::holds_alternative<Reached>(queue_.back().news)) queue_.pop_back();
    take(Reached{.index = reached->index}, 0, wire::beginning_of(reached->index + 1));
  } else {
    const auto& gap = std::get<session::TopicGap>(news);
    take(Gap{.index = gap.index, .state = gap.state}, gap.state ? gap.state->size() : 0,
         wire::beginning_of(gap.index + 1));
  }
}

/// False if there is no room, or was none: what came in is asked for again later.
bool Follower::take(News news, std::size_t bytes, wire::EventPosition behind) {
  if (paused_ || ended_) return false;
  if (!queue_.empty() && (full() || queued_bytes_ + bytes > queue_bytes_max_)) {
    paused_ = true;
    if (const auto driver = driver_.lock()) driver->pause(*this);
    return false;
  }
  from_ = behind;
  queued_bytes_ += bytes;
  queue_.push_back({.news = std::move(news), .bytes = bytes});
  give();
  return true;
}

void Follower::end(const Error& reason) {
  if (!ended_) ended_ = reason;
  give();
}

void Follower::next(const WaitingPointer<News>& waiting) {
  if (waiting_ && !waiting_->done()) {
    return waiting->complete(
        Error{ErrorCode::failed_precondition,
              "another `next` waits for topic " + topic_ + ": wait for it first, one at a time"});
  }
  waiting_ = waiting;
  give();
}

void Follower::give() {
  if (!waiting_ || waiting_->done()) return;
  if (!queue_.empty()) {
    Queued first = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= first.bytes;
    std::exchange(waiting_, nullptr)->complete(std::move(first.news));
    if (paused_ && queue_.size() <= queue_max_ / 2 && queued_bytes_ <= queue_bytes_max_ / 2) {
      paused_ = false;
      if (const auto driver = driver_.lock()) driver->resume(*this);
    }
  } else if (ended_) {
    std::exchange(waiting_, nullptr)->complete(*ended_);
  }
}

void Follower::stop() {
  end({ErrorCode::aborted,
       "topic " + topic_ + " is not followed any more: the subscription is gone"});
  if (const auto driver = driver_.lock()) driver->forget(*this);
}

}  // namespace muster::library
