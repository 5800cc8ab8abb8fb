// `muster rmi`: has servers carry out registered methods.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/invocation.h"

namespace muster::cli {
namespace {

struct RmiOptions {
  ClientOptions client{};
  std::string target{};
  std::string method{};
  std::vector<std::string> arguments{};
};

void print_answer(const ServerAnswer& answer, bool several) {
  std::FILE* const to = answer.invoked ? stdout : stderr;
  if (several) fmt::print(to, "{}\n", heading_of(answer.target));
  for (const std::string& line : text_lines(answer)) {
    fmt::print(to, "{}{}\n", several ? "  " : "", line);
  }
}

ExitCode call_method(const RmiOptions& options) {
  if (const auto valid = check_target(options.target); !valid) {
    throw CLI::ValidationError("target", valid.error().message);
  }
  const auto targets = find_targets(options.client, options.target);
  if (!targets) return report(targets.error());
  wire::Invoke request;
  request.set_method(options.method);
  for (const std::string& argument : options.arguments) request.add_arguments(argument);
  ExitCode exit = 0;
  for (const ServerAnswer& answer : invoke(options.client, *targets, request)) {
    if (options.client.json) {
      fmt::print("{}\n", json_line(answer));
    } else {
      print_answer(answer, options.target == "all");
    }
    if (!answer.invoked) exit = 1;
  }
  return exit;
}

}  // namespace

CLI::App* add_rmi(CLI::App& root, ExitCode& exit) {
  CLI::App* const command =
      root.add_subcommand("rmi", "calls a method of one server or of all; lists the methods");
  const auto options = std::make_shared<RmiOptions>();
  command
      ->add_option("target", options->target,
                   "a name, #NUMBER, id, HOST:PORT, a port of this machine, or all")
      ->type_name("TARGET")
      ->required();
  command->add_option("method", options->method, "not given: lists the methods")
      ->type_name("METHOD");
  command->add_option("arguments", options->arguments, "of the method")->type_name("ARG");
  add_client_options(*command, options->client);
  command->callback([options, &exit] { exit = call_method(*options); });
  return command;
}

}  // namespace muster::cli
