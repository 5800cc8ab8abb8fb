// Many IRC clients of one server at once, of whatever make: what bench/irc.py measures.
//
//   irc_swarm fan-out HOST:PORT FOLLOWERS SECONDS IN-FLIGHT
//       one sender says as much as it can in a channel that FOLLOWERS connections have joined, and
//       never has more than IN-FLIGHT messages under way, by what the followers got on average;
//       ends when all have everything
//   irc_swarm idle HOST:PORT CLIENTS
//       registers clients that do nothing, until standard input ends
//
// Prints one JSON object. Speaks RFC 1459, and nothing that a server of 1993 would not know.
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
#include <vector>

#include "muster/error.h"
#include "net/address.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::string_view channel = "#bench";
constexpr std::string_view sender_nick = "sender";
constexpr std::size_t text_bytes = 128;
constexpr std::size_t opening_max = 50;
constexpr auto patience = 60s;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "irc_swarm: {}\n", why);
  std::exit(1);
}

/// One connection: registers, and joins the channel if it is to.
struct Connection {
  int socket{-1};
  std::string nick;
  std::string rest;  ///< Of a line that has not come whole.
  bool joins{false};
  bool ready{false};
  std::uint64_t heard{0};  ///< Messages of the sender.
};

/// Connections of one thread. Every line is looked at; text of the sender is counted.
class Swarm {
 public:
  explicit Swarm(const std::string& server) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    const auto address = net::parse_address(server);
    if (!address) fail(address.error().message);
    to_.sin_family = AF_INET;
    to_.sin_port = htons(address->port);
    if (::inet_pton(AF_INET, address->host.c_str(), &to_.sin_addr) != 1) fail("no IPv4 address");
  }

  Connection& connect(std::string nick, bool joins) {
    auto connection = std::make_unique<Connection>();
    connection->nick = std::move(nick);
    connection->joins = joins;
    connection->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(connection->socket, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0) {
      fail("can't connect: " + std::string(std::strerror(errno)));
    }
    const int on = 1;
    ::setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send(*connection, fmt::format("NICK {0}\r\nUSER {0} 0 * :{0}\r\n", connection->nick));
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = connection.get();
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->socket, &wanted);
    connections_.push_back(std::move(connection));
    return *connections_.back();
  }
  /// Connects so many, a few at a time, and waits until all are ready.
  void connect_all(std::size_t count, bool joins) {
    for (std::size_t i = 0; i < count; ++i) {
      connect("n" + std::to_string(i), joins);
      if (i % opening_max == opening_max - 1) wait_ready();
    }
    wait_ready();
  }
  void wait_ready() {
    const auto limit = Clock::now() + patience;
    while (ready_ < connections_.size()) {
      if (Clock::now() > limit)
        fail(fmt::format("{} of {} are ready", ready_, connections_.size()));
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
  static void send(const Connection& connection, std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(connection.socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail(connection.nick + " can't send: " + std::strerror(errno));
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::uint64_t heard() const { return heard_; }

 private:
  void receive(Connection& connection) {
    const ssize_t got = ::recv(connection.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail(connection.nick + " was closed; last words: " + connection.rest);
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      if (end == std::string_view::npos) {
        connection.rest += bytes;
        return;
      }
      if (connection.rest.empty()) {
        take_line(connection, bytes.substr(0, end));
      } else {
        connection.rest += bytes.substr(0, end);
        take_line(connection, std::exchange(connection.rest, {}));
      }
      bytes.remove_prefix(end + 1);
    }
  }

  void take_line(Connection& connection, std::string_view line) {
    if (!connection.ready) return take_greeting(connection, line);
    if (line.starts_with("PING "))
      return send(connection, fmt::format("PONG {}\n", line.substr(5)));
    if (line.starts_with("ERROR ")) fail(connection.nick + ": " + std::string(line));
    if (line.starts_with(":sender!") && line.find(" PRIVMSG ") != std::string_view::npos) {
      ++connection.heard;
      ++heard_;
    }
  }
  void take_greeting(Connection& connection, std::string_view line) {
    if (line.starts_with("PING "))
      return send(connection, fmt::format("PONG {}\n", line.substr(5)));
    if (line.starts_with("ERROR ")) fail(connection.nick + ": " + std::string(line));
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return;
    const std::string_view numeric = line.substr(space + 1, 4);
    if (numeric == "433 ") fail(connection.nick + " is taken");
    if (numeric == "001 " && connection.joins)
      send(connection, fmt::format("JOIN {}\r\n", channel));
    if (numeric != (connection.joins ? "366 " : "001 ")) return;
    connection.ready = true;
    ++ready_;
  }

  const int epoll_;
  sockaddr_in to_{};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} * 1024);
  std::size_t ready_{0};
  std::uint64_t heard_{0};
};

int fan_out(const std::string& server, std::size_t followers, double seconds,
            std::size_t in_flight) {
  Swarm swarm(server);
  swarm.connect_all(followers, true);
  const Connection& sender = swarm.connect(std::string(sender_nick), true);
  swarm.wait_ready();

  const std::string line = fmt::format("PRIVMSG {} :{}\r\n", channel, std::string(text_bytes, 'x'));
  const auto begun = Clock::now();
  const auto end =
      begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::uint64_t said = 0;
  std::string batch;
  while (Clock::now() < end) {
    batch.clear();
    for (; said - swarm.heard() / followers < in_flight; ++said) batch += line;
    Swarm::send(sender, batch);
    swarm.run_once(50);
  }
  const auto limit = Clock::now() + patience;
  while (swarm.heard() < said * followers && Clock::now() < limit) swarm.run_once(50);
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  fmt::print(R"({{"followers":{},"messages":{},"missing":{},"seconds":{:.3f},)"
             R"("messagesPerSecond":{:.0f},"deliveriesPerSecond":{:.0f}}})"
             "\n",
             followers, said, said * followers - swarm.heard(), took,
             static_cast<double>(said) / took, static_cast<double>(swarm.heard()) / took);
  return swarm.heard() == said * followers ? 0 : 1;
}

int idle(const std::string& server, std::size_t count) {
  Swarm swarm(server);
  swarm.connect_all(count, false);
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
  if (words.size() == 5 && words[0] == "fan-out") {
    return fan_out(words[1], std::stoul(words[2]), std::stod(words[3]), std::stoul(words[4]));
  }
  if (words.size() == 3 && words[0] == "idle") return idle(words[1], std::stoul(words[2]));
  fail("fan-out HOST:PORT FOLLOWERS SECONDS IN-FLIGHT | idle HOST:PORT CLIENTS");
}

}  // namespace
}  // namespace muster

int main(int count, char** words) {
  return muster::run({words + 1, words + count});
}
