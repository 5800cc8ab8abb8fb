// A client of a group, for programs that use Boost.Asio: every operation is a coroutine.
//
//     boost::asio::awaitable<void> count(boost::asio::io_context& context) {
//       muster::Client client(context, {.group = "shop"});
//       const muster::Result<muster::Reply> reply =
//           co_await client.call(counter, muster::as_bytes("1"));
//       if (!reply) std::cerr << reply.error().message << '\n';
//       co_await client.end();
//     }
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/bytes.h"
#include "muster/client_types.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster {

namespace library {
class ClientDriver;
class Follower;
}  // namespace library

/// A topic that is followed: what there is to tell waits in a bounded queue until it is taken.
///
/// Thread-safety: as `Client`. Destroying it ends the following; a `next` that waits then gets
/// ABORTED.
class Subscription {
 public:
  Subscription() = default;  ///< Follows nothing: `next` gives FAILED_PRECONDITION.
  ~Subscription();
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept;

  /// The next event, mark or gap, waited for as long as it takes. Servers that die are no error: it
  /// goes on at others. One at a time. A `next` that is cancelled takes nothing.
  /// Errors: ABORTED when the client has ended or was destroyed and all that came before is taken;
  /// FAILED_PRECONDITION while another `next` waits.
  boost::asio::awaitable<Result<News>> next();
  /// The same. Errors: also DEADLINE_EXCEEDED if nothing came within `timeout`.
  boost::asio::awaitable<Result<News>> next(Duration timeout);

 private:
  friend class Client;
  explicit Subscription(std::shared_ptr<library::Follower> follower);

  std::shared_ptr<library::Follower> follower_;
};

/// A client of one group: finds a server, opens a session there, and when that server dies goes on
/// at another one, where it sends again what is unanswered. Each call takes effect at most once.
///
/// **Errors.** Operations give a `Result`; they throw only what Asio throws in a coroutine that was
/// cancelled. An error's text says what to do; its outcome says whether a call took effect. Losing
/// a server is no error: operations wait for the next one until their timeout. Options that can
/// never work are INVALID_ARGUMENT of every operation.
///
/// **Timeouts** count from when the operation begins, through elections and reconnects. A call that
/// was sent and whose time is up is `perhaps_applied`: it is still sent on until it is answered, so
/// that later calls keep their order, and counts against `calls_in_flight_max`.
///
/// **Order.** Calls take effect in the order in which they were begun, also those under way at the
/// same time.
///
/// **Cancellation** (Asio's per-operation cancellation, as by `operator||`) ends the wait at once
/// with ABORTED. A call may take effect all the same: its outcome is `perhaps_applied`.
///
/// **Destruction** at any time, from any thread, also within an operation's continuation:
/// operations under way get ABORTED, a call with `perhaps_applied`, and the connection is closed.
/// The group gives the session up after its session timeout; `end` is the polite way.
///
/// **Threads.** The client lives on `context`, which is to be run by one thread at a time and to
/// outlive it (unless it belongs to a coroutine there, which goes with the context). Its members
/// may be called from any thread and awaited on any executor: a coroutine goes on where it was.
/// While it exists it keeps `context` busy. Clients of one context share buffers: thousands are
/// fine.
class Client {
 public:
  /// Begins to look for a server.
  Client(boost::asio::io_context& context, ClientOptions options);
  ~Client();
  Client(Client&&) noexcept = default;
  Client& operator=(Client&& other) noexcept;

  /// Waits until calls flow. Not needed before other operations, which wait by themselves, but
  /// tells whether there is a server at all. Errors: what kept the servers from taking it:
  /// UNAVAILABLE, UNAUTHENTICATED and so on, when the time is up; ABORTED when it has ended.
  boost::asio::awaitable<Result<Connected>> connect();
  boost::asio::awaitable<Result<Connected>> connect(Duration timeout);

  /// Has `service` apply a command, and gives its reply. The payload is copied. Errors: what the
  /// service refuses (outcome `applied`: the answer is final); RESOURCE_EXHAUSTED at once when
  /// `calls_in_flight_max` are unanswered; INVALID_ARGUMENT for a payload beyond
  /// `call_payload_bytes_max`; NOT_FOUND if the group has no such service; DEADLINE_EXCEEDED;
  /// ABORTED.
  boost::asio::awaitable<Result<Reply>> call(ServiceId service, BytesView payload);
  boost::asio::awaitable<Result<Reply>> call(ServiceId service, BytesView payload,
                                             Duration timeout);

  /// Asks `service` for its state (`Machine::query`). Nothing is changed, so it may be asked again
  /// after any error. Errors: as `call`.
  boost::asio::awaitable<Result<ReadReply>> read(
      ServiceId service, BytesView payload, Consistency consistency = Consistency::linearizable);
  boost::asio::awaitable<Result<ReadReply>> read(ServiceId service, BytesView payload,
                                                 Consistency consistency, Duration timeout);

  /// Follows a topic; what there is to tell waits in the subscription. Does not wait for a server.
  /// Errors: INVALID_ARGUMENT for a name that can't be; ALREADY_EXISTS if this client follows it;
  /// RESOURCE_EXHAUSTED beyond `topics_followed_max`; ABORTED when the client has ended.
  boost::asio::awaitable<Result<Subscription>> follow(std::string_view topic,
                                                      FollowOptions options = {});

  /// What rides on this client's heartbeats from now on: the newest value of something, as a
  /// position. It is in no log; every server has it about 100 ms after a heartbeat came
  /// (`ClientInfo::heartbeat_value`), and a newer one replaces it. Empty: nothing rides any more.
  /// Errors: INVALID_ARGUMENT beyond `heartbeat_value_bytes_max`; ABORTED when it has ended.
  boost::asio::awaitable<Result<void>> set_heartbeat_value(BytesView value);

  /// Ends the session for good: what is unanswered gets ABORTED, subscriptions end, and the group
  /// is told if it can be reached within the timeout. Every later operation gets ABORTED.
  boost::asio::awaitable<void> end();

  /// By which the group knows this client.
  SessionId id() const;

 private:
  std::shared_ptr<library::ClientDriver> driver_;
};

/// Looks for servers, best first. Errors: UNAVAILABLE if none answered, naming what was asked and
/// the remedy; INVALID_ARGUMENT for options that can never work. Threads: as `Client`.
boost::asio::awaitable<Result<std::vector<FoundServer>>> find_servers(
    boost::asio::io_context& context, SearchOptions options);

}  // namespace muster
