// `muster serve`: one server of a group.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/console_of_server.h"
#include "cli/options.h"
#include "cli/secret_file.h"
#include "cli/serve_config.h"
#include "cli/serve_irc.h"
#include "cli/services.h"
#include "library/port_holder.h"
#include "muster/error.h"
#include "net/address.h"
#include "net/interfaces.h"
#include "server/server.h"
#include "server/validation.h"

namespace muster::cli {
namespace {

using namespace std::chrono_literals;

/// What was typed, before it is made sense of.
struct ServeOptions {
  server::Options server{};
  std::string founding{"auto"};
  std::optional<int> founding_number{};
  std::string election{"highest-id"};
  std::string secret_file{};
  std::string motd_file{};
  std::string config_file{};
  std::string discovery{"multicast"};
  std::string multicast_address{};
  bool console{false};
};

CLI::Validator one_of(std::vector<std::string> values) {
  return CLI::IsMember(std::move(values), CLI::ignore_case).description("");
}

void add_place_options(CLI::App& command, server::Options& server) {
  const auto store_in = [](std::optional<std::uint16_t>& port) {
    return [&port](const std::uint16_t& value) { port = value; };
  };
  command
      .add_option_function<std::uint16_t>(
          "--tcp-port,--port", store_in(server.client_port),
          "port for clients; 0: any free one; not given: the first free of 8888, 8890 ... 8906")
      ->check(port_number())
      ->type_name("PORT");
  command
      .add_option_function<std::uint16_t>(
          "--peer-port", store_in(server.peer_port),
          "port for the other servers; 0: any free one; not given: the port for clients + 1")
      ->check(port_number())
      ->type_name("PORT");
  command.add_option("--bind", server.bind, "listen on this address only; not given: on all")
      ->type_name("ADDRESS");
  command
      .add_option("--advertise", server.advertise,
                  "what others are told to connect to, when that is not an address of this machine")
      ->type_name("HOST[:PORT]");
  command
      .add_option("--data", server.data_folder,
                  "where the log is kept; not given: $XDG_STATE_HOME/muster/GROUP-PORT, else "
                  "~/.local/state/muster/GROUP-PORT")
      ->type_name("FOLDER");
}

void add_group_options(CLI::App& command, ServeOptions& options) {
  node::Options& node = options.server.node;
  command.add_option("--group", node.group, "the group to found or join")
      ->envname("MUSTER_GROUP")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--name", node.name, "of this server, for people; not given: HOST-PORT")
      ->type_name("NAME");
  add_addresses(command, "--seeds", node.seeds, "ports for servers (P+1) of other servers");
  command
      .add_option("--zone", node.zone, "where this server is; clients of the same zone prefer it")
      ->type_name("NAME");
  add_tags(command, node.tags, "what people want to know of it; repeatable");
  command
      .add_option("--expect", node.expect,
                  "how many servers found the group together; not given: this one and the seeds")
      ->type_name("N")
      ->check(CLI::Range(1, 15).description(""));
  command.add_option("--voters", node.voters, "at most so many servers vote; the others stand by")
      ->check(CLI::Range(1, 15).description(""))
      ->type_name("N")
      ->capture_default_str();
  auto* const found =
      command
          .add_option(
              "--found", options.founding,
              "found the group: auto (when enough hear each other), now (alone, at once) or "
              "never (only join)")
          ->transform(one_of({"auto", "now", "never"}))
          ->type_name("WHEN")
          ->capture_default_str();
  command.add_option("--opt", options.founding_number, "1: as --found now; 0: as --found never")
      ->check(CLI::Range(0, 1).description(""))
      ->type_name("0|1")
      ->excludes(found);
  command
      .add_option("--priority", node.priority,
                  "0 to 255: the higher leads; counts before the number")
      ->check(CLI::Range(0, 255).description(""))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--election", options.election,
                  "of equal priorities: highest-id, lowest-id, or stable (whoever leads stays)")
      ->transform(one_of({"highest-id", "lowest-id", "stable"}))
      ->type_name("RULE")
      ->capture_default_str();
}

void add_time_options(CLI::App& command, node::Options& node) {
  add_duration(command, "--handover-after", node.handover_after,
               "a better-ranked server leads when it was caught up for so long",
               {.plausible = 100ms});
  add_duration(command, "--heartbeat-interval", node.heartbeat_interval,
               "between two signs of life of the leader", {.plausible = 5ms});
  add_duration(command, "--election-timeout", node.election_timeout,
               "silence until another leader is elected; at least three heartbeats",
               {.plausible = 15ms});
  add_duration(command, "--failure-timeout", node.failure_timeout,
               "silence until a server counts as failed", {.plausible = 100ms});
  add_duration(command, "--session-timeout", node.session_timeout,
               "absence until a client's session ends", {.plausible = 100ms});
  add_duration(command, "--forget-after", node.forget_after,
               "absence until a failed server without a vote leaves the list", {.plausible = 1s});
}

void add_discovery_options(CLI::App& command, ServeOptions& options) {
  net::Datagrams::Options& datagrams = options.server.datagrams;
  command
      .add_option("--discovery", options.discovery,
                  "how other servers are looked for: multicast, broadcast, local (only on this "
                  "machine) or off (only --seeds)")
      ->transform(one_of({"multicast", "broadcast", "local", "off"}))
      ->type_name("HOW")
      ->capture_default_str();
  command.add_option("--discovery-port", datagrams.port, "UDP port of all servers' discovery")
      ->check(port_number())
      ->type_name("PORT")
      ->capture_default_str();
  command
      .add_option(
          "--multicast-address", options.multicast_address,
          "IPv4 or IPv6 group; not given: " + datagrams.group_v4 + " and " + datagrams.group_v6)
      ->type_name("ADDRESS");
  command.add_option("--multicast-ttl", datagrams.ttl, "how far multicast goes; 1: this network")
      ->check(CLI::Range(0, 255).description(""))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--interface", datagrams.interfaces,
                  "look on this network interface only; repeatable; not given: on all")
      ->type_name("NAME");
  node::Options& node = options.server.node;
  add_duration(command, "--discovery-window", node.discovery_window,
               "how long others are looked for before a group is founded", {.plausible = 50ms});
  command
      .add_option("--discovery-attempts", node.discovery_attempts,
                  "probes within the window, with pauses that double")
      ->check(CLI::Range(1, 16).description(""))
      ->type_name("N")
      ->capture_default_str();
  add_duration(command, "--beacon-interval", node.beacon_interval,
               "between two announcements of this server", {.plausible = 50ms});
}

void add_admission_options(CLI::App& command, ServeOptions& options) {
  auto* const secret =
      command
          .add_option("--secret-file", options.secret_file,
                      "only who knows the secret in this file is let in, from any machine")
          ->type_name("FILE");
  command
      .add_flag("--open", options.server.admission.open,
                "let in whoever reaches the ports; not given: processes of this machine only")
      ->excludes(secret);
  command.add_flag("--rejoin", options.server.rejoin,
                   "archive the data folder first and join the group as a new server");
}

/// CLI11 asks each option by itself; what two of them say together is checked here.
void check_together(const node::Options& node) {
  if (const Result<void> valid = server::validate(node); !valid) {
    throw CLI::ValidationError("--" + valid.error().message, CLI::ExitCodes::ValidationError);
  }
}

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

void check_places(const server::Options& server) {
  if (server.client_port && *server.client_port == 65'535 && !server.peer_port) {
    refuse("--tcp-port",
           "65535 leaves no room for the port for servers behind it: take a lower "
           "one, or give --peer-port too");
  }
  if (server.client_port && server.client_port == server.peer_port && *server.peer_port != 0) {
    refuse("--peer-port",
           "is the port for clients: choose another, for instance " +
               std::to_string(*server.peer_port == 65'535 ? 65'534 : *server.peer_port + 1));
  }
  const bool must_be_number = server.datagrams.mode != net::DiscoveryMode::off;
  boost::system::error_code no_address;
  boost::asio::ip::make_address(server.bind, no_address);
  if (must_be_number && !server.bind.empty() && no_address) {
    refuse("--bind", "'" + server.bind + "' is no address: write one of this machine's, as " +
                         "127.0.0.1 or ::");
  }
  if (server.advertise.empty()) return;
  const Result<net::Address> advertised = net::parse_address(server.advertise, 1);
  if (!advertised) refuse("--advertise", advertised.error().message);
}

/// A name that no interface has would leave the server alone without a word.
void check_interfaces(const std::vector<std::string>& wanted) {
  const std::vector<net::Interface> all = net::interfaces();
  for (const std::string& name : wanted) {
    if (all.empty() || std::ranges::find(all, name, &net::Interface::name) != all.end()) continue;
    std::string names;
    for (const net::Interface& one : all) names += (names.empty() ? "" : ", ") + one.name;
    refuse("--interface", fmt::format("this machine has no {}; it has {}", name, names));
  }
}

node::FoundingMode founding_of(const ServeOptions& options) {
  if (options.founding_number) {
    return *options.founding_number == 1 ? node::FoundingMode::now : node::FoundingMode::never;
  }
  if (options.founding == "now") return node::FoundingMode::now;
  if (options.founding == "never") return node::FoundingMode::never;
  return node::FoundingMode::automatic;
}

node::ElectionRule election_of(const std::string& rule) {
  if (rule == "lowest-id") return node::ElectionRule::lowest_id;
  if (rule == "stable") return node::ElectionRule::stable;
  return node::ElectionRule::highest_id;
}

void print_ready(const server::Server::Ready& ready) {
  std::fputs((ready.to_line() + "\n").c_str(), stdout);
  std::fflush(stdout);
}

net::DiscoveryMode discovery_of(const std::string& mode) {
  if (mode == "broadcast") return net::DiscoveryMode::broadcast;
  if (mode == "local") return net::DiscoveryMode::local;
  if (mode == "off") return net::DiscoveryMode::off;
  return net::DiscoveryMode::multicast;
}

/// The group's settings that were typed, by the names that `muster set` has for them.
std::set<std::string> settings_given(const CLI::App& command) {
  std::set<std::string> given;
  for (const char* const key :
       {"election", "voters", "heartbeat-interval", "election-timeout", "failure-timeout",
        "session-timeout", "handover-after", "forget-after"}) {
    if (command.count(std::string("--") + key) > 0) given.insert(key);
  }
  return given;
}

void read_files(ServeOptions& options) {
  if (!options.secret_file.empty()) {
    Result<Secret> secret = read_secret_file(options.secret_file);
    if (!secret) throw ErrorException(secret.error());
    if (!secret->warning.empty()) std::fprintf(stderr, "warning: %s\n", secret->warning.c_str());
    options.server.admission.secret = std::move(secret->bytes);
  }
  if (!options.motd_file.empty()) {
    Result<Motd> motd = read_motd(options.motd_file);
    if (!motd) throw ErrorException(motd.error());
    if (!motd->warning.empty()) std::fprintf(stderr, "warning: %s\n", motd->warning.c_str());
    options.server.irc.motd = std::move(motd->lines);
  }
}

ExitCode run(const CLI::App& command, ServeOptions options) {
  options.server.node.settings_given = settings_given(command);
  check_together(options.server.node);
  options.server.datagrams.mode = discovery_of(options.discovery);
  check_places(options.server);
  check_interfaces(options.server.datagrams.interfaces);
  if (!options.multicast_address.empty()) {
    const auto set = net::Datagrams::set_group(options.server.datagrams, options.multicast_address);
    if (!set) refuse("--multicast-address", set.error().message);
  }
  server::Options& server = options.server;
  server.node.founding = founding_of(options);
  server.node.election = election_of(options.election);
  server.node.version = program_version();
  server.build = program_build();
  server.machines = make_services;
  read_files(options);
  server.who_holds = [secret = server.admission.secret](std::uint16_t port) {
    return library::who_holds(port, secret);
  };
  std::optional<ConsoleOfServer> console;
  if (options.console) {
    console.emplace(ClientOptions{
        .group = server.node.group, .timeout = 3s, .secret_file = options.secret_file});
    server.log_sink = console->log_sink();
  }
  const auto ready = [&](const server::Server::Ready& known) {
    console ? console->print(known.to_line()) : print_ready(known);
  };
  for (;;) {
    const std::string host = server.bind.empty() ? "127.0.0.1" : server.bind;
    server::Server running(std::move(server), ready);
    std::optional<ConsoleOfServer::Attachment> attachment;
    if (console) attachment.emplace(*console, running, host);
    server::Server::End end = running.run();
    if (!end.again) return end.exit_code;
    server = std::move(*end.again);
  }
}

}  // namespace

CLI::App* add_serve(CLI::App& root, ExitCode& exit) {
  CLI::App* const command = root.add_subcommand("serve", "runs one server of a group");
  const auto options = std::make_shared<ServeOptions>();
  add_group_options(*command, *options);
  add_place_options(*command, options->server);
  add_time_options(*command, options->server.node);
  add_discovery_options(*command, *options);
  add_irc_options(*command, options->server, options->motd_file);
  add_admission_options(*command, *options);
  add_log_level(*command, options->server.log_level);
  command->add_flag("--console", options->console,
                    "the console in this terminal; from a pipe one command per line");
  command
      ->add_option("--config", options->config_file,
                   "a TOML file with these options, without the dashes; those given here win")
      ->type_name("FILE.toml");
  command->callback([command, options, &exit] {
    if (!options->config_file.empty()) apply_config(*command, options->config_file);
    exit = run(*command, *options);
  });
  return command;
}

}  // namespace muster::cli
