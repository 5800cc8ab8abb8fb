// etcd's driver for bench/compare: `Put` over gRPC, which is its native protocol; each connection a
// channel of its own, which is asked by a thread of its own.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/peers/harness.h"
#include "etcd.grpc.pb.h"

namespace muster::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto connecting_wait = 20s;
constexpr auto call_timeout = 10s;

class Connection {
 public:
  Connection(const std::vector<std::string>& servers, const std::string& value,
             const OnAnswer& on_answer)
      : channel_(connect(servers)),
        stub_(etcdserverpb::KV::NewStub(channel_)),
        value_(value),
        on_answer_(on_answer),
        thread_([this] { run(); }) {
    if (!channel_->WaitForConnected(std::chrono::system_clock::now() + connecting_wait)) {
      fail("etcd does not let in");
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void write(std::size_t write) {
    auto call = std::make_unique<Call>();
    call->write = write;
    call->context.set_wait_for_ready(true);
    call->context.set_deadline(std::chrono::system_clock::now() + call_timeout);
    etcdserverpb::PutRequest request;
    request.set_key("bench/" + std::to_string(write % keys));
    request.set_value(value_);
    call->reader = stub_->AsyncPut(&call->context, request, &queue_);
    Call& kept = *call;
    kept.reader->Finish(&kept.response, &kept.status, call.release());
  }

 private:
  struct Call {
    std::size_t write{0};
    grpc::ClientContext context;
    etcdserverpb::PutResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::PutResponse>> reader;
  };

  /// Tries the servers in this order, at once again when one is lost.
  static std::shared_ptr<grpc::Channel> connect(const std::vector<std::string>& servers) {
    std::string target;
    for (const std::string& server : servers) target += (target.empty() ? "ipv4:" : ",") + server;
    grpc::ChannelArguments arguments;
    arguments.SetLoadBalancingPolicyName("pick_first");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // Else equal channels share one.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }

  void run() {
    void* tag = nullptr;
    bool good = false;
    while (queue_.Next(&tag, &good)) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      on_answer_(call->write, call->status.ok() ? "" : call->status.error_message());
    }
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<etcdserverpb::KV::Stub> stub_;
  const std::string& value_;
  const OnAnswer& on_answer_;
  grpc::CompletionQueue queue_;
  std::thread thread_;
};

class Etcd final : public Driver {
 public:
  Etcd(const Work& work, OnAnswer on_answer)
      : value_(work.value), on_answer_(std::move(on_answer)) {
    for (std::size_t i = 0; i < work.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(work.servers_of(i), value_, on_answer_));
    }
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
    return std::make_unique<Etcd>(work, std::move(on_answer));
  });
}
