// Many clients of a group at once: what bench/fan_out.py measures with real servers.
//
//   swarm fan-out SERVER FOLLOWERS SECONDS IN-FLIGHT FOLLOWED...
//       one sender at SERVER says as much as it can in a room that FOLLOWERS connections follow at
//       the servers FOLLOWED; ends when all have everything. With IN-FLIGHT 0 it says 200 messages
//       a second, and how long each was under way is measured.
//   swarm idle SERVER SESSIONS
//       opens sessions that do nothing, until standard input ends
//
// Prints one JSON object. Followers count what comes and do not decode it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "chat/chat.h"
#include "client/client.h"
#include "client/question.h"
#include "muster/check.h"
#include "muster/error.h"
#include "net/address.h"
#include "net/loop.h"
#include "wire/control.h"
#include "wire/events.h"
#include "wire/frame.h"
#include "wire/preface.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* room = "bench";
constexpr const char* sender_name = "sender";
constexpr std::size_t text_bytes = 128;
constexpr std::size_t preface_answer_bytes = 16;
constexpr auto slow_pace = 5ms;
constexpr std::size_t timed_messages_max = 100'000;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "swarm: {}\n", why);
  std::exit(1);
}

/// Bytes of an event of this bench: all are as long.
std::size_t event_bytes() {
  const chat::Line line{.room = room,
                        .from = sender_name,
                        .text = std::string(text_bytes, 'x'),
                        .user = "muster@muster"};
  return wire::event_header_bytes + chat::encode(line).size();
}

/// Connections that follow the room, on a thread of their own. Counted and timed by order: the
/// sender is alone in the room, so that the n-th event of a connection is the n-th message.
class Followers {
 public:
  Followers(std::size_t count, const std::vector<std::string>& servers)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        event_bytes_(event_bytes()),
        sent_(timed_messages_max) {
    for (std::size_t i = 0; i < count; ++i) connect(servers[i % servers.size()]);
  }
  ~Followers() { stop(); }
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  /// Those that were told where they begin.
  std::size_t ready() const { return ready_; }
  std::uint64_t delivered() const { return delivered_; }
  bool timed(std::size_t message) const { return message < sent_.size(); }
  void sends(std::size_t message) { sent_[message] = Clock::now().time_since_epoch().count(); }
  /// Nanoseconds, in order; call after `stop`.
  std::vector<std::int64_t> latencies() {
    std::ranges::sort(latencies_);
    return latencies_;
  }
  bool times{false};  ///< Set before `start`.

 private:
  struct Connection {
    int socket{-1};
    std::size_t skip{preface_answer_bytes};  // Of a body, or the answer to the preface.
    std::array<std::byte, wire::frame_header_bytes> header{};
    std::size_t header_bytes{0};
    bool ready{false};
    std::size_t events{0};
  };

  void connect(const std::string& server) {
    const auto address = net::parse_address(server);
    if (!address) fail(address.error().message);
    auto connection = std::make_unique<Connection>();
    connection->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address->port);
    ::inet_pton(AF_INET, address->host.c_str(), &to.sin_addr);
    if (::connect(connection->socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      fail(server + ": " + std::strerror(errno));
    }
    wire::PrefaceDialer::Options options;
    options.kind = wire::LinkKind::client;
    Bytes bytes = wire::PrefaceDialer(options).hello();
    wire::Follow follow;
    follow.set_topic(chat::room_topic(room));
    follow.set_from_now(true);
    const Bytes frame =
        wire::encode_frame(wire::FrameType::follow, wire::Lane::normal, wire::encode(follow));
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    send(*connection, bytes);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = connection.get();
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->socket, &wanted);
    connections_.push_back(std::move(connection));
  }

  static void send(const Connection& connection, BytesView bytes) {
    const ssize_t sent = ::send(connection.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) fail("a follower can't send");
  }

  void run() {
    std::array<epoll_event, 256> events{};
    while (!over_) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), 50);
      for (int i = 0; i < count; ++i) {
        receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
    }
  }

  void receive(Connection& connection) {
    const ssize_t got = ::recv(connection.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("a follower was closed");
    BytesView bytes = BytesView(buffer_).first(static_cast<std::size_t>(got));
    while (!bytes.empty()) {
      if (connection.skip > 0) {
        const std::size_t skipped = std::min(connection.skip, bytes.size());
        connection.skip -= skipped;
        bytes = bytes.subspan(skipped);
        continue;
      }
      const std::size_t missing = connection.header.size() - connection.header_bytes;
      const BytesView taken = bytes.first(std::min(missing, bytes.size()));
      std::ranges::copy(
          taken, connection.header.begin() + static_cast<std::ptrdiff_t>(connection.header_bytes));
      connection.header_bytes += taken.size();
      bytes = bytes.subspan(taken.size());
      if (connection.header_bytes == connection.header.size()) take_frame(connection);
    }
  }

  void take_frame(Connection& connection) {
    std::uint32_t length = 0;
    std::memcpy(&length, connection.header.data(), sizeof length);
    connection.header_bytes = 0;
    connection.skip = length;
    switch (static_cast<wire::FrameType>(connection.header[4])) {
      case wire::FrameType::events:
        return take_events(connection, length);
      case wire::FrameType::ping:
        return send(connection, wire::encode_frame(wire::FrameType::pong, wire::Lane::normal, {}));
      case wire::FrameType::reached:
        if (!std::exchange(connection.ready, true)) ++ready_;
        return;
      case wire::FrameType::gap:
      case wire::FrameType::refused:
        return fail("a follower missed something or was refused");
      default:
        return;
    }
  }

  void take_events(Connection& connection, std::size_t length) {
    const std::size_t head = wire::events_header_bytes + chat::room_topic(room).size();
    const std::size_t count = (length - head) / event_bytes_;
    if (count * event_bytes_ != length - head) fail("somebody else is in the room");
    delivered_ += count;
    if (times) {
      const std::int64_t now = Clock::now().time_since_epoch().count();
      for (std::size_t i = 0; i < count; ++i) {
        latencies_.push_back(now - sent_[connection.events + i]);
      }
    }
    connection.events += count;
  }

  const int epoll_;
  const std::size_t event_bytes_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Bytes buffer_ = Bytes(std::size_t{256} * 1024);
  std::vector<std::atomic<std::int64_t>> sent_;
  std::vector<std::int64_t> latencies_;
  std::atomic<std::size_t> ready_{0};
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// One client that says messages of one length.
class Sender {
 public:
  Sender(net::Loop& loop, const std::string& server) : loop_(loop), client_(loop, options(server)) {
    call(chat::SignIn{.name = sender_name, .inbox = std::string(32, 'a')});
    call(chat::Join{.room = room});
    run_until([this] { return in_flight_ == 0; });
  }

  template <class Condition>
  void run_until(Condition holds) {
    while (!holds()) client::run_for(loop_, 2ms);
  }
  void say() { call(chat::Say{.room = room, .text = std::string(text_bytes, 'x')}); }
  std::size_t in_flight() const { return in_flight_; }
  std::function<void()> on_answer;

 private:
  static client::Client::Options options(const std::string& server) {
    client::Client::Options made;
    made.session.name = sender_name;
    made.session.kind = "bench";
    made.session.seeds = {server};
    return made;
  }
  void call(const chat::Request& request) {
    ++in_flight_;
    const auto called = client_.call(
        chat::service_id, SharedBytes(chat::encode(request)), 60s,
        [this](const Result<session::Reply>& reply) {
          if (!reply) fail(reply.error().message);
          const auto done = chat::done_or_error(chat::decode_receipt(reply->payload.view()));
          if (!done) fail(done.error().message);
          --in_flight_;
          if (on_answer) on_answer();
        });
    if (!called) fail(called.error().message);
  }

  net::Loop& loop_;
  client::Client client_;
  std::size_t in_flight_{0};
};

std::string latency_json(const std::vector<std::int64_t>& sorted) {
  const auto at = [&](double part) {
    const auto place = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
    return static_cast<double>(sorted[place]) / 1e6;
  };
  if (sorted.empty()) return "";
  return fmt::format(R"(,"p50Ms":{:.3f},"p99Ms":{:.3f},"greatestMs":{:.3f})", at(0.5), at(0.99),
                     at(1.0));
}

int fan_out(const std::string& server, std::size_t followers_count, double seconds,
            std::size_t in_flight, const std::vector<std::string>& followed) {
  net::Loop loop;
  Sender sender(loop, server);
  Followers followers(followers_count, followed);
  followers.times = in_flight == 0;
  followers.start();
  sender.run_until([&] { return followers.ready() == followers_count; });

  const auto begun = Clock::now();
  const auto end =
      begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::uint64_t said = 0;
  const auto say = [&] {
    if (followers.timed(said)) followers.sends(said);
    sender.say();
    ++said;
  };
  if (in_flight > 0) {
    sender.on_answer = [&] {
      if (Clock::now() < end) say();
    };
    for (std::size_t i = 0; i < in_flight; ++i) say();
    sender.run_until([&] { return Clock::now() >= end && sender.in_flight() == 0; });
  } else {
    for (auto due = begun; due < end; due += slow_pace) {
      while (Clock::now() < due) client::run_for(loop, due - Clock::now() > 1ms ? 500us : 50us);
      say();
    }
  }
  const auto limit = Clock::now() + 30s;
  while (followers.delivered() < said * followers_count && Clock::now() < limit) {
    client::run_for(loop, 1ms);
  }
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  followers.stop();
  const std::uint64_t delivered = followers.delivered();
  fmt::print(R"({{"followers":{},"messages":{},"delivered":{},"missing":{},"seconds":{:.3f},)"
             R"("messagesPerSecond":{:.0f},"deliveriesPerSecond":{:.0f}{}}})"
             "\n",
             followers_count, said, delivered, said * followers_count - delivered, took,
             static_cast<double>(said) / took, static_cast<double>(delivered) / took,
             latency_json(followers.latencies()));
  return delivered == said * followers_count ? 0 : 1;
}

int idle(const std::string& server, std::size_t count) {
  net::Loop loop;
  std::vector<std::unique_ptr<client::Client>> clients;
  constexpr std::size_t opening_max = 500;
  const auto opened = [&] {
    return static_cast<std::size_t>(std::ranges::count_if(
        clients, [](const auto& client) { return client->session().opened(); }));
  };
  while (clients.size() < count) {
    for (std::size_t i = 0; i < opening_max && clients.size() < count; ++i) {
      client::Client::Options options;
      options.session.name = "idle";
      options.session.kind = "bench";
      options.session.seeds = {server};
      clients.push_back(std::make_unique<client::Client>(loop, std::move(options)));
    }
    while (opened() < clients.size()) client::run_for(loop, 10ms);
  }
  fmt::print(R"({{"sessions":{}}})"
             "\n",
             opened());
  std::fflush(stdout);
  boost::asio::posix::stream_descriptor input(loop.context(), ::dup(STDIN_FILENO));
  bool over = false;
  input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [&](const boost::system::error_code&) { over = true; });
  while (!over) client::run_for(loop, 20ms);
  return opened() == count ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (words.size() >= 6 && words[0] == "fan-out") {
    return fan_out(words[1], std::stoul(words[2]), std::stod(words[3]), std::stoul(words[4]),
                   {words.begin() + 5, words.end()});
  }
  if (words.size() == 3 && words[0] == "idle") return idle(words[1], std::stoul(words[2]));
  fail("fan-out SERVER FOLLOWERS SECONDS IN-FLIGHT FOLLOWED... | idle SERVER SESSIONS");
}

}  // namespace
}  // namespace muster

int main(int count, char** words) {
  return muster::run({words + 1, words + count});
}
