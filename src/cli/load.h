// Puts a group under load with commands to a service, and keeps count of what comes back.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/acknowledgement_gaps.h"
#include "cli/histogram.h"
#include "cli/kept_session.h"
#include "cli/load_service.h"
#include "client/client.h"
#include "muster/bytes.h"
#include "muster/error.h"
#include "muster/ids.h"
#include "muster/time.h"
#include "net/loop.h"

namespace muster::cli {

/// What a load gave, after the warm-up.
struct LoadResult {
  std::chrono::nanoseconds measured{};
  std::uint64_t commands{0};  ///< Acknowledged.
  std::uint64_t errors{0};    ///< Certainly not applied, or answered wrongly.
  std::uint64_t unknown{0};   ///< Perhaps applied.
  std::string last_error;
  Histogram latencies;
  AcknowledgementGaps gaps;
};

/// Closed loop: each client keeps its share of `in_flight` commands unanswered. Open loop: commands
/// fall due at a fixed rate whatever the group does, and latency counts from when a command was
/// due, so that a stall shows in all the commands that it held up (no coordinated omission).
///
/// Thread-safety: none; runs on its loop.
class Load {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::vector<std::string> servers{};
    bool stays{false};  ///< They were named: clients begin at the first that answers.
    Bytes secret{};
    std::map<std::string, std::string> tags{};  ///< Of each client.
    std::size_t clients{1};
    std::size_t in_flight{1};             ///< In all; at least one for each client.
    double rate{0};                       ///< Commands per second in all; 0: closed loop.
    std::optional<Duration> heartbeat{};  ///< Of each client, which then may be missed for least.
    std::string service{"echo"};          ///< As `make_load_service` has it.
    std::size_t size{128};                ///< Bytes of a payload.
    Duration duration{std::chrono::seconds{10}};
    Duration warm_up{std::chrono::seconds{1}};   ///< Before it; not measured.
    Duration timeout{std::chrono::seconds{10}};  ///< Of a command; also to open some sessions.
  };
  /// Called once a second while the load runs, with what was acknowledged since the call before.
  using OnProgress = std::function<void(std::chrono::seconds elapsed, std::uint64_t commands)>;
  using OnChange = std::function<void(std::size_t client, const session::StateChange&)>;

  Load(net::Loop& loop, Options options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void on_progress(OnProgress handler) { on_progress_ = std::move(handler); }
  void on_change(OnChange handler) { on_change_ = std::move(handler); }

  /// Opens all sessions, runs the load to its end and waits for the last answers.
  /// Errors: UNAVAILABLE if not all sessions could be opened in time; what the service refused
  /// before the load.
  [[nodiscard]] Result<LoadResult> run();
  /// One for each client; of `echo`.
  std::vector<Acknowledged> acknowledged() const;
  /// Reads what the group has for each client, linearizably, over the client's own session.
  [[nodiscard]] Result<std::vector<session::ReadResult>> read_tallies();
  /// Ends all sessions, as well as that is possible in a short time.
  void end_sessions();

 private:
  class Sender;

  bool open_some();
  bool run_until(Clock::time_point deadline, const std::function<bool()>& done);
  void begin();
  void every_second();
  Clock::time_point due(std::uint64_t turn) const;
  void issue_due();
  void wake();
  bool all_prepared() const;
  bool all_answered() const;
  bool all_over() const;
  Error why_not_opened() const;

  net::Loop& loop_;
  const Options options_;
  OnProgress on_progress_;
  OnChange on_change_;
  std::vector<std::unique_ptr<Sender>> senders_;
  boost::asio::steady_timer phase_timer_;
  boost::asio::steady_timer second_timer_;
  boost::asio::steady_timer due_timer_;
  Clock::time_point begun_;
  Clock::time_point measured_from_;
  std::uint64_t turn_{0};  // Of the next command that falls due in an open loop.
  std::uint64_t seconds_{0};
  std::uint64_t commands_told_{0};
  std::uint64_t commands_in_all_{0};  // Warm-up included.
  bool issuing_{false};
  LoadResult result_;
};

}  // namespace muster::cli
