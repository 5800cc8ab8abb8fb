// `muster sessions`: the clients of a group, and where each of them is.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/session_list.h"
#include "cli/table.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

Row session_row(const wire::SessionStatus& session) {
  return {session.id(),
          session.name(),
          text_or_dash(session.kind()),
          session.home_name(),
          wire::ServerState::Value_Name(session.state()),
          session.has_heartbeat_age_ms() ? fmt::format("{} ms", session.heartbeat_age_ms()) : "-",
          text_or_dash(session.zone())};
}

ExitCode show_sessions(const ClientOptions& options) {
  const auto everybody = ask_for_everybody(options);
  if (!everybody) return report(everybody.error());
  if (options.json) {
    for (const wire::SessionStatus& session : everybody->sessions()) {
      fmt::print("{}\n", wire::to_json(session));
    }
    return 0;
  }
  std::vector<Row> rows{{"ID", "NAME", "KIND", "HOME", "STATE", "HEARD", "ZONE"}};
  for (const wire::SessionStatus& session : everybody->sessions()) {
    rows.push_back(session_row(session));
  }
  print_table(rows);
  return 0;
}

}  // namespace

std::string text_or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

Result<wire::Members> ask_for_everybody(const ClientOptions& options) {
  wire::MembersRequest request;
  request.set_all(true);
  wire::Members everybody;
  for (bool more = true; more;) {
    auto page = ask_for<wire::Members>(options, wire::FrameType::members_request, request);
    if (!page) return page.error();
    more = page->more_sessions() && page->sessions_size() > 0;
    if (more) request.set_sessions_after(page->sessions(page->sessions_size() - 1).id());
    everybody.set_view(page->view());
    *everybody.mutable_members() = page->members();  // As they are now.
    everybody.mutable_sessions()->MergeFrom(page->sessions());
  }
  return everybody;
}

CLI::App* add_sessions(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("sessions", "the clients of the group");
  const auto options = std::make_shared<ClientOptions>();
  add_client_options(*command, *options);
  command->callback([options, &exit] { exit = show_sessions(*options); });
  return command;
}

}  // namespace muster::cli
