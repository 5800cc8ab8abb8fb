#include "session/topics.h"

#include <algorithm>
#include <utility>

#include "wire/control.h"

namespace muster::session {
namespace {

wire::Follow to_request(const std::string& topic, std::optional<wire::EventPosition> from) {
  wire::Follow request;
  request.set_topic(topic);
  request.set_from_now(!from);
  if (from) {
    request.set_from_index(from->command.index.value);
    request.set_from_ordinal(from->command.ordinal);
    request.set_from_sub(from->sub);
  }
  return request;
}

}  // namespace

Result<void> Topics::follow(std::string_view topic, std::optional<wire::EventPosition> from) {
  if (Result<void> valid = wire::validate_topic(topic); !valid) return valid;
  if (followed_.contains(topic)) {
    return Error{ErrorCode::already_exists,
                 "topic " + std::string(topic) + " is followed already; unfollow it first"};
  }
  if (followed_.size() >= topics_max_ || left_.size() >= topics_max_) {
    return Error{ErrorCode::resource_exhausted,
                 std::to_string(topics_max_) +
                     " topics are followed, the limit of a client; unfollow one first"};
  }
  followed_.emplace(topic, Followed{.from = from});
  return {};
}

void Topics::unfollow(std::string_view topic) {
  const auto found = followed_.find(topic);
  if (found == followed_.end()) return;
  if (found->second.asked) left_.emplace(topic, std::nullopt);
  followed_.erase(found);
}

std::vector<std::string> Topics::begin_anew() {
  std::vector<std::string> topics;
  for (auto& [topic, followed] : followed_) {
    followed.from.reset();
    topics.push_back(topic);
  }
  return topics;
}

void Topics::linked() {
  left_.clear();
  for (auto& [topic, followed] : followed_) followed.asked = false;
}

void Topics::answered(std::uint64_t pings) {
  std::erase_if(left_, [&](const auto& item) { return item.second && *item.second <= pings; });
}

std::vector<Topics::Request> Topics::take_requests(std::uint64_t pings) {
  std::vector<Request> requests;
  for (auto& [topic, ping] : left_) {
    if (ping) continue;
    ping = ++pings;
    wire::Unfollow request;
    request.set_topic(topic);
    requests.push_back(
        {.type = wire::FrameType::unfollow, .body = wire::encode(request), .ping = true});
  }
  for (auto& [topic, followed] : followed_) {
    if (followed.asked || left_.contains(topic)) continue;
    followed.asked = true;
    requests.push_back(
        {.type = wire::FrameType::follow, .body = wire::encode(to_request(topic, followed.from))});
  }
  return requests;
}

Result<std::optional<TopicNews>> Topics::take(wire::FrameType type, const SharedBytes& body) {
  switch (type) {
    case wire::FrameType::events:
      return take_events(body);
    case wire::FrameType::reached:
      return take_reached(body.view());
    default:
      return take_gap(body);
  }
}

/// What is not asked for on this link may still be on its way from an earlier follow.
Topics::Followed* Topics::find(std::string_view topic) {
  const auto found = followed_.find(topic);
  return found == followed_.end() || !found->second.asked ? nullptr : &found->second;
}

Result<std::optional<TopicNews>> Topics::take_events(const SharedBytes& body) {
  const Result<wire::EventsView> view = wire::EventsView::parse(body.view());
  if (!view) return view.error();
  Followed* const followed = find(view->topic());
  if (followed == nullptr) return std::optional<TopicNews>{};
  TopicEvents news{.topic = std::string(view->topic()), .events = {}};
  for (const wire::EventView event : *view) {
    if (followed->from && event.position < *followed->from) continue;
    followed->from = wire::after(event.position);
    news.events.push_back(
        {.position = event.position, .time = event.time, .payload = body.slice(event.payload)});
  }
  if (news.events.empty()) return std::optional<TopicNews>{};
  return std::optional<TopicNews>{std::move(news)};
}

Result<std::optional<TopicNews>> Topics::take_reached(BytesView body) {
  const Result<wire::ReachedView> view = wire::ReachedView::parse(body);
  if (!view) return view.error();
  Followed* const followed = find(view->topic);
  if (followed == nullptr) return std::optional<TopicNews>{};
  const wire::EventPosition next = wire::beginning_of(view->index + 1);
  followed->from = followed->from ? std::max(*followed->from, next) : next;
  return std::optional<TopicNews>{
      TopicReached{.topic = std::string(view->topic), .index = view->index}};
}

Result<std::optional<TopicNews>> Topics::take_gap(const SharedBytes& body) {
  const Result<wire::GapView> view = wire::GapView::parse(body.view());
  if (!view) return view.error();
  Followed* const followed = find(view->topic);
  const wire::EventPosition next = wire::beginning_of(view->index + 1);
  // Nothing is missing of what was told already.
  if (followed == nullptr || (followed->from && *followed->from >= next)) {
    return std::optional<TopicNews>{};
  }
  followed->from = next;
  Result<SharedBytes> state = body.slice(view->payload);
  if (view->error) state = Error{*view->error, std::string(as_text(view->payload))};
  return std::optional<TopicNews>{
      TopicGap{.topic = std::string(view->topic), .index = view->index, .state = std::move(state)}};
}

}  // namespace muster::session
