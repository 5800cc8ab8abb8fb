// `muster recover`: a group whose majority is lost for good goes on from one folder.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <random>
#include <string>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/recovery.h"
#include "storage/data_folder.h"
#include "storage/real_files.h"

namespace muster::cli {
namespace {

struct RecoverOptions {
  std::string folder{};
  bool force{false};
  std::string confirmed{};
};

LogTime wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

Uuid new_branch() {
  std::random_device random;
  const auto word = [&] { return std::uint64_t{random()} << 32U | random(); };
  return Uuid::make_v7(std::chrono::milliseconds{wall_clock().milliseconds}, word(), word());
}

/// The group's name, typed by a person or given by `--confirm`.
bool is_confirmed(const RecoverOptions& options, const std::string& group) {
  std::string typed = options.confirmed;
  if (typed.empty() && ::isatty(STDIN_FILENO) == 1) {
    fmt::print(stderr, "type the group's name to go on: ");
    std::getline(std::cin, typed);
  }
  return typed == group;
}

ExitCode run(const RecoverOptions& options) {
  if (!options.force) {
    return report({ErrorCode::failed_precondition,
                   "recovering by force gives up what other servers may hold: start them if you "
                   "can; else say it with --force"});
  }
  if (::access(options.folder.c_str(), F_OK) != 0) {
    return report({ErrorCode::not_found, "no folder " + options.folder + ": check --data"});
  }
  const auto folder = storage::open_data_folder(options.folder, "muster recover");
  if (!folder) return report(folder.error());
  storage::RealFiles files;
  auto examined = examine(files, folder->path);
  if (!examined) return report(examined.error());
  for (const std::string& line : warnings_of(examined->found)) fmt::print(stderr, "{}\n", line);
  const std::string& group = examined->found.identity.group_name;
  if (!is_confirmed(options, group)) {
    return report({ErrorCode::failed_precondition,
                   "nothing was changed: the group's name was not given; type it, or say "
                   "--confirm " +
                       group});
  }
  const Uuid branch = new_branch();
  if (const auto done = recover(*examined, branch, wall_clock()); !done) {
    return report(done.error());
  }
  fmt::print("recovered group {} as branch {}; start it with: muster serve --group {} --data {}\n",
             group, branch.to_string(), group, folder->path);
  return 0;
}

}  // namespace

CLI::App* add_recover(CLI::App& root, ExitCode& exit) {
  CLI::App* const command = root.add_subcommand(
      "recover", "goes on from one server's folder when the majority of a group is lost for good");
  const auto options = std::make_shared<RecoverOptions>();
  command->add_option("--data", options->folder, "of the server that is left, which is stopped")
      ->type_name("FOLDER")
      ->required();
  command->add_flag("--force", options->force,
                    "what only other servers hold is given up; without it nothing is done");
  command->add_option("--confirm", options->confirmed, "the group's name, instead of typing it")
      ->type_name("NAME");
  command->callback([options, &exit] { exit = run(*options); });
  return command;
}

}  // namespace muster::cli
