#include "muster/group_view.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "library/group_view_driver.h"
#include "library/group_view_values.h"
#include "wire/control.h"

namespace muster {

using boost::asio::awaitable;
using library::GroupViewDriver;
using library::wait_on;
using library::WaitingPointer;

namespace {

constexpr Duration home_timeout = std::chrono::seconds{1};

LogTime wall_time() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::floor<std::chrono::milliseconds>(since_epoch).count()};
}

library::Interruptions view_interruptions() {
  return {.dropped = {ErrorCode::aborted, "the group view was destroyed: make a new one to go on"},
          .cancelled = {ErrorCode::aborted, "cancelled by the caller; it may be asked again"}};
}

void close_view(std::shared_ptr<GroupViewDriver> driver) {
  if (!driver) return;
  boost::asio::io_context& context = driver->context();
  // Not at once: this may be within a handler of the connection that it closes.
  boost::asio::post(context, [driver = std::move(driver)] { driver->close(); });
}

// g++ 12 destroys temporaries of a co_await twice at times: what is awaited is made here, where
// there is none; and what is given to it has a name.

wire::Invoke request_for(std::string_view method) {
  wire::Invoke request;
  request.set_method(std::string(method));
  return request;
}

awaitable<Result<wire::Invoked>> ask(const std::shared_ptr<GroupViewDriver>& driver,
                                     const wire::Invoke& request, const std::string& address,
                                     Duration timeout) {
  return wait_on<wire::Invoked>(
      driver->context(), view_interruptions(),
      [driver, request, address, timeout](const WaitingPointer<wire::Invoked>& waiting) {
        driver->ask(request, address, timeout, waiting);
      });
}

/// The result, if it is what was asked for.
template <class Message>
Result<Message> result_of(const Result<wire::Invoked>& invoked) {
  if (!invoked) return invoked.error();
  if (invoked->type() != Message().GetTypeName()) {
    return Error{ErrorCode::unimplemented, invoked->server() +
                                               " is of a version that answers otherwise; use the "
                                               "same version everywhere"};
  }
  return wire::decode<Message>(as_bytes(invoked->result()));
}

awaitable<Result<GroupState>> current_of(std::shared_ptr<GroupViewDriver> driver) {
  const std::string anywhere;
  const wire::Invoke view = request_for("view");
  wire::Invoke all_sessions = request_for("sessions");
  all_sessions.add_arguments(std::to_string(view_clients_max));
  const Duration timeout = driver->timeout();
  const auto asked = co_await ask(driver, view, anywhere, timeout);
  const auto servers = result_of<wire::GroupServers>(asked);
  if (!servers) co_return servers.error();
  const auto listed = co_await ask(driver, all_sessions, anywhere, timeout);
  const auto sessions = result_of<wire::SessionList>(listed);
  if (!sessions) co_return sessions.error();
  GroupState state = library::to_state(*servers);
  library::add_clients(state, *sessions, wall_time());
  for (const ServerInfo& server : state.servers) {
    const bool answered = server.number == ServerNumber{listed->number()};
    if (answered || server.clients == 0 || server.state != ServerState::alive) continue;
    const auto at_home =
        co_await ask(driver, all_sessions, server.address, std::min(home_timeout, timeout));
    const auto details = result_of<wire::SessionList>(at_home);
    if (details) library::add_details(state, *details, wall_time());
  }
  co_return state;
}

/// The next event; without a timeout for as long as it takes.
awaitable<Result<GroupEvent>> next_event(const std::shared_ptr<GroupViewDriver>& driver,
                                         std::optional<Duration> timeout) {
  return wait_on<GroupEvent>(
      driver->context(), view_interruptions(),
      [driver, timeout](const WaitingPointer<GroupEvent>& waiting) {
        if (timeout) {
          waiting->complete_after(*timeout, [] {
            return Error{ErrorCode::deadline_exceeded, "nothing happened to the group"};
          });
        }
        driver->next(waiting);
      });
}

awaitable<Result<ServerStatistics>> statistics_of(std::shared_ptr<GroupViewDriver> driver,
                                                  std::string address) {
  const wire::Invoke request = request_for("stats");
  const auto asked = co_await ask(driver, request, address, driver->timeout());
  const auto stats = result_of<wire::ServerStats>(asked);
  if (!stats) co_return stats.error();
  co_return library::to_statistics(*asked, *stats);
}

}  // namespace

GroupView::GroupView(boost::asio::io_context& context, ClientOptions options)
    : driver_(std::make_shared<GroupViewDriver>(context, std::move(options))) {
  boost::asio::dispatch(context, [driver = driver_] { driver->start(); });
}

GroupView::~GroupView() {
  close_view(std::move(driver_));
}

GroupView& GroupView::operator=(GroupView&& other) noexcept {
  if (this != &other) close_view(std::exchange(driver_, std::move(other.driver_)));
  return *this;
}

awaitable<Result<GroupState>> GroupView::current() {
  return current_of(driver_);
}

awaitable<Result<GroupEvent>> GroupView::next() {
  return next_event(driver_, std::nullopt);
}

awaitable<Result<GroupEvent>> GroupView::next(Duration timeout) {
  return next_event(driver_, timeout);
}

awaitable<Result<ServerStatistics>> GroupView::statistics(std::string_view address) {
  return statistics_of(driver_, std::string(address));
}

}  // namespace muster
