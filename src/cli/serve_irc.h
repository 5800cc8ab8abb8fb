// What `muster serve` is told about IRC: its options, and the file of the message of the day.
#pragma once

#include <CLI/App.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "muster/error.h"
#include "server/options.h"

namespace muster::cli {

constexpr std::size_t motd_lines_max = 100;
/// Of a line of the message of the day, or about who runs the server: fits into a line of IRC
/// behind the longest names of server and nick.
constexpr std::size_t irc_text_bytes_max = 300;

/// Defines `--irc-port` and the like. `server` and `motd_file` outlive `command`; the latter is to
/// be read by `read_motd` when the options are known to be right.
void add_irc_options(CLI::App& command, server::Options& server, std::string& motd_file);

struct Motd {
  std::vector<std::string> lines;
  std::string warning{};  ///< Empty, or which lines were cut.
};

/// The lines of `path`, which end with LF or CR LF; each cut to `irc_text_bytes_max`, at a
/// character's end. Errors: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT if there are none or
/// more than `motd_lines_max`, or if they are no text of UTF-8; each names file and remedy.
[[nodiscard]] Result<Motd> read_motd(const std::string& path);

}  // namespace muster::cli
