// `muster wait`: for scripts, returns when the group is as wanted.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

struct WaitOptions {
  ClientOptions client{};
  std::uint32_t servers{0};
  bool writable{false};
};

std::uint32_t alive(const wire::Members& members) {
  std::uint32_t count = 0;
  for (const wire::MemberStatus& member : members.members()) {
    if (member.state() == wire::ServerState::ALIVE) ++count;
  }
  return count;
}

/// Empty: it is as wanted. Otherwise what is missing.
std::string missing(const WaitOptions& options) {
  try {
    const auto status = ask_for<wire::Status>(options.client, wire::FrameType::status_request,
                                              wire::StatusRequest{});
    if (!status) return status.error().message;
    if (options.writable && !status->writable()) return status->reason();
    if (options.servers == 0) return {};
    const auto members = ask_for<wire::Members>(options.client, wire::FrameType::members_request,
                                                wire::MembersRequest{});
    if (!members) return members.error().message;
    const std::uint32_t there = alive(*members);
    if (there >= options.servers) return {};
    return fmt::format("{} of {} servers are there", there, options.servers);
  } catch (const ErrorException& error) {
    return error.error().message;
  }
}

ExitCode run(WaitOptions options) {
  constexpr std::chrono::milliseconds pause{100};
  const auto deadline = std::chrono::steady_clock::now() + options.client.timeout;
  options.client.timeout = std::min<Duration>(options.client.timeout, std::chrono::seconds{2});
  options.client.discovery_timeout =
      std::min(options.client.discovery_timeout, options.client.timeout);
  for (;;) {
    const std::string what = missing(options);
    if (what.empty()) return 0;
    if (std::chrono::steady_clock::now() + pause >= deadline) {
      return report({ErrorCode::deadline_exceeded, what});
    }
    std::this_thread::sleep_for(pause);  // A script waits; nothing would tell it sooner.
  }
}

}  // namespace

CLI::App* add_wait(CLI::App& root, ExitCode& exit) {
  CLI::App* const command =
      root.add_subcommand("wait", "returns when the group is as wanted, for scripts");
  const auto options = std::make_shared<WaitOptions>();
  options->client.timeout = std::chrono::seconds{30};
  command->add_option("--servers", options->servers, "until so many servers are alive")
      ->check(whole_number())
      ->type_name("N");
  command->add_flag("--writable", options->writable, "until writes are possible");
  add_client_options(*command, options->client);
  command->callback([options, &exit] { exit = run(*options); });
  return command;
}

}  // namespace muster::cli
