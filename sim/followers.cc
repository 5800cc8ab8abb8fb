#include "sim/followers.h"

#include <algorithm>

#include "base/crc32c.h"
#include "sim/register.h"

namespace muster::sim {

void PublishedEvents::published(std::size_t server, Position position, BytesView payload) {
  const std::uint64_t number = event_number(payload);
  const Event event{.position = position, .checksum = crc32c(payload)};
  const auto [known, fresh] = events_.emplace(number, event);
  up_to_[position.index] = std::max(up_to_[position.index], number);
  if (known->second.position == position && known->second.checksum == event.checksum) return;
  throw Violation("each event once", "server " + std::to_string(server) + " published event " +
                                         std::to_string(number) + " otherwise than another did");
}

std::uint64_t PublishedEvents::count_up_to(LogIndex index) const {
  const auto behind = up_to_.upper_bound(index);
  return behind == up_to_.begin() ? 0 : std::prev(behind)->second;
}

std::optional<std::uint32_t> PublishedEvents::checksum(std::uint64_t number) const {
  const auto found = events_.find(number);
  if (found == events_.end()) return std::nullopt;
  return found->second.checksum;
}

void Follower::fail(const std::string& what) const {
  throw Violation("each event once", name_ + " " + what);
}

void Follower::told(const session::TopicNews& news) {
  std::visit([this](const auto& one) { told(one); }, news);
}

void Follower::told(const session::TopicEvents& news) {
  for (const session::Event& event : news.events) {
    const std::uint64_t number = event_number(event.payload.view());
    if (last_ && number != *last_ + 1) {
      fail("was told event " + std::to_string(number) + " after " + std::to_string(*last_));
    }
    if (published_.checksum(number) != crc32c(event.payload.view())) {
      fail("was told an event " + std::to_string(number) + " that nobody published");
    }
    last_ = number;
    next_ = wire::after(event.position);
    ++events_;
  }
}

void Follower::told(const session::TopicReached& news) {
  const std::uint64_t count = published_.count_up_to(news.index);
  if (last_ && *last_ < count) {
    fail("was told that it knows all up to entry " + std::to_string(news.index.value) +
         ", but of " + std::to_string(count) + " events it knows " + std::to_string(*last_));
  }
  last_ = std::max(last_.value_or(0), count);
  const wire::EventPosition place = wire::beginning_of(news.index + 1);
  next_ = std::max(next_.value_or(place), place);
}

void Follower::told(const session::TopicGap& news) {
  ++gaps_;
  if (!news.state) fail("was told of a gap without the state: " + news.state.error().message);
  const std::uint64_t count = event_number(news.state->view());
  if (count != published_.count_up_to(news.index) || (last_ && count < *last_)) {
    fail("was told of a gap up to entry " + std::to_string(news.index.value) + " with " +
         std::to_string(count) + " events instead of " +
         std::to_string(published_.count_up_to(news.index)));
  }
  last_ = count;
  next_ = wire::beginning_of(news.index + 1);
}

}  // namespace muster::sim
