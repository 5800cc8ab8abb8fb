// `muster watch`: events of topics, as they happen.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/watch_lines.h"
#include "client/client.h"
#include "client/suspicions.h"
#include "group/group.h"
#include "replica/session_events.h"
#include "wire/control.h"

namespace muster::cli {
namespace {

struct WatchOptions {
  ClientOptions client{};
  std::vector<std::string> topics{};
  std::optional<std::uint64_t> from{};
};

void print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print("{}\n", line);
  if (!lines.empty()) std::fflush(stdout);
}

void log_watch_change(const session::StateChange& change) {
  if (change.kind == session::StateChange::Kind::connected) {
    fmt::print(stderr, "told by {}\n", change.address);
  } else if (change.kind == session::StateChange::Kind::lost) {
    fmt::print(stderr, "lost {}: {}; another server goes on\n", change.address, change.reason);
  }
}

/// One server of the group that answers, first; it names the others.
Result<std::vector<std::string>> find_servers(net::Loop& loop, const ClientOptions& options) {
  const auto answer = client::ask(loop, options.question(),
                                  {.type = wire::FrameType::status_request,
                                   .body = SharedBytes(wire::encode(wire::StatusRequest{}))});
  if (!answer) return answer.error();
  std::vector<std::string> servers{answer->address};
  for (const std::string& server : options.servers) {
    if (server != answer->address) servers.push_back(server);
  }
  return servers;
}

/// Returns only on an error: watching ends when somebody ends it.
ExitCode run(const WatchOptions& options) {
  net::Loop loop;
  const auto servers = find_servers(loop, options.client);
  if (!servers) return report(servers.error());
  client::Client client(loop, {.session = {.id = {}, .seeds = *servers, .only_follows = true},
                               .secret = options.client.secret(),
                               .discovery = options.client.rediscovery()});
  if (options.client.log_level == "info" || options.client.log_level == "debug") {
    client.on_change(log_watch_change);
  }
  const bool several = options.topics.size() > 1;
  const auto watches = [&](std::string_view topic) {
    return std::ranges::find(options.topics, topic) != options.topics.end();
  };
  std::optional<client::Suspicions> suspicions;
  if (watches(group::topic) || watches(replica::sessions_topic)) {
    suspicions.emplace(
        loop, client,
        client::Suspicions::Options{.servers = watches(group::topic),
                                    .clients = watches(replica::sessions_topic)},
        [&](const client::Suspicion& change) {
          print({options.client.json ? json_line(change) : text_line(change, several)});
        });
  }
  std::optional<wire::EventPosition> from;
  if (options.from) from = wire::beginning_of({*options.from});
  for (const std::string& topic : options.topics) {
    const auto followed = client.follow(topic, from, [&](const session::TopicNews& news) {
      if (suspicions) suspicions->note(news);
      print(options.client.json ? json_lines(news) : text_lines(news, several));
    });
    if (!followed) return report(followed.error());
  }
  client::run_until_stopped(loop);
  return 0;
}

}  // namespace

CLI::App* add_watch(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("watch", "events as they happen, each with its index");
  const auto options = std::make_shared<WatchOptions>();
  add_client_options(*command, options->client);
  command
      ->add_option("topics", options->topics,
                   "what to watch, as `sessions`; without one `group`: membership and leadership")
      ->type_name("TOPIC");
  command
      ->add_option("--from", options->from,
                   "begin with the events of this entry of the log, as far as they are kept")
      ->check(whole_number())
      ->type_name("INDEX");
  command->callback([options, &exit] {
    if (options->topics.empty()) options->topics = {std::string(group::topic)};
    std::ranges::sort(options->topics);
    options->topics.erase(std::unique(options->topics.begin(), options->topics.end()),
                          options->topics.end());
    exit = run(*options);
  });
  return command;
}

}  // namespace muster::cli
