// Who is missed just now: servers and clients that are suspected, asked for while a group is
// watched. It is in no log, so that no topic tells it.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "client/client.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "net/loop.h"
#include "wire/muster.pb.h"

namespace muster::client {

/// Somebody is suspected or heard again, told as the topics `group` and `sessions` tell what the
/// log has: a state SUSPECT or ALIVE of a server, SUSPECTED or HEARD of a client.
struct Suspicion {
  std::variant<wire::GroupEvent, wire::SessionEvent> event;
  LogIndex index;  ///< What the server that was asked had applied.
  LogTime time;    ///< That server's.
};

/// Compares answers. Pure. Thread-safety: none.
class SuspectList {
 public:
  /// What has changed since the answer before: to a request with `suspects`, if clients are wanted.
  /// Those that have failed, left or ended are passed over: of them the topics tell.
  std::vector<Suspicion> take(const wire::Members& answer);
  /// A session is over: it is not heard again.
  void ended(const std::string& session_id) { clients_.erase(session_id); }

 private:
  void take_servers(const wire::Members& answer, std::vector<Suspicion>& changes);
  void take_clients(const wire::Members& answer, std::vector<Suspicion>& changes);

  std::map<std::uint32_t, std::string> servers_;        // Suspected: names by number.
  std::map<std::string, wire::SessionStatus> clients_;  // Suspected, by id.
};

/// Asks the server that a client follows topics at, again and again while this lives.
///
/// Thread-safety: none; on the client's loop.
class Suspicions {
 public:
  struct Options {
    bool servers{true};
    bool clients{true};
    Duration interval{std::chrono::milliseconds{500}};  ///< From an answer to the next question.
  };
  using Handler = std::function<void(const Suspicion&)>;

  /// `handler` is called from the loop and must not destroy this. Precondition: the client outlives
  /// it.
  Suspicions(net::Loop& loop, Client& client, Options options, Handler handler);
  Suspicions(const Suspicions&) = delete;
  Suspicions& operator=(const Suspicions&) = delete;

  /// What the topic `sessions` tells the client: who has ended is not heard again.
  void note(const session::TopicNews& news);

 private:
  void ask();
  void ask_later();
  void take(const Result<wire::Frame>& answer);

  Client& client_;
  const Options options_;
  Handler handler_;
  SuspectList list_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};
};

}  // namespace muster::client
