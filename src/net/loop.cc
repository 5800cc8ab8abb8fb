#include "net/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "net/link.h"

namespace muster::net {

// The hint says that one thread runs the context, which spares wake-ups and locks.
Loop::Loop(Options options)
    : options_(options),
      receive_buffer_(options.receive_buffer_bytes),
      own_context_(std::make_unique<boost::asio::io_context>(1)),
      context_(*own_context_) {}

Loop::Loop(boost::asio::io_context& context, Options options)
    : options_(options), receive_buffer_(options.receive_buffer_bytes), context_(context) {}

Loop::~Loop() {
  // Links own sockets, which must not outlive the context.
  to_flush_.clear();
  flushing_.clear();
}

void Loop::run() {
  context_.run();
}

void Loop::stop() {
  context_.stop();
}

Instant Loop::now() const {
  return Instant(std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

LogTime Loop::wall_time() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::floor<std::chrono::milliseconds>(since_epoch).count()};
}

Instant Loop::step_begins() {
  ++steps_open_;
  return now();
}

void Loop::step_ends(std::string_view what, Instant begun) {
  if (--steps_open_ > 0) return;
  const Instant ended = now();
  const Duration length = ended - begun;
  ++statistics_.steps;
  statistics_.longest = std::max(statistics_.longest, length);
  if (length <= options_.slow_step) return;
  ++statistics_.slow;
  if (last_report_ && ended - *last_report_ < options_.reports_apart) {
    ++unreported_;
    return;
  }
  last_report_ = ended;
  const std::uint64_t unreported = std::exchange(unreported_, 0);
  if (on_slow_step_) on_slow_step_(what, length, unreported);
}

void Loop::flush_later(std::shared_ptr<Link> link) {
  to_flush_.push_back(std::move(link));
  if (flush_posted_) return;
  flush_posted_ = true;
  boost::asio::post(context_, [this] {
    flush_posted_ = false;
    step("sending", [this] { flush_links(); });
  });
}

void Loop::flush_links() {
  std::swap(flushing_, to_flush_);
  for (const auto& link : flushing_) link->flush();
  flushing_.clear();
}

}  // namespace muster::net
