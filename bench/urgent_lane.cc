// How long an urgent frame takes while 64 MiB of bulk wait on the same connection: between two
// links with a slow network between them, which is a proxy that passes so many bytes a second and
// holds at most a few kilobytes. For comparison the same frame behind the bulk, in its lane.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/dialer.h"
#include "net/link.h"
#include "net/listener.h"
#include "net/loop.h"

namespace {

using namespace muster;
using Clock = std::chrono::steady_clock;

constexpr std::size_t bulk_bytes = std::size_t{64} << 20U;
constexpr std::size_t chunk_bytes = std::size_t{32} << 10U;
constexpr int proxy_buffer_bytes = 32 * 1024;

void must(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::exit(1);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// Passes bytes from one connection to `target` at a rate, and back as they come.
class SlowNetwork {
 public:
  SlowNetwork(std::uint16_t target, double bytes_per_second) : rate_(bytes_per_second) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    shrink(listener_);
    must(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    must(::listen(listener_, 1) == 0, "listen");
    socklen_t length = sizeof address;
    must(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0, "name");
    port_ = ntohs(address.sin_port);
    forward_ = std::thread([this, target] { run(target); });
  }
  ~SlowNetwork() {
    forward_.join();
    back_.join();
    for (const int socket : {listener_, near_, far_}) ::close(socket);
  }
  SlowNetwork(const SlowNetwork&) = delete;
  SlowNetwork& operator=(const SlowNetwork&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  static void shrink(int socket) {
    const int bytes = proxy_buffer_bytes;
    must(::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) == 0, "buffer");
    must(::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0, "buffer");
  }
  static void pass(int from, int to, double rate) {
    std::array<char, 8 * 1024> piece{};
    Clock::time_point due = Clock::now();
    for (;;) {
      const ssize_t got = ::read(from, piece.data(), piece.size());
      if (got <= 0) break;
      ssize_t sent = 0;
      while (sent < got) {
        const ssize_t now =
            ::send(to, piece.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
        if (now <= 0) return;
        sent += now;
      }
      if (rate <= 0) continue;
      due = std::max(due, Clock::now() - std::chrono::milliseconds(2)) +
            std::chrono::duration_cast<Clock::duration>(
                std::chrono::duration<double>(static_cast<double>(got) / rate));
      std::this_thread::sleep_until(due);
    }
    ::shutdown(to, SHUT_WR);
  }
  void run(std::uint16_t target) {
    near_ = ::accept(listener_, nullptr, nullptr);
    must(near_ >= 0, "accept");
    far_ = ::socket(AF_INET, SOCK_STREAM, 0);
    shrink(far_);
    sockaddr_in address = loopback(target);
    must(::connect(far_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "connect");
    back_ = std::thread([this] { pass(far_, near_, 0); });
    pass(near_, far_, rate_);
  }

  const double rate_;
  int listener_{-1};
  int near_{-1};
  int far_{-1};
  std::uint16_t port_{0};
  std::thread forward_;
  std::thread back_;
};

struct Times {
  Clock::time_point sent{};
  Clock::time_point urgent{};
  Clock::time_point all{};
};

/// The receiving end, on a loop and thread of its own.
class Receiver : public net::LinkObserver {
 public:
  Receiver() {
    auto listener = net::Listener::open(
        loop_, {.bind = {"127.0.0.1", 0}},
        [this](std::shared_ptr<net::Link> link) {
          link->observe(*this);
          link_ = std::move(link);
        },
        [](const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); });
    must(listener.has_value(), "listen");
    listener_ = std::move(*listener);
    listener_->start();
  }
  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }
  std::uint16_t port() const { return listener_->port(); }
  Times wait() {
    thread_.join();
    return times_;
  }
  void on_open(net::Link& /*link*/) override {}
  void on_frame(net::Link& /*link*/, wire::Frame frame) override {
    if (frame.body.view().size() == chunk_bytes) {
      received_ += chunk_bytes;
    } else {
      times_.urgent = Clock::now();
    }
    if (received_ < bulk_bytes || times_.urgent == Clock::time_point{}) return;
    times_.all = Clock::now();
    link_->abort();
    loop_.stop();
  }
  void on_close(net::Link& /*link*/, const Error& error) override {
    std::fprintf(stderr, "closed: %s\n", error.message.c_str());
    loop_.stop();
  }

 private:
  net::Loop loop_;
  std::unique_ptr<net::Listener> listener_;
  std::shared_ptr<net::Link> link_;
  std::size_t received_{0};
  Times times_;
  std::thread thread_;
};

class Sender : public net::LinkObserver {
 public:
  explicit Sender(wire::Lane lane) : lane_(lane) {}

  /// Queues the bulk, and a moment later, when the connection is full, the frame that is timed.
  Clock::time_point run(std::uint16_t port) {
    net::Dialer dialer(loop_, {.link = {.queued_bytes_max = 2 * bulk_bytes}});
    dialer.dial("127.0.0.1:" + std::to_string(port), [this](net::DialResult result) {
      must(result.link != nullptr, "dial");
      link_ = std::move(result.link);
      link_->observe(*this);
      const SharedBytes chunk(Bytes(chunk_bytes, std::byte{1}));
      for (std::size_t sent = 0; sent < bulk_bytes; sent += chunk_bytes) {
        must(link_->send(wire::FrameType::raft, wire::Lane::bulk, chunk), "send");
      }
      timer_.expires_after(std::chrono::milliseconds(5));
      timer_.async_wait([this](const boost::system::error_code&) {
        sent_ = Clock::now();
        must(link_->send(wire::FrameType::raft, lane_, SharedBytes(Bytes(34, std::byte{2}))),
             "send");
      });
    });
    loop_.run();
    return sent_;
  }
  void on_open(net::Link& /*link*/) override {}
  void on_frame(net::Link& /*link*/, wire::Frame /*frame*/) override {}
  void on_close(net::Link& /*link*/, const Error& /*error*/) override { loop_.stop(); }

 private:
  const wire::Lane lane_;
  net::Loop loop_;
  boost::asio::steady_timer timer_{loop_.context()};
  std::shared_ptr<net::Link> link_;
  Clock::time_point sent_{};
};

Times measure(double rate, wire::Lane lane) {
  Receiver receiver;
  SlowNetwork network(receiver.port(), rate);
  receiver.start();
  Clock::time_point sent{};
  std::thread sender([&] { sent = Sender(lane).run(network.port()); });
  Times times = receiver.wait();
  sender.join();
  times.sent = sent;
  return times;
}

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

int main() {
  std::printf("%-12s %-8s %12s %12s\n", "network", "lane", "frame ms", "all ms");
  for (const double megabits : {100.0, 1'000.0, 0.0}) {
    for (const wire::Lane lane : {wire::Lane::urgent, wire::Lane::bulk}) {
      std::vector<double> frame;
      std::vector<double> all;
      for (int round = 0; round < 5; ++round) {
        const Times times = measure(megabits * 1e6 / 8, lane);
        frame.push_back(milliseconds(times.urgent - times.sent));
        all.push_back(milliseconds(times.all - times.sent));
      }
      std::ranges::sort(frame);
      std::ranges::sort(all);
      const std::string network =
          megabits > 0 ? std::to_string(static_cast<int>(megabits)) + " Mbit/s" : "loopback";
      std::printf("%-12s %-8s %12.2f %12.2f\n", network.c_str(),
                  lane == wire::Lane::urgent ? "urgent" : "bulk", frame[2], all[2]);
      std::fflush(stdout);
    }
  }
  return 0;
}
