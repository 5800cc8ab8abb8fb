#include "muster/server.h"

#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "library/server_options.h"
#include "library/waiting.h"
#include "server/server.h"

namespace muster {

/// The thread that makes, runs and destroys the server inside, as often as it begins anew.
class Server::Implementation {
 public:
  static Result<std::unique_ptr<Implementation>> start(const ServerOptions& options) {
    Result<server::Options> inner = library::to_server_options(options);
    if (!inner) return inner.error();
    auto self = std::make_unique<Implementation>();
    std::promise<Result<void>> promise;
    std::future<Result<void>> started = promise.get_future();
    self->thread_ = std::thread(
        [&self = *self, promise = std::move(promise), inner = std::move(*inner)]() mutable {
          self.run(std::move(inner), std::move(promise));
        });
    if (const Result<void> result = started.get(); !result) return result.error();
    return self;
  }
  Implementation() = default;
  ~Implementation() {
    stop();
    if (thread_.joinable()) thread_.join();
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  Result<ServerReady> wait_until_ready(Duration timeout) {
    std::unique_lock lock(mutex_);
    const bool in_time = changed_.wait_for(lock, library::within_limits(timeout),
                                           [&] { return ready_.has_value() || end_.has_value(); });
    if (!in_time) {
      return Error{ErrorCode::deadline_exceeded,
                   "the server belongs to no group yet: it waits for as many as are expected to "
                   "found it with, or for one that lets it in; its log says for whom"};
    }
    if (ready_) return *ready_;
    if (!*end_) return end_->error();
    return Error{ErrorCode::aborted, "the server was stopped before it was ready"};
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    stop_requested_ = true;
    if (running_ != nullptr) running_->request_stop();
  }

  Result<void> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return end_.has_value(); });
    return *end_;
  }

 private:
  void run(server::Options options, std::promise<Result<void>> started) {
    bool made = false;
    try {
      for (;;) {
        server::Server::End end = serve(std::move(options), [&] {
          if (!std::exchange(made, true)) started.set_value({});
        });
        if (!end.again || stop_requested()) return finish(to_result(end));
        options = std::move(*end.again);
      }
    } catch (const ErrorException& problem) {
      if (made) return finish(problem.error());
      started.set_value(problem.error());
    } catch (const std::exception& problem) {  // Of a service, which should have refused instead.
      const Error error{ErrorCode::internal,
                        std::string("the server ends, because a service threw: ") + problem.what()};
      if (made) return finish(error);
      started.set_value(error);
    }
  }

  server::Server::End serve(server::Options options, const std::function<void()>& made) {
    server::Server inner(std::move(options),
                         [this](const server::Server::Ready& ready) { note_ready(ready); });
    const Running running(*this, inner);
    made();
    return inner.run();
  }

  /// Lets others reach the server as long as it runs.
  class Running {
   public:
    Running(Implementation& owner, server::Server& inner) : owner_(owner) {
      const std::lock_guard lock(owner_.mutex_);
      owner_.running_ = &inner;
      owner_.ready_.reset();
      if (owner_.stop_requested_) inner.request_stop();
    }
    ~Running() {
      const std::lock_guard lock(owner_.mutex_);
      owner_.running_ = nullptr;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Implementation& owner_;
  };

  void note_ready(const server::Server::Ready& ready) {
    const std::lock_guard lock(mutex_);
    ready_ = ServerReady{.group = ready.group,
                         .name = ready.server,
                         .number = ready.number,
                         .client_port = ready.client_port,
                         .peer_port = ready.peer_port,
                         .leader = ready.leader};
    changed_.notify_all();
  }

  bool stop_requested() {
    const std::lock_guard lock(mutex_);
    return stop_requested_;
  }

  Result<void> to_result(const server::Server::End& end) {
    if (end.exit_code != 0) return Error{ErrorCode::unavailable, end.reason};
    if (!stop_requested()) return Error{ErrorCode::failed_precondition, end.reason};
    return {};
  }

  void finish(Result<void> end) {
    const std::lock_guard lock(mutex_);
    end_ = std::move(end);
    ready_.reset();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  server::Server* running_{nullptr};  // Under mutex_, as all that follow.
  std::optional<ServerReady> ready_;
  std::optional<Result<void>> end_;
  bool stop_requested_{false};
  std::thread thread_;
};

Server::Server(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Server::~Server() = default;
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;

Result<Server> Server::start(const ServerOptions& options) {
  auto started = Implementation::start(options);
  if (!started) return started.error();
  return Server(std::move(*started));
}

Result<ServerReady> Server::wait_until_ready(Duration timeout) {
  return implementation_->wait_until_ready(timeout);
}

void Server::stop() {
  implementation_->stop();
}

Result<void> Server::wait() {
  return implementation_->wait();
}

}  // namespace muster
