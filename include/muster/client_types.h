// What a client is set up with, and what it is answered and told. Values only: no call, no thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "muster/bytes.h"
#include "muster/discovery.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"

namespace muster {

/// Limits of every client; beyond them a request is refused with RESOURCE_EXHAUSTED or, where it
/// could never pass, INVALID_ARGUMENT.
constexpr std::size_t calls_in_flight_max = 1'024;          ///< Unanswered calls of one client.
constexpr std::size_t reads_in_flight_max = 1'024;          ///< Unanswered reads of one client.
constexpr std::size_t call_payload_bytes_max = 256 * 1024;  ///< Of one call or reply.
constexpr std::size_t topics_followed_max = 160;            ///< Of one client.
constexpr std::size_t heartbeat_value_bytes_max = 64;       ///< Of `Client::set_heartbeat_value`.

/// What happened to a client's connection.
struct ClientChange {
  enum class Kind : std::uint8_t {
    connected,  ///< A connection to `address` is up.
    lost,       ///< That to `address` is gone; others are tried, and what is unanswered sent again.
    opened,     ///< The group knows this client: calls flow.
    resumed,    ///< Calls flow again, at a server that has taken it over.
    ended,      ///< For good: by `end`, or the group gave it up while it was away for too long.
  };
  Kind kind{Kind::connected};
  std::string address;
  std::string reason;  ///< In plain words; may be empty.
  friend bool operator==(const ClientChange&, const ClientChange&) = default;
};

/// What becomes of a client's name if another client of its kind has it. The log decides, so that
/// two never both get it.
enum class NameRule : std::uint8_t {
  any,       ///< Both have it.
  unique,    ///< The later one is refused: all its operations give ALREADY_EXISTS, whose text has
             ///< a name that is free.
  numbered,  ///< It is a base, of at most 54 bytes: the client gets `NAME_N` with the first N, from
             ///< 1, that is free (`Connected::name`).
};

struct ClientOptions {
  /// 1 to 64 bytes of UTF-8, without control characters; what people see.
  std::string name{"client"};
  NameRule name_rule{NameRule::any};
  std::string kind{};            ///< What sort of client, for people; up to 64 bytes.
  std::string group{"default"};  ///< Name or id: whose servers are looked for.
  /// `HOST:PORT` each. Those are taken for servers of the group, whatever their group is called,
  /// and no others are looked for. Empty: servers are found by `discovery`.
  std::vector<std::string> servers{};
  std::string zone{};  ///< Servers of this zone are preferred.
  /// For people, as `GroupView` and `muster sessions` show them: at most 8; keys are names, values
  /// have up to 64 bytes.
  std::map<std::string, std::string> tags{};
  Bytes secret{};  ///< Of the group; empty: none.
  DiscoveryOptions discovery{};
  Duration timeout{std::chrono::seconds{10}};  ///< Of each operation that is given no other.
  /// How often its server hears from this client: 15 ms to 60 s, else INVALID_ARGUMENT. Below a
  /// second by datagrams where they pass, else over the connection. Zero: each second. A client
  /// that is silent for 5 of them (at least 500 ms) is suspected, which `GroupView` tells.
  Duration heartbeat_interval{0};
  /// Silence after which the group ends the session, up to 24 h, else INVALID_ARGUMENT; one below
  /// 2 s or 10 heartbeats becomes that. Zero: that least, or the group's session timeout (10 s) if
  /// no interval is given either. A short one also makes this client give up a silent server
  /// earlier, after half of it.
  Duration session_timeout{0};
  /// Called on the thread that runs the client, in order; must return soon, and may call into the
  /// client, but not wait for it.
  std::function<void(const ClientChange&)> on_change{};
};

/// Where a client is attached.
struct Connected {
  std::string address;  ///< `HOST:PORT` of the server.
  std::string server;   ///< Its name.
  std::string group;    ///< Name of the group.
  std::string group_id;
  std::string name;  ///< That the group has for this client: with its number, if it is numbered.
  friend bool operator==(const Connected&, const Connected&) = default;
};

/// The answer to a call: the service has applied it.
struct Reply {
  Position position;  ///< Its place in the log.
  SharedBytes payload;
  friend bool operator==(const Reply&, const Reply&) = default;
};

enum class Consistency : std::uint8_t {
  local,         ///< What the server at hand has applied; works without a majority.
  linearizable,  ///< Sees every call that was answered before the read was asked.
};

/// The answer to a read.
struct ReadReply {
  LogIndex index;  ///< The state is that after this entry of the log.
  SharedBytes payload;
  friend bool operator==(const ReadReply&, const ReadReply&) = default;
};

/// An event's place: that of the command that published it, and its number among the events of that
/// command. Unique in a log, and increasing.
struct EventPosition {
  Position command;
  std::uint32_t number{};
  friend auto operator<=>(const EventPosition&, const EventPosition&) = default;
};

/// Something happened in a topic.
struct Event {
  EventPosition position;
  LogTime time;  ///< Of the leader that took the command.
  SharedBytes payload;
  friend bool operator==(const Event&, const Event&) = default;
};

/// All events up to the end of entry `index` were told. Comes once what was missed was told, and
/// every few seconds.
struct Reached {
  LogIndex index;
  friend bool operator==(const Reached&, const Reached&) = default;
};

/// Events are missing that no server keeps any more. `state` is what the service has to say instead
/// (`Machine::topic_state`) for all up to the end of entry `index`, or why it can't; the events
/// after it follow.
struct Gap {
  LogIndex index;
  Result<SharedBytes> state{SharedBytes{}};
};

/// What a follower is told, in order, each event once, whatever servers come and go.
using News = std::variant<Event, Reached, Gap>;

struct FollowOptions {
  /// The first place to be told of; one that is not reached yet is waited for. Nothing: from when a
  /// server first answers.
  std::optional<EventPosition> from{};
  /// What waits to be taken, at most (at least one). Beyond it following pauses, and goes on from
  /// there once half was taken: nothing is lost that a server still keeps, and the rest is a `Gap`.
  std::size_t queue_max{1'024};
  std::size_t queue_bytes_max{8 * 1024 * 1024};  ///< Payloads; a larger one may wait alone.
};

}  // namespace muster
