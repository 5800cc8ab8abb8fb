#include "cli/serve_irc.h"

#include <fmt/format.h>

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/options.h"
#include "edge/irc/message.h"
#include "wire/utf8.h"

namespace muster::cli {
namespace {

constexpr std::size_t motd_bytes_max = std::size_t{64} * 1024;  // More is no message of the day.
constexpr std::size_t admin_lines_max = 3;                      // As many as IRC has numerics for.

/// Why this can't be a line of IRC, or nothing.
std::string problem_of_line(std::string_view line) {
  if (!wire::is_utf8(line)) return "is not UTF-8: convert it, for instance with iconv";
  if (line.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) {
    return "has a NUL or the end of a line within: take it out";
  }
  return {};
}

Error invalid_motd(const std::string& path, const std::string& problem) {
  return {ErrorCode::invalid_argument, "the message of the day in " + path + " " + problem};
}

Result<Motd> parse_motd(std::string_view text, const std::string& path) {
  Motd motd;
  for (std::size_t number = 1; !text.empty(); ++number) {
    if (number > motd_lines_max) {
      return invalid_motd(path, fmt::format("has more than {} lines: shorten it", motd_lines_max));
    }
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const std::string problem = problem_of_line(line); !problem.empty()) {
      return invalid_motd(path, fmt::format("can't be told: line {} {}", number, problem));
    }
    motd.lines.emplace_back(edge::irc::front_of(line, irc_text_bytes_max));
    if (line.size() <= irc_text_bytes_max) continue;
    motd.warning += motd.warning.empty() ? "" : ", ";
    motd.warning += std::to_string(number);
  }
  if (motd.lines.empty()) return invalid_motd(path, "is empty: fill it, or leave --irc-motd out");
  if (!motd.warning.empty()) {
    motd.warning = fmt::format(
        "lines of {} are cut to {} bytes, as more does not fit into a line "
        "of IRC: {}",
        path, irc_text_bytes_max, motd.warning);
  }
  return motd;
}

void add_admin_option(CLI::App& command, std::vector<std::string>& admin) {
  const auto store = [&admin](const std::vector<std::string>& texts) {
    const auto refuse = [](const std::string& why) {
      throw CLI::ValidationError("--irc-admin", why);
    };
    if (texts.size() > admin_lines_max) {
      refuse(
          fmt::format("is given {} times: IRC has {} lines for it, place, organisation and "
                      "address",
                      texts.size(), admin_lines_max));
    }
    for (const std::string& text : texts) {
      const std::string problem = problem_of_line(text);
      if (!problem.empty()) refuse("one " + problem);
      if (text.size() > irc_text_bytes_max) {
        refuse(fmt::format("one has {} bytes: shorten it to {}", text.size(), irc_text_bytes_max));
      }
    }
    admin = texts;
  };
  command
      .add_option_function<std::vector<std::string>>(
          "--irc-admin", store,
          "who runs this server, for IRC clients that ask (ADMIN): place, organisation and "
          "address, in this order; up to three times")
      ->type_name("TEXT")
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false)
      ->take_all();
}

}  // namespace

void add_irc_options(CLI::App& command, server::Options& server, std::string& motd_file) {
  command
      .add_option_function<std::uint16_t>(
          "--irc-port",
          [&server](const std::uint16_t& port) {
            server.irc_port = port == 0 ? std::nullopt : std::optional(port);
          },
          "port for IRC clients, whose channels are the rooms of the chat; not given, or 0: none")
      ->check(port_number())
      ->type_name("PORT");
  command.add_flag("--irc-open", server.irc_open,
                   "let in IRC clients of other machines, which prove nothing, not even that they "
                   "know the secret; --open does so, too");
  command
      .add_option("--irc-motd", motd_file,
                  fmt::format("message of the day for IRC clients: up to {} lines of {} bytes, "
                              "UTF-8",
                              motd_lines_max, irc_text_bytes_max))
      ->type_name("FILE");
  add_admin_option(command, server.irc.admin);
  add_duration(command, "--irc-session-timeout", server.irc.session_timeout,
               "how long an IRC client that gave a password (PASS) may be away and still have its "
               "name and channels");
  command
      .add_option("--irc-rate", server.irc.lines_per_second,
                  "lines a second that an IRC client may send in the long run; more are taken in "
                  "later")
      ->check(CLI::Range(0.1, 1e6).description(""))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--irc-burst", server.irc.burst, "lines that an IRC client may send at once")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("N")
      ->capture_default_str();
}

Result<Motd> read_motd(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    return Error{reason == EACCES ? ErrorCode::permission_denied : ErrorCode::not_found,
                 "the message of the day " + path + " can't be read: " + std::strerror(reason) +
                     "; give --irc-motd a file that this user may read"};
  }
  std::string text(motd_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) {
    return Error{ErrorCode::permission_denied,
                 "the message of the day " + path + " can't be read: is it a folder?"};
  }
  if (text.size() > motd_bytes_max) {
    return invalid_motd(path, fmt::format("has more than {} bytes: shorten it", motd_bytes_max));
  }
  return parse_motd(text, path);
}

}  // namespace muster::cli
