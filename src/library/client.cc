#include "muster/client.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <string>
#include <utility>

#include "library/client_driver.h"
#include "library/discovery.h"
#include "library/follower.h"
#include "library/waiting.h"

namespace muster {

using boost::asio::awaitable;
using library::ClientDriver;
using library::Follower;
using library::wait_on;
using library::WaitingPointer;

namespace {

void close(std::shared_ptr<ClientDriver> driver) {
  if (!driver) return;
  boost::asio::io_context& context = driver->context();
  // Not at once: this may be within a handler of the connection that it closes.
  boost::asio::post(context, [driver = std::move(driver)] { driver->close(); });
}

void stop(std::shared_ptr<Follower> follower) {
  if (!follower) return;
  boost::asio::io_context& context = follower->context();
  boost::asio::dispatch(context, [follower = std::move(follower)] { follower->stop(); });
}

awaitable<Result<News>> follows_nothing() {
  co_return Error{ErrorCode::failed_precondition,
                  "this subscription follows nothing: it was never set, or was moved from"};
}

/// Takes news; without a timeout for as long as it takes.
awaitable<Result<News>> next_of(std::shared_ptr<Follower> follower,
                                std::optional<Duration> timeout) {
  boost::asio::io_context& context = follower->context();
  return wait_on<News>(
      context, library::other_interruptions(),
      [follower = std::move(follower), timeout](const WaitingPointer<News>& waiting) {
        if (timeout) {
          waiting->complete_after(*timeout, [topic = follower->topic()] {
            return Error{ErrorCode::deadline_exceeded, "nothing new in topic " + topic};
          });
        }
        follower->next(waiting);
      });
}

}  // namespace

// ---- Subscription -------------------------------------------------------------------------------

Subscription::Subscription(std::shared_ptr<Follower> follower) : follower_(std::move(follower)) {}

Subscription::~Subscription() {
  stop(std::move(follower_));
}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) stop(std::exchange(follower_, std::move(other.follower_)));
  return *this;
}

awaitable<Result<News>> Subscription::next() {
  return follower_ ? next_of(follower_, std::nullopt) : follows_nothing();
}

awaitable<Result<News>> Subscription::next(Duration timeout) {
  return follower_ ? next_of(follower_, timeout) : follows_nothing();
}

// ---- Client -------------------------------------------------------------------------------------

Client::Client(boost::asio::io_context& context, ClientOptions options)
    : driver_(std::make_shared<ClientDriver>(context, std::move(options))) {
  boost::asio::dispatch(context, [driver = driver_] { driver->start(); });
}

Client::~Client() {
  close(std::move(driver_));
}

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) close(std::exchange(driver_, std::move(other.driver_)));
  return *this;
}

SessionId Client::id() const {
  return driver_->id();
}

awaitable<Result<Connected>> Client::connect() {
  return connect(driver_->default_timeout());
}

awaitable<Result<Connected>> Client::connect(Duration timeout) {
  return wait_on<Connected>(driver_->context(), library::other_interruptions(),
                            [driver = driver_, timeout](const WaitingPointer<Connected>& waiting) {
                              driver->connect(timeout, waiting);
                            });
}

awaitable<Result<Reply>> Client::call(ServiceId service, BytesView payload) {
  return call(service, payload, driver_->default_timeout());
}

awaitable<Result<Reply>> Client::call(ServiceId service, BytesView payload, Duration timeout) {
  return wait_on<Reply>(driver_->context(), library::call_interruptions(),
                        [driver = driver_, service, bytes = SharedBytes::copy_of(payload),
                         timeout](const WaitingPointer<Reply>& waiting) {
                          driver->call(service, bytes, timeout, waiting);
                        });
}

awaitable<Result<ReadReply>> Client::read(ServiceId service, BytesView payload,
                                          Consistency consistency) {
  return read(service, payload, consistency, driver_->default_timeout());
}

awaitable<Result<ReadReply>> Client::read(ServiceId service, BytesView payload,
                                          Consistency consistency, Duration timeout) {
  return wait_on<ReadReply>(driver_->context(), library::other_interruptions(),
                            [driver = driver_, service, bytes = SharedBytes::copy_of(payload),
                             consistency, timeout](const WaitingPointer<ReadReply>& waiting) {
                              driver->read(service, bytes, consistency, timeout, waiting);
                            });
}

awaitable<Result<Subscription>> Client::follow(std::string_view topic, FollowOptions options) {
  return wait_on<Subscription>(driver_->context(), library::other_interruptions(),
                               [driver = driver_, topic = std::string(topic),
                                options](const WaitingPointer<Subscription>& waiting) {
                                 const auto follower = driver->follow(topic, options);
                                 if (!follower) return waiting->complete(follower.error());
                                 waiting->complete(Subscription(*follower));
                               });
}

awaitable<Result<void>> Client::set_heartbeat_value(BytesView value) {
  constexpr auto without_value = [](awaitable<Result<bool>> done) -> awaitable<Result<void>> {
    const Result<bool> set = co_await std::move(done);
    if (!set) co_return set.error();
    co_return Result<void>();
  };
  return without_value(wait_on<bool>(
      driver_->context(), library::other_interruptions(),
      [driver = driver_, bytes = SharedBytes::copy_of(value)](const WaitingPointer<bool>& waiting) {
        const Result<void> set = driver->set_heartbeat_value(bytes.view());
        if (!set) return waiting->complete(set.error());
        waiting->complete(true);
      }));
}

awaitable<void> Client::end() {
  constexpr auto ignore = [](awaitable<Result<bool>> ended) -> awaitable<void> {
    static_cast<void>(co_await std::move(ended));  // Told or not, it is over.
  };
  return ignore(wait_on<bool>(
      driver_->context(), library::other_interruptions(),
      [driver = driver_](const WaitingPointer<bool>& waiting) { driver->end(waiting); }));
}

awaitable<Result<std::vector<FoundServer>>> find_servers(boost::asio::io_context& context,
                                                         SearchOptions options) {
  using Found = std::vector<FoundServer>;
  return wait_on<Found>(
      context, library::other_interruptions(),
      [&context, options = std::move(options)](const WaitingPointer<Found>& waiting) {
        library::search(context, options, waiting);
      });
}

}  // namespace muster
