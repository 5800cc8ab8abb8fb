#include "cli/serve_config.h"

#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Option.hpp>
#include <algorithm>
#include <vector>

namespace muster::cli {
namespace {

bool concerns(const CLI::App& command, const CLI::ConfigItem& item) {
  return item.parents.empty() ||
         (item.parents.size() == 1 && item.parents.front() == command.get_name());
}

/// CLI11 marks where tables begin and end with items of these names.
bool is_table_mark(const CLI::ConfigItem& item) {
  return item.name == "++" || item.name == "--";
}

}  // namespace

void apply_config(CLI::App& command, const std::string& path) {
  const std::vector<CLI::ConfigItem> items = CLI::ConfigTOML().from_file(path);
  for (const CLI::ConfigItem& item : items) {
    if (is_table_mark(item) || !concerns(command, item)) continue;
    std::string name = "--" + item.name;
    std::ranges::replace(name, '_', '-');
    CLI::Option* const option = command.get_option_no_throw(name);
    if (option == nullptr || name == "--config" || name == "--help") {
      throw CLI::ConfigError(path + ": '" + item.name + "' is no option of " + command.get_name() +
                             "; muster " + command.get_name() + " --help lists them");
    }
    if (option->count() > 0) continue;
    option->add_result(item.inputs);
    option->run_callback();
  }
}

}  // namespace muster::cli
