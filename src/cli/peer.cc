// `muster peer`: one server of a group whose members stand in a file.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/peer_lines.h"
#include "cli/services.h"
#include "discovery/entry_file.h"
#include "library/port_holder.h"
#include "net/address.h"
#include "server/places.h"
#include "server/server.h"

namespace muster::cli {
namespace {

using namespace std::chrono_literals;

struct PeerOptions {
  std::uint32_t id{0};
  std::uint16_t port{0};
  std::string entry{"./entry"};
  std::string election{"lowest-id"};
  server::Options server{};
};

Error unreadable(const std::string& path, const std::string& reason) {
  return {ErrorCode::not_found, "the entry file " + path + " can't be read: " + reason +
                                    "; --entry FILE names another one"};
}

Result<std::string> read_entry_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::strerror(errno));
  std::string text(discovery::entry_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return unreadable(path, "is it a folder?");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Result<discovery::EntryFile> load(const PeerOptions& options) {
  const auto text = read_entry_file(options.entry);
  if (!text) return text.error();
  auto file = discovery::parse_entry_file(*text, options.port);
  if (!file) return Error{file.error().code, options.entry + ": " + file.error().message};
  if (std::ranges::find(*file, ServerNumber{options.id}, &discovery::EntryLine::id) ==
      file->end()) {
    std::string ids;
    for (const discovery::EntryLine& peer : *file) {
      ids += (ids.empty() ? "" : ",") + std::to_string(peer.id.value);
    }
    return Error{ErrorCode::invalid_argument, options.entry + ": no line has the ID " +
                                                  std::to_string(options.id) + ": there are " +
                                                  ids};
  }
  return file;
}

bool is_address_of_this_machine(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && net::is_local(address);
}

/// Behind an address translation it may be right; more often it is a slip in the file or the ID.
void warn_of_foreign_address(const PeerOptions& options, const std::string& host) {
  boost::system::error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  if (no_address || is_address_of_this_machine(host)) return;
  fmt::print(stderr,
             "warning: {} is the address of ID {} in {}, and none of this machine's: unless others "
             "are passed on to this machine from there, check the ID and the file\n",
             host, options.id, options.entry);
}

/// Where several peers of one machine share a port, each listens on its own address only; otherwise
/// a peer listens on all, as the address that others know may be none of this machine's.
std::string bind_for(const discovery::EntryFile& file, const discovery::EntryLine& self) {
  if (!is_address_of_this_machine(self.host)) return {};
  const bool shared = std::ranges::any_of(file, [&](const discovery::EntryLine& other) {
    return other.id != self.id && other.port == self.port && is_address_of_this_machine(other.host);
  });
  return shared ? self.host : std::string();
}

/// All of them vote. They beat every 2 s: a link that closes is noticed at once anyway.
void set_list(node::Options& node, const discovery::EntryFile& file, ServerNumber own) {
  node::MemberList list{.numbers = {}, .own = own, .digest = discovery::digest_of(file)};
  for (const discovery::EntryLine& peer : file) {
    list.numbers.insert(peer.id);
    if (peer.id != own) node.seeds.push_back(peer.address());
  }
  node.list = std::move(list);
  node.voters = discovery::listed_max;
  node.heartbeat_interval = 2s;
  node.election_timeout = 5s;
  node.failure_timeout = 5s;
}

void print_lines(PeerLines& lines, const node::Presence& presence) {
  for (const std::string& line : lines.lines_for(presence)) fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::optional<std::string> environment_of_peer(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

node::ElectionRule election_by(const std::string& rule) {
  if (rule == "stable") return node::ElectionRule::stable;
  if (rule == "highest-id") return node::ElectionRule::highest_id;
  return node::ElectionRule::lowest_id;
}

/// The server of `muster serve`, with what the file says in place of all that is looked for.
server::Options server_for(const PeerOptions& options, const discovery::EntryFile& file) {
  const ServerNumber own{options.id};
  const discovery::EntryLine& self = *std::ranges::find(file, own, &discovery::EntryLine::id);
  server::Options server = options.server;
  set_list(server.node, file, own);
  server.node.name = "peer-" + std::to_string(options.id);
  server.node.election = election_by(options.election);
  server.node.version = program_version();
  server.client_port = self.port;
  server.one_port = true;
  server.bind = bind_for(file, self);
  server.advertise = self.address();
  server.datagrams.mode = net::DiscoveryMode::off;
  for (const discovery::EntryLine& peer : file) server.admission.hosts.push_back(peer.host);
  if (server.data_folder.empty()) {
    auto folder = server::default_data_folder(
        server.node.group + "-peer-" + std::to_string(options.id), self.port, environment_of_peer);
    if (!folder) throw ErrorException(folder.error());
    server.data_folder = std::move(*folder);
  }
  server.build = program_build();
  server.machines = make_services;
  server.who_holds = [](std::uint16_t port) { return library::who_holds(port, {}); };
  return server;
}

ExitCode run(const PeerOptions& options) {
  const auto file = load(options);
  if (!file) {
    fmt::print(stderr, "{}\n", file.error().message);
    return 2;
  }
  server::Options server = server_for(options, *file);
  warn_of_foreign_address(
      options, std::ranges::find(*file, ServerNumber{options.id}, &discovery::EntryLine::id)->host);
  const auto lines = std::make_shared<PeerLines>(*file);
  server.on_presence = [lines](const node::Presence& presence) { print_lines(*lines, presence); };
  for (;;) {
    server::Server::End end = server::Server(std::move(server), [](const auto&) {}).run();
    if (!end.again) return end.exit_code;
    server = std::move(*end.again);
  }
}

}  // namespace

CLI::App* add_peer(CLI::App& root, ExitCode& exit) {
  CLI::App* const command =
      root.add_subcommand("peer", "runs one server of a group whose members stand in a file");
  const auto options = std::make_shared<PeerOptions>();
  command->add_option("ID", options->id, "which line of the entry file is this server's; from 0 on")
      ->required()
      ->check(CLI::Range(0U, discovery::listed_id_max).description(""));
  command
      ->add_option("PORT", options->port,
                   "of all peers whose line has none, for clients and peers alike")
      ->required()
      ->check(CLI::Range(1, 65'535).description(""));
  command
      ->add_option("--entry", options->entry,
                   "the entry file, the same for all: the number of peers, then a line ID ADDRESS "
                   "or ID ADDRESS:PORT for each")
      ->type_name("FILE")
      ->capture_default_str();
  command
      ->add_option("--election", options->election,
                   "who leads: lowest-id, highest-id, or stable (whoever leads stays)")
      ->transform(
          CLI::IsMember({"highest-id", "lowest-id", "stable"}, CLI::ignore_case).description(""))
      ->type_name("RULE")
      ->capture_default_str();
  command
      ->add_option("--data", options->server.data_folder,
                   "where the log is kept; not given: $XDG_STATE_HOME/muster/GROUP-peer-ID-PORT, "
                   "else below ~/.local/state")
      ->type_name("FOLDER");
  command->add_option("--group", options->server.node.group, "what clients call the group")
      ->envname("MUSTER_GROUP")
      ->type_name("NAME")
      ->capture_default_str();
  add_log_level(*command, options->server.log_level);
  command->callback([options, &exit] { exit = run(*options); });
  return command;
}

}  // namespace muster::cli
