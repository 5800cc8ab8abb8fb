// Many clients of a group at once: what bench/fan_out.py and bench/scaling measure with real
// servers.
//
//   swarm fan-out SERVER FOLLOWERS SECONDS IN-FLIGHT FOLLOWED...
//       one sender at SERVER says as much as it can in a room that FOLLOWERS connections follow at
//       the servers FOLLOWED; ends when all have everything. With IN-FLIGHT 0 it says 200 messages
//       a second, and how long each was under way is measured.
//   swarm topics SERVER FOLLOWERS SECONDS IN-FLIGHT SPOKEN QUIET
//       the same at one server with SPOKEN rooms, in which the sender speaks by turns and which all
//       connections follow, and QUIET ones, each followed by one connection; prints a JSON object
//       first when all are followed
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
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
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

constexpr const char* sender_name = "sender";
constexpr std::size_t text_bytes = 128;
constexpr std::size_t preface_answer_bytes = 16;
constexpr auto slow_pace = 5ms;
constexpr std::size_t timed_messages_max = 100'000;

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "swarm: {}\n", why);
  std::exit(1);
}

/// Numbers of rooms: first those spoken in, which every connection follows, then the quiet ones,
/// which they share.
struct Rooms {
  std::size_t spoken{1};
  std::size_t quiet{0};
};

/// All are as long.
std::string room_name(std::size_t number) {
  return fmt::format("bench-{:05}", number);
}

/// Bytes of an event of this bench: all are as long.
std::size_t event_bytes() {
  const chat::Line line{.room = room_name(0),
                        .from = sender_name,
                        .text = std::string(text_bytes, 'x'),
                        .user = "muster@muster"};
  return wire::event_header_bytes + chat::encode(line).size();
}

/// Connections that follow rooms, on a thread of their own. Timed by order, with one room: the
/// sender is alone in it, so that the n-th event of a connection is the n-th message.
class Followers {
 public:
  Followers(std::size_t count, const std::vector<std::string>& servers, const Rooms& rooms)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        events_head_bytes_(wire::events_header_bytes + chat::room_topic(room_name(0)).size()),
        event_bytes_(event_bytes()),
        sent_(timed_messages_max) {
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::size_t> followed;
      for (std::size_t room = 0; room < rooms.spoken; ++room) followed.push_back(room);
      for (std::size_t room = i; room < rooms.quiet; room += count) {
        followed.push_back(rooms.spoken + room);
      }
      connect(servers[i % servers.size()], followed);
    }
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
  /// Those that were told of all their rooms where they begin.
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
    bool keeps{false};  // The body that is skipped is one to be read.
    Bytes body{};
    std::set<std::string, std::less<>> beginning{};  // Topics not yet told of.
    std::size_t events{0};
  };

  void connect(const std::string& server, const std::vector<std::size_t>& rooms) {
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
    for (const std::size_t room : rooms) {
      const std::string topic = chat::room_topic(room_name(room));
      connection->beginning.insert(topic);
      wire::Follow follow;
      follow.set_topic(topic);
      follow.set_from_now(true);
      const Bytes frame =
          wire::encode_frame(wire::FrameType::follow, wire::Lane::normal, wire::encode(follow));
      bytes.insert(bytes.end(), frame.begin(), frame.end());
    }
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
        const BytesView skipped = bytes.first(std::min(connection.skip, bytes.size()));
        connection.skip -= skipped.size();
        bytes = bytes.subspan(skipped.size());
        if (connection.keeps) take_reached(connection, skipped);
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
        connection.keeps = !connection.beginning.empty();
        return;
      case wire::FrameType::gap:
      case wire::FrameType::refused:
        return fail("a follower missed something or was refused");
      default:
        return;
    }
  }

  /// A piece of the body of a frame `reached`; it ends where nothing is left to skip.
  void take_reached(Connection& connection, BytesView piece) {
    connection.body.insert(connection.body.end(), piece.begin(), piece.end());
    if (connection.skip > 0) return;
    connection.keeps = false;
    const Bytes body = std::exchange(connection.body, {});
    const auto reached = wire::ReachedView::parse(body);
    if (!reached) fail(reached.error().message);
    const auto found = connection.beginning.find(reached->topic);
    if (found == connection.beginning.end()) return;
    connection.beginning.erase(found);
    if (connection.beginning.empty()) ++ready_;
  }

  void take_events(Connection& connection, std::size_t length) {
    const std::size_t count = (length - events_head_bytes_) / event_bytes_;
    if (count * event_bytes_ != length - events_head_bytes_) fail("somebody else is in a room");
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
  const std::size_t events_head_bytes_;
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

/// One client that says messages of one length, in each of its rooms by turns.
class Sender {
 public:
  Sender(net::Loop& loop, const std::string& server, std::size_t rooms)
      : loop_(loop), client_(loop, options(server)) {
    call(chat::SignIn{.name = sender_name, .inbox = std::string(32, 'a')});
    // A person may be in few rooms, but speak in any that there is. One comes to be by joining, and
    // stays when something was said.
    for (std::size_t i = 0; i < rooms; ++i) {
      rooms_.push_back(room_name(i));
      call(chat::Join{.room = rooms_.back()});
      call(chat::Say{.room = rooms_.back(), .text = "to stay"});
      call(chat::Leave{.room = rooms_.back()});
    }
    run_until([this] { return in_flight_ == 0; });
  }

  template <class Condition>
  void run_until(Condition holds) {
    while (!holds()) client::run_for(loop_, 2ms);
  }
  void say() {
    const std::string& room = rooms_[said_++ % rooms_.size()];
    call(chat::Say{.room = room, .text = std::string(text_bytes, 'x')});
  }
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
  std::vector<std::string> rooms_;
  std::size_t said_{0};
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

struct FanOut {
  std::string server;  ///< Of the sender.
  std::size_t followers{0};
  double seconds{0};
  std::size_t in_flight{0};           ///< 0: 200 messages a second, which are timed.
  std::vector<std::string> followed;  ///< Servers.
  Rooms rooms{};
  bool tells_begin{false};
};

int fan_out(const FanOut& wanted) {
  net::Loop loop;
  Sender sender(loop, wanted.server, wanted.rooms.spoken);
  Followers followers(wanted.followers, wanted.followed, wanted.rooms);
  followers.times = wanted.in_flight == 0;
  followers.start();
  sender.run_until([&] { return followers.ready() == wanted.followers; });
  if (wanted.tells_begin) {
    fmt::print(R"({{"topics":{}}})"
               "\n",
               wanted.rooms.spoken + wanted.rooms.quiet);
    std::fflush(stdout);
  }

  const auto begun = Clock::now();
  const auto end = begun + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(wanted.seconds));
  std::uint64_t said = 0;
  const auto say = [&] {
    if (followers.timed(said)) followers.sends(said);
    sender.say();
    ++said;
  };
  if (wanted.in_flight > 0) {
    sender.on_answer = [&] {
      if (Clock::now() < end) say();
    };
    for (std::size_t i = 0; i < wanted.in_flight; ++i) say();
    sender.run_until([&] { return Clock::now() >= end && sender.in_flight() == 0; });
  } else {
    for (auto due = begun; due < end; due += slow_pace) {
      while (Clock::now() < due) client::run_for(loop, due - Clock::now() > 1ms ? 500us : 50us);
      say();
    }
  }
  const auto limit = Clock::now() + 30s;
  while (followers.delivered() < said * wanted.followers && Clock::now() < limit) {
    client::run_for(loop, 1ms);
  }
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  followers.stop();
  const std::uint64_t delivered = followers.delivered();
  fmt::print(R"({{"followers":{},"messages":{},"delivered":{},"missing":{},"seconds":{:.3f},)"
             R"("messagesPerSecond":{:.0f},"deliveriesPerSecond":{:.0f}{}}})"
             "\n",
             wanted.followers, said, delivered, said * wanted.followers - delivered, took,
             static_cast<double>(said) / took, static_cast<double>(delivered) / took,
             latency_json(followers.latencies()));
  return delivered == said * wanted.followers ? 0 : 1;
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
  const bool topics = words.size() == 7 && words[0] == "topics";
  if (topics || (words.size() >= 6 && words[0] == "fan-out")) {
    FanOut wanted{.server = words[1],
                  .followers = std::stoul(words[2]),
                  .seconds = std::stod(words[3]),
                  .in_flight = std::stoul(words[4]),
                  .followed = {words.begin() + 5, words.end()},
                  .tells_begin = topics};
    if (topics) {
      wanted.followed = {words[1]};
      wanted.rooms = {.spoken = std::stoul(words[5]), .quiet = std::stoul(words[6])};
      if (wanted.rooms.spoken == 0 || wanted.in_flight == 0) {
        fail("topics: SPOKEN and IN-FLIGHT are at least 1");
      }
    }
    return fan_out(wanted);
  }
  if (words.size() == 3 && words[0] == "idle") return idle(words[1], std::stoul(words[2]));
  fail(
      "fan-out SERVER FOLLOWERS SECONDS IN-FLIGHT FOLLOWED... | "
      "topics SERVER FOLLOWERS SECONDS IN-FLIGHT SPOKEN QUIET | idle SERVER SESSIONS");
}

}  // namespace
}  // namespace muster

int main(int count, char** words) {
  return muster::run({words + 1, words + count});
}
