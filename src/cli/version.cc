// `muster version`: which program this is.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/json_line.h"
#include "wire/preface.h"

namespace muster::cli {
namespace {

constexpr const char* version = MUSTER_VERSION;
constexpr const char* build = MUSTER_BUILD;

constexpr int schema = wire::VersionRange{}.highest;

void run(bool json) {
  if (json) {
    fmt::print(
        "{}\n",
        JsonLine{}.add("version", version).add("schemaVersion", schema).add("build", build).text());
  } else {
    fmt::print("{}\n", version_line());
  }
}

}  // namespace

std::string version_line() {
  return fmt::format("muster {}, schema version {}, build: {}", version, schema, build);
}

const char* program_version() {
  return version;
}

const char* program_build() {
  return build;
}

CLI::App* add_version(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("version", "version of program and schema, and build");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "one JSON object");
  command->callback([json, &exit] {
    run(*json);
    exit = 0;
  });
  return command;
}

}  // namespace muster::cli
