#include "cli/options.h"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <utility>

#include "net/address.h"
#include "wire/control.h"
#include "wire/limits.h"

namespace muster::cli {
namespace {

/// `--timeout` of `-t,--timeout`.
std::string long_name_of(const std::string& names) {
  const std::size_t begin = names.find("--");
  if (begin == std::string::npos) return names;
  return names.substr(begin, names.find(',', begin) - begin);
}

}  // namespace

CLI::Option* add_duration(CLI::App& app, const std::string& names, Duration& value,
                          const std::string& help, const DurationRange& range) {
  const std::string name = long_name_of(names);
  const auto store = [&value, name, range](const std::string& text) {
    const Result<Duration> parsed = parse_duration(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
    const std::string problem = check_range(text, *parsed, range);
    if (!problem.empty())
      throw CLI::ValidationError(name + " " + problem, CLI::ExitCodes::ValidationError);
    value = *parsed;
  };
  return app.add_option_function<std::string>(names, store, help)
      ->type_name("DURATION")
      ->default_str(to_text(value));
}

CLI::Option* add_address(CLI::App& app, const std::string& names, std::string& value,
                         const std::string& help) {
  const auto store = [&value, name = long_name_of(names)](const std::string& text) {
    const Result<net::Address> parsed = net::parse_address(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
    value = parsed->to_string();
  };
  return app.add_option_function<std::string>(names, store, help)
      ->type_name("HOST:PORT")
      ->default_str(value);
}

CLI::Option* add_addresses(CLI::App& app, const std::string& names,
                           std::vector<std::string>& values, const std::string& help) {
  const auto store = [&values, name = long_name_of(names)](const std::vector<std::string>& texts) {
    values.clear();
    for (const std::string& text : texts) {
      const Result<net::Address> parsed = net::parse_address(text);
      if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
      values.push_back(parsed->to_string());
    }
  };
  return app.add_option_function<std::vector<std::string>>(names, store, help)
      ->type_name("HOST:PORT,...")
      ->delimiter(',')
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false)
      ->take_all();
}

CLI::Validator whole_number() {
  return {[](const std::string& text) -> std::string {
            const bool digits =
                std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
            return digits && !text.empty() ? "" : "'" + text + "' is no whole number: write digits";
          },
          ""};
}

CLI::Validator port_number() {
  return {
      [](const std::string& text) -> std::string {
        const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
        const bool fits = digits && !text.empty() && text.size() <= 5 && std::stoi(text) <= 65'535;
        return fits ? "" : "'" + text + "' is no port: write a number from 0 to 65535";
      },
      ""};
}

CLI::Option* add_tags(CLI::App& app, std::map<std::string, std::string>& tags,
                      const std::string& help) {
  const auto store = [&tags](const std::vector<std::string>& texts) {
    tags.clear();
    for (const std::string& text : texts) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || !wire::validate_name(text.substr(0, equals))) {
        throw CLI::ValidationError("--tag", "'" + text +
                                                "' is no KEY=VALUE: write for instance "
                                                "--tag rack=7");
      }
      tags[text.substr(0, equals)] = text.substr(equals + 1);
    }
    if (tags.size() > wire::tags_max) {
      throw CLI::ValidationError(
          "--tag", "there are at most " + std::to_string(wire::tags_max) + ": give fewer");
    }
  };
  return app.add_option_function<std::vector<std::string>>("--tag", store, help)
      ->type_name("KEY=VALUE")
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false)
      ->take_all();
}

CLI::Option* add_log_level(CLI::App& app, std::string& value) {
  const std::vector<std::string> levels{"debug", "info", "warning", "error", "critical"};
  return app
      .add_option("--log-level,--logging-level", value,
                  "What is said on standard error: debug, info, warning, error or critical")
      ->transform(CLI::IsMember(levels, CLI::ignore_case).description(""))
      ->type_name("LEVEL")
      ->capture_default_str();
}

std::vector<std::string> with_dashes(int argument_count, const char* const* arguments) {
  std::vector<std::string> changed;
  bool options_are_over = false;
  for (int place = 1; place < argument_count; ++place) {
    std::string argument = arguments[place];
    if (argument == "--") options_are_over = true;
    if (!options_are_over && argument.starts_with("--")) {
      const std::size_t end = std::min(argument.find('='), argument.size());
      std::replace(argument.begin(), argument.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
      if (end + 1 == argument.size()) {
        changed.push_back(argument.substr(0, end));
        argument.clear();
      }
    }
    changed.push_back(std::move(argument));
  }
  return changed;
}

}  // namespace muster::cli
