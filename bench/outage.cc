// Many clients that give commands all the time, and when each was without a server: what
// bench/redistribution.py measures real servers with.
//
//   outage CLIENTS PAUSE-MS SERVER...
//       opens sessions, each of which gives its next command so long after the answer to the one
//       before, until standard input ends
//
// Prints a JSON object once all are open. At the end it prints another one: how many commands were
// answered and how many failed, and for each loss of a server when that was, and when the client
// had its first answer from another one, in milliseconds of the monotonic clock.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/question.h"
#include "echo/echo.h"
#include "muster/check.h"
#include "net/loop.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto command_timeout = 30s;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "outage: {}\n", why);
  std::exit(1);
}

double milliseconds(Clock::time_point at) {
  return std::chrono::duration<double, std::milli>(at.time_since_epoch()).count();
}

struct Totals {
  bool over{false};
  std::uint64_t answered{0};
  std::uint64_t failed{0};
  std::vector<std::string> outages;  // As JSON.
};

/// One client: a command, its answer, a pause.
class Caller {
 public:
  Caller(net::Loop& loop, std::size_t number, Clock::duration pause,
         const std::vector<std::string>& servers, Totals& totals)
      : client_(loop, options(number, servers)),
        pause_(pause),
        totals_(totals),
        timer_(loop.context()) {
    client_.on_change([this](const session::StateChange& change) {
      if (!begun_) return;  // New clients are sent to where there are fewer.
      if (change.kind == session::StateChange::Kind::lost && !lost_) lost_ = Clock::now();
      // One that waits is not to look served later than it was.
      if (change.kind == session::StateChange::Kind::resumed && lost_) call();
    });
  }
  bool opened() const { return client_.session().opened(); }
  bool idle() const { return in_flight_ == 0; }

  /// The first command, some time within a pause, so that the clients spread.
  void begin(double part) {
    begun_ = true;
    wait(std::chrono::duration_cast<Clock::duration>(pause_ * part));
  }

 private:
  static client::Client::Options options(std::size_t number,
                                         const std::vector<std::string>& servers) {
    client::Client::Options made;
    made.session.name = "outage_" + std::to_string(number + 1);
    made.session.kind = "bench";
    made.session.seeds = servers;
    auto& seeds = made.session.seeds;
    std::rotate(seeds.begin(), seeds.begin() + static_cast<std::ptrdiff_t>(number % seeds.size()),
                seeds.end());
    return made;
  }

  void wait(Clock::duration time) {
    timer_.expires_after(time);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) call();
    });
  }

  void call() {
    if (totals_.over || in_flight_ > 0) return;
    ++in_flight_;
    const auto called = client_.call(echo::service_id, SharedBytes::copy_of(as_bytes("x")),
                                     command_timeout, [this](const auto& result) {
                                       --in_flight_;
                                       answered(result.has_value());
                                       wait(pause_);
                                     });
    if (!called) fail(called.error().message);
  }

  void answered(bool well) {
    ++(well ? totals_.answered : totals_.failed);
    if (!well || !lost_ || !opened()) return;
    totals_.outages.push_back(
        fmt::format("[{:.3f},{:.3f}]", milliseconds(*lost_), milliseconds(Clock::now())));
    lost_.reset();
  }

  client::Client client_;
  const Clock::duration pause_;
  Totals& totals_;
  boost::asio::steady_timer timer_;
  bool begun_{false};
  std::size_t in_flight_{0};
  std::optional<Clock::time_point> lost_;
};

int run(const std::vector<std::string>& words) {
  if (words.size() < 3) fail("CLIENTS PAUSE-MS SERVER...");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t count = std::stoul(words[0]);
  const std::chrono::milliseconds pause{std::stoul(words[1])};
  const std::vector<std::string> servers(words.begin() + 2, words.end());
  net::Loop loop;
  Totals totals;
  std::vector<std::unique_ptr<Caller>> callers;
  for (std::size_t i = 0; i < count; ++i) {
    callers.push_back(std::make_unique<Caller>(loop, i, pause, servers, totals));
  }
  while (!std::ranges::all_of(callers, [](const auto& one) { return one->opened(); })) {
    client::run_for(loop, 10ms);
  }
  fmt::print("{{\"sessions\":{}}}\n", count);
  std::fflush(stdout);
  for (std::size_t i = 0; i < count; ++i) {
    callers[i]->begin(static_cast<double>(i) / static_cast<double>(count));
  }
  boost::asio::posix::stream_descriptor input(loop.context(), ::dup(STDIN_FILENO));
  input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [&](const boost::system::error_code&) { totals.over = true; });
  while (!totals.over) client::run_for(loop, 20ms);
  while (!std::ranges::all_of(callers, [](const auto& one) { return one->idle(); })) {
    client::run_for(loop, 10ms);
  }
  fmt::print("{{\"answered\":{},\"failed\":{},\"outages\":[{}]}}\n", totals.answered, totals.failed,
             fmt::join(totals.outages, ","));
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace muster

int main(int count, char** words) {
  return muster::run({words + 1, words + count});
}
