// Options of a subcommand from a file.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace muster::cli {

/// Reads a TOML file of `option = value` lines, at the top or in a table of the command's name, and
/// gives them to the options of `command` that were not given before. `_` and `-` are the same.
/// Throws `CLI::ParseError` if the file can't be read, or names what is no option.
void apply_config(CLI::App& command, const std::string& path);

}  // namespace muster::cli
