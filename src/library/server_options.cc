#include "library/server_options.h"

#include <set>
#include <string>
#include <utility>

#include "library/discovery.h"
#include "library/port_holder.h"
#include "muster/version.h"
#include "net/address.h"
#include "server/validation.h"

namespace muster::library {
namespace {

Error invalid(std::string text) {
  return {ErrorCode::invalid_argument, std::move(text)};
}

Result<void> check_services(const Services& services) {
  if (!services) return invalid("no services are given: set ServerOptions::services");
  std::set<ServiceId> ids;
  for (const auto& machine : services()) {
    if (machine == nullptr) return invalid("a service is null");
    const std::string name(machine->name());
    if (machine->id() < first_own_service) {
      return invalid("service " + name + " has id " + std::to_string(machine->id().value) +
                     ": those below " + std::to_string(first_own_service.value) +
                     " are Muster's own");
    }
    if (!ids.insert(machine->id()).second) {
      return invalid("two services have id " + std::to_string(machine->id().value) + ", one is " +
                     name);
    }
  }
  return {};
}

node::FoundingMode to_node(Founding founding) {
  switch (founding) {
    case Founding::automatic:
      return node::FoundingMode::automatic;
    case Founding::now:
      return node::FoundingMode::now;
    case Founding::never:
      return node::FoundingMode::never;
  }
  return node::FoundingMode::automatic;
}

node::ElectionRule to_node(Election election) {
  switch (election) {
    case Election::highest_id:
      return node::ElectionRule::highest_id;
    case Election::lowest_id:
      return node::ElectionRule::lowest_id;
    case Election::stable:
      return node::ElectionRule::stable;
  }
  return node::ElectionRule::highest_id;
}

/// Those that differ from the defaults: whoever set them is told once if the group has others.
std::set<std::string> settings_given(const ServerOptions& options) {
  const ServerOptions defaults;
  std::set<std::string> given;
  const auto note = [&](const char* name, bool differs) {
    if (differs) given.insert(name);
  };
  note("election", options.election != defaults.election);
  note("voters", options.voters != defaults.voters);
  note("heartbeat-interval", options.heartbeat_interval != defaults.heartbeat_interval);
  note("election-timeout", options.election_timeout != defaults.election_timeout);
  note("failure-timeout", options.failure_timeout != defaults.failure_timeout);
  note("session-timeout", options.session_timeout != defaults.session_timeout);
  note("handover-after", options.handover_after != defaults.handover_after);
  note("forget-after", options.forget_after != defaults.forget_after);
  return given;
}

node::Options node_options(const ServerOptions& options) {
  node::Options node;
  node.group = options.group;
  node.name = options.name;
  node.version = version();
  node.seeds = options.seeds;
  node.zone = options.zone;
  node.tags = options.tags;
  node.expect = options.expect;
  node.founding = to_node(options.founding);
  node.discovery_window = options.discovery_window;
  node.discovery_attempts = options.discovery_attempts;
  node.beacon_interval = options.beacon_interval;
  node.election = to_node(options.election);
  node.voters = options.voters;
  node.heartbeat_interval = options.heartbeat_interval;
  node.election_timeout = options.election_timeout;
  node.failure_timeout = options.failure_timeout;
  node.session_timeout = options.session_timeout;
  node.handover_after = options.handover_after;
  node.forget_after = options.forget_after;
  node.settings_given = settings_given(options);
  node.priority = options.priority;
  node.behaviour_version = options.behaviour_version;
  return node;
}

std::string name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

LogLevel to_public(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return LogLevel::error;
  if (level == spdlog::level::warn) return LogLevel::warning;
  return level == spdlog::level::info ? LogLevel::info : LogLevel::debug;
}

}  // namespace

Result<server::Options> to_server_options(const ServerOptions& options) {
  if (const auto valid = check_services(options.services); !valid) return valid.error();
  if (const auto valid = check_discovery(options.discovery); !valid) return valid.error();
  for (const std::string& seed : options.seeds) {
    if (const auto address = net::parse_address(seed); !address) return address.error();
  }
  if (options.open && !options.secret.empty()) {
    return invalid("a server is open or has a secret, not both: leave one out");
  }
  if (options.behaviour_version < 1) return invalid("behaviour_version 0 is none: the first is 1");
  server::Options server;
  server.node = node_options(options);
  if (const auto valid = server::validate(server.node); !valid) return valid.error();
  server.client_port = options.client_port;
  server.peer_port = options.peer_port;
  server.bind = options.bind;
  server.advertise = options.advertise;
  server.data_folder = options.data_folder;
  server.rejoin = options.rejoin;
  server.datagrams = to_datagrams(options.discovery);
  server.who_holds = [secret = options.secret](std::uint16_t port) {
    return who_holds(port, secret);
  };
  server.admission = {.secret = options.secret, .open = options.open};
  server.log_level = name_of(options.log_level);
  if (options.on_log) {
    server.log_sink = [on_log = options.on_log](spdlog::level::level_enum level,
                                                std::string_view text) {
      on_log(to_public(level), text);
    };
  }
  server.owns_process = false;
  server.machines = options.services;
  return server;
}

}  // namespace muster::library
