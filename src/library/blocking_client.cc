#include "muster/blocking_client.h"

#include <utility>

#include "library/client_thread.h"
#include "muster/client.h"

namespace muster {

using library::ClientThread;

// ---- BlockingSubscription -----------------------------------------------------------------------

BlockingSubscription::BlockingSubscription(std::shared_ptr<ClientThread> thread,
                                           Subscription subscription)
    : thread_(std::move(thread)),
      subscription_(std::make_unique<Subscription>(std::move(subscription))) {}

BlockingSubscription::~BlockingSubscription() = default;
BlockingSubscription::BlockingSubscription(BlockingSubscription&&) noexcept = default;

BlockingSubscription& BlockingSubscription::operator=(BlockingSubscription&& other) noexcept {
  subscription_ = std::move(other.subscription_);  // First: it uses the thread that it had.
  thread_ = std::move(other.thread_);
  return *this;
}

Result<News> BlockingSubscription::next(Duration timeout) {
  const auto thread = thread_;  // Held while it is waited for.
  return thread->wait(subscription_->next(timeout));
}

// ---- BlockingClient -----------------------------------------------------------------------------

BlockingClient::BlockingClient(std::shared_ptr<ClientThread> thread) : thread_(std::move(thread)) {}

BlockingClient::~BlockingClient() {
  if (thread_) thread_->close();
}

BlockingClient::BlockingClient(BlockingClient&&) noexcept = default;

BlockingClient& BlockingClient::operator=(BlockingClient&& other) noexcept {
  if (this == &other) return *this;
  if (thread_) thread_->close();
  thread_ = std::move(other.thread_);
  return *this;
}

Result<BlockingClient> BlockingClient::connect(ClientOptions options) {
  auto thread = std::make_shared<ClientThread>();
  thread->open(std::move(options));
  if (const auto connected = thread->wait(thread->client().connect()); !connected) {
    return connected.error();
  }
  return BlockingClient(std::move(thread));
}

Result<Reply> BlockingClient::call(ServiceId service, BytesView payload) {
  const auto thread = thread_;
  return thread->wait(thread->client().call(service, payload));
}

Result<Reply> BlockingClient::call(ServiceId service, BytesView payload, Duration timeout) {
  const auto thread = thread_;
  return thread->wait(thread->client().call(service, payload, timeout));
}

Result<ReadReply> BlockingClient::read(ServiceId service, BytesView payload,
                                       Consistency consistency) {
  const auto thread = thread_;
  return thread->wait(thread->client().read(service, payload, consistency));
}

Result<ReadReply> BlockingClient::read(ServiceId service, BytesView payload,
                                       Consistency consistency, Duration timeout) {
  const auto thread = thread_;
  return thread->wait(thread->client().read(service, payload, consistency, timeout));
}

Result<BlockingSubscription> BlockingClient::follow(std::string_view topic, FollowOptions options) {
  const auto thread = thread_;
  Result<Subscription> followed = thread->wait(thread->client().follow(topic, options));
  if (!followed) return followed.error();
  return BlockingSubscription(thread, std::move(*followed));
}

Result<void> BlockingClient::set_heartbeat_value(BytesView value) {
  const auto thread = thread_;
  return thread->wait(thread->client().set_heartbeat_value(value));
}

Result<void> BlockingClient::end() {
  const auto thread = thread_;
  return thread->wait(thread->client().end());
}

SessionId BlockingClient::id() const {
  return thread_->client().id();
}

Result<std::vector<FoundServer>> find_servers(const SearchOptions& options) {
  ClientThread thread;
  return thread.wait(find_servers(thread.context(), options));
}

}  // namespace muster
