// `muster doctor`: what on this machine may keep servers from finding each other or from working.
#include "cli/doctor.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/options.h"
#include "cli/secret_file.h"
#include "server/places.h"
#include "server/ports.h"

namespace muster::cli {
namespace {

struct DoctorOptions {
  net::Datagrams::Options datagrams{};
  std::string group_address{net::default_group_v4};
  std::string data{};
  std::string secret_file{};
  bool json{false};
};

std::optional<std::string> environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// The folder that holds a folder for each server. Throws if the environment names none.
std::string folder_of_servers(const DoctorOptions& options) {
  if (!options.data.empty()) return options.data;
  const std::string one =
      server::default_data_folder("default", server::first_port, environment).value();
  return std::filesystem::path(one).parent_path().string();
}

Bytes secret_of(const DoctorOptions& options) {
  return options.secret_file.empty() ? Bytes{}
                                     : read_secret_file(options.secret_file).value().bytes;
}

void print(const Findings& findings, bool json) {
  for (const Finding& finding : findings) {
    fmt::print("{}\n", json ? to_json(finding) : for_people(finding));
  }
}

/// Shows each check as soon as it is done, and says at the end whether anything is wrong.
ExitCode run(DoctorOptions options) {
  if (const auto set = net::Datagrams::set_group(options.datagrams, options.group_address); !set) {
    throw ErrorException(set.error());
  }
  Findings all;
  const auto show = [&](const Findings& findings) {
    print(findings, options.json);
    all.insert(all.end(), findings.begin(), findings.end());
  };
  net::Loop loop;
  const std::string folder = folder_of_servers(options);
  show(check_interfaces(loop, options.datagrams));
  show(check_ports(loop, secret_of(options)));
  show(check_surroundings(read_system_files()));
  show(check_file_limit(hard_file_limit()));
  show(findings_of(measure_disk(folder)));
  show(check_data_folders(folder));
  const int code = exit_code_of(all);
  if (!options.json) {
    fmt::print("{}\n", code == 0 ? "nothing here stops a group" : "a PROBLEM above stops a group");
  }
  return code;
}

}  // namespace

std::string_view name_of(FindingLevel level) {
  switch (level) {
    case FindingLevel::ok:
      return "OK";
    case FindingLevel::note:
      return "NOTE";
    case FindingLevel::warning:
      return "WARNING";
    case FindingLevel::problem:
      break;
  }
  return "PROBLEM";
}

std::string for_people(const Finding& finding) {
  std::string text = fmt::format("{:<8} {:<13} {}: {}", name_of(finding.level), finding.check,
                                 finding.subject, finding.text);
  if (!finding.remedy.empty()) text += fmt::format("\n{:23}-> {}", "", finding.remedy);
  return text;
}

std::string to_json(const Finding& finding) {
  return JsonLine()
      .add("check", finding.check)
      .add("subject", finding.subject)
      .add("level", name_of(finding.level))
      .add("text", finding.text)
      .add("remedy", finding.remedy)
      .text();
}

int exit_code_of(const Findings& findings) {
  const bool problem = std::ranges::any_of(
      findings, [](const Finding& one) { return one.level == FindingLevel::problem; });
  return problem ? 1 : 0;
}

CLI::App* add_doctor(CLI::App& root, ExitCode& exit) {
  CLI::App* const command = root.add_subcommand(
      "doctor", "what on this machine may keep servers from each other, with remedies");
  const auto options = std::make_shared<DoctorOptions>();
  command->add_option("--discovery-port", options->datagrams.port, "UDP port for discovery")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65'535).description(""))
      ->capture_default_str();
  command->add_option("--multicast-address", options->group_address, "group for discovery")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command
      ->add_option("--interface", options->datagrams.interfaces,
                   "look at this one only; repeatable; not given: at all")
      ->type_name("NAME");
  command
      ->add_option("--data", options->data,
                   "the folder that holds the servers' folders; not given: "
                   "$XDG_STATE_HOME/muster, else ~/.local/state/muster")
      ->type_name("FOLDER");
  command
      ->add_option("--secret-file", options->secret_file,
                   "the group's secret, to ask a server who holds a port")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "one JSON object per finding");
  command->callback([options, &exit] { exit = run(*options); });
  return command;
}

}  // namespace muster::cli
