// `muster discover`: which groups and servers answer.
#include <fmt/format.h>

#include <memory>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "client/discovery.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

// The random end of it tells two groups of one name apart; `--json` has the whole.
std::string short_form(const std::string& group_id) {
  return group_id.substr(group_id.rfind('-') + 1);
}

Row row_of(const discovery::Candidate& candidate) {
  const wire::Beacon& beacon = candidate.beacon;
  const bool formed = !beacon.group_id().empty();
  return {beacon.group(),
          formed ? short_form(beacon.group_id()) : "-",
          formed ? fmt::format("#{}", beacon.number()) : "-",
          beacon.name(),
          candidate.client_address,
          formed ? wire::Role::Value_Name(beacon.role()) : "-",
          beacon.leader().empty() ? "-" : beacon.leader(),
          std::to_string(beacon.clients()),
          wire::Phase::Value_Name(beacon.phase()),
          beacon.version()};
}

ExitCode show_groups(const ClientOptions& options) {
  client::Discovery::Options search = options.discovery();
  if (!options.group_given) search.search.group.clear();
  search.all = true;
  net::Loop loop;
  const client::Discovered found = client::discover(loop, search);
  if (found.candidates.empty()) {
    return report(
        {ErrorCode::unavailable,
         fmt::format("{}\nasked on: {}\nname one with --server HOST:PORT, or look into it "
                     "with: muster doctor",
                     found.failure, found.asked)});
  }
  std::vector<Row> rows{{"GROUP", "GROUP ID", "NUMBER", "NAME", "ADDRESS", "ROLE", "LEADER",
                         "CLIENTS", "PHASE", "VERSION"}};
  for (const discovery::Candidate& candidate : found.candidates) {
    if (options.json) {
      wire::Beacon beacon = candidate.beacon;
      beacon.set_client_address(candidate.client_address);
      fmt::print("{}\n", wire::to_json(beacon));
    } else {
      rows.push_back(row_of(candidate));
    }
  }
  if (!options.json) print_table(rows);
  return 0;
}

}  // namespace

CLI::App* add_discover(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("discover", "which groups and servers answer");
  const auto options = std::make_shared<ClientOptions>();
  add_client_options(*command, *options);
  command->callback([options, &exit] { exit = show_groups(*options); });
  return command;
}

}  // namespace muster::cli
