// Helpers that the subcommands share to define their options.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/bytes.h"
#include "muster/duration.h"
#include "muster/error.h"

namespace muster::cli {

/// Defines a duration option with its default and unit in the help. `value` holds the default and
/// outlives `app`. `names` as CLI11 has them (`--timeout,-t`). `--discovery-timeout 3` where only
/// seconds make sense is refused: `--discovery-timeout 3 is 3 ms: write 3s`.
CLI::Option* add_duration(CLI::App& app, const std::string& names, Duration& value,
                          const std::string& help, const DurationRange& range = {});

/// Defines an option that takes one `HOST:PORT`, refused with the right form if it is none.
CLI::Option* add_address(CLI::App& app, const std::string& names, std::string& value,
                         const std::string& help);
/// The same for any number of them, repeated or separated by commas.
CLI::Option* add_addresses(CLI::App& app, const std::string& names,
                           std::vector<std::string>& values, const std::string& help);
/// Refuses what is no whole number with the remedy. CLI11 takes -1 for the largest one.
CLI::Validator whole_number();
/// The same, from 0 to 65535.
CLI::Validator port_number();

/// `--tag KEY=VALUE`, any number of times.
CLI::Option* add_tags(CLI::App& app, std::map<std::string, std::string>& tags,
                      const std::string& help);
/// `--log-level`, also `--logging-level`, in any case; checked, and stored in lower case.
CLI::Option* add_log_level(CLI::App& app, std::string& value);

/// Makes every long option, of subcommands too, also answer to `_` for `-`: the arguments of
/// `main`, without the program's name, to be given to the parser. Values are left alone: only what
/// stands before `=` of an argument that begins with `--` is changed, and nothing after a lone
/// `--`. An empty value, as of `--group=`, becomes an argument of its own: the parser would take
/// the next one in its place.
std::vector<std::string> with_dashes(int argument_count, const char* const* arguments);

}  // namespace muster::cli
