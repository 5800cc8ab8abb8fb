// `muster status`: how a group is, as one of its servers tells it.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

std::string tolerance_of(const wire::Status& status) {
  if (!status.writable()) return "writes are not possible";
  if (status.tolerates() > 0) {
    return fmt::format("{} may fail before writes stop", status.tolerates());
  }
  return status.servers() == 2 ? "none may fail before writes stop: add a third"
                               : "none may fail before writes stop: add two more";
}

void print_for_people(const wire::Status& status) {
  const std::string leader = status.leader().empty() ? "none" : status.leader();
  fmt::print("group       {} ({})\n", status.group(), status.group_id());
  if (!status.branch().empty()) {
    fmt::print("branch      {}: recovered by force\n", status.branch());
  }
  fmt::print("leader      {}, term {}\n", leader, status.term());
  fmt::print("writable    {}\n", status.writable() ? "yes" : "no: " + status.reason());
  fmt::print("servers     {}; {}\n", status.servers(), tolerance_of(status));
  fmt::print("sessions    {}\n", status.sessions());
  if (status.drained_size() > 0) {
    fmt::print("drained     {}\n", fmt::join(status.drained(), ", "));
  }
  fmt::print("view        {}\n", status.view());
  fmt::print("log         committed up to {}\n", status.commit_index());
  fmt::print("answered by {} (#{}), {}, {}, applied up to {}, digest {}\n", status.server(),
             status.number(), wire::Role::Value_Name(status.role()),
             wire::Phase::Value_Name(status.phase()), status.applied_index(), status.digest());
}

ExitCode show_status(const ClientOptions& options) {
  const auto status =
      ask_for<wire::Status>(options, wire::FrameType::status_request, wire::StatusRequest{});
  if (!status) return report(status.error());
  if (options.json) {
    fmt::print("{}\n", wire::to_json(*status));
  } else {
    print_for_people(*status);
  }
  return 0;
}

}  // namespace

CLI::App* add_status(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("status", "how the group is: leader, writable, log");
  const auto options = std::make_shared<ClientOptions>();
  add_client_options(*command, *options);
  command->callback([options, &exit] { exit = show_status(*options); });
  return command;
}

}  // namespace muster::cli
