#include "cli/client_options.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "cli/options.h"
#include "cli/secret_file.h"
#include "wire/control.h"

namespace muster::cli {

client::Discovery::Options ClientOptions::discovery() const {
  return {.search = {.group = group, .timeout = discovery_timeout}, .secret = secret()};
}

std::optional<client::Discovery::Options> ClientOptions::rediscovery() const {
  return servers.empty() ? std::optional(discovery()) : std::nullopt;
}

std::vector<std::string> ClientOptions::servers_to_try() const {
  if (!servers.empty()) return servers;
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    net::Loop loop;
    const client::Discovered found = client::discover(loop, discovery());
    if (!found.candidates.empty()) {
      if (const auto one = found.check_one_group(); !one) throw ErrorException(one.error());
      return found.addresses();
    }
    if (wait && std::chrono::steady_clock::now() - begin < timeout) continue;
    throw ErrorException({ErrorCode::unavailable,
                          fmt::format("{}\nasked on: {}\nname one with --server HOST:PORT, or "
                                      "look into it with: muster doctor",
                                      found.failure, found.asked)});
  }
}

std::string ClientOptions::group_wanted() const {
  return servers.empty() || group_given ? group : "";
}

Bytes ClientOptions::secret() const {
  if (secret_file.empty()) {
    const char* given = std::getenv("MUSTER_SECRET");
    const BytesView bytes = given == nullptr ? BytesView{} : as_bytes(given);
    return {bytes.begin(), bytes.end()};
  }
  const Secret secret = read_secret_file(secret_file).value();
  if (!secret.warning.empty()) fmt::print(stderr, "{}\n", secret.warning);
  return secret.bytes;
}

client::Question::Options ClientOptions::question() const {
  return {.servers = servers_to_try(),
          .group = group_wanted(),
          .secret = secret(),
          .timeout = timeout,
          .wait = wait};
}

void add_client_options(CLI::App& command, ClientOptions& options) {
  command
      .add_option_function<std::string>(
          "--group",
          [&options](const std::string& group) {
            if (const auto valid = wire::validate_name(group); !valid) {
              throw CLI::ValidationError("--group",
                                         valid.error().message +
                                             ", one of `muster discover`; without --group it is " +
                                             options.group);
            }
            options.group = group;
            options.group_given = true;
          },
          "the group, by name or id")
      ->envname("MUSTER_GROUP")
      ->type_name("NAME")
      ->default_str(options.group);
  add_addresses(command, "--server", options.servers,
                "a server to talk to; repeatable. Without it they are looked for")
      ->envname("MUSTER_SERVER");
  add_duration(command, "--discovery-timeout", options.discovery_timeout,
               "how long to look for servers", {.plausible = std::chrono::milliseconds{50}});
  add_duration(command, "--timeout", options.timeout,
               "how long to wait, through elections and reconnects",
               {.plausible = std::chrono::milliseconds{100}});
  command.add_flag("--wait", options.wait, "keep looking for a server until the timeout");
  command
      .add_option("--secret-file", options.secret_file,
                  "file that holds the group's secret; also MUSTER_SECRET=SECRET")
      ->type_name("FILE");
  command
      .add_option("--key", options.key,
                  "marks a command that changes something, so that saying it again with the same "
                  "key does no harm")
      ->type_name("KEY");
  add_tags(command, options.tags, "what people want to know of this client; repeatable");
  add_log_level(command, options.log_level);
  command.add_flag("--json", options.json, "one JSON object per line");
}

ExitCode report(const Error& error) {
  fmt::print(stderr, "{}: {}\n", name_of(error.code), error.message);
  if (error.outcome != Outcome::perhaps_applied) return 1;
  fmt::print(stderr, "perhaps applied: look before you say it again\n");
  return 3;
}

}  // namespace muster::cli
