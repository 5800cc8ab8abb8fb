// `muster members`: the servers of a group.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

Row row_of(const wire::MemberStatus& member) {
  std::string tags;
  for (const auto& [key, value] : member.tags()) {
    tags += fmt::format("{}{}={}", tags.empty() ? "" : ",", key, value);
  }
  const auto text_or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  return {fmt::format("#{}", member.number()),
          member.name(),
          member.address(),
          text_or_dash(member.host()),
          wire::Role::Value_Name(member.role()),
          wire::ServerState::Value_Name(member.state()),
          std::to_string(member.clients()),
          text_or_dash(member.zone()),
          text_or_dash(tags)};
}

void print_for_people(const wire::Members& members) {
  std::vector<Row> rows{
      {"NUMBER", "NAME", "ADDRESS", "HOST", "ROLE", "STATE", "CLIENTS", "ZONE", "TAGS"}};
  for (const wire::MemberStatus& member : members.members()) rows.push_back(row_of(member));
  print_table(rows);
}

ExitCode show_members(const ClientOptions& options) {
  const auto members =
      ask_for<wire::Members>(options, wire::FrameType::members_request, wire::MembersRequest{});
  if (!members) return report(members.error());
  if (options.json) {
    for (const wire::MemberStatus& member : members->members()) {
      fmt::print("{}\n", wire::to_json(member));
    }
  } else {
    print_for_people(*members);
  }
  return 0;
}

}  // namespace

CLI::App* add_members(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("members", "the servers of the group");
  const auto options = std::make_shared<ClientOptions>();
  add_client_options(*command, *options);
  command->callback([options, &exit] { exit = show_members(*options); });
  return command;
}

}  // namespace muster::cli
