#include "net/heartbeats.h"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "net/interfaces.h"

namespace muster::net {
namespace {

using boost::asio::ip::udp;
using boost::system::error_code;

constexpr Duration own_addresses_looked_up_apart = std::chrono::seconds{1};

error_code bind_to(udp::socket& socket, const udp::endpoint& endpoint, bool both_families) {
  error_code error;
  if (socket.is_open()) socket.close(error);
  socket.open(endpoint.protocol(), error);
  if (!error && endpoint.protocol() == udp::v6()) {
    socket.set_option(boost::asio::ip::v6_only(!both_families), error);
  }
  if (!error) socket.bind(endpoint, error);
  if (!error) socket.non_blocking(true, error);
  return error;
}

Error heartbeat_socket_error(const Address& bind, const error_code& error) {
  if (error == boost::asio::error::address_in_use) {
    return {ErrorCode::already_exists,
            "UDP port " + std::to_string(bind.port) + " is taken by another process"};
  }
  return {ErrorCode::unavailable,
          "no datagrams on port " + std::to_string(bind.port) + ": " + error.message()};
}

boost::asio::ip::address address_of(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof v4);
    return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &from, sizeof v6);
  boost::asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return unmapped(boost::asio::ip::address_v6(bytes));
}

}  // namespace

Result<std::unique_ptr<HeartbeatReceiver>> HeartbeatReceiver::open(Loop& loop,
                                                                   const Options& options,
                                                                   OnDatagrams on_datagrams) {
  udp::socket socket(loop.context());
  error_code error;
  if (options.bind.host.empty()) {
    error = bind_to(socket, {udp::v6(), options.bind.port}, true);
    if (error && error != boost::asio::error::address_in_use) {
      error = bind_to(socket, {udp::v4(), options.bind.port}, false);
    }
  } else {
    udp::resolver resolver(loop.context());
    const auto found =
        resolver.resolve(options.bind.host, std::to_string(options.bind.port), error);
    if (!error) error = bind_to(socket, found.begin()->endpoint(), false);
  }
  if (error) return heartbeat_socket_error(options.bind, error);
  // As much as is allowed: a burst that does not fit is lost, which heartbeats may be.
  error_code refused;
  socket.set_option(udp::socket::receive_buffer_size(options.receive_buffer_bytes), refused);
  return std::unique_ptr<HeartbeatReceiver>(
      new HeartbeatReceiver(loop, options, std::move(socket), std::move(on_datagrams)));
}

HeartbeatReceiver::HeartbeatReceiver(Loop& loop, const Options& options, udp::socket socket,
                                     OnDatagrams on_datagrams)
    : loop_(loop),
      options_(options),
      socket_(std::move(socket)),
      timer_(loop.context()),
      on_datagrams_(std::move(on_datagrams)),
      slots_(batch_max),
      parts_(batch_max),
      messages_(batch_max),
      alive_(std::make_shared<bool>(true)) {
  views_.reserve(batch_max);
  for (std::size_t i = 0; i < batch_max; ++i) {
    parts_[i] = {slots_[i].bytes.data(), slots_[i].bytes.size()};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &parts_[i];
    header.msg_iovlen = 1;
    if (!options_.open) header.msg_name = &slots_[i].from;
  }
}

HeartbeatReceiver::~HeartbeatReceiver() {
  *alive_ = false;
}

void HeartbeatReceiver::start() {
  wait_readable();
}

void HeartbeatReceiver::wait_readable() {
  socket_.async_wait(udp::socket::wait_read, [this, alive = alive_](const error_code& error) {
    if (error || !*alive) return;
    loop_.step("heartbeats", [this] { take_all(); });
  });
}

void HeartbeatReceiver::rest() {
  timer_.expires_after(options_.rest);
  timer_.async_wait([this, alive = alive_](const error_code& error) {
    if (error || !*alive) return;
    loop_.step("heartbeats", [this] { take_all(); });
  });
}

// One that came alone is waited for as usual; with more it is likely that others follow soon.
void HeartbeatReceiver::take_all() {
  std::size_t taken = 0;
  for (int batch = 0; batch < batches_per_turn_max; ++batch) {
    const std::size_t in_batch = take_batch();
    taken += in_batch;
    if (in_batch < batch_max) return taken > 1 ? rest() : wait_readable();
  }
  // There is more; the others of the loop have their turn first.
  boost::asio::post(loop_.context(), [this, alive = alive_] {
    if (*alive) loop_.step("heartbeats", [this] { take_all(); });
  });
}

std::size_t HeartbeatReceiver::take_batch() {
  if (!options_.open) {
    for (mmsghdr& message : messages_) message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  }
  int count = -1;
  do {
    count = ::recvmmsg(socket_.native_handle(), messages_.data(), batch_max, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  // An error is that of an earlier sending, of which there is none, or passes by itself.
  if (count <= 0) return 0;
  views_.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const std::size_t size = messages_[i].msg_len;
    if (size > wire::heartbeat_bytes_max) continue;
    if (!options_.open && !is_let_in(slots_[i].from)) continue;
    views_.push_back(BytesView(slots_[i].bytes).first(size));
  }
  if (!views_.empty()) on_datagrams_(views_);
  return static_cast<std::size_t>(count);
}

bool HeartbeatReceiver::is_let_in(const sockaddr_storage& from) {
  const boost::asio::ip::address address = address_of(from);
  if (address.is_loopback()) return true;
  const auto known = [&] {
    return std::ranges::find(own_addresses_, address) != own_addresses_.end();
  };
  if (known()) return true;
  // Strangers must not make this machine look for its addresses all the time.
  const Instant now = loop_.now();
  if (now - own_addresses_looked_up_ < own_addresses_looked_up_apart) return false;
  own_addresses_looked_up_ = now;
  own_addresses_.clear();
  for (const InterfaceAddress& own : interface_addresses()) {
    own_addresses_.push_back(unmapped(own.address));
  }
  return known();
}

HeartbeatSender::HeartbeatSender(Loop& loop, const boost::asio::ip::tcp::endpoint& to)
    : socket_(loop.context()) {
  const udp::endpoint endpoint(to.address(), to.port());
  error_code error;  // Without a socket nothing is sent, and what is sent may be lost anyway.
  socket_.open(endpoint.protocol(), error);
  if (!error) socket_.connect(endpoint, error);
  if (error) socket_.close(error);
}

void HeartbeatSender::send(BytesView bytes) {
  if (!socket_.is_open()) return;
  static_cast<void>(
      ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

}  // namespace muster::net
