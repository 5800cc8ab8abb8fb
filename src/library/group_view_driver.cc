#include "library/group_view_driver.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "group/group.h"
#include "wire/control.h"

namespace muster::library {
namespace {

constexpr std::size_t servers_remembered_max = 64;

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
  const auto follower = follows_->follow(std::string(group::topic), {});
  if (follower) {
    follower_ = *follower;
  } else {
    over_ = follower.error();
  }
}

void GroupViewDriver::next(const WaitingPointer<News>& waiting) {
  start();
  if (over_) return waiting->complete(*over_);
  follower_->next(waiting);
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
  if (follower_) follower_->stop();
  follower_.reset();
  if (follows_) follows_->close();
}

}  // namespace muster::library
