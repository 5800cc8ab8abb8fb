#include "net/acceptor.h"

#include <boost/asio/ip/v6_only.hpp>
#include <utility>
#include <vector>

namespace muster::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int accepts_per_turn_max = 64;

bool out_of_resources(const error_code& error) {
  return error == boost::system::errc::too_many_files_open ||
         error == boost::system::errc::too_many_files_open_in_system ||
         error == boost::system::errc::no_buffer_space ||
         error == boost::system::errc::not_enough_memory;
}

/// Errors of a connection that was gone before it was taken, not of the listening socket.
bool concerns_one_connection(const error_code& error) {
  return error == boost::asio::error::connection_aborted ||
         error == boost::asio::error::connection_reset ||
         error == boost::asio::error::interrupted || error == boost::system::errc::protocol_error;
}

Error listen_error(const Address& bind, const error_code& error) {
  const std::string where =
      bind.host.empty() ? "port " + std::to_string(bind.port) : bind.to_string();
  if (error == boost::asio::error::address_in_use) {
    return {ErrorCode::already_exists, where + " is taken by another process"};
  }
  if (error == boost::asio::error::access_denied) {
    return {ErrorCode::permission_denied,
            "this user may not listen on " + where + ": choose a port from 1024 on"};
  }
  if (error == boost::system::errc::address_not_available) {
    return {ErrorCode::invalid_argument,
            bind.host + " is no address of this machine: `ip address` lists those it has"};
  }
  return {ErrorCode::unavailable, "can't listen on " + where + ": " + error.message()};
}

Result<std::vector<tcp::endpoint>> endpoints_of(Loop& loop, const Address& bind) {
  if (bind.host.empty()) {
    return std::vector<tcp::endpoint>{{tcp::v6(), bind.port}, {tcp::v4(), bind.port}};
  }
  error_code error;
  const auto address = boost::asio::ip::make_address(bind.host, error);
  if (!error) return std::vector<tcp::endpoint>{{address, bind.port}};
  tcp::resolver resolver(loop.context());
  const auto found = resolver.resolve(bind.host, std::to_string(bind.port), error);
  if (error || found.empty()) {
    return Error{ErrorCode::invalid_argument, "'" + bind.host +
                                                  "' can't be resolved: " + error.message() +
                                                  "; give an address of this machine"};
  }
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  return endpoints;
}

error_code listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool both_families) {
  error_code error;
  if (acceptor.is_open()) acceptor.close(error);
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return error;
  if (endpoint.protocol() == tcp::v6()) {
    acceptor.set_option(boost::asio::ip::v6_only(!both_families), error);
    if (error) return error;
  }
  acceptor.bind(endpoint, error);
  if (error) return error;
  acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return error;
  acceptor.non_blocking(true, error);
  return error;
}

/// The family itself is missing, so the next address may still do.
bool another_may_do(const error_code& error) {
  return error == boost::asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

}  // namespace

Result<std::unique_ptr<Acceptor>> Acceptor::open(Loop& loop, const Options& options,
                                                 OnSocket on_socket, OnNotice on_notice) {
  const auto endpoints = endpoints_of(loop, options.bind);
  if (!endpoints) return endpoints.error();
  tcp::acceptor acceptor(loop.context());
  error_code error;
  for (const tcp::endpoint& endpoint : *endpoints) {
    error = listen_on(acceptor, endpoint, options.bind.host.empty());
    if (!another_may_do(error)) break;
  }
  if (error) return listen_error(options.bind, error);
  return std::unique_ptr<Acceptor>(
      new Acceptor(loop, options, std::move(acceptor), std::move(on_socket), std::move(on_notice)));
}

Acceptor::Acceptor(Loop& loop, const Options& options, tcp::acceptor acceptor, OnSocket on_socket,
                   OnNotice on_notice)
    : loop_(loop),
      options_(options),
      acceptor_(std::move(acceptor)),
      pause_timer_(loop.context()),
      port_(acceptor_.local_endpoint().port()),
      on_socket_(std::move(on_socket)),
      on_notice_(std::move(on_notice)),
      alive_(std::make_shared<bool>(true)) {}

Acceptor::~Acceptor() {
  close();
}

void Acceptor::start() {
  wait_for_connections();
}

void Acceptor::close() {
  *alive_ = false;
  error_code error;  // Whatever the kernel says, the descriptor is gone.
  acceptor_.close(error);
  pause_timer_.cancel();
}

void Acceptor::wait_for_connections() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [this, alive = alive_](const error_code& error) {
    if (!*alive) return;
    if (error) return pause(error);
    loop_.step("accepting", [this] { accept_all(); });
  });
}

void Acceptor::accept_all() {
  for (int round = 0; round < accepts_per_turn_max; ++round) {
    error_code error;
    tcp::socket socket(loop_.context());
    acceptor_.accept(socket, error);
    if (error == boost::asio::error::would_block) break;
    if (error && concerns_one_connection(error)) continue;
    if (error) return pause(error);
    on_socket_(std::move(socket));
  }
  wait_for_connections();
}

void Acceptor::pause(const error_code& error) {
  on_notice_(out_of_resources(error)
                 ? "connections wait: the system has no descriptors or memory left (" +
                       error.message() + "): raise the limit of open files (ulimit -n)"
                 : "connections wait: accepting failed: " + error.message());
  pause_timer_.expires_after(options_.pause);
  pause_timer_.async_wait([this, alive = alive_](const error_code& cancelled) {
    if (!cancelled && *alive) wait_for_connections();
  });
}

}  // namespace muster::net
