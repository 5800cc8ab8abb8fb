// `muster sessions`: the clients of a group, and where each of them is.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/session_list.h"
#include "cli/table.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

constexpr Duration home_timeout = std::chrono::seconds{1};

Row session_row(const wire::SessionStatus& session) {
  return {session.id(),
          session.name(),
          text_or_dash(session.kind()),
          session.home_name(),
          wire::ServerState::Value_Name(session.state()),
          session.has_heartbeat_age_ms() ? fmt::format("{} ms", session.heartbeat_age_ms()) : "-",
          text_or_dash(session.address()),
          text_or_dash(session.host()),
          text_or_dash(session.zone()),
          tags_text(session.tags())};
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
  std::vector<Row> rows{
      {"ID", "NAME", "KIND", "HOME", "STATE", "HEARD", "ADDRESS", "HOST", "ZONE", "TAGS"}};
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

std::string tags_text(const google::protobuf::Map<std::string, std::string>& tags) {
  std::string text;
  for (const auto& [key, value] : std::map<std::string, std::string>(tags.begin(), tags.end())) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, value);
  }
  return text_or_dash(text);
}

Error why_no_group(const wire::Status& status) {
  return {ErrorCode::unavailable,
          fmt::format("{} is in no group yet: {}", status.server(), status.reason())};
}

namespace {

/// A server of no group has no members.
Result<wire::Members> ask_for_page(const ClientOptions& options,
                                   const wire::MembersRequest& request) {
  auto members = ask_for<wire::Members>(options, wire::FrameType::members_request, request);
  if (!members || members->members_size() > 0) return members;
  const auto status =
      ask_for<wire::Status>(options, wire::FrameType::status_request, wire::StatusRequest{});
  return status ? why_no_group(*status) : status.error();
}

Result<wire::Members> ask_for_pages(const ClientOptions& options) {
  wire::MembersRequest request;
  request.set_all(true);
  wire::Members everybody;
  for (bool more = true; more;) {
    const auto page = ask_for_page(options, request);
    if (!page) return page.error();
    more = page->more_sessions() && page->sessions_size() > 0;
    if (more) request.set_sessions_after(page->sessions(page->sessions_size() - 1).id());
    everybody.set_view(page->view());
    everybody.set_number(page->number());
    *everybody.mutable_members() = page->members();  // As they are now.
    everybody.mutable_sessions()->MergeFrom(page->sessions());
  }
  return everybody;
}

// Of a client's address and when it was heard only its home knows.
void ask_home(const ClientOptions& options, const wire::MemberStatus& home,
              wire::Members& everybody) {
  ClientOptions at_home = options;
  at_home.servers = {home.address()};
  at_home.timeout = std::min<Duration>(options.timeout, home_timeout);
  at_home.wait = false;
  const auto told = ask_for_pages(at_home);
  if (!told || told->number() != home.number()) return;
  std::map<std::string_view, const wire::SessionStatus*> theirs;
  for (const wire::SessionStatus& session : told->sessions()) {
    if (session.home() == home.number()) theirs.emplace(session.id(), &session);
  }
  for (wire::SessionStatus& session : *everybody.mutable_sessions()) {
    const auto known = theirs.find(session.id());
    if (known != theirs.end()) session = *known->second;
  }
}

}  // namespace

Result<wire::Members> ask_for_members(const ClientOptions& options) {
  return ask_for_page(options, wire::MembersRequest{});
}

Result<wire::Members> ask_for_everybody(const ClientOptions& options) {
  auto everybody = ask_for_pages(options);
  if (!everybody) return everybody;
  const auto members = everybody->members();
  for (const wire::MemberStatus& member : members) {
    const bool has_more = member.number() != everybody->number() && member.clients() > 0 &&
                          member.state() == wire::ServerState::ALIVE;
    if (has_more) ask_home(options, member, *everybody);
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
