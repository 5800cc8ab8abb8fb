#include "net/listener.h"

#include <boost/asio/ip/v6_only.hpp>
#include <utility>

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

/// Unmapped, and without the interface that a link-local number came by.
boost::asio::ip::address plain(const boost::asio::ip::address& address) {
  const auto unmapped_address = unmapped(address);
  if (unmapped_address.is_v4()) return unmapped_address;
  return boost::asio::ip::address_v6(unmapped_address.to_v6().to_bytes());
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

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const Options& options, OnLink on_link,
                                                 OnNotice on_notice) {
  const auto endpoints = endpoints_of(loop, options.bind);
  if (!endpoints) return endpoints.error();
  tcp::acceptor acceptor(loop.context());
  error_code error;
  for (const tcp::endpoint& endpoint : *endpoints) {
    error = listen_on(acceptor, endpoint, options.bind.host.empty());
    if (!another_may_do(error)) break;
  }
  if (error) return listen_error(options.bind, error);
  return std::unique_ptr<Listener>(
      new Listener(loop, options, std::move(acceptor), std::move(on_link), std::move(on_notice)));
}

Listener::Listener(Loop& loop, const Options& options, tcp::acceptor acceptor, OnLink on_link,
                   OnNotice on_notice)
    : loop_(loop),
      options_(options),
      acceptor_(std::move(acceptor)),
      pause_timer_(loop.context()),
      port_(acceptor_.local_endpoint().port()),
      on_link_(std::move(on_link)),
      notices_(options_.notices_apart, std::move(on_notice)),
      alive_(std::make_shared<bool>(true)) {
  resolve_hosts();
}

Listener::~Listener() {
  close();
}

void Listener::start() {
  wait_for_connections();
}

void Listener::close() {
  *alive_ = false;
  error_code error;  // Whatever the kernel says, the descriptor is gone.
  acceptor_.close(error);
  pause_timer_.cancel();
  for (const auto& [number, link] : opening_) link->abort();
  opening_.clear();
}

void Listener::wait_for_connections() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [this, alive = alive_](const error_code& error) {
    if (!*alive) return;
    if (error) return pause(error);
    loop_.step("accepting", [this] { accept_all(); });
  });
}

void Listener::accept_all() {
  for (int round = 0; round < accepts_per_turn_max; ++round) {
    error_code error;
    tcp::socket socket(loop_.context());
    acceptor_.accept(socket, error);
    if (error == boost::asio::error::would_block) break;
    if (error && concerns_one_connection(error)) continue;
    if (error) return pause(error);
    take(std::move(socket));
  }
  wait_for_connections();
}

void Listener::pause(const error_code& error) {
  notice(out_of_resources(error)
             ? "connections wait: the system has no descriptors or memory left (" +
                   error.message() + "): raise the limit of open files (ulimit -n)"
             : "connections wait: accepting failed: " + error.message());
  pause_timer_.expires_after(options_.pause);
  pause_timer_.async_wait([this, alive = alive_](const error_code& cancelled) {
    if (!cancelled && *alive) wait_for_connections();
  });
}

void Listener::take(tcp::socket socket) {
  error_code error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // Gone already.
  const bool full = loop_.open_links() >= options_.links_max;
  if (full && opening_.empty()) {
    return notice("a connection from " + to_string(remote) + " was closed: all " +
                  std::to_string(options_.links_max) + " are in use");
  }
  if (full || opening_.size() >= options_.opening_max) drop_oldest_opening();
  const Admission& admission = options_.admission;
  wire::PrefaceAcceptor::Options preface{
      .versions = {}, .secret = admission.secret, .accept_without_secret = false, .nonce = {}};
  preface.accept_without_secret = needs_no_secret(remote.address());
  if (!admission.hosts.empty()) {
    preface.refusal = "this server lets in only the addresses in its entry file";
  }
  const auto link =
      Link::accepted(loop_, std::move(socket), std::move(preface), options_.link, *this);
  opening_.emplace(link->number(), link);
}

void Listener::resolve_hosts() {
  tcp::resolver resolver(loop_.context());
  for (const std::string& host : options_.admission.hosts) {
    error_code error;
    const auto found = resolver.resolve(host, "", error);
    if (error) {
      notice("the host '" + host + "' can't be resolved: " + error.message() +
             "; connections from it are not let in until this server is started again");
      continue;
    }
    for (const auto& entry : found) hosts_.insert(plain(entry.endpoint().address()));
  }
}

bool Listener::needs_no_secret(const boost::asio::ip::address& remote) const {
  const Admission& admission = options_.admission;
  if (!admission.secret.empty()) return false;
  return admission.open || is_local(remote) || hosts_.contains(plain(remote));
}

void Listener::drop_oldest_opening() {
  const auto oldest = opening_.begin();
  notice("the connection from " + oldest->second->remote_address() +
         " was dropped: too many are waiting to say who they are");
  oldest->second->abort();
  opening_.erase(oldest);
}

void Listener::notice(const std::string& text) {
  notices_.say(text, loop_.now());
}

void Listener::on_open(Link& link) {
  const std::shared_ptr<Link> opened = link.shared_from_this();
  opening_.erase(link.number());
  on_link_(opened);
}

void Listener::on_frame(Link& link, wire::Frame /*frame*/) {
  // Nobody took the link over.
  link.abort();
}

void Listener::on_close(Link& link, const Error& error) {
  opening_.erase(link.number());
  if (error.code == ErrorCode::unavailable) return;  // A port that was only tried: no news.
  notice("a connection from " + link.remote_address() + " was not let in: " + error.message);
}

}  // namespace muster::net
