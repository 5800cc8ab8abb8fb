// The options that every client command has, and what follows from them.
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "client/client.h"
#include "client/discovery.h"
#include "client/question.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/time.h"
#include "net/loop.h"

namespace muster::cli {

/// Where the group is and how to talk to it. Filled in by CLI11, from arguments and environment.
struct ClientOptions {
  std::string group{"default"};
  bool group_given{false};
  std::vector<std::string> servers{};  ///< Empty: they are looked for.
  Duration discovery_timeout{std::chrono::seconds{3}};
  Duration timeout{std::chrono::seconds{10}};
  bool wait{false};
  std::string secret_file{};
  /// Marks what changes something. `chat` hands it to the group; what steers servers does the same
  /// when it is said twice, and what only asks changes nothing, so that those need no more.
  std::string key{};
  /// What people want to know of this client.
  std::map<std::string, std::string> tags{};
  std::string log_level{"warning"};
  bool json{false};

  /// Those that were named, else those that discovery finds, best first. Throws `ErrorException`
  /// (UNAVAILABLE) if it finds none, naming what was asked and the remedy.
  std::vector<std::string> servers_to_try() const;
  client::Discovery::Options discovery() const;
  /// For a client that stays; nothing if servers were named.
  std::optional<client::Discovery::Options> rediscovery() const;
  /// Without `--group` a server that was named is taken whatever group it belongs to.
  std::string group_wanted() const;
  /// From `--secret-file` or `MUSTER_SECRET`; empty if neither is given. Throws `ErrorException`
  /// if the file cannot be used; a warning about it goes to standard error.
  Bytes secret() const;
  client::Question::Options question() const;
};

/// Defines the common options on `command`. `options` outlives it. A group without a name is
/// refused: servers take that for any group.
void add_client_options(CLI::App& command, ClientOptions& options);

/// Says on standard error what went wrong and returns what to exit with.
ExitCode report(const Error& error);

/// Asks for `type` (`status_request` or `members_request`) and reads the answer.
/// Errors: as `client::Question`.
template <class Message>
[[nodiscard]] Result<Message> ask_for(const ClientOptions& options, wire::FrameType type,
                                      const google::protobuf::MessageLite& request) {
  net::Loop loop;
  const auto answer = client::ask(loop, options.question(),
                                  {.type = type, .body = SharedBytes(wire::encode(request))});
  if (!answer) return answer.error();
  return wire::decode<Message>(answer->frame.body.view());
}

}  // namespace muster::cli
