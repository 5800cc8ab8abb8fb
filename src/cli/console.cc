#include "cli/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "base/nearest.h"
#include "cli/json_line.h"
#include "cli/steering.h"
#include "cli/table.h"
#include "cli/watch_lines.h"
#include "methods/result.h"
#include "wire/control.h"

namespace muster::cli {
namespace {

constexpr std::array<std::string_view, 9> known_methods{
    "report", "stats", "view", "sessions", "queue", "history", "log-level", "snapshot", "version"};

std::vector<std::string> split(std::string_view line) {
  std::istringstream stream{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string dash_if_empty(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::vector<std::string> lines_of_servers(const wire::GroupServers& group) {
  std::vector<Row> rows{{"NUMBER", "NAME", "ADDRESS", "HOST", "ROLE", "STATE", "CLIENTS", "ZONE"}};
  for (const wire::MemberStatus& server : group.servers()) {
    rows.push_back({fmt::format("#{}", server.number()), server.name(),
                    dash_if_empty(server.address()), dash_if_empty(server.host()),
                    wire::Role::Value_Name(server.role()),
                    wire::ServerState::Value_Name(server.state()), std::to_string(server.clients()),
                    dash_if_empty(server.zone())});
  }
  return table_lines(rows);
}

std::vector<std::string> lines_of_clients(const wire::SessionList& list) {
  if (list.total() == 0) return {"no client has a session"};
  std::vector<Row> rows{{"NAME", "KIND", "HOME", "HEARD", "UNANSWERED", "ID"}};
  for (const wire::ListedSession& client : list.sessions()) {
    const bool here = client.attached_here();
    rows.push_back({client.name(), dash_if_empty(client.kind()), client.home(),
                    here ? fmt::format("{} ms ago", client.silent_ms()) : "-",
                    here ? std::to_string(client.unanswered()) : "-", client.id()});
  }
  std::vector<std::string> lines = table_lines(rows);
  const auto shown = static_cast<std::uint64_t>(list.sessions_size());
  if (shown < list.total()) lines.push_back(fmt::format("… and {} more", list.total() - shown));
  return lines;
}

std::vector<std::string> lines_of_queue(const wire::HeldBackList& list) {
  if (list.total() == 0) return {"nothing is held back"};
  std::vector<Row> rows{{"WHAT", "OF", "FIRST", "COUNT", "AGE", "WAITS FOR"}};
  for (const wire::HeldBack& one : list.waiting()) {
    rows.push_back({wire::HeldBack::Kind_Name(one.kind()),
                    dash_if_empty(one.session().empty() ? one.topic() : one.session()),
                    std::to_string(one.first()), std::to_string(one.count()),
                    fmt::format("{} ms", one.age_ms()), one.waits_for()});
  }
  return table_lines(rows);
}

std::vector<std::string> lines_of_history(const wire::TopicHistory& history) {
  if (history.events_size() == 0) {
    return {fmt::format("no event of {} is kept here", history.topic())};
  }
  std::vector<std::string> lines;
  for (const wire::KeptEvent& event : history.events()) {
    std::string text = event.text();
    if (text.empty()) text = event_text(history.topic(), as_bytes(event.payload()));
    lines.push_back(fmt::format("{}.{} {}", event.index(), event.ordinal(), text));
  }
  return lines;
}

}  // namespace

std::span<const Console::Command> Console::commands() {
  static constexpr std::array all{
      Command{"report", "", "identity, role, phase, load of the attached server", true,
              &Console::report},
      Command{"find", "", "probes now, lists who answers, attaches where it is redirected to",
              false, &Console::find},
      Command{"server", "", "the servers", true, &Console::servers},
      Command{"client", "", "the clients", true, &Console::clients},
      Command{"queue", "", "what is held back, with age", true, &Console::queue},
      Command{"history", "[TOPIC [COUNT]]", "last events of a topic", true, &Console::history},
      Command{"rmi", "TARGET [METHOD [ARG]...]", "calls a method; without one lists them", true,
              &Console::rmi},
      Command{"leave", "", "this server leaves for good and clears its data; asks twice", false,
              &Console::leave},
      Command{"bid", "ID PRICE", "bids in an auction (also bit)", false, &Console::bid},
      Command{"bit", "ID PRICE", "as bid", false, &Console::bid},
      Command{"start", "PRICE TITLE", "offers something in an auction", false, &Console::start},
      Command{"end", "[ID]", "closes a lot; without ID the one started last", false, &Console::end},
      Command{"join", "", "happens by itself", false, &Console::join},
      Command{"udp_listen", "", "happens by itself", false, &Console::udp_listen},
      Command{"clear", "", "clears the screen", false, &Console::clear},
      Command{"help", "", "this list", false, &Console::help},
      Command{"exit", "", "ends the console", false, &Console::exit},
  };
  return all;
}

const Console::Command* Console::find_command(std::string_view name) {
  const auto all = commands();
  const auto found = std::ranges::find(all, name, &Command::name);
  return found == all.end() ? nullptr : &*found;
}

Console::Console(Options options) : options_(std::move(options)) {
  if (!options_.client.servers.empty()) address_ = options_.client.servers.front();
}

std::string Console::prompt() const {
  if (leave_answers_wanted_ > 0) return "yes or no? ";
  return name_.empty() ? "muster> " : name_ + "> ";
}

std::vector<std::string> Console::complete(std::string_view before) {
  const std::size_t space = before.find_last_of(' ');
  const std::string_view begun = before.substr(space == std::string_view::npos ? 0 : space + 1);
  std::vector<std::string> words = split(before.substr(0, before.size() - begun.size()));
  const bool all = !words.empty() && words.front() == "all";
  if (all) words.erase(words.begin());
  std::vector<std::string_view> known;
  if (words.empty()) {
    for (const Command& command : commands()) {
      if (!all || command.for_all) known.push_back(command.name);
    }
    if (!all) known.emplace_back("all");
  } else if (words.front() == "rmi" && words.size() == (all ? 1U : 2U)) {
    known.assign(known_methods.begin(), known_methods.end());
  } else if (words.front() == "rmi" && words.size() == 1) {
    known = {"all"};
  } else if (words.front() == "history" && words.size() == 1) {
    known = {"group"};
  }
  std::vector<std::string> fitting;
  for (const std::string_view word : known) {
    if (word.starts_with(begun)) fitting.emplace_back(word);
  }
  std::ranges::sort(fitting);
  return fitting;
}

bool Console::carry_out(const std::string& line) {
  try {
    if (leave_answers_wanted_ > 0) {
      answer_question(line);
    } else if (const std::vector<std::string> words = split(line); !words.empty()) {
      run(words);
    }
  } catch (const ErrorException& problem) {
    refuse(problem.error());
  }
  return !done_;
}

void Console::run(Words words) {
  const bool all = words.front() == "all" && words.size() > 1;
  if (all) words = words.subspan(1);
  const Command* const command = find_command(words.front());
  if (command == nullptr) {
    std::vector<std::string_view> names;
    for (const Command& one : commands()) names.push_back(one.name);
    return refuse({ErrorCode::not_found,
                   fmt::format("there is no command {}; did you mean {}? help lists them",
                               words.front(), nearest(words.front(), names))});
  }
  if (all && !command->for_all) {
    return refuse({ErrorCode::invalid_argument,
                   fmt::format("{} is for one server; all goes with report, server, client, "
                               "queue, history and rmi",
                               command->name)});
  }
  (this->*command->run)(words.subspan(1), all);
}

void Console::say(const std::string& text) {
  print(options_.client.json ? JsonLine{}.add("message", text).text() : text);
}

void Console::begin() {
  try {
    if (const auto address = attached(); !address) refuse(address.error());
  } catch (const ErrorException& problem) {
    refuse(problem.error());
  }
}

void Console::refuse(const Error& error) {
  failed_ = true;
  if (options_.client.json) {
    return print(
        JsonLine{}.add("code", muster::name_of(error.code)).add("message", error.message).text());
  }
  print(fmt::format("{}: {}", muster::name_of(error.code), error.message));
}

// ---- Commands that ask servers ------------------------------------------------------------------

void Console::report(Words arguments, bool all) {
  call("report", arguments, all);
}
void Console::servers(Words arguments, bool all) {
  call("view", arguments, all);
}
void Console::clients(Words arguments, bool all) {
  call("sessions", arguments, all);
}
void Console::queue(Words arguments, bool all) {
  call("queue", arguments, all);
}
void Console::history(Words arguments, bool all) {
  call("history", arguments, all);
}

void Console::rmi(Words arguments, bool all) {
  if (all) {
    return call(arguments.empty() ? "" : arguments.front(),
                arguments.subspan(std::min<std::size_t>(arguments.size(), 1)), true);
  }
  if (arguments.empty()) {
    return refuse({ErrorCode::invalid_argument,
                   "rmi needs to know whom: a name, #NUMBER, HOST:PORT, a port of this machine, or "
                   "all; then the method"});
  }
  ClientOptions options = options_.client;
  if (const auto address = attached()) options.servers = {*address};
  const auto targets = find_targets(options, arguments.front());
  if (!targets) return refuse(targets.error());
  wire::Invoke request;
  if (arguments.size() > 1) request.set_method(arguments[1]);
  for (std::size_t i = 2; i < arguments.size(); ++i) request.add_arguments(arguments[i]);
  show(invoke(options, *targets, request), arguments.front() == "all");
}

void Console::call(const std::string& method, Words arguments, bool all) {
  const auto address = attached();
  if (!address) return refuse(address.error());
  ClientOptions options = options_.client;
  options.servers = {*address};
  std::vector<Target> targets{{.address = *address}};
  if (all) {
    auto found = find_targets(options, "all");
    if (!found) return refuse(found.error());
    targets = std::move(*found);
  }
  wire::Invoke request;
  request.set_method(method);
  for (const std::string& argument : arguments) request.add_arguments(argument);
  const std::vector<ServerAnswer> answers = invoke(options, targets, request);
  if (!all && answers.front().invoked) name_ = answers.front().target.name;
  show(answers, all);
}

void Console::show(const std::vector<ServerAnswer>& answers, bool several) {
  for (const ServerAnswer& answer : answers) {
    if (!answer.invoked) failed_ = true;
    if (options_.client.json) {
      print(json_line(answer));
      continue;
    }
    if (several) print(heading_of(answer.target));
    for (const std::string& line : lines_of(answer)) print((several ? "  " : "") + line);
  }
}

std::vector<std::string> Console::lines_of(const ServerAnswer& answer) const {
  if (!answer.invoked) {
    std::vector<std::string> lines = text_lines(answer);
    const ErrorCode code = answer.invoked.error().code;
    const bool gone = code == ErrorCode::unavailable || code == ErrorCode::deadline_exceeded;
    if (gone && answer.target.address == address_) {
      lines.emplace_back("find looks for another server");
    }
    return lines;
  }
  const auto result = result_of(answer);
  if (!result) return text_lines(answer);
  const google::protobuf::Message* const message = result->get();
  if (const auto* const group = dynamic_cast<const wire::GroupServers*>(message)) {
    return lines_of_servers(*group);
  }
  if (const auto* const list = dynamic_cast<const wire::SessionList*>(message)) {
    return lines_of_clients(*list);
  }
  if (const auto* const list = dynamic_cast<const wire::HeldBackList*>(message)) {
    return lines_of_queue(*list);
  }
  if (const auto* const kept = dynamic_cast<const wire::TopicHistory*>(message)) {
    return lines_of_history(*kept);
  }
  return text_lines(answer);
}

// ---- Commands that need nobody ------------------------------------------------------------------

void Console::clear(Words /*arguments*/, bool /*all*/) {
  options_.clear_screen();
}

// ---- Auctions -----------------------------------------------------------------------------------

void Console::bid(Words arguments, bool /*all*/) {
  if (arguments.size() != 2) {
    return refuse(
        {ErrorCode::invalid_argument, "usage: bid ID PRICE; `muster auction list` shows the ids"});
  }
  show(auction_.bid(arguments[0], arguments[1]));
}

void Console::start(Words arguments, bool /*all*/) {
  if (arguments.size() < 2) {
    return refuse({ErrorCode::invalid_argument, "usage: start PRICE TITLE"});
  }
  std::string title = arguments[1];
  for (const std::string& word : arguments.subspan(2)) title += " " + word;
  show(auction_.start(arguments[0], title));
}

void Console::end(Words arguments, bool /*all*/) {
  if (arguments.size() > 1) return refuse({ErrorCode::invalid_argument, "usage: end [ID]"});
  show(auction_.end(arguments.empty() ? "" : arguments.front()));
}

void Console::show(const Result<std::vector<std::string>>& lines) {
  if (!lines) return refuse(lines.error());
  for (const std::string& line : *lines) say(line);
}

void Console::join(Words /*arguments*/, bool /*all*/) {
  say("servers join by themselves: start one with `muster serve`; find shows who is there");
}

void Console::udp_listen(Words /*arguments*/, bool /*all*/) {
  say("servers listen for datagrams by themselves; `rmi all stats` shows what they heard, "
      "`muster doctor` what keeps them from it");
}

void Console::help(Words /*arguments*/, bool /*all*/) {
  if (options_.client.json) {
    for (const Command& command : commands()) {
      print(JsonLine{}
                .add("command", command.name)
                .add("usage", command.usage)
                .add("help", command.help)
                .text());
    }
    return;
  }
  std::vector<Row> rows;
  for (const Command& command : commands()) {
    rows.push_back({fmt::format("{} {}", command.name, command.usage), std::string(command.help)});
  }
  rows.push_back({"all COMMAND", "asks every server"});
  for (const std::string& line : table_lines(rows)) print(line);
}

void Console::exit(Words /*arguments*/, bool /*all*/) {
  done_ = true;
}

}  // namespace muster::cli
