// The writers of `muster demo`: commands all the time, and a comparison with what the group has.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/demo_model.h"
#include "net/loop.h"

namespace muster::cli {

/// A few clients that write to `echo` at a steady pace. In turn each of them rests until all it
/// wrote is answered, and asks the group, linearizably, what it has of it: count and contents must
/// be what was acknowledged, no less and no more. So lost and repeated commands show while it runs.
/// Thread-safety: none; runs on its loop.
class DemoLoad {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::vector<std::string> servers{};
    std::size_t clients{4};
    std::size_t in_flight_max{64};  ///< Of each.
    unsigned per_second{1'000};     ///< Of all; fewer while the group does not answer.
    std::size_t size{64};           ///< Bytes of a command.
    std::chrono::milliseconds compare_every{250};  ///< One of the clients.
  };

  /// Begins at once. Precondition: `loop` outlives it.
  DemoLoad(net::Loop& loop, Options options);
  ~DemoLoad();
  DemoLoad(const DemoLoad&) = delete;
  DemoLoad& operator=(const DemoLoad&) = delete;

  /// Calls `handler` when a command that is given to the group from now on is acknowledged for the
  /// first time. Another call takes the place of the one before.
  void on_next_acknowledgement(std::function<void(Clock::time_point)> handler);
  /// Compares all clients as soon as possible, and then calls `handler`; if `last`, they write no
  /// more afterwards. Another call takes the place of the one before.
  void compare_all(bool last, std::function<void()> handler);

  DemoCounters counters() const;
  /// When a comparison last came to an end.
  std::optional<Clock::time_point> compared_at() const { return compared_at_; }
  /// Why the last comparison failed, if it did; the next one may not.
  const std::string& trouble() const { return trouble_; }
  /// Commands that are perhaps applied: sessions that the group gave up, and what they had open.
  std::uint64_t unknown() const;

 private:
  class Writer;

  void pace();
  void compare_next();
  void compared();
  void replace(std::size_t place);

  net::Loop& loop_;
  const Options options_;
  std::vector<std::unique_ptr<Writer>> writers_;
  boost::asio::steady_timer pace_timer_;
  boost::asio::steady_timer compare_timer_;
  Clock::time_point paced_to_;
  std::size_t next_writer_{0};
  std::size_t next_compared_{0};
  DemoCounters of_former_;  // Of writers whose session the group has given up.
  std::uint64_t unknown_of_former_{0};
  std::optional<Clock::time_point> compared_at_;
  std::string trouble_;
  std::optional<Clock::time_point> mark_;
  std::function<void(Clock::time_point)> on_marked_;
  std::function<void()> on_compared_all_;
  bool last_{false};
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};  // For posted work.
};

}  // namespace muster::cli
