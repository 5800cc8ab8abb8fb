// Many clients of one server at once, of whatever make: what bench/irc.py and bench/compare
// measure.
//
//   plain_swarm PROTOCOL fan-out HOST:PORT FOLLOWERS SECONDS IN-FLIGHT
//       one sender says as much as it can to what FOLLOWERS connections hear, and never has more
//       than IN-FLIGHT messages under way, by what the followers got on average; ends when all have
//       everything
//   plain_swarm PROTOCOL idle HOST:PORT CLIENTS
//       registers clients that do nothing, until standard input ends
//
// Prints one JSON object. The protocols are those of plain_swarm.h.
#include "bench/plain_swarm.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/error.h"
#include "net/address.h"

namespace muster::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// At once, at first: fewer than the smallest queue of a listening socket (ngIRCd's has 10). What
// does not fit there is dialled again by the kernel, after one second, then two.
constexpr std::size_t opening_min = 8;
constexpr std::size_t opening_max = 256;
constexpr auto slow_connect = 500ms;
constexpr auto opening_time = 120s;  // For all that connect.
constexpr auto patience = 60s;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "plain_swarm: {}\n", why);
  std::exit(1);
}

struct Connection {
  int socket{-1};
  std::string name;
  Part part{Part::idle};
  std::string rest{};    ///< Of a unit that has not come whole.
  std::string unsent{};  ///< What the connection did not take yet.
  bool ready{false};
};

/// Connections of one thread. Every unit is looked at; messages of the sender are counted.
class Swarm {
 public:
  Swarm(const Protocol& protocol, const std::string& server)
      : protocol_(protocol), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    const auto address = net::parse_address(server);
    if (!address) fail(address.error().message);
    to_.sin_family = AF_INET;
    to_.sin_port = htons(address->port);
    if (::inet_pton(AF_INET, address->host.c_str(), &to_.sin_addr) != 1) fail("no IPv4 address");
  }

  Connection& connect(const std::string& name, Part part) {
    auto connection = std::make_unique<Connection>(Connection{.name = name, .part = part});
    connection->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval longest{.tv_sec = patience.count(), .tv_usec = 0};  // Of a connect.
    ::setsockopt(connection->socket, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    if (::connect(connection->socket, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0) {
      fail("can't connect: " + std::string(std::strerror(errno)));
    }
    const int on = 1;
    ::setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send(*connection, protocol_.hello(name, part));
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = connection.get();
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->socket, &wanted);
    connections_.push_back(std::move(connection));
    return *connections_.back();
  }
  /// Connects so many, and waits until all are ready. More and more at once, until the server makes
  /// one wait: what is too much for its listen queue the kernel tries again a second later. Others
  /// let in once a second whoever is there.
  void connect_all(std::size_t count, Part part) {
    std::size_t at_once = opening_min;
    std::size_t at_once_max = opening_max;
    for (std::size_t i = 0; i < count;) {
      Clock::duration longest{};
      for (const std::size_t end = std::min(count, i + at_once); i < end; ++i) {
        const Clock::time_point before = Clock::now();
        connect("n" + std::to_string(i), part);
        longest = std::max(longest, Clock::now() - before);
      }
      wait_ready();
      if (longest > slow_connect) at_once_max = std::max(at_once / 2, opening_min);
      at_once = std::min(2 * at_once, at_once_max);
    }
  }
  void wait_ready() {
    while (ready_ < connections_.size()) {
      if (Clock::now() > opening_ends_) {
        fail(fmt::format("{} of the first {} are ready after {} s", ready_, connections_.size(),
                         opening_time.count()));
      }
      run_once(50);
    }
  }

  void run_once(int milliseconds) {
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), milliseconds);
    for (int i = 0; i < count; ++i) {
      receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }
  /// What does not go now goes with later calls: while this waited nothing would be read, and a
  /// server may take nothing more from a sender until its hearers have read.
  static void send(Connection& connection, std::string_view bytes) {
    connection.unsent += bytes;
    const ssize_t sent = ::send(connection.socket, connection.unsent.data(),
                                connection.unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) fail(connection.name + " can't send: " + std::strerror(errno));
    connection.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  std::uint64_t heard() const { return heard_; }

 private:
  void receive(Connection& connection) {
    const ssize_t got = ::recv(connection.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail(connection.name + " was closed; last words: " + connection.rest);
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (!connection.rest.empty()) {
      whole_ = std::exchange(connection.rest, {});
      whole_ += bytes;
      bytes = whole_;
    }
    while (const auto unit = protocol_.take(connection.part, connection.ready, bytes)) {
      take_unit(connection, *unit);
      bytes.remove_prefix(unit->bytes);
    }
    connection.rest = bytes;
    if (!connection.unsent.empty()) send(connection, {});
  }

  void take_unit(Connection& connection, const Unit& unit) {
    if (!unit.error.empty()) fail(connection.name + ": " + unit.error);
    connection.unsent += unit.answer;
    if (unit.message && connection.part == Part::hears) ++heard_;
    if (unit.ready && !std::exchange(connection.ready, true)) ++ready_;
  }

  const Protocol& protocol_;
  const int epoll_;
  sockaddr_in to_{};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} * 1024);
  std::string whole_;  // What had come before together with what came now.
  std::size_t ready_{0};
  const Clock::time_point opening_ends_ = Clock::now() + opening_time;
  std::uint64_t heard_{0};
};

int fan_out(Protocol& protocol, const std::string& server, std::size_t followers, double seconds,
            std::size_t in_flight) {
  Swarm swarm(protocol, server);
  swarm.connect_all(followers, Part::hears);
  Connection& sender = swarm.connect("sender", Part::speaks);
  swarm.wait_ready();

  const auto begun = Clock::now();
  const auto end =
      begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::uint64_t said = 0;
  std::string batch;
  while (Clock::now() < end) {
    batch.clear();
    for (; said - swarm.heard() / followers < in_flight; ++said) batch += protocol.message();
    Swarm::send(sender, batch);
    swarm.run_once(sender.unsent.empty() ? 50 : 1);
  }
  auto limit = Clock::now() + patience;
  std::uint64_t heard_before = 0;
  while (swarm.heard() < said * followers && Clock::now() < limit) {
    if (swarm.heard() > heard_before) limit = Clock::now() + patience;
    heard_before = swarm.heard();
    Swarm::send(sender, {});
    swarm.run_once(sender.unsent.empty() ? 50 : 1);
  }
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  fmt::print(R"({{"followers":{},"messages":{},"missing":{},"seconds":{:.3f},)"
             R"("messagesPerSecond":{:.0f},"deliveriesPerSecond":{:.0f}}})"
             "\n",
             followers, said, said * followers - swarm.heard(), took,
             static_cast<double>(said) / took, static_cast<double>(swarm.heard()) / took);
  return swarm.heard() == said * followers ? 0 : 1;
}

int idle(const Protocol& protocol, const std::string& server, std::size_t count) {
  Swarm swarm(protocol, server);
  swarm.connect_all(count, Part::idle);
  fmt::print(R"({{"clients":{}}})"
             "\n",
             count);
  std::fflush(stdout);
  for (;;) {
    std::array<char, 1> byte{};
    swarm.run_once(0);
    if (::read(STDIN_FILENO, byte.data(), byte.size()) <= 0) return 0;
  }
}

int run(const std::vector<std::string>& words) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto protocol = words.empty() ? nullptr : make_protocol(words[0]);
  if (protocol && words.size() == 6 && words[1] == "fan-out") {
    return fan_out(*protocol, words[2], std::stoul(words[3]), std::stod(words[4]),
                   std::stoul(words[5]));
  }
  if (protocol && words.size() == 4 && words[1] == "idle") {
    return idle(*protocol, words[2], std::stoul(words[3]));
  }
  fail(
      "PROTOCOL fan-out HOST:PORT FOLLOWERS SECONDS IN-FLIGHT | PROTOCOL idle HOST:PORT CLIENTS; "
      "protocols: irc nats mqtt-0 mqtt-1");
}

}  // namespace
}  // namespace muster::bench

int main(int count, char** words) {
  return muster::bench::run({words + 1, words + count});
}
