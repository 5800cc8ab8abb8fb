// `muster reset`: removes the data of stopped servers of this machine.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "server/places.h"
#include "storage/data_folder.h"
#include "storage/format/small_files.h"
#include "storage/real_files.h"

namespace muster::cli {
namespace {

namespace fs = std::filesystem;

struct ResetOptions {
  std::string folder{};
  bool yes{false};
};

/// A folder that is not in use, locked for as long as this lives.
struct Found {
  storage::DataFolder folder;
  std::string group{"?"};
  std::string name{"?"};
  std::string number{"-"};
  std::uint64_t bytes{0};
  std::time_t changed{0};
};

/// Only what a server makes, so that a slip in `--data` can't remove anything else.
bool is_of_a_server(const std::string& file) {
  return file == "identity" || file == "fence" || file == "lock" || file.ends_with(".tmp") ||
         file.starts_with("log-") || file.starts_with("snapshot-") || file.starts_with("spare");
}

bool is_data_folder(const std::string& path) {
  struct stat status {};
  return ::stat((path + "/identity").c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

/// Nothing if a living server holds it, which is said.
std::optional<Found> look_into(const std::string& path) {
  auto folder = storage::open_data_folder(path, "muster reset");
  if (!folder) {
    fmt::print(stderr, "left alone: {}\n", folder.error().message);
    return std::nullopt;
  }
  Found found{.folder = std::move(*folder)};
  storage::RealFiles files;
  const auto listed = files.list(path);
  if (!listed) {
    fmt::print(stderr, "left alone: {}\n", listed.error().message);
    return std::nullopt;
  }
  for (const storage::FileInfo& file : *listed) {
    struct stat status {};
    if (::stat((path + "/" + file.name).c_str(), &status) != 0) continue;
    found.bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    if (file.name != "lock") found.changed = std::max(found.changed, status.st_mtime);
  }
  const auto bytes = files.read(path + "/identity", 0, std::size_t{16} << 10U);
  if (!bytes) return found;
  const auto identity = storage::decode_identity(*bytes, path);
  if (!identity) return found;
  found.group = identity->group_name;
  found.name = identity->name;
  if (identity->number) found.number = "#" + std::to_string(identity->number->value);
  return found;
}

void list(const std::vector<Found>& all) {
  for (const Found& one : all) {
    std::tm calendar{};
    ::localtime_r(&one.changed, &calendar);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &calendar);
    fmt::print("{}  group {}, server {} ({}), {} KiB, last change {}\n", one.folder.path, one.group,
               one.name, one.number, one.bytes / 1024, text);
  }
}

/// All data folders below the one that servers choose by themselves, archived ones too.
std::vector<std::string> own_folders() {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
  const std::string one = server::default_data_folder("group", 1, environment).value();
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& item : fs::directory_iterator(fs::path(one).parent_path(), error)) {
    const std::string path = item.path().string();
    if (is_data_folder(path)) folders.push_back(path);
  }
  std::ranges::sort(folders);
  return folders;
}

/// The lock goes last, so that nobody begins anew in a folder that is half gone.
ExitCode remove(const Found& found) {
  const std::string& path = found.folder.path;
  storage::RealFiles files;
  const auto listed = files.list(path);
  if (!listed) return report(listed.error());
  for (const storage::FileInfo& file : *listed) {
    if (file.name == "lock" || !is_of_a_server(file.name)) continue;
    if (const auto removed = files.remove(path + "/" + file.name); !removed) {
      return report(removed.error());
    }
  }
  if (const auto removed = files.remove(path + "/lock"); !removed) return report(removed.error());
  std::error_code error;
  if (!fs::remove(path, error)) {
    fmt::print(stderr, "kept {}: it holds other files too\n", path);
  }
  return 0;
}

bool says_yes() {
  fmt::print("remove all of this? Type yes: ");
  std::fflush(stdout);
  std::string typed;
  std::getline(std::cin, typed);
  return typed == "yes";
}

ExitCode run(const ResetOptions& options) {
  std::vector<std::string> folders;
  if (options.folder.empty()) {
    folders = own_folders();
  } else if (is_data_folder(options.folder)) {
    folders = {options.folder};
  } else {
    return report(
        {ErrorCode::not_found, options.folder + " is no data folder of a server: check --data"});
  }
  std::vector<Found> all;
  for (const std::string& path : folders) {
    if (auto found = look_into(path)) all.push_back(std::move(*found));
  }
  if (all.empty()) {
    if (!options.folder.empty()) return 1;  // It was said why.
    fmt::print("there is no data of stopped servers\n");
    return 0;
  }
  list(all);
  if (!options.yes && ::isatty(STDIN_FILENO) != 1) {
    fmt::print(stderr, "nothing was removed: there is no terminal to ask on; say --yes\n");
    return 2;
  }
  if (!options.yes && !says_yes()) {
    fmt::print("nothing was removed\n");
    return 1;
  }
  ExitCode worst = 0;
  for (const Found& found : all) worst = std::max(worst, remove(found));
  return worst;
}

}  // namespace

CLI::App* add_reset(CLI::App& root, ExitCode& exit) {
  CLI::App* const command =
      root.add_subcommand("reset", "removes the data of stopped servers of this machine");
  const auto options = std::make_shared<ResetOptions>();
  command
      ->add_option("--data", options->folder,
                   "this one only; not given: all that servers chose by themselves")
      ->type_name("FOLDER");
  command->add_flag("--yes", options->yes, "lists them and removes them without asking");
  command->callback([options, &exit] { exit = run(*options); });
  return command;
}

}  // namespace muster::cli
