#include "bench/peers/harness.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>
#include <utility>

#include "cli/json_line.h"

namespace muster::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto answers_wait = 30s;
constexpr std::size_t gaps_told = 200;

double in_milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// Seconds of a core that each thread of this process has used so far.
std::map<std::string, double> thread_seconds() {
  std::map<std::string, double> used;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::uint64_t nanoseconds = 0;
    std::ifstream(entry.path() / "schedstat") >> nanoseconds;
    used[entry.path().filename()] = static_cast<double>(nanoseconds) / 1e9;
  }
  return used;
}

struct CpuUse {
  double process{0};
  double busiest_thread{0};
};

CpuUse cpu_since(const std::map<std::string, double>& before) {
  CpuUse use;
  for (const auto& [thread, seconds] : thread_seconds()) {
    const auto was = before.find(thread);
    const double used = seconds - (was == before.end() ? 0 : was->second);
    use.process += used;
    use.busiest_thread = std::max(use.busiest_thread, used);
  }
  return use;
}

/// Bytes that do not compress, the same each time.
std::string make_value(std::size_t size) {
  std::string value(size, '\0');
  std::uint64_t state = 1;
  for (char& each : value) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    each = static_cast<char>(state >> 56U);
  }
  return value;
}

bool input_ended() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (::poll(&input, 1, 0) <= 0) return false;
  char byte = 0;
  return ::read(STDIN_FILENO, &byte, 1) <= 0;
}

Clock::duration seconds_of(const std::string& word) {
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(std::stod(word)));
}

}  // namespace

void fail(const std::string& why) {
  fmt::print(stderr, "{}\n", why);
  std::fflush(stderr);
  std::_Exit(1);  // Threads of foreign clients may be within anything.
}

std::vector<std::string> Work::servers_of(std::size_t connection) const {
  std::vector<std::string> in_order = servers;
  const auto first = static_cast<std::ptrdiff_t>(connection % servers.size());
  std::rotate(in_order.begin(), in_order.begin() + first, in_order.end());
  return in_order;
}

void Driver::run_for(std::chrono::microseconds time) {
  std::this_thread::sleep_for(time);
}

Load::Load(std::size_t in_flight, std::size_t connections)
    : sent_(in_flight), lanes_(connections) {}

void Load::issue(std::size_t write) {
  sent_[write] = Clock::now();
  driver_->write(write);
}

void Load::answered(std::size_t write, std::string_view error) {
  const Phase phase = phase_;
  Lane& lane = lanes_[write % lanes_.size()];
  if (phase != Phase::over) {
    if (!error.empty()) {
      ++lane.errors;
      lane.last_error = error;
    } else if (phase == Phase::measured) {
      lane.latencies.record(Clock::now() - sent_[write]);
    }
    return issue(write);
  }
  --unanswered_;
}

std::string Load::run(Driver& driver, Clock::duration warm_up, Clock::duration length) {
  driver_ = &driver;
  unanswered_ = sent_.size();
  for (std::size_t write = 0; write < sent_.size(); ++write) issue(write);
  const auto run_until = [&](Clock::time_point end) {
    while (Clock::now() < end) driver.run_for(1ms);
  };
  const auto begun = Clock::now() + warm_up;
  run_until(begun);
  const auto cpu_before = thread_seconds();
  phase_ = Phase::measured;
  run_until(begun + length);
  phase_ = Phase::over;
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const CpuUse cpu = cpu_since(cpu_before);
  const auto limit = Clock::now() + answers_wait;
  while (unanswered_ > 0 && Clock::now() < limit) driver.run_for(1ms);
  if (unanswered_ > 0) {
    fail(fmt::format("{} writes have no answer after 30 s", unanswered_.load()));
  }
  return result(seconds, cpu.process / seconds, cpu.busiest_thread / seconds);
}

std::string Load::result(double seconds, double cores, double busiest_thread) const {
  cli::Histogram latencies;
  std::uint64_t errors = 0;
  std::string last_error;
  for (const Lane& lane : lanes_) {
    latencies.add(lane.latencies);
    errors += lane.errors;
    if (!lane.last_error.empty()) last_error = lane.last_error;
  }
  return cli::JsonLine{}
      .add("seconds", seconds)
      .add("commands", latencies.count())
      .add("perSecond", static_cast<double>(latencies.count()) / seconds)
      .add("p50Ms", in_milliseconds(latencies.percentile(0.5)))
      .add("p99Ms", in_milliseconds(latencies.percentile(0.99)))
      .add("p999Ms", in_milliseconds(latencies.percentile(0.999)))
      .add("greatestMs", in_milliseconds(latencies.greatest()))
      .add("errors", errors)
      .add("lastError", last_error)
      .add("clientCores", cores)
      .add("busiestThreadCores", busiest_thread)
      .text();
}

void Outage::answered(std::size_t /*write*/, std::string_view error) {
  {
    const std::scoped_lock lock(mutex_);
    --unanswered_;
    failed_ = !error.empty();
    if (failed_) {
      ++errors_;
      last_error_ = error;
      return;
    }
    const auto now = Clock::now();
    if (acknowledged_ > 0 && now - last_acknowledged_ >= shortest_gap) {
      gaps_.push_back({.from = last_acknowledged_, .length = now - last_acknowledged_});
    }
    last_acknowledged_ = now;
    ++acknowledged_;
  }
  begin_if_due();
}

void Outage::begin_if_due() {
  std::size_t write = 0;
  {
    const std::scoped_lock lock(mutex_);
    const auto now = Clock::now();
    const bool silent = now - last_begun_ >= patience && unanswered_ < unanswered_max;
    if (unanswered_ > 0 && !silent) return;
    last_begun_ = now;
    ++unanswered_;
    write = next_write_++;
  }
  driver_->write(write);
}

bool Outage::acknowledged_since(Clock::time_point moment) const {
  const std::scoped_lock lock(mutex_);
  return last_acknowledged_ > moment;
}

std::string Outage::run(Driver& driver) {
  driver_ = &driver;
  const auto run_until = [&](const auto& holds) {
    while (!holds()) {
      begin_if_due();
      driver.run_for(1ms);
    }
  };
  run_until([&] { return acknowledged_since({}); });
  fmt::print("{{}}\n");
  std::fflush(stdout);
  run_until(input_ended);
  // The last gap has an end, too.
  const auto ended = Clock::now();
  run_until([&] {
    if (Clock::now() - ended > answers_wait) fail("no write is acknowledged any more");
    return acknowledged_since(ended);
  });
  return result();
}

std::string Outage::result() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Gap> longest = gaps_;
  std::ranges::sort(longest, std::greater{}, &Gap::length);
  longest.resize(std::min(longest.size(), gaps_told));
  std::string gaps;
  for (const Gap& gap : longest) {
    gaps += gaps.empty() ? "" : ",";
    gaps += cli::JsonLine{}
                .add("fromMonotonicMs", in_milliseconds(gap.from.time_since_epoch()))
                .add("ms", in_milliseconds(gap.length))
                .text();
  }
  return cli::JsonLine{}
      .add("acknowledged", acknowledged_)
      .add("errors", errors_)
      .add("lastError", last_error_)
      .add_json("gaps", "[" + gaps + "]")
      .text();
}

namespace {

/// Ends the process while the driver still is: its threads, and writes that a lost leader had and
/// that may be unanswered, refer to much.
[[noreturn]] void finish(const std::string& result) {
  fmt::print("{}\n", result);
  std::fflush(stdout);
  std::_Exit(0);
}

[[noreturn]] void run_load(const std::vector<std::string>& words, const MakeDriver& make) {
  const Work work{.servers = {words.begin() + 6, words.end()},
                  .in_flight = std::stoul(words[2]),
                  .connections = std::stoul(words[3]),
                  .value = make_value(std::stoul(words[1]))};
  Load load(work.in_flight, work.connections);
  const auto driver =
      make(work, [&](std::size_t write, std::string_view error) { load.answered(write, error); });
  finish(load.run(*driver, seconds_of(words[4]), seconds_of(words[5])));
}

[[noreturn]] void run_outage(const std::vector<std::string>& words, const MakeDriver& make) {
  const Work work{.servers = {words.begin() + 2, words.end()},
                  .in_flight = 1,
                  .connections = 1,
                  .value = make_value(std::stoul(words[1]))};
  Outage outage;
  const auto driver =
      make(work, [&](std::size_t write, std::string_view error) { outage.answered(write, error); });
  finish(outage.run(*driver));
}

}  // namespace

void run_program(int count, char** words_begin, const MakeDriver& make) {
  const std::vector<std::string> words(words_begin + 1, words_begin + count);
  if (words.size() >= 7 && words[0] == "load") run_load(words, make);
  if (words.size() >= 3 && words[0] == "outage") run_outage(words, make);
  fail(
      "load SIZE IN-FLIGHT CONNECTIONS WARM-UP-SECONDS SECONDS SERVER... | "
      "outage SIZE SERVER...");
}

}  // namespace muster::bench
