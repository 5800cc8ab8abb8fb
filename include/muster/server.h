// A server of a group, inside your program, with your services.
//
//     muster::ServerOptions options{.group = "shop"};
//     options.services = muster::services_of<Counter>();
//     auto server = muster::Server::start(options).value();
//     server.wait_until_ready(std::chrono::minutes{1}).value();
//     ...
//     server.stop();
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/bytes.h"
#include "muster/discovery.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/machine.h"
#include "muster/time.h"

namespace muster {

/// Services of your own have this id or a higher one; those below are the product's.
constexpr ServiceId first_own_service{100};

/// Makes all services of a server, each in its state before the first command. Called at the start
/// and whenever the state is taken in anew, from any thread. The same on all servers of a group.
using Services = std::function<std::vector<std::unique_ptr<service::Machine>>()>;

/// Services of these types, made without an argument.
template <std::derived_from<service::Machine>... Machines>
Services services_of() {
  return [] {
    std::vector<std::unique_ptr<service::Machine>> services;
    (services.push_back(std::make_unique<Machines>()), ...);
    return services;
  };
}

/// When a server may found a group.
enum class Founding : std::uint8_t {
  automatic,  ///< When as many as expected hear each other and no group answers.
  now,        ///< At once, alone.
  never,      ///< Only joins.
};

/// Which of two servers of equal priority leads.
enum class Election : std::uint8_t {
  highest_id,  ///< The higher number: by default the newest server.
  lowest_id,   ///< The lower number.
  stable,      ///< Whoever leads stays; the higher number when a leader is lost.
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// As the options of `muster serve`, with the same defaults. Durations are at least 1 ms.
struct ServerOptions {
  Services services{};  ///< Must be set.

  std::string group{"default"};               ///< The group to found or join.
  std::string name{};                         ///< Of this server, for people; empty: HOST-PORT.
  std::string zone{};                         ///< Clients of the same zone prefer it.
  std::map<std::string, std::string> tags{};  ///< For people.
  std::vector<std::string> seeds{};           ///< `HOST:PEER-PORT` of other servers.
  std::optional<std::uint16_t>
      client_port{};  ///< Nothing: first free of 8888, 8890 … 8906; 0: any.
  std::optional<std::uint16_t> peer_port{};  ///< Nothing: the one for clients + 1; 0: any.
  std::string bind{};                        ///< Address to listen on; empty: all.
  std::string advertise{};                   ///< `HOST[:PORT]` that others are told.
  /// Where the log is kept, for this server alone. Empty: `$XDG_STATE_HOME/muster/GROUP-PORT`, else
  /// `~/.local/state/muster/GROUP-PORT`.
  std::string data_folder{};

  std::size_t expect{0};  ///< How many found the group together; 0: this one and the seeds.
  Founding founding{Founding::automatic};
  std::uint32_t priority{100};  ///< 0 to 255: the higher leads; counts before the number.
  /// The newest behaviour of the services that this program knows, from 1 on: raise it with each
  /// change of what a command does (`Machine::set_behaviour`).
  std::uint32_t behaviour_version{1};
  bool rejoin{false};  ///< What lies in the folder is archived, and it joins as a new one.

  // Settings of the group: the founder's, as long as nobody changes them with `muster set`.
  Election election{Election::highest_id};
  std::size_t voters{5};  ///< 1 to 15: at most so many vote; the others stand by.
  Duration heartbeat_interval{std::chrono::milliseconds{50}};
  Duration election_timeout{std::chrono::milliseconds{300}};  ///< At least three heartbeats.
  Duration failure_timeout{std::chrono::seconds{5}};   ///< Silence until a server has failed.
  Duration session_timeout{std::chrono::seconds{10}};  ///< Absence until a client is given up.
  Duration handover_after{std::chrono::seconds{2}};    ///< Caught up for so long: it leads.
  Duration forget_after{std::chrono::hours{24}};       ///< Until a failed non-voter is forgotten.

  DiscoveryOptions discovery{};
  Duration discovery_window{std::chrono::milliseconds{1500}};  ///< Until a group is founded.
  unsigned discovery_attempts{4};                              ///< 1 to 16 probes in the window.
  Duration beacon_interval{std::chrono::seconds{1}};

  Bytes secret{};    ///< Only who knows it is let in, from any machine; empty: see `open`.
  bool open{false};  ///< Without a secret: let in whoever reaches the ports, not this machine only.

  LogLevel log_level{LogLevel::info};
  /// Takes each line of the server's log, on its threads, one at a time. Must return soon and not
  /// call into the server. Empty: standard error.
  std::function<void(LogLevel level, std::string_view text)> on_log{};
};

/// What a server is once it belongs to a group.
struct ServerReady {
  std::string group;
  std::string name;
  ServerNumber number;
  std::uint16_t client_port{};
  std::uint16_t peer_port{};
  std::string leader;  ///< Name of who leads then.
  friend bool operator==(const ServerReady&, const ServerReady&) = default;
};

/// A running server: ports, a data folder, and two threads, one of which runs the services. It
/// takes no signal and changes nothing of the process; raise the limit of descriptors for many
/// clients.
///
/// When another group took its place (two of one name have met, or it was removed), it archives its
/// data and begins anew by itself, as `muster serve` does.
///
/// Thread-safety: all members may be called from any thread, also at the same time, except moving
/// and destroying. Not from within a service or `on_log`.
class Server {
 public:
  /// Opens ports and data folder, and serves from then on. Errors: INVALID_ARGUMENT for options or
  /// services that can never work; ALREADY_EXISTS for a port that is taken; whatever keeps it from
  /// using the data folder. Each says what to do.
  [[nodiscard]] static Result<Server> start(const ServerOptions& options);
  /// Stops in good order, and waits for it.
  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  /// Waits until it belongs to a group and serves. Errors: DEADLINE_EXCEEDED, naming what it may
  /// wait for; as `wait` if it has ended before.
  [[nodiscard]] Result<ServerReady> wait_until_ready(Duration timeout);
  /// Asks it to stop: it hands over its leadership and its vote, which takes up to 8 s, and ends.
  /// It stays a member, to come back with the same folder. Returns at once.
  void stop();
  /// Waits until it has ended. Errors: UNAVAILABLE with the reason, if nobody asked it to stop, or
  /// FAILED_PRECONDITION if it was told by the group to go.
  [[nodiscard]] Result<void> wait();

 private:
  class Implementation;
  explicit Server(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace muster
