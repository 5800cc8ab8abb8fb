// A single question to whichever server answers first, without a session.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/dialer.h"
#include "net/link.h"
#include "net/loop.h"
#include "wire/frame.h"
#include "wire/muster.pb.h"

namespace muster::client {

/// What a server answered, and who it says it is.
struct Answer {
  std::string address;      ///< As it was dialled.
  wire::ServerHello hello;  ///< Its first frame.
  wire::Frame frame;        ///< The answer; to a `Steer` also `Refused`.
};

/// Asks the servers in turn, one at a time, until one answers. For questions that change nothing
/// (status, members, a local read): also a server without leader or majority can answer them, and
/// the group's log does not grow by a session.
///
/// Thread-safety: none. Destroying it gives up without a call.
class Question final : private net::LinkObserver {
 public:
  struct Options {
    std::vector<std::string> servers;  ///< `HOST:PORT`, tried in this order; not empty.
    std::string group{};  ///< Name or id; servers of others are passed over. Empty: any.
    Bytes secret{};
    Duration server_timeout{std::chrono::seconds{2}};  ///< From the dial to the answer.
    Duration timeout{std::chrono::seconds{10}};        ///< In all.
    bool wait{false};  ///< Begin again after each round, until `timeout`.
    Duration round_pause{std::chrono::milliseconds{200}};
  };
  /// Called once, from the loop. The error says what each kind of failure was and what to do.
  using OnDone = std::function<void(Result<Answer>)>;

  /// Precondition: `loop` outlives it.
  Question(net::Loop& loop, Options options, wire::Frame question, OnDone on_done);
  ~Question() override;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

 private:
  void on_open(net::Link& link) override;
  void on_frame(net::Link& link, wire::Frame frame) override;
  void on_close(net::Link& link, const Error& error) override;

  const std::string& server() const { return options_.servers[next_]; }
  void ask_next();
  void dialled(net::DialResult result);
  Result<void> take(wire::Frame& frame);
  Result<void> take_hello(const wire::Frame& frame);
  void give_up_server(Error error);
  void finish(Result<Answer> result);
  void drop_connection();
  void set_timer(Duration after, void (Question::*then)());
  void server_is_silent();
  Error failure() const;

  net::Loop& loop_;
  const Options options_;
  const wire::Frame question_;
  const Instant deadline_;
  OnDone on_done_;
  net::Dialer dialer_;
  std::optional<net::Dialer::DialId> dial_;
  std::shared_ptr<net::Link> link_;
  std::optional<wire::ServerHello> hello_;
  bool asked_{false};       // The server that is connected has the question.
  bool unanswered_{false};  // One that had it went without an answer.
  std::size_t next_{0};
  std::size_t unreachable_{0};          // Of this round.
  std::optional<Error> telling_error_;  // More than "nobody there"; the last one.
  std::unique_ptr<boost::asio::steady_timer> timer_;
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};
};

/// Runs `loop` until somebody stops it, also when it was stopped before.
void run_until_stopped(net::Loop& loop);

/// Runs `loop` for this time, or until somebody stops it.
void run_for(net::Loop& loop, Duration length);

/// Runs `loop` until the question is answered.
[[nodiscard]] Result<Answer> ask(net::Loop& loop, Question::Options options, wire::Frame question);

}  // namespace muster::client
