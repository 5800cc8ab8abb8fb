// Many sessions that give signs of life: what bench/heartbeats.py measures a real server with.
//
//   heartbeats SERVER SESSIONS INTERVAL-MS datagrams|connections
//       opens sessions, then sends each one's heartbeats evenly spread over the interval, until
//       standard input ends; SERVER is an IPv4 address and port of this machine
//
// Prints a JSON object once all are open, and one at the end. As cheap as a sender can be: sockets
// without a loop of their own, datagrams laid out once and sent many at a time.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "client/client.h"
#include "net/address.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/heartbeat.h"
#include "wire/preface.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t preface_answer_bytes = 16;
constexpr std::size_t counter_offset = wire::heartbeat_header_bytes - sizeof(std::uint64_t);
constexpr std::size_t flags_offset = 4;
constexpr auto turn_time = 1ms;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "heartbeats: {}\n", why);
  std::exit(1);
}

struct Sender {
  int socket{-1};
  Bytes received{};
  bool preface{false};
  SessionId session{};
  Bytes heartbeat{};  // Laid out; its counter is moved on.
  std::uint64_t counter{0};
  Clock::time_point next_over_connection{};
};

class Senders {
 public:
  Senders(const std::string& server, std::size_t count, Duration interval, bool by_datagram)
      : interval_(interval), by_datagram_(by_datagram), senders_(count) {
    const auto address = net::parse_address(server);
    if (!address) fail(address.error().message);
    to_.sin_family = AF_INET;
    to_.sin_port = htons(address->port);
    ::inet_pton(AF_INET, address->host.c_str(), &to_.sin_addr);
    for (Sender& sender : senders_) open(sender);
    while (opened_ < senders_.size()) receive(100);
    datagrams_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (::connect(datagrams_, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0) {
      fail("no datagrams can be sent to the server");
    }
    between_ = wire::connection_interval({interval, wire::shortest_timeout(interval)});
  }

  // Every so often those are due whose part of the interval it is; what is late is not made up for.
  void run_until_input_ends() {
    auto turn = Clock::now();
    std::size_t next = 0;
    double owed = 0;
    while (true) {
      pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      if (::poll(&input, 1, 0) > 0) return;
      owed += static_cast<double>(senders_.size()) * std::chrono::duration<double>(turn_time) /
              interval_;
      const auto due = std::min(static_cast<std::size_t>(owed), senders_.size());
      owed -= static_cast<double>(due);
      for (std::size_t i = 0; i < due; ++i) beat(senders_[next++ % senders_.size()]);
      flush();
      receive(0);
      turn = std::max(turn + turn_time, Clock::now() - 5 * turn_time);
      std::this_thread::sleep_until(turn);
    }
  }

  std::size_t opened() const { return opened_; }
  std::uint64_t datagrams() const { return sent_; }
  std::uint64_t frames() const { return frames_; }
  std::uint64_t answers() const { return answers_; }

 private:
  void open(Sender& sender) {
    sender.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(sender.socket, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0) {
      fail(std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(sender.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sender.session = client::make_session_id();
    wire::PrefaceDialer::Options options;
    options.kind = wire::LinkKind::client;
    Bytes bytes = wire::PrefaceDialer(options).hello();
    wire::OpenSession request;
    request.set_session_id(sender.session.uuid.to_string());
    request.set_name("bench");
    request.set_epoch(1);
    request.set_kind("bench");
    request.set_heartbeat_interval_ms(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(interval_).count()));
    request.set_session_timeout_ms(1);  // The least.
    const Bytes frame = wire::encode_frame(wire::FrameType::open_session, wire::Lane::normal,
                                           wire::encode(request));
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    send(sender, bytes);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = &sender;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, sender.socket, &wanted);
  }

  static void send(const Sender& sender, BytesView bytes) {
    const ssize_t sent = ::send(sender.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) fail("a session was lost");
  }

  void beat(Sender& sender) {
    ++sender.counter;
    std::memcpy(sender.heartbeat.data() + counter_offset, &sender.counter, sizeof sender.counter);
    const auto now = Clock::now();
    const bool asks = now >= sender.next_over_connection;
    sender.heartbeat[flags_offset] = std::byte{asks ? std::uint8_t{2} : std::uint8_t{0}};
    if (asks) sender.next_over_connection = now + between_;
    if (asks || !by_datagram_) {
      ++frames_;
      return send(sender, wire::encode_frame(wire::FrameType::heartbeat, wire::Lane::urgent,
                                             sender.heartbeat));
    }
    parts_.push_back({sender.heartbeat.data(), sender.heartbeat.size()});
  }

  void flush() {
    messages_.assign(parts_.size(), {});
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    for (std::size_t done = 0; done < messages_.size();) {
      const int sent = ::sendmmsg(datagrams_, messages_.data() + done,
                                  static_cast<unsigned>(messages_.size() - done), 0);
      if (sent <= 0) break;
      done += static_cast<std::size_t>(sent);
      sent_ += static_cast<std::uint64_t>(sent);
    }
    parts_.clear();
  }

  void receive(int wait_ms) {
    std::array<epoll_event, 512> events{};
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), wait_ms);
    for (int i = 0; i < count; ++i) {
      take(*static_cast<Sender*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  void take(Sender& sender) {
    std::array<std::byte, 4'096> buffer;
    const ssize_t got = ::recv(sender.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("a session was closed");
    sender.received.insert(sender.received.end(), buffer.begin(), buffer.begin() + got);
    if (!sender.preface) {
      if (sender.received.size() < preface_answer_bytes) return;
      sender.received.erase(sender.received.begin(),
                            sender.received.begin() + preface_answer_bytes);
      sender.preface = true;
    }
    std::size_t at = 0;
    while (sender.received.size() - at >= wire::frame_header_bytes) {
      std::uint32_t length = 0;
      std::memcpy(&length, sender.received.data() + at, sizeof length);
      if (sender.received.size() - at < wire::frame_header_bytes + length) break;
      take_frame(sender, static_cast<wire::FrameType>(sender.received[at + 4]),
                 BytesView(sender.received).subspan(at + wire::frame_header_bytes, length));
      at += wire::frame_header_bytes + length;
    }
    sender.received.erase(sender.received.begin(),
                          sender.received.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void take_frame(Sender& sender, wire::FrameType type, BytesView body) {
    if (type == wire::FrameType::heartbeat_heard) ++answers_;
    if (type == wire::FrameType::refused || type == wire::FrameType::session_ended) {
      fail("a session was refused or ended");
    }
    if (type != wire::FrameType::session_opened) return;
    const auto message = wire::decode<wire::SessionOpened>(body);
    if (!message) fail(message.error().message);
    sender.heartbeat =
        wire::encode_heartbeat({.session = sender.session, .epoch = {1}, .counter = 0}, {});
    ++opened_;
  }

  const Duration interval_;
  const bool by_datagram_;
  const int epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<Sender> senders_;
  sockaddr_in to_{};
  int datagrams_{-1};
  Duration between_{};
  std::size_t opened_{0};
  std::uint64_t sent_{0};
  std::uint64_t frames_{0};
  std::uint64_t answers_{0};
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
};

int run(const std::vector<std::string>& words) {
  if (words.size() != 4) fail("SERVER SESSIONS INTERVAL-MS datagrams|connections");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  Senders senders(words[0], std::stoul(words[1]), std::chrono::milliseconds{std::stoul(words[2])},
                  words[3] == "datagrams");
  fmt::print("{{\"sessions\":{}}}\n", senders.opened());
  std::fflush(stdout);
  senders.run_until_input_ends();
  fmt::print("{{\"datagrams\":{},\"frames\":{},\"answers\":{}}}\n", senders.datagrams(),
             senders.frames(), senders.answers());
  return 0;
}

}  // namespace
}  // namespace muster

int main(int count, char** words) {
  return muster::run({words + 1, words + count});
}
