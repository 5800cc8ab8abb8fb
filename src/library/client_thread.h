// The thread and the loop of a blocking client.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "muster/client.h"

namespace muster::library {

/// Runs a loop on a thread of its own, and lets other threads wait for what coroutines on it give.
/// Thread-safety: `wait` any number of threads; not from its own. Whoever waits holds it.
class ClientThread final {
 public:
  ClientThread();
  ~ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  boost::asio::io_context& context() { return context_; }

  /// Runs `operation` and waits for its result. Errors: FAILED_PRECONDITION on its own thread.
  template <class Value>
  Result<Value> wait(boost::asio::awaitable<Result<Value>> operation) {
    if (std::this_thread::get_id() == thread_.get_id()) return on_own_thread();
    return boost::asio::co_spawn(context_, std::move(operation), boost::asio::use_future).get();
  }
  Result<void> wait(boost::asio::awaitable<void> operation);

  /// The client that lives on it; nothing once it was closed.
  void open(ClientOptions options) { client_.emplace(context_, std::move(options)); }
  Client& client() { return *client_; }
  void close() { client_.reset(); }

 private:
  static Error on_own_thread();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::optional<Client> client_;
  std::thread thread_;
};

}  // namespace muster::library
