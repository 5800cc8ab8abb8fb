// `muster demo`: a whole group on this machine, live.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/demo_show.h"

namespace muster::cli {
namespace {

// Without somebody who could end it.
constexpr std::chrono::seconds time_without_terminal{20};
constexpr int seconds_max = 24 * 60 * 60;

struct DemoArguments {
  std::size_t servers{3};
  int seconds{0};
};

ExitCode run(const DemoArguments& arguments) {
  DemoOptions options{.servers = arguments.servers};
  if (arguments.seconds > 0) {
    options.ends_after = std::chrono::seconds{arguments.seconds};
  } else if (!DemoTerminal::is_there()) {
    options.ends_after = time_without_terminal;
  }
  return DemoShow(options).run();
}

}  // namespace

CLI::App* add_demo(CLI::App& root, ExitCode& exit) {
  CLI::App* const command = root.add_subcommand(
      "demo", "a whole group on this machine, live: kill its leader and see that nothing is lost");
  const auto arguments = std::make_shared<DemoArguments>();
  command->add_option("--servers", arguments->servers, "how many servers to begin with")
      ->check(CLI::Range(std::size_t{1}, DemoServers::servers_max).description(""))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--seconds", arguments->seconds,
                   "ends by itself after so many; not given: with the key q, or after 20 without a "
                   "terminal")
      ->check(CLI::Range(1, seconds_max).description(""))
      ->type_name("N");
  command->callback([arguments, &exit] { exit = run(*arguments); });
  return command;
}

}  // namespace muster::cli
