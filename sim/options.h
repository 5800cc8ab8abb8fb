// The command line of muster-sim.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/error.h"

namespace muster::sim {

struct CommandLine {
  /// `--seeds FROM..TO`, both included; a single number is a range of one.
  std::uint64_t first_seed{1};
  std::uint64_t last_seed{20};
  /// `--for 150s`: fresh seeds from a base on, until so much real time has passed.
  std::optional<std::chrono::seconds> run_for;
  /// `--base N`: where fresh seeds begin; by default a random number, which is printed.
  std::optional<std::uint64_t> base;
  std::chrono::seconds seconds{20};  ///< `--seconds`: simulated, of each seed.
  std::size_t servers{5};            ///< `--servers`
  std::string profile{"mix"};        ///< `--profile`
  /// `--large N`: instead of faults, a group of so many servers and its figures.
  std::optional<std::size_t> large;
  /// `--without LIST`: kinds of trouble that are left out.
  std::set<std::string> without;
  /// Not with `--no-shrink`, nor with `--trace`: a run that fails is made smaller.
  bool shrink{true};
  bool trace{false};  ///< `--trace`
  bool help{false};   ///< `--help`
};

/// Errors: `invalid_argument`, naming the argument and what is expected.
[[nodiscard]] Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

/// What `--help` prints.
std::string usage();

}  // namespace muster::sim
