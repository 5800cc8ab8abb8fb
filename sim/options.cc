#include "sim/options.h"

#include <algorithm>
#include <charconv>

#include "sim/large_group.h"
#include "sim/scenario.h"
#include "sim/trouble.h"

namespace muster::sim {

namespace {

Error bad(const std::string& option, const std::string& value, const std::string& expected) {
  return Error{ErrorCode::invalid_argument, option + " " + value + ": expected " + expected};
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::chrono::seconds> duration(std::string_view text) {
  if (text.ends_with("s")) text.remove_suffix(1);
  const auto value = number(text);
  if (!value || *value == 0 || *value > 86'400) return std::nullopt;
  return std::chrono::seconds(*value);
}

Result<void> set_seeds(CommandLine& line, const std::string& value) {
  const std::size_t dots = value.find("..");
  const auto first = number(value.substr(0, dots));
  const auto last = dots == std::string::npos ? first : number(value.substr(dots + 2));
  if (!first || !last || *first > *last) return bad("--seeds", value, "FROM..TO");
  line.first_seed = *first;
  line.last_seed = *last;
  return {};
}

void set_without(CommandLine& line, std::string_view list) {
  for (;;) {
    const std::size_t comma = list.find(',');
    line.without.emplace(list.substr(0, comma));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

Result<void> check_without(const CommandLine& line) {
  const std::vector<std::string_view> known = troubles(line.profile);
  for (const std::string& name : line.without) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return bad("--without", name, "one of those of the profile, which --help names");
  }
  return {};
}

Result<void> set(CommandLine& line, const std::string& option, const std::string& value) {
  if (option == "--seeds") return set_seeds(line, value);
  if (option == "--profile") {
    if (std::ranges::find(profiles(), value) == profiles().end()) {
      return bad(option, value, "one of those that --help names");
    }
    line.profile = value;
    return {};
  }
  if (option == "--without") {
    set_without(line, value);
    return {};
  }
  if (option == "--seconds" || option == "--for") {
    const auto length = duration(value);
    if (!length) return bad(option, value, "seconds, from 1 to 86400");
    if (option == "--for") line.run_for = *length;
    if (option == "--seconds") line.seconds = *length;
    return {};
  }
  const auto parsed = number(value);
  if (!parsed) return bad(option, value, "a number");
  if (option == "--base") {
    line.base = *parsed;
    return {};
  }
  if (option == "--large") {
    if (*parsed < large_group_min || *parsed > large_group_max) {
      return bad(option, value,
                 std::to_string(large_group_min) + " to " + std::to_string(large_group_max));
    }
    line.large = *parsed;
    return {};
  }
  if (option == "--servers") {
    if (*parsed < 1 || *parsed > 5) return bad(option, value, "1 to 5");
    line.servers = *parsed;
    return {};
  }
  return Error{ErrorCode::invalid_argument, option + " is not known; see --help"};
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string& option = arguments[at];
    if (option == "--trace") {
      line.trace = true;
    } else if (option == "--no-shrink") {
      line.shrink = false;
    } else if (option == "--help") {
      line.help = true;
    } else if (at + 1 == arguments.size()) {
      return Error{ErrorCode::invalid_argument, option + " needs a value; see --help"};
    } else if (auto done = set(line, option, arguments[++at]); !done) {
      return done.error();
    }
  }
  if (auto known = check_without(line); !known) return known.error();
  if (line.large && (line.run_for || line.profile != CommandLine{}.profile)) {
    return Error{ErrorCode::invalid_argument, "--large goes with --seeds and --trace alone"};
  }
  return line;
}

std::string usage() {
  std::string text =
      "muster-sim: runs groups of servers under simulated time, network and disk\n"
      "  --seeds FROM..TO  which runs; each seed is one (default 1..20)\n"
      "  --for SECONDS     fresh seeds, for so much real time, instead of --seeds\n"
      "  --base N          where fresh seeds begin (default: random, printed)\n"
      "  --seconds S       simulated time of a run (default 20)\n"
      "  --servers N       of the group, 1 to 5 (default 5)\n"
      "  --large N         no faults by chance, but the figures of a group of 9 to 255 servers\n"
      "  --without LIST    kinds of trouble to leave out, with commas between; the rest stays\n"
      "  --no-shrink       a failing run is not made smaller\n"
      "  --trace           print every event, and make nothing smaller\n"
      "  --profile P       which faults:";
  for (const std::string_view profile : profiles()) text += " " + std::string(profile);
  const auto add = [&text](std::string_view profile) {
    for (const std::string_view name : troubles(profile)) text += " " + std::string(name);
  };
  text += "\nkinds of trouble:";
  add(profiles().front());
  text += "\nthose of " + std::string(core_profile) + ":";
  add(core_profile);
  return text + "\n";
}

}  // namespace muster::sim
