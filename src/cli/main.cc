// The program `muster`.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/nearest.h"
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "muster/error.h"

namespace muster::cli {
namespace {

constexpr const char* first_steps =
    "muster: servers that agree on a leader and keep one ordered, durable log\n"
    "  muster serve                   starts a server; those that find each other form a group\n"
    "  muster status                  leader, log, and whether writes are possible\n"
    "  muster bench --in-flight 256   how many commands per second the group takes\n"
    "  muster --help                  all commands; muster COMMAND --help for one\n";

/// `muster help` and `muster help COMMAND`; a first word that is no command is refused before
/// anything else is made of the line. Returns nothing when there is a command to carry out.
std::optional<ExitCode> look_at_first_word(const CLI::App& root,
                                           std::vector<std::string>& arguments) {
  const std::string word = arguments.empty() ? "" : arguments.front();
  if (word == "help" && arguments.size() == 1) {
    fmt::print("{}", first_steps);
    return 0;
  }
  if (word == "help") arguments = {arguments[1], "--help"};
  const std::string& name = arguments.front();
  if (name.starts_with('-')) return std::nullopt;
  std::vector<std::string_view> names;
  for (const CLI::App* const command : root.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->check_name(name)) return std::nullopt;
    names.push_back(command->get_name());
  }
  fmt::print(stderr, "there is no command {}; did you mean {}? muster --help lists them\n", name,
             nearest(name, names));
  return 2;
}

/// The same for the second word, where a command has commands of its own.
std::optional<ExitCode> look_at_second_word(const CLI::App& root,
                                            const std::vector<std::string>& arguments) {
  std::vector<std::string_view> names;
  for (const CLI::App* const command : root.get_subcommands(
           [&](const CLI::App* one) { return one->check_name(arguments.front()); })) {
    for (const CLI::App* const one :
         command->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(one->get_name());
    }
  }
  const std::string word = arguments.size() < 2 ? "" : arguments[1];
  if (names.empty() || word == "-h" || word == "--help" || std::ranges::count(names, word) > 0) {
    return std::nullopt;
  }
  if (word.empty() || word.starts_with('-')) {
    fmt::print(stderr, "say first what to do: muster {} {}; options come after it\n",
               arguments.front(), fmt::join(names, "|"));
    return 2;
  }
  fmt::print(stderr,
             "there is no command {0} {1}; did you mean {0} {2}? muster {0} --help lists them\n",
             arguments.front(), word, nearest(word, names));
  return 2;
}

ExitCode run(std::vector<std::string> arguments) {
  CLI::App root("Servers that agree on a leader and keep one ordered, durable log.", "muster");
  root.require_subcommand(1);
  ExitCode exit = 0;
  add_serve(root, exit);
  add_peer(root, exit);
  add_status(root, exit);
  add_members(root, exit);
  add_sessions(root, exit);
  add_discover(root, exit);
  add_wait(root, exit);
  add_transfer(root, exit);
  add_drain(root, exit);
  add_undrain(root, exit);
  add_remove(root, exit);
  add_leave(root, exit);
  add_set(root, exit);
  add_dissolve(root, exit);
  add_snapshot(root, exit);
  add_watch(root, exit);
  add_rmi(root, exit);
  add_console(root, exit);
  add_chat(root, exit);
  add_auction(root, exit);
  add_mobility(root, exit);
  add_bench(root, exit);
  add_demo(root, exit);
  add_doctor(root, exit);
  add_recover(root, exit);
  add_reset(root, exit);
  add_version(root, exit);
  root.set_version_flag("--version", version_line());
  if (const auto done = look_at_first_word(root, arguments)) return *done;
  if (const auto done = look_at_second_word(root, arguments)) return *done;
  try {
    std::ranges::reverse(arguments);  // CLI11 takes them from the end.
    root.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? 0 : 2;
  }
  return exit;
}

}  // namespace
}  // namespace muster::cli

int main(int argument_count, char** arguments) {
  if (argument_count <= 1) {
    fmt::print("{}", muster::cli::first_steps);
    return 0;
  }
  try {
    return muster::cli::run(muster::cli::with_dashes(argument_count, arguments));
  } catch (const muster::ErrorException& failure) {
    return muster::cli::report(failure.error());
  } catch (const std::exception& failure) {
    fmt::print(stderr, "INTERNAL: {}\n", failure.what());
    return 1;
  }
}
