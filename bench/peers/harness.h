// The work that bench/compare gives to groups of every make, and what is measured of it.
//
//   PROGRAM load SIZE IN-FLIGHT CONNECTIONS WARM-UP-SECONDS SECONDS SERVER...
//       durable writes of SIZE bytes, IN-FLIGHT unanswered at any time, over CONNECTIONS
//       connections, of which the first goes to the first server, the next to the next
//   PROGRAM outage SIZE SERVER...
//       one write after another, until standard input ends; prints {} once writes are acknowledged
//
// Prints one JSON object at the end. Writes go to `keys` keys in turn.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/histogram.h"

namespace muster::bench {

using Clock = std::chrono::steady_clock;

constexpr std::size_t keys = 256;

[[noreturn]] void fail(const std::string& why);

/// What a driver is to connect and to write.
struct Work {
  std::vector<std::string> servers;  ///< `HOST:PORT` each; the first is the one to be at.
  std::size_t in_flight{1};
  std::size_t connections{1};
  std::string value;  ///< Of each write.

  /// The servers in the order in which this connection tries them.
  std::vector<std::string> servers_of(std::size_t connection) const;
};

/// Hears how each write ended; `error` is empty if it was acknowledged. From one thread at a time
/// for each connection, never from within `Driver::write`.
using OnAnswer = std::function<void(std::size_t write, std::string_view error)>;

/// The client of one make. Write number n goes over connection n modulo `Work::connections` to key
/// n modulo `keys`. A constructor returns when all is connected, and makes what writes need.
class Driver {
 public:
  virtual ~Driver() = default;
  /// From any thread, unless the driver has none of its own: then from the one that calls
  /// `run_for`.
  virtual void write(std::size_t write) = 0;
  /// Waits, and does meanwhile what a driver without threads has to do.
  virtual void run_for(std::chrono::microseconds time);
};
using MakeDriver = std::function<std::unique_ptr<Driver>(const Work& work, OnAnswer on_answer)>;

/// A closed loop: each answer is followed by the next write at once.
class Load {
 public:
  Load(std::size_t in_flight, std::size_t connections);

  void answered(std::size_t write, std::string_view error);
  /// Writes for both times and returns the result as JSON.
  std::string run(Driver& driver, Clock::duration warm_up, Clock::duration length);

 private:
  enum class Phase : std::uint8_t { warm_up, measured, over };
  // What one connection's thread writes to, in memory of its own.
  struct alignas(64) Lane {
    cli::Histogram latencies;
    std::uint64_t errors{0};
    std::string last_error;
  };
  void issue(std::size_t write);
  std::string result(double seconds, double cores, double busiest_thread) const;

  Driver* driver_{nullptr};
  std::vector<Clock::time_point> sent_;
  std::vector<Lane> lanes_;
  std::atomic<Phase> phase_{Phase::warm_up};
  std::atomic<std::size_t> unanswered_{0};
};

/// One write after another. When there has been no answer for `patience` another one is begun
/// beside it, and again after each further `patience`: some makes answer nothing for seconds to
/// writes that a dying leader had, though they would take new ones. Keeps the longest times without
/// an acknowledgement.
class Outage {
 public:
  static constexpr auto patience = std::chrono::milliseconds{20};

  void answered(std::size_t write, std::string_view error);
  std::string run(Driver& driver);

 private:
  struct Gap {
    Clock::time_point from;
    Clock::duration length;
  };
  static constexpr std::size_t unanswered_max = 1'000;
  static constexpr auto shortest_gap = std::chrono::milliseconds{1};

  void begin_if_due();
  bool acknowledged_since(Clock::time_point moment) const;
  std::string result() const;

  Driver* driver_{nullptr};
  mutable std::mutex mutex_;
  std::size_t next_write_{0};
  std::size_t unanswered_{0};
  bool failed_{false};  // The last answer: the next write waits for the next turn.
  Clock::time_point last_begun_;
  Clock::time_point last_acknowledged_;
  std::uint64_t acknowledged_{0};
  std::uint64_t errors_{0};
  std::string last_error_;
  std::vector<Gap> gaps_;
};

/// The `main` of a driver's program. Drivers are never destroyed: the process ends before.
[[noreturn]] void run_program(int count, char** words, const MakeDriver& make);

}  // namespace muster::bench
