// `muster bench`: puts the group under load and measures it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/load.h"
#include "cli/options.h"
#include "cli/verification.h"
#include "wire/control.h"
#include "wire/heartbeat.h"
#include "wire/limits.h"

namespace muster::cli {
namespace {

struct BenchOptions {
  ClientOptions client{};
  Load::Options load{};
  bool verify{false};
  std::string keep_file{};
  std::string check_file{};
};

double in_milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// Says how a load goes while it runs: one line that changes on a terminal, lines of JSON if asked
/// for, else nothing.
class Progress {
 public:
  explicit Progress(bool json) : json_(json), terminal_(!json && isatty(STDERR_FILENO) == 1) {}

  void second(std::chrono::seconds elapsed, std::uint64_t commands) {
    if (json_) {
      fmt::print("{}\n", JsonLine{}
                             .add("kind", "PROGRESS")
                             .add("second", elapsed.count())
                             .add("commandsPerSecond", commands)
                             .text());
      std::fflush(stdout);
    } else if (terminal_) {
      fmt::print(stderr, "\r{} s: {} commands/s   ", elapsed.count(), commands);
    }
  }
  void done() const {
    if (terminal_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  const bool json_;
  const bool terminal_;
};

std::string gaps_as_json(const AcknowledgementGaps& gaps) {
  std::string json;
  for (const AcknowledgementGaps::Gap& gap : gaps.longest()) {
    json += json.empty() ? "[" : ",";
    json += JsonLine{}
                .add("fromMonotonicMs", in_milliseconds(gap.from.time_since_epoch()))
                .add("ms", in_milliseconds(gap.length))
                .text();
  }
  return json.empty() ? "[]" : json + "]";
}

double commands_per_second(const LoadResult& result) {
  const double seconds = std::chrono::duration<double>(result.measured).count();
  return seconds > 0 ? static_cast<double>(result.commands) / seconds : 0;
}

double longest_gap(const LoadResult& result) {
  const auto& gaps = result.gaps.longest();
  return gaps.empty() ? 0 : in_milliseconds(gaps.front().length);
}

void print_json(const BenchOptions& options, const LoadResult& result,
                const std::optional<Verdict>& verdict) {
  JsonLine line;
  line.add("kind", "RESULT")
      .add("service", options.load.service)
      .add("clients", options.load.clients)
      .add("inFlight", options.load.in_flight)
      .add("rate", options.load.rate)
      .add("size", options.load.size)
      .add("seconds", std::chrono::duration<double>(result.measured).count())
      .add("commands", result.commands)
      .add("commandsPerSecond", commands_per_second(result))
      .add("p50Ms", in_milliseconds(result.latencies.percentile(0.5)))
      .add("p99Ms", in_milliseconds(result.latencies.percentile(0.99)))
      .add("p999Ms", in_milliseconds(result.latencies.percentile(0.999)))
      .add("greatestMs", in_milliseconds(result.latencies.greatest()))
      .add("errors", result.errors)
      .add("unknown", result.unknown)
      .add("lastError", result.last_error)
      .add("longestGapMs", longest_gap(result))
      .add_json("gaps", gaps_as_json(result.gaps))
      .add("verified", verdict.has_value());
  const Verdict shown = verdict.value_or(Verdict{});
  line.add("acknowledged", shown.acknowledged)
      .add("lost", shown.lost)
      .add("twice", shown.twice)
      .add("different", shown.different);
  fmt::print("{}\n", line.text());
}

void print_verdict(const Verdict& verdict) {
  fmt::print("acknowledged        {}\n", verdict.acknowledged);
  fmt::print("lost                {}\n", verdict.lost);
  fmt::print("twice               {}\n", verdict.twice);
  if (verdict.different > 0) fmt::print("other contents      {} sessions\n", verdict.different);
}

void print_for_people(const BenchOptions& options, const LoadResult& result,
                      const std::optional<Verdict>& verdict) {
  const Load::Options& load = options.load;
  const std::string loop = load.rate > 0 ? fmt::format("{} commands/s wanted", load.rate)
                                         : fmt::format("{} in flight", load.in_flight);
  fmt::print("load                {} client{} of {}, {}, {} bytes each, {}\n", load.clients,
             load.clients == 1 ? "" : "s", load.service, loop, load.size, to_text(load.duration));
  fmt::print("commands per second {:.0f}\n", commands_per_second(result));
  fmt::print(
      "latency             p50 {:.3f} ms, p99 {:.3f} ms, p99.9 {:.3f} ms, greatest {:.3f} ms\n",
      in_milliseconds(result.latencies.percentile(0.5)),
      in_milliseconds(result.latencies.percentile(0.99)),
      in_milliseconds(result.latencies.percentile(0.999)),
      in_milliseconds(result.latencies.greatest()));
  fmt::print("longest pause       {:.1f} ms without an acknowledgement\n", longest_gap(result));
  fmt::print("errors              {}, and {} perhaps applied\n", result.errors, result.unknown);
  if (!result.last_error.empty()) fmt::print("last error          {}\n", result.last_error);
  if (verdict) print_verdict(*verdict);
}

/// Compares with what the group as a whole has, and with what each named server has.
Result<std::vector<KeptSession>> verify(const BenchOptions& options, net::Loop& loop, Load& load,
                                        Verdict& verdict) {
  const auto answers = load.read_tallies();
  if (!answers) return answers.error();
  std::vector<KeptSession> sessions;
  for (const Acknowledged& told : load.acknowledged()) {
    const session::ReadResult& answer = (*answers)[sessions.size()];
    const auto found = echo::read_tally(answer.payload.view());
    if (!found) return found.error();
    verdict.acknowledged += told.tally.count;
    compare(told, *found, verdict);
    sessions.push_back({.told = told, .index = answer.index});
  }
  if (options.client.servers.size() < 2) return sessions;
  for (const std::string& server : options.client.servers) {
    client::Question::Options question = options.client.question();
    question.servers = {server};
    question.wait = true;
    const auto here = verify_on(loop, question, sessions);
    if (!here) return here.error();
    verdict.lost += here->lost;
    verdict.twice += here->twice;
    verdict.different += here->different;
  }
  return sessions;
}

ExitCode exit_code(const LoadResult& result, const std::optional<Verdict>& verdict) {
  if (verdict && !verdict->well()) return 1;
  if (result.commands == 0) return 1;
  return result.unknown > 0 ? 3 : 0;
}

bool logs_changes(const ClientOptions& options) {
  return options.log_level == "debug" || options.log_level == "info";
}

void log_change(std::size_t client, const session::StateChange& change) {
  using Kind = session::StateChange::Kind;
  const char* what = change.kind == Kind::connected ? "connected to"
                     : change.kind == Kind::lost    ? "lost"
                     : change.kind == Kind::opened  ? "opened its session at"
                     : change.kind == Kind::resumed ? "goes on at"
                                                    : "has ended its session at";
  fmt::print(stderr, "client {} {} {}{}{}\n", client + 1, what, change.address,
             change.reason.empty() ? "" : ": ", change.reason);
}

/// Waits until a server says that the group takes commands, so that a group without a majority is
/// told as such and not as a silence. Returns that server's address.
Result<std::string> find_writable(net::Loop& loop, const ClientOptions& options) {
  const Instant deadline = loop.now() + options.timeout;
  for (;;) {
    const auto answer = client::ask(loop, options.question(),
                                    {.type = wire::FrameType::status_request,
                                     .body = SharedBytes(wire::encode(wire::StatusRequest{}))});
    if (!answer) return answer.error();
    const auto status = wire::decode<wire::Status>(answer->frame.body.view());
    if (!status) return status.error();
    if (status->writable()) return answer->address;
    if (loop.now() >= deadline) {
      return Error{ErrorCode::unavailable, "group " + status->group() + " takes no commands now: " +
                                               status->reason() + "; start the missing servers"};
    }
    client::run_for(loop, std::chrono::milliseconds{100});
  }
}

ExitCode run_load(BenchOptions& options) {
  net::Loop loop;
  const auto found = find_writable(loop, options.client);
  if (!found) return report(found.error());
  options.load.servers = options.client.servers;
  options.load.stays = !options.client.servers.empty();
  options.load.tags = options.client.tags;
  if (options.load.servers.empty()) options.load.servers = {*found};
  options.load.secret = options.client.secret();
  options.load.timeout = options.client.timeout;

  Load load(loop, options.load);
  Progress progress(options.client.json);
  load.on_progress([&](auto elapsed, auto commands) { progress.second(elapsed, commands); });
  if (logs_changes(options.client)) load.on_change(log_change);
  const auto result = load.run();
  progress.done();
  if (!result) return report(result.error());

  std::optional<Verdict> verdict;
  if (options.verify || !options.keep_file.empty()) {
    verdict.emplace();
    const auto sessions = verify(options, loop, load, *verdict);
    if (!sessions) return report(sessions.error());
    if (!options.keep_file.empty()) write_kept(options.keep_file, *sessions).value();
  }
  if (options.keep_file.empty()) load.end_sessions();
  options.client.json ? print_json(options, *result, verdict)
                      : print_for_people(options, *result, verdict);
  if (result->commands == 0) {
    fmt::print(stderr, "nothing was acknowledged: {}; look at `muster status`\n",
               result->last_error.empty() ? "no answer came" : result->last_error);
  }
  return exit_code(*result, verdict);
}

ExitCode run_check(const BenchOptions& options) {
  const auto sessions = read_kept(options.check_file);
  if (!sessions) return report(sessions.error());
  ExitCode exit = 0;
  for (const std::string& server : options.client.servers_to_try()) {
    net::Loop loop;
    client::Question::Options question = options.client.question();
    question.servers = {server};
    const auto verdict = verify_on(loop, question, *sessions);
    if (!verdict) return report(verdict.error());
    if (options.client.json) {
      fmt::print("{}\n", JsonLine{}
                             .add("kind", "CHECK")
                             .add("server", server)
                             .add("acknowledged", verdict->acknowledged)
                             .add("lost", verdict->lost)
                             .add("twice", verdict->twice)
                             .add("different", verdict->different)
                             .text());
    } else {
      fmt::print("server              {}\n", server);
      print_verdict(*verdict);
    }
    if (!verdict->well()) exit = 1;
  }
  return exit;
}

void check_numbers(BenchOptions& options) {
  Load::Options& load = options.load;
  if (load.service != "echo" && (options.verify || !options.keep_file.empty())) {
    throw CLI::ValidationError("--verify and --keep are for --service echo, which keeps a tally");
  }
  if (load.size > load_size_max(load.service)) {
    throw CLI::ValidationError(fmt::format("--size: a line of the chat has at most {} bytes",
                                           load_size_max(load.service)));
  }
  load.in_flight = std::max(load.in_flight, load.rate > 0 ? std::size_t{0} : load.clients);
  if (load.rate > 0 && load.in_flight <= load.clients) {
    load.in_flight = load.clients * wire::session_requests_in_flight_max;
  }
  if (load.in_flight > load.clients * wire::session_requests_in_flight_max) {
    throw CLI::ValidationError(fmt::format(
        "--in-flight {} is too much for {} client{}: each may have {} commands unanswered; "
        "give more --clients",
        load.in_flight, load.clients, load.clients == 1 ? "" : "s",
        wire::session_requests_in_flight_max));
  }
}

void add_load_options(CLI::App& command, BenchOptions& options) {
  command.add_option("--clients", options.load.clients, "sessions, each with its own connection")
      ->check(CLI::Range(std::size_t{1}, std::size_t{20'000}).description(""))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--in-flight", options.load.in_flight,
                  "commands unanswered at any time, over all clients; at least one for each")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}).description(""))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--rate", options.load.rate,
                  "open loop: so many commands per second fall due, whatever the group does; "
                  "without it each answer is followed by the next command")
      ->check(CLI::Range(0.0, 1e8).description(""))
      ->type_name("N");
  command.add_option_function<std::string>(
      "--heartbeat",
      [&options](const std::string& text) {
        const auto interval = parse_duration(text);
        if (!interval || *interval < wire::heartbeat_interval_min ||
            *interval > wire::heartbeat_interval_max) {
          throw CLI::ValidationError("--heartbeat", "a duration from 15ms to 60s");
        }
        options.load.heartbeat = *interval;
      },
      "how often each client gives a sign of life; its session ends after ten missed, or 2s "
      "(default: each second, and as the group has it)");
  command
      .add_option("--size", options.load.size,
                  "bytes of a command of echo, or of a line of the chat")
      ->check(CLI::Range(std::size_t{0}, wire::command_bytes_max).description(""))
      ->type_name("BYTES")
      ->capture_default_str();
  add_duration(command, "--duration", options.load.duration, "how long to measure",
               {.plausible = std::chrono::milliseconds{100}});
  add_duration(command, "--warm-up", options.load.warm_up, "load before that, not measured",
               {.lowest = Duration::zero(), .plausible = Duration::zero()});
  command
      .add_option("--service", options.load.service,
                  "what the commands are for: echo, chat (lines in 16 rooms) or auction (bids)")
      ->check(CLI::IsMember({"echo", "chat", "auction"}).description(""))
      ->type_name("NAME")
      ->capture_default_str();
}

}  // namespace

CLI::App* add_bench(CLI::App& root, ExitCode& exit) {
  CLI::App* command = root.add_subcommand("bench", "puts the group under load and measures it");
  const auto options = std::make_shared<BenchOptions>();
  add_client_options(*command, options->client);
  add_load_options(*command, *options);
  command->add_flag("--verify", options->verify,
                    "at the end compare what was acknowledged with what the group has, and with "
                    "what each server named by --server has");
  command
      ->add_option("--keep", options->keep_file,
                   "verify, leave the sessions open, and write to this file what they were told")
      ->type_name("FILE");
  command
      ->add_option("--check", options->check_file,
                   "no load: compare what --keep wrote with what each server has")
      ->type_name("FILE");
  command->callback([options, &exit] {
    if (!options->check_file.empty()) {
      exit = run_check(*options);
      return;
    }
    check_numbers(*options);
    exit = run_load(*options);
  });
  return command;
}

}  // namespace muster::cli
