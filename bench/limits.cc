// What the machine itself allows, without any of Muster's code: the waits that a durable command is
// made of. Together they bound the latency of one command at a time.
//
// Measured: a sync of a small append to a preallocated file, alone and with as many writers at once
// as there are servers; a hand-over between two threads and back; a round trip over TCP loopback
// between two processes; and all of it in the order of a command: client, leader, follower, its
// disk, and back, with the leader's and the other follower's disk at work beside it.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int rounds = 3'000;
constexpr std::size_t record_bytes = 200;
constexpr std::size_t file_bytes = std::size_t{16} << 20U;

void must(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::exit(1);
}

/// Appends records to a file whose blocks are there already, as a log does.
class SyncedFile {
 public:
  explicit SyncedFile(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT, 0600)) {
    must(fd_ >= 0, "open");
    const std::vector<char> zeroes(file_bytes);
    must(::pwrite(fd_, zeroes.data(), zeroes.size(), 0) == static_cast<ssize_t>(zeroes.size()),
         "pwrite");
    must(::fsync(fd_) == 0, "fsync");
  }
  ~SyncedFile() { ::close(fd_); }
  SyncedFile(const SyncedFile&) = delete;
  SyncedFile& operator=(const SyncedFile&) = delete;

  void append() {
    const std::array<char, record_bytes> record{};
    must(::pwrite(fd_, record.data(), record.size(), static_cast<off_t>(end_)) ==
             static_cast<ssize_t>(record.size()),
         "pwrite");
    must(::fdatasync(fd_) == 0, "fdatasync");
    end_ = (end_ + record.size()) % (file_bytes - record_bytes);
  }

 private:
  int fd_;
  std::size_t end_{0};
};

/// A thread that does something when it is asked, as a disk thread.
class Helper {
 public:
  explicit Helper(std::function<void()> work)
      : work_(std::move(work)), thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Helper() {
    thread_.request_stop();
    changed_.notify_all();
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  void begin() {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
    changed_.notify_all();
  }
  void finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !wanted_; });
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return wanted_; })) {
      lock.unlock();
      work_();
      lock.lock();
      wanted_ = false;
      changed_.notify_all();
    }
  }

  std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool wanted_{false};
  std::jthread thread_;
};

/// Both ends of a TCP connection over loopback.
std::array<int, 2> tcp_pair() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  must(::bind(listener, generic, length) == 0 && ::listen(listener, 1) == 0 &&
           ::getsockname(listener, generic, &length) == 0,
       "listen");
  const int dialled = ::socket(AF_INET, SOCK_STREAM, 0);
  must(::connect(dialled, generic, length) == 0, "connect");
  const int accepted = ::accept(listener, nullptr, nullptr);
  must(accepted >= 0, "accept");
  ::close(listener);
  const int on = 1;
  for (const int fd : {dialled, accepted}) {
    must(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "setsockopt");
  }
  return {dialled, accepted};
}

bool receive(int fd) {
  std::array<char, record_bytes> bytes{};
  return ::recv(fd, bytes.data(), bytes.size(), MSG_WAITALL) == static_cast<ssize_t>(bytes.size());
}
void send(int fd) {
  const std::array<char, record_bytes> bytes{};
  must(::send(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "send");
}

/// A process that answers what comes over `fd`, after `work`.
pid_t answer(const std::array<int, 2>& pair, const std::function<std::function<void()>()>& make) {
  const pid_t child = ::fork();
  must(child >= 0, "fork");
  if (child > 0) {
    ::close(pair[1]);
    return child;
  }
  ::close(pair[0]);
  {
    const std::function<void()> work = make();
    while (receive(pair[1])) {
      work();
      send(pair[1]);
    }
  }
  ::_exit(0);
}

/// Two processes that answer; one answer is enough, the other may come during the next question.
class Followers {
 public:
  Followers(int first, int second) : polled_{{{first, POLLIN, 0}, {second, POLLIN, 0}}} {}

  void ask() {
    for (std::size_t i = 0; i < polled_.size(); ++i) {
      send(polled_[i].fd);
      ++owed_[i];
    }
  }
  void wait_for_one() {
    while (owed_[0] > 0 && owed_[1] > 0) {
      must(::poll(polled_.data(), polled_.size(), -1) > 0, "poll");
      for (std::size_t i = 0; i < polled_.size(); ++i) {
        if ((polled_[i].revents & POLLIN) == 0) continue;
        must(receive(polled_[i].fd), "recv");
        --owed_[i];
      }
    }
  }

 private:
  std::array<pollfd, 2> polled_;
  std::array<int, 2> owed_{};
};

void report(const char* what, const std::function<void()>& step) {
  std::vector<double> micros;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    step();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    micros.push_back(took.count());
  }
  std::ranges::sort(micros);
  std::printf("%-64s p50 %7.1f us   p99 %7.1f us\n", what, micros[rounds / 2],
              micros[rounds * 99 / 100]);
  std::fflush(stdout);
}

void measure(const std::string& folder) {
  const auto path = [&](const char* name) { return folder + "/limits-" + name; };
  {
    SyncedFile file(path("alone"));
    report("append and fdatasync, one writer", [&] { file.append(); });
  }
  {
    SyncedFile a(path("a"));
    SyncedFile b(path("b"));
    SyncedFile c(path("c"));
    Helper first([&] { a.append(); });
    Helper second([&] { b.append(); });
    report("the same, three writers at once, until two are done", [&] {
      first.begin();
      second.begin();
      c.append();
      first.finish();
    });
    second.finish();
  }
  {
    Helper helper([] {});
    report("hand-over to another thread and back", [&] {
      helper.begin();
      helper.finish();
    });
  }
  {
    const auto pair = tcp_pair();
    const pid_t child = answer(pair, [] { return [] {}; });
    report("TCP round trip over loopback, two processes", [&] {
      send(pair[0]);
      must(receive(pair[0]), "recv");
    });
    ::close(pair[0]);
    ::waitpid(child, nullptr, 0);
  }
}

/// Client, leader, followers as processes; each server with a thread for its disk.
void measure_command(const std::string& folder) {
  const auto server_with_disk = [&](const char* name) {
    return [&folder, name]() -> std::function<void()> {
      auto file = std::make_shared<SyncedFile>(folder + "/limits-" + name);
      auto helper = std::make_shared<Helper>([file] { file->append(); });
      return [helper] {
        helper->begin();
        helper->finish();
      };
    };
  };
  const auto to_leader = tcp_pair();
  const pid_t leader = answer(to_leader, [&]() -> std::function<void()> {
    const auto first = tcp_pair();
    answer(first, server_with_disk("b"));
    const auto second = tcp_pair();
    answer(second, server_with_disk("c"));
    auto file = std::make_shared<SyncedFile>(folder + "/limits-a");
    auto helper = std::make_shared<Helper>([file] { file->append(); });
    return [helper, followers = std::make_shared<Followers>(first[0], second[0])] {
      followers->ask();
      helper->begin();
      followers->wait_for_one();
      helper->finish();
    };
  });
  report("client, leader, two followers, three disks: two are enough", [&] {
    send(to_leader[0]);
    must(receive(to_leader[0]), "recv");
  });
  ::close(to_leader[0]);
  ::waitpid(leader, nullptr, 0);
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string folder = argument_count > 1 ? arguments[1] : ".";
  measure(folder);
  measure_command(folder);
  for (const char* const name : {"alone", "a", "b", "c"}) {
    ::unlink((folder + "/limits-" + name).c_str());
  }
  return 0;
}
