// `muster console`: interactive, or one command per line from a pipe.
#include <memory>

#include "cli/commands.h"
#include "cli/console_shell.h"

namespace muster::cli {

CLI::App* add_console(CLI::App& root, ExitCode& exit) {
  CLI::App* const command =
      root.add_subcommand("console", "asks and steers servers, interactively or from a pipe");
  const auto options = std::make_shared<ClientOptions>();
  add_client_options(*command, *options);
  command->callback([options, &exit] { exit = ConsoleShell({.client = *options}).run(); });
  return command;
}

}  // namespace muster::cli
