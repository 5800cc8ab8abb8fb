// A client of a group: one session, driven over connections that come and go.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/discovery.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "net/dialer.h"
#include "net/heartbeats.h"
#include "net/link.h"
#include "net/loop.h"
#include "session/session.h"

namespace muster::client {

/// A fresh session id, from the system's clock and its cryptographic source.
SessionId make_session_id();
/// A seed for the session's jitter, from the same source.
std::uint64_t make_seed();

enum class Consistency : std::uint8_t {
  local,         ///< What the server at hand has applied; works without a majority.
  linearizable,  ///< Sees everything that was acknowledged before the read was asked.
};

/// Carries out what a `session::Session` decides: dials, sends, waits, and tells the user what came
/// of each call. Commands that are given within one turn of the loop travel as one batch.
///
/// Handlers are called from the loop, never from within a call into the client; those of calls and
/// reads exactly once.
/// A handler may call into the client, but must not destroy it. Destroying a client closes its
/// connection without a word to the group and calls no handler: `end` is the polite way.
///
/// Thousands of clients may share one loop. Thread-safety: none; use it on its loop.
class Client final : private net::LinkObserver {
 public:
  struct Options {
    session::Session::Options session;  ///< A nil id is replaced by a fresh one, and the seed too.
    Bytes secret{};                     ///< Of the group; empty: none.
    net::LinkOptions link{};
    /// How servers are looked for while none that is known answers, ever more seldom: at once if
    /// none is named. Empty: never.
    std::optional<Discovery::Options> discovery{};
  };
  using CallHandler = std::function<void(Result<session::Reply>)>;
  using QueryHandler = std::function<void(Result<wire::Frame>)>;
  using ReadHandler = std::function<void(Result<session::ReadResult>)>;
  using TopicHandler = std::function<void(const session::TopicNews&)>;
  using ChangeHandler = std::function<void(const session::StateChange&)>;

  /// Begins to look for a server at once. Precondition: `loop` outlives the client.
  Client(net::Loop& loop, Options options);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Gives a command to the group; `handler` gets the answer, or the reason why there is none,
  /// after `timeout` at the latest. An error's outcome says truthfully whether the command may have
  /// taken effect. Errors returned at once, without a call of `handler`: as
  /// `session::Session::call`.
  [[nodiscard]] Result<SequenceNumber> call(ServiceId service, SharedBytes payload,
                                            Duration timeout, CallHandler handler);
  /// Asks a service for its state. Errors: as `call`.
  [[nodiscard]] Result<void> read(ServiceId service, const SharedBytes& payload,
                                  Consistency consistency, Duration timeout, ReadHandler handler);
  /// Asks the server at hand for `Status` or `Members`. Errors: as `session::Session::query`.
  [[nodiscard]] Result<void> query(wire::FrameType type, SharedBytes body, Duration timeout,
                                   QueryHandler handler);
  /// Follows a topic, from `from` on or from when a server first answers, until `unfollow`; over
  /// however many connections. `handler` gets each event once and in order, or a gap. Errors: as
  /// `session::Session::follow`.
  [[nodiscard]] Result<void> follow(const std::string& topic,
                                    std::optional<wire::EventPosition> from, TopicHandler handler);
  /// Its handler is not called any more; it may be the one that calls this.
  void unfollow(const std::string& topic);
  /// What rides on heartbeats from now on. Errors: as `session::Session::set_payload`.
  [[nodiscard]] Result<void> set_payload(BytesView payload) {
    return session_.set_payload(payload);
  }
  /// Ends the session for good; `done` is called when the group has been told, or cannot be told.
  /// Calls and reads that are unanswered get their errors before.
  void end(std::function<void()> done);

  /// Whom to tell of connections and of the session's fate.
  void on_change(ChangeHandler handler) { on_change_ = std::move(handler); }
  const session::Session& session() const { return session_; }
  /// Why the latest search found no server, in plain words with a remedy; empty: it found one, or
  /// there was none.
  const std::string& search_failure() const { return search_failure_; }

 private:
  struct Connection {
    session::LinkId id;
    net::Dialer::DialId dial{};         // Under way while `link` is null.
    std::shared_ptr<net::Link> link{};  // Closing by order of the session if `id` is nil.
    std::unique_ptr<net::HeartbeatSender> heartbeats{};  // Once one went by datagram.
  };

  void on_open(net::Link& link) override;
  void on_frame(net::Link& link, wire::Frame frame) override;
  void on_close(net::Link& link, const Error& error) override;

  void carry_out_later();
  void carry_out();
  void dial(const session::Dial& dial);
  void dialled(session::LinkId id, net::DialResult result);
  void send(session::Outgoing& outgoing);
  void send(const session::OutgoingDatagram& outgoing);
  void close(session::LinkId id);
  void complete(session::Ready& ready);
  void complete_call(session::CompletedCall& call);
  void complete_topics(const std::vector<session::TopicNews>& topics);
  void wait_for_deadline();
  void look_for_servers();
  void finish_end();
  Connection* find(session::LinkId id);
  Connection* find(const net::Link& link);

  net::Loop& loop_;
  session::Session session_;
  const std::optional<Discovery::Options> discovery_options_;
  std::unique_ptr<Discovery> discovery_;  // While servers are looked for.
  Instant next_search_;
  Duration search_pause_;
  std::string search_failure_;
  net::Dialer dialer_;
  std::vector<Connection> connections_;  // One in use at most; others are closing.
  boost::asio::steady_timer timer_;
  std::optional<Instant> timer_set_to_;
  bool carry_out_posted_{false};

  std::deque<CallHandler> call_handlers_;  // Of consecutive commands; empty once called.
  std::uint64_t first_call_{1};            // The sequence number of the first of them.
  std::map<session::RequestId, ReadHandler> read_handlers_;
  std::map<session::RequestId, QueryHandler> query_handlers_;
  std::map<std::string, std::shared_ptr<const TopicHandler>, std::less<>> topic_handlers_;
  ChangeHandler on_change_;
  std::function<void()> on_ended_;
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};  // For posted work.
};

}  // namespace muster::client
