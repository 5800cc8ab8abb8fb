// What stands behind a `Client`: the session's driver on its loop, and those who wait for it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"
#include "client/suspicions.h"
#include "library/loops.h"
#include "library/waiting.h"
#include "muster/client_types.h"

namespace muster::library {

class Follower;

/// Drives one `client::Client` for any number of coroutines. Held by the handle, its subscriptions
/// and operations that have not begun.
///
/// Thread-safety: none, but for the constructor, `context`, `id` and `default_timeout`: everything
/// else on the loop.
class ClientDriver final : public LoopUser, public std::enable_shared_from_this<ClientDriver> {
 public:
  /// `only_follows`: no session is opened, so that nothing but topics works.
  ClientDriver(boost::asio::io_context& context, ClientOptions options, bool only_follows = false);
  ~ClientDriver() override;
  ClientDriver(const ClientDriver&) = delete;
  ClientDriver& operator=(const ClientDriver&) = delete;

  boost::asio::io_context& context() const { return context_; }
  SessionId id() const { return id_; }
  Duration default_timeout() const { return options_.timeout; }

  /// Begins to look for a server, unless it has begun or is over. Operations do so by themselves.
  void start();
  void connect(Duration timeout, const WaitingPointer<Connected>& waiting);
  void call(ServiceId service, SharedBytes payload, Duration timeout,
            const WaitingPointer<Reply>& waiting);
  void read(ServiceId service, const SharedBytes& payload, Consistency consistency,
            Duration timeout, const WaitingPointer<ReadReply>& waiting);
  Result<std::shared_ptr<Follower>> follow(const std::string& topic, const FollowOptions& options);
  /// Tells of servers and clients that are missed, from now on; once. Nothing if it is over.
  void watch_suspicions(client::Suspicions::Handler handler);
  Result<void> set_heartbeat_value(BytesView value);
  void end(const WaitingPointer<bool>& waiting);
  /// Closes the connection; who waits gets ABORTED, and so does every operation after it.
  void close();
  void abandon() override { close(); }

  /// For followers: asks the servers for a topic from a place on, and leaves it for a while.
  void resume(Follower& follower);
  void pause(const Follower& follower);
  void forget(const Follower& follower);

 private:
  Result<void> usable();
  Result<void> follow_at_servers(const std::shared_ptr<Follower>& follower);
  client::Client::Options client_options() const;
  void changed(const session::StateChange& change);
  void has_ended();
  std::optional<Connected> connected() const;
  Error not_connected(Duration timeout) const;

  boost::asio::io_context& context_;
  const ClientOptions options_;
  const SessionId id_;
  const bool only_follows_;
  std::unique_ptr<client::Client> client_;  // Null before `start` and after `close`.
  std::unique_ptr<client::Suspicions> suspicions_;
  std::optional<Error> over_;  // Why no operation is begun any more.
  std::vector<WaitingPointer<Connected>> connecting_;
  std::vector<WaitingPointer<bool>> ending_;
  std::map<std::string, std::shared_ptr<Follower>, std::less<>> followers_;
};

/// Errors: INVALID_ARGUMENT for options with which no operation can ever work.
[[nodiscard]] Result<void> check_options(const ClientOptions& options);
/// How servers are looked for. Precondition: `check_options` has passed.
client::Discovery::Options search_for(const ClientOptions& options);

/// What a call and a read give when they are given up midway.
Interruptions call_interruptions();
Interruptions other_interruptions();

}  // namespace muster::library
