// muster-sim: runs seeds until one shows a violation, makes that run smaller, and says how to see
// it again.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <random>

#include "sim/large_report.h"
#include "sim/options.h"
#include "sim/run.h"
#include "sim/violation.h"

namespace muster::sim {
namespace {

using Clock = std::chrono::steady_clock;

/// What to print should a check() end the program: made before each run, because a signal handler
/// may not make anything.
char last_words[2048];

extern "C" void on_abort(int) {
  static_cast<void>(!write(STDERR_FILENO, last_words, std::strlen(last_words)));
  _exit(1);
}

struct Totals {
  std::uint64_t seeds{0};
  Duration simulated{};
  std::uint64_t acknowledged{0};
  std::uint64_t frames{0};
  std::uint64_t steps{0};
  std::uint64_t starts{0};
  std::uint64_t restarts{0};
  std::uint64_t events{0};
  std::uint64_t gaps{0};
  std::uint64_t refused{0};
  std::uint64_t wishes{0};
  std::uint64_t lots{0};
  std::uint64_t incidents{0};
  std::uint64_t incident_steps{0};
  std::uint64_t chat_lines{0};
  std::uint64_t chat_lines_heard{0};
  std::uint64_t digest{0xcbf29ce484222325U};
};

std::uint64_t mixed(std::uint64_t digest, std::uint64_t next) {
  return (digest ^ next) * 0x100000001b3U;
}

void add(Totals& totals, const Summary& summary) {
  ++totals.seeds;
  totals.simulated += summary.simulated;
  totals.acknowledged += summary.acknowledged;
  totals.frames += summary.frames;
  totals.steps += summary.steps;
  totals.starts += summary.starts;
  totals.restarts += summary.restarts;
  totals.events += summary.events;
  totals.gaps += summary.gaps;
  totals.refused += summary.refused;
  totals.wishes += summary.wishes;
  totals.lots += summary.lots;
  totals.incidents += summary.incidents;
  totals.incident_steps += summary.incident_steps;
  totals.chat_lines += summary.chat_lines;
  totals.chat_lines_heard += summary.chat_lines_heard;
  totals.digest = mixed(totals.digest, summary.digest);
}

Request request_of(const CommandLine& line, std::uint64_t seed) {
  return {.seed = seed,
          .profile = line.profile,
          .servers = line.servers,
          .length = line.seconds,
          .without = line.without};
}

void prepare_last_words(const Request& request, const std::string& more) {
  std::snprintf(last_words, sizeof(last_words),
                "violation: seed %llu: a check in the program failed (not made smaller)\n"
                "replay: %s --trace\n%s",
                static_cast<unsigned long long>(request.seed), command_of(request).c_str(),
                more.c_str());
}

void print(const Request& request, const Found& found) {
  std::printf("violation: seed %llu, step %llu at %.6f s: %s: %s\nreplay: %s --trace\n",
              static_cast<unsigned long long>(request.seed),
              static_cast<unsigned long long>(found.step),
              static_cast<double>(found.time.time_since_epoch().count()) / 1e6,
              found.invariant.c_str(), found.what.c_str(), command_of(request).c_str());
  std::fflush(stdout);
}

void make_smaller(const Request& request, const Found& found) {
  const Clock::time_point start = Clock::now();
  constexpr ShrinkLimits limits;
  std::printf("shrinking, at most %zu runs and %lld s\n", limits.runs_max,
              static_cast<long long>(limits.time_max.count()));
  const auto run_smaller = [](const Request& smaller, const Request& smallest) {
    prepare_last_words(smaller, "smallest before: " + command_of(smallest) + "\n");
    return run(smaller, false);
  };
  const auto say = [](const std::string& text) {
    std::printf("  %s\n", text.c_str());
    std::fflush(stdout);
  };
  const Smallest smallest = find_smallest(
      request, found, limits,
      {.run = run_smaller, .passed = [start] { return Clock::now() - start; }, .say = say});
  std::printf("smallest of %zu runs%s:\n", smallest.runs,
              smallest.at_limit ? ", which is the limit" : "");
  print(smallest.request, smallest.violation);
}

bool run_seed(const CommandLine& line, std::uint64_t seed, Totals& totals) {
  const Request request = request_of(line, seed);
  prepare_last_words(request, "");
  const Outcome outcome = run(request, line.trace);
  if (!outcome.violation) {
    add(totals, outcome.summary);
    return true;
  }
  print(request, *outcome.violation);
  if (line.shrink && !line.trace) make_smaller(request, *outcome.violation);
  return false;
}

void print_summary(const Totals& totals, Clock::duration passed) {
  const double real = std::chrono::duration<double>(passed).count();
  const double simulated = static_cast<double>(totals.simulated.count()) / 1e6;
  std::printf(
      "%llu seeds, %.0f simulated seconds, %llu starts, %llu of them after a kill or stop, %llu "
      "operations answered, %llu refused at a limit, %llu events and %llu gaps told, %llu wishes "
      "of "
      "operators granted, %llu lots ended, %llu incidents over after %llu steps, %llu "
      "lines of chat told to %llu ears, %llu frames, %llu steps, "
      "%.1f s, %.0f simulated seconds per second, digest %016llx\n",
      static_cast<unsigned long long>(totals.seeds), simulated,
      static_cast<unsigned long long>(totals.starts),
      static_cast<unsigned long long>(totals.restarts),
      static_cast<unsigned long long>(totals.acknowledged),
      static_cast<unsigned long long>(totals.refused),
      static_cast<unsigned long long>(totals.events), static_cast<unsigned long long>(totals.gaps),
      static_cast<unsigned long long>(totals.wishes), static_cast<unsigned long long>(totals.lots),
      static_cast<unsigned long long>(totals.incidents),
      static_cast<unsigned long long>(totals.incident_steps),
      static_cast<unsigned long long>(totals.chat_lines),
      static_cast<unsigned long long>(totals.chat_lines_heard),
      static_cast<unsigned long long>(totals.frames), static_cast<unsigned long long>(totals.steps),
      real, simulated / real, static_cast<unsigned long long>(totals.digest));
}

// Figures instead of faults: of each seed, then of all.
int run_large(const CommandLine& line) {
  const Clock::time_point start = Clock::now();
  const std::string command = "muster-sim --large " + std::to_string(*line.large) + " --seeds ";
  std::vector<LargeFigures> runs;
  std::uint64_t digest = Totals{}.digest;
  for (std::uint64_t seed = line.first_seed; seed <= line.last_seed; ++seed) {
    const std::string replay = command + std::to_string(seed) + " --trace\n";
    std::snprintf(last_words, sizeof(last_words), "a check in the program failed\nreplay: %s",
                  replay.c_str());
    try {
      runs.push_back(measure_large_group(
          seed, *line.large, line.trace, [&](const std::string& what, double seconds) {
            std::fprintf(stderr, "seed %llu, after %.0f s: %s: %.2f s\n",
                         static_cast<unsigned long long>(seed),
                         std::chrono::duration<double>(Clock::now() - start).count(), what.c_str(),
                         seconds);
          }));
    } catch (const Violation& violation) {
      std::printf("violation: seed %llu: %s: %s\nreplay: %s", static_cast<unsigned long long>(seed),
                  violation.invariant().c_str(), violation.what(), replay.c_str());
      return 1;
    }
    digest = mixed(digest, runs.back().digest);
  }
  std::printf("%s\nseeds %llu..%llu, %.1f s, digest %016llx\n",
              to_tables(*line.large, runs).c_str(),
              static_cast<unsigned long long>(line.first_seed),
              static_cast<unsigned long long>(line.last_seed),
              std::chrono::duration<double>(Clock::now() - start).count(),
              static_cast<unsigned long long>(digest));
  return 0;
}

int run_all(CommandLine line) {
  const Clock::time_point start = Clock::now();
  if (line.run_for) {
    line.first_seed = line.base.value_or(std::random_device{}() % 1'000'000'000U * 1'000ULL);
    line.last_seed = ~std::uint64_t{0};
    std::printf("fresh seeds from %llu on (again: --base %llu)\n",
                static_cast<unsigned long long>(line.first_seed),
                static_cast<unsigned long long>(line.first_seed));
    std::fflush(stdout);
  }
  Totals totals;
  for (std::uint64_t seed = line.first_seed;; ++seed) {
    if (!run_seed(line, seed, totals)) return 1;
    if (seed == line.last_seed) break;
    if (line.run_for && Clock::now() - start >= *line.run_for) break;
  }
  print_summary(totals, Clock::now() - start);
  return 0;
}

}  // namespace
}  // namespace muster::sim

int main(int count, char** values) {
  std::signal(SIGABRT, muster::sim::on_abort);
  const auto line = muster::sim::parse_command_line({values + 1, values + count});
  if (!line) {
    std::fprintf(stderr, "%s\n", line.error().message.c_str());
    return 2;
  }
  if (line->help) {
    std::fputs(muster::sim::usage().c_str(), stdout);
    return 0;
  }
  try {
    return line->large ? muster::sim::run_large(*line) : muster::sim::run_all(*line);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "muster-sim: %s\n", error.what());
    return 1;
  }
}
