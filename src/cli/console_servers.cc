// The console's commands that change which server it talks to, or that the server stays.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/console.h"
#include "cli/json_line.h"
#include "cli/steering.h"
#include "cli/table.h"
#include "client/client.h"
#include "client/discovery.h"
#include "wire/control.h"
#include "wire/json.h"

namespace muster::cli {
namespace {

constexpr Duration probing_time = std::chrono::seconds{1};
constexpr Duration redirect_time = std::chrono::seconds{3};
constexpr Duration farewell_time = std::chrono::milliseconds{500};
constexpr int leave_questions = 2;

std::vector<std::string> lines_of_found(const std::vector<discovery::Candidate>& candidates) {
  std::vector<Row> rows{{"GROUP", "NUMBER", "NAME", "ADDRESS", "ROLE", "LEADER", "CLIENTS"}};
  for (const discovery::Candidate& candidate : candidates) {
    const wire::Beacon& beacon = candidate.beacon;
    const bool formed = !beacon.group_id().empty();
    rows.push_back(
        {beacon.group(), formed ? fmt::format("#{}", beacon.number()) : "-", beacon.name(),
         candidate.client_address, formed ? wire::Role::Value_Name(beacon.role()) : "-",
         beacon.leader().empty() ? "-" : beacon.leader(), std::to_string(beacon.clients())});
  }
  return table_lines(rows);
}

/// As `muster discover --json`.
std::vector<std::string> json_of_found(const std::vector<discovery::Candidate>& candidates) {
  std::vector<std::string> lines;
  for (const discovery::Candidate& candidate : candidates) {
    wire::Beacon beacon = candidate.beacon;
    beacon.set_client_address(candidate.client_address);
    lines.push_back(wire::to_json(beacon));
  }
  return lines;
}

/// Where the group places a client that comes to the first of these servers; nothing if none takes
/// one now.
std::optional<std::string> placed_at(const std::vector<std::string>& servers, const Bytes& secret) {
  net::Loop loop;
  const SessionId id = client::make_session_id();
  const std::string text = id.uuid.to_string();
  client::Client client(loop, {.session = {.id = id,
                                           .name = "console-" + text.substr(text.size() - 8),
                                           .kind = "console",
                                           .seeds = servers},
                               .secret = secret});
  std::optional<std::string> placed;
  client.on_change([&](const session::StateChange& change) {
    if (change.kind != session::StateChange::Kind::opened) return;
    placed = client.session().server();
    loop.stop();
  });
  client::run_for(loop, redirect_time);
  client.end([&] { loop.stop(); });
  client::run_for(loop, farewell_time);
  return placed;
}

}  // namespace

Result<std::string> Console::attached() {
  if (address_) return *address_;
  const std::vector<std::string> servers = options_.client.servers_to_try();
  attach(servers.front());
  return *address_;
}

void Console::attach(const std::string& address) {
  address_ = address;
  name_.clear();
  ClientOptions options = options_.client;
  options.servers = {address};
  const auto answers = invoke(options, {{.address = address}}, [] {
    wire::Invoke request;
    request.set_method("report");
    return request;
  }());
  if (answers.front().invoked) name_ = answers.front().target.name;
  const Target& target = answers.front().target;
  if (options_.client.json) {
    return print(JsonLine{}
                     .add("attachedTo", target.name)
                     .add("number", target.number)
                     .add("address", target.address)
                     .text());
  }
  print("attached to " + heading_of(target));
}

void Console::find(Words /*arguments*/, bool /*all*/) {
  client::Discovery::Options search = options_.client.discovery();
  search.search.timeout = std::min(search.search.timeout, probing_time);
  search.all = true;
  if (!options_.client.servers.empty() && !options_.client.group_given) {
    search.search.group.clear();
  }
  net::Loop loop;
  const client::Discovered found = client::discover(loop, search);
  if (found.candidates.empty()) {
    return refuse({ErrorCode::unavailable, found.failure + "; asked on: " + found.asked});
  }
  const auto lines =
      options_.client.json ? json_of_found(found.candidates) : lines_of_found(found.candidates);
  for (const std::string& line : lines) print(line);
  attach_where_redirected(found.addresses());
}

void Console::attach_where_redirected(const std::vector<std::string>& candidates) {
  const auto placed = placed_at(candidates, options_.client.secret());
  if (!placed) say("no server takes a client now; asking one all the same");
  if (placed && *placed != candidates.front()) {
    say(fmt::format("redirected from {} to {}", candidates.front(), *placed));
  }
  attach(placed.value_or(candidates.front()));
}

// ---- leave --------------------------------------------------------------------------------------

void Console::leave(Words /*arguments*/, bool /*all*/) {
  const auto address = attached();
  if (!address) return refuse(address.error());
  ClientOptions options = options_.client;
  options.servers = {*address};
  const auto status =
      ask_for<wire::Status>(options, wire::FrameType::status_request, wire::StatusRequest{});
  if (!status) return refuse(status.error());
  if (status->role() == wire::Role::LEADER) {
    return refuse({ErrorCode::failed_precondition,
                   fmt::format("{} leads the group; hand over first, with: muster transfer NAME",
                               status->server())});
  }
  leaving_ = *status;
  leave_answers_wanted_ = leave_questions;
  say(fmt::format("{} (#{}) leaves group {} for good, and its data is moved away. Is that meant?",
                  leaving_.server(), leaving_.number(), leaving_.group()));
}

void Console::answer_question(const std::string& line) {
  if (line != "yes" && line != "y") {
    leave_answers_wanted_ = 0;
    return say(leaving_.server() + " stays");
  }
  if (--leave_answers_wanted_ > 0) {
    return say(
        fmt::format("There is no way back: {} could only join anew. Sure?", leaving_.server()));
  }
  leave_for_good();
}

void Console::leave_for_good() {
  ClientOptions options = options_.client;
  options.servers = {*address_};
  options.timeout = std::max<Duration>(options.timeout, std::chrono::seconds{10});
  wire::Steer what;
  what.set_leave(fmt::format("#{}", leaving_.number()));
  const auto steered = steer(options, what);
  if (!steered) return refuse(steered.error());
  say(steered->message() + "; what it had is archived beside its data folder");
  if (options_.client.servers.empty()) address_.reset();
  name_.clear();
}

}  // namespace muster::cli
