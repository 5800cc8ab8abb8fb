// A replicated counter: any number of servers keep it, and it survives the loss of any of them.
//
//     counter GROUP serve FOLDER    runs one server, until SIGTERM or SIGINT
//     counter GROUP add NUMBER      adds to it, and prints the sum
#include <csignal>
#include <iostream>
#include <string>

#include "muster/muster.h"

namespace {

constexpr muster::ServiceId counter_id{100};

class Counter final : public muster::service::Machine {
 public:
  muster::ServiceId id() const override { return counter_id; }
  std::string_view name() const override { return "counter"; }
  void apply(const muster::service::Command& command, muster::service::Output& output) override {
    muster::Reader reader(command.payload);
    const auto added = reader.integer<std::uint64_t>();
    if (!reader.finished())
      return output.refuse(muster::ErrorCode::invalid_argument, "give 8 bytes");
    sum_ += added;
    output.reply(encode(sum_));
  }
  muster::Result<muster::Bytes> query(muster::BytesView) const override { return encode(sum_); }
  muster::service::FrozenParts freeze() const override { return {std::make_shared<Frozen>(sum_)}; }
  muster::Result<void> restore(muster::BytesView part) override {
    muster::Reader reader(part);
    sum_ = reader.integer<std::uint64_t>();
    if (reader.finished()) return {};
    return muster::Error{muster::ErrorCode::internal, "that is no counter"};
  }
  void clear() override { sum_ = 0; }

  static muster::Bytes encode(std::uint64_t number) {
    muster::Bytes bytes;
    muster::Writer(bytes).integer(number);
    return bytes;
  }

 private:
  struct Frozen final : muster::service::Part {
    explicit Frozen(std::uint64_t now) : sum(now) {}
    void encode(muster::Bytes& out) const override { muster::Writer(out).integer(sum); }
    std::uint64_t sum;
  };
  std::uint64_t sum_{0};
};

void serve(muster::ServerOptions options) {
  options.services = muster::services_of<Counter>();
  sigset_t signals;  // Blocked before the server's threads begin, so that only this one takes them.
  sigemptyset(&signals), sigaddset(&signals, SIGTERM), sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto server = muster::Server::start(options).value();
  const auto ready = server.wait_until_ready(std::chrono::minutes{5}).value();
  std::cout << ready.name << " is ready" << std::endl;
  while (sigwaitinfo(&signals, nullptr) < 0) continue;  // SIGCONT interrupts it.
}  // The server goes in good order.

void add(muster::ClientOptions options, std::uint64_t number) {
  auto client = muster::BlockingClient::connect(std::move(options)).value();
  const auto reply = client.call(counter_id, Counter::encode(number)).value();
  std::cout << muster::Reader(reply.payload.view()).integer<std::uint64_t>() << '\n';
  client.end();
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string what = count == 4 ? arguments[2] : "";
  if (what == "serve") return serve({.group = arguments[1], .data_folder = arguments[3]}), 0;
  if (what == "add") return add({.group = arguments[1]}, std::stoull(arguments[3])), 0;
  return std::cerr << "usage: counter GROUP serve FOLDER | add NUMBER\n", 2;
} catch (const std::exception& problem) {
  return std::cerr << problem.what() << '\n', 1;
}
