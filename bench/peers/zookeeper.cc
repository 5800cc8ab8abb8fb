// ZooKeeper's driver for bench/compare: asynchronous `set` by its C library, each connection with
// the library's two threads.
#include <zookeeper/zookeeper.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/peers/harness.h"

namespace muster::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto connecting_wait = 20s;
constexpr int session_timeout_ms = 10'000;
constexpr int any_version = -1;

std::string path_of(std::size_t key) {
  return "/bench" + std::to_string(key);
}

std::string joined(const std::vector<std::string>& servers) {
  std::string all;
  for (const std::string& server : servers) all += (all.empty() ? "" : ",") + server;
  return all;
}

class Connection {
 public:
  Connection(const std::vector<std::string>& servers, const std::string& value,
             const OnAnswer& on_answer)
      : value_(value), on_answer_(on_answer) {
    handle_ = zookeeper_init(joined(servers).c_str(), &watch, session_timeout_ms, nullptr, this, 0);
    if (handle_ == nullptr) fail("ZooKeeper's library does not start");
    wait_until(connected_, "ZooKeeper lets nobody in");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Makes the nodes that are written to; those that there are stay.
  void make_nodes() {
    for (std::size_t key = 0; key < keys; ++key) {
      begin(zoo_acreate(handle_, path_of(key).c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT,
                        &made, this));
    }
    wait_until(all_made_, "ZooKeeper makes no nodes");
  }

  void write(std::size_t write) {
    auto call = std::make_unique<Call>(Call{.connection = this, .write = write});
    begin(zoo_aset(handle_, path_of(write % keys).c_str(), value_.data(),
                   static_cast<int>(value_.size()), any_version, &written, call.release()));
  }

 private:
  struct Call {
    Connection* connection;
    std::size_t write;
  };

  static void begin(int code) {
    if (code != ZOK) fail(std::string("ZooKeeper's library refuses: ") + zerror(code));
  }
  static void wait_until(const std::atomic<bool>& holds, const char* else_fail) {
    const auto limit = Clock::now() + connecting_wait;
    while (!holds) {
      if (Clock::now() > limit) fail(else_fail);
      std::this_thread::sleep_for(1ms);
    }
  }
  static void watch(zhandle_t* /*handle*/, int type, int state, const char* /*path*/, void* self) {
    if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) {
      static_cast<Connection*>(self)->connected_ = true;
    }
  }
  static void made(int code, const char* /*path*/, const void* self) {
    if (code != ZOK && code != ZNODEEXISTS) begin(code);
    auto* connection = static_cast<Connection*>(const_cast<void*>(self));
    if (++connection->made_ == keys) connection->all_made_ = true;
  }
  static void written(int code, const Stat* /*stat*/, const void* data) {
    const std::unique_ptr<const Call> call(static_cast<const Call*>(data));
    call->connection->on_answer_(call->write, code == ZOK ? "" : zerror(code));
  }

  const std::string& value_;
  const OnAnswer& on_answer_;
  zhandle_t* handle_{nullptr};
  std::atomic<bool> connected_{false};
  std::size_t made_{0};
  std::atomic<bool> all_made_{false};
};

class ZooKeeper final : public Driver {
 public:
  ZooKeeper(const Work& work, OnAnswer on_answer)
      : value_(work.value), on_answer_(std::move(on_answer)) {
    zoo_set_debug_level(static_cast<ZooLogLevel>(0));  // Losing a server is no news here.
    zoo_deterministic_conn_order(1);
    for (std::size_t i = 0; i < work.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(work.servers_of(i), value_, on_answer_));
    }
    connections_.front()->make_nodes();
  }
  void write(std::size_t write) override {
    connections_[write % connections_.size()]->write(write);
  }

 private:
  const std::string value_;
  const OnAnswer on_answer_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace
}  // namespace muster::bench

int main(int count, char** words) {
  using namespace muster::bench;
  run_program(count, words, [](const Work& work, OnAnswer on_answer) {
    return std::make_unique<ZooKeeper>(work, std::move(on_answer));
  });
}
