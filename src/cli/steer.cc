// What operators want of a group: transfer, drain, undrain, leave, remove, set, dissolve, snapshot.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/json_line.h"
#include "cli/session_list.h"
#include "cli/steering.h"
#include "group/settings.h"
#include "muster/duration.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

constexpr int redirects_max = 5;
constexpr Duration pause_min = std::chrono::milliseconds{50};
constexpr Duration pause_max = std::chrono::seconds{1};

/// One way to whoever leads. UNAVAILABLE of a server, and not of the way to it, is "not yet".
struct Attempt {
  Result<wire::Steered> result;
  bool not_yet{false};
};

bool is_not_yet(const Error& error) {
  return error.code == ErrorCode::unavailable && error.outcome != Outcome::perhaps_applied;
}

Attempt attempt(net::Loop& loop, client::Question::Options question, const wire::Frame& frame) {
  for (int redirects = 0; redirects < redirects_max; ++redirects) {
    const auto answer = client::ask(loop, question, frame);
    if (!answer) {
      // Whoever was said to lead may be gone; those that were named are asked again only for that.
      return {answer.error(), redirects > 0 && is_not_yet(answer.error())};
    }
    if (answer->frame.type == wire::FrameType::steered) {
      return {wire::decode<wire::Steered>(answer->frame.body.view())};
    }
    if (answer->frame.type == wire::FrameType::refused) {
      const auto refused = wire::decode<wire::Refused>(answer->frame.body.view());
      const Error error = refused ? wire::to_error(*refused) : refused.error();
      return {error, is_not_yet(error)};
    }
    const auto redirect = wire::decode<wire::Redirect>(answer->frame.body.view());
    if (!redirect) return {redirect.error()};
    if (redirect->address().empty()) break;
    question.servers = {redirect->address()};
  }
  return {Error{ErrorCode::unavailable, "the leader changes all the time"}, true};
}

}  // namespace

// An election or a lost majority passes: asked again, later each time, until time is up.
Result<wire::Steered> steer(const ClientOptions& options, const wire::Steer& what) {
  client::Question::Options question = options.question();
  question.server_timeout = options.timeout;  // A hand-over or a leave takes its time.
  const wire::Frame frame{.type = wire::FrameType::steer, .body = SharedBytes(wire::encode(what))};
  net::Loop loop;
  const Instant deadline = loop.now() + options.timeout;
  for (Duration pause = pause_min;; pause = std::min(2 * pause, pause_max)) {
    auto [result, not_yet] = attempt(loop, question, frame);
    if (!not_yet) return std::move(result);
    const Duration left = deadline - loop.now();
    if (left <= pause) {
      Error error = result.error();
      error.message += fmt::format("; it was so for {}: --timeout waits longer",
                                   muster::to_text(options.timeout));
      return error;
    }
    client::run_for(loop, pause);
    question.timeout = question.server_timeout = left - pause;
  }
}

namespace {

/// What was asked of the group, beside what came of it.
struct Asked {
  std::string command{};
  std::string target{};  ///< A server or group, as it was typed.
  std::map<std::string, std::string> values{};
};

/// `index ordinal command target values message`; index 0: nothing had to be written.
std::string receipt_json(const Asked& asked, const wire::Steered& steered) {
  JsonLine values;
  for (const auto& [key, value] : asked.values) values.add(key, value);
  return JsonLine{}
      .add("index", steered.index())
      .add("ordinal", steered.ordinal())
      .add("command", asked.command)
      .add("target", asked.target)
      .add_json("values", values.text())
      .add("message", steered.message())
      .text();
}

ExitCode tell(const ClientOptions& options, const Asked& asked,
              const Result<wire::Steered>& steered) {
  if (!steered) return report(steered.error());
  fmt::print("{}\n", options.json ? receipt_json(asked, *steered) : steered->message());
  return 0;
}

struct SteerOptions {
  ClientOptions client{};
  std::string name{};
  std::vector<std::string> values{};
};
using Fill = std::function<void(wire::Steer&, const std::string& name)>;

/// A subcommand that takes one server's name.
CLI::App* add_named(CLI::App& root, ExitCode& exit, const std::string& verb,
                    const std::string& help, const Fill& fill) {
  CLI::App* const command = root.add_subcommand(verb, help);
  const auto options = std::make_shared<SteerOptions>();
  command->add_option("server", options->name, "its name, #NUMBER or id")
      ->type_name("NAME")
      ->required();
  add_client_options(*command, options->client);
  command->callback([options, verb, fill, &exit] {
    wire::Steer what;
    fill(what, options->name);
    exit = tell(options->client, {.command = verb, .target = options->name},
                steer(options->client, what));
  });
  return command;
}

ExitCode show_settings(const ClientOptions& options) {
  const auto status =
      ask_for<wire::Status>(options, wire::FrameType::status_request, wire::StatusRequest{});
  if (!status) return report(status.error());
  if (!status->has_settings()) return report(why_no_group(*status));
  if (options.json) {
    fmt::print("{}\n", wire::to_json(status->settings()));
    return 0;
  }
  for (const auto& [key, value] : group::to_values(status->settings())) {
    fmt::print("{}={}\n", key, value);
  }
  return 0;
}

ExitCode run_set(const SteerOptions& options) {
  if (options.values.empty()) return show_settings(options.client);
  wire::Steer what;
  Asked asked{.command = "set"};
  for (const std::string& text : options.values) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw CLI::ValidationError("'" + text + "' is no KEY=VALUE", 2);
    }
    asked.values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [key, value] : asked.values) {
    (*what.mutable_set()->mutable_values())[key] = value;
  }
  return tell(options.client, asked, steer(options.client, what));
}

/// Without a name of whichever server answers: any takes one.
ExitCode run_snapshot(const SteerOptions& options) {
  wire::Steer what;
  what.set_snapshot(true);
  Asked asked{.command = "snapshot", .target = options.name};
  if (options.name.empty()) return tell(options.client, asked, steer(options.client, what));
  if (const auto valid = check_target(options.name); !valid) {
    throw CLI::ValidationError("server", valid.error().message);
  }
  const auto targets = find_targets(options.client, options.name);
  if (!targets) return report(targets.error());
  ExitCode exit = 0;
  for (const Target& target : *targets) {
    ClientOptions one = options.client;
    one.servers = {target.address};
    auto steered = steer(one, what);
    if (steered) steered->set_message(heading_of(target) + ": " + steered->message());
    if (!target.name.empty()) asked.target = target.name;
    exit = std::max(exit, tell(one, asked, steered));
  }
  return exit;
}

}  // namespace

CLI::App* add_transfer(CLI::App& root, ExitCode& exit) {
  CLI::App* const command =
      add_named(root, exit, "transfer", "hands the leadership over",
                [](wire::Steer& what, const std::string& name) { what.set_transfer(name); });
  command->alias("lead");
  return command;
}

CLI::App* add_remove(CLI::App& root, ExitCode& exit) {
  return add_named(root, exit, "remove", "takes a failed or stopped server out for good",
                   [](wire::Steer& what, const std::string& name) { what.set_remove(name); });
}

CLI::App* add_drain(CLI::App& root, ExitCode& exit) {
  return add_named(root, exit, "drain", "moves a server's clients away and keeps new ones off",
                   [](wire::Steer& what, const std::string& name) { what.set_drain(name); });
}

CLI::App* add_undrain(CLI::App& root, ExitCode& exit) {
  return add_named(root, exit, "undrain", "lets a drained server take clients again",
                   [](wire::Steer& what, const std::string& name) { what.set_undrain(name); });
}

CLI::App* add_leave(CLI::App& root, ExitCode& exit) {
  return add_named(root, exit, "leave", "lets a server give up its seat for good",
                   [](wire::Steer& what, const std::string& name) { what.set_leave(name); });
}

CLI::App* add_snapshot(CLI::App& root, ExitCode& exit) {
  CLI::App* const command = root.add_subcommand("snapshot", "has a server take a snapshot now");
  const auto options = std::make_shared<SteerOptions>();
  command
      ->add_option("server", options->name,
                   "a name, #NUMBER, id, HOST:PORT, a port of this machine, or all; not given: "
                   "whichever answers")
      ->type_name("NAME");
  add_client_options(*command, options->client);
  command->callback([options, &exit] { exit = run_snapshot(*options); });
  return command;
}

CLI::App* add_set(CLI::App& root, ExitCode& exit) {
  CLI::App* const command = root.add_subcommand("set", "shows or changes the group's settings");
  const auto options = std::make_shared<SteerOptions>();
  command
      ->add_option("settings", options->values,
                   "election, voters, heartbeat-interval, election-timeout, failure-timeout, "
                   "session-timeout, handover-after, forget-after")
      ->type_name("KEY=VALUE");
  add_client_options(*command, options->client);
  command->callback([options, &exit] { exit = run_set(*options); });
  return command;
}

CLI::App* add_dissolve(CLI::App& root, ExitCode& exit) {
  CLI::App* const command = root.add_subcommand(
      "dissolve", "this group gives way to another one of its name; its data is archived");
  const auto options = std::make_shared<SteerOptions>();
  command->add_option("--into", options->name, "the id of the group to join instead")
      ->type_name("GROUP-ID")
      ->required();
  add_client_options(*command, options->client);
  command->callback([options, &exit] {
    if (const auto id = wire::parse_id<GroupId>(options->name); !id) {
      throw CLI::ValidationError(
          "--into",
          "'" + options->name + "' is no group id: `muster status` of the other group has it");
    }
    wire::Steer what;
    what.set_dissolve_into(options->name);
    exit = tell(options->client, {.command = "dissolve", .target = options->name},
                steer(options->client, what));
  });
  return command;
}

}  // namespace muster::cli
