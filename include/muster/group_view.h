// Who belongs to a group and what happens there, for programs that use Boost.Asio.
//
//     muster::GroupView view(context, {.group = "shop"});
//     for (const muster::ServerInfo& server : (co_await view.current()).value().servers) ...
//     for (;;) std::cout << (co_await view.next()).value().text << '\n';
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/client_types.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster {

namespace library {
class GroupViewDriver;
}  // namespace library

/// Clients of one snapshot of the view, at most.
constexpr std::size_t view_clients_max = 1'000;

enum class ServerRole : std::uint8_t {
  standby,  ///< Follows the log without a vote.
  voter,
  leader,
};

enum class ServerState : std::uint8_t {
  unknown,
  alive,
  suspect,  ///< The server that answers does not hear it just now.
  failed,
  stopped,  ///< In good order; it is expected back.
  left,     ///< For good.
};

/// A server of the group, as the one that answers knows it.
struct ServerInfo {
  ServerNumber number;
  std::string id;       ///< A UUID, for all time.
  std::string name;     ///< For people.
  std::string address;  ///< `HOST:PORT`, for clients.
  std::string host;     ///< Name of its machine.
  std::string zone;
  std::map<std::string, std::string> tags;
  ServerRole role{ServerRole::standby};
  ServerState state{ServerState::unknown};
  std::uint64_t clients{};
  LogTime first_seen;  ///< When it joined.
  LogTime last_seen;
  friend bool operator==(const ServerInfo&, const ServerInfo&) = default;
};

/// A client with a session. What is optional is known only if its home has answered too.
struct ClientInfo {
  SessionId id;
  std::string name;
  std::string kind;  ///< What sort of client, as it says.
  std::string host;  ///< Name of its machine, as it says.
  std::string zone;
  std::map<std::string, std::string> tags;
  ServerState state{ServerState::unknown};  ///< Alive, or suspect: its home does not hear it.
  LogTime first_seen;                       ///< When its session was opened.
  ServerNumber home;                        ///< The server that it was last attached to.
  std::string home_name;
  std::optional<std::string> address{};       ///< Where its connection comes from.
  std::optional<LogTime> attached{};          ///< When it came to its home.
  std::optional<LogTime> last_seen{};         ///< When it last said something.
  std::optional<std::uint64_t> unanswered{};  ///< Commands.
  Bytes heartbeat_value{};  ///< What rode on its heartbeats last, as far as it is known.
  friend bool operator==(const ClientInfo&, const ClientInfo&) = default;
};

/// The group at one moment.
struct GroupState {
  std::uint64_t view{};             ///< Raised by each change of the membership.
  std::string leader;               ///< Its name; empty: none is known.
  std::vector<ServerInfo> servers;  ///< By number.
  std::vector<ClientInfo> clients;  ///< By id; the first `view_clients_max`.
  std::uint64_t clients_total{};
};

/// Something happened to the group. What the log tells is the same for all: of servers in one
/// order, and of clients in one. Who is suspected, or is back after that alone, is in no log: it is
/// asked for twice a second, and its place is what the server that was asked had applied.
struct GroupEvent {
  enum class Kind : std::uint8_t {
    founded,
    joined,          ///< A server is a member.
    left,            ///< A server is none any more, for good.
    suspected,       ///< A server is not heard by the one that is asked, or a client by its home.
    failed,          ///< It was silent for the failure timeout.
    stopped,         ///< In good order.
    returned,        ///< A server that had failed or stopped, or who was suspected, is back.
    leader_changed,  ///< `server` leads now.
    leader_stays,    ///< The ranks were weighed, and `server` goes on leading.
    role_changed,    ///< A server got a vote or lost it.
    drained,         ///< A server gives its clients away and takes no new ones.
    undrained,
    session_opened,  ///< A client came.
    session_moved,   ///< It is attached to `server` now.
    session_ended,
    settings_changed,
    updated,    ///< A server says something else of itself: name, addresses, tags.
    dissolved,  ///< The group gave way to another one.
    other,      ///< Of a newer version: read the text.
    missed,     ///< Events are missing that no server keeps: ask for the state anew.
  };
  Kind kind{Kind::other};
  EventPosition position;
  LogTime time;  ///< Of the leader that took it; not set for `missed`.
  std::uint64_t view{};
  std::optional<ServerNumber> server{};
  std::optional<SessionId> client{};
  std::string name;  ///< Of that server or client.
  std::string text;  ///< The whole in plain words.
  friend bool operator==(const GroupEvent&, const GroupEvent&) = default;
};

/// What one server has counted since its process began, and what waits there.
struct ServerStatistics {
  ServerNumber number;
  std::string name;
  std::string discovery_phase;  ///< OFF, SEARCHING or SETTLED.
  std::uint64_t discovery_attempts{};
  std::uint64_t discovery_answers{};
  std::uint64_t discovery_duplicates{};
  std::uint64_t discovery_foreign{};  ///< Without the secret, or of another version.
  std::uint64_t leader_changes{};
  std::uint64_t elections_won{};
  std::uint64_t hand_overs_begun{};
  std::uint64_t hand_overs_taken{};
  std::uint64_t heartbeats_sent{};  ///< Between servers: those of leaders.
  std::uint64_t heartbeats_received{};
  std::uint64_t client_heartbeats_by_datagram{};  ///< Of clients here, as are the next ones.
  std::uint64_t client_heartbeats_over_connection{};
  std::uint64_t client_heartbeats_refused{};  ///< Datagrams that did not count.
  std::uint64_t batches_from_clients{};
  std::uint64_t batches_forwarded{};
  std::uint64_t batches_taken_in{};  ///< As the leader, from others.
  std::uint64_t advice_given{};      ///< As the leader: commands of services' advisors.
  std::uint64_t advice_accepted{};
  std::uint64_t advice_refused{};
  std::uint64_t bytes_sent{};
  std::uint64_t bytes_received{};
  std::uint64_t sessions{};
  std::uint64_t clients{};
  std::uint64_t suspects{};  ///< Of those, the ones that are not heard.
  std::uint64_t queued_bytes{};
  Duration longest_step{};  ///< Of its event loop.
  Duration uptime{};
  friend bool operator==(const ServerStatistics&, const ServerStatistics&) = default;
};

/// Watches a group without being one of its clients: no session, nothing in the log.
///
/// **Options** are those of a client; `name` and `kind` are not used. **Errors** are values: what
/// can never work is INVALID_ARGUMENT of every operation, a server that dies is no error.
///
/// **Threads, cancellation, destruction**: as `Client`.
class GroupView {
 public:
  /// Begins to follow the group.
  GroupView(boost::asio::io_context& context, ClientOptions options);
  ~GroupView();
  GroupView(GroupView&&) noexcept = default;
  GroupView& operator=(GroupView&& other) noexcept;

  /// Servers and clients now, as one server knows them, and what the homes know of their clients.
  /// Homes that do not answer in time are done without. Errors: UNAVAILABLE, DEADLINE_EXCEEDED and
  /// so on if no server answers within the options' timeout; ABORTED.
  boost::asio::awaitable<Result<GroupState>> current();

  /// The next event since this was made, waited for as long as it takes: each once, whatever
  /// servers come and go. One at a time. Up to 1,024 of servers and as many of clients wait to be
  /// taken; beyond that as `Client::follow`; of suspicions the latest 1,024. Errors: ABORTED when
  /// this was destroyed; FAILED_PRECONDITION while another `next` waits.
  boost::asio::awaitable<Result<GroupEvent>> next();
  /// The same. Errors: also DEADLINE_EXCEEDED if nothing happened within `timeout`.
  boost::asio::awaitable<Result<GroupEvent>> next(Duration timeout);

  /// What the server at this address has counted; empty: any one. Errors: as `current`.
  boost::asio::awaitable<Result<ServerStatistics>> statistics(std::string_view address = {});

 private:
  std::shared_ptr<library::GroupViewDriver> driver_;
};

}  // namespace muster
