#include "gateway/irc_gateway.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <random>
#include <utility>

#include "base/lazy_deque.h"
#include "muster/uuid.h"

namespace muster::gateway {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t receive_bytes = 16 * 1024;
constexpr std::size_t pieces_per_write_max = 64;
constexpr int reads_per_turn_max = 4;
constexpr int unsent_bytes_max = 64 * 1024;  // In the kernel: what waits is to be counted here.
constexpr Duration first_deadline = std::chrono::hours{24};

std::uint64_t random_number() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

std::string hexadecimal(std::uint64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number /= 16) {
    *digit = digits[number % 16];
  }
  return text;
}

edge::irc::Connection::Birth birth(edge::LinkId link, LogTime wall, const std::string& host) {
  return {.link = link,
          .session = {Uuid::make_v7(std::chrono::milliseconds{wall.milliseconds}, random_number(),
                                    random_number())},
          .inbox = hexadecimal(random_number()) + hexadecimal(random_number()),
          .host = host};
}

}  // namespace

struct IrcGateway::Client {
  Client(tcp::socket accepted, edge::LinkId id) : link(id), socket(std::move(accepted)) {}

  edge::LinkId link;
  tcp::socket socket;
  std::unique_ptr<edge::irc::Connection> connection{};
  LazyDeque<SharedBytes> waiting{};  // To be written.
  std::size_t front_written{0};
  bool reads{false};   // A wait for input is under way,
  bool writes{false};  // or one for room to write.
  bool touched{false};
  bool output_ended{false};
  bool gone{false};                    // The node has been told.
  std::optional<Instant> closes_at{};  // It is over, and has bytes left.
  Instant armed{Instant::max()};
};

Result<std::unique_ptr<IrcGateway>> IrcGateway::open(net::Loop& loop, Options options, Node node,
                                                     OnNotice on_notice) {
  const net::Address bind = options.bind;
  std::unique_ptr<IrcGateway> gateway(
      new IrcGateway(loop, std::move(options), std::move(node), std::move(on_notice)));
  auto acceptor = net::Acceptor::open(
      loop, {.bind = bind},
      [self = gateway.get()](tcp::socket socket) { self->take(std::move(socket)); },
      [self = gateway.get()](const std::string& text) { self->on_notice_(text); });
  if (!acceptor) return acceptor.error();
  gateway->acceptor_ = std::move(*acceptor);
  return gateway;
}

IrcGateway::IrcGateway(net::Loop& loop, Options options, Node node, OnNotice on_notice)
    : loop_(loop),
      options_(std::move(options)),
      node_(std::move(node)),
      on_notice_(std::move(on_notice)),
      receive_buffer_(receive_bytes),
      timer_(loop.context()) {}

IrcGateway::~IrcGateway() {
  *alive_ = false;
}

// ---- In -----------------------------------------------------------------------------------------

void IrcGateway::take(tcp::socket socket) {
  error_code error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // Gone already.
  const std::string host = net::unmapped(remote.address()).to_string();
  if (!options_.open && !net::is_local(remote.address())) {
    return on_notice_("an IRC client at " + host +
                      " was not let in: only those of this machine are, without --irc-open");
  }
  if (clients_.size() >= options_.connections_max) {
    return on_notice_("an IRC client at " + host + " was not let in: there are " +
                      std::to_string(clients_.size()) + ", the limit of a server");
  }
  socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) return;
  // Refused, it is no more than a client that is found slow later.
  static_cast<void>(::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                                 &unsent_bytes_max, sizeof unsent_bytes_max));
  const edge::LinkId link{loop_.take_link_number()};
  const auto client = std::make_shared<Client>(std::move(socket), link);
  clients_.emplace(link, client);
  node_.opened(link, net::to_string(remote));
  client->connection = std::make_unique<edge::irc::Connection>(
      options_.irc, encodings_, birth(link, loop_.wall_time(), host), loop_.now());
  settle(client);
}

void IrcGateway::wait_readable(const std::shared_ptr<Client>& client) {
  if (std::exchange(client->reads, true)) return;
  client->socket.async_wait(tcp::socket::wait_read,
                            [this, client, alive = alive_](const error_code& error) {
                              if (!*alive || client->gone) return;
                              client->reads = false;
                              if (error) return socket_ended(client, error.message());
                              loop_.step("IRC input", [&] { read(client); });
                            });
}

void IrcGateway::read(const std::shared_ptr<Client>& client) {
  for (int turn = 0; turn < reads_per_turn_max; ++turn) {
    if (!client->closes_at && !client->connection->wants_input()) break;
    error_code error;
    const std::size_t bytes = client->socket.read_some(boost::asio::buffer(receive_buffer_), error);
    if (error == boost::asio::error::would_block) break;
    if (error) {
      const bool ended = error == boost::asio::error::eof;
      return socket_ended(client, ended ? "Connection closed" : error.message());
    }
    // What comes after the end of the conversation is thrown away.
    if (client->closes_at) continue;
    client->connection->received(BytesView(receive_buffer_).first(bytes), loop_.now());
    if (bytes < receive_buffer_.size()) break;
  }
  settle(client);
  write(client);
}

void IrcGateway::socket_ended(const std::shared_ptr<Client>& client, const std::string& why) {
  if (client->gone) return;
  client->connection->input_ended(loop_.now(), why);
  for (wire::Frame& frame : client->connection->take_frames()) {
    node_.frame(client->link, std::move(frame));
  }
  finish(client);
}

// ---- Out ----------------------------------------------------------------------------------------

void IrcGateway::send(const edge::SendFrame& frame) {
  const auto found = clients_.find(frame.link);
  if (found == clients_.end()) return;
  found->second->connection->frame(frame, loop_.now(), loop_.wall_time());
  if (!std::exchange(found->second->touched, true)) touched_.push_back(found->second);
}

void IrcGateway::close(edge::LinkId link) {
  const auto found = clients_.find(link);
  if (found == clients_.end()) return;
  found->second->connection->link_closed(loop_.now());
  if (!std::exchange(found->second->touched, true)) touched_.push_back(found->second);
}

void IrcGateway::end() {
  acceptor_->close();
  std::vector<edge::LinkId> links;
  links.reserve(clients_.size());
  for (const auto& [link, client] : clients_) links.push_back(link);
  for (const edge::LinkId link : links) close(link);
  flush();
}

void IrcGateway::flush() {
  for (const std::shared_ptr<Client>& client : std::exchange(touched_, {})) {
    client->touched = false;
    if (client->gone) continue;
    settle(client);
    write(client);
  }
}

void IrcGateway::settle(const std::shared_ptr<Client>& client) {
  edge::irc::Connection& connection = *client->connection;
  for (wire::Frame& frame : connection.take_frames()) node_.frame(client->link, std::move(frame));
  for (SharedBytes& bytes : connection.take_bytes()) client->waiting.push_back(std::move(bytes));
  if (connection.finished() && !client->closes_at) {
    client->closes_at = loop_.now() + options_.flush_timeout;
  }
  if (client->output_ended || (!client->closes_at && connection.wants_input())) {
    wait_readable(client);
  }
  arm(client);
}

void IrcGateway::write(const std::shared_ptr<Client>& client) {
  while (!client->waiting.empty() && !client->writes && !client->gone) {
    std::vector<boost::asio::const_buffer> pieces;
    pieces.reserve(std::min(client->waiting.size(), pieces_per_write_max));
    std::size_t skip = client->front_written;
    for (const SharedBytes& bytes : client->waiting) {
      if (pieces.size() == pieces_per_write_max) break;
      const BytesView rest = bytes.view().subspan(std::exchange(skip, 0));
      pieces.emplace_back(rest.data(), rest.size());
    }
    error_code error;
    const std::size_t written = client->socket.write_some(pieces, error);
    if (error == boost::asio::error::would_block) return wait_writable(client);
    if (error) return socket_ended(client, error.message());
    client->front_written += written;
    while (!client->waiting.empty() && client->front_written >= client->waiting.front().size()) {
      client->front_written -= client->waiting.front().size();
      client->waiting.pop_front();
    }
    client->connection->sent(written, loop_.now());
    settle(client);
  }
  if (client->closes_at && client->waiting.empty() && !client->gone) end_output(client);
}

// A connection that is closed while input lies unread is reset, and what was written last may be
// lost: so the other side closes first, if it does within a while.
void IrcGateway::end_output(const std::shared_ptr<Client>& client) {
  if (std::exchange(client->output_ended, true)) return;
  error_code error;
  client->socket.shutdown(tcp::socket::shutdown_send, error);
  if (error) return finish(client);
  wait_readable(client);
}

void IrcGateway::wait_writable(const std::shared_ptr<Client>& client) {
  client->writes = true;
  client->socket.async_wait(tcp::socket::wait_write,
                            [this, client, alive = alive_](const error_code& error) {
                              if (!*alive || client->gone) return;
                              client->writes = false;
                              if (error) return socket_ended(client, error.message());
                              loop_.step("IRC output", [&] { write(client); });
                            });
}

void IrcGateway::finish(const std::shared_ptr<Client>& client) {
  if (std::exchange(client->gone, true)) return;
  error_code ignored;  // It may be closed by the other side already.
  client->socket.close(ignored);
  due_.erase({client->armed, client->link});
  clients_.erase(client->link);
  node_.closed(client->link, "the IRC connection is over");
}

// ---- Time ---------------------------------------------------------------------------------------

void IrcGateway::arm(const std::shared_ptr<Client>& client) {
  Instant due = client->connection->deadline();
  if (client->closes_at) due = std::min(due, *client->closes_at);
  // Going off early is cheaper than to set it anew with each line.
  if (client->gone || client->armed <= due) return;
  due_.erase({client->armed, client->link});
  client->armed = due;
  due_.emplace(due, client->link);
  arm_timer();
}

void IrcGateway::arm_timer() {
  if (due_.empty() || armed_for_ <= due_.begin()->first) return;
  armed_for_ = std::min(due_.begin()->first, loop_.now() + first_deadline);
  timer_.expires_at(std::chrono::steady_clock::time_point(armed_for_.time_since_epoch()));
  timer_.async_wait([this, alive = alive_](const error_code& error) {
    if (error || !*alive) return;
    armed_for_ = Instant::max();
    loop_.step("IRC timers", [this] { timer_is_due(); });
  });
}

void IrcGateway::timer_is_due() {
  const Instant now = loop_.now();
  std::vector<std::shared_ptr<Client>> due;
  for (auto next = due_.begin(); next != due_.end() && next->first <= now; ++next) {
    due.push_back(clients_.at(next->second));
  }
  for (const std::shared_ptr<Client>& client : due) {
    if (client->gone) continue;
    due_.erase({client->armed, client->link});
    client->armed = Instant::max();
    if (client->closes_at && *client->closes_at <= now) {
      finish(client);
      continue;
    }
    client->connection->tick(now);
    settle(client);
    write(client);
  }
  arm_timer();
}

}  // namespace muster::gateway
