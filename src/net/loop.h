// The one thread that sockets, timers and the pure core run on, and what its users share.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "muster/time.h"
#include "net/send_buffer.h"
#include "wire/frame.h"

namespace muster::net {

class Link;

/// An `io_context` for one thread, its own or a given one, with the clocks, the buffers that all
/// links of the thread share, and a watch on how long its steps take. Outlives everything that uses
/// it.
///
/// Thread-safety: none, except `stop` and posting to `context()`.
class Loop {
 public:
  struct Options {
    Duration slow_step{std::chrono::milliseconds{5}};  ///< A step that takes longer is reported,
    Duration reports_apart{std::chrono::seconds{1}};   ///< but not more often than this.
    std::size_t receive_buffer_bytes{std::size_t{64} * 1024};
  };
  /// A step took `length`; `unreported` more were slow since the report before.
  using OnSlowStep =
      std::function<void(std::string_view what, Duration length, std::uint64_t unreported)>;

  Loop() : Loop(Options{}) {}
  explicit Loop(Options options);
  /// On a context that others use too, and run. Precondition: it is run by one thread at a time and
  /// outlives this; this outlives the handlers in it.
  Loop(boost::asio::io_context& context, Options options);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context& context() { return context_; }
  /// Runs until `stop`, or until nothing is left to wait for.
  void run();
  /// From any thread. `run` returns after the handler that runs now.
  void stop();

  /// The monotonic clock; only differences mean something.
  Instant now() const;
  LogTime wall_time() const;

  struct Statistics {
    std::uint64_t steps{0};
    std::uint64_t slow{0};
    Duration longest{};
  };
  const Statistics& statistics() const { return statistics_; }
  void on_slow_step(OnSlowStep callback) { on_slow_step_ = std::move(callback); }
  /// Runs `work` and reports it as `what` if it was slow. Nested calls count for the outer one.
  template <class Work>
  void step(std::string_view what, Work&& work) {
    const Instant begun = step_begins();
    work();
    step_ends(what, begun);
  }

  /// Sends what waits on all links that were given something since the last call. Happens by itself
  /// once the handlers that are ready now have run; call it to send sooner. One system call for
  /// each link, if its connection takes that much.
  void flush_links();
  /// A number that no link of this loop has or gets: for connections of other kinds.
  std::uint64_t take_link_number() { return next_link_number_++; }
  /// Links with an open connection, whether their preface is done or not.
  std::size_t open_links() const { return open_links_; }

 private:
  friend class Link;

  Instant step_begins();
  void step_ends(std::string_view what, Instant begun);
  void flush_later(std::shared_ptr<Link> link);

  const Options options_;
  OnSlowStep on_slow_step_;
  std::optional<Instant> last_report_;
  std::uint64_t unreported_{0};
  int steps_open_{0};
  Statistics statistics_;

  wire::ReceiveBuffer receive_buffer_;
  SendBuffer send_buffer_;
  std::vector<std::shared_ptr<Link>> to_flush_;
  std::vector<std::shared_ptr<Link>> flushing_;
  bool flush_posted_{false};
  std::size_t open_links_{0};
  std::uint64_t next_link_number_{1};
  // Last: what its handlers hold uses all of the above. Null: the context is another's.
  std::unique_ptr<boost::asio::io_context> own_context_;
  boost::asio::io_context& context_;
};

}  // namespace muster::net
