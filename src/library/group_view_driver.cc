#include "library/group_view_driver.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "group/group.h"
#include "library/group_view_values.h"
#include "wire/control.h"

namespace muster::library {
namespace {

constexpr std::size_t servers_remembered_max = 64;
constexpr std::size_t suspicions_max = 1'024;
constexpr std::string_view sessions_topic = "sessions";  // As in `replica/session_events.h`.

Error view_is_gone() {
  return {ErrorCode::aborted, "the group view was destroyed: make a new one to go on"};
}

}  // namespace

GroupViewDriver::GroupViewDriver(boost::asio::io_context& context, ClientOptions options)
    : context_(context), options_(std::move(options)) {}

GroupViewDriver::~GroupViewDriver() = default;

void GroupViewDriver::start() {
  if (over_ || follows_) return;
  if (Result<void> valid = check_options(options_); !valid) {
    over_ = valid.error();
    return;
  }
  Loops::of(context_).add(shared_from_this());
  servers_ = options_.servers;
  ClientOptions following = options_;
  following.on_change = nullptr;
  follows_ = std::make_shared<ClientDriver>(context_, std::move(following), true);
  follow(sources_[0], group::topic);
  follow(sources_[1], sessions_topic);
  follows_->watch_suspicions([weak = weak_from_this()](const client::Suspicion& change) {
    const auto self = weak.lock();
    if (!self) return;
    if (self->suspicions_.size() >= suspicions_max) self->suspicions_.pop_front();
    self->suspicions_.push_back(to_group_event(change));
    self->give();
  });
}

void GroupViewDriver::follow(Source& source, std::string_view topic) {
  if (over_) return;
  const auto follower = follows_->follow(std::string(topic), {});
  if (follower) {
    source.follower = *follower;
  } else {
    over_ = follower.error();
  }
}

void GroupViewDriver::next(const WaitingPointer<GroupEvent>& waiting) {
  start();
  if (over_) return waiting->complete(*over_);
  if (waiting_ && !waiting_->done()) {
    return waiting->complete(
        Error{ErrorCode::failed_precondition,
              "another `next` waits for this group view: wait for it first, one at a time"});
  }
  waiting_ = waiting;
  give();
}

/// One of each topic is held here until somebody takes it; the rest waits in its bounded queue.
void GroupViewDriver::fetch(std::size_t place) {
  Source& source = sources_[place];
  if (source.asked || source.news || !source.follower) return;
  source.asked = true;
  source.follower->next(std::make_shared<Waiting<News>>(
      context_, view_is_gone(), [weak = weak_from_this(), place](Result<News> news) {
        const auto self = weak.lock();
        if (!self) return;
        self->sources_[place].asked = false;
        self->sources_[place].news = std::move(news);
        boost::asio::post(self->context_, [weak] {  // Not from within the follower.
          if (const auto again = weak.lock()) again->give();
        });
      }));
}

/// What comes first of what is here. Both topics are asked before one is taken from, so that of
/// events that wait in both the earlier one goes first.
void GroupViewDriver::give() {
  for (std::size_t place = 0; place < sources_.size(); ++place) {
    std::optional<Result<News>>& news = sources_[place].news;
    if (news && *news && std::holds_alternative<Reached>(**news)) news.reset();
    fetch(place);
  }
  if (!waiting_ || waiting_->done()) return;
  Source* const source = first_source();
  if (source == nullptr && suspicions_.empty()) return give_error();
  if (source != nullptr) return std::exchange(waiting_, nullptr)->complete(take_from(*source));
  GroupEvent suspicion = std::move(suspicions_.front());
  suspicions_.pop_front();
  std::exchange(waiting_, nullptr)->complete(std::move(suspicion));
}

/// Once all that came before is taken.
void GroupViewDriver::give_error() {
  for (const Source& source : sources_) {
    if (!source.news || *source.news) continue;
    return std::exchange(waiting_, nullptr)->complete(source.news->error());
  }
}

GroupViewDriver::Source* GroupViewDriver::first_source() {
  const auto place_of = [](const News& news) {
    if (const auto* const event = std::get_if<Event>(&news)) return event->position;
    return EventPosition{.command = {.index = std::get<Gap>(news).index}};
  };
  Source* first = nullptr;
  for (Source& source : sources_) {
    if (!source.news || !*source.news || std::holds_alternative<Reached>(**source.news)) continue;
    if (first == nullptr || place_of(**source.news) < place_of(**first->news)) first = &source;
  }
  return first;
}

Result<GroupEvent> GroupViewDriver::take_from(Source& source) {
  const News news = std::move(**source.news);
  source.news.reset();
  if (const auto* const gap = std::get_if<Gap>(&news)) return to_group_event(*gap);
  const auto& event = std::get<Event>(news);
  return &source == &sources_[0] ? to_group_event(event) : to_client_event(event);
}

void GroupViewDriver::ask(const wire::Invoke& request, const std::string& address, Duration timeout,
                          const WaitingPointer<wire::Invoked>& waiting) {
  start();
  if (over_) return waiting->complete(*over_);
  const auto asking = std::make_shared<Asking>(
      Asking{.frame = {.type = wire::FrameType::invoke, .body = SharedBytes(wire::encode(request))},
             .deadline = Loops::of(context_).loop().now() + within_limits(timeout),
             .waiting = waiting});
  under_way_.insert(asking);
  if (!address.empty()) return begin(asking, {address});
  if (!servers_.empty()) return begin(asking, servers_);
  look_for_servers(asking);
}

void GroupViewDriver::look_for_servers(const std::shared_ptr<Asking>& asking) {
  asking->discovery = std::make_unique<client::Discovery>(
      Loops::of(context_).loop(), search_for(options_),
      [this, asking](const client::Discovered& found) {
        if (!under_way_.contains(asking)) return;
        if (!found.candidates.empty()) return begin(asking, found.addresses());
        asking->waiting->complete(Error{
            ErrorCode::unavailable,
            found.failure + "; asked on " + found.asked + "; look into it with: muster doctor"});
        forget_later(asking);
      });
}

void GroupViewDriver::begin(const std::shared_ptr<Asking>& asking,
                            std::vector<std::string> servers) {
  net::Loop& loop = Loops::of(context_).loop();
  const bool one = servers.size() == 1 && options_.servers != servers;
  const Duration left = std::max(asking->deadline - loop.now(), Duration{1'000});
  client::Question::Options options{
      .servers = std::move(servers), .secret = options_.secret, .timeout = left, .wait = !one};
  if (one) options.server_timeout = left;
  asking->question = std::make_unique<client::Question>(
      loop, std::move(options), asking->frame,
      [this, asking](Result<client::Answer> answer) { finish(asking, std::move(answer)); });
}

void GroupViewDriver::finish(const std::shared_ptr<Asking>& asking, Result<client::Answer> answer) {
  if (!under_way_.contains(asking)) return;
  if (answer) {
    std::vector<std::string> servers{answer->address};
    const auto add = [&](const std::string& address) {
      const bool known = std::ranges::find(servers, address) != servers.end();
      if (!known && !address.empty() && servers.size() < servers_remembered_max) {
        servers.push_back(address);
      }
    };
    for (const std::string& address : answer->hello.client_addresses()) add(address);
    for (const std::string& address : options_.servers) add(address);
    servers_ = std::move(servers);
    asking->waiting->complete(wire::decode<wire::Invoked>(answer->frame.body.view()));
  } else {
    servers_ = options_.servers;  // Else looked for anew.
    asking->waiting->complete(answer.error());
  }
  forget_later(asking);
}

/// Not at once: this is within a handler of what would go.
void GroupViewDriver::forget_later(const std::shared_ptr<Asking>& asking) {
  under_way_.erase(asking);
  boost::asio::post(context_, [asking] {
    asking->question.reset();
    asking->discovery.reset();
  });
}

void GroupViewDriver::close() {
  if (!over_) over_ = view_is_gone();
  Loops::of(context_).remove(*this);
  for (const auto& asking : std::exchange(under_way_, {})) {
    asking->question.reset();
    asking->discovery.reset();
    asking->waiting->complete(view_is_gone());
  }
  for (Source& source : sources_) {
    if (source.follower) source.follower->stop();
    source.follower.reset();
  }
  if (waiting_) std::exchange(waiting_, nullptr)->complete(view_is_gone());
  if (follows_) follows_->close();
}

}  // namespace muster::library
