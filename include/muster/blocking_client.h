// A client of a group, for programs without an event loop: every function waits for its answer.
//
//     auto client = muster::BlockingClient::connect({.group = "shop"}).value();
//     const muster::Result<muster::Reply> reply = client.call(counter, muster::as_bytes("1"));
//     if (!reply) std::cerr << reply.error().message << '\n';
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "muster/bytes.h"
#include "muster/client_types.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster {

namespace library {
class ClientThread;
}  // namespace library
class Subscription;

/// A topic that is followed, as `Subscription`.
///
/// Thread-safety: one thread at a time. Keeps the client's thread alive; destroying it ends the
/// following.
class BlockingSubscription {
 public:
  ~BlockingSubscription();
  BlockingSubscription(BlockingSubscription&&) noexcept;
  BlockingSubscription& operator=(BlockingSubscription&&) noexcept;

  /// The next event, mark or gap. Errors: DEADLINE_EXCEEDED if nothing came within `timeout`;
  /// ABORTED when the client has ended or was destroyed and all that came before is taken;
  /// FAILED_PRECONDITION as those of the client.
  [[nodiscard]] Result<News> next(Duration timeout);

 private:
  friend class BlockingClient;
  BlockingSubscription(std::shared_ptr<library::ClientThread> thread, Subscription subscription);

  std::shared_ptr<library::ClientThread> thread_;
  std::unique_ptr<Subscription> subscription_;  // Goes before its thread.
};

/// `Client` with a thread of its own: the same guarantees, errors, timeouts and limits.
///
/// Thread-safety: any number of threads may use it at the same time; their calls are under way
/// side by side. From within `on_change`, which runs on its own thread, every function that waits
/// gives FAILED_PRECONDITION, and it must not be destroyed there. Destroying it while other threads
/// wait in it gives those ABORTED, a call with `perhaps_applied`; no thread may enter it any more.
class BlockingClient {
 public:
  /// Finds a server and opens a session. Errors: as `Client::connect`, within the options' timeout.
  [[nodiscard]] static Result<BlockingClient> connect(ClientOptions options);
  ~BlockingClient();
  BlockingClient(BlockingClient&&) noexcept;
  BlockingClient& operator=(BlockingClient&&) noexcept;

  /// As those of `Client`.
  [[nodiscard]] Result<Reply> call(ServiceId service, BytesView payload);
  [[nodiscard]] Result<Reply> call(ServiceId service, BytesView payload, Duration timeout);
  [[nodiscard]] Result<ReadReply> read(ServiceId service, BytesView payload,
                                       Consistency consistency = Consistency::linearizable);
  [[nodiscard]] Result<ReadReply> read(ServiceId service, BytesView payload,
                                       Consistency consistency, Duration timeout);
  [[nodiscard]] Result<BlockingSubscription> follow(std::string_view topic,
                                                    FollowOptions options = {});
  Result<void> set_heartbeat_value(BytesView value);
  /// As `Client::end`. Errors: FAILED_PRECONDITION on its own thread.
  Result<void> end();

  SessionId id() const;

 private:
  explicit BlockingClient(std::shared_ptr<library::ClientThread> thread);

  std::shared_ptr<library::ClientThread> thread_;
};

/// Looks for servers, best first, and waits for the answer. Errors: as that of `muster/client.h`.
[[nodiscard]] Result<std::vector<FoundServer>> find_servers(const SearchOptions& options);

}  // namespace muster
