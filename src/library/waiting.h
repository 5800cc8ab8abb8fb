// One coroutine that waits for one result of work on another thread's loop.
#pragma once

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "muster/error.h"
#include "muster/time.h"

namespace muster::library {

/// The latest that a timer or a request is set to: far enough for everybody, and no overflow.
constexpr Duration timeout_max = std::chrono::hours{24 * 365};
constexpr Duration within_limits(Duration timeout) {
  return std::clamp(timeout, Duration::zero(), timeout_max);
}

/// Gives its result once: that of the first `complete`, or, when nobody holds it any more, the
/// error that it was made with. So whoever drops what he was to answer answers it.
///
/// Used on the loop only. The result travels to the coroutine's executor by itself.
template <class Value>
class Waiting final : public std::enable_shared_from_this<Waiting<Value>> {
 public:
  using Handler = std::function<void(Result<Value>)>;

  /// `handler` is called once; it does not call back from within.
  Waiting(boost::asio::io_context& loop, Error if_dropped, Handler handler)
      : timer_(loop), if_dropped_(std::move(if_dropped)), handler_(std::move(handler)) {}
  ~Waiting() { complete(std::move(if_dropped_)); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  bool done() const { return handler_ == nullptr; }
  /// Nothing happens if it is done.
  void complete(Result<Value> result) {
    if (done()) return;
    timer_.cancel();
    std::exchange(handler_, nullptr)(std::move(result));
  }
  /// Completes it with `error()` when the time is up.
  void complete_after(Duration timeout, std::function<Error()> error) {
    timer_.expires_after(within_limits(timeout));
    timer_.async_wait([weak = this->weak_from_this(),
                       error = std::move(error)](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      if (const auto self = weak.lock()) self->complete(error());
    });
  }

 private:
  boost::asio::steady_timer timer_;
  Error if_dropped_;
  Handler handler_;
};

template <class Value>
using WaitingPointer = std::shared_ptr<Waiting<Value>>;

/// What an operation gives when it is not carried through.
struct Interruptions {
  Error dropped;    ///< Whoever was to answer is gone.
  Error cancelled;  ///< By the caller, through Asio's cancellation.
};

/// Begins an operation on `loop` and waits for its result on the coroutine's own executor.
/// `begin(waiting)` runs on the loop's thread: at once if that is this one. `loop` is only used
/// while it runs or `begin` is held.
template <class Value, class Begin>
boost::asio::awaitable<Result<Value>> wait_on(boost::asio::io_context& loop,
                                              Interruptions interruptions, Begin begin) {
  const auto initiate = [](auto handler, boost::asio::io_context* context, Interruptions errors,
                           Begin start) {
    using Handler = decltype(handler);
    // Shared, because a std::function must be copyable.
    const auto resume = std::make_shared<Handler>(std::move(handler));
    const auto executor = boost::asio::get_associated_executor(*resume, context->get_executor());
    const auto slot = boost::asio::get_associated_cancellation_slot(*resume);
    auto complete = [resume, slot,
                     work = boost::asio::make_work_guard(executor)](Result<Value> result) {
      boost::asio::post(work.get_executor(), [resume, slot, result = std::move(result)]() mutable {
        auto own_slot = slot;
        if (own_slot.is_connected()) own_slot.clear();
        auto own_handler = std::move(*resume);
        std::move(own_handler)(std::move(result));
      });
    };
    auto waiting =
        std::make_shared<Waiting<Value>>(*context, std::move(errors.dropped), std::move(complete));
    if (auto own_slot = slot; own_slot.is_connected()) {
      own_slot.assign([context, weak = std::weak_ptr(waiting),
                       error = std::move(errors.cancelled)](boost::asio::cancellation_type) {
        boost::asio::post(*context, [weak, error] {
          if (const auto self = weak.lock()) self->complete(error);
        });
      });
    }
    // Not kept here: the last who holds it must be on the loop.
    boost::asio::dispatch(*context,
                          [start = std::move(start), waiting = std::move(waiting)]() mutable {
                            start(std::move(waiting));
                          });
  };
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Result<Value>)>(
      initiate, boost::asio::use_awaitable, &loop, std::move(interruptions), std::move(begin));
}

}  // namespace muster::library
