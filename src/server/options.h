// All that a server process is started with.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "edge/irc/options.h"
#include "net/datagrams.h"
#include "net/listener.h"
#include "node/node.h"
#include "server/log.h"
#include "server/ports.h"

namespace muster::server {

struct Options {
  /// Name and addresses are filled in at the start where they are empty; the seed always is.
  node::Options node{};
  std::optional<std::uint16_t> client_port{};  ///< Nothing: the first free pair; 0: any free one.
  std::optional<std::uint16_t> peer_port{};    ///< Nothing: the client port + 1; 0: any free one.
  bool one_port{false};  ///< The client port, which is given, is for other servers too.
  /// Where IRC clients connect; nothing: nowhere. 0 is any free port.
  std::optional<std::uint16_t> irc_port{};
  bool irc_open{false};      ///< IRC clients of other machines, too; so does `admission.open`.
  edge::irc::Options irc{};  ///< Names, version and times are filled in at the start.
  std::string bind{};        ///< A host or address to listen on; empty: every interface.
  std::string advertise{};  ///< `HOST` or `HOST:PORT` that others are told; empty: found by itself.
  std::string data_folder{};       ///< Empty: `default_data_folder`.
  std::optional<GroupId> joins{};  ///< With `rejoin`: only this group; else any of the name.
  storage::Former former{};        ///< For a data folder that is new.
  bool rejoin{false};  ///< What lies there is archived first, and it joins as a new server.
  net::Datagrams::Options datagrams{};  ///< How others are looked for; `bind` is filled in.
  WhoHolds who_holds{};  ///< Names the holder of a port that is taken, for the error.
  net::Admission admission{};
  std::string log_level{"info"};  ///< debug, info, warning, error or critical.
  LogSink log_sink{};             ///< Where the log's lines go; empty: to standard error.
  /// The process is there for this server: SIGTERM and SIGINT stop it, SIGPIPE is ignored, and the
  /// limit of descriptors is raised. Otherwise all that is left to whoever runs it.
  bool owns_process{true};
  node::MachineFactory machines{};
  std::string build{};  ///< How the program was built, for people; shown by the method `version`.
  /// Who of a list of members is there, at each change; called from the loop.
  std::function<void(const node::Presence& presence)> on_presence{};
};

}  // namespace muster::server
