// `muster members`: the servers of a group; with `--all` its clients too.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/session_list.h"
#include "cli/table.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

/// RFC 3339, to the second.
std::string seconds_of(const google::protobuf::Timestamp& time) {
  const LogTime second{.milliseconds = time.seconds() * 1'000};
  std::string text = wire::json_time(second);
  text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
  return text;
}

Row row_of(const wire::MemberStatus& member) {
  return {fmt::format("#{}", member.number()),
          member.name(),
          member.address(),
          text_or_dash(member.host()),
          wire::Role::Value_Name(member.role()),
          wire::ServerState::Value_Name(member.state()) + (member.drained() ? ", drained" : ""),
          std::to_string(member.clients()),
          text_or_dash(member.zone()),
          tags_text(member.tags()),
          member.has_joined() ? seconds_of(member.joined()) : "-",
          member.has_last_seen() ? seconds_of(member.last_seen()) : "-"};
}

Row client_row(const wire::SessionStatus& session) {
  return {"-",
          session.name(),
          session.address().empty() ? "at " + session.home_name()
                                    : session.address() + " at " + session.home_name(),
          text_or_dash(session.host()),
          session.kind().empty() ? "client" : session.kind(),
          wire::ServerState::Value_Name(session.state()),
          "-",
          text_or_dash(session.zone()),
          tags_text(session.tags()),
          session.has_opened() ? seconds_of(session.opened()) : "-",
          session.has_last_seen() ? seconds_of(session.last_seen()) : "-"};
}

void print_for_people(const wire::Members& members) {
  std::vector<Row> rows{{"NUMBER", "NAME", "ADDRESS", "HOST", "ROLE", "STATE", "CLIENTS", "ZONE",
                         "TAGS", "JOINED", "LAST SEEN"}};
  for (const wire::MemberStatus& member : members.members()) rows.push_back(row_of(member));
  for (const wire::SessionStatus& session : members.sessions()) {
    rows.push_back(client_row(session));
  }
  print_table(rows);
}

ExitCode show_members(const ClientOptions& options, bool all) {
  const auto members = all ? ask_for_everybody(options) : ask_for_members(options);
  if (!members) return report(members.error());
  if (options.json) {
    for (const wire::MemberStatus& member : members->members()) {
      fmt::print("{}\n", wire::to_json(member));
    }
    for (const wire::SessionStatus& session : members->sessions()) {
      fmt::print("{}\n", wire::to_json(session));
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
  const auto all = std::make_shared<bool>(false);
  command->add_flag("--all", *all, "servers and clients in one table");
  add_client_options(*command, *options);
  command->callback([options, all, &exit] { exit = show_members(*options, *all); });
  return command;
}

}  // namespace muster::cli
